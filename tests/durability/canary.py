"""A canary: one invented name, its numbers and its telephone go through everything the program does, and must be found nowhere but
sealed. Records, corrections, look-ups, papers, checks, rebuilds, bundles, faults and SIGKILLs in random order; then every file that
was left (home, temporary folder, user's folders) is searched, as it lies and unpacked, in every spelling a program could leave.

Usage: python -m tests.durability.canary [--records 500] [--operations 10000] [--seed N]
Exit 1 when it is found, or when too little was recorded for the search to mean anything.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import random
import re
import shutil
import sys
import tempfile
import traceback
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kiosk import compose, log, logfile
from kiosk.domain.declaration import example, from_json
from kiosk.errors import KioskError
from kiosk.ports import Sighting
from tests import builders
from tests.durability import oracle, running

NAME = "Thạch Ngọc Bửu Chăm"
NUMBERS = "046190"  # all ID numbers of the run begin so; the next digits are the record's
PHONE = "0905123987"
LOST = 71  # exit code of a child that was to be killed


@dataclass
class Outcome:
    operations: Counter[str] = field(default_factory=Counter)
    records: int = 0
    kills: int = 0
    faults: int = 0
    files: int = 0
    found: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


class Day:
    """One kiosk and what is done with it. `parts` is open most of the time, as in the window."""

    def __init__(self, folder: Path, rnd: random.Random, records: int) -> None:
        self.folder, self.rnd, self.out = folder, rnd, Outcome()
        self.wanted, self.events = records, list[str]()
        self.home = builders.enrolled_home(folder / "home", builders.province_for_today())
        self.numbers = [f"{NUMBERS}{rnd.randrange(10**6):06d}" for _ in range(records)]
        self.parts: compose.Parts | None = None

    # -- acts in the open program ---------------------------------------------------------------------------------

    def station(self) -> compose.Parts:
        if self.parts is None:
            self.parts = compose.open_parts(self.home)
            logfile.open_log(self.home)
        return self.parts

    def shut(self) -> None:
        if self.parts is not None:
            self.parts.close()
            self.parts = None
            log.close_log()

    def said(self, number: str) -> dict[str, object]:
        return example() | {"full_name": NAME, "id_number": number, "phone": PHONE, "email": "chamchim@example.com"}

    def declare(self) -> None:
        said = self.station().station.declare(from_json(self.said(self.rnd.choice(self.numbers))))
        self.events += [said.event] * bool(said.event)

    def card(self) -> None:
        number = self.rnd.choice(self.numbers)
        raw = f"{number}|190500001|{NAME}|25071990|Nữ|Tổ 3, An Cựu, Thành phố Huế, Thừa Thiên Huế|01052021".encode()
        self.station().station.scan(Sighting(os.urandom(8), raw, "typed"))

    def correct(self) -> None:
        if self.events:
            with contextlib.suppress(KioskError):
                self.station().station.correct(self.rnd.choice(self.events), f"nhầm với {NAME}", void=self.rnd.random() < 0.3)

    def seen(self) -> None:
        self.station().station.seen("moh")

    def leave(self) -> None:
        self.station().station.leave(Sighting(os.urandom(8), self.rnd.choice(self.numbers).encode(), "typed"))

    def mirror(self) -> None:
        self.station().mirror.step()

    # -- commands, as another process would ask -------------------------------------------------------------------

    def command(self, *words: str, stdin: str = "") -> None:
        before, sys.stdin = sys.stdin, io.StringIO(stdin)
        try:
            running.here(self.home, *words)
        finally:
            sys.stdin = before

    def lookup(self) -> None:
        words = self.rnd.choice([[NAME], [self.rnd.choice(self.numbers)], ["Chăm 1990"], ["thach ngoc"]])
        self.command("lookup", "--local", "--reason", "at_the_door", *words)

    def look_closer(self) -> None:
        if self.events:
            self.command("lookup", "--details", self.rnd.choice(self.events), "--reason", "correction")

    def declare_command(self) -> None:
        self.command("declare", "--file", "-", stdin=json.dumps(self.said(self.rnd.choice(self.numbers)), ensure_ascii=False))

    def refused(self) -> None:
        """What is refused is told in words, and the words must not be kept."""
        wrong = self.said("12") | {"birth_date": NAME, "phone": NAME}
        self.command("declare", "--file", "-", stdin=json.dumps(wrong, ensure_ascii=False))
        self.command("correct", f"{NAME}:0:0", "--reason", NAME)
        self.command("scan", f"HU1:{NAME}")

    def paper(self) -> None:
        """Slips and tickets may stay as files: they have initials. A declaration's file goes where the officer says."""
        event = self.rnd.choice(self.events) if self.events else "x"
        self.command("print", "slip", event)
        away = self.folder / "handed-over.pdf"
        self.command("print", "declaration", event, "--out", str(away))
        away.unlink(missing_ok=True)

    def report(self) -> None:
        self.command("print", "report")

    def check(self) -> None:
        self.shut()
        self.command(self.rnd.choice(["status", "verify", "journal", "rebuild", "sync"]))

    def bundle(self) -> None:
        self.command("doctor", "--bundle", str(self.home / "support.zip"))

    def restore(self) -> None:
        self.shut()
        self.command("restore", str(self.home / "journal.sealed"))

    # -- things that go wrong ------------------------------------------------------------------------------------

    def kill(self) -> None:
        """A child in the middle of its work is killed, or ends by a fault whose message quotes the voter."""
        self.shut()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                self._die()
            os._exit(LOST)
        os.waitpid(pid, 0)
        self.out.kills += 1

    def _die(self) -> None:
        with compose.open_parts(self.home) as parts, parts.database.write() as conn:
            said = from_json(self.said(self.numbers[0]))
            parts.journal.append(conn, parts.station.day() or "", [], parts.clock.now(), NAME, 1)
            del said
            os.kill(os.getpid(), 9)

    def fault(self) -> None:
        """A fault of ours on a command's way: the report and the log may have its class and its places."""
        from kiosk.domain import verdict

        def broken(*_args: object, **_more: object) -> None:
            voter = NAME
            raise ValueError(f"{voter} {self.numbers[0]} {PHONE}")

        good, verdict.judge = verdict.judge, broken  # type: ignore[assignment]
        try:
            self.shut()
            self.command("scan", self.numbers[0])
        finally:
            verdict.judge = good
        self.out.faults += 1


