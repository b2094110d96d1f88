"""The close of the day, as far as paper goes: the figures of one kiosk and one day become a report that is printed and kept.

Printing is a separate act: a printer's fault never touches an event. No Qt, no network.
"""

from dataclasses import dataclass
from pathlib import Path

from kiosk.devices import spooler
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, PrintJob
from kiosk.printing.day_report import Aside, DayReport, EpochLine, render
from kiosk.settings import Settings
from kiosk.station import Station
from kiosk.store import figures
from kiosk.store.engine import Database


@dataclass(frozen=True, slots=True)
class Day:
    """What a report is made of; compose.Parts fills it."""

    home: Path
    settings: Settings
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

    def print_report(self, out: Path | None = None, printer: str | None = None) -> PrintJob:
        """Renders the report and hands it to the printer (`out`: to this file alone). Raises KioskError(NO_DAY | PRINT_FAILED)."""
        report = self.report()
        folder = self.settings.papers(self.home)
        file = out or folder / f"bao-cao-{report.event_day}-{report.label}.pdf"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KioskError(Code.PRINT_FAILED, printer="", why=error.strerror or "") from error
        pages = render(report, file)
        if out is not None and printer is None:
            return PrintJob(file, pages)
        chosen = spooler.open_printer(self.settings.printer if printer is None else printer, folder)
        return PrintJob(file, pages, chosen.name, chosen.print(file, f"{report.label} {report.event_day}"))


