"""`make screens`: docs/screens from the real window, both languages, both themes, 1366x768 and 1920x1080.

A journal of a morning is made, the window opened on it, a code held before the drawn camera, keys pressed, pictures taken. The people
are invented. Pictures are 8-bit PNG: small, and the same twice but for the camera's noise.
"""

import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402
import numpy as np  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402
from PIL import Image  # noqa: E402
from PySide6.QtCore import Qt  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from benchmarks.people import crowd  # noqa: E402
from kiosk import app, compose, i18n, words  # noqa: E402
from kiosk.crypto import sign  # noqa: E402
from kiosk.devices.stage import Scene, Stage  # noqa: E402
from kiosk.domain import declaration, feed, protocol, testcard  # noqa: E402
from kiosk.domain.passes.model import Kind  # noqa: E402
from kiosk.domain.policy import Area, Policy  # noqa: E402
from kiosk.domain.verdict import Act, Person, Verdict  # noqa: E402
from kiosk.errors import Code, KioskError  # noqa: E402
from kiosk.ports import Frame, Hint, Sighting  # noqa: E402
from kiosk.scanner import Scanner  # noqa: E402
from kiosk.settings import Settings  # noqa: E402
from kiosk.store import feed as filed  # noqa: E402
from kiosk.ui import theme  # noqa: E402
from kiosk.ui.window import MainWindow  # noqa: E402
from tests import builders, webcam  # noqa: E402

OUT = ROOT / "docs" / "screens"
SMALL, LARGE = (1366, 768), (1920, 1080)
PER_HOUR = {7: 24, 8: 15}  # arrivals before the pictures are taken
LAST_MINUTE = {7: 59, 8: 40}
PATIENCE_S = 60
AREAS = (Area("Bắc Ninh", "2021-05-05"), Area("Bắc Giang", "2021-05-08"), Area("Đà Nẵng, quận Sơn Trà", "2021-05-10"))


@dataclass(frozen=True)
class Look:
    language: str = "vi"
    theme: str = "day"
    size: tuple[int, int] = SMALL


def until(what: Callable[[], bool]) -> None:
    """Lets the window work until `what()`."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > end:
            raise SystemExit("screens: the window did not get there")
        QTest.qWait(20)


class Reachable(builders.Province):
    """A province whose CA is a real certificate, so that the machine is merely offline."""

    def trust(self) -> protocol.Trust:
        key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")])
        since, until_ = dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)
        made = x509.CertificateBuilder(name, name, key.public_key(), 1, since, until_).sign(key, hashes.SHA256())
        ca = made.public_bytes(serialization.Encoding.PEM)
        return msgspec.structs.replace(super().trust(), ca=ca, ca_signature=sign.sign(self.root, b"hue-ca-v1" + ca))


def morning(parts: compose.Parts, clock: builders.Clock) -> None:
    """Arrivals of all kinds, at their times."""
    for hour, count in PER_HOUR.items():
        for n in range(count):
            clock.wall = builders.at(f"{hour:02}:{n * LAST_MINUTE[hour] // count:02}")
            if n % 3 == 0:
                said = declaration.example() | {"id_number": f"1915{hour}{n:04}"}
                parts.station.declare(declaration.check(said).declaration())
            elif n % 3 == 1:
                parts.station.seen(("moh", "hues", "arrival")[n % 9 // 3])
            else:
                code = builders.voter_pass(parts.vault.secrets, clock.wall)
                parts.station.scan(Sighting(os.urandom(8), code, "screens"))
    clock.wall = builders.at("08:41")


class Session:
    """One window on one morning."""

    def __init__(self, window: MainWindow, parts: compose.Parts, stage: Stage) -> None:
        self.window, self.parts, self.stage = window, parts, stage

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.window, key)

    def scan(self) -> None:
        """A voter's pass on a phone before the camera, until its verdict stands."""
        self.stage.present(0)
        until(lambda: self.window.last is not None and self.window.last.arrival)

    def shoot(self, name: str) -> None:
        QTest.qWait(1200)  # the strip's counts come home
        file = OUT / f"{name}.png"
        self.window.grab().save(str(file))
        palette(Image.open(file)).save(file, optimize=True)