def weights() -> list[tuple[Callable[[Day], None], int]]:
    """What is done how often; a command costs twenty acts."""
    often: list[tuple[Callable[[Day], None], int]] = [
        (Day.declare, 240),
        (Day.card, 330),
        (Day.correct, 90),
        (Day.seen, 40),
        (Day.leave, 60),
    ]
    often += [(Day.mirror, 120), (Day.lookup, 14), (Day.look_closer, 6), (Day.declare_command, 12), (Day.refused, 6), (Day.paper, 5)]
    return [*often, (Day.report, 2), (Day.check, 14), (Day.bundle, 3), (Day.restore, 2), (Day.kill, 10), (Day.fault, 4)]


def live(day: Day, operations: int) -> None:
    """So many operations; each kind at least once."""
    kinds, shares = zip(*weights(), strict=True)
    planned = [*kinds, *day.rnd.choices(kinds, shares, k=max(0, operations - len(kinds)))]
    day.rnd.shuffle(planned)
    for number in day.numbers:  # the records themselves
        said = day.station().station.declare(from_json(day.said(number)))
        day.events.append(said.event)
    for act in planned:
        day.out.operations[act.__name__] += 1
        try:
            act(day)
        except KioskError:
            continue
        except Exception as error:
            day.out.findings.append(
                f"{act.__name__}: {type(error).__name__}: {''.join(traceback.format_tb(error.__traceback__)[-1:])}"[:400]
            )
            if len(day.out.findings) > 5:
                return


# -- the search --------------------------------------------------------------------------------------------------------


