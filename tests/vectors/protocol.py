"""Makes tests/vectors/protocol.json: a client written from docs/protocol.md alone, with keys that everybody may know.

It imports nothing of the kiosk on purpose: what the kiosk does is checked against it, in tests/unit/test_vectors.py.
`python -m tests.vectors.protocol` writes the file anew. Same keys, same nonces: only zlib's version may change a sealed body.
"""

import base64
import hmac
import json
import struct
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FILE = Path(__file__).with_name("protocol.json")
DICTIONARY = (FILE.parent.parent.parent / "data" / "dict" / "1").read_bytes()

KIOSK, STATION, DAY, EPOCH = "0a1b2c3d4e5f", "46-474-19750-01", "2021-05-23", "00112233445566ff"
AT = 1_621_732_200_000  # 23 May 2021, 08:10 in Huế
DEED = "d1d2d3d4d5d6d7d8"
pack = msgspec.msgpack.encode


def secret(name: str, size: int = 32) -> bytes:
    """Known to everybody, and the same at every run."""
    return sha256(b"test vector: " + name.encode()).digest()[:size]


def fields(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def sign(name: str, text: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret(name)).sign(text)


def public(name: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret(name)).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(name: str) -> tuple[X25519PrivateKey, bytes]:
    key = X25519PrivateKey.from_private_bytes(secret(name))
    return key, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def keys() -> dict[str, Any]:
    signers = {name: {"seed": secret(name), "public": public(name)} for name in ("root", "service", "kiosk", "issuer")}
    day = {"private": secret("day"), "public": x25519("day")[1]}
    return {**signers, "day": day, "content": secret("content"), "station": secret("station")}


def envelope(signer: str, sender: str, kind: str, content: Any) -> dict[str, Any]:
    """One call or answer; `nonce` depends on the kind of call alone, so that answers echo it."""
    nonce, body = secret("nonce of " + kind.removesuffix(" answer"), 16), pack(content)
    kind = kind.removesuffix(" answer")
    text = b"kiosk-v1" + fields(sender.encode(), kind.encode(), nonce, struct.pack(">q", AT), sha256(body).digest())
    signature = sign(signer, text)
    whole = pack([1, sender, kind, nonce, AT, body, signature])
    return {"sender": sender, "kind": kind, "nonce": nonce, "at": AT, "body": body, "text": text, "signature": signature, "bytes": whole}


def sealed_key(aad: bytes) -> bytes:
    """Ephemeral public 32 | nonce 12 | AES-256-GCM of the content key 48."""
    ephemeral, mine = x25519("ephemeral")
    _, day = x25519("day")
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(day))
    key = HKDF(algorithm=SHA256(), length=32, salt=mine + day, info=b"kiosk-content-key-v1").derive(shared)
    nonce = secret("nonce of the sealed key", 12)
    return mine + nonce + AESGCM(key).encrypt(nonce, secret("content"), aad)


def link(previous: bytes, data: bytes) -> bytes:
    return sha256(b"kiosk-chain-v1" + fields(KIOSK.encode(), bytes.fromhex(EPOCH), previous, data)).digest()


def opening() -> dict[str, Any]:
    aad = fields(b"kiosk-epoch-v1", KIOSK.encode(), STATION.encode(), DAY.encode(), bytes.fromhex(EPOCH))
    said = {
        "kiosk": KIOSK,
        "station": STATION,
        "event_day": DAY,
        "epoch": EPOCH,
        "parent": ["ffeeddccbbaa9988", 41, secret("head of the parent")],
        "dictionary": 1,
        "body_format": 1,
        "app": "0.1.0",
        "campaign": "BC-2021-05-23",
        "label": "K1",
        "content_key": sealed_key(aad),
        "at": AT,
    }
    data = pack(said)
    signature = sign("kiosk", b"kiosk-opening-v1" + data)
    return {"said": said, "key_aad": aad, "bytes": data, "signature": signature, "head": link(bytes(32), data)}


BODIES: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (8, "day", {"what": "opened"}),
    (
        3,
        "declaration",
        {
            "full_name": "Trần Thị Mẫu",
            "id_number": "046183000123",
            "birth_date": "1983-07-25",
            "gender": "F",
            "phone": "không có",
            "country": "VN",
            "current": {
                "province": "Tỉnh Thừa Thiên Huế",
                "district": "Thành phố Huế",
                "ward": "Phường An Cựu",
                "hamlet": "Tổ dân phố 3",
                "ward_code": "19801",
            },
            "proxy_reason": "no_phone",
            "exposures": {"contact_case": False, "from_epidemic_area": False, "contact_from_area": False},
            "symptoms": {"fever": False, "cough": False, "dyspnoea": False, "pneumonia": False, "sore_throat": False, "fatigue": True},
            "mode": "proxy",
            "subjects": ["id:046183000123"],
            "desk": False,
        },
    ),
    (1, "visit", {"no": 1, "source": "proxy", "verdict": "come_in", "since": AT, "subjects": ["id:046183000123"]}),
    (2, "sighting", {"verdict": "look_at_phone", "code": "moh_link", "reason": "open_on_phone"}),
    (
        4,
        "correction",
        {"target": f"{KIOSK}:{EPOCH}:3", "void": True, "reason": "quét nhầm người", "role": "officer", "changes": {}},
    ),
    (5, "leave", {"target": f"{KIOSK}:{EPOCH}:3"}),
    (6, "defer", {"ticket": 17, "reason": "closing"}),
    (7, "audit", {"what": "commit_unknown", "found": True}),
    (9, "place", {"id": "TL1-A", "what": "withdrawn", "place": {}}),
    (10, "stay", {"what": "begin"}),
)


