"""Annex 1 and 2 of the letter, voters: declaring on the web and arriving by the poster, through the real socket."""

import re
from collections.abc import Callable, Iterator

import pytest

from kiosk.domain import poster
from kiosk.domain.passes import hu1
from kiosk.domain.passes.model import Issuer, Reading
from province import accounts, authority, otp, places, sessions, settings
from province.db import Database
from province.opener import Opener
from tests.province.conftest import Office, Server, make_home
from tests.province.web import Phone, answers
from tests.wire import STATION

NOW = 1_621_735_200_000
MINUTE = 60_000


@pytest.fixture
def phone(server: Server) -> Iterator[Callable[[], Phone]]:
    made: list[Phone] = []

    def make() -> Phone:
        made.append(Phone(server.url, str(server.home.ca), server.home))
        return made[-1]

    yield make
    for each in made:
        each.session.close()


def numbers() -> Iterator[str]:
    for n in range(10_000):
        yield f"0905{n:06d}"


FRESH = numbers()


def rows(server: Server, sql: str) -> list[tuple[object, ...]]:
    db = Database(server.home.url)
    Opener(db, server.home).step()
    with db.read() as conn:
        found = [tuple(row) for row in conn.exec_driver_sql(sql)]
    db.close()
    return found


def place_code(server: Server, place: str = "1975001Z", withdrawn: bool = False, name: str = "Cổng <b>chính</b>") -> str:
    from kiosk.domain.feed import PlaceRow

    db, held = Database(server.home.url), authority.load(server.home)
    row = PlaceRow(place, STATION, name, "entrance", at=NOW + withdrawn, withdrawn=withdrawn)
    with db.write() as conn:
        places.change(conn, places.key(held), row, NOW if withdrawn else 0, "account:test", NOW)
    found = places.get(db, place)
    db.close()
    assert found is not None
    return "/" + poster.url("https://h", place, found.row.mac).split("/", 3)[3]


# -- declaring ------------------------------------------------------------------------------------------------------------


