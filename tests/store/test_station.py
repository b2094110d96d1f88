"""The acts of an officer on a real encrypted file: what the screen says, what is counted, and what becomes of it when saving fails."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk import compose, words
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain.declaration import Declaration, example, from_json
from kiosk.domain.verdict import Act, Verdict
from kiosk.errors import Code, CommitUnknown, KioskError
from kiosk.ports import Sighting
from kiosk.settings import Settings
from kiosk.store.engine import Connection, Database
from tests import builders
from tests.durability import oracle
from tests.durability.running import unsure_log

CARD_NUMBER, OLD_NUMBER, PHONE = "046183000123", "191500001", "0905123456"


class Entrance:
    """One officer and one kiosk; the clock stands still until told."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, builders.Clock()
        builders.enrolled_home(home)
        self.open()

    def open(self) -> None:
        self.parts = compose.open_parts(self.home, Settings(), self.clock, FileKeyStore(self.home / "device.secret"))
        self.station = self.parts.station

    def again(self) -> None:
        """The program is closed and started again."""
        self.parts.close()
        self.open()

    def show(self, raw: bytes) -> Verdict:
        self.clock.forward(7)
        return self.station.scan(Sighting(os.urandom(8), raw, "zxing-cpp"))

    def a_pass(self, hours_ago: float = 1, valid_hours: int = 48) -> bytes:
        return builders.voter_pass(self.parts.vault.secrets, self.clock.wall, hours_ago, valid_hours)

    def declare(self, said: Declaration, deed: bytes | None = None) -> Verdict:
        self.clock.forward(7)
        return self.station.declare(said, deed)

    def void(self, said: Verdict) -> None:
        self.clock.forward(7)
        self.station.correct(said.event, "bấm nhầm", void=True)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Past the program, by its own connection."""
        conn = oracle.connect(self.home)
        rows: list[tuple[object, ...]] = conn.execute(statement).fetchall()
        conn.commit()
        conn.close()
        return rows


@pytest.fixture
def entrance(home: Path) -> Iterator[Entrance]:
    out = Entrance(home)
    yield out
    out.parts.mirror.step()
    report = out.parts.verify()
    out.parts.close()
    assert report.ok, report.findings
    assert oracle.ledger(home).faults == []


def voter(**changes: object) -> Declaration:
    """A good declaration; `...` leaves a field out."""
    said = example() | {"symptoms": dict(example()["symptoms"])} | changes
    return from_json({key: value for key, value in said.items() if value is not ...})


def with_symptom(name: str, **changes: object) -> Declaration:
    return voter(symptoms=example()["symptoms"] | {name: True}, **changes)


# -- verdicts -----------------------------------------------------------------------------------------------------------


def test_a_pass_lets_in_once_and_is_known_the_second_time(entrance: Entrance) -> None:
    code = entrance.a_pass()
    first, second = entrance.show(code), entrance.show(code)
    assert (first.act, first.number, first.arrival) == (Act.COME_IN, 1, True)
    assert (second.act, second.number, second.since) == (Act.ALREADY_IN, 0, first.at)
    entrance.again()
    assert entrance.show(code).act is Act.ALREADY_IN, "also after a new start"
    assert entrance.station.today().visits == 1


def test_every_shown_code_is_an_event_and_only_arrivals_are_numbered(entrance: Entrance) -> None:
    shown = [b"http://qr.huecity.vn", b"f3b1", b"046183000123", entrance.a_pass(), b"\xff", entrance.a_pass(100), entrance.a_pass()]
    said = [entrance.show(raw) for raw in shown]
    acts = [Act.OTHER_CODE, Act.LOOK, Act.DECLARE, Act.COME_IN, Act.NOT_CONFIRMED, Act.OUT_OF_DATE, Act.COME_IN]
    assert [v.act for v in said] == acts
    assert [v.number for v in said] == [0, 0, 0, 1, 0, 0, 2]
    assert len({v.event for v in said}) == len(shown) and all(v.event for v in said)


def test_card_then_declaration_then_card_again(entrance: Entrance) -> None:
    card = entrance.show(builders.CARD)
    assert card.act is Act.CARD and card.prefill["id_number"] == CARD_NUMBER
    declared = entrance.declare(voter())
    assert (declared.act, declared.number, declared.arrival) == (Act.COME_IN, 1, True)
    again = entrance.show(builders.CARD)
    assert (again.act, again.since) == (Act.ALREADY_IN, declared.at)
    assert entrance.declare(voter(email="a@b.vn")).act is Act.ALREADY_IN, "a second declaration is kept, and counts nobody twice"
    today = entrance.station.today()
    assert (today.visits, today.declared) == (1, 2)


def test_the_card_knows_who_declared_with_the_old_number(entrance: Entrance) -> None:
    entrance.declare(voter(id_number=OLD_NUMBER))
    assert entrance.show(builders.CARD).act is Act.ALREADY_IN
    assert entrance.show(OLD_NUMBER.encode()).act is Act.ALREADY_IN


@pytest.mark.parametrize(("symptom", "act"), [("fever", Act.HEALTH_DESK), ("fatigue", Act.COME_IN)])
def test_the_health_desk_is_inside_and_counts(symptom: str, act: Act, entrance: Entrance) -> None:
    said = entrance.declare(with_symptom(symptom))
    assert (said.act, said.number) == (act, 1)
    assert entrance.station.today().visits == 1


@pytest.mark.parametrize("kind", ["moh", "arrival", "hues"])
def test_what_was_seen_on_the_phone_counts_and_names_nobody(kind: str, entrance: Entrance) -> None:
    said = [entrance.station.seen(kind), entrance.station.seen(kind)]
    assert [(v.act, v.number) for v in said] == [(Act.COME_IN, 1), (Act.COME_IN, 2)]
    assert entrance.sql("SELECT count(*) FROM subject") == [(0,)]
    assert entrance.station.today().by_source == {kind: 2}
    with pytest.raises(KioskError) as error:
        entrance.station.seen("rumour")
    assert error.value.code is Code.BAD_INPUT


def test_a_voided_arrival_keeps_its_number_and_the_voter_comes_in_again(entrance: Entrance) -> None:
    code = entrance.a_pass()
    first = entrance.show(code)
    entrance.void(first)
    again = entrance.show(code)
    assert (again.act, again.number) == (Act.COME_IN, first.number + 1)
    entrance.void(again)
    with pytest.raises(KioskError) as error:
        entrance.void(again)
    assert error.value.code is Code.ALREADY_VOIDED
    today = entrance.station.today()
    assert (today.visits, today.voided, today.highest) == (0, 2, 2)
    with pytest.raises(KioskError) as error:
        entrance.station.correct(f"{entrance.station.info.kiosk}:{'0' * 16}:1", "x")
    assert error.value.code is Code.EVENT_UNKNOWN


def test_who_was_voided_after_declaring_is_still_declared(entrance: Entrance) -> None:
    entrance.void(entrance.declare(voter()))
    shown = entrance.show(builders.CARD)
    assert (shown.act, shown.reason, shown.number) == (Act.COME_IN, "declared_here", 2)


def test_a_declaration_counts_for_the_hours_the_province_says(entrance: Entrance) -> None:
    entrance.void(entrance.declare(voter()))
    entrance.clock.forward(entrance.station.policy.validity_hours * 3600)
    assert entrance.show(builders.CARD).act is Act.OUT_OF_DATE
    assert entrance.station.day() == builders.ELECTION_DAY, "the day that was opened stays open"


def test_a_family_on_one_phone_comes_in_one_by_one(entrance: Entrance) -> None:
    family = [voter(phone=PHONE, id_number=f"04618300012{i}") for i in range(3)]
    assert [entrance.declare(said).act for said in family] == [Act.COME_IN] * 3
    by_phone_alone = voter(phone=PHONE, id_number=..., phone_of="relative")
    assert entrance.declare(by_phone_alone).act is Act.COME_IN, "the phone finds; it never says who is in"
    assert entrance.station.today().visits == 4


def test_a_day_that_no_campaign_names_is_not_opened(home: Path) -> None:
    builders.enrolled_home(home, enrolled_at=builders.at("06:00", "2021-05-20"))
    clock = builders.Clock(builders.at("08:00", "2021-05-21"))
    with compose.open_parts(home, Settings(), clock, FileKeyStore(home / "device.secret")) as parts:
        said = parts.station.scan(Sighting(os.urandom(8), b"046183000123", "typed"))
        assert (said.act, said.reason) == (Act.NOT_SAVED, Code.NO_DAY.value)
        with pytest.raises(KioskError) as error:
            parts.station.begin_day("2021-05-21")
        assert error.value.code is Code.DAY_UNKNOWN
        parts.station.begin_day(builders.ELECTION_DAY)
        assert parts.station.scan(Sighting(os.urandom(8), b"046183000123", "typed")).act is Act.DECLARE
        assert parts.conditions() == [Code.FEED_STALE]  # a day after the enrolment, and nothing heard since


def test_desk_and_camera_at_once_get_dense_numbers(entrance: Entrance) -> None:
    said: list[Verdict] = []
    passes = [[entrance.a_pass() for _ in range(20)] for _ in range(4)]

    def work(mine: list[bytes]) -> None:
        said.extend(entrance.station.scan(Sighting(os.urandom(8), raw, "zxing-cpp")) for raw in mine)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in passes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(v.number for v in said) == list(range(1, 81))


# -- what is kept -------------------------------------------------------------------------------------------------------


def test_no_number_and_no_name_stands_outside_the_sealed_bodies_the_declaration_and_its_index(entrance: Entrance) -> None:
    entrance.show(builders.CARD)
    entrance.show(CARD_NUMBER.encode())
    entrance.declare(voter(phone=PHONE))
    personal = [CARD_NUMBER, OLD_NUMBER, PHONE, "Mẫu", "mau", "An Cựu"]
    for (table,) in entrance.sql("SELECT name FROM sqlite_master WHERE type='table'"):
        for row in entrance.sql(f'SELECT * FROM "{table}"'):
            content = b"\0".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
            found = [word for word in personal if word.encode() in content]
            assert table in ("declaration", "search_part", "search_word") or not found, (table, found)
    assert len(entrance.sql("SELECT hash FROM subject WHERE length(hash) = 16")) >= 2
    for path in entrance.home.rglob("*"):
        assert not path.is_file() or not [w for w in personal if w.encode() in path.read_bytes()], path


def test_a_declaration_and_its_arrival_are_written_together_or_not_at_all(entrance: Entrance) -> None:
    entrance.show(b"f3b1")  # the epoch and the day are there
    entrance.parts.mirror.step()
    copy = entrance.parts.mirror.path.read_bytes()
    entrance.sql("CREATE TRIGGER stop BEFORE INSERT ON visit BEGIN SELECT RAISE(ABORT, 'disk'); END")
    assert entrance.declare(voter()).act is Act.NOT_SAVED
    assert entrance.sql("SELECT count(*) FROM event WHERE kind IN (1, 3)") == [(0,)]
    assert entrance.parts.mirror.path.read_bytes() == copy, "what was not committed is in no copy"
    entrance.sql("DROP TRIGGER stop")
    assert entrance.declare(voter()).act is Act.COME_IN
    assert entrance.sql("SELECT kind FROM event WHERE kind IN (1, 3) ORDER BY seq") == [(3,), (1,)]


# -- saving fails -------------------------------------------------------------------------------------------------------


def test_who_cannot_be_saved_gets_a_paper_form_with_its_own_number(entrance: Entrance) -> None:
    entrance.show(b"f3b1")
    entrance.sql("CREATE TRIGGER stop BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    said = [entrance.show(entrance.a_pass()) for _ in range(2)]
    entrance.again()
    said.append(entrance.show(entrance.a_pass()))
    assert [(v.act, v.reason, v.number, v.event) for v in said] == [(Act.NOT_SAVED, Code.DISK_FULL.value, n, "") for n in (1, 2, 3)]
    assert "G003" in words.verdict(said[-1]).next_step
    assert entrance.station.writer.trouble is Code.DISK_FULL
    entrance.sql("DROP TRIGGER stop")
    assert entrance.show(entrance.a_pass()).number == 1, "paper forms have numbers of their own"
    assert entrance.station.writer.trouble is None, "the trouble clears itself"
    assert [(e["paper"], e["code"]) for e in unsure_log(entrance.home)] == [(n, "KS-110") for n in (1, 2, 3)]
    assert Code.UNSURE_FOUND not in entrance.parts.conditions()


def test_a_paper_number_that_cannot_be_kept_is_not_given_out(entrance: Entrance) -> None:
    entrance.sql("CREATE TRIGGER stop BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    log = entrance.home / "unsure.log"
    log.write_bytes(b"\n" * 64 * 1024)  # as an older program made it
    entrance.again()
    assert log.stat().st_size >= 4_000 * 80, "room for a day"
    log.rename(kept := entrance.home / "aside")
    log.mkdir()  # nobody can write there
    said = [entrance.show(entrance.a_pass()) for _ in range(2)]
    assert [(v.act, v.number) for v in said] == [(Act.NOT_SAVED, 0)] * 2
    assert words.hour_minute(said[-1].at) in words.verdict(said[-1]).next_step and "G0" not in words.verdict(said[-1]).next_step
    log.rmdir()
    kept.rename(log)
    assert entrance.show(entrance.a_pass()).number == 1


Commit = Callable[[Database, Connection], None]


def says_error_after(times: int, real: Commit, written: list[bool]) -> Commit:
    """A COMMIT whose flush fails: `written` says for each call, in turn, whether the row got to the disk all the same."""
    calls = iter(range(times))

    def commit(self: Database, conn: Connection) -> None:
        turn = next(calls, None)
        if turn is None:
            return real(self, conn)
        if written[turn]:
            real(self, conn)
        self._drop_writer()
        raise CommitUnknown("disk I/O error")

    return commit


def test_a_commit_that_only_seemed_to_fail_is_green_once_the_disk_takes_one_more(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = entrance.a_pass()
    with monkeypatch.context() as patch:
        patch.setattr(Database, "_commit", says_error_after(1, Database._commit, [True]))
        said = entrance.show(code)
    assert (said.act, said.number) == (Act.COME_IN, 1)
    assert entrance.show(code).act is Act.ALREADY_IN
    assert unsure_log(entrance.home) == []
    notes = [row.fields for row in oracle.ledger(entrance.home).rows if row.kind == 7]
    assert notes == [{"what": "commit_unknown", "found": True}]


def test_a_commit_that_did_fail_goes_to_paper(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    code = entrance.a_pass()
    with monkeypatch.context() as patch:
        patch.setattr(Database, "_commit", says_error_after(1, Database._commit, [False]))
        said = entrance.show(code)
    assert (said.act, said.reason, said.number) == (Act.NOT_SAVED, Code.COMMIT_UNKNOWN.value, 1)
    assert (again := entrance.show(code)).act is Act.COME_IN and again.number == 1
    assert Code.UNSURE_FOUND not in entrance.parts.conditions()


def test_a_deed_that_turns_up_after_it_went_to_paper_is_for_the_lead(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_knows = voter(phone=PHONE, id_number=..., phone_of="relative")
    deed = os.urandom(8)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "_commit", says_error_after(2, Database._commit, [True, False]))
        said = entrance.declare(nobody_knows, deed)
    assert (said.act, said.number) == (Act.NOT_SAVED, 1), "found, but the disk takes nothing more"
    entrance.again()
    assert Code.UNSURE_FOUND in entrance.parts.conditions()
    [(entry, event)] = entrance.parts.unsure.turned_up(entrance.parts.database, entrance.parts.journal)
    assert (entry.deed, entry.paper) == (deed.hex(), 1)
    retried = entrance.declare(nobody_knows, deed)
    assert (retried.act, retried.number, retried.event) == (Act.COME_IN, 1, event), "the form is saved again: the same deed, the same visit"
    today = entrance.station.today()
    assert (today.visits, today.declared) == (1, 1)
