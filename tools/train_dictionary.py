"""Makes a compression dictionary for event bodies. A shipped dictionary is never made again: old events need theirs.

Usage: python tools/train_dictionary.py N  -> data/dict/N (refuses to overwrite).
Words of names and places come first; then, one by one, the sample bodies that save most on a training set, the best of them last:
what stands nearest is cheapest. Names and numbers are invented.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kiosk.crypto import seal
from kiosk.domain import lists
from kiosk.domain.events import Body, ClockReading, Kind

MOST = 7000  # a body of 900 bytes, a long one, still reaches all of it through deflate's 8 KiB window
TRAINING, CANDIDATES = 200, 150
SURNAMES = (
    "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Tôn Thất Hà Đinh Trương Mai Cao Đoàn Lâm Châu Thân".split()
)
MIDDLE = "Văn Thị Hữu Đức Ngọc Thanh Minh Xuân Quang Đình Bảo Kim Thu Như Khánh Anh Gia Công Diệu Phương Mỹ Quốc Viết Nữ Hồng".split()
GIVEN = "An Anh Bình Châu Cường Dung Dũng Đạt Giang Hà Hải Hạnh Hằng Hiền Hiếu Hoa Hòa Hùng Hương Huy Khoa Lan Linh Loan Long Lộc Mai Nam Nga Nhung Phong Phúc Phương Quân Quý Sơn Tâm Thảo Thắng Thành Thủy Tiến Trang Trinh Tuấn Tùng Vân Việt Vy Yến".split()  # noqa: E501
CITIES = ("Thành phố Huế", "Thị xã Hương Thủy", "Thị xã Hương Trà")
DISTRICTS = (*CITIES, *(f"Huyện {name}" for name in ("Phú Vang", "Quảng Điền", "Phong Điền", "Phú Lộc", "Nam Đông", "A Lưới")))


def name(rnd: random.Random) -> str:
    return f"{rnd.choice(SURNAMES)} {rnd.choice(MIDDLE)} {rnd.choice(GIVEN)}"


def person(rnd: random.Random) -> dict[str, Any]:
    number = f"046{rnd.randrange(10**9):09d}"
    born = f"19{rnd.randrange(30, 99)}-{rnd.randrange(1, 13):02d}-{rnd.randrange(1, 29):02d}"
    return {
        "full_name": name(rnd),
        "id_number": number,
        "birth_date": born,
        "phone": f"09{rnd.randrange(10**8):08d}",
        "gender": rnd.choice("MF"),
    }


def declared(rnd: random.Random) -> dict[str, Any]:
    """A declaration of the form, as the kiosk writes it."""
    unit = rnd.choice(lists.units())
    home = {"province": "Tỉnh Thừa Thiên Huế", "district": unit.district, "ward": unit.ward, "ward_code": unit.code}
    who = person(rnd)
    subjects = [f"id:{who['id_number']}", f"phone:+84{who['phone'][1:]}"]
    exposures = dict.fromkeys(("contact_case", "from_epidemic_area", "contact_from_area"), False)
    symptoms = dict.fromkeys(("fever", "cough", "dyspnoea", "pneumonia", "sore_throat", "fatigue"), False)
    symptoms["fatigue"] = rnd.random() < 0.1
    more = {"country": "VN", "mode": "proxy", "proxy_reason": "no_phone", "desk": False, "subjects": subjects}
    return {
        **who,
        "current": {**home, "hamlet": f"Tổ dân phố {rnd.randrange(1, 15)}"},
        "exposures": exposures,
        "symptoms": symptoms,
        **more,
    }


def spoken(rnd: random.Random) -> dict[str, Any]:
    """A declaration of a simpler form: an address in one line, a temperature."""
    ward = rnd.choice(lists.units()).ward.split(" ", 1)[1]
    symptoms = {"fever": False, "cough": rnd.random() < 0.05, "dyspnea": False, "sore_throat": False}
    more = {
        "contact_case": False,
        "from_epidemic_area": rnd.random() < 0.05,
        "temperature_c": round(rnd.gauss(36.6, 0.3), 1),
        "place": "in",
    }
    address = f"{rnd.randrange(1, 300)} {rnd.choice(SURNAMES)} {rnd.choice(GIVEN)}, {ward}, Thừa Thiên Huế"
    return {**person(rnd), "address": address, "symptoms": symptoms, **more, "source": rnd.choice(["hue-s", "ministry", "cccd"])}


def arrived(rnd: random.Random) -> dict[str, Any]:
    source = rnd.choice(["hu1", "proxy", "cccd", "moh"])
    subjects = {"proxy": [f"id:046{rnd.randrange(10**9):09d}"], "hu1": [f"hu1:{rnd.randbytes(11).hex()}"]}.get(source, [])
    since = 1_621_730_000_000 + rnd.randrange(4 * 10**7) if source == "hu1" else None
    return {"no": rnd.randrange(1, 956), "source": source, "verdict": "come_in", "since": since, "subjects": subjects}


def shown(rnd: random.Random) -> dict[str, Any]:
    return {"verdict": rnd.choice(["look_at_phone", "card_read", "not_confirmed", "already_in"]), "code": "cccd", "reason": ""}


KINDS = ((Kind.DECLARATION, declared), (Kind.VISIT, arrived), (Kind.DECLARATION, spoken), (Kind.SIGHTING, shown))
SHARES = (40, 30, 20, 10)


def bodies(rnd: random.Random, count: int) -> Iterator[bytes]:
    """Bodies as seal_body packs them: their time is the header's."""
    for kind, make in rnd.choices(KINDS, SHARES, k=count):
        clock = ClockReading(0, rnd.randrange(10**6, 4 * 10**7), "", rnd.randrange(-900, 900))
        body = Body(int(kind), 1, rnd.randbytes(8).hex(), f"cb-{rnd.randrange(9):04d}", clock, make(rnd))
        yield msgspec.json.encode(body, order="deterministic")


def cost(training: list[bytes], dictionary: bytes) -> int:
    return sum(len(seal.compress(body, dictionary)) for body in training)


def train(seed: int = 2021) -> bytes:
    rnd = random.Random(seed)
    training, candidates = list(bodies(rnd, TRAINING)), list(bodies(rnd, CANDIDATES))
    wards = sorted({unit.ward.split(" ", 1)[1] for unit in lists.units()})
    words = " ".join([*SURNAMES, *MIDDLE, *GIVEN]) + "|".join([*wards, *DISTRICTS])
    tail = b""
    while True:
        room = MOST - len(words.encode()) - len(tail)
        fits = [body for body in candidates if len(body) <= room]
        if not fits:
            return words.encode() + tail
        best = min(fits, key=lambda body: cost(training, words.encode() + body + tail))
        candidates.remove(best)
        tail = best + tail


def main() -> int:
    target = Path(__file__).parent.parent / "data" / "dict" / sys.argv[1]
    if target.exists():
        print(f"{target} is shipped and never changes", file=sys.stderr)
        return 1
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(train())
    print(json.dumps({"file": target.name, "bytes": target.stat().st_size}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
