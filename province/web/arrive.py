"""Arrival by phone (letter 63/CV-BCĐ, annex 1, voters): the poster's address opens one page, without an app.

Place shown, phone verified once and remembered on that phone (or a pass that it keeps), "xác nhận điểm đến", then a screen that the officer
reads at a metre: place, time, colour of the day.
"""

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kiosk.domain import lists
from kiosk.domain.feed import PlaceRow
from kiosk.domain.passes import hu1
from kiosk.domain.passes.model import Issuer, Reading
from kiosk.domain.text import BadText
from province import cases, metrics, sessions, sms
from province.arrivals import Arrivals, colour
from province.authority import Authority
from province.db import Database
from province.pictures import Busy, Pictures
from province.recent import Recent
from province.sessions import Session
from province.web import routes, uploads
from province.web.limits import Limit
from province.web.people import People, text_of

ISSUERS_S = 10.0  # so long may a kiosk's revocation go unseen here
WORDS = {"entrance": ("Lối vào", "Entrance"), "exit": ("Lối ra", "Exit"), "waiting": ("Khu vực chờ", "Waiting area")}


class Arrive:
    """The routes of a poster. `clock`: ms UTC."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], people: People, pictures: Pictures) -> None:
        self.db, self.authority, self.clock, self.people, self.pictures = db, authority, clock, people, pictures
        self.pages, self.guard = people.pages, people.guard
        self.arrivals = Arrivals(db, authority, clock)
        self._confirms = Limit(rate=1 / 20, burst=6)  # a session: nobody arrives six times at once
        self._issuers: Recent[dict[bytes, Issuer]] = Recent(ISSUERS_S)
        self.router = APIRouter()
        routes.page(self.router, "/D/{place}/{mac}", self.show)
        routes.upload(self.router, "/D/{place}/{mac}", self.confirm, "phone", "code")
        routes.upload(self.router, "/D/{place}/{mac}/anh", self.seen, gives="application/json")
        routes.page(self.router, "/D/{place}/{mac}/xong", self.done)

    def _place(self, place: str, mac: str) -> PlaceRow:
        found = self.arrivals.place(place, mac)
        if found is None:
            raise HTTPException(404)
        return found

    def show(self, request: Request, place: str, mac: str) -> Response:
        return self._page(request, self._place(place, mac))

    def _page(self, request: Request, row: PlaceRow, error: str = "", status: int = 200) -> Response:
        known = self.guard.session(request, "citizen")
        content = {"place": row, "kind": WORDS[row.kind], "known": known is not None, "error": error, "where": where(row)}
        content |= {"where_to": f"{request.url.path}/anh", "no_code": uploads.NO_CODE}
        return self.pages.show(request, "arrive.html", content, status)

    async def confirm(self, request: Request, place: str, mac: str) -> Response:
        data = await request.form()
        picture = await uploads.picture_of(data)
        return await run_in_threadpool(self._confirm, request, place, mac, data, picture)

    def _confirm(self, request: Request, place: str, mac: str, data: FormData, picture: bytes) -> Response:
        row = self._place(place, mac)
        if row.withdrawn:
            return self._page(request, row, "withdrawn", 410)
        session = self.guard.session(request, "citizen")
        if session is None:
            return self._first(request, row, mac, data, picture)
        if not self._confirms.allows(session.token):
            return self.pages.refuse(request, 429)
        return self._file(row, mac, session)

    def _first(self, request: Request, row: PlaceRow, mac: str, data: FormData, picture: bytes) -> Response:
        """A phone that is not known yet: its number and a code, or a pass of ours that its owner keeps, typed or as a picture."""
        typed, code = text_of(data, "phone"), text_of(data, "code").strip()
        if not code and typed.strip().upper().startswith("HU1:"):
            code = typed.strip()
        if not code and picture:
            if not uploads.allowed(request):
                return self.pages.refuse(request, 429)
            try:
                code = self.pictures.passes(picture)
            except Busy:
                return self.pages.refuse(request, 503)
            if not code:
                return self._page(request, row, "no_code", 400)
        if code:
            return self._by_pass(request, row, mac, code)
        try:
            phone = sms.mobile(typed)
        except BadText:
            return self._page(request, row, "bad_pass" if "code" in data else "bad_phone", 400)
        return self.people.send_code(request, phone, "arrive", f"/D/{row.id}/{mac.upper()}")

    async def seen(self, request: Request, place: str, mac: str) -> Response:
        """A frame of this page's camera: which code it shows. Nothing is kept."""
        await run_in_threadpool(self._place, place, mac)
        return await uploads.seen(self.pictures, request)

    def _by_pass(self, request: Request, row: PlaceRow, mac: str, code: str) -> Response:
        now = self.clock()
        issuers = self._issuers.get("", lambda: cases.issuers(self.db, self.authority))
        read = hu1.read(code.encode()[:200], issuers, now)
        if read is None or read.reading is not Reading.VERIFIED:
            return self._page(request, row, "bad_pass", 400)
        box = {"phone": "", "pass": read.subjects[0], "passes": []}
        return self._file(row, mac, sessions.begin(self.db, "citizen", "", box, now))

    def _file(self, row: PlaceRow, mac: str, session: Session) -> Response:
        new = self.arrivals.confirm(row.station, row.id, who(session), names(session))
        metrics.ARRIVED.labels("no" if new else "yes").inc()
        return self.pages.signed_in(f"/D/{row.id}/{mac.upper()}/xong", "citizen", session.token, sessions.TTL_MS["citizen"] // 1000)

    def done(self, request: Request, place: str, mac: str) -> Response:
        row = self._place(place, mac)
        at = self.arrivals.known(row.station, row.id, who(request.state.session))
        if at is None:
            return self.pages.go(f"/D/{row.id}/{mac.upper()}")
        campaign, day = self.arrivals.campaign()
        word, english, background = colour(campaign.id, day)
        content = {"place": row, "kind": WORDS[row.kind], "at": at, "colour": word, "english": english, "background": background}
        own = [kept for kept in request.state.session.box.get("passes", []) if kept["mine"] and kept["until"] > self.clock()]
        number = own[-1]["number"] if own else 0
        return self.pages.show(request, "arrived.html", content | {"where": where(row), "own": number})


def who(session: Session) -> str:
    """What one arrival a day is counted by: the phone, or the pass that stood for it."""
    return str(session.box.get("phone") or session.box.get("pass", ""))


def where(row: PlaceRow) -> str:
    """Street and commune in one line."""
    unit = next((u for u in lists.units() if u.code == row.station.split("-")[2]), None)
    return ", ".join(part for part in (row.street, unit.ward if unit else "", unit.district if unit else "") if part)


def names(session: Session) -> tuple[str, ...]:
    """Look-up names of a session's owner, strongest first: what their own declarations named, their own passes, the phone. Never a family
    member's."""
    own = [name for kept in session.box.get("passes", []) if kept["mine"] for name in kept["subjects"]]
    order = {"id": 0, "hu1": 1, "phone": 2}
    found = dict.fromkeys([*own, f"phone:{session.box['phone']}" if session.box.get("phone") else session.box["pass"]])
    return tuple(sorted(found, key=lambda name: order.get(name.partition(":")[0], 3)))[:12]
