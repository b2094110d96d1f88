"""The letter's procedures, walked in a real browser by the labels that the letter prints. One test a procedure.

Scripts are off: an old phone must do.
"""

import re
from collections.abc import Callable
from typing import Any

from kiosk.domain.form import form
from tests.browser.conftest import DESK, PASSWORD
from tests.province.conftest import Server
from tests.province.test_web_people import FRESH, place_code
from tests.province.web import Phone, answers

Visit = Callable[..., Any]


def code(site: Server) -> str:
    """The newest SMS, from the operator's outbox."""
    return Phone(site.url, str(site.home.ca), site.home).code()


def go(page: Any, what: Any) -> None:
    """Presses what leads to another page, and waits for that page."""
    with page.expect_navigation():
        what.click()


def fill(page: Any, **more: str) -> None:
    for name, value in {**answers(), **more}.items():
        box = page.locator(f'[name="{name}"]')
        kind = box.first.get_attribute("type") if box.count() else None
        if box.count() == 0:
            continue
        if kind == "radio":
            page.check(f'[name="{name}"][value="{value}"]')
        elif name.endswith("ward_code"):
            box.select_option(value)
        else:
            box.fill(value)


def sign_in(page: Any, site: Server) -> None:
    page.get_by_label("Số điện thoại của bạn").fill(next(FRESH))
    go(page, page.get_by_role("button", name="Tra cứu"))
    page.get_by_label("Mã xác thực").fill(code(site))
    go(page, page.get_by_role("button", name="Xác nhận"))


def test_annex_2_part_1_khai_moi_and_khai_bo_sung(visit: Visit, site: Server) -> None:
    page = visit("/dan", scripts=False)
    go(page, page.get_by_role("link", name="Khai báo y tế toàn dân"))
    sign_in(page, site)
    fill(page)
    go(page, page.get_by_role("button", name="Cập nhật"))
    assert "Mã QR của bạn" in page.inner_text("h1")
    page.goto(site.url + "/khai-bao/to-khai")
    go(page, page.get_by_role("link", name="Khai bổ sung"))
    assert page.input_value('[name="full_name"]') == "Trần Thị Mẫu"
    assert page.locator('input[type="radio"][name^="symptoms"]:checked').count() == 0
    fill(page)
    go(page, page.get_by_role("button", name="Cập nhật"))
    assert "Mã QR của bạn" in page.inner_text("h1")


def test_annex_2_part_2_on_the_web_with_a_code_by_sms_and_a_qr_to_keep(visit: Visit, site: Server) -> None:
    page = visit("/khai-bao", scripts=False)
    sign_in(page, site)
    assert page.get_by_role("link", name="Khai mới").get_attribute("aria-current") == "page"
    assert [page.locator(f'[name="symptoms.{q.value}"]').count() for q in form().symptoms] == [2] * 6
    go(page, page.get_by_role("button", name="Cập nhật"))  # nothing answered: every field says what it needs
    assert page.locator(".error").count() >= 10 and page.get_by_text("Cần hỏi và chọn Có hoặc Không").count() == 9
    fill(page)
    go(page, page.get_by_role("button", name="Cập nhật"))
    assert page.locator("svg.qr").is_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Lưu ảnh").click()
    assert saved.value.suggested_filename.endswith(".png")


def test_annex_2_parts_3_and_4_khai_ho_for_a_family(visit: Visit, site: Server) -> None:
    page = visit("/khai-bao", scripts=False)
    sign_in(page, site)
    for name in ("Lê Văn Ông", "Lê Thị Bà"):
        page.goto(site.url + "/khai-bao/to-khai")
        go(page, page.get_by_role("link", name="Khai hộ"))
        fill(page, full_name=name, phone="", id_number="", birth_date="1941", proxy_reason="no_phone")
        page.check('[name="no_phone"]')
        go(page, page.get_by_role("button", name="Cập nhật"))
        assert page.locator("svg.qr").is_visible(), page.locator(".error").all_inner_texts()
    go(page, page.get_by_role("link", name="Nhật ký"))
    assert page.get_by_text("(khai hộ)").count() == 2


