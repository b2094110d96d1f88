"""A crowd with Vietnam's own shares of surnames, and the eight slips with which officers type names. People and numbers are invented.

Surnames: Lê Trung Hoa, "Họ và tên người Việt Nam" (2005), as cited widely: Nguyễn 38.4 %, Trần 11, Lê 9.5, Phạm 7.1, Huỳnh/Hoàng 5.1,
Phan 4.5, Vũ/Võ 3.9, Đặng 2.1, Bùi 2, Đỗ 1.4, Hồ 1.3, Ngô 1.3, Dương 1, Lý 0.5; the rest shared among others, those of Huế among them.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kiosk.domain.text import fold

SURNAMES = {
    "Nguyễn": 38.4, "Trần": 11.0, "Lê": 9.5, "Phạm": 7.1, "Hoàng": 2.8, "Huỳnh": 2.3, "Phan": 4.5, "Võ": 2.1, "Vũ": 1.8, "Đặng": 2.1,
    "Bùi": 2.0, "Đỗ": 1.4, "Hồ": 1.3, "Ngô": 1.3, "Dương": 1.0, "Lý": 0.5,
    **dict.fromkeys(
        "Đinh Đoàn Lâm Mai Trương Trịnh Cao Tô Tạ Hà Chu Châu Thái Văn Đào Lương Phùng Quách Tăng Thân Tống Từ Vương Viên Hứa Kiều La "
        "Lại Lục Mạc Nghiêm Ông Phó Quan Tôn Trà Triệu Ưng Công Bạch Cái Hầu Khổng Khuất Lữ Nhan Ninh Thạch Thiều Tiêu Vi Yên".split(),
        0.2,
    ),
}  # fmt: skip
WOMEN, MEN = ("Thị", 0.55), ("Văn", 0.35)
MIDDLE = (
    "Thanh Minh Ngọc Hữu Đức Quang Xuân Thu Kim Hoàng Bảo Công Đình Duy Gia Hải Hồng Khánh Mạnh Mỹ Nhật Như Phương Phước Quốc Thành Thế "
    "Thiên Thúy Tiến Trọng Trung Tuấn Anh Bích Cẩm Diệu Hoài Huy Lan Mai Nguyên Nhã Quỳnh Tường Viết Vĩnh Thùy Tố Cảnh Chí Đăng Khắc"
).split()
GIVEN = (
    "Anh An Ánh Bình Bích Bảo Châu Chi Chiến Cường Cúc Dung Dũng Duy Dương Đạt Đào Đông Đức Giang Hà Hải Hạnh Hằng Hậu Hiền Hiếu Hoa Hòa "
    "Hoàng Hồng Huệ Hùng Hưng Hương Huy Huyền Khanh Khánh Khoa Kiên Kiều Lâm Lan Lành Lê Liên Linh Loan Lộc Lợi Long Lý Ly Mai Mẫn Mạnh "
    "Minh My Mỹ Nam Nga Ngà Ngân Nghĩa Ngọc Nguyên Nguyệt Nhàn Nhân Nhi Nhung Như Oanh Phong Phú Phúc Phụng Phước Phương Quân Quang Quý "
    "Quyên Quyết Quỳnh Sang Sáu Sen Sơn Sương Tài Tâm Tân Thắm Thắng Thanh Thành Thảo Thể Thi Thịnh Thoa Thơ Thu Thuận Thủy Thúy Thư "
    "Thương Tiên Tiến Tình Toàn Trang Trâm Trí Trinh Trúc Trung Tú Tuấn Tùng Tuyết Tư Uyên Vân Việt Vinh Vũ Vui Xuân Yên Yến"
).split()
FIRST_YEAR, LAST_YEAR = 1931, 2003


@dataclass(frozen=True, slots=True)
class One:
    """`number`: twelve digits; `born`: YYYY-MM-DD."""

    name: str
    number: str
    born: str
    gender: str
    phone: str

    @property
    def year(self) -> str:
        return self.born[:4]

    def fields(self) -> dict[str, str]:
        """form.yaml's keys."""
        return {"full_name": self.name, "id_number": self.number, "birth_date": self.born, "gender": self.gender, "phone": self.phone}


