"""Who comes to the demonstration: invented voters of all kinds, and the codes they show. No Qt, no camera, nothing is recorded."""

import random

import msgspec

from kiosk.devices.stage import Scene
from kiosk.domain.passes import hu1
from kiosk.security.vault import Secrets

SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Phan Võ Đặng Bùi Đỗ Hồ Ngô Dương".split()
GIVEN = "An Bình Cường Dung Giang Hà Hải Hạnh Hoa Hùng Lan Linh Mai Nam Nga Phúc Quý Sơn Tâm Thảo Trang Tuấn Vân Yến".split()
HOUR = 3_600_000
HARD = 0.15
PARADE = ("pass", "card", "phone", "old", "strange", "other", "unknown")  # first one of each, so that a short demo shows all


class Voter(msgspec.Struct, frozen=True):
    """One person in the queue: the code and what it is shown on."""

    scene: Scene
    feverish: bool = False


def card(rnd: random.Random) -> bytes:
    """A chip ID card of an invented person (letter's form; layout of the 2021 card)."""
    year, woman = rnd.randrange(1930, 2003), rnd.random() < 0.5
    digit = int(woman) + (2 if year >= 2000 else 0)
    number = f"046{digit}{year % 100:02d}{rnd.randrange(10**6):06d}"
    name = f"{rnd.choice(SURNAMES)} {'Thị' if woman else 'Văn'} {rnd.choice(GIVEN)}"
    born = f"{rnd.randrange(1, 29):02d}{rnd.randrange(1, 13):02d}{year}"
    home = f"Tổ dân phố {rnd.randrange(1, 15)}, Tây Lộc, Thành phố Huế, Thừa Thiên Huế"
    return f"{number}||{name}|{born}|{'Nữ' if woman else 'Nam'}|{home}|01052021".encode()


def voter_pass(rnd: random.Random, secrets: Secrets, now: int, hours_ago: float, valid: int = 48) -> bytes:
    letters = rnd.choice("NTLPHDBV") + rnd.choice("TV") + rnd.choice("ABCGHLMNPQST")
    claims = hu1.Claims(rnd.randbytes(8), int(now - hours_ago * HOUR), valid, rnd.randrange(1930, 2003), letters, rnd.choice("MF"))
    return hu1.make(claims, secrets.enrolment.issuer_id, secrets.issuer_seed).encode()


def queue(n: int, seed: int, secrets: Secrets, now: int) -> list[Voter]:
    """`n` voters of all kinds, valid and invalid, the same for the same seed (their passes are signed with this kiosk's own key)."""
    rnd, voters, passes = random.Random(seed), list[Voter](), list[bytes]()
    kinds = rnd.choices(
        ("pass", "card", "phone", "old", "strange", "other", "again", "unknown"), (40, 34, 12, 4, 2, 3, 3, 2), k=max(0, n - len(PARADE))
    )
    for kind in [*PARADE, *kinds][:n]:
        look = "phone"
        if kind == "again" and len(passes) < 25:
            kind = "pass"
        if kind == "pass":
            payload = voter_pass(rnd, secrets, now, rnd.uniform(0.5, 30))
            passes.append(payload)
        elif kind == "card":
            payload, look = card(rnd), "card"
        elif kind == "phone":
            payload = f"https://tokhaiyte.vn/?page=Project.TKYT.destinationRegister&i={rnd.randrange(10**6)}".encode()
        elif kind == "old":
            payload = voter_pass(rnd, secrets, now, 90)
        elif kind == "strange":
            payload = voter_pass(rnd, secrets, now, 2)[:-4] + b"0000"
        elif kind == "other":
            payload, look = rnd.choice([(b"http://qr.huecity.vn", "paper"), (b"WIFI:T:WPA;S:NHA VAN HOA;P:12345678;;", "paper")])
        elif kind == "again":
            payload = rnd.choice(passes[:-20])
        else:
            payload = f"HS{rnd.randrange(10**12):012d}".encode()
        hard = look != "paper" and rnd.random() < HARD
        voters.append(Voter(Scene(payload, look, hard, kind), feverish=kind == "card" and rnd.random() < 0.05))
    return voters
