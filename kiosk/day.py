"""The close of the day: what is still open, the tally of each entrance, the signed end, and the report that is printed and kept.

Printing and sending are acts of their own: a printer's or a link's fault never touches an event. No Qt, no network. What is compared is
deeds here, opened at the province, and counted by hand; never ballots, voter cards or the roll.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from kiosk.domain import text
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Order
from kiosk.printing.day_report import Aside, DayReport, EpochLine, TallyLine, render, totals
from kiosk.station import Station
from kiosk.store import conflicts, evening, figures, places, register
from kiosk.store.doubtful import Doubtful, doubtful
from kiosk.store.engine import Database
from kiosk.store.journal import Journal
from kiosk.store.unsure import Unsure

KEPT, VOIDED = "có trên giấy và trong máy: giữ lượt trong máy", "có trên giấy và trong máy: tính theo giấy"
OTHER = re.compile(r"BCYT1/([0-9A-Z-]{3,40})/([0-9A-Z.]{1,12})/(\d{4}-\d{2}-\d{2})/V(\d{1,6})/.*")


class Closing(msgspec.Struct, frozen=True):
    """How a day stands before and after it is closed. `places`: of `tally`, line by line; `waiting`: events on their way; `opened`: the
    province has opened all; `tickets`: open ones; `tally`: per entrance; `others`: the station's other kiosks, label -> visits; `unsure`:
    deeds on paper that count here too, to be kept or voided before the close; `purged`: nothing of the day can be read here any more."""

    event_day: str
    closed: bool
    places: tuple[str, ...]
    visits: int
    waiting: int
    opened: bool
    tickets: tuple[int, ...]
    refused: int
    tally: tuple[TallyLine, ...]
    others: Mapping[str, int] = msgspec.field(default_factory=dict)
    unsure: tuple[Doubtful, ...] = ()
    purged: bool = False

    @property
    def together(self) -> int:
        """The station's visits, as far as its other kiosks' totals were read in."""
        return self.visits + sum(self.others.values())

    @property
    def agrees(self) -> bool:
        """Here = opened at the province = counted by hand, wherever somebody counted."""
        return self.opened and all(line.agrees for line in self.tally)


class Day(msgspec.Struct):
    """What a report is made of; compose.Parts fills it. `counted`: place -> visits counted by hand; `others`: see Closing."""

    station: Station
    database: Database
    clock: Clock
    unsure: Unsure
    journal: Journal
    counted: dict[str, int] = msgspec.field(default_factory=dict)
    others: dict[str, int] = msgspec.field(default_factory=dict)
    names: Callable[[], Mapping[str, str]] = dict  # officers' ids -> names
    send: Callable[[], bool] = lambda: False  # manifest and events, as far as the link goes

    def add_other(self, code: str) -> str:
        """The totals of another kiosk of this station and day, by the code on its report. Returns its label.

        Raises KioskError(BAD_INPUT).
        """
        found, info = OTHER.fullmatch(code.strip().upper()), self.station.info
        day = self.station.last_day()
        if found is None or found[1] != info.station.code.upper() or found[3] != day or found[2] == info.label.upper():
            raise KioskError(Code.BAD_INPUT, value=code[:24], allowed=f"BCYT1/{info.station.code}/…/{day}/…")
        self.others[found[2]] = int(found[4])
        return found[2]

    def closing(self, day: str = "") -> Closing:
        """The open day, else the last closed one (or `day`), as it stands now; a closed one with what was signed beside it.

        Raises KioskError(NO_DAY | DAY_PURGED).
        """
        day = self._day(day)
        journal, info = figures.of_day(self.database, day), self.station.info
        with self.database.read() as conn:
            today = register.today(conn, self.station.identity, day)
            rows = register.tally(conn, day, {e.epoch: e.opened for e in journal.epochs})
            unsure = doubtful(conn, self.unsure.entries(), info.kiosk, day)
            closed = register.is_closed(conn, day)
            signed = evening.of_day(conn, self.journal, day) if closed else evening.Evening()
            names = {known.row.id: known.row.name for known in places.all_of(conn, info.kiosk, info.station.code)}
        lines = [self._line(row, names.get(row.place, row.place or info.lane), signed) for row in rows]
        alone = {place: n for place, n in self.counted.items() if place not in {row.place for row in rows}}
        lines += [TallyLine(names.get(place, place or info.lane), 0, 0, n) for place, n in alone.items()]
        return Closing(
            event_day=day,
            closed=closed,
            places=(*(row.place for row in rows), *alone),
            visits=sum(row.here for row in rows),
            waiting=sum(max(0, e.last - e.have) for e in journal.epochs),
            opened=all(e.opened >= e.last for e in journal.epochs),
            tickets=tuple(ticket.number for ticket in today.waiting_tickets),
            refused=len(journal.refusals),
            tally=tuple(lines),
            others={**signed.others, **self.others},
            unsure=tuple(unsure),
        )

    def _line(self, row: register.Tally, entrance: str, signed: evening.Evening) -> TallyLine:
        return TallyLine(entrance, row.here, row.opened, self.counted.get(row.place, signed.counted.get(entrance)))

    def now(self) -> Closing:
        """As `closing`, and a word of its own for a day that has left this laptop. Raises KioskError(NO_DAY)."""
        day = self.station.last_day()
        with self.database.read() as conn:
            gone = day is not None and register.is_purged(conn, day)
        return Closing(str(day), True, (), 0, 0, True, (), 0, (), purged=True) if gone else self.closing()

    def settle(self, event: str, keep: bool) -> None:
        """A deed that is on paper too stays or is voided, whole; the lead's word, as a correction. Raises KioskError(LEAD_NEEDED | …)."""
        reason = KEPT if keep else VOIDED
        self.station.correct(event, reason, void=not keep, whole=True, led=True)

    def count(self, typed: Sequence[str]) -> None:
        """What somebody counted by hand, entrance by entrance as `closing` listed them; "" for nobody. Raises KioskError(BAD_INPUT)."""
        for place, said in zip(self.now().places, typed, strict=False):
            number = said.strip()
            if number and not (number.isascii() and number.isdigit() and len(number) <= 6):
                raise KioskError(Code.BAD_INPUT, value=number[:12], allowed="0-999999")
            if number:
                self.counted[place] = int(number)
            else:
                self.counted.pop(place, None)

    def entrance(self, said: str) -> str:
        """The place of an entrance that is named as `closing` lists it, by its id or its name; "" is the lane without a place.

        Raises KioskError(BAD_INPUT) naming the entrances there are; also for a name that two of them have.
        """
        now, info = self.closing(), self.station.info
        with self.database.read() as conn:
            standing = [known.row for known in places.all_of(conn, info.kiosk, info.station.code) if not known.row.withdrawn]
        listed = [(place, line.entrance) for place, line in zip(now.places, now.tally, strict=True)]
        names = {self.station.place: info.lane} | {row.id: row.name for row in standing} | dict(listed)
        meant, wanted = said.strip().upper(), text.fold(said)
        found = [meant] if meant and meant in names else [place for place, name in names.items() if text.fold(name) == wanted]
        if len(found) != 1:
            shown = (f"{place} ({name})" if place else name for place, name in names.items())
            raise KioskError(Code.BAD_INPUT, value=said[:40], allowed=" | ".join(shown))
        return found[0]

    def reopen(self, reason: str, day: str = "") -> str:
        """A closed day ("": the last one) opens again (the lead, with a reason); another one that is open ends by it, unsigned.

        Returns the day. Raises KioskError(NO_DAY | BAD_INPUT | DAY_PURGED | LEAD_NEEDED | DAY_CLOSED).
        """
        day = self._day(day)
        with self.database.read() as conn:
            closed = [one for one, _ in register.closed_days(conn)]
        if day not in closed:
            raise KioskError(Code.BAD_INPUT, value=day[:20], allowed=" | ".join(closed) or "a closed day")
        self.station.begin_day(day, reason)
        return day

    def hand_over(self) -> bool:
        """True: the province knows what to expect of this day. Nothing is lost without it."""
        return self.send()

    def _day(self, day: str = "") -> str:
        day = day or self.station.last_day() or ""
        if not day:
            raise KioskError(Code.NO_DAY)
        with self.database.read() as conn:
            if register.is_purged(conn, day):  # its figures would all be nought
                raise KioskError(Code.DAY_PURGED, day=day)
        return day

    def close(self) -> Closing:
        """Signs the totals into the journal and closes the open day (the lead). Raises KioskError(NO_DAY | LEAD_NEEDED | UNSURE_FOUND)."""
        now = self.closing()
        if now.unsure and not now.closed:
            raise KioskError(Code.UNSURE_FOUND, count=len(now.unsure))
        said = {
            "visits": now.visits,
            "tickets": len(now.tickets),
            "tally": [[line.entrance, line.here, line.opened, -1 if line.counted is None else line.counted] for line in now.tally],
            "others": dict(now.others),
        }
        self.station.close_day(now.event_day, said)
        return now

    def report(self, day: str = "", again: int = 0) -> DayReport:
        """The figures of `day`, else of the open day, else of the last closed one. `again`: how often a printer had it once it was closed.

        Raises KioskError(NO_DAY | DAY_PURGED).
        """
        event_day = self._day(day)
        journal, closing = figures.of_day(self.database, event_day), self.closing(event_day)
        with self.database.read() as conn:
            today = register.today(conn, self.station.identity, event_day)
            closed_at = register.closed_at(conn, event_day)
            elsewhere = sum(one.reason != conflicts.AGAIN for one in conflicts.listed(conn, self.station.info.kiosk, event_day))
            on_duty = evening.of_day(conn, self.journal, event_day).officers
        info, shown = self.station.info, today.by_verdict
        return DayReport(
            station=info.station.name,
            station_code=info.station.code,
            ward=info.station.ward,
            district=info.station.district,
            kiosk=info.kiosk,
            label=info.label,
            event_day=event_day,
            made_at=self.clock.now().wall,
            opened_at=today.opened_at,
            closed_at=closed_at,
            again=again if closed_at is not None else 0,
            officers=tuple(self.names().get(officer, officer) for officer in on_duty),
            arrivals=today.by_source,
            declarations=today.by_mode,
            health_desk=shown.get(Act.HEALTH_DESK, 0),
            repeated=shown.get(Act.ALREADY_IN, 0),
            conflicts=elsewhere,
            not_confirmed=shown.get(Act.NOT_CONFIRMED, 0),
            other_codes=shown.get(Act.OTHER_CODE, 0),
            deferred=len(today.tickets),
            corrected=today.corrected,
            voided=today.voided,
            hours=today.by_hour,
            first=today.first,
            last=today.highest,
            events=journal.events,
            kinds=journal.kind_words,
            epochs=tuple(EpochLine(e.epoch, e.last, e.head, e.have, e.opened) for e in journal.epochs),
            aside=tuple(Aside(f"{info.kiosk}:{epoch}:{seq}", reason) for epoch, seq, reason in journal.refusals),
            tally=closing.tally,
            others=dict(closing.others),
            notes=self._notes(closing, journal.epochs),
        )

    @staticmethod
    def _notes(closing: Closing, epochs: Sequence[figures.EpochFigures]) -> tuple[str, ...]:
        """What the one who signs must know."""
        notes: list[str] = []
        if closing.tickets:
            shown = ", ".join(str(number) for number in closing.tickets[:20])
            notes.append(f"Còn {len(closing.tickets)} phiếu vào trước chưa khai: {shown}.")
        if closing.waiting:
            notes.append(f"Còn {closing.waiting} sự kiện chưa về tới tỉnh; máy tiếp tục gửi, hoặc chép ra USB.")
        for epoch in epochs:
            if epoch.into:
                notes.append(f"Chuỗi {epoch.epoch}: tỉnh giữ lịch sử khác; đoạn cuối đã chép sang chuỗi {epoch.into}.")
        for line in closing.tally:
            if line.counted is not None and line.counted != line.here:
                notes.append(f"{line.entrance}: máy ghi {line.here} lượt, đếm tay {line.counted}.")
        return tuple(notes)

    def make(self, order: Order, file: Path, again: int) -> int:
        """The report as a paper (papers.Maker). Raises KioskError(NO_DAY | PRINT_FAILED)."""
        return render(self.report(order.target, again), file)

    def code(self) -> str:
        """What the report's QR says: for the station's other kiosk. Raises KioskError(NO_DAY)."""
        return totals(self.report())


__all__: Sequence[str] = ("Closing", "Day")
