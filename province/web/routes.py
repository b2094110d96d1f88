"""How a page, a form and a file are added to a router, so that the application's own description (OpenAPI) says what they take and give."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

ELSEWHERE: dict[int | str, dict[str, Any]] = {
    303: {"description": "another page of ours"},
    "default": {"description": "a page that says what happened and what to do", "content": {"text/html": {}}},
}


def says(media: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers, for the description."""
    return {200: {"description": "found", "content": {media: {}}}, **ELSEWHERE, 503: {"description": "not now", "content": {media: {}}}}


def page(router: APIRouter, path: str, work: Callable[..., Any]) -> None:
    """GET: a page."""
    file(router, path, work, "text/html")


def file(router: APIRouter, path: str, work: Callable[..., Any], media: str) -> None:
    """GET: a file, or the page that says why not."""
    router.add_api_route(path, work, methods=["GET"], response_class=Response, responses=says(media))


def form(router: APIRouter, path: str, work: Callable[..., Any], *fields: str) -> None:
    """POST: a form of ours with these fields besides its token."""
    properties = {name: {"type": "string"} for name in ("csrf", *fields)}
    body = {"schema": {"type": "object", "properties": properties, "required": ["csrf"]}}
    extra = {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": body}}}
    answers = {200: {"description": "done, or what is missing", "content": {"text/html": {}}}, **ELSEWHERE}
    router.add_api_route(path, work, methods=["POST"], response_class=Response, responses=answers, openapi_extra=extra)
