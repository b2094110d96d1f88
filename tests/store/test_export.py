"""Spreadsheets for the lead on a real home: counts that equal the day's, people only for a lead with a reason, the act in the chain first,
a file of one's own that is whole or not there, and nothing in it that a spreadsheet computes."""

import csv
import io
import json
import os
import stat
from pathlib import Path

import openpyxl
import pytest

from kiosk import cli, compose
from kiosk.domain import cells, declaration
from kiosk.domain.events import Kind
from kiosk.errors import Code, KioskError
from kiosk.security import files
from kiosk.store import audit
from tests import builders
from tests.builders import ELECTION_DAY, OFFICER
from tests.store.test_officers import Opener, code_of, opener, store

__all__ = ["opener", "store"]
REASON = "Truy vết theo yêu cầu của Trần Thị Mẫu"


def declare(parts: compose.Parts, **answers: object) -> str:
    return parts.station.declare(declaration.check(declaration.example() | answers).declaration()).event


def of_csv(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))


def exports(parts: compose.Parts) -> list[dict[str, object]]:
    """The export facts in the chain, oldest first."""
    with parts.database.read() as conn:
        facts = sorted(parts.journal.facts(conn), key=lambda fact: fact.at)
    return [dict(f.body.fields) for f in facts if f.body.kind == Kind.AUDIT and f.body.fields["what"] == "export"]


def test_counts_add_up_to_the_days_own(opener: Opener, tmp_path: Path) -> None:
    with opener() as parts:
        declare(parts)
        parts.station.seen("moh")
        parts.clock.forward(3600)  # type: ignore[attr-defined]
        parts.station.seen("moh")
        parts.station.correct(parts.station.seen("hues").event, "bấm nhầm", void=True)
        parts.station.defer("closing")
        made = parts.spreadsheets.export(tmp_path / "so.csv")
        today = parts.station.today()
    header, *rows = of_csv(made.file)
    assert header[:3] == ["Ngày", "Loại", "Chi tiết"] and header[-1] == "Cộng" and made.rows == len(rows)
    sums = {(row[1], row[2]): int(row[-1]) for row in rows}
    assert all(sum(int(n) for n in row[3:-1]) == int(row[-1]) and row[0] == ELECTION_DAY for row in rows)
    assert sums["Lượt vào", "tất cả"] == today.visits == 4
    assert sums["Lượt vào", "Xem tờ khai của Bộ Y tế"] == 2 and sums["Lượt vào đã hủy", "tất cả"] == 1
    assert sums["Tờ khai y tế", "tất cả"] == sums["Tờ khai y tế", "Khai hộ"] == today.declared == 1
    assert sums["Vào trước, khai sau", "Sắp hết giờ"] == 1
    every = next(row for row in rows if row[1:3] == ["Lượt vào", "tất cả"])
    assert {int(hour[:2]): int(n) for hour, n in zip(header[3:-1], every[3:-1], strict=True) if n != "0"} == today.by_hour
    assert "Mẫu" not in made.file.read_text("utf-8-sig")


def test_people_hold_who_they_are_and_nothing_of_their_health(opener: Opener, tmp_path: Path) -> None:
    with opener() as parts:
        declare(parts)
        other = declare(parts, full_name="Lê Văn Hủy", id_number="046083000999", phone="0905000999")
        parts.station.correct(other, "nhầm người", void=True, whole=True)
        made = parts.spreadsheets.export(tmp_path / "nguoi.xlsx", "people", reason=REASON)
        (fact,) = exports(parts)
        with parts.database.read() as conn:
            told = audit.table(audit.entries(conn, parts.journal))
    given = declaration.check(declaration.example()).fields
    sheet = openpyxl.load_workbook(made.file).active
    assert sheet is not None
    header, row = [[str(cell.value or "") for cell in line] for line in sheet.iter_rows()]
    said = dict(zip(header, row, strict=True))
    assert said["Họ và tên"] == given["full_name"] and said["Số lượt"] == "K1-000001" and said["Ngày"] == ELECTION_DAY
    assert given["id_number"] in row, "leading zero and all"
    assert not any(question.vi in header for table in ("exposures", "symptoms") for question in declaration.form().table(table))
    assert fact == {"what": "export", "kind": "people", "count": 1, "day": ELECTION_DAY, "reason": REASON}
    assert "kind=people" in told and "Truy" not in told, "the lead's own words stay sealed"


def test_a_lead_and_a_reason_are_asked_for_before_anything_is_written(opener: Opener, tmp_path: Path) -> None:
    file = tmp_path / "nguoi.csv"
    with opener() as parts:
        assert code_of(lambda: parts.spreadsheets.export(file, event_day=ELECTION_DAY)) is Code.DAY_EMPTY
        declare(parts)
        for reason in ("", "  ", "a\x00b", "x" * 201):
            assert code_of(lambda reason=reason: parts.spreadsheets.export(file, "people", reason=reason)) is Code.BAD_INPUT
        (tmp_path / "folder.csv").mkdir()
        for name, code in (("a.ods", Code.BAD_INPUT), ("none/a.csv", Code.FILE_NOT_WRITTEN), ("folder.csv", Code.FILE_NOT_WRITTEN)):
            assert code_of(lambda name=name: parts.spreadsheets.export(tmp_path / name)) is code
        for day in ("2021-05-24", "=1+1", "x' OR 1"):
            assert code_of(lambda day=day: parts.spreadsheets.export(file, event_day=day)) is Code.DAY_UNKNOWN
        assert not file.exists() and exports(parts) == []
    with opener(OFFICER) as parts:
        for what in ("counts", "people"):
            assert code_of(lambda what=what: parts.spreadsheets.export(file, what, reason=REASON)) is Code.LEAD_NEEDED
        assert not file.exists() and exports(parts) == []