def test_annex_1_units_register_and_keep_their_places(visit: Visit, site: Server) -> None:
    page = visit("/don-vi", scripts=False, view=DESK)
    assert page.get_by_role("link", name="Đăng ký").is_visible()
    page.get_by_label("Tên đăng nhập").fill("tay-loc")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    go(page, page.get_by_role("button", name="Đăng nhập"))
    go(page, page.get_by_role("link", name="Thêm mới địa điểm"))
    page.get_by_label("Tên địa điểm").fill("Trường tiểu học Tây Lộc")
    page.get_by_label("Lối vào").check()
    page.get_by_label("Vị trí bảng QR").fill("trước cổng chính")
    go(page, page.get_by_role("button", name="Lưu"))
    assert page.locator("svg.qr").is_visible()
    go(page, page.get_by_role("link", name="Danh sách"))
    for label in ("Xem mẫu QR", "Chỉnh sửa"):
        assert page.get_by_role("link", name=label).first.is_visible()
    page.get_by_role("link", name="Chỉnh sửa").first.click()
    page.get_by_label("Tên địa điểm").fill("Trường Tây Lộc, cổng sau")
    go(page, page.get_by_role("button", name="Lưu"))
    assert page.get_by_text("cổng sau").count() == 1
    page.get_by_text("Xóa").first.click()
    page.get_by_role("button", name=re.compile("^Xóa")).first.click()
    assert page.get_by_text("cổng sau").count() == 0


def test_annex_1_voters_confirm_their_arrival_and_are_remembered(visit: Visit, site: Server) -> None:
    where = place_code(site)
    page = visit(where, scripts=False)
    page.get_by_label("Số điện thoại của bạn").fill(next(FRESH))
    go(page, page.get_by_role("button", name="Xác nhận điểm đến"))
    page.get_by_label("Mã xác thực").fill(code(site))
    go(page, page.get_by_role("button", name="Xác nhận"))
    go(page, page.get_by_role("button", name="Xác nhận điểm đến"))
    time = page.locator(".time")
    assert re.fullmatch(r"\d\d:\d\d", time.inner_text())
    assert time.bounding_box()["height"] >= 90 and page.locator(".colour").is_visible()
    page.goto(site.url + where)
    assert page.get_by_label("Số điện thoại").count() == 0


def test_pages_are_small(visit: Visit, site: Server) -> None:
    """All bytes of a first visit: the arrival page under 30 KB, the declaration under 100 KB."""

    def weigh(page: Any, path: str) -> int:
        sizes: list[int] = []
        page.on("response", lambda answer: sizes.append(len(answer.body()) + sum(len(k) + len(v) + 4 for k, v in answer.headers.items())))
        page.goto(site.url + path, wait_until="networkidle")
        assert len(sizes) >= 2  # the page and its style sheet
        return sum(sizes)

    arrival = weigh(visit("/health"), place_code(site))
    page = visit("/khai-bao", scripts=False)
    sign_in(page, site)
    form_ = weigh(page, "/khai-bao/to-khai")
    print(f"\narrival {arrival} bytes, declaration {form_} bytes")
    assert arrival < 30_000 and form_ < 100_000


def test_axe_finds_no_serious_fault(visit: Visit, site: Server) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit("/dan")
    where = place_code(site)
    checked: list[str] = []

    def check(name: str) -> None:
        found = Axe().run(page).response["violations"]
        serious = [f"{name}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")]
        assert serious == []
        checked.append(name)

    check("home")
    page.goto(site.url + where)
    check("arrive")
    page.goto(site.url + "/khai-bao")
    check("phone")
    sign_in(page, site)
    check("form")
    go(page, page.get_by_role("button", name="Cập nhật"))
    check("form with errors")
    fill(page)
    go(page, page.get_by_role("button", name="Cập nhật"))
    check("pass")
    page.goto(site.url + where)
    go(page, page.get_by_role("button", name="Xác nhận điểm đến"))
    check("arrived")
    for path in ("/khai-bao/nhat-ky", "/don-vi", "/don-vi/dang-ky", "/nowhere"):
        page.goto(site.url + path)
        check(path)
    page.goto(site.url + "/don-vi")
    page.get_by_label("Tên đăng nhập").fill("tay-loc")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    go(page, page.get_by_role("button", name="Đăng nhập"))
    check("places")
    page.goto(site.url + "/don-vi/dia-diem/moi")
    check("new place")
    assert len(checked) == 13
