"""What an administrator sends down the feed: campaigns with their policy, notices, revocations.

Campaigns and revocations are signed by the root, whose key is brought for it. Nothing is opened here and nobody is named.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from kiosk.crypto import sign
from kiosk.domain import policyfile
from kiosk.domain.feed import ALL, FeedKind, KioskRow, NoticeRow, commune_scope, station_scope
from kiosk.domain.policy import PURGE_DAYS, Campaign, Policy
from kiosk.domain.protocol import IssuerRow, revocation_text
from kiosk.domain.text import BadText, clean
from province import actlog, authority, feed, tables
from province.db import Database
from province.settings import Home, Refused, event_day

CAMPAIGN, DAY, KIOSK, STATION = (tables.table(m) for m in (tables.Campaign, tables.CampaignDay, tables.Kiosk, tables.Station))
HOUR_MINUTE = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
Edit = Callable[[Campaign], Campaign]


def listed(db: Database) -> list[Campaign]:
    """Every campaign as it was last signed, oldest first."""
    with db.read() as conn:
        return [msgspec.msgpack.decode(row.body, type=Campaign) for row in conn.execute(select(CAMPAIGN).order_by(CAMPAIGN.c.created_at))]


def oldest_known(db: Database, now: int) -> int | None:
    """ms UTC before which a declaration counts under no policy (a day of grace included); None without any campaign."""
    hours = max((campaign.policy.validity_hours for campaign in listed(db)), default=None)
    return None if hours is None else now - (hours + 24) * 3_600_000


def change(db: Database, home: Home, campaign: str, edit: Edit, now: int, new_days: tuple[str, ...] = ()) -> Campaign:
    """Signs the campaign anew after `edit`, with a higher policy version, and publishes it. `campaign`: its id, or "" for the only one.

    `new_days` get keys of their own. Raises Refused; nothing is changed then.
    """
    seed = authority.root_seed(home)
    with db.write() as conn:
        old = _one(conn, campaign)
        days = {day: authority.create_day(home, day) for day in _days(conn, new_days)}
        edited = edit(msgspec.structs.replace(old, days={**old.days, **days}))
        version = max(old.policy.version + 1, edited.policy.version)
        made = msgspec.structs.replace(edited, id=old.id, policy=msgspec.structs.replace(edited.policy, version=version))
        _check(made)
        signed = authority.sign_campaign(seed, made)
        conn.execute(update(CAMPAIGN).where(CAMPAIGN.c.id == old.id).values(body=signed.campaign, signature=signed.signature))
        for day in days:
            conn.execute(DAY.insert(), {"event_day": day, "campaign_id": old.id})
            db.add_day(conn, day)
        feed.publish(conn, ALL, FeedKind.CAMPAIGN, old.id, signed, now)
    return made


def _one(conn: Connection, campaign: str) -> Campaign:
    rows = conn.execute(select(CAMPAIGN).order_by(CAMPAIGN.c.created_at)).all()
    found = [row for row in rows if not campaign or row.id == campaign]
    if len(found) != 1:
        known = ", ".join(row.id for row in rows)
        raise Refused(f"Hãy nêu một đợt trong: {known}.\nName one campaign with --id: {known}.")
    return msgspec.msgpack.decode(found[0].body, type=Campaign)


def _days(conn: Connection, days: tuple[str, ...]) -> list[str]:
    """A day that was dropped is none again: kiosks hold its old key."""
    known, dropped = set(conn.execute(select(DAY.c.event_day)).scalars()), actlog.dropped(conn)
    for day in days:
        try:
            event_day(day)
        except ValueError:
            raise Refused(f"Ngày {day!r} phải viết như 2021-05-23.\nWrite days as 2021-05-23.") from None
        if day in known:
            raise Refused(f"Ngày {day} đã có trong một đợt.\n{day} is a campaign day already.")
        if day in dropped:
            raise Refused(f"Ngày {day} đã hủy, không mở lại được.\n{day} was dropped and cannot be opened again.")
    return sorted(set(days))


def _check(campaign: Campaign) -> None:
    """Raises Refused, naming the field."""
    policy = campaign.policy
    wrong = [
        name
        for name, good in {
            "opens": HOUR_MINUTE.fullmatch(campaign.opens),
            "closes": HOUR_MINUTE.fullmatch(campaign.closes) and campaign.closes > campaign.opens,
            "validity_hours": 1 <= policy.validity_hours <= 24 * 60,
            "future_minutes": 0 <= policy.future_minutes <= 7 * 24 * 60,
            "repeat_seconds": 0 <= policy.repeat_seconds <= 3600,
            "purge_days": 0 <= policy.purge_days <= PURGE_DAYS,
            "stay_minutes": 1 <= policy.stay_minutes <= 24 * 60,
            "areas": all(_area(a.name, a.since) for a in policy.areas),
            "name": _plain(campaign.name),
        }.items()
        if not good
    ]
    if wrong:
        said = ", ".join(wrong)
        raise Refused(f"Giá trị không dùng được: {said}. Bản cũ được giữ.\nOut of range: {said}. The old one stays.")


def _area(name: str, since: str) -> bool:
    try:
        return _plain(name) and bool(event_day(since))
    except ValueError:
        return False


def _plain(text: str) -> bool:
    try:
        return bool(clean(text, 200))
    except BadText:
        return False


def read_policy(path: Path) -> Policy:
    """A policy from YAML or JSON with Policy's names. Raises Refused naming the line; the old one stays."""
    try:
        return policyfile.parse(path.read_text("utf-8-sig"))
    except OSError as error:
        raise Refused(f"Không đọc được {path}: {error.strerror}.\nCannot read {path}.") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path} không phải văn bản UTF-8.\n{path} is not UTF-8 text.") from error
    except policyfile.Mistake as mistake:
        raise Refused(f"{path}, {mistake}. Bản cũ được giữ.\n{path}, {mistake}. The old policy stays.") from mistake


