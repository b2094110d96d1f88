"""Pictures of signing in, locking, the shift, a phrase, the audit and the first start; `tools/screens.py` calls `duty`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kiosk import app, i18n
from kiosk.devices.stage import Scene, Stage
from kiosk.domain import protocol
from kiosk.security import activate
from kiosk.settings import Settings
from tests import builders
from tests.builders import LEAD, OFFICER, OTHER, PINS
from tests.ui.test_first_start import OTHER as OTHER_AREA
from tests.ui.test_first_start import file_for
from tools.screens import OUT, SMALL, Image, palette, until


class Window:
    """One window on one home, signed in or not."""

    def __init__(self, program: app.Program, stage: Stage) -> None:
        self.program, self.window, self.stage = program, program.window, stage
        self.pages = program.window.load_pages()

    def shoot(self, name: str) -> None:
        QTest.qWait(700)
        file = OUT / f"{name}.png"
        self.window.grab().save(str(file))
        palette(Image.open(file)).save(file, optimize=True)

    def sign_in(self, officer: builders.Staff) -> None:
        page = self.pages.signin
        until(lambda: page.isVisible() and officer.id in page.buttons and page.go.isEnabled())
        page.choose(officer.id)
        page.pin.setText(PINS[officer.id])
        QTest.keyClick(page.pin, Qt.Key.Key_Return)


@contextmanager
def opened(home: Path, language: str, shown: bytes = builders.CARD) -> Iterator[Window]:
    """`shown`: the code on the phone before the camera, once it is presented."""
    i18n.use(language)
    chosen = Settings(language=language, fullscreen=False, sound=False, dim_seconds=600)
    app.application(chosen)
    stage = Stage([Scene(shown, "phone")])
    program = app.Program(home, chosen, stage, clock=builders.Clock(wall=builders.at("08:41")))
    program.power = builders.Power()
    program.window.resize(*SMALL)
    program.window.show()
    program.start()
    yield Window(program, stage)
    program.window.close()
    program.window.deleteLater()
    QTest.qWait(50)


def duty(language: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pins = {LEAD.id: PINS[LEAD.id], OFFICER.id: PINS[OFFICER.id]}
        home = builders.enrolled_home(Path(folder) / "kiosk", officers=(LEAD, OFFICER, OTHER), pins=pins)
        with opened(home, language) as shown:
            until(lambda: shown.pages.signin.isVisible())
            shown.shoot(f"signin-{language}")
            shown.sign_in(LEAD)
            until(lambda: shown.window.scanner is not None and shown.window.status is not None)
            shown.window.duty.lock()
            until(lambda: shown.pages.signin.isVisible())
            shown.shoot(f"locked-{language}")
            shown.sign_in(LEAD)
            until(lambda: not shown.window.duty.hidden)
            if language == i18n.SOURCE:
                shown.window.duty.open_shift()
                until(lambda: shown.pages.shift.isVisible())
                shown.shoot("shift-vi")
                shown.window.duty.ask_pin(OTHER.id)
                until(lambda: shown.pages.pin.isVisible())
                shown.shoot("phrase-vi")
                shown.pages.pin.leave()
                shown.window.duty.open_audit()
                until(lambda: shown.pages.audit.isVisible())
                shown.shoot("audit-vi")
    if language == i18n.SOURCE:
        first_start(language)


def first_start(language: str) -> None:
    """A spare that has not chosen its station yet; somebody holds a code's QR before its camera."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "kiosk"
        home.mkdir()
        activate.keep_spare(home, file_for(Path(folder), builders.AREA, OTHER_AREA))
        code = protocol.enrol_qr(protocol.enrol_code(bytes(range(16)), bytes(32)), "https://may-chu.example.vn:8443")
        with opened(home, language, code.encode()) as shown:
            until(lambda: shown.pages.enrol.offers > 0 and shown.pages.enrol.preview.isVisible())
            shown.stage.present(0)
            until(lambda: shown.pages.enrol.code.text() != "")
            shown.shoot(f"enrol-{language}")
