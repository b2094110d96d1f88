"""Tracing on a generated day with planted meetings, against a slow reference that shares no line with the product.

Edges: exactly the margin, across midnight, no exit, two entrances, corrected and voided visits, poster arrivals, officers' stays.
"""

import random
from dataclasses import dataclass
from typing import Any

import pytest

from kiosk.domain.events import Kind
from province import cases, tables, tracing
from province.reader import Reader
from tests.province.conftest import Office
from tests.wire import DAY, NOW, declaration, visit

MINUTE = 60_000
NEXT = "2021-05-24"
OPENS = 1_621_728_000_000  # 07:00 in Huế
MARGIN, STAY = 15, 30
STATIONS = [f"46-474-19750-{n:02d}" for n in range(1, 6)]


@dataclass
class Planted:
    """One visit as the test knows it: `who`: a look-up name; minutes since 07:00; `out` None: no exit was recorded; `elsewhere`: the
    exit was recorded by a kiosk that did not know the visit."""

    who: str
    station: str
    came: float
    out: float | None
    day: str = DAY
    voided: bool = False
    kiosk: str = "k1"
    source: str = "hu1"
    seq: int = 0
    elsewhere: bool = False


def reference(planted: list[Planted], case: str) -> dict[str, float]:
    """Everybody who met the case, with minutes together: pair by pair, minute by minute on a line of half minutes."""
    real = [p for p in planted if not p.voided]

    def end(p: Planted) -> float:
        return p.came + STAY if p.out is None else p.out

    out: dict[str, set[int]] = {}
    for mine in (p for p in real if p.who == case):
        for other in (p for p in real if p.who != case and p.station == mine.station):
            gap = max(mine.came, other.came) - min(end(mine), end(other))
            if gap <= MARGIN:
                halves = range(int(max(mine.came, other.came) * 2), int(min(end(mine), end(other)) * 2))
                out.setdefault(other.who, set()).update(halves)
    return {who: len(halves) / 2 for who, halves in out.items()}


def plant(seed: int) -> list[Planted]:
    """A day of 1,500 visits and 200 meetings of one case."""
    rnd = random.Random(seed)
    out: list[Planted] = []
    for n in range(1300):
        came = float(rnd.randrange(0, 700))
        left = rnd.choice([None, came + rnd.randrange(1, 60)])
        out.append(Planted(f"id:{n:012d}", rnd.choice(STATIONS), came, left, elsewhere=left is not None and rnd.random() < 0.5))
    case = "id:999999999999"
    spells = [(STATIONS[0], 60.0, 85.0), (STATIONS[1], 200.0, None), (STATIONS[2], 1010.0, 1030.0)]  # the last across midnight
    out += [Planted(case, station, came, left) for station, came, left in spells]
    for n in range(200):
        station, came, left = spells[n % 3]
        end = came + STAY if left is None else left
        kind = n % 8
        at = {0: end + MARGIN, 1: end + MARGIN + 0.5, 2: came, 3: end - 1, 4: came + 5, 5: came - STAY - MARGIN, 6: came + 2, 7: came + 3}[
            kind
        ]
        more: dict[str, Any] = (
            {"kiosk": "k2"} if kind == 4 else {"voided": True} if kind == 6 else {"kiosk": "web", "source": "poster"} if kind == 7 else {}
        )
        day = NEXT if at > 1020 else DAY
        out.append(Planted(f"id:8{n:011d}", station, at, None if kind in (5, 7) else at + 10, day, **more))
        if kind == 4:  # the same person by another entrance, a little later
            out.append(Planted(f"id:8{n:011d}", station, at + 3, at + 20, day))
    return out


