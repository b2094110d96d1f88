"""Hostile code strings: half of them valid codes with one field changed, so that they get past the layout and reach a signature; the rest
junk in the clothes of every kind. None may raise, none may be called verified unless the signed bytes are the signed bytes, none may cost
many times a valid one.

Usage: python -m tests.durability.codes [--codes 1000000] [--seed N]
Exit 1 on a finding, if fewer than a tenth reached a signature check, or (from 100,000 codes on) if the dearest percent costs over ten times
a valid pass.
"""

import argparse
import base64
import json
import random
import statistics
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import base45
import cbor2

from kiosk.crypto import sign
from kiosk.domain import passes
from kiosk.domain.passes import hu1, trust
from kiosk.domain.passes.model import Issuer, Reading
from kiosk.domain.passes.trustlist import parse
from tests import builders
from tests.durability import running

SEED = bytes(range(32))
ISSUER = Issuer(b"HUE", sign.public(SEED))
NOW = builders.at("08:00")
TRUSTED = frozenset({Reading.VERIFIED, Reading.EXPIRED})
LIMIT, COUNTED_FROM = 10.0, 100_000


@dataclass
class Outcome:
    kinds: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    mutated: int = 0
    checked: int = 0
    accepted: int = 0
    findings: list[str] = field(default_factory=list)
    dear: float = 0.0

    @property
    def codes(self) -> int:
        return sum(self.kinds.values())


class Trust:
    """Valid codes of every signed kind, who signed them, and a count of the signature checks that reading them makes."""

    def __init__(self) -> None:
        self.issuers = builders.certificate_issuers()
        self.lists = parse(self.issuers.listed())
        self.checks = 0
        claims = hu1.Claims(bytes.fromhex("0011223344556677"), NOW - 3_600_000, 72, 1983, "TTM", "F")
        self.hu1 = hu1.make(claims, ISSUER.id, SEED).encode()
        self.hc1, self.ps1, self.shc = self.issuers.dcc(), self.issuers.dcc(-37), self.issuers.shc()

    def read(self, raw: bytes) -> passes.Pass:
        return passes.read(raw, {ISSUER.id: ISSUER}, NOW, self.lists)

    def counting(self) -> Callable[[], None]:
        """Counts from now on; call what it returns to stop."""
        ours, theirs = sign.verify, trust.Key.verifies

        def verify(*given: bytes) -> bool:
            self.checks += 1
            return ours(*given)

        def verifies(key: trust.Key, signature: bytes, signed: bytes) -> bool:
            self.checks += 1
            return theirs(key, signature, signed)

        sign.verify, trust.Key.verifies = verify, verifies  # type: ignore[assignment, method-assign]

        def stop() -> None:
            sign.verify, trust.Key.verifies = ours, theirs  # type: ignore[method-assign]

        return stop


def signed_of(raw: bytes) -> bytes:
    """What a signature in this code is over, by this file's own reading; b"" where it holds none."""
    if raw.startswith(b"HU1:"):
        return bytes(base45.b45decode(raw[4:])[:24])
    if raw.startswith(b"HC1:"):
        message = cbor2.loads(zlib.decompressobj().decompress(base45.b45decode(raw[4:])))  # the reader does not ask for the checksum
        protected, _loose, payload, _signature = message.value if isinstance(message, cbor2.CBORTag) else message
        return bytes(protected) + b"|" + bytes(payload)
    if raw.startswith(b"shc:/"):
        digits = raw[5:]
        return bytes(int(digits[i : i + 2]) + 45 for i in range(0, len(digits), 2)).rsplit(b".", 1)[0]
    return b""


# -- one field changed -------------------------------------------------------------------------------------------------


def changed(data: bytes, rnd: random.Random) -> bytes:
    """One bit, byte, cut or repetition."""
    out, at = bytearray(data), rnd.randrange(len(data))
    how = rnd.randrange(5)
    if how == 0:
        out[at] ^= 1 << rnd.randrange(8)
    elif how == 1:
        out[at] = rnd.randrange(256)
    elif how == 2:
        out[at : at + rnd.randrange(1, 5)] = rnd.randbytes(rnd.randrange(1, 5))
    elif how == 3:
        del out[at : at + rnd.randrange(1, 9)]
    else:
        out[at:at] = out[at : at + rnd.randrange(1, 9)]
    return bytes(out)


def flipped(data: bytes, start: int, end: int, rnd: random.Random) -> bytes:
    out = bytearray(data)
    out[rnd.randrange(start, end)] ^= 1 << rnd.randrange(8)
    return bytes(out)


def of_hu1(trusted: Trust, rnd: random.Random) -> bytes:
    """Serial, time, validity, flags, year, letters or signature; issuer and version are left, so that a key is found."""
    packed = bytes(base45.b45decode(trusted.hu1[4:]))
    return b"HU1:" + bytes(base45.b45encode(flipped(packed, *rnd.choice([(4, 24), (24, 88), (0, 88)]), rnd)))


def of_hc1(trusted: Trust, rnd: random.Random, ps256: bool = False) -> bytes:
    message = cbor2.loads(zlib.decompress(base45.b45decode((trusted.ps1 if ps256 else trusted.hc1)[4:])))
    parts = list(message.value)
    which = rnd.choice([0, 2, 2, 3])
    parts[which] = flipped(parts[which], 0, len(parts[which]), rnd) if rnd.random() < 0.8 else changed(parts[which], rnd)
    return b"HC1:" + bytes(base45.b45encode(zlib.compress(cbor2.dumps(cbor2.CBORTag(18, parts)), 1)))


