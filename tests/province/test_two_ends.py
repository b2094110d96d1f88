"""Real kiosks against the real province: copies of a journal, an event that will not go through. Nothing lost or twice."""

from pathlib import Path

import pytest

from kiosk import compose, purging, words
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.protocol import Batch, decode, envelope
from kiosk.errors import Code, KioskError
from kiosk.papers import Order
from kiosk.ports import Answer
from kiosk.settings import Settings
from kiosk.store import figures
from kiosk.store.outbox import standings
from kiosk.sync.uploader import PARKED_MS, STRIKES
from province.cli import main
from tests import builders
from tests.province.conftest import Office
from tests.province.ends import copied, enrolled, office_sql, opened, settle, timeout, written
from tests.wire import DAY

pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # what differs between engines is tested by intake and opener


def assert_all_count_once(office: Office, *deeds: set[str]) -> None:
    """Every deed of every kiosk is one visit at the province."""
    found = [str(row[0]) for row in office_sql(office, "SELECT deed FROM visit")]
    assert sorted(found) == sorted(set().union(*deeds))


def arrivals(parts: object) -> set[str]:
    return {str(row[0]) for row in written(parts, "SELECT deed FROM visit WHERE voided = 0")}  # type: ignore[arg-type]


def test_two_copies_of_one_home_both_work_and_nothing_is_lost(office: Office, tmp_path: Path) -> None:
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
        settle(office, parts)
    twin = copied(home, tmp_path / "twin")
    with opened(office, home, clock) as (one, _), opened(office, twin, clock) as (two, wire):
        for _ in range(4):
            one.station.seen("moh")
        settle(office, one)
        for kind in ("hues", "moh", "hues"):
            two.station.seen(kind)
        voided = two.station.seen("moh")
        two.station.correct(voided.event, "bấm nhầm", void=True)
        before = two.outbox.counts().events
        settle(office, two)
        assert two.uploader.state.state == "fork" and "fork" in office.station().kiosks[0].alerts
        counts = two.outbox.counts()
        assert counts.events == before * 2 - standing(two)[0].have + 1, "the tail again, and the note that it was carried"
        assert counts.waiting == 0 and counts.acknowledged + counts.aside == counts.events
        assert_all_count_once(office, arrivals(one), arrivals(two), {str(r[0]) for r in written(two, "SELECT deed FROM visit")})
        assert [r[0] for r in office_sql(office, "SELECT count(*) FROM visit WHERE voided")] == [1]
        assert two.station.today().visits == 1 + 3 and two.station.today().voided == 1
        more = two.station.seen("moh")
        assert more.number == 6, "the running number goes on"
        settle(office, two)
        settle(office, one)
        assert one.outbox.counts().aside == 0, "the first one's history is the province's: it carries nothing"
        assert_all_count_once(office, arrivals(one), {str(r[0]) for r in written(two, "SELECT deed FROM visit")})
        two.mirror.step()
        assert two.verify().ok, two.verify().findings
    with opened(office, twin, clock) as (again, wire):
        settle(office, again)
        assert wire.calls.count("events") == 0, "carried once, also after a restart"


def test_a_day_whose_tail_was_carried_on_is_closed_purged_and_certified(office: Office, tmp_path: Path) -> None:
    """The province holds another history of the epoch; what it put aside it has opened under the epoch that carries it on."""
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
        settle(office, parts)
    twin = copied(home, tmp_path / "twin")
    with opened(office, home, clock) as (one, _), opened(office, twin, clock) as (two, _):
        one.station.seen("moh")
        settle(office, one)
        for _ in range(3):
            two.station.seen("hues")
        two.uploader.step()
        assert purging.look(two, DAY).why["not_opened"]
        settle(office, two)
        two.day.close()
        assert purging.look(two, DAY).why == {"not_opened": 1}, "the close itself"
        settle(office, two)
        assert purging.look(two, DAY).why == {}
        now = two.day.closing()
        assert now.agrees and now.waiting == 0 and [(line.here, line.opened) for line in now.tally] == [(4, 4)]
        assert any("tỉnh giữ lịch sử khác" in note for note in two.day.report().notes)
    done = purging.run(twin, DAY, clock=clock, keystore=FileKeyStore(twin / "device.secret"))
    first, second = done.said.chains[-2:]
    assert first.into == second.epoch and first.opened == first.last and second.opened == second.last and not second.into
    with compose.open_parts(twin, Settings(), clock, FileKeyStore(twin / "device.secret")) as again:
        assert again.verify().ok and written(again, "SELECT count(*) FROM visit") == [(0,)]


