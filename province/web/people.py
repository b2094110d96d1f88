"""Khai báo y tế toàn dân (letter 63/CV-BCĐ, annex 2, parts 1 to 4): phone, code, declaration, and the `HU1:` pass to keep.

The person's own phone is verified once; what was declared goes straight under the day's seal. The browser's session keeps what its
owner needs to see again: the passes, and the particulars for the next declaration. Its box opens with the cookie alone.
"""

import io
import secrets
from collections.abc import Callable
from typing import Any

import segno
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kiosk.domain import declaration, identity, lists
from kiosk.domain.events import Kind
from kiosk.domain.form import Field, form
from kiosk.domain.passes import hu1
from kiosk.domain.policy import Campaign
from kiosk.domain.text import BadText
from kiosk.domain.verdict import short_name
from kiosk.domain.vntime import iso_day
from province import metrics, otp, sessions, sms, webrecords
from province.authority import Authority
from province.db import Database
from province.sessions import Session
from province.settings import WEB_ISSUER
from province.web import routes
from province.web.guard import Guard
from province.web.limits import Limit
from province.web.pages import Pages

KEPT = 20  # passes and members of a family that a session remembers
OTHER = "other"
FIELDS = tuple(
    [f.key for f in form().fields if not f.auto and f.type != "table"]
    + [f"{table}.{q.value}" for table in declaration.TABLES for q in form().table(table)]
    + [
        f"{f.key}.{level}"
        for f in form().fields
        if f.type == "address"
        for level in ("ward_code", "hamlet", "province", "district", "ward")
    ]
)
MODES = {"moi": "new", "bo-sung": "supplement", "ho": "proxy"}


def fields_asked(mode: str) -> list[Field]:
    """The form's fields for a page, in its order; the tables come after them. What only an officer at a door can say is left out, and
    what is only asked of somebody else's declaration stands on that one alone."""
    left_out: set[str] = set() if mode == "proxy" else {"proxy_reason", "phone_of"}
    asked = [f for f in form().fields if f.enabled and not f.desk and not f.auto and f.type != "table"]
    return [f for f in asked if f.key not in left_out]


def units_by_district() -> dict[str, list[lists.Unit]]:
    out: dict[str, list[lists.Unit]] = {}
    for unit in lists.units():
        out.setdefault(unit.district, []).append(unit)
    return out