def of_shc(trusted: Trust, rnd: random.Random) -> bytes:
    head, body, signature = bytes(int(trusted.shc[i : i + 2]) + 45 for i in range(5, len(trusted.shc), 2)).split(b".")
    if rnd.random() < 0.5:
        claims = json.loads(zlib.decompress(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)), -15))
        claims["vc"][rnd.choice("abcd")] = rnd.random()
        deflate = zlib.compressobj(wbits=-15)
        body = base64.urlsafe_b64encode(deflate.compress(json.dumps(claims).encode()) + deflate.flush()).rstrip(b"=")
    else:
        signature = base64.urlsafe_b64encode(flipped(base64.urlsafe_b64decode(signature + b"=="), 0, 64, rnd)).rstrip(b"=")
    return b"shc:/" + b"".join(b"%02d" % (letter - 45) for letter in b".".join([head, body, signature]))


def of_card(_trusted: Trust, rnd: random.Random) -> bytes:
    """One field of an ID card replaced by something hostile."""
    fields = builders.CARD.split(b"|")
    fields[rnd.randrange(len(fields))] = junk_field(rnd)
    return b"|".join(fields)


def junk_field(rnd: random.Random) -> bytes:
    names = builders.hostile_names()
    return rnd.choice(
        [
            lambda: rnd.choice(names).encode("utf-8", "surrogatepass")[:3000],
            lambda: rnd.randbytes(rnd.randrange(40)),
            lambda: b"9" * rnd.randrange(400),
            lambda: "\u0660\u0661".encode() * 6,
            lambda: b"",
        ]
    )()


# -- junk in the clothes of every kind ---------------------------------------------------------------------------------

HEADS = (b"HU1:", b"HC1:", b"shc:/", b"HUP1:", b"HUT1:", b"0002010102", b"https://tokhaiyte.vn/", b"http://", b"QRQG|", b"{", b"")
HEADS += (b"046183000123|", b"\xef\xbb\xbf")


def junk(trusted: Trust, rnd: random.Random) -> bytes:
    head, how = rnd.choice(HEADS), rnd.randrange(6)
    if how == 0:
        return head + rnd.randbytes(rnd.randrange(300))
    if how == 1:
        return head + bytes(base45.b45encode(rnd.randbytes(rnd.randrange(200))))
    if how == 2:
        return head + bytes(base45.b45encode(zlib.compress(b"\0" * rnd.randrange(1, 200_000))))  # a small bomb
    if how == 3:
        return changed(rnd.choice([trusted.hu1, trusted.hc1, trusted.shc, builders.CARD]), rnd)
    if how == 4:
        return head + b"|".join(junk_field(rnd) for _ in range(rnd.randrange(12)))
    return head + b"".join(b"%02d" % rnd.randrange(100) for _ in range(rnd.randrange(300)))


MUTATIONS: tuple[tuple[str, Callable[[Trust, random.Random], bytes]], ...] = (
    ("hu1", of_hu1),
    ("hc1", of_hc1),
    ("hc1 ps256", lambda trusted, rnd: of_hc1(trusted, rnd, True)),
    ("shc", of_shc),
    ("cccd", of_card),
)


def campaign(count: int, seed: int) -> Outcome:
    """So many codes, every other one a valid code with one field changed. CPU is compared with a valid pass read in between."""
    out, trusted = Outcome(), Trust()
    good = [signed_of(raw) for raw in (trusted.hu1, trusted.hc1, trusted.ps1, trusted.shc)]
    valid = [trusted.read(raw).reading for raw in (trusted.hu1, trusted.hc1, trusted.ps1, trusted.shc)]
    out.findings += [f"a valid code is {reading}" for reading in valid if reading is not Reading.VERIFIED]
    costs, plain = list[float](), list[float]()
    stop = trusted.counting()
    try:
        for number in range(count):
            rnd = random.Random(f"{seed}:{number}")
            kind, make = MUTATIONS[number // 2 % len(MUTATIONS)] if number % 2 else ("junk", junk)
            raw = make(trusted, rnd)
            out.kinds[kind] += 1
            out.mutated += number % 2
            started = time.thread_time()
            try:
                said = trusted.read(raw)
            except Exception as error:  # whatever it is, it is a finding
                out.findings.append(f"{seed}:{number} {kind}: {type(error).__name__}: {error}"[:200])
                continue
            costs.append(time.thread_time() - started)
            out.readings[said.reading.value] += 1
            if said.reading in TRUSTED and signed_of(raw) not in good:
                out.accepted += 1
                out.findings.append(f"{seed}:{number} {kind}: accepted: {base64.b64encode(raw).decode()}"[:300])
            if number % 50 == 0:
                checks, started = trusted.checks, time.thread_time()
                trusted.read(trusted.hu1)
                plain.append(time.thread_time() - started)
                trusted.checks = checks
            if len(out.findings) > 20:
                break
    finally:
        stop()
    out.checked = trusted.checks
    if len(costs) > 1 and plain:
        out.dear = statistics.quantiles(costs, n=100)[98] / statistics.median(plain)
    return out


def line(out: Outcome, seed: int) -> str:
    enough = out.codes and out.mutated * 2 >= out.codes - 1 and out.checked * 10 >= out.codes
    dear = out.codes >= COUNTED_FROM and out.dear > LIMIT
    good = "ok" if enough and not dear and not out.findings else "FAILED"
    counts = f"codes={out.codes} mutated={out.mutated} signature_checks={out.checked} accepted={out.accepted}"
    return f"{counts} p99={out.dear:.1f}x of a valid pass findings={len(out.findings)} seed={seed} {good}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args(argv)
    seed = running.seed_of(args.seed)
    out = campaign(args.codes, seed)
    return running.ended(out.findings, line(out, seed))


if __name__ == "__main__":
    sys.exit(main())