def standing(parts: object) -> list[object]:
    with parts.database.read() as conn:  # type: ignore[attr-defined]
        return list(standings(conn))


def test_a_home_restored_from_a_backup_goes_on_and_both_lives_count(office: Office, tmp_path: Path) -> None:
    """The backup is older than what the province holds: its sequence numbers come a second time, with other bytes."""
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
        settle(office, parts)
    backup = copied(home, tmp_path / "backup")
    with opened(office, home, clock) as (parts, _):
        for _ in range(3):
            parts.station.seen("moh")
        settle(office, parts)
        first = arrivals(parts)
    with opened(office, backup, clock) as (restored, _):
        for _ in range(5):
            restored.station.seen("hues")
        settle(office, restored)
        assert_all_count_once(office, first, arrivals(restored))
        assert restored.station.today().visits == 6


def test_a_restored_copy_with_nothing_new_learns_that_all_of_it_is_held_and_opened(office: Office, tmp_path: Path) -> None:
    """The newer one of two went on and drained: the province holds every event of the older one, and more."""
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
        older = copied(home, tmp_path / "older")
        parts.station.seen("moh")
        settle(office, parts)
    with opened(office, older, clock) as (restored, wire):
        before = restored.outbox.counts().events
        settle(office, restored)
        counts = restored.outbox.counts()
        assert (counts.events, counts.waiting, counts.acknowledged, counts.opened, counts.refused) == (before, 0, before, before, 0)
        assert restored.uploader.state.state == "fork", "another copy of this home is about"
        assert purging.look(restored, DAY).why.get("not_opened") is None
        sent = wire.calls.count("events")
        settle(office, restored)
        assert wire.calls.count("events") == sent
    with opened(office, older, clock) as (restored, _):
        settle(office, restored)
        assert restored.uploader.state.state == "fork", "still told after a restart"
    assert_all_count_once(office, {str(r[0]) for r in office_sql(office, "SELECT deed FROM visit")})


def test_a_forked_home_learns_later_that_its_earlier_events_were_opened(office: Office, tmp_path: Path) -> None:
    """The opener came only after the other copy had gone on: `have` is answered with that one's head, which proves nothing here."""
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
        for _ in range(8):
            parts.uploader.hurry()
            parts.uploader.step()
        assert (parts.outbox.counts().waiting, parts.outbox.counts().opened) == (0, 0)
    twin = copied(home, tmp_path / "twin")
    with opened(office, home, clock) as (one, _), opened(office, twin, clock) as (two, _):
        one.station.seen("moh")
        settle(office, one)
        two.station.seen("hues")
        settle(office, two)
        counts = two.outbox.counts()
        assert counts.opened == counts.acknowledged and counts.opened + counts.aside == counts.events
        assert counts.aside and not counts.apart, "carried on: nothing of it is kept apart only"
        assert purging.look(two, DAY).why.get("not_opened") is None
        assert_all_count_once(office, arrivals(one), {str(r[0]) for r in written(two, "SELECT deed FROM visit")})


def test_a_receipt_about_another_history_acknowledges_only_what_its_digest_proves(office: Office, tmp_path: Path) -> None:
    """The province holds more of the epoch than the restored journal, of another history: `have` is far, the digest is not."""
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
    backup = copied(home, tmp_path / "backup")
    with opened(office, home, clock) as (parts, _):
        for _ in range(3):
            parts.station.seen("moh")
        settle(office, parts)
    with opened(office, backup, clock) as (restored, wire):
        common = restored.outbox.counts().events
        for _ in range(3):
            restored.station.seen("hues")
        wire.fault = lambda kind, body: Answer(204, b"") if kind == "feed" else None
        restored.uploader.step()  # have: its digest is of the other history, and proves nothing
        assert restored.outbox.counts().acknowledged == 0
        restored.uploader.hurry()
        while "events" not in wire.calls:
            restored.uploader.step()
            restored.uploader.hurry()
        held = standing(restored)[0]
        assert held.have <= common, "never more than both histories have in common"  # type: ignore[attr-defined]


