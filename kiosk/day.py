"""The close of the day, as far as paper goes: the figures of one kiosk and one day become a report that is printed and kept.

Printing is a separate act: a printer's fault never touches an event. No Qt, no network.
"""

from dataclasses import dataclass
from pathlib import Path

from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Order
from kiosk.printing.day_report import Aside, DayReport, EpochLine, render
from kiosk.station import Station
from kiosk.store import figures
from kiosk.store.engine import Database


@dataclass(frozen=True, slots=True)
class Day:
    """What a report is made of; compose.Parts fills it."""

    station: Station
    database: Database
    clock: Clock

    def report(self) -> DayReport:
        """The open day's figures, read in one snapshot. Raises KioskError(NO_DAY)."""
        event_day = self.station.day()
        if event_day is None:
            raise KioskError(Code.NO_DAY)
        today, journal = self.station.today(), figures.of_day(self.database, event_day)
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
            arrivals=today.by_source,
            declarations=today.by_mode,
            health_desk=shown.get(Act.HEALTH_DESK, 0),
            repeated=shown.get(Act.ALREADY_IN, 0),
            not_confirmed=shown.get(Act.NOT_CONFIRMED, 0),
            other_codes=shown.get(Act.OTHER_CODE, 0),
            corrected=today.corrected,
            voided=today.voided,
            hours=today.by_hour,
            first=today.first,
            last=today.highest,
            events=journal.events,
            epochs=tuple(EpochLine(e.epoch, e.last, e.head, e.have, e.opened) for e in journal.epochs),
            aside=tuple(Aside(f"{info.kiosk}:{epoch}:{seq}", reason) for epoch, seq, reason in journal.refusals),
        )

    def make(self, order: Order, file: Path, again: int) -> int:
        """The report as a paper (papers.Maker). Raises KioskError(NO_DAY | PRINT_FAILED)."""
        return render(self.report(), file)
