"""The opener: what is held is read, in order, once; what cannot be read is named and gone past; the rows are a function of the set."""

import itertools
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from kiosk.crypto import seal
from kiosk.domain import protocol
from kiosk.domain.events import Body, ClockReading, Kind
from kiosk.domain.projection import Declaration, Fact, Visit, project
from province import authority, opener, reader, settings, stations
from province.opener import Opener
from tests.province.conftest import Office
from tests.wire import NOW, Kiosk, declaration, visit


@pytest.fixture
def kiosk(office: Office) -> Kiosk:
    return office.kiosk()


def rollup(office: Office) -> tuple[int, int, int]:
    row = office.station()
    with office.db.read() as conn:
        desk = conn.exec_driver_sql("SELECT coalesce(sum(desk), 0) FROM rollup").scalar_one()
    return row.visits, row.declarations, int(desk)


def test_arrivals_and_declarations_become_rows_without_names_or_answers(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    deed = os.urandom(8).hex()
    kiosk.add(epoch, Kind.DECLARATION, declaration(desk=True), deed)
    kiosk.add(epoch, Kind.VISIT, {**visit(1), "source": "proxy"}, deed)
    kiosk.add(epoch, Kind.SIGHTING, {"verdict": "other_code", "code": "wifi"})
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 3
    assert kiosk.have()[epoch.id].opened == 3
    assert rollup(office) == (1, 1, 1)
    (row,) = office.rows("visit")
    assert row[2:5] == (kiosk.name, epoch.id, 2) and row[5:11] == (NOW, None, 1, "proxy", "come_in", NOW - 3_600_000)
    assert "Mẫu" not in repr(office.rows("declaration") + office.rows("visit") + office.rows("deed"))


def test_the_same_person_has_one_hash_in_a_day_and_another_the_next(office: Office, kiosk: Kiosk) -> None:
    today, tomorrow = kiosk.epoch(), kiosk.epoch(day="2021-05-24")
    for epoch in (today, tomorrow):
        for no in (1, 2):
            kiosk.add(epoch, Kind.VISIT, visit(no, "id:046183000123"))
    kiosk.add(today, Kind.VISIT, {**visit(3), "subjects": []})
    kiosk.send(today.span(), tomorrow.span(), openings=[today, tomorrow])
    office.open_all()
    hashes = [(row[1], row[12]) for row in office.rows("visit")]
    assert len(set(hashes)) == 3 and hashes.count(("2021-05-23", None)) == 1


@pytest.mark.parametrize("version,kind", [(2, Kind.VISIT), (1, 99)])
def test_kinds_and_versions_of_tomorrow_are_kept_and_named(office: Office, kiosk: Kiosk, version: int, kind: int) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 1)
    kiosk.add(epoch, kind, visit(2), version=version)
    kiosk.visits(epoch, 1)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    assert kiosk.have()[epoch.id].opened == 3 and rollup(office)[0] == 2
    assert (office.station().kiosks[0].opened, office.station().kiosks[0].refused) == (2, 1)


@pytest.mark.parametrize(
    "kind,fields",
    [
        (Kind.VISIT, {"no": "một"}),
        (Kind.VISIT, {"no": [1]}),
        (Kind.VISIT, {"no": 1, "subjects": 7}),
        (Kind.DECLARATION, {"subjects": None}),
        (Kind.CORRECTION, {"target": "TARGET", "changes": {"no": "hai"}}),
        (Kind.CORRECTION, {"target": "TARGET", "changes": {"subjects": 5}}),
    ],
)
def test_a_body_of_hostile_shape_is_unreadable_and_spoils_nothing(office: Office, kiosk: Kiosk, kind: Kind, fields: dict[str, Any]) -> None:
    epoch = kiosk.epoch()
    (root,) = kiosk.visits(epoch, 1)
    fields = {name: str(root) if value == "TARGET" else value for name, value in fields.items()}
    kiosk.add(epoch, kind, fields)
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 2
    assert [row[4] for row in office.rows("refusal")] == [2] and rollup(office)[0] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"no": 1 << 80, "since": 1 << 80, "source": "x" * 999, "verdict": "<b>"},
        {"no": -1, "since": "hôm qua"},
        {"no": 1, "source": "a\0b"},
    ],
)
def test_hostile_numbers_and_words_do_not_reach_the_tables(office: Office, kiosk: Kiosk, fields: dict[str, Any]) -> None:
    epoch = kiosk.epoch()
    kiosk.add(epoch, Kind.VISIT, fields)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    (row,) = office.rows("visit")
    assert row[7] in (0, 1) and row[8:11] == ("", "", None)


