"""A database administrator who edits what is shown, the events under it or the log is found by the next audit run."""

import json

import pytest

from kiosk.domain.events import Kind
from province import actlog, audit, settings
from province.arrivals import Arrivals
from province.cli import main
from tests.province.conftest import Office
from tests.wire import DAY, NOW, STATION, declaration

PLACE = "1975001A"
TABLES = ("visit", "declaration", "rollup", "stay", "known", "log")


@pytest.fixture
def worked(office: Office) -> Office:
    """A day with arrivals, one of them corrected and one voided, a declaration, an exit, a stay, an arrival by the poster."""
    kiosk = office.kiosk()
    epoch = kiosk.epoch()
    keys = kiosk.visits(epoch, 4)
    kiosk.add(epoch, Kind.DECLARATION, declaration())
    kiosk.add(epoch, Kind.STAY, {"what": "begin"})
    void = {"target": str(keys[1]), "void": True, "reason": "nhầm", "role": "officer", "changes": {}}
    kiosk.add(epoch, Kind.CORRECTION, void)
    other = kiosk.epoch(day="2021-05-24")
    kiosk.visits(other, 1)
    kiosk.send(epoch.span(), other.span(), openings=[epoch, other])
    Arrivals(office.db, office.authority, settings.now).confirm(STATION, PLACE, "+84905123456", ("phone:+84905123456",))
    office.open_all()
    actlog.note(office.db, "so-tttt", "looked_up", NOW, "ai đó", "kiểm tra tại cửa")
    return office


# what somebody does to the database -> what the audit says of it: (kind, table or what it is about)
EDITS: dict[str, dict[str, tuple[str, str]]] = {
    "what is shown": {
        "UPDATE visit SET entered_at = entered_at + 60000 WHERE seq = 1 AND kiosk_id <> 'web'": ("changed", "visit"),
        "UPDATE visit SET subject_hash = x WHERE kiosk_id = 'web'": ("changed", "visit"),
        "UPDATE visit SET voided = NOT voided WHERE seq = 2": ("changed", "visit"),
        "DELETE FROM visit WHERE seq = 3": ("missing", "visit"),
        "DELETE FROM declaration": ("missing", "declaration"),
        "UPDATE rollup SET visits = visits + 1": ("changed", "rollup"),
        "DELETE FROM stay": ("missing", "stay"),
        "DELETE FROM known": ("missing", "known"),
        "UPDATE log_line SET reason = 'khác'": ("log", "log"),
    },
    "what was sent": {
        "UPDATE event SET sealed = x WHERE seq = 2": ("chain", "kiosk"),
        "DELETE FROM web_record": ("invented", "visit"),
    },
    "an opening": {"UPDATE epoch SET opening = signature": ("opening", "kiosk")},
}


def test_an_untouched_province_passes(worked: Office, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--home", str(worked.home.path), *(["--database-url", worked.home.database_url] if worked.home.database_url else [])]
    before = {table: worked.rows(table) for table in ("visit", "epoch", "web_waiting", "worker")}
    capsys.readouterr()
    assert main(["audit", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 9, "findings": 0, "ok": True}
    assert {table: worked.rows(table) for table in before} == before  # it writes nothing
    assert [p for p in worked.home.path.iterdir() if p.name.startswith(".audit")] == []
    assert main(["audit", "--json", "--day", DAY, *where]) == 0 and main(["audit", "--day", "hôm qua", *where]) == 1


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_found(worked: Office, what: str) -> None:
    blob = "x'00'" if worked.db.embedded else "'\\x00'::bytea"
    with worked.db.write() as conn:
        for sql in EDITS[what]:
            assert conn.exec_driver_sql(sql.replace("= x ", f"= {blob} ")).rowcount > 0, sql
    _, found = audit.run(worked.db, worked.home)
    kinds = {(each.kind, each.where.partition(" ")[0] if " " in each.where else each.where.partition(":")[0]) for each in found}
    kinds = {(kind, about if about in TABLES else "kiosk") for kind, about in kinds}
    assert set(EDITS[what].values()) <= kinds, found
    assert not any("0905" in str(each) or "046183" in str(each) for each in found)


def test_an_invented_visit_is_found(worked: Office) -> None:
    columns = "station_id, event_day, kiosk_id, epoch, {}, entered_at, left_at, number, source, verdict, declared_at, voided, subject_hash"
    columns += ", person, ticket, place, deed"
    with worked.db.write() as conn:
        copied = f"SELECT {columns.format('seq + 100')} FROM visit WHERE seq = 1 AND kiosk_id <> 'web' AND event_day = '{DAY}'"
        conn.exec_driver_sql(f"INSERT INTO visit ({columns.format('seq')}) {copied}")
    _, found = audit.run(worked.db, worked.home, DAY)
    assert {each.kind for each in found} == {"invented"}
