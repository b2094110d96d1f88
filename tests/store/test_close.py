"""The close of the day and paper forms keyed in, on a real home: totals add up, a closed day stays closed, a paper form counts once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from kiosk import cli, compose
from kiosk.domain import declaration
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.ports import Order, Sighting
from kiosk.security.officers import Credentials
from tests import builders
from tests.fakes import MemoryPrinter
from tests.store.test_papers import picture_of


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock(wall=builders.at("18:30"))


@pytest.fixture
def parts(home: Path, clock: builders.Clock) -> Iterator[compose.Parts]:
    builders.enrolled_home(home, builders.province((builders.ELECTION_DAY, "2021-05-24")))
    with compose.open_parts(home, clock=clock) as opened:
        yield opened


def said(**answers: object) -> declaration.Declaration:
    return declaration.check(declaration.example() | answers).declaration()


def days(parts: compose.Parts) -> list[tuple[str, str]]:
    """(event_day of its epoch, what) of every DAY event, from the journal itself."""
    with parts.database.read() as conn:
        asked = "SELECT epoch, sealed, event_day FROM event JOIN epoch USING (epoch) WHERE kind = 8 ORDER BY event.at, ordinal, seq"
        rows = conn.exec_driver_sql(asked).all()
        return [(row.event_day, parts.journal.open(conn, row.epoch, row.sealed).fields["what"]) for row in rows]


def test_totals_are_signed_and_a_closed_day_takes_nobody(parts: compose.Parts) -> None:
    parts.station.seen("moh")
    voided = parts.station.seen("hues").event
    parts.station.correct(voided, "bấm nhầm", void=True)
    parts.station.defer("closing")
    parts.day.counted[""] = 3
    closed = parts.day.close()
    assert (closed.visits, closed.tickets) == (2, (1,))
    (line,) = closed.tally
    assert (line.here, line.opened, line.counted, line.agrees) == (2, 0, 3, False)
    assert parts.station.day() is None and days(parts)[-1] == (builders.ELECTION_DAY, "closed")
    after = parts.station.seen("moh")
    assert after.act is Act.NOT_SAVED and after.reason == Code.DAY_CLOSED.value
    assert parts.station.day() is None, "a scan opens no closed day"
    parts.mirror.step()
    assert parts.verify().ok


def test_a_closed_day_opens_again_with_a_reason_alone(parts: compose.Parts) -> None:
    parts.station.seen("moh")
    parts.day.close()
    with pytest.raises(KioskError) as caught:
        parts.station.begin_day(builders.ELECTION_DAY)
    assert caught.value.code is Code.DAY_CLOSED
    parts.station.begin_day(builders.ELECTION_DAY, "có người đến muộn")
    assert parts.station.seen("moh").act is Act.COME_IN
    assert [what for _, what in days(parts)] == ["opened", "closed", "reopened"]
    assert parts.day.close().visits == 2


def test_the_report_of_a_closed_day_says_the_tally_and_its_code_the_totals(parts: compose.Parts, tmp_path: Path) -> None:
    parts.station.seen("moh")
    parts.places.add({"name": "Cổng sau", "kind": "entrance"})
    parts.day.counted[""] = 2
    parts.day.close()
    job = parts.papers.print(Order("report"), tmp_path / "report.pdf")
    with pypdfium2.PdfDocument(job.file) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
        code = [c.text for page in document for c in zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())]
    said_so = ("Không phải số liệu bầu cử", "Chốt ngày: 18 giờ 30, ngày 23/05/2021", "máy ghi 1 lượt, đếm tay 2", "địa điểm đặt bảng QR 1")
    for part in ("5. Đối chiếu lượt vào theo lối", *said_so):
        assert part in text, part
    assert "%" not in text
    assert code == [parts.day.code()] and "/V1/" in code[0]
    assert picture_of(job.file, 50).size[0] > 300


def test_a_closed_day_is_printed_again_as_it_was_signed_and_says_so(home: Path, clock: builders.Clock) -> None:
    """The next morning another day is open, and the program was started anew: what was counted by hand and added is in the signed event."""
    staff, pins = (builders.LEAD, builders.OFFICER), builders.PINS
    builders.enrolled_home(home, builders.province((builders.ELECTION_DAY, "2021-05-24")), officers=staff, pins=pins)
    printer, lead = MemoryPrinter(), Credentials(builders.LEAD.id, pins[builders.LEAD.id])
    with compose.open_parts(home, clock=clock, given=lead) as first:
        first.station.seen("moh")
        first.day.counted[""] = 3
        first.day.add_other(first.day.code().replace("/K1/", "/K2/").replace("/V1/", "/V41/"))
        first.day.close()
        first.papers.open_printer = lambda _name: printer
        first.papers.print(Order("report"))
    clock.wall = builders.at("07:10", "2021-05-24")
    with compose.open_parts(home, clock=clock, given=lead) as parts:
        parts.station.seen("hues")
        parts.papers.open_printer = lambda _name: printer
        job = parts.papers.print(Order("report", builders.ELECTION_DAY))
        assert builders.ELECTION_DAY in job.file.name and parts.papers.print(Order("report")).file.name != job.file.name
    with pypdfium2.PdfDocument(job.file) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    sums = ("máy ghi 1 lượt, đếm tay 3", "máy K2 41", "Cộng cả khu vực: 42 lượt")
    for part in ("Ngày bầu cử 23/05/2021", *sums, "bản in lại 1", builders.LEAD.name):
        assert part in text, part


def test_the_other_kiosk_s_totals_come_by_its_code(parts: compose.Parts) -> None:
    parts.station.seen("moh")
    own = parts.day.code()
    other = own.replace("/K1/", "/K2/").replace("/V1/", "/V41/")
    assert parts.day.add_other(other) == "K2"
    closed = parts.day.close()
    assert (closed.visits, closed.together, closed.others) == (1, 42, {"K2": 41})
    for wrong in (own, other.replace("2021-05-23", "2021-05-24"), other.replace("46-474", "46-475"), "HU1:ABC", ""):
        with pytest.raises(KioskError) as caught:
            parts.day.add_other(wrong)
        assert caught.value.code is Code.BAD_INPUT


def test_a_day_left_open_is_found_the_next_morning_and_closed_under_its_own_day(parts: compose.Parts, clock: builders.Clock) -> None:
    parts.station.seen("moh")
    assert not parts.station.left_open()
    clock.wall = builders.at("06:30", "2021-05-24")
    assert parts.station.left_open() and Code.DAY_LEFT_OPEN in parts.conditions()
    closed = parts.day.close()
    assert closed.event_day == builders.ELECTION_DAY and days(parts)[-1] == (builders.ELECTION_DAY, "closed")
    assert parts.station.seen("moh").number == 1, "the new day counts afresh"
    assert parts.station.day() == "2021-05-24" and not parts.station.left_open()


def test_a_paper_form_is_keyed_in_with_its_number_and_time_once_only(parts: compose.Parts, home: Path) -> None:
    verdict = parts.station.paper(17, builders.at("09:12"), said())
    assert verdict.act is Act.COME_IN and verdict.number == 1 and verdict.since == builders.at("09:12")
    page = parts.papers.print(Order("declaration"), home / "declared.pdf").file
    with pypdfium2.PdfDocument(page) as document:
        assert "Số K1-000001 · G017" in document[0].get_textpage().get_text_range()
    with pytest.raises(KioskError) as caught:
        parts.station.paper(17, builders.at("09:12"), said(id_number="046183000456", birth_date="1983"))
    assert caught.value.code is Code.PAPER_ONCE
    with parts.database.read() as conn:
        (row,) = conn.exec_driver_sql("SELECT source, at, voided FROM visit").all()
    assert (row.source, row.at) == ("paper", builders.at("09:12"))
    assert parts.station.today().by_hour == {9: 1}
    for number, clock in ((0, "09:12"), (10_000, "09:12"), (18, "23:59")):
        with pytest.raises(KioskError) as caught:
            parts.station.paper(number, builders.at(clock), said())
        assert caught.value.code is Code.BAD_INPUT
    with pytest.raises(KioskError):
        parts.station.paper(18, builders.at("09:12", "2021-05-22"), said())


def test_the_same_paper_keyed_in_at_two_kiosks_is_one_deed(home: Path, parts: compose.Parts, tmp_path: Path, clock: builders.Clock) -> None:
    """The spare took over and somebody keys the same form in again: the province counts the deed once."""
    parts.station.paper(17, builders.at("09:12"), said())
    key = parts.vault.secrets.enrolment.station_key
    province, late = builders.province((builders.ELECTION_DAY,)), builders.at("10:00")
    spare = builders.enrolled_home(tmp_path / "spare", province, station_key=key, enrolled_at=late)
    with compose.open_parts(spare, clock=clock) as second:
        keyed = second.station.paper(17, builders.at("09:12"), said())
        deeds = []
        for one in (parts, second):
            with one.database.read() as conn:
                deeds.append(conn.exec_driver_sql("SELECT deed FROM visit").scalar())
        assert deeds[0] == deeds[1] and second.station.info.kiosk != parts.station.info.kiosk
        second.station.correct(keyed.event, "chưa vào", void=True)
        shown = second.station.scan(Sighting(b"87654321", builders.CARD, "test"))
        assert shown.act is Act.COME_IN and shown.since == builders.at("09:12"), "the form's time, though the spare is younger than it"


def test_a_person_who_came_by_paper_is_known_at_the_door(parts: compose.Parts) -> None:
    parts.station.paper(3, builders.at("09:12"), said())
    card = builders.CARD
    assert parts.station.scan(Sighting(b"87654321", card, "test")).act is Act.ALREADY_IN


@pytest.mark.parametrize(("order", "code"), [("start-check", "KS-152"), ("certificate", "KS-152"), ("ticket 99", "KS-310")])
def test_what_cannot_be_printed_is_refused_in_its_own_words(
    parts: compose.Parts, home: Path, capsys: pytest.CaptureFixture[str], order: str, code: str
) -> None:
    parts.station.seen("moh")
    assert cli.main(["print", *order.split(), "--home", str(home), "--printer", "pdf"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(code) and "--ticket" not in told


def test_the_command_counts_at_listed_entrances_alone_and_opens_an_earlier_day_again(
    parts: compose.Parts, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts.station.seen("moh")
    argv = ["close", "--home", str(home), "--offline", "--json", "--printer", "pdf"]
    place = parts.places.add({"name": "Cổng sau", "kind": "entrance", "street": "Lê Lợi"}).id

    def told(*more: str, done: int = 0) -> tuple[dict[str, Any], str]:
        capsys.readouterr()
        assert cli.main([*argv, *more]) == done
        said = capsys.readouterr()
        return json.loads(said.out or "{}"), said.err

    lane = parts.station.info.lane
    for wrong in ("Cổng nào=4", f"{place}X=4"):
        err = told("--counted", wrong, done=1)[1]
        assert "KS-501" in err and place in err and lane in err
    both, alone = [["", 4], [place, 2]], [["", None], [place, 2]]
    for lines, more in (([["", 4]], [f"{lane}=4"]), (alone, [f"{place.lower()}=2"]), (both, ["4", "cổng sau=2"])):
        tally = told("--look", *(word for one in more for word in ("--counted", one)))[0]["tally"]
        assert [[line["place"], line["counted"]] for line in tally] == lines, more
    assert cli.main(["close", "--home", str(home), "--look", "--counted", f"{place}=2"]) == 0
    assert f"Cổng sau ({place})" in capsys.readouterr().out
    told("--counted", "1")
    parts.station.begin_day("2021-05-24", "sang ngày")
    parts.station.seen("moh")
    parts.station.defer("closing")
    assert "KS-501" in told("--reopen", "đến muộn", done=1)[1], "the one that is open"
    assert told("--day", builders.ELECTION_DAY, done=2)[1]
    said, err = told("--reopen", "nhập tờ giấy", "--day", builders.ELECTION_DAY)
    assert said == {"event_day": builders.ELECTION_DAY, "closed": False, "ended": "2021-05-24"} and "24/05/2021" in err
    assert parts.station.day() == builders.ELECTION_DAY and days(parts)[-1] == (builders.ELECTION_DAY, "reopened")