def test_an_epoch_sealed_to_another_key_is_acknowledged_and_unreadable(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch(content_key=seal.seal_key(seal.day_public(seal.generate_day()), os.urandom(32), b""))
    kiosk.visits(epoch, 3)
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 3
    assert len(office.rows("refusal")) == 3 and office.rows("visit") == []


def test_a_dictionary_nobody_has_makes_an_epoch_unreadable(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch(dictionary=9999)
    kiosk.visits(epoch, 1)
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 1 and len(office.rows("refusal")) == 1


def test_a_disk_that_is_nearly_full_is_named_in_health(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    Opener(office.db, office.home).step()
    usual = stations.health(office.db, settings.now())
    monkeypatch.setattr("province.db.shutil.disk_usage", lambda _path: SimpleNamespace(free=9 << 20))
    full = stations.health(office.db, settings.now())
    assert usual["ok"] and usual["database"] == "ok"
    if office.db.embedded:
        assert (full["ok"], full["database"], full["free_mb"]) == (False, "disk_full", 9)
    else:
        assert full["ok"] and "free_mb" not in full, "a server's own disk is watched where it stands"


def test_without_the_days_key_the_epoch_waits_and_health_names_the_day(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 2)
    kiosk.send(epoch.span(), openings=[epoch])
    key = office.home.day_key(kiosk.day)
    private = key.read_bytes()
    key.unlink()
    assert office.open_all() == 0 and office.rows("refusal") == []
    worker = office.rows("worker")[0]
    assert worker[-1] == f'["{kiosk.day}"]'
    authority.put(key, private)
    assert office.open_all() == 2


class Died(BaseException):
    """As a killed process: nothing after it runs."""


def test_a_step_that_dies_at_any_statement_has_opened_all_or_nothing(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    first, *_ = kiosk.visits(epoch, 5)
    kiosk.add(epoch, Kind.CORRECTION, {"target": str(first), "void": True, "reason": "nhầm"})
    kiosk.send(epoch.span(), openings=[epoch])
    died = 0
    for fatal in range(1, 100):
        left = iter(range(fatal))

        def execute(*_: object, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Died

        event.listen(office.db.engine, "before_cursor_execute", execute)
        try:
            Opener(office.db, office.home).step()
        except Died:
            died += 1
        finally:
            event.remove(office.db.engine, "before_cursor_execute", execute)
        opened = kiosk.have()[epoch.id].opened
        assert (opened, len(office.rows("visit")), len(office.rows("deed"))) in ((0, 0, 0), (6, 5, 5))
    assert opened == 6 and died >= 10 and rollup(office)[0] == 4


def test_two_openers_at_once_do_no_harm(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 3)
    kiosk.send(epoch.span(), openings=[epoch])
    late = Opener(office.db, office.home)
    with office.db.read() as conn:
        (stale,) = conn.execute(opener.EPOCH.select()).all()
    assert office.open_all() == 3
    assert late._advance(stale) == 0
    assert kiosk.have()[epoch.id].opened == 3 and rollup(office)[0] == 3


def test_more_than_one_chunk_is_opened_to_the_end(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, opener.CHUNK * 2 + 7)
    for first in range(1, len(epoch.events) + 1, 150):
        kiosk.send(epoch.span(first, min(first + 149, len(epoch.events))), openings=[epoch])
    assert office.open_all() == opener.CHUNK * 2 + 7 == rollup(office)[0]


def test_a_deed_carried_into_a_new_epoch_counts_once(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    deed = os.urandom(8).hex()
    kiosk.add(epoch, Kind.VISIT, visit(1), deed)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    carried = kiosk.epoch(parent=epoch)
    kiosk.add(carried, Kind.VISIT, visit(1), deed, at=NOW - 1000)  # earlier: now it is the root
    kiosk.send(carried.span(), openings=[carried])
    office.open_all()
    assert [row[3] for row in office.rows("visit")] == [carried.id] and rollup(office)[0] == 1


def test_an_amendment_may_come_before_its_root(office: Office) -> None:
    left, right = office.kiosk(), office.kiosk()
    rooted, amending = left.epoch(), right.epoch()
    (root,) = left.visits(rooted, 1)
    right.add(amending, Kind.LEAVE, {"target": str(root)}, at=NOW + 60_000)
    right.send(amending.span(), openings=[amending])
    office.open_all()
    assert office.rows("visit") == []
    left.send(rooted.span(), openings=[rooted])
    office.open_all()
    assert [row[6] for row in office.rows("visit")] == [NOW + 60_000]


def test_an_amendment_of_what_is_no_root_waits_for_ever_and_does_no_harm(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 1)
    for target in ("", "x:y:z", f"a\0b:{epoch.id}:1", f"{kiosk.name}:{epoch.id}:3", f"{kiosk.name}:{epoch.id}:99999999999999999999"):
        kiosk.add(epoch, Kind.CORRECTION, {"target": target, "void": True})
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 6 and rollup(office)[0] == 1


def test_every_order_of_arrival_gives_the_rows_of_the_shared_projection(office: Office, kiosk: Kiosk) -> None:
    """Six events of three epochs, each event a batch of its own where its epoch allows; opened after each arrival."""
    epochs = [kiosk.epoch() for _ in range(3)]
    for number, order in enumerate(itertools.permutations(range(3))):
        facts: list[Fact] = []
        a, b, c = (kiosk.epoch(parent=epochs[0]) for _ in range(3))
        deed, other = os.urandom(8).hex(), os.urandom(8).hex()
        plan = [
            (a, Kind.VISIT, visit(1, f"id:{number}"), deed, NOW),
            (a, Kind.DECLARATION, declaration(), other, NOW + 1),
            (b, Kind.VISIT, visit(1, f"id:{number}"), deed, NOW - 5),
            (b, Kind.CORRECTION, {"target": f"{kiosk.name}:{a.id}:2", "changes": {"desk": True}}, "", NOW + 9),
            (c, Kind.CORRECTION, {"target": f"{kiosk.name}:{a.id}:2", "changes": {"desk": False, "mode": "new"}}, "", NOW + 8),
            (c, Kind.LEAVE, {"target": f"{kiosk.name}:{b.id}:1"}, "", NOW + 99),
        ]
        for epoch, kind, fields, name, at in plan:
            key = kiosk.add(epoch, kind, fields, name, at=at)
            body = Body(int(kind), 1, name or "-", "o", ClockReading(at, 1, "b"), fields)
            facts.append(Fact(key, at, body))
        for i in order:
            epoch = (a, b, c)[i]
            kiosk.send(epoch.span(), openings=[epoch])
            office.open_all()
        want = project(facts).rows.values()
        ours = {a.id, b.id, c.id}
        visits = [(r[3], r[4], r[5], r[6], bool(r[11])) for r in office.rows("visit") if r[3] in ours]
        assert visits == [(r.key.epoch, r.key.seq, r.at, r.left_at, r.voided) for r in want if isinstance(r, Visit)]
        declared = [(r[3], r[4], r[5], r[6], bool(r[7])) for r in office.rows("declaration") if r[3] in ours]
        assert declared == [(r.key.epoch, r.key.seq, r.at, r.mode, r.desk) for r in want if isinstance(r, Declaration)]


def test_the_reader_opens_nothing_that_was_moved_to_another_place(office: Office, kiosk: Kiosk) -> None:
    left, right = kiosk.epoch(), kiosk.epoch()
    kiosk.visits(left, 1)
    room = reader.Reader(office.home).room(kiosk.name, right.id, right.signed.opening)
    with pytest.raises(seal.Unopenable):
        reader.Reader(office.home).open(room, 1, left.events[0])


def test_refusals_of_the_opener_come_with_every_answer_about_their_epoch(office: Office, kiosk: Kiosk) -> None:
    epoch = kiosk.epoch()
    kiosk.put(epoch, b"\0" * 60)
    kiosk.send(epoch.span(), openings=[epoch])
    office.open_all()
    answer = kiosk.send(epoch.span(), openings=[epoch])
    assert answer.refusals == [protocol.Refusal(epoch.id, 1, "unreadable")]
    assert msgspec.structs.asdict(answer)["forked"] == []


def test_an_officers_stay_is_kept_for_tracing_and_counts_once(office: Office, kiosk: Kiosk) -> None:
    epoch, deed = kiosk.epoch(), os.urandom(8).hex()
    kiosk.add(epoch, Kind.STAY, {"what": "begin"}, deed)
    kiosk.add(epoch, Kind.STAY, {"what": "end"}, at=NOW + 60_000)
    kiosk.add(epoch, Kind.STAY, {"what": "begin", "carried": "x"}, deed)
    kiosk.add(epoch, Kind.STAY, {"what": ["hostile"]})
    kiosk.send(epoch.span(), openings=[epoch])
    assert office.open_all() == 4
    with office.db.read() as conn:
        rows = conn.exec_driver_sql("SELECT what, officer, at FROM stay ORDER BY at, seq").all()
    assert [tuple(row) for row in rows] == [("begin", "officer-1", NOW), ("", "officer-1", NOW), ("end", "officer-1", NOW + 60_000)]
