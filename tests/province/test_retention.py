"""The end of a day: key and rows go, a signed certificate stays; neither database nor older backup opens that day."""

import json
import shutil
from pathlib import Path

import pytest

from kiosk.domain import protocol
from kiosk.domain.events import Kind
from province import actlog, asking, campaigns, cases, retention, settings, tables, tables_known, tables_official
from province.cli import main
from province.opener import Opener
from province.settings import Home
from tests.postgres import Postgres
from tests.province.conftest import Office, make_home
from tests.wire import DAY, NOW, Kiosk, Refused, declaration, visit

OTHER = "2021-05-24"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, fresh_home: Path, tmp_path: Path) -> Office:
    """A database of its own on PostgreSQL too: these tests drop tables."""
    if request.param == "sqlite":
        return Office(Home(Path(shutil.copytree(fresh_home, tmp_path / "province"))))
    postgres: Postgres = request.getfixturevalue("postgres")
    return Office(make_home(tmp_path / "province", postgres.create()))


def two_days(office: Office) -> Kiosk:
    kiosk = office.kiosk()
    first, second = kiosk.epoch(), kiosk.epoch(day=OTHER)
    kiosk.visits(first, 5)
    kiosk.visits(second, 3)
    kiosk.send(first.span(), second.span(), openings=[first, second])
    office.open_all()
    return kiosk


def drop(office: Office, *more: str) -> int:
    """None of these kiosks announces what it has: a reason is needed."""
    return again(office, "--reason", "thử", *more)


def again(office: Office, *more: str) -> int:
    return main(["retention", "--drop", DAY, "--home", str(office.home.path), "--database-url", office.home.database_url, *more])


def days_of(office: Office, table: str) -> list[str]:
    return sorted({str(row[1]) for row in office.rows(table)})


def test_a_dropped_day_leaves_counts_and_a_certificate_and_the_other_day_goes_on(place: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = two_days(place)
    public = kiosk.campaign.days[DAY]
    assert drop(place) == 0
    for table in ("event", "span", "visit", "deed"):
        assert days_of(place, table) == [OTHER]
    assert not place.home.day_key(DAY).exists() and place.home.day_key(OTHER).exists()
    certificate = (retention.folder(place.home) / f"{DAY}.json").read_bytes()
    said = json.loads(certificate)["said"]
    assert said["counts"] == {"epochs": 1, "events": 5, "waiting": 0, "unreadable": 0} and said["rows"]["event"] == 5
    assert said["key_public"] == public and retention.genuine(certificate, kiosk.service)
    assert not retention.genuine(certificate.replace(b'"event": 5', b'"event": 4'), kiosk.service)
    assert place.station().visits == 8  # the counts stay
    capsys.readouterr()
    assert main(["retention", "--json", "--home", str(place.home.path), "--database-url", place.home.database_url]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["day"], row["key"], row["dropped_at"] is None) for row in listed] == [(OTHER, True, True), (DAY, False, False)]
    assert drop(place) == 1


def test_what_comes_late_is_set_aside_and_what_was_held_is_still_answered(place: Office) -> None:
    kiosk = two_days(place)
    drop(place)
    late = kiosk.epoch()
    kiosk.visits(late, 2)
    answer = kiosk.send(late.span(), openings=[late])
    assert {refusal.reason for refusal in answer.refusals} == {"no_campaign"}
    assert sorted((r.have, r.opened) for r in kiosk.have().values()) == [(3, 3), (5, 5)]
    assert [place.rows(name) for name in ("quarantine", "aside")] == [[], []]  # nobody could ever read it


def test_a_dropped_days_bundle_that_comes_again_is_acknowledged_and_brings_nothing_back(place: Office) -> None:
    kiosk = place.kiosk()
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 5)
    kiosk.send(epoch.span(), openings=[epoch])
    place.open_all()
    drop(place)
    kiosk.visits(epoch, 2)
    for openings in ([epoch], []):
        again_ = kiosk.send(epoch.span(1, 3), epoch.span(4), openings=openings)
        assert [(r.from_seq, r.to_seq, r.have, r.opened) for r in again_.receipts] == [(1, 5, 5, 5)]
        assert again_.receipts[0].digest == epoch.heads[5] and again_.duplicates == 5
        assert [(r.seq, r.reason) for r in again_.refusals] == [(6, "no_campaign"), (7, "no_campaign")]
    assert [place.rows(name) for name in ("event", "span", "quarantine", "aside")] == [[], [], [], []]
    with place.db.read() as conn:
        assert retention.left(conn, DAY) == {}
    with pytest.raises(settings.Refused, match="cannot be opened again"):
        campaigns.change(place.db, place.home, "", lambda campaign: campaign, NOW, (DAY,))


