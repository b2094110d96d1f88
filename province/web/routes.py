"""How a page, a form and a file are added to a router, so that the application's own description (OpenAPI) says what they take and give."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

Answers = dict[int | str, dict[str, Any]]
ELSEWHERE: Answers = {
    303: {"description": "another page of ours"},
    "default": {"description": "a page that says what happened and what to do", "content": {"text/html": {}}},
}


def says(media: str) -> Answers:
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
    content = {"application/x-www-form-urlencoded": _body(*fields)}
    answers = {200: {"description": "done, or what is missing", "content": {"text/html": {}}}, **ELSEWHERE}
    _post(router, path, work, content, answers)


def upload(router: APIRouter, path: str, work: Callable[..., Any], *fields: str, gives: str = "text/html") -> None:
    """POST: a form of ours that may bring a picture. `gives`: a page, or JSON for a script of ours."""
    body = _body(*fields)
    body["schema"]["properties"]["picture"] = {"type": "string", "format": "binary"}
    _post(router, path, work, {"multipart/form-data": body}, says(gives))


def _body(*fields: str) -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": "string"} for name in ("csrf", *fields)}
    return {"schema": {"type": "object", "properties": properties, "required": ["csrf"]}}


def _post(router: APIRouter, path: str, work: Callable[..., Any], content: dict[str, Any], answers: Answers) -> None:
    extra = {"requestBody": {"required": True, "content": content}}
    router.add_api_route(path, work, methods=["POST"], response_class=Response, responses=answers, openapi_extra=extra)