def needles(numbers: list[str]) -> dict[str, bytes]:
    """Every spelling in which a program could leave the canary behind."""
    folded = "".join(c for c in unicodedata.normalize("NFD", NAME) if not unicodedata.combining(c))
    texts = {
        "as it is": NAME,
        "NFD": unicodedata.normalize("NFD", NAME),
        "folded": folded.lower(),
        "FOLDED": folded.upper(),
        "plain": folded,
    }
    texts |= {"upper": NAME.upper(), "given name": "Bửu Chăm", "phone": PHONE, "phone +84": "84" + PHONE[1:], "mail": "chamchim"}
    out = {f"{what} utf-8": text.encode() for what, text in texts.items()}
    out |= {f"{what} utf-16": text.encode("utf-16-le") for what, text in texts.items()}
    out |= {"escaped": NAME.encode("unicode_escape"), "JSON": json.dumps(NAME)[1:-1].encode(), "hex": NAME.encode().hex().encode()}
    out |= {f"base64 {n}": base64.b64encode(b"\0" * n + NAME.encode())[4 : -4 or None] for n in range(3)}
    return out | {f"number {number}": number.encode() for number in numbers}


def unpacked(path: Path) -> Iterator[bytes]:
    """A file as it lies; members of a ZIP; what a PDF has deflated, and its text as a reader sees it."""
    data = path.read_bytes()
    yield data
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            yield from (bundle.read(name) for name in bundle.namelist())
    if data.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
            for unpack in (zlib.decompress, lambda s: zlib.decompress(base64.a85decode(s.strip(), adobe=False))):
                with contextlib.suppress(Exception):
                    yield unpack(stream.removesuffix(b"\n").removesuffix(b"~>"))
        import pypdf

        yield "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages).encode()


def search(folders: list[Path], numbers: list[str], out: Outcome) -> None:
    wanted = needles(numbers)
    anything = re.compile(b"|".join(re.escape(needle) for needle in sorted(wanted.values(), key=len, reverse=True)))
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            out.files += 1
            names = [str(path.relative_to(folder)).encode()]
            for data in (*names, *unpacked(path)):
                if hit := anything.search(data):
                    what = next(name for name, needle in wanted.items() if needle == hit[0])
                    out.found.append(f"{path.relative_to(folder)}: {what}")
                    break


def fly(folder: Path, records: int, operations: int, seed: int) -> Outcome:
    """The whole run. Temporary files and the user's folders are inside `folder` and searched too."""
    places = {name: folder / "user" / name.lower() for name in ("HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
    before, kept = {name: os.environ.get(name) for name in places}, tempfile.tempdir
    for place in places.values():
        place.mkdir(parents=True)
    os.environ |= {name: str(place) for name, place in places.items()}
    tempfile.tempdir = str(places["TMPDIR"])
    day = Day(folder, random.Random(seed), records)
    try:
        live(day, operations)
        day.mirror()
        killed = folder / "crashed"  # as a crash leaves it: WAL and shared memory in place
        shutil.copytree(day.home, killed)
    finally:
        day.shut()
        tempfile.tempdir = kept
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
    search([day.home, killed, folder / "user"], day.numbers, day.out)
    day.out.records = sum(row.fields.get("full_name") == NAME for row in oracle.ledger(day.home).rows)
    if not (killed / "journal.db-wal").exists():
        day.out.findings.append("no WAL was searched")
    return day.out


def line(out: Outcome, seed: int) -> str:
    done = sum(out.operations.values())
    good = "ok" if done and out.records and out.kills and out.faults and not out.found and not out.findings else "FAILED"
    counts = f"operations={done} records={out.records} kills={out.kills} faults={out.faults} files={out.files}"
    return f"{counts} found={len(out.found)} findings={len(out.findings)} seed={seed} {good}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args(argv)
    seed = running.seed_of(args.seed)
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        out = fly(Path(folder), args.records, args.operations, seed)
    return running.ended([*out.found, *out.findings], line(out, seed))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