def revoke(db: Database, home: Home, kiosk: str, why: str, now: int, at_server_only: bool = False) -> int:
    """From now on the server puts this kiosk's records aside, and, root-signed down the feed, every kiosk stops trusting its passes.

    `at_server_only`: the root key is not at hand; run it again without, when it is. Returns the moment, ms UTC. Raises Refused.
    """
    seed = None if at_server_only else authority.root_seed(home)
    with db.write() as conn:
        row = conn.execute(select(KIOSK).where(KIOSK.c.kiosk_id == kiosk)).first()
        if row is None:
            raise Refused(f"Không có máy {kiosk}; xem `province stations`.\nNo kiosk {kiosk}: see `province stations`.")
        since = row.revoked_at if row.revoked_at is not None else now
        conn.execute(update(KIOSK).where(KIOSK.c.kiosk_id == kiosk).values(revoked_at=since, revoked_why=_text(why, "--reason")))
        if seed is not None:
            issuer = sign.sign(seed, revocation_text("issuer", row.issuer_id, row.issuer_public, since))
            device = sign.sign(seed, revocation_text("kiosk", kiosk.encode(), row.public, since))
            gone = IssuerRow(row.issuer_id, row.issuer_public, since, issuer)
            feed.publish(conn, ALL, FeedKind.ISSUER, row.issuer_id.hex(), gone, now)
            known = KioskRow(kiosk, row.label, row.public, since, device)
            feed.publish(conn, station_scope(row.station_id), FeedKind.KIOSK, kiosk, known, now)
    return int(since)


def notify(db: Database, scope: str, text: str, urgent: bool, until: int | None, now: int) -> NoticeRow:
    """Words for the officers of a scope. Raises Refused."""
    row = NoticeRow(os.urandom(4).hex(), _text(text, "TEXT"), "urgent" if urgent else "info", now, until)
    with db.write() as conn:
        feed.publish(conn, scope, FeedKind.NOTICE, row.id, row, now)
    return row


def notices(db: Database) -> list[tuple[str, NoticeRow]]:
    """(scope, notice) of every one that stands."""
    r = feed.ROW
    with db.read() as conn:
        found = conn.execute(select(r.c.scope, r.c.body).where(r.c.kind == FeedKind.NOTICE.value).order_by(r.c.at)).all()
    return [(row.scope, msgspec.msgpack.decode(row.body, type=NoticeRow)) for row in found if row.body]


def withdraw(db: Database, notice: str, now: int) -> str:
    """Takes a notice back; returns its scope. Raises Refused."""
    scope = next((scope for scope, row in notices(db) if row.id == notice), None)
    if scope is None:
        raise Refused(f"Không có thông báo {notice}; xem `province notice list`.\nNo notice {notice}: see `province notice list`.")
    with db.write() as conn:
        feed.publish(conn, scope, FeedKind.NOTICE, notice, None, now)
    return scope


def scope_of(db: Database, station: str, commune: str) -> str:
    """The scope that a command names; everybody's without one. Raises Refused for a station or commune that is not there."""
    with db.read() as conn:
        rows: list[Any] = list(conn.execute(select(STATION.c.station_id, STATION.c.commune)))
    if station and station not in {row.station_id for row in rows}:
        raise Refused(f"Không có điểm {station}.\nNo station {station}.")
    if commune and commune not in {row.commune for row in rows}:
        raise Refused(f"Không có điểm nào ở xã, phường {commune}.\nNo station in commune {commune}.")
    return station_scope(station) if station else commune_scope(commune) if commune else ALL


def _text(text: str, what: str) -> str:
    try:
        return clean(text, 300)
    except BadText as error:
        raise Refused(f"{what}: văn bản không dùng được ({error.reason}).\n{what}: text cannot be used ({error.reason}).") from error
