"""Pictures, folders, videos and a network camera as cameras; what is missing or broken is said, never a traceback."""

import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.devices import camera, chosen, controls, engines, replay
from kiosk.devices.camera import open_camera
from kiosk.devices.decoder import Alone, QrDecoder
from kiosk.devices.drawing import qr_image, qr_modules
from kiosk.devices.header import size_of
from kiosk.devices.pace import Pace
from kiosk.devices.quality import Quality
from kiosk.devices.replay import ReplayCamera, read_picture
from kiosk.errors import Code, KioskError
from kiosk.ports import Camera, Frame
from kiosk.scanner import Scanner


def plain(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((240, 320, 3), level, np.uint8)


def levels(source: Camera, count: int) -> list[int]:
    """The mean grey of the next frames, rounded to tens."""
    frames = [source.read() for _ in range(count)]
    return [round(float(frame.image.mean()) / 10) * 10 for frame in frames if frame is not None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "ảnh cử tri"  # letters that OpenCV alone cannot open on Windows
    (where / "chiều").mkdir(parents=True)
    for name, level in (("a.png", 50), ("b.png", 100), ("chiều/c.png", 150)):
        (where / name).write_bytes(cv2.imencode(".png", plain(level))[1].tobytes())
    (where / "notes.txt").write_text("not a picture")
    return where


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "morning.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
    for level in (50, 100, 150):
        writer.write(plain(level))
    writer.release()
    return path


def test_a_folder_shows_its_pictures_in_order_and_begins_again(folder: Path) -> None:
    assert levels(ReplayCamera(folder, paced=False, hold=2), 8) == [50, 50, 100, 100, 150, 150, 50, 50]


def test_a_single_picture_stays(folder: Path) -> None:
    assert levels(open_camera(str(folder / "a.png"), paced=False), 40) == [50] * 40


def test_a_video_runs_and_begins_again(video: Path) -> None:
    assert levels(open_camera(str(video), paced=False), 5) == [50, 100, 150, 50, 100]


def test_a_folder_whose_pictures_vanish_is_a_lost_camera(folder: Path) -> None:
    source = ReplayCamera(folder, paced=False, hold=1)
    source.read()
    for file in folder.rglob("*.png"):
        file.unlink()
    with pytest.raises(KioskError) as caught:
        levels(source, 4)
    assert caught.value.code is Code.CAMERA_LOST


BROKEN = {"empty": b"", "torn": b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "html": b"<html>no picture</html>", "none": None}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("name", ["shot.png", "shot.mp4"])
def test_a_broken_or_missing_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KioskError) as caught:
        open_camera(str(path))
    assert caught.value.code is Code.CAMERA_FILE and caught.value.facts["camera"] == name


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KioskError) as caught:
        open_camera(str(tmp_path))
    assert caught.value.code is Code.CAMERA_FILE


