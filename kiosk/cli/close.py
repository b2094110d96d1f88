"""`kiosk close`: the close of the day (F10): what is open, the tally, the lead's signature, report and manifest. `--reopen` undoes it."""

import argparse

from kiosk import compose, purging, words
from kiosk.cli import opened, output
from kiosk.cli.purge import due, purge_due
from kiosk.day import Closing
from kiosk.errors import Code, KioskError
from kiosk.ports import Order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--look", action="store_true", help="shows how the day stands and closes nothing")
    parser.add_argument("--counted", action="append", default=[], metavar="[PLACE=]N", help="counted by hand at an entrance (id or name)")
    parser.add_argument("--other", action="append", default=[], metavar="CODE", help="another kiosk's totals: the code on its report")
    parser.add_argument("--keep", action="append", default=[], metavar="EVENT", help="a deed that is on paper too: it counts here")
    parser.add_argument("--void", action="append", default=[], metavar="EVENT", help="a deed that is on paper too: the paper counts")
    parser.add_argument("--reopen", metavar="REASON", help="opens the last closed day again, or that of --day")
    parser.add_argument("--day", default="", metavar="YYYY-MM-DD", help="with --reopen: which closed day")
    parser.add_argument("--offline", action="store_true", help="does not send; the manifest goes with the stick (kiosk bundle export)")
    parser.add_argument("--printer", help='for the report; "pdf" keeps the file alone')


def run(args: argparse.Namespace) -> int:
    if args.day and args.reopen is None:
        output.say("kiosk close --reopen REASON --day YYYY-MM-DD")
        return 2
    with opened.enrolled(args.home) as parts:
        if args.reopen is not None:
            return _reopen(parts, args)
        for one in args.counted:
            place, _, number = one.rpartition("=")
            if not number.isascii() or not number.isdigit() or len(number) > 6:
                raise KioskError(Code.BAD_INPUT, value=one[:20], allowed="[PLACE=]N")
            parts.day.counted[parts.day.entrance(place) if place else parts.station.place] = int(number)
        for code in args.other:
            parts.day.add_other(code)
        for event, keep in (*((event, True) for event in args.keep), *((event, False) for event in args.void)):
            parts.day.settle(event, keep)
            parts.mirror.step()
        told: dict[str, object] = {"manifest": False}
        if not args.look:
            if not args.offline:
                parts.day.hand_over()
            parts.day.close()
            parts.mirror.step()
            if not args.offline:
                told["manifest"] = parts.day.hand_over()
        now, code = parts.day.closing(), parts.day.code()  # as the report says them: printing it is one more event
        file = "" if args.look else str(parts.papers.print(Order("report"), printer=args.printer).file)
        _show(now, {**told, "closed": parts.station.day() is None, "report": file, "code": code}, args.json)
        late, held = [] if args.look else purging.due(parts) if args.offline else due(parts), parts.held
    purge_due(args, late, held)
    return 0


def _reopen(parts: compose.Parts, args: argparse.Namespace) -> int:
    if not args.reopen.strip():
        output.say("kiosk close --reopen REASON")
        return 2
    before = parts.station.day()
    day = parts.day.reopen(args.reopen, args.day)
    parts.mirror.step()
    if before is not None:
        output.say(words.day_ended(before))
    if args.json:
        output.emit({"event_day": day, "closed": False, "ended": before})
    else:
        print(day)
    return 0


def _show(now: Closing, more: dict[str, object], as_json: bool) -> None:
    lines = list(zip(now.places, now.tally, strict=True))
    tally = [{"entrance": t.entrance, "place": p, "here": t.here, "opened": t.opened, "counted": t.counted} for p, t in lines]
    if as_json:
        said: dict[str, object] = {"event_day": now.event_day, "visits": now.visits, "together": now.together, "tickets": list(now.tickets)}
        unsure = [{"event": one.event, "paper": f"G{one.paper:03d}", "at": one.at} for one in now.unsure]
        said |= {"waiting": now.waiting, "refused": now.refused, "tally": tally, "agrees": now.agrees, "unsure": unsure}
        output.emit({**said, **more})
        return
    print(f"{now.event_day}  lượt vào / visits {now.visits}  chờ gửi / waiting {now.waiting}")
    for place, line in lines:
        counted = "—" if line.counted is None else line.counted
        named = f"{line.entrance} ({place})" if place else line.entrance
        print(f"  {named}: máy / here {line.here} · tỉnh / province {line.opened} · đếm tay / by hand {counted}")
    if now.tickets:
        count = len(now.tickets)
        print(f"  còn {count} phiếu mở / {count} open tickets: số / no.", ", ".join(map(str, now.tickets)))
    for one in now.unsure:
        print(f"  G{one.paper:03d} {words.hour_minute(one.at)} {one.event}: --keep | --void")
    for label, visits in now.others.items():
        print(f"  {label}: {visits}  (cộng / together {now.together})")
    if more["report"]:
        print(more["report"])
