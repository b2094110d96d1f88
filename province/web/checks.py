"""KIỂM TRA KẾT QUẢ (letter 63/CV-BCĐ, annex 2, parts 5 and 6): by number, and by the code that a voter keeps.

By number: name, number masked, date, two addresses in four levels, the result line; details only when something was answered "Có". Every
opening has a reason, counts against the account's limit and is a line of the log. The body is opened by the opener, for this request.
"""

import asyncio
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from kiosk.domain import identity
from kiosk.domain.form import form
from province import actlog, asking, cases
from province.accounts import Account
from province.asking import Answer, Told
from province.authority import Authority
from province.db import Database
from province.pictures import Busy, Pictures
from province.settings import Refused
from province.web import routes, uploads
from province.web.limits import Limit
from province.web.pages import Pages
from province.web.people import text_of

WAIT_S, STEP_S = 8.0, 0.2
PARTICULARS = ("birth_date", "gender", "phone", "country", "ethnicity", "religion", "marital", "education", "occupation")


class Checks:
    """The routes under /can-bo/kiem-tra. `clock`: ms UTC."""

    def __init__(self, db: Database, authority: Authority, clock: Callable[[], int], pages: Pages, pictures: Pictures) -> None:
        self.db, self.authority, self.clock, self.pages, self.pictures = db, authority, clock, pages, pictures
        self._key = authority.derived(asking.PURPOSE)
        self._openings = Limit(rate=1 / 20, burst=30)  # of one account: thirty at once, then three a minute
        self.router = APIRouter(prefix="/can-bo/kiem-tra")
        routes.page(self.router, "", self.blank)
        routes.form(self.router, "", self.by_number, "number", "reason", "details")
        routes.upload(self.router, "/ma", self.by_code, "code", "reason")
        routes.upload(self.router, "/anh", self.seen, gives="application/json")

    def blank(self, request: Request) -> Response:
        return self._page(request, {})

    def _page(self, request: Request, content: dict[str, Any], status: int = 200) -> Response:
        empty: dict[str, Any] = {"told": None, "more": [], "error": "", "number": "", "reason": "", "by_code": False, "details": False}
        return self.pages.show(request, "check.html", {**empty, "form": form(), "particulars": PARTICULARS, **content}, status)

    async def by_number(self, request: Request) -> Response:
        data = await request.form()
        details = text_of(data, "details") == "1"
        number = text_of(data, "number")[:40]
        typed = {"number": number, "reason": text_of(data, "reason")[:200].strip(), "details": details}
        return await self._check(request, "number", number, typed, "opened_details" if details else "looked_up")

    async def by_code(self, request: Request) -> Response:
        data = await request.form()
        typed = {"reason": text_of(data, "reason")[:200].strip(), "by_code": True, "details": True}
        code = text_of(data, "code")[:400].strip()
        if not code and (picture := await uploads.picture_of(data)):
            try:
                code = await run_in_threadpool(self.pictures.passes, picture)
            except Busy:
                return self.pages.refuse(request, 503)
            if not code:
                return self._page(request, {**typed, "error": uploads.NO_CODE}, 400)
        return await self._check(request, "pass", code, typed, "opened_pass")

    async def seen(self, request: Request) -> Response:
        """A frame of this page's camera: which code it shows. Nothing is opened and nothing kept."""
        return await uploads.seen(self.pictures, request)

    async def _check(self, request: Request, kind: str, text: str, typed: dict[str, Any], act: str) -> Response:
        me: Account = request.state.account
        if not typed["reason"]:
            return self._page(request, {**typed, "error": "Cần lý do xem.\nA reason is needed."}, 400)
        if not self._openings.allows(me.username):
            return self.pages.refuse(request, 429)
        try:
            subject = await run_in_threadpool(cases.subject, self.db, self.authority, kind, text)
        except Refused as refused:
            return self._page(request, {**typed, "error": str(refused)}, 400)
        now = self.clock()
        await run_in_threadpool(actlog.note, self.db, me.username, act, now, _target(self.authority, subject), typed["reason"])
        answer = await self._ask(kind, subject, now)
        if answer is not None and answer.unreadable:
            spoiled = "Có tờ khai nhưng không đọc được; hãy báo người quản trị.\nIt could not be read: tell the administrator."
            return self._page(request, {**typed, "error": spoiled}, 503)
        if answer is None:
            busy = "Tiến trình mở bản ghi chưa trả lời; xin thử lại sau một phút.\nThe opener did not answer: try again in a minute."
            return self._page(request, {**typed, "error": busy}, 503)
        shown = [{"told": each, **_shown(each)} for each in answer.told]
        return self._page(request, {**typed, "told": shown, "more": shown[1:]})

    async def _ask(self, kind: str, subject: str, now: int) -> Answer | None:
        """None if the opener did not answer in time."""
        name = await run_in_threadpool(asking.put, self.db, self._key, kind, subject, now)
        for _ in range(int(WAIT_S / STEP_S)):
            answer = await run_in_threadpool(asking.take, self.db, self._key, name)
            if answer is not None:
                return answer
            await asyncio.sleep(STEP_S)
        return None


def _target(authority: Authority, subject: str) -> str:
    """Whom a look-up was about, as the log keeps it: a keyed hash, the same for the same person."""
    return hmac.digest(authority.derived(b"log"), subject.encode(), sha256)[:8].hex()


def _shown(told: Told) -> dict[str, Any]:
    """What the page shows of a declaration: the number masked, answers in the form's order."""
    fields = told.fields
    answers = {key: _table(fields.get(key)) for key in ("exposures", "symptoms")}
    levels = [level.value for level in form().levels]
    homes = {key: _levels(fields.get(key), levels) for key in ("permanent", "current")}
    something = any(value is True for table in answers.values() for value in table.values())
    return {
        "name": str(fields.get("full_name", "")),
        "number": identity.mask_id(str(fields.get("id_number", ""))),
        "homes": homes,
        "answers": answers,
        "something": something,
        "fields": {key: _value(key, fields[key]) if fields.get(key) else "" for key in PARTICULARS},
        "mode": str(fields.get("mode", "")),
    }


def _value(key: str, value: object) -> str:
    """As people read it: a choice by its label, a date as dd/mm/yyyy."""
    one, text = form().field(key), str(value)
    if one.type == "date_or_year":
        return "/".join(reversed(text.split("-")))
    return next((option.vi for option in one.options if option.value == text), text)


def _table(said: object) -> dict[str, object]:
    return dict(said) if isinstance(said, dict) else {}


def _levels(home: object, levels: list[str]) -> list[str]:
    return [str(home.get(level, "")) for level in levels] if isinstance(home, dict) else [str(home or ""), "", "", ""]
