"""What every camera promises, the real ones and the fake: frames in order with their moments, and a loss that says so."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.devices.camera import open_camera
from kiosk.devices.stage import Scene, Stage
from kiosk.errors import Code, KioskError
from kiosk.ports import Camera, Frame
from tests import webcam
from tests.fakes import FakeCamera


class Phone(BaseHTTPRequestHandler):
    """A phone as a network camera; `stop` takes it away."""

    stop = threading.Event()
    data = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
        self.end_headers()
        while not self.stop.wait(0.01):
            try:
                self.wfile.write(b"--f\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(self.data), self.data))
            except OSError:
                return

    def log_message(self, *args: object) -> None: ...


Made = tuple[Camera, Callable[[], object]]


@pytest.fixture(params=["fake", "pictures", "stage", "network"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    """A camera before which a phone is held, and what takes it away."""
    image, raw = webcam.still("plain", 0)
    if request.param == "fake":
        fake = FakeCamera()
        fake.show(image)
        yield fake, fake.unplug
    elif request.param == "pictures":
        file = tmp_path / "a.png"
        file.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        yield open_camera(str(file), paced=False), file.unlink
    elif request.param == "stage":
        stage = Stage([Scene(raw[:40])], paced=False)
        stage.present(0)
        yield stage, lambda: stage.fail(Code.CAMERA_LOST)
    else:
        Phone.stop.clear()
        Phone.data = cv2.imencode(".jpg", image)[1].tobytes()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Phone)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield open_camera(f"http://127.0.0.1:{server.server_port}/"), Phone.stop.set
        Phone.stop.set()
        server.shutdown()
        server.server_close()


def some(camera: Camera, count: int) -> list[Frame]:
    frames: list[Frame] = []
    for _ in range(400):
        frame = camera.read()
        frames += [frame] if frame is not None else []
        if len(frames) == count:
            return frames
    raise AssertionError("no frames")


def test_frames_come_in_order_with_their_moments(made: Made) -> None:
    frames = some(made[0], 5)
    numbers, moments = [frame.number for frame in frames], [frame.at for frame in frames]
    assert numbers == sorted(set(numbers)) and moments == sorted(moments)
    for frame in frames:
        assert frame.image.dtype == np.uint8 and frame.image.shape == (720, 1280, 3)


def test_it_has_a_name_to_show(made: Made) -> None:
    assert made[0].name and made[0].name.isprintable()


def test_a_camera_that_goes_says_that_it_is_lost(made: Made) -> None:
    camera, take_away = made
    some(camera, 1)
    take_away()
    with pytest.raises(KioskError) as caught:
        some(camera, 1000)
    assert caught.value.code is Code.CAMERA_LOST and caught.value.facts["camera"] == camera.name


def test_closing_twice_is_no_trouble(made: Made) -> None:
    some(made[0], 1)
    made[0].close()
    made[0].close()
