"""`kiosk verify`: chain, database, second copy, receipts, running numbers."""

import argparse

from kiosk import words
from kiosk.cli import opened, output
from kiosk.errors import Code
from kiosk.i18n import _
from kiosk.store import check, damage

LOST = "lost records, taken back from the second copy; once looked at: kiosk verify --settle"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--settle", action="store_true", help="somebody has looked: what earlier starts announced goes away")
    parser.add_argument("--no-catch-up", action="store_true", help="look at the second copy as it is, without writing to it first")


def run(args: argparse.Namespace) -> int:
    with opened.enrolled(args.home) as parts:
        if not args.no_catch_up:
            parts.mirror.step()
        report = parts.verify()
        told = parts.announced()
        announced = next(iter(told), None)
        restored, notes = parts.recovered.restored, damage.standing(args.home)
        settled = damage.settle(args.home) if args.settle else 0
    whole = report.ok
    if lost := Code.MIRROR_AHEAD in told and not settled:  # whole again, and found wrong: only people can say that nothing else is missing
        report.findings.append(check.Finding("database", 0, f"{LOST} ({Code.MIRROR_AHEAD.value})"))
        report.ok = False
    if args.json:
        output.emit({**_plain(report), "restored": restored, "announced": announced, "notes": notes, "settled": settled})
    else:
        wrong = _("Nhật ký có chỗ không khớp; không có gì bị xóa. Báo người phụ trách kỹ thuật.")
        print(wrong if not whole else words.condition(Code.MIRROR_AHEAD).line if lost else _("Nhật ký còn nguyên vẹn."))
        print(f"  {report.events} · {report.head[:16]}")
        for found in notes:
            print(f"  {words.full(found.at)} {found.code}: {found.detail}")
        if notes and not settled:
            print(_("Xem xong, chạy kiosk verify --settle để máy thôi nhắc."))
        for finding in report.findings:
            print(f"  {finding.kind} {finding.seq}: {finding.detail}")
    return int(not report.ok)


def _plain(report: object) -> dict[str, object]:
    ok, events, head, findings = (getattr(report, k) for k in ("ok", "events", "head", "findings"))
    return {"ok": ok, "events": events, "head": head, "findings": [{"kind": f.kind, "seq": f.seq, "detail": f.detail} for f in findings]}