def event(seq: int, kind: int, word: str, said: dict[str, Any], previous: bytes) -> dict[str, Any]:
    clock = {"wall": AT + seq, "mono": 60_000 + seq, "boot": "b0070000", "skew": -250}
    deed = DEED if word in ("declaration", "visit") else f"{seq:016x}"
    body = {"kind": kind, "version": 1, "deed": deed, "officer": "-", "clock": clock, "f": said, "form": 1, "policy": 1}
    header = struct.pack(">BIBq", 1, seq, kind, AT + seq)
    aad = fields(header, KIOSK.encode(), STATION.encode(), DAY.encode(), bytes.fromhex(EPOCH))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    packed = deflate.compress(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) + deflate.flush()
    nonce = secret(f"nonce of event {seq}", 12)
    data = header + nonce + AESGCM(secret("content")).encrypt(nonce, packed, aad)
    common = {"kind": word, "version": 1, "seq": seq, "at": AT + seq, "aad": aad, "body": body}
    return {**common, "bytes": data, "sha256": sha256(data).digest(), "head": link(previous, data)}


def journal() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    begin = opening()
    out: list[dict[str, Any]] = []
    for seq, (kind, word, said) in enumerate(BODIES, 1):
        out.append(event(seq, kind, word, said, out[-1]["head"] if out else begin["head"]))
    return begin, out


def receipt(events: list[dict[str, Any]]) -> dict[str, Any]:
    last = len(events)
    span = {"from_seq": 1, "to_seq": last, "digest": events[-1]["head"]}
    said = {"kiosk": KIOSK, "epoch": EPOCH, **span, "have": last, "opened": 3, "at": AT + 900}
    numbers = struct.pack(">5q", 1, last, last, 3, AT + 900)
    text = b"kiosk-receipt-v1" + fields(KIOSK.encode(), bytes.fromhex(EPOCH), events[-1]["head"], numbers)
    return {**said, "text": text, "signature": sign("service", text)}


def trust() -> dict[str, Any]:
    ca = b"-----BEGIN CERTIFICATE-----\nno certificate: a test vector\n-----END CERTIFICATE-----\n"
    said = {"root": public("root"), "service": public("service")}
    said |= {"service_signature": sign("root", b"hue-service-v1" + public("service"))}
    said |= {"ca": ca, "ca_signature": sign("root", b"hue-ca-v1" + ca)}
    return {**said, "bytes": pack(said)}


def campaign() -> dict[str, Any]:
    """What counts is the bytes that the root signed."""
    desk = ("contact_case", "from_epidemic_area", "contact_from_area", "fever", "cough", "dyspnoea", "pneumonia", "sore_throat")
    rules = {"answers": {**dict.fromkeys(desk, "desk"), "fatigue": "ask"}}
    policy: dict[str, Any] = {"version": 1, "validity_hours": 72, "future_minutes": 1440, "repeat_seconds": 5, "rules": rules, "areas": []}
    policy |= {"retention_days": 21, "purge_days": 14, "stay_minutes": 30, "layouts": [], "switched_off": ["slip"], "proposal": False}
    said: dict[str, Any] = {"id": "BC-2021-05-23", "name": "Bầu cử 23/5/2021", "days": {DAY: x25519("day")[1].hex()}}
    said |= {"opens": "07:00", "closes": "19:00", "form_version": 1, "policy": policy}
    return {"said": said, "bytes": pack(said), "signature": sign("root", b"hue-campaign-v1" + pack(said))}


def revocation() -> dict[str, Any]:
    """An issuer's, by the root; and the row of the feed that carries it."""
    since, issuer = AT + 5_000, secret("issuer id", 3)
    text = b"hue-revocation-v1" + fields(b"issuer", issuer, public("issuer"), struct.pack(">q", since))
    row = {"id": issuer, "public": public("issuer"), "revoked_from": since, "signature": sign("root", text)}
    return {"text": text, "row": row, "bytes": pack(row)}


