"""The start-of-day check: what this machine has and lacks, and how well it sees. Green, amber or red, each with its cure.

Every check is a function that yields findings; it changes nothing, waits a few seconds at most, and a thing that is missing is a
finding, never an error. The window's page and `kiosk doctor` run the same ones. The result is kept as one small file a day.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from kiosk import homes, words
from kiosk.checks import Finding
from kiosk.compose import Parts
from kiosk.devices import camera
from kiosk.devices.decoder import Cascade
from kiosk.devices.trial import Measured, Trial
from kiosk.domain import testcard
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.machine import machine_findings
from kiosk.ports import Camera, Frame
from kiosk.store import locks

TRIAL_S = 6.0  # seconds the test card is held up
LIGHT, CONTRAST, SHARP = 90, 60, 0.45  # grey level of the card's white, white minus black, share of an edge within two pixels
RATE, FPS, LOW_FPS = 0.8, 20.0, 8.0
CLOCK_S = 120.0  # seconds off the province's clock that nobody minds
RECENT_MS = 10 * 60_000


# -- the camera and the card ------------------------------------------------------------------------------------------


def camera_findings(spec: str, seconds: float = TRIAL_S, open_camera: Callable[[str], Camera] = camera.open_camera) -> Iterator[Finding]:
    """Opens the camera and looks at what is held up for `seconds`."""
    try:
        source = open_camera(spec)
    except KioskError as error:
        yield _no_camera(error)
        return
    trial = Trial(Cascade(), testcard.is_card)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            trial.step(source)
    except KioskError as error:
        yield _no_camera(error)
        return
    finally:
        source.close()
    yield from judge(trial.measured())


def _no_camera(error: KioskError) -> Finding:
    said = words.condition(error.code, str(error.facts.get("camera", ""))).line
    return Finding("camera", "missing", said, words.fault(error.code).cure)


def judge(seen: Measured) -> Iterator[Finding]:
    """What was measured, in words."""
    fps = _("{fps:.0f} hình mỗi giây").format(fps=seen.fps)
    if seen.fps >= FPS:
        yield Finding("frames", "ok", fps)
    else:
        state = "limited" if seen.fps >= LOW_FPS else "missing"
        yield Finding("frames", state, fps, _("Thêm đèn, cắm camera vào cổng USB khác của máy, đóng chương trình khác."))
    if not seen.read:
        cure = _("Giơ thẻ thử (kiosk print test-card) trước camera rồi kiểm tra lại.")
        yield Finding("decode", "limited", _("Không thấy thẻ thử."), cure)
        return
    rate = _("Đọc được {share:.0%} số hình").format(share=seen.rate)
    good = seen.rate >= RATE
    yield Finding("decode", "ok" if good else "limited", rate, "" if good else _("Giữ thẻ yên, thêm đèn, lau ống kính."))
    light = _("Trắng {light:.0f}, tương phản {contrast:.0f} (trên 255)").format(light=seen.light, contrast=seen.contrast)
    good = seen.light >= LIGHT and seen.contrast >= CONTRAST
    yield Finding("light", "ok" if good else "limited", light, "" if good else _("Chỉnh lại đèn: sáng đều phía cử tri, không ngược nắng."))
    sharp = _("Độ nét {share:.0%}").format(share=seen.sharpness)
    good = seen.sharpness >= SHARP
    yield Finding("focus", "ok" if good else "limited", sharp, "" if good else words.fault(Code.CAMERA_BLURRED).cure)


# -- what people do: keys and a scanner that types -----------------------------------------------------------------------


def typed_finding(typed: str) -> Finding:
    """What a USB scanner typed when it read the test card."""
    how = testcard.judge(typed)
    cures = {
        testcard.TELEX: _("Bộ gõ tiếng Việt đang sửa chữ: tắt Unikey/EVKey hoặc chuyển sang tiếng Anh, rồi quét lại."),
        testcard.CAPS: _("Tắt Caps Lock rồi quét lại."),
        testcard.LAYOUT: _("Đổi bàn phím sang English (US) ở máy này và ở máy quét."),
        testcard.CUT: _("Máy quét gõ thiếu chữ: giảm tốc độ gõ của nó, hoặc cắm cổng USB khác."),
    }
    if how == testcard.GOOD:
        return Finding("usb-scanner", "ok", _("Gõ đúng từng chữ"))
    return Finding("usb-scanner", "missing", _("Gõ sai mã thử"), cures[how])


def keys_finding(pressed: Sequence[int], wanted: Sequence[int]) -> Finding:
    """F-keys that came through; a laptop may keep them for its lamps and sounds."""
    lost = [number for number in wanted if number not in pressed]
    if not lost:
        return Finding("f-keys", "ok", _("Phím F đều dùng được"))
    which = ", ".join(f"F{number}" for number in lost)
    return Finding("f-keys", "limited", _("Không thấy: {keys}").format(keys=which), _("Giữ thêm phím Fn, hoặc dùng Ctrl và chữ số."))


# -- the day's own ----------------------------------------------------------------------------------------------------


def day_findings(parts: Parts, state: str | None = None, skew_s: float | None = None) -> Iterator[Finding]:
    """Database, second copy, province and clock. `state`: of the link, as a running window knows it; None: the province is called once."""
    whole, unsaved = parts.database.sound(), parts.unsaved()
    if unsaved is not None:  # what was read is then a copy, or all that will ever be there
        yield Finding("database", "missing", words.fault(unsaved).title, words.fault(unsaved).cure)
    else:
        cure = "" if whole else _("Đừng tắt máy; gọi 19001075.")
        yield Finding("database", "ok" if whole else "missing", _("Đọc lại được") if whole else _("Có chỗ không đọc được"), cure)
    trouble = parts.mirror.trouble or homes.refuses(parts.home) or parts.database.viewing
    if trouble is None:
        yield Finding("copy", "ok", _("Ghi được"))
    else:
        yield Finding("copy", "missing", words.fault(trouble).title, words.fault(trouble).cure)
    if state is None:
        state, skew_s = _called(parts)
    good = state == "ok"
    yield Finding(
        "network",
        "ok" if good else "limited",
        words.sync_state(state),
        "" if good else _("Máy vẫn làm việc; có mạng thì tự gửi. Xem dây mạng, wifi hoặc 4G."),
    )
    yield clock_finding(skew_s, parts.station.clock_is_back())


def _called(parts: Parts) -> tuple[str, float | None]:
    """One call to the province; while another program of this machine sends, what that one last achieved counts."""
    lock = locks.acquire(parts.home, "uploader")
    if lock is None:
        last = parts.outbox.counts().last_receipt_at
        return ("ok" if last is not None and parts.clock.now().wall - last < RECENT_MS else "offline"), None
    with lock:
        try:
            parts.uploader.hurry()
            told = parts.uploader.step()
        except KioskError:
            return "offline", None
    return told.state, told.clock_skew_s


def clock_finding(skew_s: float | None, back: bool) -> Finding:
    """`skew_s`: ours minus the province's, None if unknown; `back`: it runs behind what was recorded already."""
    if back:
        return Finding("clock", "limited", _("Đồng hồ chạy lùi so với lần ghi trước"), _("Chỉnh lại ngày giờ của máy."))
    if skew_s is None:
        return Finding("clock", "ok", time.strftime("%H:%M"))
    shown = _("Lệch {seconds:.0f} giây so với tỉnh").format(seconds=abs(skew_s))
    off = abs(skew_s) > CLOCK_S
    return Finding("clock", "limited" if off else "ok", shown, _("Chỉnh lại ngày giờ của máy.") if off else "")


