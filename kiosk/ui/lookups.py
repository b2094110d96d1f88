"""F3's acts: look up, open, ask the province. Reading and recording run on the desk lane, the network on the slow one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from kiosk import words
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ui.services import Services
from kiosk.ui.threads import Lane

if TYPE_CHECKING:
    from kiosk.lookup import Answer, Hit
    from kiosk.store.told import Told
    from kiosk.ui.lookup_page import LookupPage

CODE_SIGNS = ("|", ":", "<")  # what codes have and nobody types to find a person


class Front(Protocol):
    """What the look-ups need of the window."""

    services: Services | None

    def tell(self, text: str) -> None: ...


class Lookups:
    """`page`: given when the pages are built."""

    def __init__(self, front: Front, desk: Lane, slow: Lane) -> None:
        self._front, self._desk, self._slow = front, desk, slow
        self._asked = 0
        self.page: LookupPage | None = None

    def find(self, typed: str, reason: str) -> None:
        """A number, a name, or a code that a scanner typed into the line."""
        self.forget()
        raw = typed.encode("utf-8", "surrogatepass")
        if any(sign in typed for sign in CODE_SIGNS):
            self._run(lambda s: s.lookups().of_code(raw), self._shown_by_code)
        else:
            self._run(lambda s: s.lookups().find(typed, reason), self._shown)

    def of_subjects(self, subjects: tuple[str, ...]) -> None:
        """By code: whoever the last scanned code named."""
        self.forget()
        self._run(lambda s: s.lookups().of(subjects), self._shown_by_code)

    def open(self, event: str, reason: str) -> None:
        def done(details: object) -> None:
            if self.page is not None:
                self.page.show_details(details)  # type: ignore[arg-type]

        self._run(lambda s: s.lookups().details(event, reason), done)

    def twice(self) -> None:
        """The conflict list of the day."""
        self.forget()

        def done(found: object) -> None:
            if self.page is not None:
                self.page.show_conflicts(found)  # type: ignore[arg-type]

        self._run(lambda s: s.lookups().conflicts(), done)

    def alike(self, fields: dict[str, str]) -> None:
        """Near-duplicates of the person on the form, said before a new one is made. No name: the questions are shown to the voter."""
        number = fields.get("id_number", "")

        def done(hits: "tuple[Hit, ...]") -> None:
            others = [hit for hit in hits if not number or hit.id_masked[-4:] != number[-4:]]
            if others:
                text = _("Ở đây đã có {count} người rất giống. Bấm F3 xem lại trước khi lưu người mới.")
                self._front.tell(text.format(count=len(others)))

        services = self._front.services
        if services is not None and fields.get("full_name"):
            self._desk.submit(lambda: services.lookups().similar(fields), done, lambda _error: None)

    def ask(self) -> None:
        """The online question, beside everything else; leaving the page or typing on makes its answer unwanted."""
        services, page = self._front.services, self.page
        if services is None or page is None or page.answer is None:
            return
        subjects, turn = page.answer.subjects, self._asked
        page.show_asking()

        def told(said: "Told") -> None:
            if turn == self._asked:
                page.show_told(said, services.wall())

        def failed(error: KioskError) -> None:
            if turn == self._asked:
                page.show_trouble(self._spoken(error))

        self._slow.submit(lambda: services.lookups().ask_province(subjects), told, failed)

    def forget(self) -> None:
        """Whatever is still on its way from the province is not wanted any more."""
        self._asked += 1

    def _run(self, work: Callable[[Services], object], done: Callable[[object], object]) -> None:
        services, page = self._front.services, self.page
        if services is None or page is None:
            return
        self._desk.submit(lambda: work(services), done, lambda error: page.show_trouble(self._spoken(error)))

    @staticmethod
    def _spoken(error: KioskError) -> str:
        """What happened and what to do, in one breath."""
        if error.code is Code.BAD_INPUT:
            return words.reason(str(error.facts.get("why", ""))) or words.fault(error.code).title
        said = words.fault(error.code)
        return f"{said.title} {said.cure}"

    def _shown(self, answer: object) -> None:
        self._show(answer, False)

    def _shown_by_code(self, answer: object) -> None:
        self._show(answer, True)

    def _show(self, answer: object, by_code: bool) -> None:
        services, page = self._front.services, self.page
        if services is not None and page is not None:
            page.by_code = by_code
            found: Answer = answer  # type: ignore[assignment]
            page.show_answer(found, services.wall())
            if found.by_number and not found.hits and found.told is None and found.subjects:
                self.ask()