def test_a_declaration_ends_in_a_pass_that_the_province_signed(server: Server, phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    assert browser.page.url.endswith("/khai-bao/to-khai")
    assert browser.declare().status_code == 200 and "Mã QR của bạn" in browser.page.text
    code = browser.passes()[0]
    issuer = authority.load(server.home).issuer
    read = hu1.read(code.encode(), {issuer.id: Issuer(issuer.id, issuer.public)}, None)
    assert read is not None and read.reading is Reading.VERIFIED
    assert read.fields["birth_year"] == "1983" and read.fields["gender"] == "F"


def test_what_was_declared_lies_sealed_until_the_opener_reads_it(server: Server, phone: Callable[[], Phone]) -> None:
    browser = phone()
    number = next(FRESH)
    browser.sign_in(number)
    browser.declare(full_name="Canh Giác Hoàng Yến", **{"symptoms.fever": "yes"})
    wal = b"".join(f.read_bytes() for f in server.home.path.glob("province.db*"))
    for secret in ("Hoàng Yến", number[1:], "046183000123"):
        assert secret.encode() not in wal, secret
    found = rows(server, "SELECT kiosk_id, mode, desk, subject_hash FROM declaration ORDER BY declared_at")
    assert found[-1][:3] == ("web", "new", 1) and found[-1][3]
    assert rows(server, "SELECT count(*) FROM web_waiting") == [(0,)]


def test_the_questions_start_unanswered_and_each_must_be_answered(phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    questions = re.findall(r'name="(?:exposures|symptoms)\.\w+" value="\w+"( checked)?', browser.page.text)
    assert len(questions) == 18 and not any(questions)
    given = {key: value for key, value in answers().items() if key != "symptoms.cough"}
    browser.post("/khai-bao/to-khai", given)
    assert browser.page.status_code == 400 and "Cần hỏi và chọn Có hoặc Không" in " ".join(browser.errors())
    assert 'value="Trần Thị Mẫu"' in browser.page.text  # nothing typed is lost


def test_a_supplement_names_what_it_completes_and_asks_the_nine_again(server: Server, phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    browser.declare()
    page = browser.get("/khai-bao/to-khai?loai=bo-sung").text
    assert 'value="Trần Thị Mẫu"' in page and " checked" not in page.split("exposures.", 1)[1]
    browser.declare(loai="bo-sung")
    assert rows(server, "SELECT mode FROM declaration ORDER BY declared_at")[-1] == ("supplement",)


def test_a_family_is_declared_by_one_phone_and_each_gets_a_pass(phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    for name in ("Lê Văn Ông", "Lê Thị Bà", "Lê Bé Con"):
        browser.get("/khai-bao/to-khai?loai=ho")
        browser.declare(full_name=name, phone="", no_phone="1", id_number="", birth_date="1950", proxy_reason="no_phone")
        assert browser.page.status_code == 200, browser.errors()
    diary = browser.get("/khai-bao/nhat-ky").text
    assert diary.count("(khai hộ)") == 3
    assert "selected>" in browser.get("/khai-bao/to-khai?loai=ho").text  # the address stays: a family lives together
    assert len(set(browser.passes())) == 3


def test_a_name_with_markup_is_text(phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    browser.declare(full_name="Trần <script>alert(1)</script> Mẫu")
    assert "<script>alert" not in browser.page.text
    browser.declare(full_name='Mẫu "><img src=x onerror=1>', birth_date="x")
    assert "<img" not in browser.page.text


def test_nobody_sees_another_s_codes(phone: Callable[[], Phone]) -> None:
    one, other = phone(), phone()
    one.sign_in(next(FRESH))
    one.declare()
    other.sign_in(next(FRESH))
    assert [other.get(f"/khai-bao/ma/{number}").status_code for number in ("1", "abc")] == [404, 404]
    assert other.get("/khai-bao/nhat-ky").text.count("/khai-bao/ma/") == 0


# -- codes and sessions -----------------------------------------------------------------------------------------------------


def test_the_answer_is_the_same_for_every_phone(phone: Callable[[], Phone]) -> None:
    number, said = next(FRESH), []
    phone_one = phone()
    phone_one.sign_in(number)  # known from now on
    for each in (number, next(FRESH)):
        browser = phone()
        browser.get("/khai-bao")
        browser.post("/khai-bao/tra-cuu", phone=each)
        said.append((browser.page.status_code, re.sub(r'[•\d]{6,}|value="[^"]*"', "", browser.page.text)))
    assert said[0] == said[1]


def test_five_wrong_codes_use_a_code_up(phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.get("/khai-bao")
    browser.post("/khai-bao/tra-cuu", phone=next(FRESH))
    right = browser.code()
    wrong = "0000" if right != "0000" else "1111"
    for _ in range(5):
        assert browser.post("/khai-bao/otp", code=wrong).status_code == 400
    assert browser.post("/khai-bao/otp", code=right).status_code == 400


def test_a_code_is_bound_to_phone_purpose_and_time(office: Office) -> None:
    def sent() -> str:
        from province import sms

        return re.findall(r"\d{4}", sms.outbox(office.db, office.authority, NOW)[0].text)[0]

    otp.send(office.db, office.authority, "+84905000001", "declare", NOW)
    code = sent()
    good = (office.db, office.authority)
    assert not otp.check(*good, "+84905000002", "declare", code, NOW)
    assert not otp.check(*good, "+84905000001", "arrive", code, NOW)
    assert not otp.check(*good, "+84905000001", "declare", code, NOW + 5 * MINUTE)
    assert not otp.check(*good, "+84905000001", "declare", code, NOW - 24 * 60 * MINUTE)  # the clock went back: no longer life
    assert otp.check(*good, "+84905000001", "declare", code, NOW + 4 * MINUTE)
    assert not otp.check(*good, "+84905000001", "declare", code, NOW + 4 * MINUTE)  # once


def test_a_phone_is_not_flooded_with_messages(office: Office) -> None:
    for _ in range(10):
        otp.send(office.db, office.authority, "+84905000001", "declare", NOW)
    assert len(office.rows("sms")) == otp.MOST
    otp.send(office.db, office.authority, "+84905000001", "declare", NOW + otp.WINDOW_MS)
    assert len(office.rows("sms")) == otp.MOST + 1


def test_signing_in_gives_a_new_cookie(phone: Callable[[], Phone]) -> None:
    browser = phone()
    planted = "A" * 43
    browser.session.cookies.set("__Host-hue-citizen", planted, domain="localhost.local", path="/", secure=True)
    number = next(FRESH)
    browser.sign_in(number)
    first = browser.session.cookies.get_dict()["__Host-hue-citizen"]
    assert first != planted
    browser.post("/khai-bao/thoat")
    browser.sign_in(number)
    assert browser.session.cookies.get_dict()["__Host-hue-citizen"] != first


def test_a_session_ends_by_time_and_when_the_clock_goes_back(office: Office) -> None:
    session = sessions.begin(office.db, "unit", "x", {"a": 1}, NOW)
    assert sessions.load(office.db, session.token, NOW + MINUTE) == session
    assert sessions.load(office.db, session.token, NOW - 60 * MINUTE) is None
    assert sessions.load(office.db, session.token, NOW + 13 * 60 * MINUTE) is None
    assert sessions.load(office.db, "x" * 43, NOW) is None and sessions.load(office.db, "", NOW) is None


def test_the_database_alone_does_not_open_a_session(office: Office) -> None:
    sessions.begin(office.db, "citizen", "", {"phone": "+84905123456"}, NOW)
    assert b"905123456" not in repr(office.rows("session")).encode()


@pytest.mark.parametrize("fields", [{"csrf": ""}, {"csrf": "x" * 24}])
def test_a_form_of_another_site_is_refused(phone: Callable[[], Phone], fields: dict[str, str]) -> None:
    browser = phone()
    browser.get("/khai-bao")
    assert browser.post("/khai-bao/tra-cuu", fields, phone=next(FRESH)).status_code == 403


def test_a_foreign_origin_is_refused_even_with_the_token(phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.get("/khai-bao")
    browser.session.headers["Origin"] = "https://evil.example"
    assert browser.post("/khai-bao/tra-cuu", phone=next(FRESH)).status_code == 403


def test_no_parameter_leads_away(phone: Callable[[], Phone]) -> None:
    browser = phone()
    for path in ("/khai-bao?next=https://evil.example", "/khai-bao/to-khai?then=//evil.example", "/khai-bao//evil.example"):
        assert "evil.example" not in browser.get(path).url.partition("?")[0].replace(path, "")
        assert all("evil" not in r.headers.get("location", "") for r in browser.page.history)


def test_an_oversize_form_is_refused_and_nothing_is_kept(server: Server, phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    before = rows(server, "SELECT count(*) FROM web_record")
    assert browser.declare(full_name="x" * 70_000).status_code == 413
    assert rows(server, "SELECT count(*) FROM web_record") == before


def test_a_picture_may_be_large_where_one_is_asked_for_and_nowhere_else(server: Server, phone: Callable[[], Phone]) -> None:
    browser, where = phone(), place_code(server)
    browser.get(where)
    form = browser.hidden()

    def send(path: str, size: int) -> int:
        files = {"picture": ("a.jpg", bytes(size), "image/jpeg")}
        return browser.session.post(browser.url + path, form, files=files, timeout=30).status_code

    assert send(where, 200_000) == 400  # looked at: no code
    assert send("/khai-bao/tra-cuu", 200_000) == 413
    assert send(where, (12 << 20) + 1) == 413


def test_every_page_carries_the_headers_that_keep_it_safe(phone: Callable[[], Phone]) -> None:
    browser = phone()
    for path in ("/dan", "/khai-bao", "/don-vi", "/nowhere", "/khai-bao/to-khai"):
        headers = browser.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"] and headers["x-content-type-options"] == "nosniff"
        assert "'unsafe" not in headers["content-security-policy"] and headers["cache-control"] == "no-store"
        head = browser.session.head(browser.url + path, allow_redirects=False, timeout=30)
        same = browser.session.get(browser.url + path, allow_redirects=False, timeout=30)
        assert (head.status_code, head.content, head.headers.get("content-type")) == (
            same.status_code,
            b"",
            same.headers.get("content-type"),
        )


# -- arriving ---------------------------------------------------------------------------------------------------------------


def test_an_arrival_is_confirmed_once_and_the_station_s_kiosks_learn_of_it(server: Server, phone: Callable[[], Phone]) -> None:
    code, browser = place_code(server), phone()
    assert "Xác nhận điểm đến" in browser.get(code).text and "<b>chính" not in browser.page.text
    browser.post(code, phone=next(FRESH))
    browser.post("/khai-bao/otp", code=browser.code())
    assert browser.page.url.endswith(code) and "phone" not in browser.hidden()
    done = browser.post(code)
    assert done.url.endswith("/xong")
    first = re.findall(r'class="time">(\d\d:\d\d)<', done.text)
    assert len(first) == 1
    assert re.findall(r'class="time">(\d\d:\d\d)<', browser.post(code).text) in ([], first)
    browser.get(code)
    assert re.findall(r'class="time">(\d\d:\d\d)<', browser.post(code).text) == first  # again: the same arrival
    visits = rows(server, "SELECT source, verdict, kiosk_id, voided FROM visit WHERE kiosk_id = 'web'")
    assert visits == [("poster", "came_by_poster", "web", 0)]
    assert rows(server, "SELECT count(*) FROM feed_row WHERE kind = 'arrival'") == [(1,)]


def test_a_pass_that_the_phone_keeps_stands_for_its_number(server: Server, phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.sign_in(next(FRESH))
    browser.declare()
    text = browser.passes()[0]
    other, code = phone(), place_code(server, "1975001Y")
    other.get(code)
    assert (done := other.post(code, phone=text)).url.endswith("/xong") and "Khai tại đây" in done.text
    browser.get(code)
    assert "mở mã QR" in browser.post(code).text and "/khai-bao/ma/1" in browser.page.text, "who declared is not asked to again"
    third = phone()
    third.get(code)
    assert third.post(code, phone=text[:-3] + "AAA").status_code == 400


def test_a_code_with_a_wrong_mac_is_no_place_and_a_withdrawn_one_says_so(server: Server, phone: Callable[[], Phone]) -> None:
    code, browser = place_code(server, "1975001X"), phone()
    assert browser.get(code[:-1] + ("A" if code[-1] != "A" else "B")).status_code == 404
    place_code(server, "1975001X", withdrawn=True)
    assert "đã thu hồi" in browser.get(code).text


# -- accounts ---------------------------------------------------------------------------------------------------------------


def test_a_wrong_password_costs_time_and_says_nothing(office: Office) -> None:
    accounts.add(office.db, "phuong-tl", "mat-khau-dai-1", "unit", NOW, scope="commune:19750")
    for _ in range(accounts.TRIES):
        assert accounts.sign_in(office.db, "phuong-tl", "sai-mat-khau", NOW) is None
    assert accounts.sign_in(office.db, "phuong-tl", "mat-khau-dai-1", NOW + 14_000) is None
    assert accounts.sign_in(office.db, "phuong-tl", "mat-khau-dai-1", NOW + 15_000) is not None
    assert accounts.sign_in(office.db, "nobody", "mat-khau-dai-1", NOW) is None


@pytest.mark.parametrize(
    ("scope", "station", "seen"),
    [
        ("commune:19750", STATION, True),
        ("commune:19753", STATION, False),
        ("district:474", STATION, True),
        ("district:476", STATION, False),
        (f"station:{STATION}", STATION, True),
        (f"station:{STATION}", "46-474-19750-02", False),
    ],
)
def test_a_unit_sees_its_own_stations_alone(office: Office, scope: str, station: str, seen: bool) -> None:
    accounts.add(office.db, "don-vi", "mat-khau-dai-1", "unit", NOW, scope=scope)
    found = accounts.get(office.db, "don-vi")
    assert found is not None and found.sees(station) is seen


def test_a_closed_account_is_out_at_once(office: Office) -> None:
    accounts.add(office.db, "don-vi", "mat-khau-dai-1", "unit", NOW, scope="commune:19750")
    session = sessions.begin(office.db, "unit", "don-vi", {}, NOW)
    accounts.change(office.db, "don-vi", state="closed")
    assert sessions.load(office.db, session.token, NOW) is None
    assert accounts.live(office.db, "don-vi", settings.now()) is None


# -- units --------------------------------------------------------------------------------------------------------------------


def unit(server: Server, browser: Phone, name: str, scope: str) -> Phone:
    db = Database(server.home.url)
    accounts.add(db, name, "mat-khau-dai-1", "unit", settings.now(), scope=scope, unit="UBND phường Tây Lộc")
    db.close()
    browser.get("/don-vi")
    browser.post("/don-vi", username=name, password="mat-khau-dai-1")
    return browser


def test_a_unit_registers_waits_signs_in_and_keeps_its_places(server: Server, phone: Callable[[], Phone]) -> None:
    browser = phone()
    browser.get("/don-vi/dang-ky")
    browser.post("/don-vi/dang-ky", unit="UBND", name="Lê A", commune="19750", username="tay-loc", password="mat-khau-dai-1")
    assert "Đã gửi đăng ký" in browser.page.text
    browser.get("/don-vi")
    assert browser.post("/don-vi", username="tay-loc", password="mat-khau-dai-1").status_code == 400  # not let in yet
    db = Database(server.home.url)
    accounts.change(db, "tay-loc", state="active")
    db.close()
    browser.get("/don-vi")
    assert "Thêm mới địa điểm" in browser.post("/don-vi", username="tay-loc", password="mat-khau-dai-1").text
    browser.get("/don-vi/dia-diem/moi")
    assert browser.post("/don-vi/dia-diem/moi", station=STATION, name="", kind="entrance").status_code == 400
    browser.post("/don-vi/dia-diem/moi", station=STATION, name="Cổng trường Tây Lộc", kind="entrance", spot="bên trái")
    assert "Mẫu QR" in browser.page.text
    place = re.findall(r"<code>(\w+)</code>", browser.page.text)[0]
    for kind, magic in (("ma.png", b"\x89PNG"), ("ma.svg", b"<?xml"), ("bang.pdf", b"%PDF")):
        assert browser.session.get(f"{browser.url}/don-vi/dia-diem/{place}/{kind}", timeout=30).content.startswith(magic)
    assert place in browser.get("/don-vi/dia-diem?q=cong truong").text
    browser.get(f"/don-vi/dia-diem/{place}")
    browser.post(f"/don-vi/dia-diem/{place}", name="Cổng sau", kind="exit")
    assert "Cổng sau" in browser.page.text and "Lối ra" in browser.page.text
    browser.post(f"/don-vi/dia-diem/{place}/xoa")
    assert place not in browser.page.text


def test_other_units_places_are_as_good_as_none(server: Server, phone: Callable[[], Phone]) -> None:
    place_code(server, "1975001W")
    stranger = unit(server, phone(), "stranger", "commune:19753")
    assert stranger.get("/don-vi/dia-diem/1975001W").status_code == 404
    assert "1975001W" not in stranger.get("/don-vi/dia-diem").text
    stranger.get("/don-vi/dia-diem/moi")
    assert stranger.post("/don-vi/dia-diem/moi", station=STATION, name="x", kind="exit").status_code == 400
    assert stranger.post("/don-vi/dia-diem/1975001W/xoa").status_code == 404


def test_without_a_campaign_people_are_told_to_come_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = Server(make_home(tmp_path_factory.mktemp("bare") / "province"))
    browser = Phone(own.url, str(own.home.ca), own.home)
    browser.sign_in(next(FRESH))
    db = Database(own.home.url)
    with db.write() as conn:
        conn.exec_driver_sql("DELETE FROM campaign_day")
        conn.exec_driver_sql("DELETE FROM campaign")
    db.close()
    assert browser.get("/khai-bao/to-khai").status_code == 503 and "Máy chủ đang bận" in browser.page.text
    browser.session.close()
    own.stop()
