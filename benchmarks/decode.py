"""The scanner's decoder beside pyzbar (zbar, binary mode) and zxing-cpp alone, in one process, on the same bytes.

Usage: python -m benchmarks.decode [PICTURES …] [--frames FOLDER] [--stills N] [--presentations N] [--floors]

PICTURES and FRAMES are folders with an `expected.tsv`: columns `file`, `expected_json` (the texts, [] for none) and, where there are
any, `group` or `difficulty` (rows of the table), `sequence` and `frame` (a presentation, shown to a fresh live decoder frame by frame).
Without folders only frames of our own generator (tests/webcam.py) are read. An answer is exact when its bytes are one of the texts in
UTF-8, Shift-JIS or Latin-1, blanks at the end left alone; anything else is wrong, and one wrong answer is exit 1.
"""

import argparse
import csv
import json
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import pairs
from kiosk.devices import replay
from kiosk.devices.decoder import ZBAR, ZXING, Alone, Cascade, QrDecoder, spent
from kiosk.devices.hints import Hints
from kiosk.devices.quality import Quality
from kiosk.ports import Decoder, Frame
from kiosk.scanner import Scanner
from tests import webcam

ENCODINGS = ("utf-8", "shift_jis", "latin-1")
PAIRS = 5
EMPTY_LIMIT, PLAIN_LIMIT = 0.2, 1.5  # of pyzbar on frames without a code; of zxing-cpp alone on frames with a plain one
LIVE_PYZBAR, LIVE_ZXING = 1.7, 1.05  # times as many presentations read by the eighth frame
FLOORS = {"photographs": 113 / 118, "frames": 0.88}

Makers = dict[str, Callable[[], Decoder]]
ALONE: Makers = {"pyzbar": lambda: Alone(ZBAR), "zxing-cpp": lambda: Alone(ZXING)}
STILL: Makers = ALONE | {"scanner": QrDecoder}


@dataclass(frozen=True)
class Picture:
    """`answers`: the bytes that count as exact, [] for a picture without a code."""

    image: replay.Image
    answers: frozenset[bytes]
    group: str


@dataclass
class Table:
    """Hits, pictures with a code and wrong answers by engine and row."""

    hits: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    total: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def share(self, engine: str) -> float:
        return self.hits[engine].total() / max(1, self.total.total())

    def show(self, title: str, engines: Iterable[str]) -> None:
        names = list(engines)
        print(f"\n{title}\n{'':<16}{'n':>6}" + "".join(f"{name:>12}" for name in names))
        for row, count in sorted(self.total.items()):
            print(f"{row:<16}{count:>6}" + "".join(f"{self.hits[name][row]:>12}" for name in names))
        print(f"{'all':<16}{self.total.total():>6}" + "".join(f"{self.hits[name].total():>12}" for name in names))
        print(f"{'share':<22}" + "".join(f"{self.share(name):>12.1%}" for name in names))
        print(f"{'wrong':<22}" + "".join(f"{self.wrong[name]:>12}" for name in names), flush=True)


def answers(texts: Sequence[str]) -> frozenset[bytes]:
    found = set()
    for text in texts:
        for encoding in ENCODINGS:
            try:
                found.add(text.encode(encoding).rstrip())
            except UnicodeEncodeError:
                continue
    return frozenset(found)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "expected.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def picture(folder: Path, row: dict[str, str]) -> Picture:
    group = row.get("group") or row.get("difficulty") or "all"
    return Picture(replay.read_picture(folder / row["file"]), answers(json.loads(row["expected_json"])), group)


class Shown:
    """A presentation as a camera: one frame a read."""

    name = "shown"

    def __init__(self, frames: Sequence[replay.Image]) -> None:
        self._frames, self._number = list(frames), 0

    def read(self) -> Frame | None:
        if self._number == len(self._frames):
            return None
        self._number += 1
        return Frame(self._frames[self._number - 1], self._number / 30, self._number)

    def close(self) -> None:
        """Nothing to close."""


def scanned(frames: list[Picture]) -> list[bytes]:
    """What the real scanner loop takes from a presentation, frame by frame, with its budget, hints and acceptance."""
    clock, decoder = iter(n / 30 for n in range(1_000_000)), Cascade()
    shown = Shown([one.image for one in frames])
    scanner = Scanner(lambda: shown, decoder, lambda: next(clock), quality=Quality(), hints=Hints(decoder))
    return [taken.raw for taken in (scanner.step() for _ in frames) if taken is not None]


def judge(table: Table, name: str, decoder: Decoder, one: Picture) -> bool:
    """True if an exact answer came; counts the wrong ones."""
    found = {code.raw.rstrip() for code in decoder.decode(one.image)}
    table.wrong[name] += len(found - one.answers)
    return bool(found & one.answers)


def read_stills(title: str, pictures: Iterable[Picture]) -> Table:
    """Every picture on its own, everything tried."""
    table, decoders = Table(), {name: make() for name, make in STILL.items()}
    for one in pictures:
        table.total[one.group] += bool(one.answers)
        for name, decoder in decoders.items():
            table.hits[name][one.group] += judge(table, name, decoder, one)
    table.show(title, STILL)
    return table


def read_live(title: str, presentations: Iterable[list[Picture]]) -> Table:
    """Read by the last of its frames? Each presentation meets a fresh decoder, one frame after the other."""
    table = Table()
    for frames in presentations:
        table.total["presentations"] += 1
        answers, raws = frames[0].answers, {raw.rstrip() for raw in scanned(frames)}
        table.hits["scanner"]["presentations"] += bool(raws & answers)
        table.wrong["scanner"] += len(raws - answers)
        for name, make in ALONE.items():
            decoder = make()
            table.hits[name]["presentations"] += any([judge(table, name, decoder, one) for one in frames])
    table.show(title, (*ALONE, "scanner"))
    return table


