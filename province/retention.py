"""The end of a day's data: its private key is overwritten and deleted, its partitions are dropped, a signed certificate stays.

Without the key no body of that day opens any more, in no backup and on no kiosk; its subject hashes are noise. Killed anywhere, the
next run goes on: the certificate is begun first and finished last. What is kept: counts, heads of the chains, receipts' positions.
"""

import json
import os
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select

from kiosk.crypto import seal, sign
from kiosk.domain import vntime
from kiosk.domain.policy import Campaign
from kiosk.domain.protocol import Manifest
from province import actlog, campaigns, feed, question, tables, tables_web
from province import known as people
from province.authority import Authority
from province.db import Database
from province.settings import VIETNAM, Home, Refused

EPOCH, DAY, MANIFEST = tables.table(tables.Epoch), tables.table(tables.CampaignDay), tables.table(tables.Manifest)
WAITING = tables.table(tables_web.WebWaiting)
SIGNED = b"hue-retention-v1"


def days(db: Database, home: Home) -> list[dict[str, Any]]:
    """Every day there is or was, with what it holds: `key`: its private key is here; `waiting`, `unreadable`: events not opened;
    `left`: rows of a dropped day that should not be there."""
    with db.read() as conn:
        known = set(conn.execute(select(DAY.c.event_day)).scalars())
        here = {"dropped_at": None, "left": 0}
        out = [{"day": day, "key": home.day_key(day).exists(), **_standing(conn, day), **here} for day in sorted(known)]
        for path in sorted(folder(home).glob("*.json")):
            said = json.loads(path.read_bytes())["said"]
            gone = {"dropped_at": said["dropped_at"], "left": sum(left(conn, said["day"]).values())}
            if said["day"] not in known:
                out.append({"day": said["day"], "key": home.day_key(said["day"]).exists(), **said["counts"], **gone})
    return out


def drop(db: Database, home: Home, held: Authority, day: str, now: int, unopened: str = "", reason: str = "") -> Path:
    """Ends `day` and returns its certificate. `unopened`: why events that were never opened may go too; `reason`: why the day may go
    although it runs still, is to be kept longer, or kiosks have not said that they are done. Rows that are left of a day that was dropped
    are removed. Raises Refused."""
    path = folder(home) / f"{day}.json"
    begun = path.with_suffix(".begun")
    if path.exists():
        _remove_left(db, home, path, day, now)
        return path
    if not begun.exists():
        will_say = json.dumps(_said(db, home, day, now, unopened, reason), ensure_ascii=False).encode()
        # in the log first: killed in between, it stands there twice at most
        actlog.note(db, "province", "day_dropped", now, day, "; ".join(part for part in (reason, unopened) if part))
        _write(begun, will_say)
    said = json.loads(begun.read_bytes())
    _shred(home.day_key(day))
    with db.write() as conn:
        _rows(conn, db, day, now)
    _clean(db)
    said["dropped_at"] = now
    text = SIGNED + json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
    _write(path, json.dumps({"said": said, "signature": sign.sign(held.service_seed, text).hex()}, ensure_ascii=False, indent=1).encode())
    begun.unlink()
    return path


def dropped(home: Home) -> list[str]:
    """ISO days that were dropped."""
    return sorted(path.stem for path in folder(home).glob("*.json"))


def left(conn: Connection, day: str) -> dict[str, int]:
    """Table -> rows of a day, where there are any; of a dropped day there should be none."""
    counts = {name: _count(conn, name, day) for name in (*tables.EVENT_TABLES, str(WAITING.name), str(question.KNOWN.name))}
    return {name: count for name, count in counts.items() if count}


def _remove_left(db: Database, home: Home, path: Path, day: str, now: int) -> None:
    with db.read() as conn:
        any_left, key = left(conn, day), home.day_key(day).exists()
    if not any_left and not key:
        raise Refused(f"Ngày {day} đã hủy rồi: {path}.\nDay {day} is gone already: {path}.")
    _shred(home.day_key(day))  # put back from its own medium
    with db.write() as conn:
        _rows(conn, db, day, now)
    _clean(db)


def _end_of(day: str) -> int:
    """ms UTC at which the day ends in Vietnam."""
    return int((datetime.combine(date.fromisoformat(day), time.min, VIETNAM) + timedelta(days=1)).timestamp() * 1000)


def genuine(certificate: bytes, service: bytes) -> bool:
    """Did the province's service key sign this?"""
    read = json.loads(certificate)
    text = SIGNED + json.dumps(read["said"], sort_keys=True, ensure_ascii=False).encode()
    return sign.verify(service, bytes.fromhex(read["signature"]), text)


def folder(home: Home) -> Path:
    return home.path / "retention"


def _standing(conn: Connection, day: str) -> dict[str, int]:
    c = EPOCH.c
    row = conn.execute(
        select(
            func.count(), func.coalesce(func.sum(c.have_seq), 0), func.coalesce(func.sum(c.max_seq - c.opened_seq), 0),
            func.coalesce(func.sum(c.unreadable), 0),
        ).where(c.event_day == day)
    ).one()  # fmt: skip
    web = conn.execute(select(func.count()).select_from(WAITING).where(WAITING.c.event_day == day)).scalar_one()
    return {"epochs": int(row[0]), "events": int(row[1]), "waiting": int(row[2]) + int(web), "unreadable": int(row[3])}