def palette(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


@contextmanager
def opened(look: Look) -> Iterator[Session]:
    i18n.use(look.language)
    with tempfile.TemporaryDirectory() as folder:
        made = builders.province(policy=Policy(areas=AREAS))
        home = builders.enrolled_home(Path(folder) / "kiosk", Reachable(made.root, made.service, made.day, made.campaign))
        clock = builders.Clock(wall=builders.at("06:30"))
        chosen = Settings(language=look.language, theme=look.theme, fullscreen=False, sound=False, dim_seconds=600)
        with compose.open_parts(home, chosen, clock) as parts:
            morning(parts, clock)
            stage = Stage([Scene(builders.voter_pass(parts.vault.secrets, clock.wall), "phone")])
            app.application(chosen)
            program = app.Program(home, chosen, stage, parts)
            program.window.resize(*look.size)
            program.window.show()
            program.start()
            until(lambda: program.window.scanner is not None and program.window.status is not None)
            until(lambda: program.window.scan.preview.number >= 0)
            yield Session(program.window, parts, stage)
            program.window.close()
            program.window.deleteLater()
            QTest.qWait(50)


def fill(session: Session) -> None:
    """The form, filled from a scanned card."""
    session.window.acts.code(builders.CARD, "paste")
    until(lambda: session.window.last is not None and session.window.last.act is Act.CARD)
    session.press(Qt.Key.Key_F2)
    form = session.window.load_pages().form
    until(form.isVisible)


def ask(session: Session) -> None:
    """The questions: no phone, a hamlet, a reason; the notice read, four of them asked."""
    for key in (Qt.Key.Key_K, Qt.Key.Key_2, Qt.Key.Key_1, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_2, Qt.Key.Key_2, Qt.Key.Key_1):
        session.press(key)


def cards(session: Session, name: str) -> None:
    """All cards on one sheet, each grabbed from the window."""
    sample = Verdict(Act.COME_IN, Kind.HU1, arrival=True, person=Person("T. T. Mẫu", "F", "1983"), since=builders.at("08:12"))
    pictures = []
    for act in Act:
        known = act not in (Act.LOOK, Act.OTHER_CODE, Act.NOT_CONFIRMED, Act.NOT_SAVED)
        counted = act in (Act.COME_IN, Act.HEALTH_DESK, Act.DEFERRED)
        ticket = 17 if act in (Act.DEFERRED, Act.TO_TABLE) else 0
        event = "" if act is Act.NOT_SAVED else "k:e:1"
        number = 40 if counted else 1 if act is Act.NOT_SAVED else 0
        person = sample.person if known else Person()
        at = builders.at("08:41")
        verdict = msgspec.structs.replace(sample, act=act, person=person, number=number, event=event, ticket=ticket, at=at)
        session.window.show_verdict(verdict)
        file = OUT / ".card.png"
        session.window.scan.card.grab().save(str(file))
        pictures.append(Image.open(file).convert("RGB").resize((600, 436), Image.Resampling.LANCZOS))
        file.unlink()
    sheet(pictures, name)


def sheet(pictures: list[Image.Image], name: str) -> None:
    """Pictures of one size, three to a row."""
    wide, high = pictures[0].size
    made = Image.new("RGB", (3 * (wide + 16) + 16, -(-len(pictures) // 3) * (high + 16) + 16), theme.DAY.page)
    for n, picture in enumerate(pictures):
        made.paste(picture, (16 + n % 3 * (wide + 16), 16 + n // 3 * (high + 16)))
    palette(made).save(OUT / f"{name}.png", optimize=True)


def half(window: MainWindow) -> Image.Image:
    """The whole window, at half its size."""
    file = OUT / ".window.png"
    window.grab().save(str(file))
    made = Image.open(file).convert("RGB")
    file.unlink()
    return made.resize((made.width // 2, made.height // 2), Image.Resampling.LANCZOS)


def talk(session: Session) -> None:
    """Gửi về tỉnh, without a network and with a notice of the province."""
    told = feed.NoticeRow("a1", "Mưa to: mở cửa bên, cho cử tri đứng chờ trong sảnh.", "info", builders.at("08:20"))
    body = msgspec.msgpack.encode(told)
    item = protocol.FeedItem(feed.ALL, 1, feed.FeedKind.NOTICE.value, told.id, body)
    page = protocol.FeedPage([item], {feed.ALL: 1}, False, {feed.ALL: feed.fold([(item.kind, item.key, body)])})
    filed.Filing(session.parts.database, session.parts.vault.secrets.enrolment.trust.root).take(page, builders.at("08:40"))
    session.window.open_sync()
    until(lambda: session.window.status is not None and bool(session.window.status.notices))


def day(language: str) -> None:
    """The small day-light window, page by page."""
    with opened(Look(language)) as session:
        if language == "vi":
            session.shoot("ready-vi")
        session.scan()
        session.shoot(f"scan-{language}")
        session.press(Qt.Key.Key_F5)
        session.shoot(f"seen-{language}")
        session.press(Qt.Key.Key_F7)
        session.shoot(f"today-{language}")
        session.press(Qt.Key.Key_Escape)
        fill(session)
        session.shoot(f"form-{language}")
        ask(session)
        session.shoot(f"questions-{language}")
        session.press(Qt.Key.Key_Escape)
        talk(session)
        session.shoot(f"sync-{language}")
        session.press(Qt.Key.Key_Escape)
        cards(session, f"verdicts-{language}")


def number(session: Session, ticket: int) -> None:
    """A ticket's number, typed on the scan page."""
    for digit in str(ticket):
        QTest.keyClicks(QApplication.focusWidget() or session.window, digit)
    session.press(Qt.Key.Key_Return)


def shown(session: Session, act: Act) -> None:
    until(lambda: session.window.last is not None and session.window.last.act is act)


def desk(language: str) -> None:
    """The other keys of the table: in first, exit, a deed of the day struck through, a supplement's questions."""
    with opened(Look(language)) as session:
        session.window.acts.code(builders.CARD, "paste")
        shown(session, Act.CARD)
        session.press(Qt.Key.Key_F11)
        session.shoot(f"defer-{language}")
        session.window.acts.defer("not_yet")
        shown(session, Act.DEFERRED)
        session.window.scan.leave_panel()
        if language == "vi":
            session.shoot("deferred-vi")
        session.window.acts.defer("closing")
        until(lambda: session.window.last.ticket == 2)
        session.press(Qt.Key.Key_F6)
        number(session, 1)
        shown(session, Act.LEFT)
        session.shoot(f"exit-{language}")
        session.press(Qt.Key.Key_F6)
        line = session.parts.station.lines(9)[-1]
        session.parts.station.correct(line.event, "bấm nhầm", void=True, whole=True)
        session.press(Qt.Key.Key_F7)
        session.press(Qt.Key.Key_Down)
        session.shoot(f"day-{language}")
        session.press(Qt.Key.Key_F4)
        session.shoot(f"correct-{language}")


def lookups(language: str) -> None:
    """F3: the list of a name, and the letter's two checks."""
    with opened(Look(language)) as session:
        for one in crowd(40, seed=9):
            session.parts.station.declare(declaration.check(declaration.example() | one.fields()).declaration())
        said = declaration.example()
        said |= {"permanent": said["current"], "symptoms": said["symptoms"] | {"fatigue": True}}
        session.parts.station.declare(declaration.check(said).declaration())
        session.press(Qt.Key.Key_F3)
        page = session.window.load_pages().lookup
        for name, typed in (("lookup-name", "nguyen thi"), ("lookup-number", "046183000123"), ("lookup-code", builders.CARD.decode())):
            page.open()
            page.entry.setText(typed)
            session.press(Qt.Key.Key_Return)
            if page.asking:
                session.press(Qt.Key.Key_1)
            until(lambda: page.table.rowCount() > 0)
            if name != "lookup-name":
                session.press(Qt.Key.Key_Return)
                session.press(Qt.Key.Key_1)
                until(page.record.isVisible)
            session.shoot(f"{name}-{language}")


def harmed(language: str) -> None:
    """A bit of the database has flipped overnight: view only, a voter on paper, and the journal restored by one button."""
    i18n.use(language)
    with tempfile.TemporaryDirectory() as folder:
        home, clock = builders.enrolled_home(Path(folder) / "kiosk"), builders.Clock(wall=builders.at("06:30"))
        chosen = Settings(language=language, fullscreen=False, sound=False, dim_seconds=600)
        with compose.open_parts(home, chosen, clock) as parts:
            morning(parts, clock)
            parts.mirror.step()
        data = bytearray((home / "journal.db").read_bytes())
        data[len(data) // 2] ^= 1
        (home / "journal.db").write_bytes(data)
        parts = compose.open_parts(home, chosen, clock)
        stage = Stage([Scene(builders.voter_pass(parts.vault.secrets, clock.wall), "phone")])
        app.application(chosen)
        program = app.Program(home, chosen, stage, parts)
        program.window.resize(*SMALL)
        program.window.show()
        program.start()
        until(lambda: program.window.scanner is not None and program.window.status is not None)
        session = Session(program.window, parts, stage)
        stage.present(0)
        until(lambda: program.window.last is not None and program.window.last.act is Act.NOT_SAVED)
        session.shoot(f"view-only-{language}")
        if language == "vi":
            session.press(Qt.Key.Key_F2)
            until(lambda: program.window.load_pages().form.isVisible())
            session.shoot("view-only-form-vi")
            session.press(Qt.Key.Key_Escape)
        program.window.restore()
        until(lambda: program.parts is not None and program.parts is not parts)
        QTest.qWait(9000)  # the quiet line goes, the standing one comes
        session.shoot(f"restored-{language}")
        program.window.close()
        program.window.deleteLater()
        QTest.qWait(50)


def others() -> None:
    """The hall theme and the large screen."""
    with opened(Look("vi", "hall")) as session:
        session.scan()
        session.shoot("scan-vi-hall")
        session.press(Qt.Key.Key_F7)
        session.shoot("today-vi-hall")
    with opened(Look("vi", "day", LARGE)) as session:
        session.scan()
        session.shoot("scan-vi-1920")
    with opened(Look("en", "hall", LARGE)) as session:
        session.scan()
        session.shoot("scan-en-hall-1920")
        fill(session)
        session.shoot("form-en-hall-1920")


def paper_pages() -> None:
    """In, places, the close of the day."""
    with opened(Look("en")) as session:
        session.press(Qt.Key.Key_F8)
        session.shoot("print-en")
        session.press(Qt.Key.Key_F10)
        session.shoot("close-en")
    with opened(Look("vi")) as session:
        session.press(Qt.Key.Key_F8)
        session.shoot("print-vi")
        for name, kind in (("Cổng chính đường Nguyễn Trãi", "entrance"), ("Lối ra sân sau", "exit")):
            session.parts.places.add({"name": name, "kind": kind})
        session.press(Qt.Key.Key_P)
        session.shoot("places-vi")
        session.parts.station.defer("closing")
        session.press(Qt.Key.Key_F7)
        session.press(Qt.Key.Key_X)
        session.shoot("export-vi")
        session.press(Qt.Key.Key_F10)
        session.shoot("close-vi")
        with session.parts.database.read() as conn:
            deeds = [row[0] for row in conn.exec_driver_sql("SELECT deed FROM visit ORDER BY number LIMIT 2")]
        for deed in deeds:
            session.parts.unsure.note(bytes.fromhex(deed), builders.at("07:05"), Code.COMMIT_UNKNOWN)
        session.press(Qt.Key.Key_F10)
        session.shoot("close-unsure-vi")
        session.press(Qt.Key.Key_X)
        session.shoot("return-vi")


class Wall:
    """A camera that shows the pictures it was given, or is not there at all."""

    name = "USB Cam"

    def __init__(self) -> None:
        self.images, self.gone, self.frozen, self._number = [webcam.empty(0)], False, False, 0

    def opened(self) -> "Wall":
        if self.gone:
            raise KioskError(Code.CAMERA_MISSING, camera=self.name)
        return self

    def read(self) -> Frame:
        if self.gone:
            raise KioskError(Code.CAMERA_LOST, camera=self.name)
        time.sleep(1 / 30)
        self._number += 1
        image = self.images[self._number % len(self.images)].copy()
        if not self.frozen:
            image[0, self._number % 1280] ^= 1
        return Frame(image, time.monotonic(), self._number)

    def close(self) -> None:
        """Nothing to close."""


def scanning(language: str) -> None:
    """Two codes, the other ways in, a pulled cable (in Vietnamese), the devices page and the start-of-day check."""
    with opened(Look(language)) as session:
        front, wall = session.window.furnish(), Wall()
        scanner = session.window.scan.preview.scanner
        assert isinstance(scanner, Scanner)
        scanner.use(wall.opened)
        if language == "vi":
            troubled(session, wall)
        wall.gone = False
        session.press(Qt.Key.Key_F9)
        session.shoot(f"devices-{language}")
        wall.images = [webcam.draw(testcard.TEXT.encode(), webcam.Look(6.0, focus=0.4), np.random.default_rng(n)) for n in range(3)]
        front.equipping.check()
        for key in (Qt.Key.Key_F2, Qt.Key.Key_F3, Qt.Key.Key_F4, Qt.Key.Key_F5, Qt.Key.Key_F7, Qt.Key.Key_F8):
            session.press(key)
        page = front.load_pages().check
        until(lambda: bool(page.camera.lamp.state) and "machine" in page.known)
        QTest.keyClicks(page, testcard.TEXT)
        session.press(Qt.Key.Key_Return)
        page.heard.click()
        session.shoot(f"check-{language}")


def troubled(session: Session, wall: Wall) -> None:
    """Two persons' codes at once; somebody tries in vain; the cable is pulled."""
    secrets, wall_clock = session.parts.vault.secrets, session.parts.clock.now().wall
    looks = [webcam.Look(3.4, x=x, turn=turn) for x, turn in ((-290, -4), (290, 5))]
    drawn = [webcam.draw(builders.voter_pass(secrets, wall_clock), look, np.random.default_rng(1)) for look in looks]
    wall.images = [np.hstack([drawn[0][:, :640], drawn[1][:, 640:]])]
    until(lambda: session.window.scan.asking)
    session.shoot("scan-two-vi")
    rng = np.random.default_rng(3)
    wall.images = [webcam.draw(builders.CARD, webcam.Look(1.7, focus=1.9, x=30 * n, y=8 * n), rng) for n in range(3)]
    session.press(Qt.Key.Key_Escape)
    until(lambda: session.window.scan.offers.isVisible())
    session.shoot("scan-help-vi")
    wall.gone = True
    session.shoot("scan-unplugged-vi")


def hall(gain: float, lift: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The hall in other light; `lift`: a veil of so many grey levels."""
    return np.clip(webcam.empty(1).astype(np.float32) * gain + lift, 0, 255).astype(np.uint8)


TROUBLED: tuple[tuple[Code, float, float], ...] = (
    (Code.CAMERA_DARK, 0.01, 0), (Code.CAMERA_DIM, 0.25, 0), (Code.CAMERA_BRIGHT, 2.4, 0), (Code.CAMERA_DIRTY, 0.4, 110),
)  # fmt: skip
HELD: tuple[tuple[Hint, webcam.Look, float], ...] = (
    (Hint.CLOSER, webcam.Look(0.9, focus=0.6), 3), (Hint.TILT, webcam.Look(3.4, mirror=1.0), 3),
    (Hint.STILL, webcam.Look(3.4, focus=2.8), 30), (Hint.LIGHT, webcam.Look(3.4, focus=2.6, gain=0.3), 3),
    (Hint.FOCUS, webcam.Look(3.4, focus=3.2), 3),
)  # fmt: skip
LONG = b"https://example.invalid/" + b"Ab1-" * 80


def states(language: str) -> None:
    """What the camera's measurements make the scan page say, on one sheet: light, lens, cable, and the hand that holds the phone."""
    with opened(Look(language)) as session:
        wall, page, pictures = Wall(), session.window.scan, list[Image.Image]()
        scanner = page.preview.scanner
        assert isinstance(scanner, Scanner)
        scanner.use(wall.opened)

        def take() -> None:
            QTest.qWait(300)
            pictures.append(half(session.window))

        for code, gain, lift in TROUBLED:
            wall.images = [hall(gain, lift)]
            until(lambda code=code: session.window.teller.standing is code)
            take()
        wall.images, wall.frozen = [webcam.empty(0)], True
        until(lambda: session.window.teller.standing is Code.CAMERA_FROZEN)
        take()
        wall.frozen, wall.gone = False, True
        until(lambda: scanner.condition in (Code.CAMERA_LOST, Code.CAMERA_MISSING))
        QTest.qWait(1200)
        take()
        wall.gone = False
        for hint, look, sway in HELD:
            wall.images = [webcam.empty(1)]
            until(lambda: page.hint.text() == page.invitation())
            wall.images = [webcam.draw(LONG, replace(look, x=sway * n, y=sway * (n % 2)), np.random.default_rng(n)) for n in range(5)]
            until(lambda hint=hint: page.hint.text() == words.hint(hint))
            take()
        sheet(pictures, f"scan-states-{language}")


def main() -> int:
    """All of them, or those named: day, desk, lookups, duty, scanning, states, harmed (each in both languages), others, papers."""
    from tools import paper_screens
    from tools.screens_duty import duty  # it draws with what stands here

    OUT.mkdir(parents=True, exist_ok=True)
    spoken: dict[str, Callable[[str], None]] = {"day": day, "desk": desk, "lookups": lookups, "duty": duty}
    spoken |= {"scanning": scanning, "states": states, "harmed": harmed}
    wanted = sys.argv[1:] or [*spoken, "others", "papers"]
    for old in OUT.glob("*.png") if not sys.argv[1:] else ():
        old.unlink()
    for language in i18n.LANGUAGES:
        for name, take in spoken.items():
            if name in wanted:
                take(language)
    if "others" in wanted:
        others()
    if "papers" in wanted:
        paper_pages()
        paper_screens.take(OUT)
    taken = sorted(OUT.glob("*.png"))
    print(f"{len(taken)} pictures, {sum(p.stat().st_size for p in taken) // 1024} KiB, in {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
