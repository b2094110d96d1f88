"""HTTP: bodies read under a cap, handed to calls.py; the trust list, health, and the page of stations. No SQL here.

Bound to loopback unless told otherwise; the pages show counts, never a person.
"""

import json
from pathlib import Path

import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from province import stations
from province.authority import Authority
from province.calls import Calls
from province.db import AWAY, Database
from province.gate import Gate, Refused
from province.web import site
from province.web.guard import HEADERS, Guard
from province.web.routes import says

WEB = Path(__file__).parent / "web"
MSGPACK = "application/msgpack"


def create_app(db: Database, authority: Authority) -> FastAPI:
    calls, gate = Calls(db, authority), Gate()
    guard = Guard(db, authority, calls.clock)
    app = FastAPI(title="Huế", docs_url=None, redoc_url=None, dependencies=[Depends(guard)])
    trust = msgspec.msgpack.encode(authority.trust)
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")

    @app.post("/v1/{kind}", include_in_schema=False)  # signed MessagePack: docs/protocol.md describes it, with vectors
    async def call(kind: str, request: Request) -> Response:
        address = request.client.host if request.client else ""
        try:
            with calls.crowd.visit():
                data = await gate.body(address, request.headers.get("content-encoding", ""), request.stream())
                status, answer = await run_in_threadpool(calls.answer, kind, data)
        except Refused as refused:
            status, answer = calls.refuse(refused.problem, status=refused.status)
        return Response(answer, status, media_type=MSGPACK)

    @app.get("/v1/trust", response_class=Response, responses=says(MSGPACK))
    async def trusted() -> Response:
        return Response(trust, media_type=MSGPACK)

    @app.get("/health", response_class=Response, responses=says("application/json"))
    def health() -> Response:
        try:
            content = stations.health(db, calls.clock())
        except AWAY as error:
            content = {"ok": False, "database": type(getattr(error, "orig", error)).__name__}
        return Response(json.dumps(content), 200 if content["ok"] else 503, HEADERS, "application/json")

    @app.get("/stations.json", response_class=Response, responses=says("application/json"))
    def listed() -> Response:
        return Response(msgspec.json.encode(stations.overview(db)), 200, HEADERS, "application/json")

    pages = site.attach(app, db, authority, calls.clock, guard)

    @app.get("/", response_class=Response, responses=says("text/html"))
    def page(request: Request) -> Response:
        return pages.show(request, "stations.html", {"stations": stations.overview(db), "health": stations.health(db, calls.clock())})

    site.complete(app, guard)
    return app