def test_one_event_that_never_goes_through_is_parked_and_the_others_go_on(office: Office, tmp_path: Path) -> None:
    clock = builders.Clock()
    with opened(office, enrolled(office, tmp_path / "kiosk"), clock) as (parts, wire):
        for _ in range(9):
            parts.station.seen("moh")
        total = parts.outbox.counts().events

        def poison(kind: str, body: bytes) -> Answer | None:
            spans = decode(envelope(body).body, Batch).spans if kind == "events" else []
            return timeout() if any(s.from_seq <= 5 <= s.to_seq for s in spans) else None

        wire.fault = poison
        for _ in range(80):
            parts.uploader.hurry()
            parts.uploader.step()
        counts = parts.outbox.counts()
        assert (counts.waiting, counts.parked, counts.acknowledged) == (1, 1, total - 1)
        assert wire.calls.count("events") < 40 and parts.uploader.state.parked == 1
        assert parts.outbox.next(1000, 65536) is None
        clock.forward(PARKED_MS / 1000 + 1)
        wire.fault = lambda *_: None
        settle(office, parts)
        assert parts.outbox.counts().opened == total
        assert_all_count_once(office, arrivals(parts))


def test_a_link_that_swallows_everything_parks_nothing(office: Office, tmp_path: Path) -> None:
    """Only an event that fails while the province answers everything else is set aside."""
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        parts.station.seen("moh")
        settle(office, parts)
        parts.station.seen("moh")
        wire.fault = lambda *_: timeout()
        for _ in range(4 * STRIKES):
            parts.uploader.hurry()
            assert parts.uploader.step().state == "offline"
        assert parts.outbox.counts().parked == 0


