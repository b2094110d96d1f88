"""Paper: embedded faces with every Vietnamese letter, harmless text, an administrative page, and a report that says what it counted."""

import datetime as dt
import time
import unicodedata
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from kiosk.errors import Code, KioskError
from kiosk.printing import day_report, fonts, frame
from kiosk.printing.day_report import Aside, DayReport, EpochLine, render, totals
from kiosk.printing.figures import bars, qr, tick_box
from kiosk.printing.plain import LONGEST, plain

VOWELS, TONES = "aăâeêioôơuưy", ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
LETTERS = {unicodedata.normalize("NFC", v + tone) for v in VOWELS for tone in TONES} | {"đ"}
LETTERS |= {letter.upper() for letter in LETTERS}

SEVEN = 1621728000000  # 07:00 on 23/05/2021 in Vietnam
HOUR = 3_600_000
FULL = DayReport(
    station="Khu vực bỏ phiếu số 1",
    station_code="46-474-19750-01",
    ward="Phường Tây Lộc",
    district="Thành phố Huế",
    kiosk="K7Q2M4",
    label="K1",
    event_day="2021-05-23",
    made_at=SEVEN + 12 * HOUR + 17 * 60_000,
    opened_at=SEVEN - HOUR // 2,
    closed_at=SEVEN + 12 * HOUR,
    officers=("Nguyễn Thị Ánh", "Trần Văn Đức"),
    arrivals={"hu1": 2612, "cccd": 143, "proxy": 1031, "moh": 214},
    declarations={"new": 12, "supplement": 9, "proxy": 1031},
    health_desk=7,
    hours={hour: 333 for hour in range(7, 19)},
    first=1,
    last=4000,
    events=5214,
    kinds={"visit": 4000, "declaration": 1052},
    epochs=(EpochLine("9f3ac2017be4d051", 4800, bytes(range(32)), 4800, 4800), EpochLine("01b2c3d4e5f60718", 414, bytes(32), 402, 390)),
    aside=(Aside("K7Q2M4:9f3ac2017be4d051:118", "unreadable"),),
    notes=("Mất điện từ 10 giờ 12 đến 10 giờ 31.",),
)
EMPTY = DayReport("Khu vực bỏ phiếu số 1", "46-474-19750-01", "Phường Tây Lộc", "Thành phố Huế", "K7Q2M4", "K1", "2021-05-23", SEVEN)
HOSTILE = (
    "<b>Mẫu",
    "<img src='file:///etc/passwd'/>",
    "<para><font color='red' size='90'>Đặng</font></para>",
    "&lt;&#0;&bogus; ]]> <!-- <a href='x'>",
    "%s{0}{{}}\\",
    "\x00\x1b[31m\u202eTrần\u2066\ud800",
    "Ẵ" * 200_000,
    "a " * 100_000,
    "<b>" * 50_000,
    unicodedata.normalize("NFD", "Nguyễn Thị Ẩn ữ"),
    "🗳️漢字 \ufffd",
)


def text_of(file: Path) -> str:
    with pypdfium2.PdfDocument(file) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")


def picture(file: Path, page: int, scale: float = 2.5) -> Image.Image:
    with pypdfium2.PdfDocument(file) as document:
        shot: Image.Image = document[page].render(scale=scale).to_pil()
        return shot


def font_names(file: Path) -> set[str]:
    data = file.read_bytes()
    return {part.split(b"/")[0].split()[0].decode() for part in data.split(b"/BaseFont /")[1:]}


def test_there_are_146_vietnamese_letters() -> None:
    plain_ones = {letter for letter in "aăâbcdđeêghiklmnoôơpqrstuưvxy"}
    toned = {letter for letter in LETTERS if letter.lower() not in plain_ones}
    assert (len(LETTERS), len(toned)) == (146, 120)


