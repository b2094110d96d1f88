"""Official accounts: a second factor, rights that nobody gives themselves, and a log that cannot be edited unseen."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest

from province import accounts, actlog, officials, sessions, settings
from province.cli import main
from province.db import Database
from province.settings import Refused
from tests.province.conftest import Office, Server
from tests.province.web import Phone

NOW = 1_621_735_200_000
PASSWORD = "mat-khau-dai-1"
STEP = 30_000


@pytest.fixture
def staffed(office: Office) -> Office:
    for name, role in (("quan-tri", "administrator"), ("can-bo", "official")):
        accounts.add(office.db, name, PASSWORD, role, NOW)
    return office


def code(secret: str, now: int) -> str:
    return pyotp.TOTP(secret).at(now // 1000)


def test_a_code_is_good_once_and_near_its_time(staffed: Office) -> None:
    secret, world = officials.new_secret(), (staffed.db, staffed.authority)
    with pytest.raises(Refused):
        officials.set_factor(*world, "can-bo", secret, "000000" if code(secret, NOW) != "000000" else "111111", NOW)
    officials.set_factor(*world, "can-bo", secret, code(secret, NOW), NOW)
    assert secret.encode() not in repr(staffed.rows("account")).encode()
    later = NOW + 10 * STEP
    assert officials.check_factor(*world, "can-bo", code(secret, later), later)
    assert not officials.check_factor(*world, "can-bo", code(secret, later), later)  # replayed
    assert not officials.check_factor(*world, "can-bo", code(secret, later - STEP), later)  # older than the one used
    assert not officials.check_factor(*world, "can-bo", code(secret, later + 5 * STEP), later)
    assert officials.check_factor(*world, "can-bo", code(secret, later + STEP), later)
    with pytest.raises(Refused):  # a second one is not set over the first
        officials.set_factor(*world, "can-bo", secret, code(secret, later), later)


def test_rights_are_given_by_an_administrator_to_somebody_else(staffed: Office) -> None:
    db = staffed.db
    session = sessions.begin(db, "official", "can-bo", {}, NOW)
    officials.grant(db, "quan-tri", "can-bo", ["lookup", "trace"], NOW, "quyết định 12")
    found = accounts.get(db, "can-bo")
    assert found is not None and officials.may(found, "lookup") and not officials.may(found, "release")
    assert sessions.load(db, session.token, NOW) is None  # what it may do has changed
    for by, who, rights, reason in (
        ("quan-tri", "quan-tri", ["trace"], "x"),
        ("can-bo", "quan-tri", ["trace"], "x"),
        ("quan-tri", "can-bo", ["everything"], "x"),
        ("quan-tri", "can-bo", ["trace"], " "),
        ("quan-tri", "nobody", ["trace"], "x"),
    ):
        with pytest.raises(Refused):
            officials.grant(db, by, who, rights, NOW, reason)
    assert [line.what for line in actlog.lines(db)] == ["granted"]


def test_an_account_ends_with_its_last_day_and_its_sessions_with_it(staffed: Office) -> None:
    db = staffed.db
    officials.grant(db, "quan-tri", "can-bo", ["lookup"], NOW, "đợt bầu cử", "2021-05-31")
    ends = officials.until_ms("2021-05-31")
    assert ends is not None and officials.last_day(ends) == "2021-05-31"
    assert accounts.sign_in(db, "can-bo", PASSWORD, ends - 1) is not None and accounts.live(db, "can-bo", ends - 1) is not None
    assert accounts.sign_in(db, "can-bo", PASSWORD, ends) is None and accounts.live(db, "can-bo", ends) is None
    officials.grant(db, "quan-tri", "can-bo", ["lookup"], NOW, "gia hạn")  # left as it is
    assert accounts.live(db, "can-bo", ends) is None
    officials.grant(db, "quan-tri", "can-bo", ["lookup"], NOW, "gia hạn", "")
    assert accounts.live(db, "can-bo", ends) is not None
    for never in ("mai", "2021-05-01"):  # no day; a day that has passed would lock the official out without a word
        with pytest.raises(Refused):
            officials.grant(db, "quan-tri", "can-bo", ["lookup"], NOW, "x", never)
    assert accounts.live(db, "can-bo", ends) is not None


def test_guesses_of_one_moment_are_as_many_tries(staffed: Office) -> None:
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda n: accounts.sign_in(staffed.db, "can-bo", f"sai-mat-khau-{n}", NOW), range(5))) == [None] * 5
    assert accounts.sign_in(staffed.db, "can-bo", PASSWORD, NOW + 1) is None  # made to wait


def tamper(office: Office, sql: str) -> None:
    with office.db.write() as conn:
        conn.exec_driver_sql(sql)


EDITS = {
    "edited": "UPDATE log_line SET reason = 'khác' WHERE number = 3",
    "account edited": "UPDATE log_line SET account = 'ai-do' WHERE number = 1",
    "dropped": "DELETE FROM log_line WHERE number = 2",
    "cut": "DELETE FROM log_line WHERE number > 4",
    "last cut and the head turned back": "DELETE FROM log_line WHERE number = 6",
    "reordered": "UPDATE log_line SET number = CASE number WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE number END WHERE number IN (2, 3)",
    "emptied": "DELETE FROM log_line",
}


@pytest.mark.parametrize("how", EDITS)
def test_tampering_with_the_log_is_found(staffed: Office, how: str) -> None:
    for n in range(6):
        actlog.note(staffed.db, "can-bo", "looked_up", NOW + n, f"case {n}", "kiểm tra tại cửa")
    assert actlog.verify(staffed.db) == []
    with staffed.db.read() as conn:
        told = actlog.tip(conn)
    tamper(staffed, EDITS[how])
    if how == "reordered":
        tamper(staffed, "UPDATE log_line SET number = -number WHERE number < 0")
    if how.startswith("last"):  # by somebody who knows how the head is made
        tamper(staffed, "UPDATE log_head SET number = 5, head = (SELECT head FROM log_line WHERE number = 5)")
    assert actlog.verify(staffed.db, told) != []


def test_an_official_signs_in_with_both_and_works_at_the_desk(server: Server) -> None:
    db, now = Database(server.home.url), settings.now()
    accounts.add(db, "quan-tri-2", PASSWORD, "administrator", now)
    accounts.add(db, "truc-ban", PASSWORD, "operator", now)
    accounts.add(db, "xa-moi", PASSWORD, "unit", now, scope="commune:19750", state="pending")
    officials.grant(db, "quan-tri-2", "truc-ban", ["desk"], now, "ca trực")
    browser = Phone(server.url, str(server.home.ca), server.home)
    browser.get("/can-bo")
    assert browser.post("/can-bo", username="truc-ban", password="sai-mat-khau-1").status_code == 400
    browser.post("/can-bo", username="truc-ban", password=PASSWORD)
    secret = re.findall(r"<code>([A-Z2-7]{32})</code>", browser.page.text)[0]
    assert browser.post("/can-bo/ma", code="12").status_code == 400
    browser.post("/can-bo/ma", code=code(secret, settings.now()))
    assert browser.page.url.endswith("/can-bo/ban")
    assert "xa-moi" in browser.get("/can-bo/don-vi").text
    browser.post("/can-bo/don-vi/xa-moi", state="active")
    assert accounts.live(db, "xa-moi", now) is not None
    assert browser.get("/can-bo/hop-thu").status_code == 200
    assert browser.get("/can-bo/quyen").status_code == 403  # not an administrator
    browser.get("/can-bo/ban")
    browser.post("/can-bo/thoat-het")
    assert browser.get("/can-bo/ban").url.endswith("/can-bo")
    acts = [line.what for line in reversed(actlog.lines(db, "truc-ban"))]
    assert acts == ["refused", "factor_set", "signed_in", "approved", "outbox_read", "sessions_ended"]
    browser.session.close()
    db.close()


@pytest.fixture
def quiet(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    capsys.readouterr()
    yield capsys


def test_the_command_says_who_did_what_and_fails_on_a_broken_chain(staffed: Office, quiet: pytest.CaptureFixture[str]) -> None:
    actlog.note(staffed.db, "can-bo", "looked_up", NOW)
    where = ["--home", str(staffed.home.path), *(["--database-url", staffed.home.database_url] if staffed.home.database_url else [])]
    assert main(["accounts", "log", *where]) == 0
    assert "looked_up" in quiet.readouterr().out
    tamper(staffed, "UPDATE log_line SET account = 'x'")
    assert main(["accounts", "log", *where]) == 1
