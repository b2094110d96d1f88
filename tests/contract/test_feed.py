"""What the province says reaches a running kiosk over the socket and changes what it does: policy, revocations, notices."""

from pathlib import Path

import msgspec

from kiosk.compose import Parts
from kiosk.domain.feed import station_scope
from kiosk.domain.policy import Campaign
from province import campaigns, settings
from province.db import Database
from province.settings import Home
from tests.contract.served import STATION, Province, enrolled, kiosk, lines


def pull(parts: Parts) -> None:
    state = parts.uploader.drain(lambda _: None, lambda: False)
    assert state.state == "ok" and not state.feed_due, state


def thirty_hours(campaign: Campaign) -> Campaign:
    return msgspec.structs.replace(campaign, policy=msgspec.structs.replace(campaign.policy, validity_hours=30))


def test_policy_revocations_and_notices_reach_a_running_kiosk_and_stay(province: Province, tmp_path: Path) -> None:
    home, lost = enrolled(province, tmp_path / "kiosk"), enrolled(province, tmp_path / "lost")
    office = Home(province.home)
    db, now = Database(office.url), settings.now()
    with kiosk(lost) as gone, kiosk(home) as parts:
        issuer, name = gone.vault.secrets.enrolment.issuer_id, gone.vault.secrets.enrolment.kiosk
        pull(parts)
        pull(gone)
        assert parts.directory.issuers[issuer].revoked_from is None
        version = parts.station.policy.version

        campaigns.change(db, office, "", thirty_hours, now)
        told = campaigns.notify(db, station_scope(STATION), "Mưa to: mở cửa bên", True, None, now)
        campaigns.revoke(db, office, name, "mất máy", now)
        pull(parts)
        assert (parts.station.policy.version, parts.station.policy.validity_hours) == (version + 1, 30)
        assert [n.text for n in parts.directory.notices(now)] == ["Mưa to: mở cửa bên"]
        assert parts.directory.issuers[issuer].revoked_from == now and not parts.directory.revoked

        gone.uploader.hurry()
        state = gone.uploader.step()
        assert (state.state, "revoked" in state.detail) == ("revoked", True)
        campaigns.withdraw(db, told.id, now)
        pull(parts)
        assert parts.directory.notices(now) == ()
    db.close()
    with kiosk(home) as parts:
        assert parts.station.policy.validity_hours == 30 and parts.directory.issuers[issuer].revoked_from == now
    assert lines("kiosk", "status", "--home", str(home))[0]["feed_age_s"] < 120  # type: ignore[operator]