def test_on_monday_it_is_told_in_the_day_that_stays_closed(opener: Opener, tmp_path: Path) -> None:
    with opener() as parts:
        declare(parts)
        parts.day.close()
        parts.clock.forward(2 * 86_400)  # type: ignore[attr-defined]
        made = parts.spreadsheets.export(tmp_path / "a.csv", "people", reason=REASON)
        assert (made.event_day, made.rows, parts.station.day()) == (ELECTION_DAY, 1, None)
        (fact,) = exports(parts)
        parts.mirror.step()
        assert fact["reason"] == REASON and parts.verify().ok


def test_nothing_is_written_that_nobody_answers_for(opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opener() as parts:
        declare(parts)

        def refuse(what: str, **facts: object) -> str:
            raise KioskError(Code.DISK_FULL)

        monkeypatch.setattr(parts.station, "audit", refuse)
        assert code_of(lambda: parts.spreadsheets.export(tmp_path / "a.xlsx", "people", reason=REASON)) is Code.DISK_FULL
    assert list(tmp_path.glob("*.xlsx*")) == []


def test_a_file_is_its_owners_and_never_half_written(opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "so.xlsx"
    file.write_bytes(b"older")
    file.chmod(0o644)
    with opener() as parts:
        declare(parts)

        def full(handle: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr(files.os, "fsync", full)
            failed: list[Code] = []
            try:
                parts.spreadsheets.export(file)
            except KioskError as error:
                failed.append(error.code)
        assert file.read_bytes() == b"older" and not list(tmp_path.glob("so.xlsx.*")) and len(failed) == 1
        assert failed == [Code.FILE_NOT_WRITTEN]
        parts.spreadsheets.export(file)
    assert openpyxl.load_workbook(file).active is not None
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_hostile_names_are_text_in_either_file(opener: Opener, tmp_path: Path) -> None:
    """Past the door, as an old record or a feed might hold them: written into the projection as they are."""
    names = builders.hostile_names()
    with opener() as parts:
        declare(parts)
        with parts.database.write() as conn:
            found = conn.exec_driver_sql("SELECT * FROM declaration").mappings().one()
            columns = ", ".join(found)
            marks = ", ".join(["?"] * len(found))
            for number, name in enumerate(names, 1):
                fields = json.dumps(json.loads(found["fields"]) | {"full_name": name, "current": {"hamlet": name}}, ensure_ascii=True)
                fields = fields.encode("utf-8", "replace").decode() if "\\ud8" not in fields.lower() else json.dumps({"full_name": "=1"})
                row = dict(found) | {"seq": 10_000 + number, "deed": f"{number:016x}", "fields": fields, "mode": name[:1] or "new"}
                clean = [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in row.values()]
                conn.exec_driver_sql(f"INSERT INTO declaration ({columns}) VALUES ({marks})", tuple(clean))
        as_csv = parts.spreadsheets.export(tmp_path / "a.csv", "people", reason=REASON)
        as_book = parts.spreadsheets.export(tmp_path / "a.xlsx", "people", reason=REASON)
    rows = of_csv(as_csv.file)
    assert as_csv.rows == as_book.rows == len(names) + 1 == len(rows) - 1 > 200
    assert {len(row) for row in rows} == {12}
    for row in rows:
        for shown in row:
            assert shown.isprintable() and (not shown.lstrip() or shown.lstrip()[0] not in cells.FORMULA), shown[:40]
    sheet = openpyxl.load_workbook(as_book.file).active
    assert sheet is not None
    kinds = {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value is not None}
    assert kinds == {"s"}, "f is a formula"
    starts = {str(line[4].value)[:1] for line in sheet.iter_rows(min_row=2)}
    assert starts & {"=", "+", "-", "@"}, "the corpus does attack"


def test_the_command(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builders.enrolled_home(home, builders.province_for_today())
    with compose.open_parts(home) as parts:
        declare(parts)
    file = tmp_path / "so.csv"
    assert cli.main(["export", str(file), "--home", str(home), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["what"] == "counts" and said["rows"] == len(of_csv(file)) - 1 > 0 and said["file"] == str(file)
    assert cli.main(["export", str(tmp_path / "n.xlsx"), "--home", str(home), "--what", "people"]) == 1
    assert not (tmp_path / "n.xlsx").exists()
    assert cli.main(["export", str(tmp_path / "n.xlsx"), "--home", str(home), "--what", "people", "--reason", "truy vết"]) == 0
    assert openpyxl.load_workbook(tmp_path / "n.xlsx").active is not None