def png(folder: Path, wide: int, high: int, kind: int = 0) -> Path:
    """A blank PNG that says it is `wide` x `high`; its lines are there for one that is not absurd."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = bytes((1 + wide) * high if wide * high < 1 << 25 else 1)
    path = folder / "blank.png"
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, kind, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines, 1)) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (15_000, 15_000)])
def test_a_picture_that_would_unfold_to_gigabytes_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(KioskError) as caught:
        read_picture(png(tmp_path, *size))
    assert caught.value.code is Code.BAD_FILE
    assert (caught.value.facts["why"], caught.value.facts["pixels"]) == ("too_many_pixels", f"{size[0]}x{size[1]}")


def test_a_large_picture_is_looked_at_in_so_many_pixels_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = replay.open_picture(png(tmp_path, 6000, 4000))
    assert picture.size == (6000, 4000) and picture.image.shape[0] * picture.image.shape[1] <= replay.WORKING
    looked: list[int] = []
    monkeypatch.setattr(engines, "_zxing", lambda module: lambda grey, effort=None: looked.append(grey.size) or engines.Looked([]))
    assert QrDecoder((engines.ZXING,)).decode(picture.image) == []
    assert looked and max(looked) <= replay.WORKING, "no prepared variant is larger than what was read"


def test_a_large_jpeg_is_read_at_a_fraction_and_one_in_many_scans_is_refused_before_it_is_held_whole(tmp_path: Path) -> None:
    image, code = np.full((6100, 6100), 255, np.uint8), qr_image(qr_modules(b"046183000123"), 20)[:, :, 0]
    image[4000 : 4000 + code.shape[0], 4000 : 4000 + code.shape[1]] = code
    plain, scans = (cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_PROGRESSIVE, how])[1].tobytes() for how in (0, 1))
    (tmp_path / "photo.jpg").write_bytes(plain)
    picture = replay.open_picture(tmp_path / "photo.jpg")
    assert (picture.size, picture.image.shape[:2]) == ((6100, 6100), (3050, 3050))
    assert [code.raw for code in QrDecoder().decode(picture.image)] == [b"046183000123"]
    (tmp_path / "scans.jpg").write_bytes(scans)
    with pytest.raises(KioskError) as caught:
        replay.open_picture(tmp_path / "scans.jpg")
    assert caught.value.facts["pixels"] == "6100x6100"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif", ".pgm", ".ppm", ".gif"])
def test_the_head_of_every_format_says_how_large_it_is(suffix: str) -> None:
    shape = (123, 257) if suffix == ".pgm" else (123, 257, 3)
    data = cv2.imencode(suffix, np.zeros(shape, np.uint8))[1].tobytes()
    assert size_of(data) == (257, 123)
    for cut in range(0, 64):
        size_of(data[:cut])  # whatever was cut: no error
    assert size_of(b"<html>") is None and size_of(b"") is None


@pytest.mark.parametrize("spec", ["97", "http://127.0.0.1:9/video", "rtsp://officer:secret@127.0.0.1:9/"])
def test_a_camera_that_is_not_there_is_missing_and_says_nothing_on_standard_error(spec: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KioskError) as caught:
        open_camera(spec)
    assert caught.value.code is Code.CAMERA_MISSING
    assert "secret" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_cameras_are_listed_by_index_and_name_without_their_metadata_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for node, index, name in (("video0", "0", "HD Webcam"), ("video1", "1", "HD Webcam"), ("video12", "0", "USB Camera")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "index").write_text(index + "\n")
        (tmp_path / node / "name").write_text(name + "\n")
    monkeypatch.setattr(camera, "V4L", tmp_path)
    assert camera.list_cameras() == [(0, "HD Webcam"), (12, "USB Camera")]


class NetworkCamera(BaseHTTPRequestHandler):
    """Motion JPEG over HTTP, as phones and IP cameras speak it; ends when the class says so."""

    stop = threading.Event()
    stalled = threading.Event()
    level = 50

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while not self.stop.is_set():
            data = cv2.imencode(".jpg", plain(self.level))[1].tobytes()
            try:
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(data), data))
            except OSError:
                return
            self.stop.wait(0.01)
            while self.stalled.is_set() and not self.stop.wait(0.01):
                """Connected and silent, as a phone that went to sleep."""

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    NetworkCamera.stop.clear()
    NetworkCamera.stalled.clear()
    NetworkCamera.level = 50
    server = ThreadingHTTPServer(("127.0.0.1", 0), NetworkCamera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    NetworkCamera.stop.set()
    server.shutdown()
    server.server_close()


def test_a_network_camera_gives_its_newest_frame_and_says_when_it_is_lost(server: ThreadingHTTPServer) -> None:
    source = open_camera(f"http://127.0.0.1:{server.server_port}/stream")

    def until(level: int) -> Frame:
        for _ in range(200):
            frame = source.read()
            if frame is not None and abs(float(frame.image.mean()) - level) < 6:
                return frame
        raise AssertionError(level)

    first = until(50)
    NetworkCamera.level = 200
    second = until(200)
    assert second.number > first.number and second.at > first.at
    NetworkCamera.stop.set()
    with pytest.raises(KioskError) as caught:
        for _ in range(200):
            source.read()
    assert caught.value.code is Code.CAMERA_LOST
    source.close()


def test_the_pace_is_thirty_a_second_and_a_late_reader_loses_frames() -> None:
    now = [10.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(30, lambda: now[0], wait)
    moments = [pace.due() for _ in range(4)]
    assert [round((at - 10) * 30, 6) for at, _ in moments] == [0, 1, 2, 3]
    assert [lost for _, lost in moments] == [0, 0, 0, 0]
    now[0] += 10.5 / 30
    assert [pace.due()[1] for _ in range(2)] == [9, 0]


def test_unpaced_nobody_waits() -> None:
    assert Pace(0, lambda: 5.0, lambda seconds: pytest.fail("waited")).due() == (5.0, 0)


def scanning(spec: str) -> Scanner:
    """The scanner on the real camera class, as the window has it."""
    return Scanner(lambda: open_camera(spec), Alone("zxing-cpp"), quality=Quality())


def step_until(scanner: Scanner, what: Callable[[Scanner], bool]) -> None:
    for _ in range(2000):
        scanner.step()
        if what(scanner):
            return
    raise AssertionError((scanner.condition, scanner.name))


def test_a_network_camera_that_is_killed_is_said_and_comes_back_by_itself(server: ThreadingHTTPServer) -> None:
    port = server.server_port
    scanner = scanning(f"http://127.0.0.1:{port}/stream")
    step_until(scanner, lambda s: s.latest is not None)
    NetworkCamera.stop.set()
    server.shutdown()
    server.server_close()
    step_until(scanner, lambda s: s.condition in (Code.CAMERA_LOST, Code.CAMERA_MISSING))
    assert scanner.latest is None
    NetworkCamera.stop.clear()
    again = ThreadingHTTPServer(("127.0.0.1", port), NetworkCamera)
    again.daemon_threads = True
    threading.Thread(target=again.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        step_until(scanner, lambda s: s.latest is not None and s.condition is None)
    finally:
        scanner.close()
        NetworkCamera.stop.set()
        again.shutdown()
        again.server_close()


def test_a_network_camera_that_stalls_is_lost_within_seconds(server: ThreadingHTTPServer) -> None:
    scanner = scanning(f"http://127.0.0.1:{server.server_port}/stream")
    step_until(scanner, lambda s: s.latest is not None)
    NetworkCamera.stalled.set()
    step_until(scanner, lambda s: s.condition is Code.CAMERA_LOST)
    NetworkCamera.stalled.clear()
    step_until(scanner, lambda s: s.latest is not None)
    scanner.close()


def test_a_camera_that_turns_black_is_said_and_forgotten_when_it_sees_again(server: ThreadingHTTPServer) -> None:
    scanner = scanning(f"http://127.0.0.1:{server.server_port}/stream")
    step_until(scanner, lambda s: s.latest is not None)
    NetworkCamera.level = 3
    step_until(scanner, lambda s: s.condition is Code.CAMERA_DARK)
    NetworkCamera.level = 120
    step_until(scanner, lambda s: s.condition is not Code.CAMERA_DARK)
    scanner.close()


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's list of cameras: a laptop's own, two alike on USB."""
    cameras = (("video0", "Integrated Camera", "fixed"), ("video2", "USB Cam", "removable"), ("video4", "USB Cam", "removable"))
    for node, name, removable in cameras:
        (tmp_path / node / "device").mkdir(parents=True)
        (tmp_path / node / "index").write_text("0\n")
        (tmp_path / node / "name").write_text(name + "\n")
        (tmp_path / node / "removable").write_text(removable + "\n")
    monkeypatch.setattr(camera, "V4L", tmp_path)
    return tmp_path


