"""Truy vết: one account asks, another releases, both with their second factor; then the list, the timeline, and files for the team."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from province import cases, sheets
from province.accounts import Account
from province.authority import Authority
from province.db import Database
from province.settings import Refused
from province.web import routes
from province.web.guard import HEADERS, Denied
from province.web.pages import Pages
from province.web.people import text_of

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
}


class Traces:
    """The routes under /can-bo/truy-vet. `clock`: ms UTC."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], pages: Pages) -> None:
        self.db, self.authority, self.clock, self.pages = db, authority, clock, pages
        self.router = APIRouter(prefix="/can-bo/truy-vet")
        routes.page(self.router, "", self.listed)
        routes.form(self.router, "", self.ask, "kind", "subject", "since", "until", "margin", "stay", "reason", "code")
        routes.page(self.router, "/{case}", self.one)
        routes.form(self.router, "/{case}", self.decide, "decision", "reason", "code")
        routes.form(self.router, "/{case}/vong", self.ring, "rank", "reason", "code")
        routes.file(self.router, "/{case}/tep.{kind}", self.file, "application/octet-stream")

    @staticmethod
    def _me(request: Request) -> Account:
        account: Account = request.state.account
        return account

    def _sees(self, request: Request) -> Account:
        """Raises Denied for accounts that have nothing to do with tracing."""
        me = self._me(request)
        if not {"trace", "release"} & set(me.rights):
            raise Denied(403, right=True)
        return me

    def listed(self, request: Request) -> Response:
        self._sees(request)
        return self._list(request, {}, "")

    def _list(self, request: Request, typed: dict[str, str], error: str, status: int = 200) -> Response:
        content = {"cases": cases.listed(self.db, self.authority), "typed": typed, "error": error, "days": sheets.days}
        content["stay"] = cases.stay_of(self.db, self.clock())
        return self.pages.show(request, "traces.html", content, status)

    async def ask(self, request: Request) -> Response:
        return await run_in_threadpool(self._ask, request, await request.form())

    def _ask(self, request: Request, data: FormData) -> Response:
        names = ("kind", "subject", "since", "until", "margin", "stay", "reason")
        typed = {name: text_of(data, name)[:300] for name in names}
        try:
            subject = cases.subject(self.db, self.authority, typed["kind"], typed["subject"])
            stay = number(typed["stay"], cases.stay_of(self.db, self.clock()))
            asked = cases.Asked(subject, cases.days(typed["since"], typed["until"]), number(typed["margin"], 15), stay)
            name = cases.ask(
                self.db, self.authority, self._me(request).username, asked, typed["reason"], text_of(data, "code"), self.clock()
            )
        except Refused as refused:
            return self._list(request, typed, str(refused), 400)
        return self.pages.go(f"/can-bo/truy-vet/{name}")

    def one(self, request: Request, case: str) -> Response:
        return self._one(request, case, "")

    def _one(self, request: Request, name: str, error: str, status: int = 200) -> Response:
        me = self._sees(request)
        found = cases.get(self.db, self.authority, name)
        if found is None:
            raise HTTPException(404)
        mine = me.username in (found.asked_by, found.decided_by)
        result = cases.read(self.db, self.authority, me.username, name, self.clock()) if mine and found.state == "done" else None
        content: dict[str, Any] = {"case": found, "error": error, "result": result, "mine": mine, "who": sheets.WHO}
        content |= {"days": sheets.days, "met": sheets.met, "spot": sheets.spot}
        content["may_go_on"] = "trace" in me.rights and result is not None and any(one.subject for one in result.contacts)
        content["may_release"] = "release" in me.rights and me.username != found.asked_by and found.state == "asked"
        content["line"] = Markup(sheets.to_svg(result)) if result else ""  # its names are escaped where it is drawn
        return self.pages.show(request, "trace.html", content, status)

    async def decide(self, request: Request, case: str) -> Response:
        return await run_in_threadpool(self._decide, request, case, await request.form())

    def _decide(self, request: Request, name: str, data: FormData) -> Response:
        release = text_of(data, "decision") == "release"
        me, now = self._me(request).username, self.clock()
        try:
            cases.decide(self.db, self.authority, me, name, release, text_of(data, "code"), now, text_of(data, "reason")[:200])
        except Refused as refused:
            if cases.get(self.db, self.authority, name) is None:
                raise HTTPException(404) from refused
            return self._one(request, name, str(refused), 400)
        return self.pages.go(f"/can-bo/truy-vet/{name}")

    async def ring(self, request: Request, case: str) -> Response:
        return await run_in_threadpool(self._ring, request, case, await request.form())

    def _ring(self, request: Request, name: str, data: FormData) -> Response:
        """Asks for the contacts of the contacts that were ticked."""
        ticked = [text for text in data.getlist("rank") if isinstance(text, str)]
        ranks = [int(text) for text in ticked if text.isascii() and text.isdigit() and len(text) < 7]
        me, reason = self._me(request).username, text_of(data, "reason")[:200]
        try:
            further = cases.next_ring(self.db, self.authority, me, name, ranks, reason, text_of(data, "code"), self.clock())
        except Refused as refused:
            if cases.get(self.db, self.authority, name) is None:
                raise HTTPException(404) from refused
            return self._one(request, name, str(refused), 400)
        return self.pages.go(f"/can-bo/truy-vet/{further}")

    def file(self, request: Request, case: str, kind: str) -> Response:
        me = self._sees(request)
        found = cases.get(self.db, self.authority, case)
        if found is None or kind not in MEDIA:
            raise HTTPException(404)
        try:
            result = cases.read(self.db, self.authority, me.username, case, self.clock())
        except Refused as refused:
            raise HTTPException(403) from refused
        if result is None:
            raise HTTPException(404)
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="truy-vet-{case}.{kind}"'}
        return Response(sheets.content_of(result, found, kind), media_type=MEDIA[kind], headers=headers)


def number(text: str, default: int) -> int:
    """Minutes as typed. Raises Refused."""
    clean = text.strip()
    if not clean:
        return default
    if not (clean.isascii() and clean.isdigit() and len(clean) < 5):
        raise Refused("Số phút chưa đúng.\nMinutes are a whole number.")
    return int(clean)