def test_a_day_with_events_that_nobody_opened_is_kept(place: Office, capsys: pytest.CaptureFixture[str]) -> None:
    kiosk = two_days(place)
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 2)
    kiosk.send(epoch.span(), openings=[epoch])
    assert drop(place) == 1 and "2 events not opened" in capsys.readouterr().err
    assert place.home.day_key(DAY).exists() and DAY in days_of(place, "event")
    assert drop(place, "--unopened", "máy hỏng") == 0
    assert json.loads((retention.folder(place.home) / f"{DAY}.json").read_bytes())["said"]["unopened"] == "máy hỏng"


def test_an_older_backup_does_not_open_the_day(place: Office, tmp_path: Path) -> None:
    kiosk = two_days(place)
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 2)
    kiosk.send(epoch.span(), openings=[epoch])
    file = tmp_path / "b.tar"
    assert main(["backup", str(file), "--home", str(place.home.path), "--database-url", place.home.database_url]) == 0
    private = place.home.day_key(DAY).read_bytes()
    assert drop(place, "--unopened", "thử") == 0
    assert private not in file.read_bytes()
    assert main(["restore", str(file), "--home", str(tmp_path / "again")]) == 0
    again = Office(Home(tmp_path / "again"))
    assert Opener(again.db, again.home).step() == 0
    assert len(again.rows("event")) == 10 and again.rows("worker")[0][-1] == f'["{DAY}"]'
    again.db.close()


class Died(BaseException):
    """As a killed process."""


