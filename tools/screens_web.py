"""`make screens`: the province's pages in a real browser, phone and desk width, with scripts off. The people are invented."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402

from province import accounts, settings  # noqa: E402
from province.db import Database  # noqa: E402
from tests.browser.conftest import CHROMIUM, DESK, PASSWORD, PHONE, QUIET  # noqa: E402
from tests.browser.test_letter import fill, sign_in  # noqa: E402
from tests.province.conftest import Server, make_home  # noqa: E402
from tests.province.test_web_people import place_code  # noqa: E402

OUT = ROOT / "docs" / "screens"


def shot(page: object, name: str) -> None:
    file = OUT / f"web-{name}.png"
    page.screenshot(path=str(file), full_page=True)  # type: ignore[attr-defined]
    Image.open(file).convert("RGB").quantize(64).save(file, optimize=True)
    print(file.relative_to(ROOT))


def main() -> int:
    if CHROMIUM is None:
        print("no Chromium here: pictures of the web pages were not taken", file=sys.stderr)
        return 0
    from playwright.sync_api import sync_playwright

    site = Server(make_home(Path(tempfile.mkdtemp()) / "province"))
    db = Database(site.home.url)
    accounts.add(db, "tay-loc", PASSWORD, "unit", settings.now(), scope="commune:19750", unit="UBND phường Tây Lộc")
    accounts.add(db, "can-bo", PASSWORD, "official", settings.now(), name="Lê Văn Trực")
    db.close()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        where = place_code(site, name="Trường tiểu học Tây Lộc, cổng chính")
        phone = browser.new_context(ignore_https_errors=True, viewport=PHONE, java_script_enabled=False).new_page()
        phone.goto(site.url + "/dan")
        shot(phone, "home")
        phone.goto(site.url + "/khai-bao")
        shot(phone, "phone")
        sign_in(phone, site)
        shot(phone, "declare")
        fill(phone)
        phone.get_by_role("button", name="Cập nhật").click()
        shot(phone, "pass")
        phone.goto(site.url + where)
        shot(phone, "arrive")
        phone.get_by_role("button", name="Xác nhận điểm đến").click()
        shot(phone, "arrived")
        desk = browser.new_context(ignore_https_errors=True, viewport=DESK, java_script_enabled=False).new_page()
        desk.goto(site.url + "/don-vi")
        desk.get_by_label("Tên đăng nhập").fill("tay-loc")
        desk.get_by_label("Mật khẩu").fill(PASSWORD)
        desk.get_by_role("button", name="Đăng nhập").click()
        shot(desk, "places")
        desk.get_by_role("link", name="Xem mẫu QR").first.click()
        shot(desk, "place-code")
        desk.goto(site.url + "/can-bo")
        shot(desk, "official-door")
        desk.goto(site.url + "/")
        shot(desk, "stations")
        browser.close()
    site.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