def cost(title: str, images: Sequence[replay.Image], reference: str, limit: float) -> bool:
    """CPU a frame of the live decoder beside the reference, in interleaved pairs; one decoder for all frames, as in the loop."""
    if not images:
        print(f"{title}: n=0, nothing measured")
        return False
    other, live = ALONE[reference](), Cascade()
    times: list[tuple[list[float], list[float]]] = []
    for _ in range(PAIRS):
        ours, theirs = [], []
        for image in images:
            for decoder, took in ((live, ours), (other, theirs)):
                began = spent()
                decoder.decode(image)
                took.append(spent() - began)
        times.append((ours, theirs))
    if limit == EMPTY_LIMIT:
        ratios, what = [statistics.fmean(a) / statistics.fmean(b) for a, b in times], "mean"
    else:
        ratios, what = [pairs.percentile(a, 0.95) / pairs.percentile(b, 0.95) for a, b in times], "p95"
    ms = statistics.fmean(statistics.fmean(a) for a, _ in times) * 1000
    good = statistics.median(ratios) <= limit
    print(
        f"{title}, {what}: {statistics.median(ratios):.3f}x of {reference} (limit {limit}x) {'ok' if good else 'OVER'}"
        f"  [{min(ratios):.3f}..{max(ratios):.3f}] n={len(images)} x {PAIRS}, {ms:.2f} ms a frame",
        flush=True,
    )
    return good


def own_stills(count: int) -> Iterator[Picture]:
    for kind in webcam.KINDS:
        for seed in range(count):
            image, raw = webcam.still(kind, seed)
            yield Picture(image, frozenset([raw]), kind)


def own_presentations(count: int) -> Iterator[list[Picture]]:
    for seed in range(count):
        frames, raw = webcam.presentation(seed)
        yield [Picture(image, frozenset([raw]), "live") for image in frames]


def sequences(folder: Path, table: list[dict[str, str]]) -> Iterator[list[Picture]]:
    by: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in table:
        by[row["sequence"]].append(row)
    for several in by.values():
        yield [picture(folder, row) for row in sorted(several, key=lambda row: int(row["frame"]))]


def live_holds(table: Table) -> bool:
    """Enough presentations read, beside both engines alone."""
    ours = table.hits["scanner"].total()
    ratios = {name: ours / max(1, table.hits[name].total()) for name in ALONE}
    good = ratios["pyzbar"] >= LIVE_PYZBAR and ratios["zxing-cpp"] >= LIVE_ZXING
    said = f"{ratios['pyzbar']:.2f}x of pyzbar (floor {LIVE_PYZBAR}x), {ratios['zxing-cpp']:.2f}x of zxing-cpp (floor {LIVE_ZXING}x)"
    print(f"live presentations read by the last frame: {said} {'ok' if good else 'UNDER'}")
    return good


def folder_figures(folder: Path) -> list[bool]:
    """One folder with an expected.tsv: its single pictures, its presentations, its empty frames."""
    table, good = rows(folder), []
    single = [row for row in table if not row.get("sequence")]
    if single:
        made = read_stills(f"single pictures of {folder.name}", (picture(folder, row) for row in single))
        good.append(made.wrong["scanner"] == 0)
        floor = FLOORS["frames" if "sequence" in single[0] else "photographs"]
        good.append(made.share("scanner") >= floor)
        print(f"exact on {made.share('scanner'):.1%} (floor {floor:.1%}), wrong {made.wrong['scanner']}: {'ok' if all(good) else 'UNDER'}")
    if live := [row for row in table if row.get("sequence")]:
        made = read_live(f"presentations of {folder.name}", sequences(folder, live))
        good += [made.wrong["scanner"] == 0, live_holds(made)]
    empty = [picture(folder, row).image for row in single if row["expected_json"] == "[]" and "sequence" in row]
    if empty:
        good.append(cost(f"frames without a code of {folder.name}", empty * 8, "pyzbar", EMPTY_LIMIT))
    return good


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 1 when nothing was measured, an answer was wrong, or a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decode", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders with an expected.tsv")
    parser.add_argument("--stills", type=int, default=8, help="frames of each kind of our own generator")
    parser.add_argument("--presentations", type=int, default=20, help="presentations of our own generator (100 for the record)")
    args = parser.parse_args(argv)
    for make in STILL.values():
        if missing := make().missing:
            print(f"decode: n=0, not measured: {missing}")
            return 1
    good: list[bool] = [figure for folder in args.folders for figure in folder_figures(folder)]
    if args.stills:
        made = read_stills("single frames of our own generator", own_stills(args.stills))
        good += [made.wrong["scanner"] == 0, made.share("scanner") >= FLOORS["frames"]]
        plain = [webcam.still("plain", seed)[0] for seed in range(24)]
        readable = [image for image in plain if Alone(ZXING).decode(image)]
        good.append(cost("frames with a plain code", readable, "zxing-cpp", PLAIN_LIMIT))
        good.append(cost("our own frames without a code", [webcam.empty(seed) for seed in range(24)] * 4, "pyzbar", EMPTY_LIMIT))
    if args.presentations:
        made = read_live("presentations of our own generator", own_presentations(args.presentations))
        good += [made.wrong["scanner"] == 0, live_holds(made)]
    return pairs.finish(good)


if __name__ == "__main__":
    sys.exit(main())
