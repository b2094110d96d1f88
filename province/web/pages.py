"""Templates, answers and refusals: how a page looks to whoever asked for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from kiosk.domain.form import form
from kiosk.i18n import translate
from kiosk.words.answers import PROBLEMS, STRANGE
from province import sheets, stations, webrecords
from province.db import AWAY
from province.settings import VIETNAM
from province.web.guard import HEADERS, VISITOR, Denied, Guard, cookie, set_cookie, visitor

FOLDER = Path(__file__).parent
NO_RIGHT = (
    "Tài khoản này chưa có quyền dùng trang này. Xin hỏi quản trị viên của Sở.",
    "This account has no right to this page. Ask the Department's administrator.",
)
REFUSALS: dict[int, tuple[str, str]] = {
    400: (
        "Yêu cầu chưa đúng. Chưa có gì được ghi; xin quay lại và làm lại.",
        "The request is not right. Nothing was recorded: go back and try again.",
    ),
    403: (
        "Trang này không dùng được từ đây, hoặc đã mở quá lâu. Chưa có gì được ghi; xin tải lại trang và làm lại.",
        "This page cannot be used from here, or was open for too long. Nothing was recorded: load it again.",
    ),
    404: (
        "Không có trang này. Xin quét lại mã hoặc về trang chính.",
        "There is no such page. Scan the code again, or go to the first page.",
    ),
    405: ("Trang này không nhận yêu cầu như vậy.", "This page does not take such a request."),
    413: ("Nội dung gửi lên quá lớn. Chưa có gì được ghi.", "What was sent is too large. Nothing was recorded."),
    422: (
        "Có ô điền chưa đúng. Chưa có gì được ghi; xin quay lại và sửa.",
        "A field is not right. Nothing was recorded: go back and mend it.",
    ),
    429: (
        "Đang có rất nhiều người cùng gửi từ mạng này. Xin đợi một phút rồi làm lại; chưa có gì bị mất.",
        "Very many people are sending from this network. Wait a minute and try again; nothing is lost.",
    ),
    503: ("Máy chủ đang bận. Xin đợi vài giây rồi làm lại; chưa có gì được ghi.", "The server is busy. Wait a few seconds and try again."),
}


def day_text(at: int) -> str:
    """07:12 ngày 23/05/2021."""
    return datetime.fromtimestamp(at / 1000, VIETNAM).strftime("%H:%M ngày %d/%m/%Y")


def problem(word: str) -> tuple[str, str]:
    """(Vietnamese, English) under a field."""
    said = PROBLEMS.get(word, STRANGE)
    return said, translate(said, "en")


class Pages:
    """Renders templates; every page gets the headers, the visitor's cookie and the token of its forms."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._templates = Jinja2Templates(directory=FOLDER / "templates")
        filters: dict[str, Callable[..., Any]] = {
            "clock": stations.clock_text,
            "skew": stations.skew_text,
            "day": day_text,
            "moment": lambda at: datetime.fromtimestamp(at / 1000, VIETNAM).strftime("%d/%m/%Y %H:%M"),  # as the letter writes it
            "hhmm": lambda at: datetime.fromtimestamp(at / 1000, VIETNAM).strftime("%H:%M"),
            "problem": problem,
            "phone": sheets.phone,
        }
        self._templates.env.filters |= filters
        self._templates.env.auto_reload = False
        self._templates.env.globals |= {"hotline": form().hotline}

    def show(self, request: Request, template: str, content: Mapping[str, Any] | None = None, status: int = 200) -> Response:
        name = request.cookies.get(VISITOR, "") or visitor()
        account = getattr(request.state, "account", None)
        context = {"csrf": self.guard.csrf(name), "account": account, "now": self.guard.clock(), **(content or {})}
        response = self._templates.TemplateResponse(request, template, context, status, headers=HEADERS)
        if VISITOR not in request.cookies:
            set_cookie(response, VISITOR, name)
        return response

    def go(self, where: str) -> Response:
        """To another page of ours; `where` is never taken from the request."""
        return RedirectResponse(where, 303, HEADERS)

    def signed_in(self, where: str, kind: str, token: str, max_age: int | None = None) -> Response:
        response = self.go(where)
        set_cookie(response, cookie(kind), token, max_age)
        return response

    def signed_out(self, where: str, kind: str) -> Response:
        response = self.go(where)
        response.delete_cookie(cookie(kind), path="/", secure=True, httponly=True, samesite="lax")
        return response

    def refuse(self, request: Request, status: int, said: tuple[str, str] | None = None) -> Response:
        """A page that says why not, in the words of its status or in `said` (Vietnamese, English)."""
        vi, en = said or REFUSALS.get(status, REFUSALS[400])
        response = self.show(request, "refused.html", {"vi": vi, "english": en}, status)
        if status in (429, 503):
            response.headers["Retry-After"] = "60" if status == 429 else "5"
        return response

    def handle(self, app: FastAPI) -> None:
        """What goes wrong becomes a page that says what to do; machines get its status."""

        async def denied(request: Request, error: Exception) -> Response:
            assert isinstance(error, Denied)
            said = NO_RIGHT if error.right else None
            return self.go(error.where) if error.status == 303 else self.refuse(request, error.status, said)

        async def http(request: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)
            response = self.refuse(request, error.status_code)
            response.headers.update(error.headers or {})
            if error.status_code == 405:
                response.headers["Allow"] = ", ".join(self.guard.methods(request.url.path))
            return response

        async def invalid(request: Request, error: Exception) -> Response:
            assert isinstance(error, RequestValidationError)
            no_such_page = any(problem["loc"][0] == "path" for problem in error.errors())
            return self.refuse(request, 404 if no_such_page else 422)

        async def away(request: Request, _error: Exception) -> Response:
            """The database is locked, full or away, or no campaign was set up: nothing was stored."""
            return self.refuse(request, 503)

        for error in (webrecords.NoCampaign, *AWAY):
            app.add_exception_handler(error, away)
        app.add_exception_handler(Denied, denied)
        app.add_exception_handler(HTTPException, http)
        app.add_exception_handler(RequestValidationError, invalid)