@pytest.mark.parametrize("at", ["_shred", "_rows", "_clean", "sign.sign"])
def test_a_drop_that_was_killed_goes_on_from_where_it_stood(place: Office, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    two_days(place)

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(f"province.retention.{at}", die)
        with pytest.raises(Died):
            retention.drop(place.db, place.home, place.authority, DAY, NOW, reason="thử")
    path = retention.drop(place.db, place.home, place.authority, DAY, NOW + 1)
    said = json.loads(path.read_bytes())["said"]
    assert (said["begun_at"], said["dropped_at"], said["rows"]["event"]) == (NOW, NOW + 1, 5)
    assert days_of(place, "event") == [OTHER] and not place.home.day_key(DAY).exists()
    assert retention.genuine(path.read_bytes(), place.authority.trust.service)


def test_deleted_rows_are_not_left_in_free_pages(place: Office) -> None:
    if not place.db.embedded:
        pytest.skip("PostgreSQL drops whole files")
    kiosk = two_days(place)
    sealed = [bytes(row[7]) for row in place.rows("event") if row[1] == DAY]  # type: ignore[arg-type]
    assert len(sealed) == 5
    drop(place)
    left = b"".join(path.read_bytes() for path in place.home.path.glob("province.db*"))
    assert [event for event in sealed if event in left] == []
    with pytest.raises(Refused):
        kiosk.name = "0" * 12
        kiosk.have()


def test_a_day_that_runs_still_is_to_be_kept_or_was_not_closed_is_dropped_for_a_reason_alone(place: Office) -> None:
    kiosk = two_days(place)
    hour = 3_600_000

    def refused(at: int) -> str:
        with pytest.raises(settings.Refused) as error:
            retention.drop(place.db, place.home, place.authority, DAY, at)
        return str(error.value)

    assert f"{DAY} is not over" in refused(NOW + hour) and "kept 21 days" in refused(NOW + 20 * 24 * hour)
    later = NOW + 22 * 24 * hour
    assert "1 kiosks have not closed the day" in refused(later)
    (epoch,) = [r for r in kiosk.have().values() if r.have == 5]
    kiosk.call("manifest", protocol.Manifest(DAY, [(epoch.epoch, 6, bytes(32))], {}), protocol.ManifestAnswer)
    assert "announced more than has come" in refused(later)
    assert place.home.day_key(DAY).exists() and DAY in days_of(place, "event") and not place.rows("log_line")
    kiosk.call("manifest", protocol.Manifest(DAY, [(epoch.epoch, 5, bytes(32))], {}), protocol.ManifestAnswer)
    said = json.loads(retention.drop(place.db, place.home, place.authority, DAY, later).read_bytes())["said"]
    assert (said["reason"], said["early"]) == ("", [])
    said = json.loads(retention.drop(place.db, place.home, place.authority, OTHER, NOW, reason="lệnh của Sở").read_bytes())["said"]
    assert said["reason"] == "lệnh của Sở" and len(said["early"]) == 2
    log = [(line.what, line.target, line.reason) for line in actlog.lines(place.db)]
    assert log == [("day_dropped", OTHER, "lệnh của Sở"), ("day_dropped", DAY, "")]


def test_nobody_is_known_by_a_day_that_is_gone_and_a_question_that_meets_it_holds_up_no_other(
    place: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever declared after midnight on a kiosk whose day was not closed."""
    kiosk, key, late = place.kiosk(), place.authority.derived(asking.PURPOSE), NOW + 24 * 3_600_000
    first, second = kiosk.epoch(), kiosk.epoch(day=OTHER)
    kiosk.add(first, Kind.DECLARATION, declaration(), at=late)
    kiosk.add(first, Kind.VISIT, visit(1), at=late)
    kiosk.add(second, Kind.DECLARATION, declaration(subject="id:046183000124"), at=late + 1)
    kiosk.send(first.span(), second.span(), openings=[first, second])
    place.open_all()
    known = place.rows("known")
    assert drop(place) == 0
    assert [row[2] for row in place.rows("known")] == [OTHER]
    assert [row[1:2] for row in place.rows("feed_row") if row[1] in ("person", "entered")] == [("person",)]
    assert again(place) == 1  # nothing is left to remove

    # a hash that was left behind, and a question that is none
    columns = [c.name for c in tables.table(tables_known.Known).columns]
    with place.db.write() as conn:
        conn.execute(tables.table(tables_known.Known).insert(), [dict(zip(columns, row, strict=True)) for row in known if row[2] == DAY])
    gone = asking.put(place.db, key, "number", "id:046183000123", NOW)
    spoiled = asking.put(place.db, bytes(32), "number", "id:046183000123", NOW)
    good = asking.put(place.db, key, "number", "id:046183000124", NOW)
    asked = cases.Asked("id:046183000123", (DAY, OTHER), 15, 30)
    rows = [
        {"id": name, "at": NOW, "asked_by": "a", "reason": "x", "decided_by": "b", "decided_at": settings.now(), "state": "approved",
         "question": question, "result": b""}
        for name, question in (("t1", cases._seal(place.authority, "t1", asked)), ("t2", b"khac"))
    ]  # fmt: skip
    with place.db.write() as conn:
        conn.execute(tables.table(tables_official.Trace).insert(), rows)
    assert DAY in place.opener.reader._days and place.opener.step() == 5
    assert list(place.opener.reader._days) == [OTHER]  # the process that runs on has let go of it too
    answers = [asking.take(place.db, key, name) for name in (gone, spoiled, good)]
    assert [(len(a.told), a.unreadable) for a in answers if a] == [(0, False), (0, True), (1, False)]
    assert {row[0]: row[6] for row in place.rows("trace")} == {"t1": "done", "t2": "failed"}

    capsys.readouterr()
    where = ["--json", "--home", str(place.home.path), "--database-url", place.home.database_url]
    assert main(["audit", *where]) == 1 and f'"where": "known {DAY}"' in capsys.readouterr().out
    assert main(["retention", *where]) == 0
    assert [json.loads(line)["left"] for line in capsys.readouterr().out.splitlines()] == [0, 1]
    assert again(place) == 0 and [row[2] for row in place.rows("known")] == [OTHER]


@pytest.mark.parametrize("day", ["hôm qua", "1999-01-01", ""])
def test_a_day_that_is_none_is_refused(place: Office, day: str) -> None:
    code = main(["retention", f"--drop={day}", "--home", str(place.home.path), "--database-url", place.home.database_url])
    assert code == (1 if day else 0)
