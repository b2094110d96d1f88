"""Puts the pages together: guard, routes, refusals, counters. Called once by create_app."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response

from province import metrics, stations, webrecords
from province.authority import Authority
from province.db import Database
from province.pictures import Pictures
from province.web import guard as guards
from province.web.arrive import Arrive
from province.web.checks import Checks
from province.web.guard import Guard
from province.web.officials import Officials
from province.web.pages import Pages
from province.web.people import People
from province.web.routes import says
from province.web.traces import Traces
from province.web.units import Units

Message = MutableMapping[str, Any]


class Counted:
    """Counts answers by the route's own path, never by an address that somebody typed."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            metrics.REQUESTS.labels(route, f"{status // 100}xx").inc()
            metrics.SECONDS.labels(route).observe(time.perf_counter() - start)


class Heads:
    """HEAD is answered as GET (RFC 9110 9.3.2); the server leaves the body out."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        asked = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app({**scope, "method": "GET"} if asked else scope, receive, send)


def attach(app: FastAPI, db: Database, authority: Authority, clock: Callable[[], int], guard: Guard) -> Pages:
    """All pages for people, on an application whose dependency is `guard`. Raises RuntimeError for a route without a rule."""
    pages, pictures = Pages(guard), Pictures()
    people = People(db, authority, clock, guard, pages)
    app.include_router(people.router)
    app.include_router(Arrive(db, authority, clock, people, pictures).router)
    app.include_router(Units(db, authority, clock, guard, pages).router)
    app.include_router(Officials(db, authority, clock, guard, pages).router)
    app.include_router(Checks(db, authority, clock, pages, pictures).router)
    app.include_router(Traces(db, authority, clock, pages).router)
    pages.handle(app)

    @app.get("/metrics", response_class=Response, responses=says("text/plain"))
    def measured(request: Request) -> Response:
        """For a scraper on this machine: not through a proxy, which would say whom it asks for."""
        if not guards.local(request):
            return PlainTextResponse("loopback only", 403, guards.HEADERS)
        counts = stations.health(db, clock())
        metrics.HELD.set(counts["held"])
        metrics.WAITING.set(counts["waiting"] + webrecords.waiting(db))
        return Response(metrics.text(), media_type="text/plain; version=0.0.4", headers=guards.HEADERS)

    app.add_middleware(guards.SmallBodies)
    app.add_middleware(Counted)
    app.add_middleware(Heads)
    return pages


def complete(app: FastAPI, guard: Guard) -> None:
    """Raises RuntimeError for a route that has no rule: nobody has thought of who may use it."""
    missing = sorted(set(guards.routes(app)) - set(guard.rules))
    if missing:
        raise RuntimeError(f"routes without a rule in web/guard.py: {', '.join(missing)}")
