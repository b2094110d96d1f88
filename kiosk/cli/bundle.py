"""`kiosk bundle export FILE` and `kiosk bundle receipts FILE`: the stick, out and home."""

import argparse
from pathlib import Path

from kiosk import compose
from kiosk.cli import output
from kiosk.i18n import _
from kiosk.sync.bundle import Taken, Written


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("export", "receipts"))
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--all", action="store_true", help="export: also what the province has acknowledged")


def run(args: argparse.Namespace) -> int:
    """Exit 0: written, or everything in the file taken; 1: something in it was not to be believed, or it ends early."""
    with compose.enrolled(args.home) as parts:
        if args.action == "export":
            return _export(parts, args)
        return _receipts(parts, args)


def _export(parts: compose.Parts, args: argparse.Namespace) -> int:
    made = parts.stick.export(args.file, parts.station.day(), args.all)
    if parts.station.day() is not None:
        parts.station.audit("bundle_export", count=made.events)
        parts.mirror.step()
    _show(made, args.json)
    output.say(written(made))
    return 0


def _receipts(parts: compose.Parts, args: argparse.Namespace) -> int:
    taken = parts.stick.receipts(args.file)
    parts.directory.refresh()
    if parts.station.day() is not None:
        parts.station.audit("bundle_receipts", count=taken.events)
        parts.mirror.step()
    _show(taken, args.json)
    output.say(home(taken))
    return int(bool(taken.rejected or taken.trouble))


def _show(answer: Written | Taken, as_json: bool) -> None:
    if as_json:
        output.emit(answer)


def written(made: Written) -> str:
    """What to do with the file now."""
    return _("Đã ghi {events} sự kiện ra tệp. Mang USB về tỉnh; dữ liệu vẫn còn trong máy này.").format(events=made.events)


def home(taken: Taken) -> str:
    text = _("Tỉnh đã nhận thêm {events} sự kiện; có {feed} mục tin mới.").format(events=taken.events, feed=taken.feed)
    if taken.trouble:
        text += "\n" + _("Tệp bị đứt hoặc hỏng giữa chừng; phần trước đó đã dùng. Hãy chép lại tệp từ tỉnh.")
    if taken.rejected:
        text += "\n" + _("{count} mục không phải câu trả lời của tỉnh cho máy này nên không dùng.").format(count=taken.rejected)
    return text