def fill(office: Office, planted: list[Planted], reader: Reader) -> None:
    rows, exits = [], []
    for seq, p in enumerate(planted, 1):
        p.seq = seq
        left = None if p.out is None else round(OPENS + p.out * MINUTE)
        if p.elsewhere:
            named = {"subject_hash": reader.subject_hash(p.day, (p.who,)), "ticket": 0, "known": False, "voided": False, "at": left}
            exits.append({"station_id": p.station, "event_day": p.day, "kiosk_id": "kx", "epoch": "01" * 8, "seq": seq, **named})
            left = None
        base = {
            "station_id": p.station,
            "event_day": p.day,
            "kiosk_id": p.kiosk,
            "epoch": "00" * 8,
            "seq": seq,
            "number": seq,
            "declared_at": None,
        }
        times = {"entered_at": round(OPENS + p.came * MINUTE), "left_at": left, "subject_hash": reader.subject_hash(p.day, (p.who,))}
        rows.append(
            {
                **base,
                **times,
                "source": p.source,
                "verdict": "come_in",
                "voided": p.voided,
                "person": "voter",
                "ticket": 0,
                "place": "",
                "deed": f"{seq:016x}",
            }
        )
    with office.db.write() as conn:
        conn.execute(tables.table(tables.Visit).insert(), rows)
        if exits:
            conn.execute(tables.table(tables.Leave).insert(), exits)


