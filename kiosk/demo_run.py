"""Plays the demonstration: composes demo.py's pieces with the real window, and ends the day as a station lead would."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QTimer

from kiosk import app, compose, demo, demo_voters
from kiosk.app import Program
from kiosk.devices.camera import list_cameras
from kiosk.settings import Settings


class Show(msgspec.Struct, frozen=True):
    """How to play: `pace` seconds between voters, `headless` presses the keys too, `drawn` voters or a real camera."""

    out: Path
    settings: Settings
    voters: int
    pace: float
    seed: int
    headless: bool
    drawn: bool = True
    pictures: bool = True


class Problems(logging.Handler):
    """Every warning and error logged while the show runs; a demonstration with one in it did not go well."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


class Stagehand(msgspec.Struct):
    """Grabs each kind of page once, and closes the window at the end."""

    out: Path
    wanted: bool
    taken: set[str] = msgspec.field(default_factory=set)
    program: Program | None = None

    def grab(self, name: str) -> None:
        if self.wanted and self.program is not None and name not in self.taken:
            self.taken.add(name)
            folder = self.out / "pictures"
            folder.mkdir(parents=True, exist_ok=True)
            self.program.window.grab().save(str(folder / f"{len(self.taken):02d}-{name}.png"))


def webcam() -> str | None:
    """The first webcam's index, or None."""
    found = list_cameras()
    return str(found[0][0]) if found else None


def play(show: Show, progress: Callable[[int], object], watch: Callable[[Program], object] = lambda _program: None) -> dict[str, Any]:
    """The whole show; returns the summary. `watch` is told the program before voters come (a benchmark measures with it)."""
    problems = Problems()
    logging.getLogger("kiosk").addHandler(problems)
    ready = demo.prepare(show.out)
    try:
        with compose.open_parts(ready.home, show.settings) as parts:
            tally = _window(show, ready, parts, progress, watch)
            report = demo.close_of_day(parts, show.out)
            told = demo.summary(parts, tally)
            verified = parts.verify()
    finally:
        ready.province.stop()
        logging.getLogger("kiosk").removeHandler(problems)
    found = problems.lines + [f"{f.kind} {f.seq} {f.detail}" for f in verified.findings]
    return {**told, "report": str(report), "seed": show.seed, "problems": found}


def _window(
    show: Show, ready: demo.Ready, parts: compose.Parts, progress: Callable[[int], object], watch: Callable[[Program], object]
) -> demo.Tally:
    hand = Stagehand(show.out, show.pictures and show.headless)
    voters = demo_voters.queue(show.voters if show.drawn else 0, show.seed, ready.secrets, int(time.time() * 1000))
    gate = demo.staged(voters, show.seed, paced=show.pace > 0) if show.drawn else None
    conductors: list[demo.Conductor] = []

    def last() -> None:
        if show.headless:
            _look_around(hand)

    def conduct(program: Program) -> None:
        hand.program = program
        if show.headless:
            program.window.resize(1366, 768)
        watch(program)
        if gate is not None:
            conductor = demo.Conductor(voters, gate, show.pace, show.headless, last)
            conductor.on_voter, conductor.on_page = progress, hand.grab
            conductor.conduct(program)
            conductors.append(conductor)

    app.run(ready.home, show.settings, gate, parts, conduct)
    return conductors[0].tally if conductors else demo.Tally()


def _look_around(hand: Stagehand) -> None:
    """After the last voter: today's page, the devices' page, and the window closes."""
    assert hand.program is not None
    window = hand.program.window
    steps: list[tuple[int, Callable[[], object]]] = [
        (0, window.open_today),
        (1000, lambda: hand.grab("today")),
        (0, window.open_devices),
        (2000, lambda: hand.grab("devices")),
        (0, window.close),
    ]

    def one(number: int) -> None:
        steps[number][1]()
        if number + 1 < len(steps):
            QTimer.singleShot(steps[number + 1][0], lambda: one(number + 1))

    one(0)
