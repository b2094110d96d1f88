"""`kiosk verify`: chain, database, second copy, receipts, running numbers."""

import argparse

from kiosk import compose
from kiosk.cli import output
from kiosk.errors import KioskError
from kiosk.i18n import _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-catch-up", action="store_true", help="look at the second copy as it is, without writing to it first")


def run(args: argparse.Namespace) -> int:
    with compose.enrolled(args.home) as parts:
        if not args.no_catch_up:
            parts.mirror.step()
        report = parts.verify()
        announced = parts.recovered
    if args.json:
        output.emit({**_plain(report), "restored": announced.restored, "announced": announced.code})
    else:
        wrong = _("Nhật ký có chỗ không khớp; không có gì bị xóa. Báo người phụ trách kỹ thuật.")
        print(_("Nhật ký còn nguyên vẹn.") if report.ok else wrong)
        print(f"  {report.events} · {report.head[:16]}")
        if announced.code is not None:
            output.complain(KioskError(announced.code, restored=announced.restored))
        for finding in report.findings:
            print(f"  {finding.kind} {finding.seq}: {finding.detail}")
    return int(not report.ok)


def _plain(report: object) -> dict[str, object]:
    ok, events, head, findings = (getattr(report, k) for k in ("ok", "events", "head", "findings"))
    return {"ok": ok, "events": events, "head": head, "findings": [{"kind": f.kind, "seq": f.seq, "detail": f.detail} for f in findings]}
