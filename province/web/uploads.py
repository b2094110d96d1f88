"""Pictures out of forms, and the answer to a script that sends one: which pass it shows."""

import json

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from province.pictures import Busy, Pictures
from province.web.guard import HEADERS
from province.web.limits import Limit, network

NO_CODE = (
    "Không thấy mã HU1: trong ảnh. Xin chụp lại cho rõ, cả ô mã nằm trong ảnh; chưa có gì được ghi.\n"
    "No HU1: code in this picture. Take it again, sharp and with the whole code; nothing was recorded."
)
_LOOKS = Limit(rate=4, burst=120)  # pictures from one address: a camera sends two a second


async def picture_of(data: FormData) -> bytes:
    """The picture's bytes, b"" where none was chosen. The form's own limit of size holds."""
    found = data.get("picture")
    return await found.read() if isinstance(found, UploadFile) else b""


def allowed(request: Request) -> bool:
    return _LOOKS.allows(network(request.client.host if request.client else ""))


async def seen(pictures: Pictures, request: Request) -> Response:
    """JSON `{"code": "HU1:…"}`, or "" for a picture that shows none; 429 or 503 when it was not looked at."""
    if not allowed(request):
        return _said("", 429)
    try:
        return _said(await run_in_threadpool(pictures.passes, await picture_of(await request.form()), True))
    except Busy:
        return _said("", 503)


def _said(code: str, status: int = 200) -> Response:
    headers = HEADERS if status == 200 else {**HEADERS, "Retry-After": "5"}
    return Response(json.dumps({"code": code}), status, headers, "application/json")
