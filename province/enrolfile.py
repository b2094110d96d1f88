"""Enrolments on a stick, for places without network: kiosks made in advance, each opened by a lead's first PIN."""

import os
from collections.abc import Sequence

from sqlalchemy import func, select

from kiosk.crypto import sign
from kiosk.domain import enrolfile
from kiosk.domain.enrolfile import Issued
from kiosk.domain.protocol import EnrolCall
from province import enrol, officers, settings, tables
from province.authority import Authority
from province.db import Database
from province.settings import Refused

DAY, STATION = tables.table(tables.CampaignDay), tables.table(tables.Station)
APP = "file"


def make(db: Database, authority: Authority, stations: Sequence[str], server: str, now: int) -> tuple[bytes, int]:
    """(file, expires at in ms UTC): a kiosk for each station; several make a spare. Raises Refused without a lead with a first PIN."""
    issued, firsts = [], {}
    with db.write() as conn:
        last = conn.execute(select(func.max(DAY.c.event_day))).scalar()
        if last is None:
            raise Refused("Chưa có ngày bầu cử nào.\nThere is no campaign day yet.")
        expires = settings.day_end(str(last))
        if expires <= now:
            raise Refused(f"Ngày bầu cử cuối cùng {last} đã qua.\nThe last campaign day {last} is over.")
        for station in dict.fromkeys(stations):
            if conn.execute(select(STATION.c.station_id).where(STATION.c.station_id == station)).first() is None:
                raise Refused(f"Không có điểm {station}.\nNo station {station}.")
            people, pins = officers.of_station(conn, authority, station)
            leads = {row.id: row.name for row in people if row.role == "lead"}
            firsts[station] = [(leads[one.officer], one) for one in pins if one.officer in leads]
            if not firsts[station]:
                raise Refused(
                    f"{station} chưa có người phụ trách với mã PIN đầu tiên: `province officer add --role lead --pin-env BIẾN`.\n"
                    f"{station} has no lead with a first PIN: add one with `province officer add --role lead --pin-env VAR`."
                )
            kiosk, issuer = sign.generate(), sign.generate()
            call = EnrolCall(os.urandom(16), sign.public(kiosk), sign.public(issuer), APP, APP)
            issued.append(Issued(kiosk, issuer, enrol.made_for(conn, authority, station, call, now), server))
    return enrolfile.make(expires, issued, firsts), expires
