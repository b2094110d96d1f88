"""Which paper, made from which record, through which printer. A print names an event or a place and never touches it.

What is asked for in the window goes through a queue in the database: rendered anew at each try, so that no page of a person lies about,
tried again until it is printed or dropped, and marked "bản in lại" from the second time on. No Qt, no network.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kiosk.domain import ticketcode
from kiosk.domain.events import Key, Kind
from kiosk.domain.passes import hu1
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Order, Printer, PrinterState, PrintJob
from kiosk.printing import forms, notice, slip
from kiosk.settings import Settings
from kiosk.station import Station
from kiosk.store import papers as queue
from kiosk.store.engine import Database
from kiosk.store.journal import Journal
from kiosk.store.papers import Job

HOUR = 3_600_000
BACKOFF_S = (5, 10, 20, 40, 60)
LIST = 4000  # deeds of a day among which a ticket is looked for
PERSONAL = frozenset({"slip", "ticket", "declaration"})
DAILY = frozenset({"report", "start-check"})  # one a day: it is what they are of, and in the file's name
FORMS = 50  # blank forms in the fall-back folder
FOLDER = "pdf"  # the printer that only keeps the file
FILES = {
    "slip": "phieu",
    "ticket": "phieu-vao-truoc",
    "declaration": "to-khai",
    "poster": "bang-qr",
    "notice": "thong-bao",
    "announcement": "bai-doc-loa",
    "form": "to-khai-giay",
    "register": "so-du-phong",
    "card": "the-hoi",
    "report": "bao-cao",
    "test-card": "the-thu",
    "start-check": "kiem-tra-dau-ngay",
    "certificate": "bien-ban-xoa",
}

Maker = Callable[[Order, Path, int], int]  # (order, file, printed how often before) -> pages


class Papers:
    """`makers`: paper -> who renders it; other rooms add theirs. `open_printer`: name ("" the usual one) -> Printer."""

    def __init__(
        self, home: Path, settings: Settings, station: Station, database: Database, journal: Journal, clock: Clock,
        issuer_seed: bytes, open_printer: Callable[[str], Printer],
    ) -> None:  # fmt: skip
        self.home, self.settings, self.station, self.database, self.journal, self.clock = home, settings, station, database, journal, clock
        self._seed, self.open_printer = issuer_seed, open_printer
        self.on_submit: list[Callable[[], object]] = []
        self.on_try: list[Callable[[Job], object]] = []  # after each try, with the job as it stands then
        self.checks: dict[str, Callable[[Order], object]] = {}  # paper -> what refuses an order that cannot be rendered now
        self.makers: dict[str, Maker] = {
            "slip": self._slip,
            "ticket": self._ticket,
            "declaration": self._declaration,
            "notice": self._notice,
            "announcement": self._announcement,
            "form": self._forms,
            "register": self._register,
            "card": self._card,
        }

    # -- printing -------------------------------------------------------------------------------------------------

    def make(self, order: Order, file: Path, again: int = 0) -> int:
        """Renders to `file`, returns the pages. Raises KioskError(BAD_INPUT | EVENT_UNKNOWN | NOTHING_TO_PRINT | NO_DAY | PRINT_FAILED)."""
        maker = self.makers.get(order.paper)
        if maker is None:
            raise KioskError(Code.BAD_INPUT, value=order.paper[:20], allowed=" | ".join(sorted(self.makers)))
        self.station.allow(order.paper)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KioskError(Code.PRINT_FAILED, printer="", why=error.strerror or "") from error
        return maker(order, file, again)

    def print(self, order: Order, out: Path | None = None, printer: str | None = None) -> PrintJob:
        """At once, without the queue: to `out` alone, or to a printer (None or "": the usual one). Raises as `make`."""
        order = self._named(order)
        if out is not None and printer is None:
            made = PrintJob(out, self.make(order, out))
            if order.paper in PERSONAL:
                self._audit(order, 0)
            return made
        chosen = self.open_printer(self.settings.printer if printer is None else printer)
        with self.database.read() as conn:
            again = queue.printed_before(conn, order.paper, order.target, "" if order.paper in PERSONAL else FOLDER)
        done = self._through(order, chosen, again, out)
        row = self._row(order, chosen.name, again)
        with self.database.write() as conn:
            queue.change(conn, [queue.add(conn, row)], state=queue.PRINTED, job=done.job)
        self._audit(order, again)
        return done

    def _named(self, order: Order) -> Order:
        """A voter's paper by its declaration, however it was asked for: only so can a reprint be told. Raises as `make`."""
        self.station.allow(order.paper)
        if order.paper in self.checks:
            self.checks[order.paper](order)
        if order.paper in DAILY and not order.target:  # one that waits for paper until tomorrow is still of this day
            day = self.station.last_day() if order.paper == "report" else self.station.day()
            return replace(order, target=day or "")
        if order.paper not in ("slip", "declaration"):
            return order
        return replace(order, target=str(self._declared(order.target).key))

    def _through(self, order: Order, printer: Printer, again: int, out: Path | None = None) -> PrintJob:
        """Renders, prints, and leaves no page of a person behind unless keeping it is all the printer does."""
        folder = self.settings.papers(self.home)
        keeps = printer.name == FOLDER
        file = out or (folder if keeps or order.paper not in PERSONAL else self.home / "spool") / self._file_name(order)
        pages = self.make(order, file, again)
        try:
            job = printer.print(file, f"{FILES.get(order.paper, order.paper)} {self.station.info.label}")
        finally:
            if order.paper in PERSONAL and not keeps and out is None:
                file.unlink(missing_ok=True)
        return PrintJob(file, pages, printer.name, job)

    def _file_name(self, order: Order) -> str:
        marks = (order.target.replace(":", "-"), order.size, self.station.info.label)
        clean = ("".join(c for c in mark if c.isalnum() or c in "-_") for mark in marks if mark)
        return "-".join([FILES.get(order.paper, order.paper), *clean]) + ".pdf"

    def _audit(self, order: Order, again: int) -> None:
        """A person's paper is always in the journal; a poster printed before any day is open has nowhere to be written."""
        try:
            self.station.audit("reprint" if again else "print", paper=order.paper, target=order.target if order.paper in PERSONAL else "")
        except KioskError:
            if order.paper in PERSONAL:
                raise

    # -- the queue ------------------------------------------------------------------------------------------------

    def submit(self, order: Order, printer: str = "") -> int:
        """Files the order and returns its number; `step` prints it. Raises KioskError for an order that cannot be rendered at all."""
        if order.paper not in self.makers:
            raise KioskError(Code.BAD_INPUT, value=order.paper[:20], allowed=" | ".join(sorted(self.makers)))
        order = self._named(order)
        with self.database.write() as conn:
            again = queue.printed_before(conn, order.paper, order.target, "" if order.paper in PERSONAL else FOLDER)
            number = queue.add(conn, self._row(order, printer or self.settings.printer, again))
        for wake in self.on_submit:
            wake()
        return number

    def _row(self, order: Order, printer: str, again: int) -> Job:
        now = self.clock.now().wall
        return Job(0, now, order.paper, order.target, order.size, dict(order.detail), printer, queue.WAITING, again, 0, now, "", "")

    def step(self) -> bool:
        """Tries the oldest waiting job whose time has come; False: none. A fault of the printer is kept with the job."""
        now = self.clock.now().wall
        with self.database.read() as conn:
            job = queue.due(conn, now)
        if job is None:
            return False
        order = Order(job.paper, job.target, job.size, job.detail)
        try:
            printer = self.open_printer(job.printer)
            state = printer.status()
            if not state.ready:
                raise KioskError(Code.PRINT_FAILED, printer=printer.name, why=state.why)
            done = self._through(order, printer, job.again)
            changes: dict[str, Any] = {"state": queue.PRINTED, "job": done.job, "why": "", "printer": printer.name}
        except KioskError as error:
            wait = BACKOFF_S[min(job.tries, len(BACKOFF_S) - 1)] * 1000
            hopeless = error.code is not Code.PRINT_FAILED  # the record is gone or void: trying again brings nothing
            changes = {"state": queue.DROPPED if hopeless else queue.WAITING, "why": str(error.facts.get("why", error.code.value))[:120]}
            changes |= {"next_at": now + wait}
        with self.database.write() as conn:
            queue.change(conn, [job.number], tries=job.tries + 1, **changes)
        if changes["state"] == queue.PRINTED:
            self._audit(order, job.again)
        for tell in self.on_try:
            tell(replace(job, tries=job.tries + 1, **changes))
        return True

    def delay_s(self) -> float:
        """Seconds until something may be tried again, at most 30."""
        with self.database.read() as conn:
            at = queue.next_due(conn)
        return 30.0 if at is None else min(30.0, max(0.2, (at - self.clock.now().wall) / 1000))

    def jobs(self) -> list[Job]:
        with self.database.read() as conn:
            return queue.jobs(conn)

    def stuck(self) -> int:
        """How many papers wait after a try: "đã lưu, chưa in"."""
        with self.database.read() as conn:
            return queue.stuck(conn)

    def retry(self, printer: str = "") -> None:
        """Everything that waits is tried at once, on `printer` if one is named."""
        with self.database.write() as conn:
            waiting = [job.number for job in queue.jobs(conn) if job.state == queue.WAITING]
            queue.change(conn, waiting, next_at=0, **({"printer": printer} if printer else {}))
        for wake in self.on_submit:
            wake()

    def drop(self, number: int) -> None:
        """The officer does not want this paper any more. What it was about stays as it is."""
        with self.database.write() as conn:
            waiting = [job.number for job in queue.jobs(conn) if job.state == queue.WAITING and job.number == number]
            queue.change(conn, waiting, state=queue.DROPPED)

    def state(self, printer: str = "") -> tuple[str, PrinterState]:
        """(name, what it says of itself) of the printer that would be used."""
        chosen = self.open_printer(printer or self.settings.printer)
        return chosen.name, PrinterState(True, "folder") if chosen.name == FOLDER else chosen.status()

    # -- makers ---------------------------------------------------------------------------------------------------

    def newest_declaration(self) -> str:
        """The event of the day's last declaration. Raises KioskError(NOTHING_TO_PRINT)."""
        with self.database.read() as conn:
            found = queue.newest_declaration(conn, self.station.day() or "")
        if found is None:
            raise KioskError(Code.NOTHING_TO_PRINT)
        return f"{self.station.info.kiosk}:{found[0]}:{found[1]}"

    def _declared(self, target: str) -> queue.Declared:
        """Raises KioskError(EVENT_UNKNOWN | NOTHING_TO_PRINT)."""
        try:
            key = Key.parse(target or self.newest_declaration())
        except ValueError:
            raise KioskError(Code.EVENT_UNKNOWN, event=target[:60]) from None
        with self.database.read() as conn:
            fact = self.journal.opened(conn, key)
            if fact is None:
                raise KioskError(Code.EVENT_UNKNOWN, event=target[:60])
            found = queue.declaration(conn, key)
        if found is None:
            raise KioskError(Code.NOTHING_TO_PRINT, event=target[:60])
        return found

    def _number(self, number: int) -> str:
        return f"{self.station.info.label}-{number:06d}" if number else ""

    def _slip(self, order: Order, file: Path, again: int) -> int:
        """The pass is the same each time: its serial is the declaration's deed, by which this kiosk knows the voter again."""
        said, info = self._declared(order.target), self.station.info
        hours = self.station.campaign.policy.validity_hours
        try:
            claims = hu1.Claims.of(said.fields, bytes.fromhex(said.deed), said.at, hours, said.mode == "proxy")
            text = hu1.make(claims, self.station.issuer, self._seed)
        except (ValueError, KeyError) as error:  # a birth year or a time that the pass cannot say
            raise KioskError(Code.NOTHING_TO_PRINT, event=order.target[:60], why="hu1") from error
        made = slip.Slip(
            pass_text=text,
            station=info.station.name,
            station_code=info.station.code,
            initials=claims.initials,
            gender=claims.gender,
            birth_year=str(claims.birth_year),
            declared_at=said.at,
            valid_until=said.at + hours * HOUR,
            printed_at=self.clock.now().wall,
            number=self._number(said.number),
            again=again,
        )
        return slip.render(made, file, order.size or self.settings.slip_size)

    def _ticket(self, order: Order, file: Path, again: int) -> int:
        """`target`: the visit or the deferral that names the ticket, or its number; without one, the day's newest ticket.

        Raises KioskError(TICKET_UNKNOWN | EVENT_UNKNOWN | NOTHING_TO_PRINT).
        """
        info, target = self.station.info, order.target
        if target.isdecimal() or not target:
            given = [line for line in self.station.lines(LIST) if line.ticket and "defer" in (line.source, line.kind)]
            target = next((line.event for line in given if target in ("", str(line.ticket))), "")
            if order.target and not target:
                raise KioskError(Code.TICKET_UNKNOWN, ticket=order.target[:12])
        try:
            key = Key.parse(target)
        except ValueError:
            raise KioskError(Code.EVENT_UNKNOWN if target else Code.NOTHING_TO_PRINT, event=target[:60]) from None
        with self.database.read() as conn:
            fact = self.journal.opened(conn, key)
        number = int(fact.body.fields.get("ticket") or 0) if fact is not None and fact.body.kind in (Kind.VISIT, Kind.DEFER) else 0
        if fact is None or not number:
            raise KioskError(Code.NOTHING_TO_PRINT, event=order.target[:60])
        code = ticketcode.make(key, number)
        made = slip.Ticket(number, code, info.station.name, info.station.code, info.label, fact.at, again)
        return slip.render_ticket(made, file, order.size or self.settings.slip_size)

    def _declaration(self, order: Order, file: Path, again: int) -> int:
        said, info = self._declared(order.target), self.station.info
        number, area = self._number(said.number) or f"{said.key.epoch[:4]}-{said.key.seq}", info.station
        with self.database.read() as conn:
            fact = self.journal.opened(conn, said.key)
        if fact is not None and (keyed := str(fact.body.fields.get("paper") or "")):  # the form that was keyed in, to be laid beside it
            number = f"{number} · {keyed}"
        made = forms.PaperDeclaration(
            number, area.name, area.code, area.ward, said.fields, said.mode, said.at, info.officer, self.clock.now().wall, again
        )
        return forms.render(made, file)

    def _notice_of(self, order: Order) -> notice.Notice:
        campaign, area = self.station.campaign, self.station.info.station
        day = str(order.detail.get("day") or self.station.day() or max(campaign.days))
        return notice.Notice(area.name, area.ward, day, campaign.opens, campaign.closes, self.clock.now().wall)

    def _notice(self, order: Order, file: Path, again: int) -> int:
        return notice.render(self._notice_of(order), file)

    def _announcement(self, order: Order, file: Path, again: int) -> int:
        return notice.render_announcement(self._notice_of(order), file)

    def _forms(self, order: Order, file: Path, again: int) -> int:
        area = self.station.info.station
        first, count = int(order.detail.get("first", 1)), int(order.detail.get("count", FORMS))
        if not (1 <= first <= 999 and 1 <= count <= 200 and first + count <= 1000):
            raise KioskError(Code.BAD_INPUT, value=f"{first}+{count}", allowed="G001-G999, 200")
        numbers = [f"G{n:03d}" for n in range(first, first + count)]
        return forms.render_blank(numbers, area.name, area.code, area.ward, self.clock.now().wall, file)

    def _register(self, order: Order, file: Path, again: int) -> int:
        area = self.station.info.station
        first, count = int(order.detail.get("first", 1)), int(order.detail.get("count", FORMS))
        sheets = -(-count // forms.LINES_A_SHEET)
        return forms.render_register(area.name, area.code, area.ward, self.clock.now().wall, file, min(max(sheets, 1), 10), first)

    def _card(self, order: Order, file: Path, again: int) -> int:
        return forms.render_card(self.station.info.station.name, self.clock.now().wall, file)
