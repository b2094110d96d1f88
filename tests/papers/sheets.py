"""Every paper with fixed words, and how it looked when somebody last judged it: a grey picture of each page and its text layer.

`python -m tests.papers.sheets` draws the references in tests/papers/reference anew (look at them before they are committed). The people
are invented; the codes are fixed texts of the right length.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image

from kiosk.domain import declaration, ticketcode
from kiosk.domain import poster as address
from kiosk.domain.events import Key
from kiosk.printing import certificate, contacts, forms, notice, poster, removal, slip, start_check, test_card
from kiosk.printing.day_report import Aside, DayReport, EpochLine, TallyLine
from kiosk.printing.day_report import render as report
from tests import builders

REFERENCE = Path(__file__).parent / "reference"
TALL = 136  # px of a page's picture: lines of text are grey bars, boxes and codes are seen
BLOCK = 8
MEAN, WORST = 0.6, 7.0  # grey levels of 255: of the whole page, and of its worst block of 8 by 8
AT, AREA = builders.at("08:41"), builders.AREA
PLACE = "1975001K7Q2"
PASS = "HU1:" + "7EYK0Q39A$TX.B5%" * 9 + "AB12CD"  # 154 characters of the alphanumeric set, as a signed pass has
HEAD = "".join(f"{n:02x}" for n in range(32))
DAY = DayReport(
    station=AREA.name, station_code=AREA.code, ward=AREA.ward, district=AREA.district, kiosk="k7q2m4", label="K1",
    event_day=builders.ELECTION_DAY, made_at=builders.at("19:17"), opened_at=builders.at("06:30"), closed_at=builders.at("19:00"),
    officers=("Nguyễn Thị Ánh", "Trần Văn Đức"), arrivals={"hu1": 612, "cccd": 143, "proxy": 1031, "moh": 214, "paper": 2},
    declarations={"new": 12, "supplement": 9, "proxy": 1031}, health_desk=7, repeated=31, conflicts=2, not_confirmed=4,
    other_codes=19, deferred=17, corrected=5, voided=3, hours={hour: 40 * (20 - hour) for hour in range(7, 19)},
    first=1, last=2002, events=5214,
    kinds={"visit": 2002, "declaration": 1052, "sighting": 2160},
    epochs=(EpochLine("9f3ac2017be4d051", 4800, bytes(range(32)), 4800, 4800), EpochLine("01b2c3d4e5f60718", 414, bytes(32), 402, 390)),
    aside=(Aside("k7q2m4:9f3ac2017be4d051:118", "unreadable"),),
    tally=(TallyLine("Cổng chính", 1402, 1402, 1402), TallyLine("Cổng sau", 600, 598, None)),
    others={"K2": 1180}, notes=("Mất điện từ 10 giờ 12 đến 10 giờ 31.",),
)  # fmt: skip


def _slip(size: str, again: int = 0) -> Callable[[Path], int]:
    made = slip.Slip(PASS, AREA.name, AREA.code, "TTM", "F", "1983", AT, AT + 72 * 3_600_000, AT, "K1-000123", again)
    return lambda file: slip.render(made, file, size)


def _ticket(size: str) -> Callable[[Path], int]:
    made = slip.Ticket(17, ticketcode.make(Key("k7q2m4aabbcc", "9f3ac2017be4d051", 118), 17), AREA.name, AREA.code, "K1", AT)
    return lambda file: slip.render_ticket(made, file, size)


def _board(size: str) -> Callable[[Path], int]:
    url = address.url("https://qr.huecity.vn", PLACE, address.mac(builders.PLACE_KEY, PLACE))
    return lambda file: poster.render(poster.Poster(url, PLACE, "Cổng chính", "entrance", AREA.name, AREA.ward, AT), file, size)


def _declaration(file: Path) -> int:
    said = declaration.check(declaration.example()).declaration()
    made = forms.PaperDeclaration("K1-000123", AREA.name, AREA.code, AREA.ward, said.fields, "proxy", AT, "Lê Thị Trực", AT)
    return forms.render(made, file)


def _start_check(file: Path) -> int:
    rows = [("Camera", "ok", "1280 x 720", ""), ("Ổ đĩa, dữ liệu", "ok", "đủ chỗ", "")]
    rows += [("Máy in", "limited", "hết giấy", "Cho giấy vào khay.")]
    return start_check.render(start_check.StartCheck(AREA.name, AREA.ward, "K1", builders.ELECTION_DAY, AT, AT, rows, 41.5), file)


def _purged(file: Path) -> int:
    chains = [("9f3ac2017be4d051", 4800, 4800, HEAD, "01b2c3d4e5f60718"), ("01b2c3d4e5f60718", 414, 414, HEAD, "")]
    made = certificate.Purged(
        AREA.name, AREA.ward, "K1", builders.ELECTION_DAY, AT, "Lê Thị Phụ Trách", 5214, DAY.kinds, {"visit": 2002}, chains, 12
    )
    return certificate.render(made, file)


def _removed(file: Path) -> int:
    chains, why = [("9f3ac2017be4d051", 4800, 4790, HEAD)], ("Tỉnh chưa mở được 10 sự kiện: gửi lên (kiosk sync) rồi đợi tỉnh mở đủ.",)
    days, copies = [("2021-05-22", "purged"), (builders.ELECTION_DAY, "")], [("hue-46-474-19750-01-K1.huebundle", HEAD)]
    made = removal.Removed(
        AREA.name, AREA.ward, "K1", "k7q2m4", days, AT, "Lê Thị Phụ Trách", 5214, chains, why, "máy phải trả chiều nay", copies
    )
    return removal.render(made, file)


def _contacts(file: Path) -> int:
    case = ("", "Nguyễn Văn Mẫu", "0905 000 111", "Phường Tây Lộc", "", "", "", "", "", "Cổng chính, 08:41", "")
    met = ("1", "Trần Thị Mẫu", "0905 000 222", "Phường Phú Hội", "", "cử tri", "12", "08:35", "08:47", "Cổng chính", "Nguyễn Văn Mẫu")
    return contacts.render([case], [met], ["Yêu cầu số 1."], AT, file)


def _notice(make: Callable[[notice.Notice, Path], int]) -> Callable[[Path], int]:
    return lambda file: make(notice.Notice(AREA.name, AREA.ward, builders.ELECTION_DAY, "07:00", "19:00", AT), file)


PAPERS: dict[str, Callable[[Path], int]] = {
    "slip-a6": _slip("a6"),
    "slip-80": _slip("80"),
    "slip-again": _slip("a6", again=2),
    "ticket-a6": _ticket("a6"),
    "ticket-80": _ticket("80"),
    "poster-a4": _board("a4"),
    "poster-a3": _board("a3"),
    "poster-column": _board("column"),
    "notice": _notice(notice.render),
    "announcement": _notice(notice.render_announcement),
    "declaration": _declaration,
    "form": lambda file: forms.render_blank(["G001", "G002"], AREA.name, AREA.code, AREA.ward, AT, file),
    "register": lambda file: forms.render_register(AREA.name, AREA.code, AREA.ward, AT, file, sheets=1),
    "card": lambda file: forms.render_card(AREA.name, AT, file),
    "test-card": lambda file: test_card.render(file, AT),
    "start-check": _start_check,
    "report": lambda file: report(DAY, file),
    "certificate": _purged,
    "removal": _removed,
    "contacts": _contacts,
}


def pages(file: Path) -> tuple[np.ndarray, str]:
    """(all pages beside each other, grey, TALL px; the text layer, a page after the other)."""
    shown: list[np.ndarray] = []
    said: list[str] = []
    with pypdfium2.PdfDocument(file) as document:
        for page in document:
            large = page.render(scale=4 * TALL / page.get_height(), grayscale=True).to_pil().convert("L")
            small = large.resize((max(1, round(large.width / 4)), TALL), Image.Resampling.BOX)
            shown.append(np.asarray(small))
            said.append("\n".join(line.rstrip() for line in page.get_textpage().get_text_range().splitlines()))
    return np.concatenate(shown, axis=1), "\n\f\n".join(said) + "\n"


def differs(made: np.ndarray, kept: np.ndarray) -> str:
    """"" if the two pictures are one paper; else where they are not."""
    if made.shape != kept.shape:
        return f"size {made.shape} != {kept.shape}"
    apart = np.abs(made.astype(np.int16) - kept.astype(np.int16)).astype(np.float64)
    high, wide = (length // BLOCK * BLOCK for length in apart.shape)
    blocks = apart[:high, :wide].reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK).mean(axis=(1, 3))
    row, column = np.unravel_index(int(blocks.argmax()), blocks.shape)
    if apart.mean() > MEAN or blocks.max() > WORST:
        return f"mean {apart.mean():.2f}, worst block {blocks.max():.1f} at row {row * BLOCK}, column {column * BLOCK} of {apart.shape}"
    return ""


def made(name: str, folder: Path) -> tuple[np.ndarray, str]:
    file = folder / f"{name}.pdf"
    PAPERS[name](file)
    return pages(file)


def main() -> int:
    REFERENCE.mkdir(exist_ok=True)
    for old in REFERENCE.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for name in PAPERS:
            picture, text = made(name, Path(folder))
            Image.fromarray(picture).save(REFERENCE / f"{name}.png", optimize=True)
            (REFERENCE / f"{name}.txt").write_text(text, "utf-8")
            print(name, picture.shape)
    return 0


if __name__ == "__main__":
    sys.exit(main())
