"""The feed at its source: what is published comes once, in order, whoever commits late; what cannot be gone on from is said to be so."""

import os
import threading
from typing import Any

import msgspec
import pytest

from kiosk.domain import feed as rows
from kiosk.domain.feed import ALL, FeedKind, NoticeRow, PersonRow, TrustRow, commune_scope, station_scope
from kiosk.domain.protocol import FeedCall, FeedItem, FeedPage, IssuerRow, SignedCampaign
from province import campaigns, feed, settings
from province.cli import main
from province.settings import Refused
from tests.province.conftest import Office
from tests.wire import STATION, Kiosk
from tests.wire import Refused as RefusedCall

MINE = station_scope(STATION)


def pull(kiosk: Kiosk, cursors: dict[str, int], pages: int = 50) -> tuple[list[FeedItem], FeedPage]:
    """Pages until the run ends; `cursors` moves on."""
    found: list[FeedItem] = []
    for _ in range(pages):
        page = kiosk.call("feed", FeedCall(dict(cursors)), FeedPage)
        cursors |= page.cursors
        found += page.rows
        for scope in page.must_refetch:
            cursors[scope] = 0
        if not page.more:
            return found, page
    raise AssertionError("the run does not end")


def put(office: Office, scope: str, kind: FeedKind, key: str, body: object | None) -> int:
    with office.db.write() as conn:
        return feed.publish(conn, scope, kind, key, body, settings.now())


def notice(text: str) -> NoticeRow:
    return NoticeRow(os.urandom(4).hex(), text)


def test_a_new_kiosk_hears_of_campaign_issuers_stations_and_itself(office: Office) -> None:
    kiosk = office.kiosk()
    found, page = pull(kiosk, {})
    kinds = [(item.scope, item.kind) for item in found]
    assert (ALL, "campaign") in kinds and (ALL, "issuer") in kinds
    assert (commune_scope("19750"), "station") in kinds and (MINE, "kiosk") in kinds
    assert set(page.checksums) == {ALL, commune_scope("19750"), MINE} and not page.must_refetch


def test_only_what_is_new_comes_and_the_last_word_alone(office: Office) -> None:
    kiosk, cursors = office.kiosk(), {}
    pull(kiosk, cursors)
    assert pull(kiosk, cursors)[0] == []
    for text in ("một", "hai", "ba"):
        put(office, MINE, FeedKind.NOTICE, "n", notice(text))
    (item,), _ = pull(kiosk, cursors)
    assert msgspec.msgpack.decode(item.body, type=NoticeRow).text == "ba"
    put(office, MINE, FeedKind.NOTICE, "n", None)
    assert [i.body for i in pull(kiosk, cursors)[0]] == [b""]


def test_another_stations_rows_are_nobodys_business(office: Office) -> None:
    kiosk = office.kiosk()
    put(office, station_scope("46-474-19750-02"), FeedKind.NOTICE, "n", notice("chỗ khác"))
    put(office, commune_scope("19744"), FeedKind.NOTICE, "m", notice("xã khác"))
    assert not {"n", "m"} & {item.key for item in pull(kiosk, {})[0]}


def test_a_long_feed_comes_in_pages_and_adds_up(office: Office) -> None:
    kiosk, cursors = office.kiosk(), {}
    with office.db.write() as conn:
        many = [feed.Entry(FeedKind.PERSON, f"{i:032x}", PersonRow(i)) for i in range(1200)]
        feed.publish_all(conn, MINE, many, settings.now())
        feed.publish(conn, ALL, FeedKind.TRUST, "dcc", TrustRow(1, os.urandom(500_000)), settings.now())
    found, page = pull(kiosk, cursors)
    kept = {(i.scope, i.kind, i.key): i.body for i in found if i.body}
    assert len([k for k in kept if k[1] == "person"]) == 1200
    for scope, said in page.checksums.items():
        assert rows.fold((kind, key, body) for (of, kind, key), body in kept.items() if of == scope) == said


def test_a_row_that_no_page_could_carry_is_not_published(office: Office) -> None:
    with pytest.raises(ValueError):
        put(office, ALL, FeedKind.TRUST, "dcc", TrustRow(1, bytes(rows.MAX_ROW)))
    assert all(row["kind"] != "trust" for row in feed.headers(office.db))


def test_a_writer_that_commits_late_is_not_missed(office: Office) -> None:
    """The one who took the lower counter commits after a reader has asked: the scope's lock makes the other wait for it."""
    kiosk, cursors = office.kiosk(), {}
    pull(kiosk, cursors)
    first, may_commit, written = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with office.db.write() as conn:
            feed.publish(conn, MINE, FeedKind.NOTICE, "slow", notice("chậm"), settings.now())
            first.set()
            may_commit.wait(20)

    def fast() -> None:
        first.wait(20)
        put(office, MINE, FeedKind.NOTICE, "fast", notice("nhanh"))
        written.set()

    threads = [threading.Thread(target=work) for work in (slow, fast)]
    for thread in threads:
        thread.start()
    assert first.wait(20)
    with office.db.read() as conn:  # the page's own reading; a call would also write the contact, which SQLite has one writer for
        asked = {scope: cursors[scope] for scope in (MINE,)}
        tips = {MINE: (asked[MINE], 0)}
        seen = office.calls._pages._page(conn, (MINE,), tips, asked, 0)
    assert not seen.rows and not written.is_set()
    may_commit.set()
    for thread in threads:
        thread.join(20)
    assert {item.key for item in pull(kiosk, cursors)[0]} == {"slow", "fast"}


