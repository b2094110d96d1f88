"""schemathesis over the application's own description, signed in as everybody at once, with all of its checks: no server error.

`SCHEMA_EXAMPLES=200` makes it longer (make soak does).
"""

import os
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from province import accounts, authority, sessions
from province import settings as ours
from province.db import Database
from province.web.guard import KINDS, VISITOR, Guard, cookie
from tests.province.conftest import Server

load_all_checks()
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "6"))
# These judge the design of an API for programs; a page answers 400 with the form again, and a form with a strange field is still a form.
NOT_FOR_PAGES = {"positive_data_acceptance", "negative_data_rejection", "missing_required_header", "ignored_auth", "unsupported_method"}


@pytest.fixture(scope="module")
def signed_in(server: Server) -> dict[str, str]:
    """Cookies of every kind of session, and a visitor whose forms are ours."""
    db, now = Database(server.home.url), ours.now()
    for name, role in (("unit-f", "unit"), ("official-f", "official")):
        accounts.add(db, name, "mat-khau-dai-1", role, now, scope="commune:19750")
    box = {"phone": "+84905123456", "purpose": "declare", "then": "/dan", "username": "official-f"}
    subjects = {"unit": "unit-f", "official": "official-f"}
    out = {cookie(kind): sessions.begin(db, kind, subjects.get(kind, ""), box, now).token for kind in KINDS}
    out |= {VISITOR: "fuzz", "csrf": Guard(db, authority.load(server.home), ours.now).csrf("fuzz")}
    db.close()
    return out


def operations(server: Server) -> list[Any]:
    description = requests.get(server.url + "/openapi.json", verify=str(server.home.ca), timeout=30).json()
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=server.url)
    return [found.ok() for found in schema.get_all_operations()]


def test_no_route_answers_with_an_error_of_ours(server: Server, signed_in: dict[str, str]) -> None:
    cookies = {name: value for name, value in signed_in.items() if name != "csrf"}
    checks = [check for check in CHECKS.get_all() if check.__name__ not in NOT_FOR_PAGES]
    found = operations(server)
    seen: list[tuple[str, int]] = []
    session = requests.Session()
    session.verify, session.trust_env = str(server.home.ca), False

    def walk(operation: Any) -> None:
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(operation.as_strategy())
        def call(case: Any) -> None:
            case.cookies = {VISITOR: "fuzz"} if case.path.endswith("/thoat") else cookies  # the others still need their sessions
            if isinstance(case.body, dict):
                case.body["csrf"] = signed_in["csrf"]
            answer = case.call(session=session, verify=str(server.home.ca), allow_redirects=False, timeout=30)
            seen.append((case.path, answer.status_code))
            if case.path != "/health":  # 503 is its word for an opener that has not started yet
                assert answer.status_code < 500
                case.validate_response(answer, checks=checks)

        call()

    for operation in found:
        walk(operation)
    session.close()
    inside = sum(status in (200, 303, 400) for _, status in seen)
    print(f"\n{len(found)} routes, {len(seen)} calls, {inside} answered by the page itself")
    assert len(found) >= 30 and inside > len(seen) // 3
