"""The QR platform for units (letter 63/CV-BCĐ, annex 1, units): register, sign in, Thêm mới địa điểm, Xem mẫu QR, Chỉnh sửa, Xóa.

A registration waits until an operator lets it in. A unit sees the stations of its scope and nothing else.
"""

from collections.abc import Callable

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kiosk.domain.feed import PlaceRow
from province import accounts, boards, places, sessions
from province.accounts import Account
from province.authority import Authority
from province.db import Database
from province.places import Shown
from province.settings import Refused
from province.web import routes
from province.web.arrive import WORDS, where
from province.web.guard import Guard
from province.web.limits import Limit, network
from province.web.pages import Pages
from province.web.people import text_of, units_by_district

FIELDS = ("name", "kind", "street", "keeper", "phone", "spot")


class Units:
    """The routes under /don-vi. `clock`: ms UTC."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], guard: Guard, pages: Pages) -> None:
        self.db, self.authority, self.clock, self.guard, self.pages = db, authority, clock, guard, pages
        self._tries = Limit(rate=1 / 5, burst=20)  # passwords and registrations from one address
        self.router = APIRouter(prefix="/don-vi")
        routes.page(self.router, "", self.door)
        routes.form(self.router, "", self.sign_in, "username", "password")
        routes.page(self.router, "/dang-ky", self.registration)
        routes.form(self.router, "/dang-ky", self.register, "unit", "name", "phone", "commune", "username", "password")
        routes.form(self.router, "/thoat", self.leave)
        routes.page(self.router, "/dia-diem", self.listed)
        routes.page(self.router, "/dia-diem/moi", self.blank)
        routes.form(self.router, "/dia-diem/moi", self.create, "station", *FIELDS, "hamlet")
        routes.page(self.router, "/dia-diem/{place}", self.edit)
        routes.form(self.router, "/dia-diem/{place}", self.save, "base_at", *FIELDS, "hamlet")
        routes.page(self.router, "/dia-diem/{place}/ma", self.code)
        routes.file(self.router, "/dia-diem/{place}/ma.png", self.png, "image/png")
        routes.file(self.router, "/dia-diem/{place}/ma.svg", self.svg, "image/svg+xml")
        routes.file(self.router, "/dia-diem/{place}/bang.pdf", self.poster, "application/pdf")
        routes.form(self.router, "/dia-diem/{place}/xoa", self.withdraw)

    # -- signing in -------------------------------------------------------------------------------------------------

    def door(self, request: Request) -> Response:
        if self.guard.session(request, "unit") is not None:
            return self.pages.go("/don-vi/dia-diem")
        return self.pages.show(request, "unit_door.html", {"error": False, "username": ""})

    async def sign_in(self, request: Request) -> Response:
        data = await request.form()
        return await run_in_threadpool(self._sign_in, request, data)

    def _sign_in(self, request: Request, data: FormData) -> Response:
        if not self._tries.allows(network(request.client.host if request.client else "")):
            return self.pages.refuse(request, 429)
        username, now = text_of(data, "username").strip().lower()[:40], self.clock()
        found = accounts.sign_in(self.db, username, text_of(data, "password"), now)
        if found is None or found.role != "unit":
            return self.pages.show(request, "unit_door.html", {"error": True, "username": username}, 400)
        session = sessions.begin(self.db, "unit", found.username, {}, now)
        return self.pages.signed_in("/don-vi/dia-diem", "unit", session.token)

    def leave(self, request: Request) -> Response:
        sessions.end(self.db, request.state.session.token)
        return self.pages.signed_out("/don-vi", "unit")

    def registration(self, request: Request) -> Response:
        return self.pages.show(request, "unit_register.html", {"error": "", "typed": {}, "units": units_by_district()})

    async def register(self, request: Request) -> Response:
        data = await request.form()
        return await run_in_threadpool(self._register, request, data)

    def _register(self, request: Request, data: FormData) -> Response:
        if not self._tries.allows(network(request.client.host if request.client else "")):
            return self.pages.refuse(request, 429)
        typed = {key: text_of(data, key)[:120] for key in ("username", "name", "unit", "phone", "commune")}
        try:
            accounts.add(
                self.db,
                typed["username"].strip().lower(),
                text_of(data, "password"),
                "unit",
                self.clock(),
                name=typed["name"],
                unit=typed["unit"],
                phone=typed["phone"],
                scope=f"commune:{typed['commune']}",
                state="pending",
            )
        except Refused as refused:
            return self.pages.show(
                request, "unit_register.html", {"error": str(refused), "typed": typed, "units": units_by_district()}, 400
            )
        return self.pages.show(request, "unit_registered.html", {})

    # -- places -----------------------------------------------------------------------------------------------------

    def _account(self, request: Request) -> Account:
        account: Account = request.state.account
        return account

    def _place(self, request: Request, place: str) -> Shown:
        """Raises 404, for other units' places as for none at all."""
        found = places.get(self.db, place)
        if found is None or not self._account(request).sees(found.row.station) or found.row.withdrawn:
            raise HTTPException(404)
        return found

    def listed(self, request: Request, q: str = "") -> Response:
        found = places.listed(self.db, self._account(request).sees, q[:80])
        content = {"places": found, "q": q[:80], "words": WORDS, "where": where}
        return self.pages.show(request, "places.html", content)

    def blank(self, request: Request) -> Response:
        return self._form(request, None, {}, "")

    def edit(self, request: Request, place: str) -> Response:
        found = self._place(request, place)
        return self._form(
            request, found, {name: getattr(found.row, name) for name in FIELDS} | {"hamlet": found.row.address.get("hamlet", "")}, ""
        )

    def _form(self, request: Request, found: Shown | None, typed: dict[str, str], error: str, status: int = 200) -> Response:
        stations = places.stations_seen(self.db, self._account(request).sees)
        content = {"found": found, "typed": typed, "error": error, "stations": stations, "words": WORDS}
        return self.pages.show(request, "place_form.html", content, status)

    async def create(self, request: Request) -> Response:
        data = await request.form()
        return await run_in_threadpool(self._create, request, data)

    def _create(self, request: Request, data: FormData) -> Response:
        station = text_of(data, "station")
        known = {code for code, _ in places.stations_seen(self.db, self._account(request).sees)}
        typed = _typed(data)
        if station not in known:
            return self._form(request, None, typed, "Chọn khu vực bỏ phiếu.\nChoose the polling area.", 400)
        try:
            with self.db.write() as conn:
                row = self._row(places.new_id(conn, station), station, typed)
                places.change(conn, places.key(self.authority), row, 0, self._by(request), self.clock())
        except Refused as refused:
            return self._form(request, None, typed, str(refused), 400)
        return self.pages.go(f"/don-vi/dia-diem/{row.id}/ma")

    async def save(self, request: Request, place: str) -> Response:
        data = await request.form()
        return await run_in_threadpool(self._save, request, place, data)

    def _save(self, request: Request, place: str, data: FormData) -> Response:
        found, typed = self._place(request, place), _typed(data)
        base_at = text_of(data, "base_at")
        try:
            row = self._row(place, found.row.station, typed, found.row.at)
            seen = int(base_at) if base_at.isascii() and base_at.isdigit() and len(base_at) < 16 else 0
            with self.db.write() as conn:
                places.change(conn, places.key(self.authority), row, seen, self._by(request), self.clock())
        except Refused as refused:
            return self._form(request, found, typed, str(refused), 400)
        return self.pages.go("/don-vi/dia-diem")

    async def withdraw(self, request: Request, place: str) -> Response:
        return await run_in_threadpool(self._withdraw, request, place)

    def _withdraw(self, request: Request, place: str) -> Response:
        found = self._place(request, place)
        gone = msgspec.structs.replace(found.row, withdrawn=True, at=self._after(found))
        with self.db.write() as conn:
            places.change(conn, places.key(self.authority), gone, found.row.at, self._by(request), self.clock())
        return self.pages.go("/don-vi/dia-diem")

    def _after(self, found: Shown) -> int:
        """Now, and after the version that it follows: a kiosk's clock may have been ahead."""
        return max(self.clock(), found.row.at + 1)

    def _row(self, place: str, station: str, typed: dict[str, str], old_at: int = 0) -> PlaceRow:
        """Raises Refused."""
        address = places.levels(station)
        if typed["hamlet"]:
            address["hamlet"] = typed["hamlet"]
        bare = PlaceRow(place, station, "", "", address=address, at=max(self.clock(), old_at + 1))
        return places.checked(msgspec.structs.replace(bare, **{name: typed[name] for name in FIELDS}))

    def _by(self, request: Request) -> str:
        return f"account:{self._account(request).username}"

    # -- the code ---------------------------------------------------------------------------------------------------

    def code(self, request: Request, place: str) -> Response:
        found = self._place(request, place)
        svg = boards.code(self.db, found.row).svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None)
        return self.pages.show(
            request, "place_code.html", {"place": found.row, "kind": WORDS[found.row.kind], "qr": svg, "where": where(found.row)}
        )

    def png(self, request: Request, place: str) -> Response:
        return self._file(self._place(request, place).row, "png", "image/png")

    def svg(self, request: Request, place: str) -> Response:
        return self._file(self._place(request, place).row, "svg", "image/svg+xml")

    def poster(self, request: Request, place: str, kho: str = "a4") -> Response:
        """The board itself, by the same code as the kiosk's."""
        row = self._place(request, place).row
        if kho not in boards.SIZES:
            raise HTTPException(404)
        content = boards.content(self.db, row, "pdf", self.clock(), kho)
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{row.id}-{kho}.pdf"'}
        return Response(content, media_type="application/pdf", headers=headers)

    def _file(self, row: PlaceRow, kind: str, media: str) -> Response:
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{row.id}.{kind}"'}
        return Response(boards.content(self.db, row, kind, self.clock()), media_type=media, headers=headers)


def _typed(data: FormData) -> dict[str, str]:
    return {name: text_of(data, name)[:200].strip() for name in (*FIELDS, "hamlet")}