class Check:
    """One start-of-day check of a running window (ui.services.CheckDesk). `frame`: the scanner's newest; nobody opens the camera twice;
    `link`: the state of the link and the clocks' difference as the window knows them."""

    def __init__(
        self, parts: Parts, frame: Callable[[], Frame | None], link: Callable[[], tuple[str, float | None]], sound: Callable[[str], None]
    ) -> None:
        self._parts, self._frame, self._link, self._sound = parts, frame, link, sound
        self._trial, self._number = Trial(Cascade(), testcard.is_card), -1

    def machine(self) -> list[Finding]:
        return [*machine_findings(self._parts.home), *day_findings(self._parts, *self._link())]

    def look(self) -> tuple[list[Finding], int]:
        frame = self._frame()
        if frame is None:
            return [Finding("camera", "missing", words.condition(Code.CAMERA_MISSING).line, words.fault(Code.CAMERA_MISSING).cure)], 0
        if frame.number == self._number:
            return [], self._trial.measured().read
        self._trial.went_by(frame.number - self._number - 1 if self._number >= 0 else 0)
        self._number = frame.number
        self._trial.take(frame)
        seen = self._trial.measured()
        return list(judge(seen)) if seen.seconds > 1 else [], seen.read

    def typed(self, text: str) -> Finding:
        return typed_finding(text)

    def keys(self, pressed: Sequence[int], wanted: Sequence[int]) -> Finding:
        return keys_finding(pressed, wanted)

    def beep(self) -> None:
        self._sound("high")

    def keep(self, found: Sequence[Finding], seconds: float) -> None:
        self._parts.checked(found, seconds)
