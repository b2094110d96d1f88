"""Makes a compression dictionary for event bodies. A shipped dictionary is never made again: old events need theirs.

Usage: python tools/train_dictionary.py N  -> data/dict/N (refuses to overwrite).
"""

import random
import sys
from pathlib import Path

import msgspec

from kiosk.domain.events import Body, ClockReading

SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Tôn Thất Hà Đinh Trương Mai Cao Đoàn Lâm".split()
MIDDLE = "Văn Thị Hữu Đức Ngọc Thanh Minh Xuân Quang Đình Bảo Kim Thu Như Khánh Anh Gia Công Diệu Phương Mỹ Quốc".split()
GIVEN = "An Anh Bình Châu Cường Dung Dũng Đạt Giang Hà Hải Hạnh Hằng Hiền Hiếu Hoa Hòa Hùng Hương Huy Khoa Lan Linh Loan Long Lộc Mai Nam Nga Nhung Phúc Phương Quân Quý Sơn Tâm Thảo Thắng Thành Thủy Tiến Trang Trinh Tuấn Tùng Vân Việt Vy Yến".split()  # noqa: E501
PLACES = "Tổ dân phố 3, Phường An Cựu, Thành phố Huế, Tỉnh Thừa Thiên Huế|Thôn 2, Xã Phú Mậu, Huyện Phú Vang, Tỉnh Thừa Thiên Huế|Phường Thuận Hòa, Thị xã Hương Thủy|Thị xã Hương Trà, Huyện Quảng Điền|Huyện Phong Điền, Huyện Phú Lộc|Huyện A Lưới, Huyện Nam Đông".split("|")  # noqa: E501


def sample(rnd: random.Random, kind: int) -> bytes:
    clock = ClockReading(1_621_723_200_000 + rnd.randrange(43_200_000), rnd.randrange(9_000_000), "", rnd.randrange(-900, 900))
    if kind == 3:
        answers = {"exposures": dict.fromkeys(("contact_case", "contact_from_area", "from_epidemic_area"), False)}
        signs = dict.fromkeys(("cough", "dyspnoea", "fatigue", "fever", "pneumonia", "sore_throat"), False)
        fields = {
            **answers,
            "symptoms": signs,
            "full_name": f"{rnd.choice(SURNAMES)} {rnd.choice(MIDDLE)} {rnd.choice(GIVEN)}",
            "id_number": f"0461{rnd.randrange(10**8):08d}",
            "birth_date": f"19{rnd.randrange(30, 99)}-{rnd.randrange(1, 13):02d}-{rnd.randrange(1, 29):02d}",
            "phone": f"09{rnd.randrange(10**8):08d}",
            "gender": rnd.choice("MF"),
            "current": rnd.choice(PLACES),
            "country": "VN",
            "desk": False,
            "mode": "proxy",
            "proxy_reason": "no_phone",
            "subjects": [f"id:0461{rnd.randrange(10**8):08d}"],
        }
    elif kind == 2:
        fields = {"verdict": rnd.choice(["look_at_phone", "card_read", "not_confirmed", "already_in"]), "code": "cccd", "reason": ""}
    else:
        fields = {"no": 1, "since": None, "source": rnd.choice(["hu1", "proxy", "cccd", "moh"]), "subjects": [], "verdict": "come_in"}
    return msgspec.json.encode(Body(kind, 1, "", "-", clock, fields), order="deterministic")


def main() -> int:
    target = Path(__file__).parent.parent / "data" / "dict" / sys.argv[1]
    if target.exists():
        print(f"{target} is shipped and never changes", file=sys.stderr)
        return 1
    rnd = random.Random(2021)
    words = " ".join([*SURNAMES, *MIDDLE, *GIVEN])
    samples = b"".join(sample(rnd, kind) for kind in (2, 2, 3, 2, 1, 3, 3, 1, 1, 3, 1))
    target.parent.mkdir(exist_ok=True)
    target.write_bytes((words + "|".join(PLACES)).encode() + samples)  # the likeliest text stands last: nearest is cheapest
    print(target, target.stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
