"""`kiosk doctor`: the start-of-day check. Green, amber, red, each with its cure; without an enrolment only what that needs not."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from kiosk import checks, checkup, compose, machine, support
from kiosk.checks import Finding
from kiosk.cli import opened, output
from kiosk.equipment import remembered
from kiosk.errors import Code, KioskError
from kiosk.i18n import _
from kiosk.ports import Order
from kiosk.settings import load

LEAST_S, MOST_S = 0.5, 50.0  # of a trial
MARKS = {"ok": "✔", "limited": "!", "missing": "✖"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--camera", help="try this camera with the test card (a name, number, picture, video, folder or URL)")
    parser.add_argument("--trial", action="store_true", help="try the camera of the settings with the test card")
    parser.add_argument("--seconds", type=_seconds, default=checkup.TRIAL_S, help="how long the card is held up: 0.5-50")
    parser.add_argument("--typed", metavar="TEXT", help="what a USB scanner typed when it read the test card")
    parser.add_argument("--print", action="store_true", help="print the result as one page")
    parser.add_argument("--out", type=Path, help="write that page to this file")
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="also writes a ZIP for the hotline: no names, numbers, answers or keys")


def _seconds(text: str) -> float:
    """Raises ArgumentTypeError: no trial for ever, for no time, or for a time before this one."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_S <= seconds <= MOST_S:  # false for what is no number, too
        raise argparse.ArgumentTypeError(_("{text}: cần số giây từ 0.5 đến 50").format(text=repr(text[:20])))
    return seconds


def run(args: argparse.Namespace) -> int:
    """Exit 1 when something is missing without which no voter can be recorded. Once enrolled, the result is kept with the day."""
    for file in (args.out, args.bundle):
        if file is not None:
            output.usable(file)
    began, found = time.monotonic(), list[Finding]()
    for finding in _machine(args):
        found.append(finding)
        _show(finding, args.json)
    try:
        with opened.enrolled(args.home) as parts:
            for finding in checkup.day_findings(parts):
                found.append(finding)
                _show(finding, args.json)
            parts.checked(found, time.monotonic() - began)
            if args.print or args.out is not None:
                job = parts.papers.print(Order("start-check"), args.out)
                output.say(str(job.file))
    except KioskError as error:
        if error.code not in (Code.NOT_ENROLLED, Code.HOME_UNUSABLE):  # the latter is among the machine's findings
            found.append(Finding("database", "missing", error.code.value))
            output.complain(error)
        if args.print or args.out is not None:
            output.say(_("Máy chưa mở sổ: phiếu không mang tên khu vực, và không được giữ lại với ngày."))
            job = compose.print_loose(args.home, "phieu-kiem-tra", lambda file: _page(file, found, time.monotonic() - began), args.out)
            output.say(str(job.file) if job.printer in ("", "pdf") else f"{job.printer} {job.job}")
    if args.bundle is not None:
        support.write(args.home, args.bundle, found)
        output.say(_("Gói hỗ trợ: {file}. Không có tên, số hay khóa trong đó; gửi cho 19001075.").format(file=args.bundle))
    return int(checks.worst(found) == "missing")


def _machine(args: argparse.Namespace) -> Iterator[Finding]:
    yield from machine.machine_findings(args.home)
    if args.camera is not None or args.trial:
        spec = args.camera if args.camera is not None else remembered(args.home, load(args.home)).camera
        output.say(_("Giơ thẻ thử trước camera, giữ yên…"))
        yield from checkup.camera_findings(spec, args.seconds)
    if args.typed is not None:
        yield checkup.typed_finding(args.typed)


def _page(file: Path, found: list[Finding], seconds: float) -> int:
    """The page of a machine without a station."""
    from kiosk.printing import start_check

    rows, now = [(checks.item_label(f.item), f.state, f.detail, f.cure) for f in found], int(time.time() * 1000)
    return start_check.render(start_check.StartCheck("", "", "", "", now, now, rows, seconds), file)


def _show(finding: Finding, as_json: bool) -> None:
    if as_json:
        output.emit(finding)
    else:
        detail = f"{MARKS[finding.state]} {checks.item_label(finding.item):<16} {finding.detail}"
        print(detail + (f"\n  → {finding.cure}" if finding.cure else ""))
