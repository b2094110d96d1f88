"""Officials: signing in with a second factor, the desk (outbox of one-time codes, units that wait), rights, and the log of all of it.

Nothing here shows a voter; what does is in rooms of its own.
"""

from collections.abc import Callable

import segno
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from province import accounts, actlog, conflicts, officials, sessions, sms
from province.accounts import Account
from province.authority import Authority
from province.db import Database
from province.settings import Refused
from province.web import routes
from province.web.guard import Guard
from province.web.limits import Limit, network
from province.web.pages import Pages
from province.web.people import text_of

ROLES = {"official": "cán bộ", "operator": "trực bàn", "administrator": "quản trị viên"}


SOURCES = {"hu1": "mã của tỉnh", "cccd": "thẻ căn cước", "poster": "bảng QR", "proxy": "khai hộ", "paper": "giấy", "defer": "vào trước"}


class Officials:
    """The routes under /can-bo. `clock`: ms UTC."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], guard: Guard, pages: Pages) -> None:
        self.db, self.authority, self.clock, self.guard, self.pages = db, authority, clock, guard, pages
        self._tries = Limit(rate=1 / 5, burst=20)
        self.router = APIRouter(prefix="/can-bo")
        add, form = routes.page, routes.form
        add(self.router, "", self.door)
        form(self.router, "", self.sign_in, "username", "password")
        add(self.router, "/ma", self.ask_code)
        form(self.router, "/ma", self.take_code, "code")
        add(self.router, "/ban", self.desk)
        form(self.router, "/thoat", self.leave)
        form(self.router, "/thoat-het", self.leave_everywhere)
        add(self.router, "/hop-thu", self.outbox)
        add(self.router, "/don-vi", self.units)
        form(self.router, "/don-vi/{username}", self.judge_unit, "state")
        add(self.router, "/trai-nhau", self.conflicts)
        form(self.router, "/trai-nhau/{conflict}", self.settle, "note")
        add(self.router, "/nhat-ky", self.log)
        add(self.router, "/quyen", self.rights)
        form(self.router, "/quyen/{username}", self.grant, "reason", "until", *officials.RIGHTS)

    @staticmethod
    def _me(request: Request) -> Account:
        account: Account = request.state.account
        return account

    # -- signing in -------------------------------------------------------------------------------------------------

    def door(self, request: Request) -> Response:
        if self.guard.session(request, "official") is not None:
            return self.pages.go("/can-bo/ban")
        return self.pages.show(request, "official_door.html", {"error": False, "username": ""})

    async def sign_in(self, request: Request) -> Response:
        return await run_in_threadpool(self._sign_in, request, await request.form())

    def _sign_in(self, request: Request, data: FormData) -> Response:
        if not self._tries.allows(network(request.client.host if request.client else "")):
            return self.pages.refuse(request, 429)
        username, now = text_of(data, "username").strip().lower()[:40], self.clock()
        found = accounts.sign_in(self.db, username, text_of(data, "password"), now)
        if found is None or found.role not in ROLES:
            known = accounts.get(self.db, username)
            if known is not None and known.role in ROLES:
                actlog.note(self.db, username, "refused", now, "password")
            return self.pages.show(request, "official_door.html", {"error": True, "username": username}, 400)
        box = {"username": username} | ({} if found.second_factor else {"secret": officials.new_secret()})
        return self.pages.signed_in("/can-bo/ma", "step", sessions.begin(self.db, "step", username, box, now).token)

    def ask_code(self, request: Request) -> Response:
        return self._code_page(request, "")

    def _code_page(self, request: Request, error: str, status: int = 200) -> Response:
        box = request.state.session.box
        secret, content = box.get("secret", ""), {"error": error, "secret": "", "qr": ""}
        if secret:
            made = segno.make(officials.uri(box["username"], secret), error="m", micro=False)
            content |= {"secret": secret, "qr": made.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None)}
        return self.pages.show(request, "official_code.html", content, status)

    async def take_code(self, request: Request) -> Response:
        return await run_in_threadpool(self._take_code, request, await request.form())

    def _take_code(self, request: Request, data: FormData) -> Response:
        step, code, now = request.state.session, text_of(data, "code")[:10], self.clock()
        username = step.box["username"]
        if not self._tries.allows(f"code {username}"):
            return self.pages.refuse(request, 429)
        if "secret" in step.box:
            try:
                officials.set_factor(self.db, self.authority, username, step.box["secret"], code, now)
            except Refused as refused:
                return self._code_page(request, str(refused), 400)
        elif not officials.check_factor(self.db, self.authority, username, code, now):
            actlog.note(self.db, username, "refused", now, "code")
            return self._code_page(request, "Mã chưa đúng hoặc đã dùng.\nThe code is wrong or was used.", 400)
        if accounts.live(self.db, username, now) is None:
            return self.pages.go("/can-bo")
        sessions.end(self.db, step.token)
        session = sessions.begin(self.db, "official", username, {}, now)
        actlog.note(self.db, username, "signed_in", now)
        return self.pages.signed_in("/can-bo/ban", "official", session.token)

    def leave(self, request: Request) -> Response:
        sessions.end(self.db, request.state.session.token)
        return self.pages.signed_out("/can-bo", "official")

    def leave_everywhere(self, request: Request) -> Response:
        officials.leave_everywhere(self.db, self._me(request).username, self.clock())
        return self.pages.signed_out("/can-bo", "official")

    # -- the desk ---------------------------------------------------------------------------------------------------

    def desk(self, request: Request) -> Response:
        me = self._me(request)
        content = {"rights": officials.RIGHTS, "sessions": sessions.listed(self.db, me.username)}
        return self.pages.show(request, "official_desk.html", content)

    def outbox(self, request: Request) -> Response:
        """One-time codes for voters who cannot get an SMS; every look is in the log."""
        now = self.clock()
        actlog.note(self.db, self._me(request).username, "outbox_read", now)
        content = {"messages": sms.outbox(self.db, self.authority, now), "gateway": sms.load(self.db).url}
        return self.pages.show(request, "official_outbox.html", content)

    def units(self, request: Request) -> Response:
        found = [each for each in accounts.everybody(self.db) if each.role == "unit"]
        found.sort(key=lambda each: (each.state != "pending", each.created_at))
        return self.pages.show(request, "official_units.html", {"units": found})

    async def judge_unit(self, request: Request, username: str) -> Response:
        return await run_in_threadpool(self._judge_unit, request, username, await request.form())

    def _judge_unit(self, request: Request, username: str, data: FormData) -> Response:
        found, state = accounts.get(self.db, username), text_of(data, "state")
        if found is None or found.role != "unit" or state not in ("active", "closed"):
            raise HTTPException(404)
        accounts.change(self.db, username, state=state)
        what = "approved" if state == "active" else "closed"
        actlog.note(self.db, self._me(request).username, what, self.clock(), username)
        return self.pages.go("/can-bo/don-vi")

    def conflicts(self, request: Request) -> Response:
        return self._conflicts_page(request, "")

    def _conflicts_page(self, request: Request, error: str, status: int = 200) -> Response:
        content = {"conflicts": conflicts.listed(self.db), "kinds": conflicts.KINDS, "sources": SOURCES, "error": error}
        return self.pages.show(request, "official_conflicts.html", content, status)

    async def settle(self, request: Request, conflict: str) -> Response:
        return await run_in_threadpool(self._settle, request, conflict, await request.form())

    def _settle(self, request: Request, conflict: str, data: FormData) -> Response:
        try:
            conflicts.settle(self.db, self._me(request).username, conflict, text_of(data, "note"), self.clock())
        except Refused as refused:
            return self._conflicts_page(request, str(refused), 400)
        return self.pages.go("/can-bo/trai-nhau")

    def log(self, request: Request) -> Response:
        """Administrators see everybody's acts, others their own."""
        me = self._me(request)
        shown = actlog.lines(self.db, "" if me.role == "administrator" else me.username)
        return self.pages.show(request, "official_log.html", {"lines": shown, "faults": actlog.verify(self.db), "acts": actlog.ACTS})

    # -- rights -----------------------------------------------------------------------------------------------------

    def rights(self, request: Request) -> Response:
        return self._rights_page(request, "")

    def _rights_page(self, request: Request, error: str, status: int = 200) -> Response:
        found = [each for each in accounts.everybody(self.db) if each.role in ROLES]
        content = {"people": found, "rights": officials.RIGHTS, "roles": ROLES, "error": error, "last_day": officials.last_day}
        return self.pages.show(request, "official_rights.html", content, status)

    async def grant(self, request: Request, username: str) -> Response:
        return await run_in_threadpool(self._grant, request, username, await request.form())

    def _grant(self, request: Request, username: str, data: FormData) -> Response:
        wanted = [right for right in officials.RIGHTS if text_of(data, right)]
        try:
            until = text_of(data, "until")[:10] if "until" in data else None
            officials.grant(self.db, self._me(request).username, username, wanted, self.clock(), text_of(data, "reason")[:200], until)
        except Refused as refused:
            return self._rights_page(request, str(refused), 400)
        return self.pages.go("/can-bo/quyen")
