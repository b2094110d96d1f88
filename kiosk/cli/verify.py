"""`kiosk verify`: chain, database, second copy, receipts, running numbers."""

import argparse

from kiosk import compose
from kiosk.cli import output
from kiosk.errors import KioskError
from kiosk.i18n import _
from kiosk.store import damage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--settle", action="store_true", help="somebody has looked: what earlier starts announced goes away")
    parser.add_argument("--no-catch-up", action="store_true", help="look at the second copy as it is, without writing to it first")


def run(args: argparse.Namespace) -> int:
    with compose.enrolled(args.home) as parts:
        if not args.no_catch_up:
            parts.mirror.step()
        report = parts.verify()
        announced = parts.recovered.code or next(iter(damage.codes(args.home)), None)
        restored = parts.recovered.restored
        settled = damage.settle(args.home) if args.settle else 0
    if args.json:
        output.emit({**_plain(report), "restored": restored, "announced": announced, "settled": settled})
    else:
        wrong = _("Nhật ký có chỗ không khớp; không có gì bị xóa. Báo người phụ trách kỹ thuật.")
        print(_("Nhật ký còn nguyên vẹn.") if report.ok else wrong)
        print(f"  {report.events} · {report.head[:16]}")
        if announced is not None:
            output.complain(KioskError(announced, restored=restored))
        for finding in report.findings:
            print(f"  {finding.kind} {finding.seq}: {finding.detail}")
    return int(not report.ok)


def _plain(report: object) -> dict[str, object]:
    ok, events, head, findings = (getattr(report, k) for k in ("ok", "events", "head", "findings"))
    return {"ok": ok, "events": events, "head": head, "findings": [{"kind": f.kind, "seq": f.seq, "detail": f.detail} for f in findings]}