def feed() -> dict[str, Any]:
    """A run of one page: rows of three scopes, the cursors after them, and the checksums of what is live."""
    hashed = hmac.digest(secret("station"), b"id:046183000123", sha256)[:16].hex()
    gone, made = revocation(), campaign()
    station = f"station:{STATION}"
    rows: list[list[Any]] = [
        ["all", 7, "issuer", gone["row"]["id"].hex(), gone["bytes"]],
        ["all", 5, "campaign", "BC-2021-05-23", pack({"campaign": made["bytes"], "signature": made["signature"]})],
        ["all", 6, "notice", "0000aaaa", b""],
        [station, 2, "person", hashed, pack({"declared_at": AT - 3_600_000, "desk": False})],
    ]
    cursors = {"all": 7, "commune:19750": 0, station: 2}
    sums: dict[str, list[Any]] = {}
    for scope in cursors:
        live = [(kind, key, body) for of, _, kind, key, body in rows if of == scope and body]
        folded = 0
        for kind, key, body in live:
            folded ^= int.from_bytes(sha256(fields(kind.encode(), key.encode(), body)).digest(), "big")
        sums[scope] = [len(live), folded.to_bytes(32, "big")]
    page = {"rows": rows, "cursors": cursors, "more": False, "checksums": sums, "must_refetch": [], "spread_s": 0.0, "now": AT + 900}
    return {"call": {"cursors": {"all": 4}}, "page": page}


def stick(magic: bytes, kind: bytes, payloads: list[bytes]) -> bytes:
    """A file that travels on a stick."""

    def frame(kind: bytes, payload: bytes) -> bytes:
        return struct.pack(">II", len(payload) + 1, zlib.crc32(kind + payload)) + kind + payload

    data = magic + b"".join(frame(kind, payload) for payload in payloads)
    return data + frame(b"Z", pack([len(payloads), sha256(data).digest()]))


def enrol_code() -> dict[str, Any]:
    once, root_hash = secret("one-time code", 16), sha256(public("root")).digest()[:16]
    letters = base64.b32encode(once + root_hash).decode().rstrip("=")
    return {"secret": once, "root_hash": root_hash, "code": "-".join(letters[i : i + 4] for i in range(0, 52, 4))}


def make() -> dict[str, Any]:
    begin, events = journal()
    signed = [begin["bytes"], begin["signature"]]
    span = {"epoch": EPOCH, "from_seq": 1, "to_seq": len(events), "prev_head": begin["head"], "head": events[-1]["head"]}
    batch = {"openings": [signed], "spans": [{**span, "events": [e["bytes"] for e in events]}]}
    got = receipt(events)
    answer: dict[str, Any] = {"receipts": [{k: v for k, v in got.items() if k != "text"}], "refusals": [], "forked": []}
    answer |= {"duplicates": 0, "spread_s": 0.0, "now": AT + 900, "log": [7, secret("head of the log")]}
    tips = [[EPOCH, len(events), events[-1]["head"]]]
    manifest = {"event_day": DAY, "epochs": tips, "counts": {word: 1 for _, word, _ in BODIES}}
    call = {"code": enrol_code()["secret"], "kiosk_public": public("kiosk"), "issuer_public": public("issuer")}
    call |= {"app": "0.1.0", "machine": "ac0ffee0"}
    have, down = envelope("kiosk", KIOSK, "have", {"epochs": [EPOCH]}), feed()
    return {
        "about": "docs/protocol.md. Bytes are hexadecimal, times milliseconds UTC. These keys are public: never use them.",
        "dictionary": {"id": 1, "sha256": sha256(DICTIONARY).digest()},
        "written_today": {"id": 2, "sha256": sha256((FILE.parent.parent.parent / "data" / "dict" / "2").read_bytes()).digest()},
        "keys": keys(),
        "fields": {"parts": [b"", b"a", b"\x00\x01"], "bytes": fields(b"", b"a", b"\x00\x01")},
        "enrol_code": enrol_code(),
        "trust": trust(),
        "campaign": campaign(),
        "opening": begin,
        "events": events,
        "receipt": got,
        "subject_hash": {"subject": "id:046183000123", "hash": hmac.digest(secret("station"), b"id:046183000123", sha256)[:16]},
        "revocation": revocation(),
        "bundle": stick(b"HUE-KIOSK-BUNDLE-1\n", b"C", [pack(["have", have["bytes"]])]),
        "envelopes": {
            "feed": envelope("kiosk", KIOSK, "feed", down["call"]),
            "feed answer": envelope("service", "province", "feed answer", down["page"]),
            "enrol": envelope("kiosk", "new", "enrol", call),
            "events": envelope("kiosk", KIOSK, "events", batch),
            "events answer": envelope("service", "province", "events answer", answer),
            "have": have,
            "manifest": envelope("kiosk", KIOSK, "manifest", manifest),
            "manifest answer": envelope("service", "province", "manifest answer", {"accepted": True, "now": AT + 900}),
            "problem": envelope("service", "province", "problem", {"code": "too_large", "retry_after_s": 0}),
        },
    }


def main() -> None:
    FILE.write_text(json.dumps(make(), ensure_ascii=False, indent=1, default=bytes.hex) + "\n", "utf-8")


if __name__ == "__main__":
    main()
