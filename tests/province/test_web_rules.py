"""Every route against every kind of visitor. The table is made from the application's own routes: a new one without a rule fails."""

import itertools

import pytest
import requests
from fastapi import FastAPI

from province import accounts, authority, officials, sessions, settings
from province.app import create_app
from province.db import Database
from province.settings import Home
from province.web import site
from province.web.guard import ANYONE, KINDS, RULES, VISITOR, Guard, Rule, cookie, routes
from tests.province.conftest import Office, Server

FILLED = {"{place}": "1975001A", "{mac}": "A" * 16, "{number}": "1", "{kind}": "have"}
VISITORS = ("nobody", "expired", *KINDS, "closed")


def address(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def at(number: int) -> dict[str, str]:
    """An address of one's own, as through a proxy: what is tried here is the rules, not how much one address may ask a second."""
    return {"X-Forwarded-For": f"203.0.113.{number}"}


def test_a_route_without_a_rule_stops_the_program(office: Office) -> None:
    app = create_app(office.db, office.authority)
    assert set(routes(app)) == set(RULES)
    app.add_api_route("/new", lambda: None)
    with pytest.raises(RuntimeError, match="GET /new"):
        site.complete(app, Guard(office.db, office.authority, settings.now))
    assert isinstance(app, FastAPI)


def _cookies(home: Home) -> dict[str, dict[str, str]]:
    """Visitor -> cookies. The closed account's session lives on in its browser."""
    db, now = Database(home.url), settings.now()
    for name, role in (("unit-a", "unit"), ("official-a", "official"), ("closed-a", "unit")):
        accounts.add(db, name, "mat-khau-dai-1", role, now, scope="commune:19750")
    out: dict[str, dict[str, str]] = {"nobody": {}}
    subjects = {"unit": "unit-a", "official": "official-a"}
    box = {"phone": "+84905123456", "purpose": "declare", "then": "/dan"}
    for kind in KINDS:
        out[kind] = {cookie(kind): sessions.begin(db, kind, subjects.get(kind, ""), box, now).token}
    old = now - 30 * 24 * 3_600_000
    out["expired"] = {cookie(kind): sessions.begin(db, kind, subjects.get(kind, ""), box, old).token for kind in KINDS}
    closed = sessions.begin(db, "unit", "closed-a", {}, now)
    with db.write() as conn:
        conn.exec_driver_sql("UPDATE account SET state = 'closed' WHERE username = 'closed-a'")
    out["closed"] = {cookie("unit"): closed.token}
    db.close()
    return out


def test_nobody_gets_further_than_the_rule_says(server: Server) -> None:
    cookies, bad, reached = _cookies(server.home), [], 0
    session = requests.Session()  # one connection for all
    session.verify, session.trust_env = str(server.home.ca), False
    for (name, rule), visitor in itertools.product(RULES.items(), VISITORS):
        method, path = name.split(" ")
        where = {} if rule.here else at(VISITORS.index(visitor))
        answer = session.request(
            method, server.url + address(path), cookies=cookies[visitor], headers=where, allow_redirects=False, timeout=30
        )
        session.cookies.clear()
        if answer.status_code >= 500 and path != "/health":
            bad.append(f"{name} as {visitor}: {answer.status_code}")
        if rule.here:
            reached += answer.status_code == 200  # this test's client is on the server's own machine
        elif rule.kind and visitor != rule.kind:
            expected = answer.status_code == 303 and answer.headers["location"] in ("/khai-bao", "/don-vi", "/can-bo")
            bad += [] if expected else [f"{name} as {visitor}: {answer.status_code}"]
        elif rule.form:
            bad += [] if answer.status_code == 403 else [f"{name} as {visitor} without its form: {answer.status_code}"]
        else:
            reached += 1
    session.close()
    assert bad == []
    assert reached > len(RULES)


ACCOUNTS = {right: ("official", (right,)) for right in officials.RIGHTS}
ACCOUNTS |= {"none": ("official", ()), "operator": ("operator", ()), "administrator": ("administrator", ())}


def test_an_official_gets_no_further_than_their_right(server: Server) -> None:
    """Every route that needs a right, with a form that is ours, against every right and role."""
    db, now, bad = Database(server.home.url), settings.now(), []
    token = Guard(db, authority.load(server.home), settings.now).csrf("rights")
    cookies = {}
    for name, (role, rights) in ACCOUNTS.items():
        accounts.add(db, f"quyen-{name}", "mat-khau-dai-1", role, now)
        accounts.change(db, f"quyen-{name}", rights=rights)
        cookies[name] = {cookie("official"): sessions.begin(db, "official", f"quyen-{name}", {}, now).token, VISITOR: "rights"}
    db.close()
    session = requests.Session()
    session.verify, session.trust_env = str(server.home.ca), False
    guarded = [(name, rule) for name, rule in RULES.items() if rule.kind == "official" and rule.right]
    assert len(guarded) > 12
    for (route, rule), (name, (role, rights)) in itertools.product(guarded, ACCOUNTS.items()):
        method, path = route.split(" ")
        answer = session.request(
            method,
            server.url + address(path),
            cookies=cookies[name],
            headers=at(100 + list(ACCOUNTS).index(name)),
            data={"csrf": token},
            allow_redirects=False,
            timeout=30,
        )
        session.cookies.clear()
        if (answer.status_code == 403) == (rule.right in (*rights, role)) or answer.status_code >= 500:
            bad.append(f"{route} as {name}: {answer.status_code}")
    session.close()
    assert bad == []


def test_the_table_has_no_rule_for_a_route_that_is_gone_and_no_form_without_a_check() -> None:
    posts = {name: rule for name, rule in RULES.items() if name.startswith("POST ")}
    assert all(rule.form or rule.machine for rule in posts.values())
    assert Rule() == ANYONE


def test_the_stations_page_is_for_this_machine_or_an_official(server: Server) -> None:
    for path in ("/", "/stations.json", "/metrics"):
        for headers, status in (({}, 200), ({"X-Forwarded-For": "203.0.113.9"}, 403 if path == "/metrics" else 303)):
            answer = requests.get(server.url + path, headers=headers, verify=str(server.home.ca), allow_redirects=False, timeout=30)
            assert answer.status_code == status, (path, headers)
