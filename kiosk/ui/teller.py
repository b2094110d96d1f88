"""The line above the strip: what just went right, what stands wrong, and the one button that helps. It clears itself."""

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer

from kiosk import words
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ui.services import Notice, Status
from kiosk.ui.widgets.bars import ConditionLine

NOTICE_MS = 8000
CAMERA = frozenset(code for code in Code if code.name.startswith("CAMERA_"))
QUIET = frozenset({Code.FEED_STALE, Code.NO_LEAD, Code.LOOKUPS_MANY, Code.FORM_KEPT, Code.PRINT_FAILED, Code.CLOCK_BACK})  # no voter waits
RETRY = frozenset({Code.DISK_FULL, Code.DISK_READ_ONLY, Code.DATABASE_BUSY, Code.VIEW_DISK})


class Teller(QObject):
    """`help`: what the button does for a trouble: "day", "camera", "print", "retry", "restore"."""

    def __init__(self, line: ConditionLine, parent: QObject) -> None:
        super().__init__(parent)
        self.line = line
        self.help: dict[str, Callable[[], object]] = {}
        self.standing: Code | None = None
        self._camera = ""
        self._cure_shown = False
        self.saw: Callable[[str], object] = lambda _notice: None  # a notice of the province was read
        self._unread: Notice | None = None
        self._notice = QTimer(self, singleShot=True, interval=NOTICE_MS)
        self._notice.timeout.connect(self._show)

    def tell(self, text: str) -> None:
        """One quiet line that goes away."""
        self.line.show_notice(text)
        self._notice.start(NOTICE_MS)

    def fault(self, error: KioskError) -> None:
        """Ours or the machine's: what happened, what became of the data, what to do now. Goes away too; the log keeps it."""
        self.line.show_condition(sentence(error))
        self._notice.start(3 * NOTICE_MS)

    def look(self, status: Status | None, camera: Code | None, name: str = "") -> None:
        """The worst standing trouble: no day, then the store's, then the camera's, then what can wait; nothing once it is cured.

        `name`: the camera's."""
        self._camera = name
        found: list[Code] = []
        if status is not None:
            found += [Code.NO_DAY] if status.days else []
            found += [code for code in status.conditions if code not in QUIET]
        if camera is not None:
            found.append(camera)
        if status is not None:
            found += [code for code in status.conditions if code in QUIET]
        worst = found[0] if found else None
        unread = status.unread[0] if status is not None and status.unread else None
        news = (unread.id if unread else "") != (self._unread.id if self._unread else "")
        self._unread = unread
        if worst is not self.standing or (news and worst is None):
            self.standing, self._cure_shown = worst, False
            if not self._notice.isActive():
                self._show()

    def _show(self) -> None:
        code = self.standing
        if code is None:
            self._show_unread()
            return
        said = words.condition(code, self._camera)
        if code is Code.NO_DAY:
            self.line.show_condition(said.line, _("Bắt đầu ngày"), self.help.get("day"))
        elif code in CAMERA:
            self.line.show_condition(said.line, said.button, self.help.get("camera"))
        elif code in (Code.DAY_LEFT_OPEN, Code.UNSURE_FOUND):
            self.line.show_condition(said.line, said.button, self.help.get("close"))
        elif code is Code.PRINT_FAILED:
            self.line.show_condition(said.line, said.button, self.help.get("print"))
        elif code is Code.VIEW_DAMAGED:
            self.line.show_condition(said.line, said.button, self.help.get("restore"))
        elif code is Code.FEED_STALE:
            self.line.show_condition(said.line, said.button, self.help.get("sync"))
        elif code in RETRY:
            self.line.show_condition(said.line, said.button, self.help.get("retry"))
        elif self._cure_shown:
            self.line.show_condition(words.fault(code).cure)
        else:
            self.line.show_condition(said.line, _("Cách xử lý"), self._show_cure)

    def _show_unread(self) -> None:
        """The province's oldest notice that nobody has read here; nothing else while there is none."""
        if self._unread is None:
            self.line.show_condition("")
            return
        self.line.show_notice(_("Tỉnh báo: {text}").format(text=self._unread.text), _("Đã đọc"), self._read)

    def _read(self) -> None:
        if self._unread is not None:
            self.saw(self._unread.id)
            self._unread = None
            self._show()

    def _show_cure(self) -> None:
        self._cure_shown = True
        self._show()


def sentence(error: KioskError) -> str:
    """What happened (and when, or why a file is not taken), what became of the data, what to do, and the code for the hotline."""
    said, facts = words.fault(error.code), error.facts
    told = str(facts.get("at", "")) or (words.file_why(str(facts.get("why"))) if facts.get("why") in words.FILE_WHY else "")
    if told:
        said = replace(said, title=_("{title} ({fact})").format(title=said.title.rstrip("."), fact=told) + ".")
    return _("{title} {kept} {cure} ({code})").format(title=said.title, kept=said.kept, cure=said.cure, code=error.code.value)