@pytest.mark.parametrize("face", fonts.FACES)
def test_every_face_draws_every_vietnamese_letter(face: str) -> None:
    assert {letter for letter in LETTERS if ord(letter) not in fonts.drawable(face)} == set()
    assert {sign for sign in "0123456789.,:;·–-…/()“”" if ord(sign) not in fonts.drawable(face)} == set()


@pytest.mark.parametrize("face", fonts.FACES)
def test_letters_have_ink_and_their_marks_differ(face: str) -> None:
    assert fonts.width("ẩ", face, 12) > 0
    assert fonts.FACES[face].suffix == ".ttf" and "[" not in fonts.FACES[face].name, "a variable font has one weight on paper"


def test_a_day_below_ten_and_the_first_two_months_are_padded() -> None:
    assert frame.date_line("Huế", dt.date(2021, 5, 23)) == "Huế, ngày 23 tháng 5 năm 2021"
    assert frame.date_line("Huế", dt.date(2021, 2, 3)) == "Huế, ngày 03 tháng 02 năm 2021"
    assert frame.date_line("Huế", dt.date(2021, 12, 9)) == "Huế, ngày 09 tháng 12 năm 2021"


def test_plain_text_is_composed_cut_and_without_controls() -> None:
    for text in HOSTILE:
        shown = plain(text)
        assert len(shown) <= LONGEST and unicodedata.is_normalized("NFC", shown)
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in shown)
    assert plain(unicodedata.normalize("NFD", "Nguyễn")) == "Nguyễn"


def test_the_report_s_text_layer_reads_as_it_looks(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    assert render(FULL, file) == 2
    text = text_of(file)
    assert unicodedata.is_normalized("NFC", text)
    for sentence in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "BÁO CÁO KIỂM TRA KHAI BÁO Y TẾ",
        "Không phải số liệu bầu cử",
        "Tây Lộc, ngày 23 tháng 5 năm 2021",
        "K1-000001 đến K1-004000",
        "4.000",
        "5.214 sự kiện",
        "Nguyễn Thị Ánh, Trần Văn Đức",
        "06 giờ 30, ngày 23/05/2021",
        "00010203 04050607",
        "Tỉnh chưa mở đọc được",
        "NGƯỜI PHỤ TRÁCH",
    ):
        assert sentence in text, sentence
    assert "%" not in text and "cử tri đi bầu" not in text


def test_the_last_page_is_signed_under_the_notes_and_begins_with_what_goes_on(tmp_path: Path) -> None:
    """Nothing is pushed overleaf whole: table 4 goes on there, and an ordinary day ends on the second page."""
    file = tmp_path / "report.pdf"
    render(FULL, file)
    with pypdfium2.PdfDocument(file) as document:
        first, last = (page.get_textpage().get_text_range() for page in document)
    assert "4. Tờ khai và việc khác" in first and "4. Tờ khai và việc khác" not in last
    assert last.index("7. Ghi chú") < last.index("NGƯỜI LẬP")
    many = replace(FULL, notes=FULL.notes * 12)
    assert render(many, file) == 3 and "7. Ghi chú" in text_of(file)


def test_a_day_without_anybody_is_a_whole_report(tmp_path: Path) -> None:
    file = tmp_path / "empty.pdf"
    assert render(EMPTY, file) == 2
    text = text_of(file)
    assert "Không có lượt nào" in text and "Chưa chốt khi lập báo cáo" in text
    assert "Trong ngày không có lượt vào nào được ghi." in text
    assert "None" not in text


def test_the_file_names_itself_and_carries_only_embedded_fonts(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    render(FULL, file)
    with pypdfium2.PdfDocument(file) as document:
        about = document.get_metadata_dict()
        width, height = document[0].get_size()
    assert about["Title"].startswith("Báo cáo kiểm tra khai báo y tế 23/05/2021")
    assert about["Author"] == "Khu vực bỏ phiếu số 1"
    assert about["CreationDate"] == "D:20210523191700+07'00'"
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)
    assert b"/Lang (vi-VN)" in file.read_bytes()
    names = font_names(file)
    assert names and all("+Spectral" in name or "+BeVietnamPro" in name for name in names), names