def _too_early(conn: Connection, held: Sequence[Campaign], day: str, now: int) -> list[tuple[str, str]]:
    """What speaks against dropping a day now, each in Vietnamese and English: it runs still, its time to be kept is not over, kiosks have
    not closed it or announced more than came."""
    ends, out = _end_of(day), list[tuple[str, str]]()
    keep = max((each.policy.retention_days for each in held if day in each.days), default=0)
    until = ends + keep * 24 * 3_600_000
    if now < ends:
        out.append((f"ngày {day} chưa kết thúc", f"day {day} is not over"))
    elif now < until:
        to = f"{vntime.local(until):%d/%m/%Y}"
        out.append((f"phải giữ {keep} ngày, đến {to}", f"it is to be kept {keep} days, until {to}"))
    c, m = EPOCH.c, MANIFEST.c
    have: dict[str, dict[str, int]] = {}
    for row in conn.execute(select(c.kiosk_id, c.epoch, c.have_seq).where(c.event_day == day)):
        have.setdefault(row.kiosk_id, {})[row.epoch] = row.have_seq
    announced: dict[str, dict[str, int]] = {}
    for kiosk, body in conn.execute(select(m.kiosk_id, m.body).where(m.event_day == day).order_by(m.received_at)):
        said = msgspec.msgpack.decode(body, type=Manifest)
        announced.setdefault(kiosk, {}).update((epoch, seq) for epoch, seq, _ in said.epochs)
    if silent := sorted(have.keys() - announced.keys()):
        names = ", ".join(silent[:5]) + ("…" if len(silent) > 5 else "")
        out.append((f"{len(silent)} máy chưa chốt ngày ({names})", f"{len(silent)} kiosks have not closed the day ({names})"))
    if short := [k for k, epochs in announced.items() if any(have.get(k, {}).get(e, 0) < seq for e, seq in epochs.items())]:
        names = ", ".join(sorted(short)[:5]) + ("…" if len(short) > 5 else "")
        out.append((f"{len(short)} máy còn bản ghi chưa về ({names})", f"{len(short)} kiosks announced more than has come ({names})"))
    return out


def _said(db: Database, home: Home, day: str, now: int, unopened: str, reason: str) -> dict[str, Any]:
    """What the certificate will say. Raises Refused: no such day, too early, or not everything of it was opened."""
    held_campaigns = campaigns.listed(db)
    with db.read() as conn:
        if conn.execute(select(DAY.c.event_day).where(DAY.c.event_day == day)).first() is None:
            raise Refused(f"{day} không phải ngày của đợt nào.\n{day} is no day of a campaign.")
        early = _too_early(conn, held_campaigns, day, now)
        if early and not reason:
            raise Refused(
                f"Chưa hủy gì: {'; '.join(vi for vi, _ in early)}. Nếu vẫn phải hủy, nêu lý do bằng --reason; lý do được ghi vào nhật ký "
                f"và giấy chứng nhận.\nNothing was dropped: {'; '.join(en for _, en in early)}. If it must go all the same, give the "
                "reason with --reason: it is kept in the log and on the certificate."
            )
        counts = _standing(conn, day)
        if (counts["waiting"] or counts["unreadable"]) and not unopened:
            raise Refused(
                f"Ngày {day} còn {counts['waiting']} sự kiện chưa mở, {counts['unreadable']} không đọc được; chưa hủy gì. "
                "Hãy chạy `province opener`, hoặc nêu lý do bằng --unopened.\n"
                f"Day {day} has {counts['waiting']} events not opened and {counts['unreadable']} unreadable; nothing was dropped. "
                "Run `province opener`, or give the reason with --unopened."
            )
        heads = sha256()
        c = EPOCH.c
        for row in conn.execute(select(c.kiosk_id, c.epoch, c.have_head).where(c.event_day == day).order_by(c.kiosk_id, c.epoch)):
            heads.update(row.kiosk_id.encode() + row.epoch.encode() + row.have_head)
        rows = {name: _count(conn, name, day) for name in tables.EVENT_TABLES}
    try:
        public = seal.day_public(home.day_key(day).read_bytes()).hex()
    except (OSError, ValueError):
        public = ""
    why = {"unopened": unopened, "reason": reason, "early": [en for _, en in early]}
    more = {"key_public": public, **why, "begun_at": now, "dropped_at": None}
    return {"day": day, "counts": counts, "rows": rows, "heads_sha256": heads.hexdigest(), **more}


def _count(conn: Connection, name: str, day: str) -> int:
    table = tables.Row.metadata.tables[name]
    return int(conn.execute(select(func.count()).select_from(table).where(table.c.event_day == day)).scalar_one())


def _rows(conn: Connection, db: Database, day: str, now: int) -> None:
    """The day's rows of every event table, the day itself, and what was known of people by it: what its declarations told, whenever they
    were made, and everything older; not even the withdrawn hashes stay."""
    people.withdraw_day(conn, day, now)
    people.expire(conn, _end_of(day), now)
    feed.forget(conn, now + 1)
    question.forget_day(conn, day)
    for name in tables.EVENT_TABLES:
        table = tables.Row.metadata.tables[name]
        if not db.embedded:
            conn.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}_{day.replace("-", "")}"')
        conn.execute(delete(table).where(table.c.event_day == day))
    conn.execute(delete(WAITING).where(WAITING.c.event_day == day))
    conn.execute(delete(DAY).where(DAY.c.event_day == day))


def _clean(db: Database) -> None:
    """SQLite keeps deleted rows in free pages and in its log until both are written anew."""
    if db.embedded:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            raw = conn.connection.dbapi_connection
            assert raw is not None
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _shred(path: Path) -> None:
    """Overwritten, on disk, then deleted. A drive that remaps blocks may keep the old one: encrypt the disk as well."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    path.unlink()
    _sync(path.parent)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_suffix(".tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _sync(path.parent)


def _sync(folder_: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder_, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