@pytest.mark.parametrize(("seed", "named"), [(1, tracing.NAMED), (2, 0)])
def test_every_planted_meeting_is_found_and_none_is_invented(
    office: Office, seed: int, named: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`named`: how many exits by name a statement may list before all of the day's visits are looked through."""
    monkeypatch.setattr(tracing, "NAMED", named)
    monkeypatch.setattr(tracing, "ARMS", 2)
    planted, reader, case = plant(seed), Reader(office.home), "id:999999999999"
    fill(office, planted, reader)
    asked = tracing.Question((case,), (DAY, NEXT), MARGIN * MINUTE, STAY * MINUTE)
    with office.db.read() as conn:
        found = tracing.trace(conn, reader, asked)
    expected = reference(planted, case)
    by_hash = {(day, h.hex()): p.who for p in planted for day in (DAY, NEXT) if (h := reader.subject_hash(day, (p.who,)))}
    got: dict[str, float] = {}
    for contact in found.contacts:
        got[by_hash[contact.who]] = max(got.get(by_hash[contact.who], 0), contact.together_ms / MINUTE)
    assert len([p for p in planted if p.who in expected and p.who.startswith("id:8")]) >= 150
    assert set(got) == set(expected)
    assert {who: round(minutes, 1) for who, minutes in got.items()} == {who: round(minutes, 1) for who, minutes in expected.items()}
    assert [c.together_ms for c in found.contacts] == sorted((c.together_ms for c in found.contacts), reverse=True)
    assert len(found.spells[0]) == 3 and all(contact.met == {0} for contact in found.contacts)


def test_the_next_ring_is_around_the_contacts_says_whom_they_met_and_leaves_the_first_case_out(office: Office) -> None:
    reader = Reader(office.home)
    met = [Planted("id:1", STATIONS[0], 10, 20), Planted("id:2", STATIONS[0], 12, 30), Planted("id:3", STATIONS[0], 15, 40)]
    later = [Planted("id:2", STATIONS[1], 100, 120), Planted("id:3", STATIONS[1], 200, 220)]
    others = [Planted("id:4", STATIONS[1], 110, 130), Planted("id:5", STATIONS[1], 119, 201), Planted("id:6", STATIONS[1], 300, 310)]
    fill(office, [*met, *later, *others], reader)
    asked = tracing.Question(("id:2", "id:3"), (DAY,), 0, STAY * MINUTE, ("id:1",))
    with office.db.read() as conn:
        found = tracing.trace(conn, reader, asked)
    who = {(DAY, h.hex()): f"id:{n}" for n in range(1, 7) if (h := reader.subject_hash(DAY, (f"id:{n}",)))}
    assert {who[c.who]: (c.met, c.together_ms // MINUTE) for c in found.contacts} == {"id:4": ({0}, 10), "id:5": ({0, 1}, 2)}


def test_an_exit_at_another_kiosk_ends_a_visit_and_officers_are_seen(office: Office) -> None:
    reader = Reader(office.home)
    planted = [Planted("id:1", STATIONS[0], 10, None), Planted("id:2", STATIONS[0], 38, 50)]
    fill(office, planted, reader)
    common = {"station_id": STATIONS[0], "event_day": DAY, "kiosk_id": "k9", "epoch": "00" * 8}
    exit_ = {**common, "seq": 1, "at": OPENS + 15 * MINUTE, "known": False, "ticket": 0, "voided": False}
    stays = [
        {**common, "seq": n, "deed": f"{n:016x}", "officer": "o1", "what": what, "at": OPENS + at * MINUTE}
        for n, what, at in ((2, "begin", 0), (3, "end", 12))
    ]
    with office.db.write() as conn:
        conn.execute(tables.table(tables.Leave).insert(), [{**exit_, "subject_hash": reader.subject_hash(DAY, ("id:1",))}])
        conn.execute(tables.table(tables.Stay).insert(), stays)
    asked = tracing.Question(("id:1",), (DAY,), 0, STAY * MINUTE)
    with office.db.read() as conn:
        found = tracing.trace(conn, reader, asked)
    assert [(s.left - OPENS) // MINUTE for s in found.spells[0]] == [15]
    assert [(c.who, c.together_ms // MINUTE) for c in found.contacts] == [(("officer", "o1"), 2)]


def test_who_was_there_on_two_days_is_one_person_and_a_phone_joins_nobody(office: Office) -> None:
    kiosk = office.kiosk()
    first, second = kiosk.epoch(), kiosk.epoch(day=NEXT)
    for epoch, at, minutes in ((first, OPENS, 5), (second, OPENS + 24 * 60 * MINUTE, 10)):
        for n, subjects in enumerate((["id:1"], ["id:2"], ["phone:+84905123456"], ["hu1:abc"] if epoch is first else ["id:4"], ["id:5"])):
            came = at + (0 if n < 2 else MINUTE)
            if n == 4 and epoch is second:
                continue
            key = kiosk.add(epoch, Kind.VISIT, {**visit(n + 1), "subjects": subjects}, at=came)
            kiosk.add(epoch, Kind.LEAVE, {"target": str(key), "source": "hu1"}, at=at + minutes * MINUTE)
    kiosk.add(first, Kind.DECLARATION, {**declaration(subject="hu1:abc"), "subjects": ["id:4", "hu1:abc"]})
    kiosk.send(first.span(), second.span(), openings=[first, second])
    office.open_all()
    reader = Reader(office.home)
    with office.db.read() as conn:
        found = cases.result(conn, reader, cases.Asked("id:1", (DAY, NEXT), 0, STAY), NOW)
    told = [(p.rank, p.subject, p.minutes, len(p.where)) for p in found.contacts]
    assert told[:2] == [(1, "id:2", 15, 2), (2, "id:4", 13, 2)]
    assert sorted(each[1:] for each in told[2:]) == [("id:5", 4, 1), ("phone:+84905123456", 4, 1), ("phone:+84905123456", 9, 1)]
    assert found.contacts[1].name == "Trần Thị Mẫu" and [each[0] for each in told] == [1, 2, 3, 4, 5]


def test_a_day_whose_key_is_gone_has_no_answer(office: Office) -> None:
    reader = Reader(office.home)
    fill(office, [Planted("id:1", STATIONS[0], 10, 20), Planted("id:2", STATIONS[0], 12, 20)], reader)
    office.home.day_key(DAY).unlink()
    with office.db.read() as conn:
        found = tracing.trace(conn, Reader(office.home), tracing.Question(("id:1",), (DAY,), 0, MINUTE))
    assert found.spells == [[]] and found.contacts == []
    assert cases.MOST_DAYS >= 21
