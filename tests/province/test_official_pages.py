"""Annex 2, part 5 and 6, and a trace from request to files: two officials, each with a second factor, through the real socket."""

import csv
import io
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyotp
import pytest
from pypdf import PdfReader

from province import accounts, actlog, cases, officials, settings, sheets
from province.cli import main
from province.db import Database
from province.settings import Refused
from tests.province.conftest import Office, Server, until
from tests.province.test_web_people import FRESH, place_code, rows
from tests.province.web import Phone

PASSWORD = "mat-khau-dai-1"
NOW = 1_621_735_200_000


class Official(Phone):
    """Somebody of the Department, signed in with both factors."""

    def __init__(self, server: Server, name: str, *rights: str) -> None:
        super().__init__(server.url, str(server.home.ca), server.home)
        self.name, self._step = name, 0
        db, now = Database(server.home.url), settings.now()
        if accounts.get(db, "so-tttt") is None:
            accounts.add(db, "so-tttt", PASSWORD, "administrator", now)
        accounts.add(db, name, PASSWORD, "official", now)
        officials.grant(db, "so-tttt", name, rights, now, "phân công")
        db.close()
        self.get("/can-bo")
        self.post("/can-bo", username=name, password=PASSWORD)
        self.secret = re.findall(r"<code>([A-Z2-7]{32})</code>", self.page.text)[0]
        self.post("/can-bo/ma", code=self.factor(-1))

    def factor(self, ahead: int = 0) -> str:
        """A code not used before: steps around now, each once."""
        return pyotp.TOTP(self.secret).at(settings.now() // 1000 + 30 * ahead)


@pytest.fixture
def staff(server: Server) -> Iterator[list[Official]]:
    made: list[Official] = []
    yield made
    for each in made:
        each.session.close()


def declared(server: Server, **more: str) -> Phone:
    voter = Phone(server.url, str(server.home.ca), server.home)
    voter.sign_in(next(FRESH))
    voter.declare(**more)
    rows(server, "SELECT 1")  # opened now
    return voter


def test_annex_2_part_6_by_number(server: Server, staff: list[Official]) -> None:
    declared(server, full_name="Phan Thị Kiểm", id_number="046183000777", **{"symptoms.cough": "yes"}).session.close()
    declared(server, full_name="Phan Thị Khỏe", id_number="046183000778").session.close()
    staff.append(Official(server, "kiem-tra", "lookup"))
    page = staff[0]
    page.get("/can-bo/kiem-tra")
    assert "KIỂM TRA KBYT TRONG TỈNH" in page.page.text
    assert page.post("/can-bo/kiem-tra", number="046183000777").status_code == 400  # no reason, no look
    shown = page.post("/can-bo/kiem-tra", number="046183000778", reason="cửa hỏi").text
    assert "Phan Thị Khỏe" in shown and "046183000778" not in shown.replace('value="046183000778"', "") and "0778" in shown
    assert "Không có biểu hiện y tế" in shown and "Xem chi tiết" not in shown
    assert "Ngày khai báo" in shown and "Phường Tây Lộc" in shown
    shown = page.post("/can-bo/kiem-tra", number="046183000777", reason="cửa hỏi").text
    assert "Xem chi tiết" in shown and "<table" not in shown
    shown = page.post("/can-bo/kiem-tra", number="046183000777", reason="cửa hỏi", details="1").text
    assert re.search(r"Ho</th><td><b[^>]*>Có", shown)
    assert "Chưa có tờ khai nào" in page.post("/can-bo/kiem-tra", number="046183999999", reason="cửa hỏi").text
    db = Database(server.home.url)
    acts = [(line.what, line.reason) for line in actlog.lines(db, "kiem-tra")]
    db.close()
    assert acts.count(("looked_up", "cửa hỏi")) == 3 and acts.count(("opened_details", "cửa hỏi")) == 1
    assert not any("046183" in line for line in map(str, acts))


def test_annex_2_part_5_by_the_code_that_the_voter_keeps(server: Server, staff: list[Official]) -> None:
    voter = declared(server, full_name="Võ Văn Mã", id_number="046083000555", gender="M")
    code = voter.passes()[0]
    voter.session.close()
    staff.append(Official(server, "kiem-ma", "lookup"))
    page = staff[0]
    page.get("/can-bo/kiem-tra")
    shown = page.post("/can-bo/kiem-tra/ma", code=code, reason="đối chiếu").text
    assert "Võ Văn Mã" in shown and shown.count("<table") == 2 and "Hộ khẩu" not in shown  # no address on this screen
    assert page.post("/can-bo/kiem-tra/ma", code=code[:-3] + "AAA", reason="đối chiếu").status_code == 400


def test_a_trace_is_asked_for_by_one_and_released_by_another(
    server: Server, staff: list[Official], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = place_code(server, "1975001T")
    people = [("Ca Bệnh", "046183000901"), ("Hôm Nay", "046183000902"), ("Người Khác", "046183000903")]
    for name, number in people:
        voter = declared(server, full_name=name, id_number=number)
        voter.get(where)
        voter.post(where)
        assert "Đã xác nhận điểm đến" in voter.page.text
        voter.session.close()
    asker, releaser = Official(server, "dieu-tra", "trace", "release"), Official(server, "duyet", "release")
    staff += [asker, releaser]
    asker.get("/can-bo/truy-vet")
    day = "2021-05-24"  # the last campaign day: the machine's own clock is past it
    asked = {"kind": "number", "subject": "046183000901", "since": day, "until": day, "margin": "15", "stay": "30", "reason": "F0 mới"}
    assert asker.post("/can-bo/truy-vet", asked, code="000000").status_code == 400
    asker.post("/can-bo/truy-vet", asked, code=asker.factor())
    case = re.findall(r"<code>([0-9a-f]{12})</code>", asker.page.text)[0]
    assert "Chờ người khác duyệt" in asker.page.text
    # The same person cannot release it, nor can a code be used twice.
    asker.get("/can-bo/truy-vet")
    assert asker.post(f"/can-bo/truy-vet/{case}", decision="release", code=asker.factor(1)).status_code == 400
    releaser.get(f"/can-bo/truy-vet/{case}")
    good, form = releaser.factor(), releaser.hidden()
    releaser.post(f"/can-bo/truy-vet/{case}", decision="release", code=good)
    again = {**form, "decision": "release", "code": good}
    assert releaser.post(f"/can-bo/truy-vet/{case}", again).status_code == 400  # decided, and the code is used
    until(lambda: rows(server, "SELECT state FROM trace") == [("done",)])
    text = asker.get(f"/can-bo/truy-vet/{case}").text
    assert "2 người cùng nơi, cùng lúc" in text and "Người Khác" in text and "<svg" in text
    stranger, checker = Official(server, "nguoi-la", "trace"), Official(server, "nguoi-kiem-tra", "lookup")
    staff += [stranger, checker]
    refused = checker.get("/can-bo/truy-vet")
    assert refused.status_code == 403 and "chưa có quyền" in refused.text, "it is not the page's fault, and loading it again helps nobody"
    assert "Người Khác" not in stranger.get(f"/can-bo/truy-vet/{case}").text
    assert stranger.get(f"/can-bo/truy-vet/{case}/tep.csv").status_code == 403
    table = list(csv.reader(io.StringIO(asker.get(f"/can-bo/truy-vet/{case}/tep.csv").content.decode("utf-8-sig"))))
    assert {row[1] for row in table[1:]} == {"Hôm Nay", "Người Khác"}  # three who share one phone are three
    assert asker.get(f"/can-bo/truy-vet/{case}/tep.pdf").content.startswith(b"%PDF")
    book = openpyxl.load_workbook(io.BytesIO(asker.get(f"/can-bo/truy-vet/{case}/tep.xlsx").content))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} == {"s"}  # type: ignore[union-attr]
    out = tmp_path / "x.csv"
    out.write_text("cũ")
    out.chmod(0o644)
    assert main(["trace", "read", "--home", str(server.home.path), "--by", "dieu-tra", case, "--out", str(out)]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600 and "Người Khác" in out.read_text("utf-8-sig")
    assert [path.name for path in tmp_path.glob("x.csv*")] == ["x.csv"]
    assert main(["trace", "read", "--home", str(server.home.path), "--by", "dieu-tra", case, "--out", str(tmp_path / "no" / "x.csv")]) == 1
    capsys.readouterr()
    db = Database(server.home.url)
    whats = [line.what for line in actlog.lines(db)]
    assert actlog.verify(db) == []
    db.close()
    assert {"trace_asked", "trace_approved", "trace_read"} <= set(whats)
    # The next ring by the command, a minute later: the same rules, another second factor, another release.
    later = settings.now() + 60_000
    monkeypatch.setattr(settings, "now", lambda: later)
    monkeypatch.setenv("PROVINCE_CODE", pyotp.TOTP(asker.secret).at(later // 1000))
    ring = ["trace", "ask", "--home", str(server.home.path), "--json", "--by", "dieu-tra", "--reason", "F1", "--ring", case]
    assert main([*ring, "--rank", "9"]) == 1 and main([*ring, "--rank", "1"]) == 0
    further = json.loads(capsys.readouterr().out)["case"]
    assert main(["trace", "list", "--home", str(server.home.path), "--json"]) == 0
    told = {line["case"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (told[further]["of"], told[further]["ring"], told[further]["state"]) == (case, 2, "asked")


def test_a_late_or_own_release_is_refused(office: Office) -> None:
    secret = {name: officials.new_secret() for name in ("a", "b")}
    accounts.add(office.db, "so-tttt", PASSWORD, "administrator", NOW)
    for name in secret:
        accounts.add(office.db, f"ten-{name}", PASSWORD, "official", NOW)
        officials.grant(office.db, "so-tttt", f"ten-{name}", ["trace", "release"], NOW, "x")
        code = pyotp.TOTP(secret[name]).at(NOW // 1000)
        officials.set_factor(office.db, office.authority, f"ten-{name}", secret[name], code, NOW)
    world = (office.db, office.authority)

    def code_of(name: str, at: int) -> str:
        return pyotp.TOTP(secret[name]).at(at // 1000)

    asked = cases.Asked("id:046183000123", ("2021-05-23",), 15, 30)
    later = NOW + 3_600_000
    name = cases.ask(*world, "ten-a", asked, "F0", code_of("a", later), later)
    with pytest.raises(Refused):
        cases.decide(*world, "ten-a", name, True, code_of("a", later + 60_000), later + 60_000)
    over = later + cases.DAY_MS
    with pytest.raises(Refused):
        cases.decide(*world, "ten-b", name, True, code_of("b", over), over)
    with pytest.raises(Refused):
        cases.read(*world, "ten-b", name, later)


def test_a_stay_says_its_place_by_name_and_its_day_where_there_are_several(tmp_path: Path) -> None:
    hour = 3_600_000

    def person(rank: int, *days: int) -> cases.Person:
        at = [NOW + day * 24 * hour for day in days]
        where = [cases.Where("46-474-19750-01", "Khu vực 1", "TL1-A", t, t + hour, True, "hu1", "Cổng chính") for t in at]
        return cases.Person(rank, "Trần Thị Mẫu", "+84905123456", "", "", "voter", 60, at[0], at[-1] + hour, where)

    one, two = (cases.Result(person(0, 0), [person(1, *days)], NOW) for days in ((0,), (0, 1)))
    spot = "Khu vực 1, Cổng chính (TL1-A)"
    assert f'"{spot} 09:00–10:00"' in sheets.to_csv(one).decode()
    assert f'"{spot} 23/05 09:00–10:00; {spot} 24/05 09:00–10:00"' in sheets.to_csv(two).decode()
    assert re.search(r">\d\d:00<", sheets.to_svg(one)) is None and re.search(r">\d\d:00 2[34]/05<", sheets.to_svg(two))
    many = cases.Result(person(0, 0), [person(n, *range(12)) for n in range(1, 6)], NOW)
    asked = cases.Case("1", NOW, "a", "x", "b", NOW, "done", cases.Asked("id:1", ("2021-05-23",), 15, 30))
    sheets.to_pdf(many, asked, tmp_path / "x.pdf")
    first, *more = (page.extract_text() for page in PdfReader(tmp_path / "x.pdf").pages)
    assert first.count("09:00–10:00") > 8  # the table begins on the first page
    assert sum(page.count("09:00–10:00") for page in (first, *more)) == 1 + 5 * 12


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", "\tx", "=HYPERLINK(\"http://x\")"])
def test_no_cell_is_a_formula(text: str) -> None:
    where = [cases.Where("46-474-19750-01", text, "", NOW, NOW + 1, True, "hu1")]
    person = cases.Person(1, text, text, text, text, "voter", 5, NOW, NOW, where)
    result = cases.Result(person, [person], NOW)
    rows = list(csv.reader(io.StringIO(sheets.to_csv(result).decode("utf-8-sig"))))
    assert not any(cell.startswith(sheets.STARTS) for row in rows for cell in row)
    book = openpyxl.load_workbook(io.BytesIO(sheets.to_xlsx(result)))
    assert all(cell.data_type == "s" for row in book.active.iter_rows() for cell in row)  # type: ignore[union-attr]
    assert "<script" not in sheets.to_svg(result)