def crowd(n: int, seed: int = 5) -> Iterator[One]:
    rnd = random.Random(seed)
    surnames, shares = list(SURNAMES), list(SURNAMES.values())
    given, popular = GIVEN, [1 / (1 + i % 40) for i in range(len(GIVEN))]
    for i in range(n):
        woman = rnd.random() < 0.51
        usual, share = WOMEN if woman else MEN
        middle = [usual] if rnd.random() < share else []
        if not middle or rnd.random() < 0.45:
            middle.append(rnd.choice(MIDDLE))
        name = " ".join((rnd.choices(surnames, shares)[0], *middle, rnd.choices(given, popular)[0]))
        year = rnd.randint(FIRST_YEAR, LAST_YEAR)
        digit = int(woman) + (2 if year >= 2000 else 0)
        born = f"{year}-{rnd.randint(1, 12):02}-{rnd.randint(1, 28):02}"
        number = f"046{digit}{year % 100:02}{i % 10**6:06}"
        yield One(name, number, born, "F" if woman else "M", f"+849{rnd.randrange(10**8):08}")


# -- the slips ------------------------------------------------------------------------------------------------------------

MARKS = "\u0301\u0300\u0309\u0303\u0323"
TELEX_TONES, VNI_TONES = dict(zip(MARKS, "sfrxj", strict=True)), dict(zip(MARKS, "12345", strict=True))
CIRCLE, HORN, BREVE = "\u0302", "\u031b", "\u0306"
TELEX_SHAPES = {("a", CIRCLE): "aa", ("e", CIRCLE): "ee", ("o", CIRCLE): "oo", ("a", BREVE): "aw", ("o", HORN): "ow", ("u", HORN): "uw"}
VNI_SHAPES = {CIRCLE: "6", HORN: "7", BREVE: "8"}


def telex(name: str) -> str:
    """"Trần" -> "Traanf": the keys pressed, with the input method switched off."""
    return _undone(name, TELEX_TONES, lambda base, mark: TELEX_SHAPES[base.lower(), mark][1], "dd")


def vni(name: str) -> str:
    """"Trần" -> "Tra6n2"."""
    return _undone(name, VNI_TONES, lambda _base, mark: VNI_SHAPES[mark], "d9")


def _undone(name: str, tones: dict[str, str], shape: Callable[[str, str], str], crossed: str) -> str:
    words = []
    for word in name.split():
        out, tone, base = "", "", ""
        for c in unicodedata.normalize("NFD", word):
            if c in tones:
                tone = tones[c]
            elif unicodedata.category(c) == "Mn":
                out += shape(base, c)
            else:
                base = c
                out += {"đ": crossed, "Đ": crossed.capitalize()}.get(c, c)
        words.append(out + tone)
    return " ".join(words)


def _long_word(name: str, rnd: random.Random) -> tuple[list[str], int]:
    words = name.split()
    return words, rnd.choice([i for i, word in enumerate(words) if len(word) >= 3] or [0])


def one_missing(name: str, rnd: random.Random) -> str:
    words, i = _long_word(name, rnd)
    cut = rnd.randrange(1, len(words[i]))
    words[i] = words[i][:cut] + words[i][cut + 1 :]
    return " ".join(words)


def two_swapped(name: str, rnd: random.Random) -> str:
    words, i = _long_word(name, rnd)
    at = rnd.randrange(0, len(words[i]) - 1) if len(words[i]) > 1 else 0
    word = words[i]
    words[i] = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    return " ".join(words)


SLIPS: dict[str, Callable[[One, random.Random], str]] = {
    "no marks": lambda p, rnd: f"{fold(p.name)} {p.year}",
    "Telex undone": lambda p, rnd: f"{telex(p.name)} {p.year}",
    "VNI undone": lambda p, rnd: f"{vni(p.name)} {p.year}",
    "reversed": lambda p, rnd: f"{' '.join(reversed(p.name.split()))} {p.year}",
    "last four digits": lambda p, rnd: f"{p.name.split()[-1]} {p.number[-4:]} {p.year}",
    "a letter missing": lambda p, rnd: f"{fold(one_missing(p.name, rnd))} {p.year}",
    "two letters swapped": lambda p, rnd: f"{two_swapped(p.name, rnd)} {p.year}",
    "run together": lambda p, rnd: f"{fold(p.name).replace(' ', '')} {p.year}",
}
