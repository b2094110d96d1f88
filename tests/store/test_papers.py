"""Paper on a real home: a slip is the voter's own pass, the queue outlives a printer's troubles, a reprint says so, no event is touched."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from kiosk import compose
from kiosk.domain import declaration
from kiosk.domain.events import Key
from kiosk.domain.verdict import Act
from kiosk.errors import Code, KioskError
from kiosk.papers import BACKOFF_S, Papers
from kiosk.ports import Order, Sighting
from tests import builders
from tests.fakes import MemoryPrinter


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock(wall=builders.at("08:41"))


@pytest.fixture
def parts(home: Path, clock: builders.Clock) -> Iterator[compose.Parts]:
    builders.enrolled_home(home)
    with compose.open_parts(home, clock=clock) as opened:
        yield opened


@pytest.fixture
def printer() -> MemoryPrinter:
    return MemoryPrinter()


@pytest.fixture
def papers(parts: compose.Parts, printer: MemoryPrinter) -> Papers:
    parts.papers.open_printer = lambda _name: printer
    return parts.papers


def declared(parts: compose.Parts, **answers: object) -> str:
    said = declaration.check(declaration.example() | answers).declaration()
    return parts.station.declare(said).event


def picture_of(file: Path, dpi: float) -> Image.Image:
    with pypdfium2.PdfDocument(file) as document:
        shot: Image.Image = document[0].render(scale=dpi / 72).to_pil()
        return shot


def text_of(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")


def codes_of(data: bytes) -> list[bytes]:
    with pypdfium2.PdfDocument(data) as document:
        return [code.bytes for page in document for code in zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())]


def events(parts: compose.Parts) -> list[tuple[object, ...]]:
    with parts.database.read() as conn:
        return [tuple(row) for row in conn.exec_driver_sql("SELECT epoch, seq, kind, sealed FROM event ORDER BY epoch, seq")]


def test_a_slip_is_a_pass_that_this_entrance_takes_for_the_same_voter(parts: compose.Parts, papers: Papers, printer: MemoryPrinter) -> None:
    event = declared(parts)
    papers.print(Order("slip", event))
    title, page = printer.history[0]
    (code,) = codes_of(page)
    assert title == "phieu K1" and code.startswith(b"HU1:")
    assert parts.station.scan(Sighting(b"12345678", code, "test")).act is Act.ALREADY_IN
    text = text_of(page)
    assert "TTM · nữ · 1983" in text and "K1-000001" in text and "Dùng được đến 08:41 ngày 26/05/2021" in text
    for secret in ("Trần", "046183000123", "An Cựu"):
        assert secret not in text


def test_the_same_slip_again_carries_the_same_claims_and_says_so(parts: compose.Parts, papers: Papers, printer: MemoryPrinter) -> None:
    event = declared(parts)
    papers.print(Order("slip", event))
    papers.print(Order("slip"))
    first, second = (page for _, page in printer.history)
    assert codes_of(first) == codes_of(second)
    assert "BẢN IN LẠI" not in text_of(first) and "BẢN IN LẠI 1" in text_of(second)
    with parts.database.read() as conn:
        facts = [parts.journal.opened(conn, key) for key in audit_keys(parts)]
    told = [fact.body.fields["what"] for fact in facts if fact is not None]
    assert told == ["print", "reprint"]


def audit_keys(parts: compose.Parts) -> list[Key]:
    with parts.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT epoch, seq FROM event WHERE kind = 7 ORDER BY seq").all()
    return [Key(parts.station.info.kiosk, row.epoch, row.seq) for row in rows]


def test_a_slip_s_size_is_the_settings(parts: compose.Parts, papers: Papers, tmp_path: Path) -> None:
    event = declared(parts)
    sizes = {}
    for size in ("a6", "80"):
        papers.print(Order("slip", event, size), tmp_path / f"{size}.pdf")
        with pypdfium2.PdfDocument(tmp_path / f"{size}.pdf") as document:
            sizes[size] = tuple(round(side / 72 * 25.4) for side in document[0].get_size())
    assert sizes == {"a6": (105, 148), "80": (80, 150)}
    assert len(audit_keys(parts)) == 2, "a person's paper in a file is told of like one from the printer"


def test_a_voter_with_a_code_of_their_own_needs_no_slip(parts: compose.Parts, papers: Papers) -> None:
    code = builders.voter_pass(parts.vault.secrets, parts.clock.now().wall)
    event = parts.station.scan(Sighting(b"12345678", code, "test")).event
    with pytest.raises(KioskError) as caught:
        papers.submit(Order("slip", event))
    assert caught.value.code is Code.NOTHING_TO_PRINT
    with pytest.raises(KioskError) as caught:
        papers.print(Order("slip", "K1:00:x"))
    assert caught.value.code is Code.EVENT_UNKNOWN


def test_a_printer_that_is_away_loses_nothing_and_is_tried_again(
    parts: compose.Parts, papers: Papers, printer: MemoryPrinter, clock: builders.Clock
) -> None:
    declared(parts)
    before = events(parts)
    printer.disconnect()
    papers.submit(Order("slip"))
    assert papers.step() and papers.stuck() == 1
    assert not papers.step(), "not before its time"
    assert Code.PRINT_FAILED in parts.conditions()
    assert events(parts) == before, "a printer's trouble is no event"
    clock.forward(BACKOFF_S[0])
    printer.connect()
    printer.why = "out_of_paper"
    assert papers.step() and papers.jobs()[0].why == "out_of_paper"
    printer.connect()
    papers.retry()
    assert papers.step() and papers.stuck() == 0 and len(printer.history) == 1
    assert Code.PRINT_FAILED not in parts.conditions()
    assert [job.state for job in papers.jobs()] == ["printed"]


def test_the_queue_outlives_the_program(
    home: Path, parts: compose.Parts, papers: Papers, printer: MemoryPrinter, clock: builders.Clock
) -> None:
    declared(parts)
    printer.disconnect()
    papers.submit(Order("declaration"))
    papers.step()
    parts.close()
    clock.forward(60)
    with compose.open_parts(home, clock=clock) as again:
        printer.connect()
        again.papers.open_printer = lambda _name: printer
        assert again.papers.step()
        assert "Trần Thị Mẫu" in text_of(printer.history[0][1])


def test_a_paper_given_up_is_not_printed(parts: compose.Parts, papers: Papers, printer: MemoryPrinter) -> None:
    declared(parts)
    number = papers.submit(Order("slip"))
    papers.drop(number)
    assert not papers.step() and printer.history == []
    assert papers.jobs()[0].state == "dropped"


def test_a_voided_declaration_leaves_the_queue_by_itself(parts: compose.Parts, papers: Papers, printer: MemoryPrinter) -> None:
    declared(parts)
    target = papers.newest_declaration()
    papers.submit(Order("slip", target))
    parts.station.correct(target, "nhầm người", void=True)
    assert papers.step() and papers.jobs()[0].state == "dropped" and printer.history == []


def test_no_page_of_a_person_stays_on_the_disk(home: Path, parts: compose.Parts, papers: Papers, printer: MemoryPrinter) -> None:
    declared(parts)
    for paper in ("slip", "declaration"):
        papers.submit(Order(paper))
        papers.step()
    printer.disconnect()
    with pytest.raises(KioskError):
        papers.print(Order("declaration"))
    assert len(printer.history) == 2 and list(home.rglob("*.pdf")) == []


def test_the_declaration_on_paper_says_what_was_said(parts: compose.Parts, papers: Papers, printer: MemoryPrinter) -> None:
    symptoms = dict(declaration.example()["symptoms"]) | {"cough": True}
    declared(parts, symptoms=symptoms)
    papers.print(Order("declaration"))
    text = text_of(printer.history[0][1])
    for part in ("TỜ KHAI Y TẾ", "Trần Thị Mẫu", "046183000123", "25/07/1983", "Phường An Cựu", "NGƯỜI KHAI", "Viêm phổi", "K1-000001"):
        assert part in text, part


def test_blank_forms_have_numbers_of_their_own(papers: Papers, tmp_path: Path) -> None:
    job = papers.print(Order("form", detail={"first": 7, "count": 3}), tmp_path / "forms.pdf")
    with pypdfium2.PdfDocument(job.file) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    assert [next(number for number in ("G007", "G008", "G009") if f"Số {number}" in page) for page in pages] == ["G007", "G008", "G009"]
    for wrong in ({"first": 0}, {"first": 990, "count": 50}, {"count": 0}):
        with pytest.raises(KioskError) as caught:
            papers.print(Order("form", detail=wrong), tmp_path / "forms.pdf")
        assert caught.value.code is Code.BAD_INPUT


@pytest.mark.parametrize(
    ("paper", "says"),
    [
        ("notice", ("BẦU CỬ NGÀY 23/05/2021", "19001075", "Đã khai với Bộ Y tế thì không cần khai lại.")),
        ("announcement", ("BÀI ĐỌC LOA", "Kính mời bà con đi bầu cử ngày 23/05/2021, từ 07:00 đến 19:00.")),
        ("card", ("Sốt", "Mệt mỏi", "Đi về từ vùng có dịch COVID-19 không?")),
        ("register", ("G001", "G050", "SỔ GHI LƯỢT VÀO")),
    ],
)
def test_papers_for_the_hall_say_what_they_are_for(papers: Papers, printer: MemoryPrinter, paper: str, says: tuple[str, ...]) -> None:
    papers.print(Order(paper))
    text = " ".join(text_of(printer.history[0][1]).split())
    for part in says:
        assert part in text, part


def test_the_loudspeaker_text_is_about_sixty_words(papers: Papers) -> None:
    from kiosk.printing import notice

    said = notice.announcement(papers._notice_of(Order("announcement")))
    assert 50 <= len(said.split()) <= 66
