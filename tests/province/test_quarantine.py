"""What was set aside comes in when its reason has passed, through the same intake and once; conflicts stay; nothing is ever dropped."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from kiosk.domain.events import Kind
from province import authority, quarantine, settings, tables
from province.cli import main
from tests.province.conftest import Office
from tests.wire import DAY, NOW, Epoch, Kiosk, Refused, visit

LATE = "2021-05-30"
Command = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def kiosk(office: Office) -> Kiosk:
    return office.kiosk()


@pytest.fixture
def command(office: Office, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command of the province on this database; its JSON lines."""

    def run(*words: str, code: int = 0) -> list[dict[str, Any]]:
        capsys.readouterr()
        assert main([*words, "--home", str(office.home.path), "--database-url", office.home.database_url, "--json"]) == code
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def sql(office: Office, text: str) -> list[tuple[object, ...]]:
    with office.db.write() as conn:
        found = conn.exec_driver_sql(text)
        return [tuple(row) for row in found] if found.returns_rows else []


def left(office: Office) -> list[tuple[object, ...]]:
    return sql(office, "SELECT seq, reason FROM quarantine ORDER BY seq, reason, sha256")


def of_a_day_to_come(office: Office, kiosk: Kiosk, events: int = 4) -> Epoch:
    """Sent in two batches, the first of them twice and with an opening that nobody signed; sealed to the day's key that
    `campaign set --add-day` will use."""
    kiosk.campaign.days[LATE] = authority.create_day(office.home, LATE)
    epoch, forged = kiosk.epoch(day=LATE), kiosk.epoch()
    forged.signed = msgspec.structs.replace(forged.signed, signature=bytes(64))
    kiosk.visits(epoch, events)
    for _ in range(2):
        kiosk.send(epoch.span(1, 2), openings=[forged, epoch])
    answer = kiosk.send(epoch.span(3, events), openings=[epoch])
    assert {refusal.reason for refusal in answer.refusals} == {"no_campaign"}
    return epoch


def test_when_its_day_is_named_what_was_set_aside_is_held_opened_and_counted_once(office: Office, kiosk: Kiosk, command: Command) -> None:
    epoch = of_a_day_to_come(office, kiosk)
    (group,) = command("quarantine", "list")
    assert (group["reason"], group["event_day"], group["first"], group["last"], group["events"]) == ("no_campaign", LATE, 1, 4, 4)
    assert command("quarantine", "release")[0]["left"] == {"no_campaign": 4}, "its day is not named: it stays"
    assert command("campaign", "set", "--add-day", LATE)[0]["released"] == 4
    assert left(office) == [] and office.rows("aside") == [] and command("quarantine", "list") == []
    assert office.open_all() == 4 and len(office.rows("visit")) == 4
    assert kiosk.have(epoch.id)[epoch.id].opened == 4
    assert kiosk.send(epoch.span(), openings=[epoch]).duplicates == 4


@pytest.mark.parametrize("dies_at", range(5))
def test_killed_at_any_write_it_loses_nothing_and_doubles_nothing(
    office: Office, kiosk: Kiosk, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_a_day_to_come(office, kiosk)
    sql(office, f"INSERT INTO campaign_day SELECT '{LATE}', campaign_id FROM campaign_day WHERE event_day = '{DAY}'")
    honest, writes = office.db.write, []

    def dying() -> Any:
        writes.append(1)
        if len(writes) > dies_at:
            raise KeyboardInterrupt
        return honest()

    with monkeypatch.context() as patch:
        patch.setattr(office.db, "write", dying)
        try:
            quarantine.release(office.db, NOW)
            assert dies_at >= 4
        except KeyboardInterrupt:
            assert dies_at < 4, "two uploads, each taken and settled"
    quarantine.release(office.db, NOW)
    assert left(office) == [] and office.rows("aside") == []
    assert office.open_all() == 4 and len(office.rows("visit")) == len(office.rows("event")) == 4


def test_the_opener_does_it_by_itself_and_a_conflict_stays(office: Office, kiosk: Kiosk) -> None:
    epoch = of_a_day_to_come(office, kiosk)
    other = Epoch(epoch.id, epoch.day, epoch.content_key, epoch.signed, epoch.heads[:3], epoch.events[:2])
    kiosk.visits(other, 2)
    kiosk.send(other.span(), openings=[other])
    sql(office, f"INSERT INTO campaign_day SELECT '{LATE}', campaign_id FROM campaign_day WHERE event_day = '{DAY}'")
    office.open_all()
    assert len(office.rows("visit")) == 4 and left(office) == [(3, "conflict"), (4, "conflict")]
    assert office.rows("aside") == [] and quarantine.release(office.db, NOW).left == {"conflict": 2}
    assert office.station().kiosks[0].alerts == ["fork"]


def test_a_revoked_kiosks_records_come_in_when_an_operator_says_why(office: Office, kiosk: Kiosk, command: Command) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 3)
    kiosk.send(epoch.span(1, 2), openings=[epoch])
    sql(office, f"UPDATE kiosk SET revoked_at = {NOW} WHERE kiosk_id = '{kiosk.name}'")
    kiosk.send(epoch.span(3, 3))
    assert office.open_all() == 2 and left(office) == [(3, "revoked")]
    for words in (("--kiosk", kiosk.name), ("--reason", "đã xem"), ("--kiosk", "f" * 12, "--reason", "đã xem")):
        command("quarantine", "release", *words, code=1)
    assert command("quarantine", "release")[0]["left"] == {"revoked": 1}
    assert command("quarantine", "release", "--kiosk", kiosk.name, "--reason", "mất sau giờ đóng")[0]["events"] == 1
    assert office.open_all() == 1 and left(office) == []
    assert [(row[2], row[3], row[4]) for row in office.rows("log_line")] == [("province", "quarantine_released", kiosk.name)]
    with pytest.raises(Refused, match="revoked"):
        kiosk.have()


def test_a_stray_upload_comes_in_when_its_kiosk_is_known_and_a_forged_one_never_does(
    office: Office, kiosk: Kiosk, command: Command
) -> None:
    epoch = kiosk.epoch()
    kiosk.add(epoch, Kind.VISIT, visit(1))
    known = sql(office, f"SELECT * FROM kiosk WHERE kiosk_id = '{kiosk.name}'")
    sql(office, "DELETE FROM kiosk")
    honest = kiosk.seed
    for seed in (honest, bytes(32)):
        kiosk.seed = seed
        with pytest.raises(Refused, match="unknown_kiosk"):
            kiosk.send(epoch.span(), openings=[epoch])
    assert [row["known"] for row in command("strays", "list")] == [False, False]
    assert command("strays", "release")[0]["left"] == {"unknown_kiosk": 2}
    with office.db.write() as conn:
        conn.execute(tables.table(tables.Kiosk).insert().values(known[0]))
    assert office.open_all() == 1 and len(office.rows("visit")) == 1
    (row,) = command("strays", "list")
    assert (row["known"], row["trouble"]) == (True, "signature")
    assert command("strays", "release")[0] == {"uploads": 0, "events": 0, "left": {"signature": 1}}
    assert settings.now() - 60_000 < row["received_at"] <= settings.now()