def test_nothing_is_printed_in_the_margins_but_the_page_number_and_the_foot(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    render(replace(FULL, station="Khu vực bỏ phiếu số 1 " + "Ẵ" * 300, officers=("Ợ" * 300,)), file)
    shot = picture(file, 0, scale=2).convert("L")
    per_mm = 2 * 72 / 25.4
    wide, high = shot.size
    left, right = shot.crop((0, 0, int(29 * per_mm), high)), shot.crop((int(wide - 19 * per_mm), 0, wide, high))
    top = shot.crop((0, 0, wide, int(19 * per_mm)))
    assert [part.getextrema() for part in (left, right, top)] == [(255, 255)] * 3


def test_the_qr_on_the_page_says_the_totals(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    pages = render(FULL, file)
    found = zxingcpp.read_barcodes(picture(file, pages - 1))
    assert [code.text for code in found] == [totals(FULL)]
    assert "V4000" in totals(FULL) and "W12" in totals(FULL)
    assert totals(replace(FULL, label="máy 1/2<b>", station_code="x" * 500)).isascii()


def test_a_small_code_is_never_a_micro_qr() -> None:
    assert qr("1", 100).width == 100
    assert len(tick_box(True).contents) == len(tick_box(False).contents) + 1


def test_bars_stand_for_their_numbers() -> None:
    drawing = bars({7: 10, 8: 5, 9: 0}, 300, 100)
    heights = [shape.height for shape in drawing.contents if type(shape).__name__ == "Rect"]
    assert heights == [72.0, 36.0]


def test_hours_outside_the_day_are_shown_too(tmp_path: Path) -> None:
    file = tmp_path / "late.pdf"
    render(replace(FULL, hours={5: 1, 23: 2}), file)
    text = text_of(file)
    assert "05h" in text and "23h" in text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(text: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.pdf"
    report = replace(
        FULL, station=text, station_code=text, ward=text, district=text, kiosk=text, label=text, officers=(text,) * 3, notes=(text,) * 5
    )
    report = replace(report, arrivals={text: 3}, kinds={text: 3}, aside=(Aside(text, text),), epochs=(EpochLine(text, 1, b""),))
    began = time.process_time()
    assert render(report, file) >= 2
    assert time.process_time() - began < 5, "seconds of processor, where a raw paragraph takes a minute"
    assert "BÁO CÁO KIỂM TRA KHAI BÁO Y TẾ" in text_of(file)


def test_markup_in_a_name_is_printed_letter_by_letter(tmp_path: Path) -> None:
    file = tmp_path / "markup.pdf"
    render(replace(FULL, officers=("<b>Mẫu</b> & <i>Con",)), file)
    assert "<b>Mẫu</b> & <i>Con" in text_of(file)


def test_many_refused_events_are_cut_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "many.pdf"
    many = tuple(Aside(f"K7Q2M4:9f3ac2017be4d051:{n}", "shape") for n in range(3000))
    assert render(replace(FULL, aside=many), file) <= 4
    assert "Có 3.000 sự kiện tỉnh giữ riêng" in text_of(file)


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    render(FULL, tmp_path / "a.pdf")
    render(EMPTY, tmp_path / "c.pdf")
    render(FULL, tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert day_report.fingerprint(FULL) != day_report.fingerprint(replace(FULL, arrivals={"hu1": 1}))


def test_a_file_that_cannot_be_written_is_a_named_trouble_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KioskError) as caught:
        render(EMPTY, tmp_path / "no such folder" / "report.pdf")
    assert caught.value.code is Code.PRINT_FAILED
    (tmp_path / "taken.pdf").mkdir()
    with pytest.raises(KioskError):
        render(EMPTY, tmp_path / "taken.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.pdf"]


def test_a_report_replaces_an_older_one_whole(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(b"old")
    render(EMPTY, file)
    assert file.read_bytes().startswith(b"%PDF-") and [path.name for path in tmp_path.iterdir()] == ["report.pdf"]
