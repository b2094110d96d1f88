"""Short messages: one port, two providers. A gateway over HTTP where one is set; else the operator's outbox, for training and for a day
without a gateway (an operator reads the code out to the voter).

What is sent lies here sealed and is emptied when it is of no use any more. No code and no number reaches a log.
"""

import json
import secrets
import ssl
import urllib.error
import urllib.request
from typing import Protocol

import msgspec
from sqlalchemy import select, update

from kiosk.crypto import seal
from kiosk.domain import identity
from kiosk.domain.text import BadText, squeeze
from province import tables, tables_web
from province.authority import Authority
from province.db import Database, insert_ignore
from province.settings import Refused

MESSAGE, META = tables.table(tables_web.Message), tables.table(tables.Meta)
KEPT_MS = 15 * 60_000  # an operator may need a code a little longer than it is good for
TIMEOUT_S = 5
NAME = "sms"


def mobile(text: str) -> str:
    """A Vietnamese mobile number as E.164, which can get an SMS. Raises BadText."""
    phone, _ = identity.check_phone(squeeze(text)[:40])
    if not phone.startswith("+84") or len(phone) != 12:
        raise BadText("bad_phone")
    return phone


class Settings(msgspec.Struct, frozen=True):
    """`url`: the gateway's, https (http on loopback only); `headers`: with its credentials; `body`: JSON with {phone} and {text} in it;
    `digits`: of a one-time code (the letter's pictures show 4; 6 is safer); `sender`: as the letter names it."""

    url: str = ""
    headers: dict[str, str] = {}
    body: str = '{"to": "{phone}", "text": "{text}"}'
    digits: int = 4
    sender: str = "ĐTTM TTHue"


class Sender(Protocol):
    def send(self, phone: str, text: str) -> None:
        """Raises OSError when the message was not taken."""
        ...


class Gateway:
    """A provider that takes one JSON POST a message."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, phone: str, text: str) -> None:
        filled = json.loads(self._settings.body, object_hook=lambda o: {k: _filled(v, phone, text) for k, v in o.items()})
        headers = {"Content-Type": "application/json", **self._settings.headers}
        request = urllib.request.Request(self._settings.url, json.dumps(filled).encode(), headers, method="POST")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _NoRedirect(), urllib.request.HTTPSHandler(context=ssl.create_default_context())
        )
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            if not 200 <= answer.status < 300:
                raise OSError(f"HTTP {answer.status}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry a voter's number to another address."""

    def redirect_request(self, *_args: object) -> None:
        return None


def _filled(value: object, phone: str, text: str) -> object:
    return value.replace("{phone}", phone).replace("{text}", text) if isinstance(value, str) else value


def load(db: Database) -> Settings:
    with db.read() as conn:
        found = conn.execute(select(META.c.value).where(META.c.name == NAME)).scalar()
    return msgspec.json.decode(found, type=Settings) if found else Settings()


def store(db: Database, settings: Settings) -> None:
    """Raises Refused for an address or a body that could not work."""
    local = settings.url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
    if settings.url and not settings.url.startswith("https://") and not local:
        raise Refused("Địa chỉ cổng SMS phải là https.\nThe gateway's address must be https.")
    if not 4 <= settings.digits <= 8:
        raise Refused("Mã xác thực dài 4 đến 8 chữ số.\nA code has 4 to 8 digits.")
    try:
        shape = json.loads(settings.body)
    except ValueError as error:
        raise Refused(f"--body không phải JSON: {error}.\n--body is not JSON.") from error
    if not isinstance(shape, dict) or "{phone}" not in settings.body or "{text}" not in settings.body:
        raise Refused("--body phải có {phone} và {text}.\n--body needs {phone} and {text}.")
    value = msgspec.json.encode(settings).decode()
    with db.write() as conn:
        if not insert_ignore(conn, META, [{"name": NAME, "value": value}]):
            conn.execute(update(META).where(META.c.name == NAME).values(value=value))


def deliver(db: Database, authority: Authority, phone: str, text: str, now: int) -> bool:
    """Sends or keeps a message; True if it is on its way or in the outbox. Outside every transaction: a gateway may be slow."""
    settings = load(db)
    state = "kept"
    if settings.url:
        try:
            Gateway(settings).send(phone, text)
            state = "sent"
        except (OSError, ValueError):
            state = "failed"
    content = msgspec.msgpack.encode((phone, text)) if state == "kept" else b""
    sealed = seal.wrap(authority.derived(b"sms"), content, b"sms") if content else b""
    with db.write() as conn:
        conn.execute(update(MESSAGE).where(MESSAGE.c.at < now - KEPT_MS, MESSAGE.c.sealed != b"").values(sealed=b""))
        conn.execute(MESSAGE.insert(), {"id": secrets.token_hex(8), "at": now, "state": state, "sealed": sealed})
    return state != "failed"


class Kept(msgspec.Struct, frozen=True):
    """One message of the outbox: `at`, ms UTC; phone and text "" once they were emptied."""

    at: int
    state: str
    phone: str = ""
    text: str = ""


def outbox(db: Database, authority: Authority, now: int, limit: int = 50) -> list[Kept]:
    """Newest first."""
    key = authority.derived(b"sms")
    with db.read() as conn:
        rows = conn.execute(select(MESSAGE).order_by(MESSAGE.c.at.desc()).limit(limit)).all()
    out = []
    for row in rows:
        phone, text = ("", "")
        if row.sealed and row.at >= now - KEPT_MS:
            phone, text = msgspec.msgpack.decode(seal.unwrap(key, row.sealed, b"sms"), type=tuple[str, str])
        out.append(Kept(row.at, row.state, phone, text))
    return out