def test_a_checksum_is_never_said_of_what_was_written_since(office: Office) -> None:
    kiosk, cursors = office.kiosk(), {}
    _, page = pull(kiosk, cursors)
    put(office, MINE, FeedKind.NOTICE, "n", notice("mới"))
    with office.db.read() as conn:
        assert office.calls._pages._sum(conn, MINE, page.cursors[MINE]) is None


@pytest.mark.parametrize("cursor", [10_000, -1])
def test_a_cursor_from_another_life_must_begin_again(office: Office, cursor: int) -> None:
    page = office.kiosk().call("feed", FeedCall({ALL: cursor}), FeedPage)
    assert page.must_refetch == [ALL] and page.more and not page.checksums
    assert all(item.scope != ALL for item in page.rows)


def test_withdrawals_are_forgotten_and_who_has_not_heard_begins_again(office: Office) -> None:
    kiosk, late = office.kiosk(), {}
    put(office, MINE, FeedKind.NOTICE, "n", notice("tạm"))
    pull(kiosk, late)
    put(office, MINE, FeedKind.NOTICE, "n", None)
    current = dict(late)
    pull(kiosk, current)
    with office.db.write() as conn:
        assert feed.forget(conn, settings.now() + 1) == 1
    assert not pull(kiosk, dict(current))[1].must_refetch
    assert kiosk.call("feed", FeedCall(late), FeedPage).must_refetch == [MINE]
    assert "n" not in {item.key for item in pull(kiosk, late)[0]}


def test_a_revocation_rides_ahead_of_the_queue(office: Office) -> None:
    kiosk, lost = office.kiosk(), office.kiosk()
    with office.db.write() as conn:
        many = [feed.Entry(FeedKind.NOTICE, f"{i:04}", notice("x")) for i in range(1500)]
        feed.publish_all(conn, ALL, many, settings.now())
    campaigns.revoke(office.db, office.home, lost.name, "mất máy", settings.now())
    page = kiosk.call("feed", FeedCall(), FeedPage)
    ahead = [msgspec.msgpack.decode(i.body, type=IssuerRow) for i in page.rows if i.kind == "issuer"]
    assert page.more and any(row.revoked_from is not None and row.id == lost.enrolment.issuer_id for row in ahead)
    with pytest.raises(RefusedCall) as refused:
        lost.call("feed", FeedCall(), FeedPage)
    assert refused.value.code == "revoked"


def run(office: Office, *argv: str) -> int:
    return main([*argv, "--home", str(office.home.path)])


def test_the_commands_change_policy_and_sign_it(office: Office, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    kiosk, cursors = office.kiosk(), {}
    pull(kiosk, cursors)
    argv = ("campaign", "set", "--validity-hours", "48", "--area", "Bắc Ninh=2021-05-05", "--closes", "18:30", "--add-day", "2021-05-25")
    assert run(office, *argv) == 0
    (item,) = [i for i in pull(kiosk, cursors)[0] if i.kind == "campaign"]
    said = msgspec.msgpack.decode(item.body, type=SignedCampaign).read(office.authority.trust.root)
    assert (said.policy.version, said.policy.validity_hours, said.closes, len(said.days)) == (2, 48, "18:30", 3)
    assert [(a.name, a.since) for a in said.policy.areas] == [("Bắc Ninh", "2021-05-05")]
    for wrong in (("--validity-hours", "0"), ("--opens", "25:00"), ("--area", "Bắc Ninh"), ("--add-day", "2021-05-25")):
        assert run(office, "campaign", "set", *wrong) == 1
    for text in ("rules: [", "validity_hour: 3", "validity_hours: ba", "[1, 2]"):
        (tmp_path / "policy.yaml").write_text(text)
        assert run(office, "campaign", "set", "--policy", str(tmp_path / "policy.yaml")) == 1
    office.home.root_key.rename(tmp_path / "away")
    assert run(office, "campaign", "set", "--validity-hours", "24") == 1
    assert campaigns.listed(office.db)[0].policy.version == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_commands_post_and_withdraw_notices(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk, cursors = office.kiosk(), {}
    pull(kiosk, cursors)
    assert run(office, "notice", "add", "Mưa to: mở cửa bên", "--urgent", "--station", STATION) == 0
    assert run(office, "notice", "add", "x" * 400) == 1 and run(office, "notice", "add", "a", "--station", "46-474-19750-99") == 1
    (item,) = pull(kiosk, cursors)[0]
    said = msgspec.msgpack.decode(item.body, type=NoticeRow)
    assert (said.text, said.level) == ("Mưa to: mở cửa bên", "urgent")
    assert run(office, "notice", "withdraw", said.id) == 0 and run(office, "notice", "withdraw", said.id) == 1
    assert pull(kiosk, cursors)[0][0].body == b""


def test_a_kiosk_is_revoked_at_the_server_even_without_the_root_key(office: Office, tmp_path: Any) -> None:
    kiosk = office.kiosk()
    office.home.root_key.rename(tmp_path / "root.key")
    argv = ("revoke", kiosk.name, "--reason", "mất máy")
    assert run(office, *argv) == 1 and office.station().kiosks[0].revoked is False
    assert run(office, *argv, "--server-only") == 0 and office.station().kiosks[0].revoked is True
    (tmp_path / "root.key").rename(office.home.root_key)
    assert run(office, *argv) == 0
    assert next(r for r in feed.headers(office.db) if r["kind"] == "issuer")["counter"] > 2
    assert run(office, "revoke", "khong-co", "--reason", "x") == 1


def test_scope_and_policy_refuse_what_is_not_there(office: Office) -> None:
    with pytest.raises(Refused):
        campaigns.scope_of(office.db, "", "00000")
    with pytest.raises(Refused):
        campaigns.change(office.db, office.home, "khong-co", lambda c: c, 0)
