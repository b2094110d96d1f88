"""Who may use which route, and the safety that every page shares: sessions, CSRF, limits, size, headers.

One table says it all. `guard` is a dependency of the whole application: it finds the route's rule before the route's code runs.
"""

import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartParser
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, compile_path

from province import accounts, sessions
from province.authority import Authority
from province.db import Database
from province.sessions import Session
from province.web.limits import Limit, network

KINDS = ("pending", "citizen", "unit", "step", "official")
SIGN_IN = {"citizen": "/khai-bao", "pending": "/khai-bao", "unit": "/don-vi", "step": "/can-bo", "official": "/can-bo"}
VISITOR = "__Host-hue-visitor"
MOST_BODY = 64 * 1024  # bytes of a form; a declaration is under 4
MOST_PICTURE = 12 << 20  # of one that brings a photograph, as an old phone sends it without a script that makes it smaller
LARGE_AT_ONCE = 12  # such bodies in memory
MultiPartParser.spool_max_size = MOST_PICTURE + 1  # in memory only: a picture of somebody's pass never lies in a temporary file
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind`: whose session is needed ("": nobody's); `right`: an official's right, a role, or ""; `form`: a POST of our own page, checked
    for CSRF; `machine`: signed by a kiosk itself, or for machines: no session, no form; `here`: an official's, or of a browser on the
    server itself; `picture`: it may bring one."""

    kind: str = ""
    right: str = ""
    form: bool = False
    machine: bool = False
    here: bool = False
    picture: bool = False


ANYONE, MACHINE, FORM = Rule(), Rule(machine=True), Rule(form=True)
CITIZEN, CITIZEN_FORM = Rule("citizen"), Rule("citizen", form=True)
UNIT, UNIT_FORM = Rule("unit"), Rule("unit", form=True)
OFFICIAL, OFFICIAL_FORM = Rule("official"), Rule("official", form=True)
DESK, DESK_FORM = Rule("official", "desk"), Rule("official", "desk", form=True)
LOOKUP, LOOKUP_FORM = Rule("official", "lookup"), Rule("official", "lookup", form=True)
PICTURE, LOOKUP_PICTURE = Rule(form=True, picture=True), Rule("official", "lookup", form=True, picture=True)
ADMIN, ADMIN_FORM = Rule("official", "administrator"), Rule("official", "administrator", form=True)

# "METHOD path as the route writes it" -> rule
RULES: dict[str, Rule] = {
    "POST /v1/{kind}": MACHINE,
    "GET /v1/trust": MACHINE,
    "GET /health": MACHINE,
    "GET /metrics": MACHINE,
    "GET /openapi.json": ANYONE,
    "GET /stations.json": Rule("official", here=True),
    "GET /": Rule("official", here=True),
    "GET /dan": ANYONE,
    "GET /khai-bao": ANYONE,
    "POST /khai-bao/tra-cuu": FORM,
    "GET /khai-bao/otp": Rule("pending"),
    "POST /khai-bao/otp": Rule("pending", form=True),
    "GET /khai-bao/to-khai": CITIZEN,
    "POST /khai-bao/to-khai": CITIZEN_FORM,
    "GET /khai-bao/nhat-ky": CITIZEN,
    "GET /khai-bao/ma/{number}": CITIZEN,
    "GET /khai-bao/ma/{number}/hue.png": CITIZEN,
    "POST /khai-bao/thoat": CITIZEN_FORM,
    "GET /D/{place}/{mac}": ANYONE,
    "POST /D/{place}/{mac}": PICTURE,
    "POST /D/{place}/{mac}/anh": PICTURE,
    "GET /D/{place}/{mac}/xong": CITIZEN,
    "GET /don-vi": ANYONE,
    "POST /don-vi": FORM,
    "GET /don-vi/dang-ky": ANYONE,
    "POST /don-vi/dang-ky": FORM,
    "POST /don-vi/thoat": UNIT_FORM,
    "GET /don-vi/dia-diem": UNIT,
    "GET /don-vi/dia-diem/moi": UNIT,
    "POST /don-vi/dia-diem/moi": UNIT_FORM,
    "GET /don-vi/dia-diem/{place}": UNIT,
    "POST /don-vi/dia-diem/{place}": UNIT_FORM,
    "GET /don-vi/dia-diem/{place}/ma": UNIT,
    "GET /don-vi/dia-diem/{place}/ma.png": UNIT,
    "GET /don-vi/dia-diem/{place}/ma.svg": UNIT,
    "GET /don-vi/dia-diem/{place}/bang.pdf": UNIT,
    "POST /don-vi/dia-diem/{place}/xoa": UNIT_FORM,
    "GET /can-bo": ANYONE,
    "POST /can-bo": FORM,
    "GET /can-bo/ma": Rule("step"),
    "POST /can-bo/ma": Rule("step", form=True),
    "GET /can-bo/ban": OFFICIAL,
    "POST /can-bo/thoat": OFFICIAL_FORM,
    "POST /can-bo/thoat-het": OFFICIAL_FORM,
    "GET /can-bo/hop-thu": DESK,
    "GET /can-bo/don-vi": DESK,
    "POST /can-bo/don-vi/{username}": DESK_FORM,
    "GET /can-bo/nhat-ky": OFFICIAL,
    "GET /can-bo/kiem-tra": LOOKUP,
    "POST /can-bo/kiem-tra": LOOKUP_FORM,
    "POST /can-bo/kiem-tra/ma": LOOKUP_PICTURE,
    "POST /can-bo/kiem-tra/anh": LOOKUP_PICTURE,
    "GET /can-bo/truy-vet": OFFICIAL,
    "POST /can-bo/truy-vet": Rule("official", "trace", form=True),
    "GET /can-bo/truy-vet/{case}": OFFICIAL,
    "POST /can-bo/truy-vet/{case}": Rule("official", "release", form=True),
    "POST /can-bo/truy-vet/{case}/vong": Rule("official", "trace", form=True),
    "GET /can-bo/truy-vet/{case}/tep.{kind}": OFFICIAL,
    "GET /can-bo/trai-nhau": DESK,
    "POST /can-bo/trai-nhau/{conflict}": DESK_FORM,
    "GET /can-bo/quyen": ADMIN,
    "POST /can-bo/quyen/{username}": ADMIN_FORM,
}


class Denied(Exception):
    """`status`: 303 to `where`, or 403, 413, 429 with a page that says so. `right`: this account may not, however it asks."""

    def __init__(self, status: int, where: str = "", right: bool = False) -> None:
        super().__init__(status)
        self.status, self.where, self.right = status, where, right


def cookie(kind: str) -> str:
    return f"__Host-hue-{kind}"


def routes(app: FastAPI) -> list[str]:
    """Every "METHOD path" that the application answers; static files are for anyone."""
    found: list[str] = []

    def walk(listed: list[BaseRoute]) -> None:
        for route in listed:
            if isinstance(route, Route):
                found.extend(f"{method} {route.path}" for method in sorted((route.methods or set()) - {"HEAD"}))
            elif not isinstance(route, Mount):  # a router that was included
                walk(list(route.original_router.routes))  # type: ignore[attr-defined]

    walk(list(app.routes))
    return found


class Guard:
    """The dependency. Sets `request.state.session` and `request.state.account`."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], rules: dict[str, Rule] | None = None) -> None:
        self.db, self.authority, self.clock, self.rules = db, authority, clock, RULES if rules is None else rules
        self._csrf_key = authority.derived(b"csrf")
        self.all, self.posts = Limit(rate=50, burst=400), Limit(rate=10, burst=150)  # an address: a village may share one

    async def __call__(self, request: Request) -> None:
        route = request.scope["route"]
        rule = self.rules[f"{request.method} {route.path}"]
        request.state.session, request.state.account = None, None
        if rule.machine:
            return
        self._limit(request)
        if rule.kind and not (rule.here and local(request)):
            await run_in_threadpool(self._signed_in, request, rule)
        if rule.form:
            await self._form(request)

    def _limit(self, request: Request) -> None:
        address = network(request.client.host if request.client else "")
        if not self.all.allows(address) or (request.method == "POST" and not self.posts.allows(address)):
            raise Denied(429)

    def _signed_in(self, request: Request, rule: Rule) -> None:
        session = self.session(request, rule.kind)
        if session is None:
            raise Denied(303, SIGN_IN[rule.kind])
        request.state.session = session
        if rule.kind in ("unit", "official"):
            account = accounts.live(self.db, session.subject, self.clock())
            if account is None:
                sessions.end(self.db, session.token)
                raise Denied(303, SIGN_IN[rule.kind])
            if rule.right and rule.right not in (*account.rights, account.role):
                raise Denied(403, right=True)
            request.state.account = account

    def session(self, request: Request, kind: str) -> Session | None:
        """The session that this request's cookie of that kind names, if it lives and is of that kind."""
        found = sessions.load(self.db, request.cookies.get(cookie(kind), ""), self.clock())
        return found if found is not None and found.kind == kind else None

    async def _form(self, request: Request) -> None:
        origin = request.headers.get("origin")
        if origin not in (None, "null") and origin.partition("://")[2] != request.headers.get("host", ""):
            raise Denied(403)
        form = await request.form(max_files=1, max_fields=100)
        given = form.get("csrf")
        visitor = request.cookies.get(VISITOR, "")
        if not visitor or not isinstance(given, str) or not hmac.compare_digest(given.encode(), self.csrf(visitor).encode()):
            raise Denied(403)

    def methods(self, path: str) -> list[str]:
        """What a path answers to, over all its routes (RFC 9110, Allow)."""
        found = {name.split(" ")[0] for name in self.rules if compile_path(name.split(" ")[1])[0].match(path)}
        return sorted(found | ({"HEAD"} if "GET" in found else set()))

    def csrf(self, visitor: str) -> str:
        """The token of a visitor's forms."""
        return base64.urlsafe_b64encode(hmac.digest(self._csrf_key, visitor.encode(), sha256)[:18]).decode()


def local(request: Request) -> bool:
    """True for a client on this very machine; one that came through a proxy is not."""
    return request.client is not None and request.client.host in ("127.0.0.1", "::1") and not request.headers.get("x-forwarded-for")


def visitor() -> str:
    return secrets.token_urlsafe(16)


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


Message = MutableMapping[str, Any]


class SmallBodies:
    """Cuts off bodies of forms over MOST_BODY before anything parses them, over MOST_PICTURE where a picture is expected. A few large ones
    at a time, and those that say their length beforehand. `/v1/` has caps of its own."""

    def __init__(self, app: Callable[..., Awaitable[None]], rules: dict[str, Rule] | None = None) -> None:
        self.app, self._large = app, 0
        named = (RULES if rules is None else rules).items()
        self._pictures = [compile_path(name.split(" ")[1])[0] for name, rule in named if rule.picture]

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        longest = max((int(value) if value.isdigit() else MOST_PICTURE + 1 for value in lengths), default=0)
        if longest <= MOST_BODY:
            await self.app(scope, _counted(receive, MOST_BODY), send)
        elif longest > MOST_PICTURE or not any(path.match(scope["path"]) for path in self._pictures):
            await PlainTextResponse("Quá lớn. / Too large.", 413, HEADERS)(scope, receive, send)
        elif self._large >= LARGE_AT_ONCE:
            busy = {**HEADERS, "Retry-After": "5"}
            await PlainTextResponse("Máy chủ đang bận. / Busy: try again.", 503, busy)(scope, receive, send)
        else:
            self._large += 1
            try:
                await self.app(scope, _counted(receive, MOST_PICTURE), send)
            finally:
                self._large -= 1


def _counted(receive: Callable[[], Awaitable[Message]], most: int) -> Callable[[], Awaitable[Message]]:
    """The same body, refused where it grows over `most` bytes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise Denied(413)
        return message

    return counted
