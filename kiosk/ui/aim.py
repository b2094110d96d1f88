"""The camera's side of the scan page: what would help who tries in vain, other ways after a while, two codes and which of them is meant.

Asks the scanner what it measured; decides nothing about a voter and never waits.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer

from kiosk import words
from kiosk.i18n import _
from kiosk.ports import Code, Sighting
from kiosk.ui.choices import Choice
from kiosk.ui.services import Services
from kiosk.ui.threads import Lane

if TYPE_CHECKING:
    from kiosk.domain.verdict import Verdict
    from kiosk.ui.duty import Duty
    from kiosk.ui.lanes import Lanes
    from kiosk.ui.scan_page import ScanPage
    from kiosk.ui.threads import ScannerLike, ScannerThread

LOOK_MS = 250


class Front(Protocol):
    """What the camera's side needs of the window."""

    services: Services | None
    scan: "ScanPage"
    duty: "Duty"

    @property
    def lanes(self) -> "Lanes": ...
    def ask(self, title: str, note: str, choices: list[Choice]) -> None: ...
    def act_done(self, verdict: "Verdict") -> None: ...
    def tell(self, text: str) -> None: ...


class Aim(QObject):
    """`offer_seconds`: of trying in vain after which the page shows the other ways."""

    def __init__(self, front: Front, desk: Lane, slow: Lane, offer_seconds: float, parent: QObject) -> None:
        super().__init__(parent)
        self._front, self._desk, self._slow, self._offer_s = front, desk, slow, offer_seconds
        self._scanner: ScannerLike | None = None
        self._asking: tuple[bytes, ...] = ()
        self._camera = ""
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        front.scan.on_pictures = self.pictures

    def watch(self, scanner: "ScannerLike", thread: "ScannerThread", ways: list[tuple[str, Callable[[], object]]]) -> None:
        """`ways`: words and acts of the other ways in, besides the USB scanner."""
        self._scanner = scanner
        thread.asked.connect(self._asked)
        self._front.scan.offers.show_ways(ways)
        self._timer.start()

    def _look(self) -> None:
        scanner, page = self._scanner, self._front.scan
        if scanner is None or not page.isVisible():
            return
        hint = scanner.hint
        page.say(words.hint(hint) if hint is not None else "", scanner.trying_s >= self._offer_s)
        if scanner.name != self._camera and self._front.services is not None and self._front.services.cameras is not None:
            self._camera = scanner.name
            page.preview.mirrored = self._front.services.cameras.mirrored(self._camera)

    @property
    def mirrored(self) -> bool:
        return self._front.scan.preview.mirrored

    def mirror(self, mirrored: bool) -> None:
        """The preview of the camera in use, as in a mirror or not; remembered for this camera."""
        services, camera = self._front.services, self._camera
        self._front.scan.preview.mirrored = mirrored
        if services is not None and services.cameras is not None:
            self._slow.submit(partial(services.cameras.mirror, camera, mirrored), lambda _none: None)

    # -- two codes ------------------------------------------------------------------------------------------------

    def _asked(self, pick: tuple[Code, ...]) -> None:
        """Two persons' codes are in view: which one is meant? The question goes when one of them does."""
        page = self._front.scan
        if not pick:
            if self._asking and page.asking:
                page.leave_panel()
            self._asking = ()
            return
        self._asking = tuple(code.raw for code in pick)
        shown = tuple(reversed(pick)) if page.preview.mirrored else pick
        places = (_("Mã bên trái: {kind}"), _("Mã bên phải: {kind}")) if len(shown) == 2 else (_("Mã số {number}: {kind}"),) * len(shown)
        kinds = [_kind(code, self._front.duty.hidden) for code in shown]
        texts = [place.format(kind=kind, number=number) for number, (place, kind) in enumerate(zip(places, kinds, strict=True), 1)]
        choices = [Choice(text, self._choose(code)) for text, code in zip(texts, shown, strict=True)]
        self._front.ask(_("Có hai mã trong khung: ghi mã nào?"), _("Bấm số, hoặc mời một người hạ điện thoại xuống."), choices)

    def _choose(self, code: Code) -> Callable[[], None]:
        def act() -> None:
            if self._scanner is not None:
                self._scanner.choose(code.raw)
            self._scan(code.raw, code.engine)

        return act

    def _scan(self, raw: bytes, engine: str) -> None:
        if self._front.services is not None:
            sighting = Sighting(os.urandom(8), raw, engine)
            self._desk.submit(lambda: self._front.lanes.take(sighting), self._front.act_done)

    # -- pictures dropped on the window ---------------------------------------------------------------------------

    def pictures(self, paths: list[Path]) -> None:
        """Read beside the window, one after the other; a code in a picture is like one before the camera."""
        services = self._front.services
        if services is None or services.cameras is None:
            return
        self._front.tell(_("Đang đọc ảnh…"))
        for path in paths:
            self._slow.submit(partial(services.cameras.picture, path), self._found)

    def _found(self, codes: list[Code]) -> None:
        if not codes:
            self._front.tell(_("Không thấy mã QR nào trong ảnh này."))
        elif len(codes) == 1:
            self._scan(codes[0].raw, "picture")
        else:
            kinds = [_kind(code, self._front.duty.hidden) for code in codes[:9]]
            texts = [_("Mã số {number}: {kind}").format(number=number, kind=kind) for number, kind in enumerate(kinds, 1)]
            choices = [Choice(text, self._choose(code)) for text, code in zip(texts, codes, strict=False)]
            self._front.ask(_("Ảnh này có nhiều mã: ghi mã nào?"), "", choices)


def _kind(code: Code, hidden: bool) -> str:
    """What kind of code it is, and as much of its person as the large card would show: initials, given name, birth year; nothing of the
    person while names are hidden."""
    from kiosk.domain.passes import read  # its tables cost start-up time

    said = read(code.raw)
    kind = words.label(words.SOURCES, said.kind.value) if said.kind.value in words.SOURCES else _("mã khác")
    if hidden:
        return kind
    *first, given = said.fields.get("full_name", "").split() or [""]
    name = " ".join([*(f"{part[0]}." for part in first), given]) or said.fields.get("initials", "")
    born = said.fields.get("birth_date", "")[:4] or said.fields.get("birth_year", "")
    return " · ".join(part for part in (kind, name, born) if part)