def text_of(data: FormData, key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def answers(data: FormData, mode: str) -> dict[str, Any]:
    """A submitted form in the shape that declaration.check takes."""
    out: dict[str, Any] = {"mode": mode}
    for one in fields_asked(mode):
        out[one.key] = _address(data, one.key) if one.type == "address" else text_of(data, one.key)
    for table in declaration.TABLES:
        said = {q.value: text_of(data, f"{table}.{q.value}") for q in form().table(table)}
        out[table] = {key: value == "yes" for key, value in said.items() if value in ("yes", "no")}
    if data.get("no_phone"):
        out["phone"] = identity.NO_PHONE
    return out


def _address(data: FormData, key: str) -> dict[str, str]:
    code = text_of(data, f"{key}.ward_code")
    hamlet = text_of(data, f"{key}.hamlet")
    unit = next((u for u in lists.units() if u.code == code), None)
    if unit is not None:
        typed = {"province": unit.province, "district": unit.district, "ward": unit.ward, "hamlet": hamlet}
    else:
        typed = {"hamlet": hamlet, **{level: text_of(data, f"{key}.{level}") for level in ("province", "district", "ward")}}
    return {level: value for level, value in typed.items() if value.strip()}


class People:
    """The routes of annex 2. `clock`: ms UTC."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], guard: Guard, pages: Pages) -> None:
        self.db, self.authority, self.clock, self.guard, self.pages = db, authority, clock, guard, pages
        self._codes = Limit(rate=2, burst=120)  # requests for a code from one address
        self.router = APIRouter()
        routes.page(self.router, "/dan", self.home)
        routes.page(self.router, "/khai-bao", self.begin)
        routes.form(self.router, "/khai-bao/tra-cuu", self.look_up, "phone")
        routes.page(self.router, "/khai-bao/otp", self.ask_code)
        routes.form(self.router, "/khai-bao/otp", self.take_code, "code")
        routes.page(self.router, "/khai-bao/to-khai", self.blank)
        routes.form(self.router, "/khai-bao/to-khai", self.declare, "loai", *FIELDS)
        routes.page(self.router, "/khai-bao/nhat-ky", self.diary)
        routes.page(self.router, "/khai-bao/ma/{number}", self.show_pass)
        routes.file(self.router, "/khai-bao/ma/{number}/hue.png", self.picture, "image/png")
        routes.form(self.router, "/khai-bao/thoat", self.leave)

    # -- phone and code ---------------------------------------------------------------------------------------------

    def home(self, request: Request) -> Response:
        return self.pages.show(request, "home.html", {"known": self.guard.session(request, "citizen") is not None})

    def begin(self, request: Request) -> Response:
        if self.guard.session(request, "citizen") is not None:
            return self.pages.go("/khai-bao/to-khai")
        return self.pages.show(request, "phone.html", {"error": False, "phone": ""})

    async def look_up(self, request: Request) -> Response:
        data = await request.form()
        return await self._threaded(self._look_up, request, data)

    def _look_up(self, request: Request, data: FormData) -> Response:
        try:
            phone = sms.mobile(text_of(data, "phone"))
        except BadText:
            return self.pages.show(request, "phone.html", {"error": True, "phone": text_of(data, "phone")[:40]}, 400)
        return self.send_code(request, phone, "declare", "/khai-bao/to-khai")

    def send_code(self, request: Request, phone: str, purpose: str, then: str) -> Response:
        """Sends a code and leads to the page that asks for it; `then`: a path of ours, kept on this side."""
        if not self._codes.allows(request.client.host if request.client else ""):
            return self.pages.refuse(request, 429)
        now = self.clock()
        metrics.CODES.inc()
        otp.send(self.db, self.authority, phone, purpose, now)
        pending = sessions.begin(self.db, "pending", "", {"phone": phone, "purpose": purpose, "then": then}, now)
        return self.pages.signed_in("/khai-bao/otp", "pending", pending.token)

    def ask_code(self, request: Request) -> Response:
        return self._code_page(request, "")

    def _code_page(self, request: Request, error: str, status: int = 200) -> Response:
        box = request.state.session.box
        content = {"phone": identity.mask_phone(box["phone"]), "digits": sms.load(self.db).digits, "error": error}
        return self.pages.show(request, "code.html", content, status)

    async def take_code(self, request: Request) -> Response:
        data = await request.form()
        return await self._threaded(self._take_code, request, data)

    def _take_code(self, request: Request, data: FormData) -> Response:
        pending: Session = request.state.session
        code = "".join(c for c in text_of(data, "code")[:20] if c in "0123456789")
        now = self.clock()
        if not otp.check(self.db, self.authority, pending.box["phone"], pending.box["purpose"], code, now):
            return self._code_page(request, "wrong", 400)
        old = self.guard.session(request, "citizen")
        same = old is not None and old.box.get("phone") == pending.box["phone"]
        box = old.box if old is not None and same else {"phone": pending.box["phone"]}
        session = sessions.begin(self.db, "citizen", "", box, now)  # a new cookie at every sign-in
        sessions.end(self.db, pending.token)
        if old is not None:
            sessions.end(self.db, old.token)
        response = self.pages.signed_in(str(pending.box["then"]), "citizen", session.token, sessions.TTL_MS["citizen"] // 1000)
        response.delete_cookie("__Host-hue-pending", path="/", secure=True, httponly=True, samesite="lax")
        return response

    def leave(self, request: Request) -> Response:
        sessions.end(self.db, request.state.session.token)
        return self.pages.signed_out("/dan", "citizen")

    # -- declaration ------------------------------------------------------------------------------------------------

    def blank(self, request: Request, loai: str = "moi") -> Response:
        session: Session = request.state.session
        mode = MODES.get(loai, "new")
        own = session.box.get("own") or {}
        if mode == "supplement" and not own:
            mode = "new"
        shown: dict[str, Any] = {}
        if mode in ("new", "supplement"):
            shown = dict(own.get("fields", {})) or {"phone": session.box["phone"].replace("+84", "0", 1)}
        elif session.box.get("home"):  # a family lives together
            shown = {"current": session.box["home"]}
        return self._form(request, mode, shown, {})

    def _form(self, request: Request, mode: str, shown: dict[str, Any], errors: dict[str, str], status: int = 200) -> Response:
        campaign, _ = webrecords.current(self.db, self.authority, self.clock())
        own = request.state.session.box.get("own")
        content = {
            "mode": mode,
            "fields": fields_asked(mode),
            "tables": [(key, form().field(key), form().table(key)) for key in declaration.TABLES],
            "shown": shown,
            "errors": errors,
            "units": units_by_district(),
            "levels": {level.value: level for level in form().levels},
            "texts": form().texts,
            "own_at": own["at"] if own else None,
            "areas": campaign.policy.areas,
            "no_phone": identity.NO_PHONE,
        }
        return self.pages.show(request, "declare.html", content, status)

    async def declare(self, request: Request) -> Response:
        data = await request.form()
        return await self._threaded(self._declare, request, data)

    def _declare(self, request: Request, data: FormData) -> Response:
        session: Session = request.state.session
        mode = MODES.get(text_of(data, "loai"), "new")
        typed = answers(data, mode)
        now = self.clock()
        checked = declaration.check(typed, today=iso_day(now))
        if checked.errors:
            return self._form(request, mode, typed, checked.errors, 400)
        number = self._file(session, checked.declaration(), now)
        metrics.DECLARED.labels(mode).inc()
        return self.pages.go(f"/khai-bao/ma/{number}")

    def _file(self, session: Session, said: declaration.Declaration, now: int) -> int:
        """Seals the declaration, makes its pass, remembers both for this browser; the pass's number in the diary."""
        campaign, day = webrecords.current(self.db, self.authority, now)
        serial = secrets.token_bytes(8)
        text = self._pass(campaign, said, serial, now)
        subjects = (*declaration.subjects(said.fields), f"hu1:{WEB_ISSUER.hex()}{serial.hex()}")
        desk = declaration.outcome(said, campaign.policy.rules)
        fields = {**said.fields, "mode": said.mode, "subjects": list(subjects), "desk": desk, "declarer": session.box["phone"]}
        own = session.box.get("own")
        if said.mode == "supplement" and own:
            fields["supplements"] = f"{webrecords.WEB}:{own['record']}:1"
        record = secrets.token_hex(8)
        home = said.fields.get("current", {})
        station = f"{webrecords.WEB}-{home.get('ward_code', '00000')}"
        row = webrecords.sealed(campaign, day, station, record, Kind.DECLARATION, fields, now)
        with self.db.write() as conn:
            webrecords.file(conn, row)
        kept: list[dict[str, Any]] = session.box.setdefault("passes", [])
        number = (kept[-1]["number"] if kept else 0) + 1
        mine = said.mode != "proxy"
        name = short_name(str(said.fields.get("full_name", "")))
        until = now + campaign.policy.validity_hours * 3_600_000
        kept.append({"number": number, "text": text, "who": name, "at": now, "until": until, "mine": mine, "subjects": list(subjects)})
        del kept[:-KEPT]
        particulars = {key: value for key, value in said.fields.items() if key not in declaration.TABLES}
        if mine:
            session.box["own"] = {"fields": particulars, "record": record, "at": now}
        session.box["home"] = home
        sessions.save(self.db, session)
        return int(number)

    def _pass(self, campaign: Campaign, said: declaration.Declaration, serial: bytes, now: int) -> str:
        claims = hu1.Claims.of(said.fields, serial, now, campaign.policy.validity_hours, said.mode == "proxy")
        return hu1.make(claims, WEB_ISSUER, self.authority.issuer_seed)

    # -- passes -----------------------------------------------------------------------------------------------------

    def _kept(self, request: Request, number: int) -> dict[str, Any]:
        found: dict[str, Any] | None = next((p for p in request.state.session.box.get("passes", []) if p["number"] == number), None)
        if found is None:
            raise HTTPException(404)
        return found

    def diary(self, request: Request) -> Response:
        kept = list(reversed(request.state.session.box.get("passes", [])))
        return self.pages.show(request, "diary.html", {"passes": kept})

    def show_pass(self, request: Request, number: int) -> Response:
        kept = self._kept(request, number)
        return self.pages.show(request, "pass.html", {"one": kept, "qr": code_svg(kept["text"])})

    def picture(self, request: Request, number: int) -> Response:
        kept = self._kept(request, number)
        out = io.BytesIO()
        segno.make(kept["text"], error="q", micro=False).save(out, kind="png", scale=8, border=4)
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="ma-khai-bao-{number}.png"'}
        return Response(out.getvalue(), media_type="image/png", headers=headers)

    @staticmethod
    async def _threaded(work: Callable[[Request, FormData], Response], request: Request, data: FormData) -> Response:
        return await run_in_threadpool(work, request, data)


def code_svg(text: str) -> str:
    """A QR code as SVG to stand in a page: level Q, quiet zone 4."""
    return str(segno.make(text, error="q", micro=False).svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None))