def test_a_revoked_kiosks_records_go_into_quarantine_and_it_stops_offering_them(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        parts.station.seen("moh")
        settle(office, parts)
        office_sql_write(office, f"UPDATE kiosk SET revoked_at = 1 WHERE kiosk_id = '{parts.journal.identity.kiosk}'")
        parts.station.seen("hues")
        for _ in range(6):
            parts.uploader.hurry()
            parts.uploader.step()
        counts = parts.outbox.counts()
        assert (counts.waiting, counts.aside, parts.uploader.state.state) == (0, 1, "revoked")
        assert wire.calls.count("events") == 2
        assert [r[0] for r in office_sql(office, "SELECT reason FROM quarantine WHERE seq > 0")] == ["revoked"]


def office_sql_write(office: Office, sql: str) -> None:
    with office.db.write() as conn:
        conn.exec_driver_sql(sql)


@pytest.mark.parametrize("at", ["1970-01-01", "2038-01-20", "2021-05-22", "2021-05-24"])
def test_a_clock_that_is_off_is_shown_and_no_record_is_refused(office: Office, tmp_path: Path, at: str) -> None:
    clock = builders.Clock(builders.at("08:00", at))
    with opened(office, enrolled(office, tmp_path / "kiosk"), clock) as (parts, _):
        parts.station.seen("moh")
        settle(office, parts)
        assert parts.outbox.counts().refused == 0 and parts.uploader.state.clock_skew_s is not None
        assert office.station().kiosks[0].skew_s is not None
        (said,) = [text for text in words.sync_report(parts.uploader.state) if text.startswith("Đồng hồ máy")]
        assert said.endswith(" ngày."), "years are not told in minutes"


def test_a_failed_carry_is_said_and_tried_again(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, clock = enrolled(office, tmp_path / "kiosk"), builders.Clock()
    with opened(office, home, clock) as (parts, _):
        parts.station.seen("moh")
        settle(office, parts)
    twin = copied(home, tmp_path / "twin")
    with opened(office, home, clock) as (one, _), opened(office, twin, clock) as (two, _):
        one.station.seen("moh")
        settle(office, one)
        two.station.seen("hues")
        full: list[int] = [1]

        def carry(epoch: str) -> None:
            if full:
                full.pop()
                raise KioskError(Code.DISK_FULL)
            two._carry(epoch)

        two.uploader._carry = carry
        for _ in range(3):
            two.uploader.hurry()
            two.uploader.step()
        settle(office, two)
        assert not full
        assert_all_count_once(office, arrivals(one), arrivals(two))


def test_after_a_morning_without_network_news_comes_before_anything_is_sent(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        wire.fault = lambda *_: unplugged()
        parts.station.seen("moh")
        for _ in range(6):
            parts.uploader._hold_until = 0.0
            assert parts.uploader.step().state == "offline"
        wire.fault, wire.calls = lambda *_: None, []
        for _ in range(4):
            parts.uploader._hold_until = 0.0
            parts.uploader.step()
        assert wire.calls.index("feed") < wire.calls.index("events")


def test_a_page_that_never_gets_through_holds_up_no_event(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        wire.fault = lambda kind, _body: timeout() if kind == "feed" else None
        parts.station.seen("moh")
        for _ in range(12):
            parts.uploader._hold_until = 0.0
            parts.uploader.step()
        assert parts.outbox.counts().waiting == 0 and "events" in wire.calls


def unplugged() -> None:
    raise KioskError(Code.OFFLINE, why="connect", sent=False)


def test_a_day_that_is_named_late_takes_in_what_was_set_aside_and_the_kiosk_hears_of_it(office: Office, tmp_path: Path) -> None:
    """A province from a backup older than its second day: the day's key is there, the campaign does not know it."""
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        office_sql_write(office, f"DELETE FROM campaign_day WHERE event_day = '{DAY}'")
        for kind in ("moh", "hues"):
            parts.station.seen(kind)
        settle(office, parts)
        counts = parts.outbox.counts()
        assert (counts.waiting, counts.acknowledged, counts.aside, counts.refused) == (0, 0, counts.events, counts.events)
        assert counts.apart == counts.aside and "sự kiện để riêng" in words.sync_report(parts.uploader.state)[0]
        assert office_sql(office, "SELECT count(*) FROM visit") == [(0,)] and office.station().kiosks[0].refused == counts.events
        office_sql_write(office, f"INSERT INTO campaign_day SELECT '{DAY}', campaign_id FROM campaign_day")
        sent = wire.calls.count("events")
        settle(office, parts)  # the opener takes them in, the next `have` says so
        settle(office, parts)
        counts = parts.outbox.counts()
        assert (counts.waiting, counts.acknowledged, counts.opened, counts.aside, counts.refused) == (0, *[counts.events] * 2, 0, 0)
        assert wire.calls.count("events") == sent, "nothing was sent twice"
        assert {row["state"] for row in parts.outbox.headers(parts.journal.identity.kiosk)} == {"acknowledged"}
        assert_all_count_once(office, arrivals(parts))
        assert office_sql(office, "SELECT (SELECT count(*) FROM quarantine), (SELECT count(*) FROM aside)") == [(0, 0)]
        assert office.station().kiosks[0].refused == 0 and figures.of_day(parts.database, DAY).refusals == ()


def test_what_the_province_switches_off_is_refused_at_the_kiosk_and_said_until_it_is_on_again(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        tasks = {
            "ask_province": lambda: parts.lookups.ask_province(("id:046183000123",)),
            "name_search": lambda: parts.lookups.find("Trần Thị Mẫu"),
            "people_export": lambda: parts.spreadsheets.export(tmp_path / "a.csv", "people", reason="đối chiếu"),
            "slip": lambda: parts.papers.print(Order("slip"), tmp_path / "a.pdf"),
        }
        off = ["campaign", "set", "--home", str(office.home.path), *(word for name in tasks for word in ("--off", name))]
        assert main(off) == 0
        settle(office, parts)
        assert set(parts.station.off) == set(tasks)
        for name, task in tasks.items():
            with pytest.raises(KioskError) as refused:
                task()
            assert (refused.value.code, refused.value.facts["feature"]) == (Code.SWITCHED_OFF, name)
        assert any("tìm theo tên" in said for said in words.sync_report(parts.uploader.state, 0, parts.station.off))
        parts.station.seen("moh")  # the entrance goes on
        assert main([*off[:4], *(word.replace("--off", "--on") for word in off[4:])]) == 0
        settle(office, parts)
        assert parts.station.off == () and parts.lookups.find("Trần Thị Mẫu").hits == ()