def test_two_cameras_of_one_name_have_names_of_their_own(system: Path) -> None:
    assert camera.list_cameras() == [(0, "Integrated Camera"), (2, "USB Cam"), (4, "USB Cam #2")]


def test_the_camera_that_was_plugged_in_is_the_one_that_is_used(system: Path) -> None:
    assert camera.best(camera.list_cameras()) == (2, "USB Cam")
    assert camera.best([(0, "Integrated Camera")]) == (0, "Integrated Camera")
    assert camera.best([]) is None


@pytest.mark.parametrize(("spec", "index"), [("USB Cam #2", 4), ("", 2), ("Integrated Camera", 0), ("2", 2)])
def test_a_camera_is_opened_by_its_name_wherever_it_is_plugged_in(
    system: Path, monkeypatch: pytest.MonkeyPatch, spec: str, index: int
) -> None:
    opened: list[tuple[object, str]] = []
    monkeypatch.setattr(camera, "WebCamera", lambda source, name="": opened.append((source, name)))
    open_camera(spec)
    assert opened == [(index, dict(camera.list_cameras())[index])]


def test_a_name_that_is_not_there_is_a_missing_camera(system: Path) -> None:
    with pytest.raises(KioskError) as caught:
        open_camera("Logitech C920")
    assert caught.value.code is Code.CAMERA_MISSING and caught.value.facts["camera"] == "Logitech C920"


def test_what_was_chosen_is_remembered_by_name_and_a_spoilt_file_is_no_choice(tmp_path: Path) -> None:
    chosen.save(tmp_path, chosen.Chosen("USB Cam #2", {"USB Cam #2": True}))
    assert chosen.load(tmp_path) == chosen.Chosen("USB Cam #2", {"USB Cam #2": True})
    for spoilt in ("", "[]", '{"camera": 3}', '{"camera": "a\\nb"}', "\x00"):
        (tmp_path / chosen.FILE).write_text(spoilt)
        assert chosen.load(tmp_path) == chosen.Chosen()


class Driver:
    """A camera's driver as the kernel has it: two knobs, one of them switched off."""

    def __init__(self) -> None:
        self.values = {controls.KNOBS["exposure"]: 156, controls.KNOBS["brightness"]: 10}

    def __call__(self, request: int, buffer: bytearray) -> None:
        number = int.from_bytes(buffer[:4], "little")
        if number not in self.values:
            raise OSError(22, "Invalid argument")
        if request == controls.QUERY:
            off = 1 if number == controls.KNOBS["brightness"] else 0
            buffer[:] = controls.LAYOUT.pack(number, 1, b"Knob", 3, 2047, 1, 250, off)
        elif request == controls.GET:
            buffer[:] = controls.VALUE.pack(number, self.values[number])
        else:
            self.values[number] = controls.VALUE.unpack(buffer)[1]


def test_the_knobs_of_a_driver_are_those_it_has_and_stay_within_their_range() -> None:
    driver = Driver()
    knobs = controls.Controls(0, driver)
    assert knobs.all() == [controls.Control("exposure", 3, 2047, 1, 250, 156)]
    assert knobs.set("exposure", 9999) and driver.values[controls.KNOBS["exposure"]] == 2047
    assert not knobs.set("focus", 1) and not knobs.set("brightness", 1)


def test_a_camera_without_a_driver_has_no_knobs(tmp_path: Path) -> None:
    assert controls.Controls(9, device=tmp_path).all() == [] and not controls.Controls(9, device=tmp_path).set("focus", 1)
