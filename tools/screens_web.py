"""`make screens`: the province's pages in a real browser, scripts off, each at phone width and beside it at desk width. The people are
invented."""

import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402

from province import accounts, authority, enrol, settings  # noqa: E402
from province.cli import main as province  # noqa: E402
from province.db import Database  # noqa: E402
from tests.browser.conftest import CHROMIUM, DESK, PASSWORD, PHONE, QUIET  # noqa: E402
from tests.browser.test_letter import code, fill, go  # noqa: E402
from tests.browser.test_officials import DAY, Desk  # noqa: E402
from tests.province import test_conflicts as contradictions  # noqa: E402
from tests.province.conftest import Server, make_home  # noqa: E402
from tests.province.test_official_pages import declared  # noqa: E402
from tests.province.test_web_people import place_code, rows  # noqa: E402
from tests.wire import STATION, Kiosk  # noqa: E402

OUT = ROOT / "docs" / "screens"
SMALLER, GAP, TALLEST = 0.6, 24, 2600


def shot(page: Any, name: str) -> None:
    """One picture: the page on a phone, and the same page at a desk, smaller."""
    views = []
    for view in (PHONE, DESK):
        page.set_viewport_size(view)
        views.append(Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB"))
    phone, desk = views
    desk = desk.resize((round(desk.width * SMALLER), round(desk.height * SMALLER)), Image.Resampling.LANCZOS)
    high = min(max(phone.height, desk.height), TALLEST)
    sheet = Image.new("RGB", (phone.width + GAP + desk.width, high), "#cbd5e1")
    sheet.paste(phone, (0, 0))
    sheet.paste(desk, (phone.width + GAP, 0))
    file = OUT / f"web-{name}.png"
    sheet.quantize(32).save(file, optimize=True)
    print(file.relative_to(ROOT))


def citizens(visit: Any, site: Server, where: str) -> None:
    page = visit("/dan")
    shot(page, "home")
    page.goto(site.url + "/khai-bao")
    shot(page, "phone")
    page.get_by_label("Số điện thoại của bạn").fill("0905 123 456")
    go(page, page.get_by_role("button", name="Tra cứu"))
    shot(page, "code")
    page.get_by_label("Mã xác thực").fill(code(site))
    go(page, page.get_by_role("button", name="Xác nhận"))
    shot(page, "declare")
    go(page, page.get_by_role("button", name="Cập nhật"))
    shot(page, "declare-errors")
    fill(page)
    go(page, page.get_by_role("button", name="Cập nhật"))
    shot(page, "pass")
    go(page, page.get_by_role("link", name="Nhật ký"))
    shot(page, "diary")
    shot(visit(where), "arrive")
    page.goto(site.url + where)
    go(page, page.get_by_role("button", name="Xác nhận điểm đến"))
    shot(page, "arrived")
    page.goto(site.url + "/khong-co")
    shot(page, "refused")


def units(visit: Any, site: Server) -> None:
    page = visit("/don-vi")
    shot(page, "unit-door")
    page.goto(site.url + "/don-vi/dang-ky")
    shot(page, "unit-register")
    page.goto(site.url + "/don-vi")
    page.get_by_label("Tên đăng nhập").fill("tay-loc")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    go(page, page.get_by_role("button", name="Đăng nhập"))
    shot(page, "places")
    go(page, page.get_by_role("link", name="Xem mẫu QR").first)
    shot(page, "place-code")
    page.goto(site.url + "/don-vi/dia-diem/moi")
    shot(page, "place-form")


def people_there(site: Server, where: str) -> str:
    """Somebody with symptoms among three who were there at the same time; the pass of the first."""
    passes = []
    for name, number, more in (
        ("Lê Thị Ca", "046183000901", {"symptoms.fever": "yes", "symptoms.cough": "yes"}),
        ("Phạm Văn Gần", "046183000902", {}),
        ("Hồ Thị Bên", "046183000903", {}),
    ):
        voter = declared(site, full_name=name, id_number=number, **more)
        passes += voter.passes()
        voter.get(where)
        voter.post(where)
        voter.session.close()
    rows(site, "SELECT 1")
    return passes[0]


def officials(visit: Any, site: Server, where: str) -> None:
    shot(visit("/can-bo"), "official-door")
    held = people_there(site, where)
    asker = Desk(visit, site, "nguyen-thi-dieu", "lookup", "trace", "desk", taken=lambda page: shot(page, "official-code"))
    releaser = Desk(visit, site, "tran-van-duyet", "release")
    page = asker.page
    shot(page, "official-desk")
    asker.open("KIỂM TRA KẾT QUẢ")
    page.locator("#number").fill("046183000901")
    page.locator("#reason").fill("cửa số 1 hỏi")
    go(page, page.get_by_role("button", name="Tra cứu"))
    shot(page, "check-number")
    page.locator("#code").fill(held)
    page.locator("#reason-code").fill("đối chiếu tại cửa")
    go(page, page.get_by_role("button", name="Xem").last)
    shot(page, "check-code")
    page.goto(site.url + "/can-bo/truy-vet")
    page.locator("#subject").fill("046183000901")
    page.locator("#since").fill(DAY)
    page.locator("#reason").fill("kết quả dương tính, phiếu 117")
    page.locator("#code").fill(asker.factor())
    go(page, page.get_by_role("button", name="Yêu cầu truy vết"))
    case = page.url
    releaser.page.goto(case)
    shot(releaser.page, "trace-release")
    releaser.page.locator("#code").fill(releaser.factor())
    go(releaser.page, releaser.page.get_by_role("button", name="Duyệt").first)
    page.goto(case)
    page.get_by_text(re.compile("người cùng nơi, cùng lúc")).wait_for()
    shot(page, "trace")
    page.goto(site.url + "/can-bo/truy-vet")
    shot(page, "traces")
    for path, name in (("trai-nhau", "conflicts"), ("hop-thu", "outbox"), ("don-vi", "units"), ("nhat-ky", "log")):
        page.goto(f"{site.url}/can-bo/{path}")
        shot(page, name)
    administrator = Desk(visit, site, "pham-quan-tri", role="administrator").page
    administrator.goto(site.url + "/can-bo/quyen")
    shot(administrator, "rights")
    page.goto(site.url + "/")
    shot(page, "stations")


def main() -> int:
    if CHROMIUM is None:
        print("no Chromium here: pictures of the web pages were not taken", file=sys.stderr)
        return 0
    from playwright.sync_api import sync_playwright

    home = make_home(Path(tempfile.mkdtemp()) / "province")
    other = ["--code", contradictions.OTHER, "--name", "Khu vực bỏ phiếu số 2", "--commune", "19750"]
    province(["station", "add", "--home", str(home.path), *other])
    site, db = Server(home), Database(home.url)
    accounts.add(db, "tay-loc", PASSWORD, "unit", settings.now(), scope="commune:19750", unit="UBND phường Tây Lộc")
    accounts.add(db, "thuan-loc", PASSWORD, "unit", settings.now(), scope="commune:19753", unit="UBND phường Thuận Lộc", state="pending")
    contradictions.fill(SimpleNamespace(db=db, home=home))  # type: ignore[arg-type]
    laptop = Kiosk(site.post, enrol.new_code(db, authority.load(home), STATION, settings.now(), 10)[0])
    morning = laptop.epoch()
    laptop.visits(morning, 214)
    laptop.send(morning.span(), openings=[morning])
    db.close()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)

        def visit(path: str, scripts: bool = False, view: dict[str, int] = PHONE) -> Any:
            context = browser.new_context(ignore_https_errors=True, viewport=view, java_script_enabled=scripts, locale="vi-VN")
            page = context.new_page()
            page.goto(site.url + path)
            return page

        where = place_code(site, name="Trường tiểu học Tây Lộc, cổng chính")
        citizens(visit, site, where)
        units(visit, site)
        officials(visit, site, where)
        browser.close()
    site.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
