"""Officials in a real browser: annex 2, parts 5 and 6, and a trace from request to PDF with two of them, each in a browser of their own."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyotp
import pypdf
import segno

from kiosk.domain.form import form
from province import accounts, actlog, officials, settings
from province.db import Database
from tests.browser.conftest import DESK, PASSWORD, PHONE
from tests.browser.test_letter import go
from tests.province.conftest import Server
from tests.province.test_official_pages import declared
from tests.province.test_web_people import place_code, rows

Visit = Callable[..., Any]


def sound(page: Any) -> None:
    """axe-core finds no serious fault on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [f"{v['id']} {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")] == [], page.url


DAY = "2021-05-24"  # the last campaign day: the machine's own clock is past it


class Desk:
    """Somebody of the Department in a browser, signed in with both factors."""

    def __init__(
        self,
        visit: Visit,
        site: Server,
        name: str,
        *rights: str,
        view: dict[str, int] = DESK,
        role: str = "official",
        taken: Callable[[Any], None] = lambda _page: None,
    ) -> None:
        """`taken`: is shown the page of the second factor."""
        db, now = Database(site.home.url), settings.now()
        if accounts.get(db, "so-tttt") is None:
            accounts.add(db, "so-tttt", PASSWORD, "administrator", now)
        accounts.add(db, name, PASSWORD, role, now)
        officials.grant(db, "so-tttt", name, rights, now, "phân công")
        db.close()
        self.page = visit("/can-bo", view=view)
        self.page.get_by_label("Tên đăng nhập").fill(name)
        self.page.get_by_label("Mật khẩu").fill(PASSWORD)
        go(self.page, self.page.get_by_role("button", name="Đăng nhập"))
        self.secret = re.findall(r"<code>([A-Z2-7]{32})</code>", self.page.content())[0]
        taken(self.page)
        self.page.locator("#code").fill(self.factor(-1))
        go(self.page, self.page.get_by_role("button").first)

    def factor(self, ahead: int = 0) -> str:
        """A code not used before: steps around now, each once."""
        return pyotp.TOTP(self.secret).at(settings.now() // 1000 + 30 * ahead)

    def open(self, link: str) -> None:
        go(self.page, self.page.get_by_role("link", name=link))


def picture(code: str) -> bytes:
    """A photograph of a pass, PNG: the code on a grey table, turned a little."""
    out = BytesIO()
    segno.make(code, error="q", micro=False).save(out, kind="png", scale=6, border=4)
    image = cv2.imdecode(np.frombuffer(out.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    table = np.full((960, 1280), 150, np.uint8)
    table[100 : 100 + image.shape[0], 300 : 300 + image.shape[1]] = image
    turned = cv2.warpAffine(table, cv2.getRotationMatrix2D((640, 480), 7, 1), (1280, 960), borderValue=150)
    return bytes(cv2.imencode(".png", turned)[1])


def film(code: str, file: Path) -> None:
    """Half a second of a table, then the pass on it: what a camera sees."""
    shown = cv2.resize(cv2.imdecode(np.frombuffer(picture(code), np.uint8), cv2.IMREAD_COLOR), (640, 480))
    empty = np.full_like(shown, 150)
    frames = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in (empty, shown)]
    file.write_bytes(frames[0] * 5 + frames[1] * 60)


def voter_with_pass(site: Server, **more: str) -> str:
    voter = declared(site, **more)
    code = voter.passes()[0]
    voter.session.close()
    return code


def acts(site: Server, account: str) -> list[str]:
    db = Database(site.home.url)
    out = [line.what for line in actlog.lines(db, account)]
    assert actlog.verify(db) == []
    db.close()
    return out


def test_annex_2_part_5_the_checker_opens_a_pass_by_picture_and_by_camera(
    visit: Visit, site: Server, before_the_camera: Path, tmp_path: Path
) -> None:
    code = voter_with_pass(site, full_name="Võ Văn Mã", id_number="046083000555", gender="M", **{"symptoms.cough": "yes"})
    desk = Desk(visit, site, "kiem-ma", "lookup", "desk", view=PHONE)
    page = desk.page
    desk.open("KIỂM TRA KẾT QUẢ")
    photo = tmp_path / "mã.png"
    photo.write_bytes(picture(code))
    page.get_by_label("Ảnh chụp mã QR").set_input_files(photo)
    page.get_by_text("Đã đọc mã").wait_for()
    assert page.locator("#code").input_value() == code
    page.locator("#reason-code").fill("đối chiếu")
    go(page, page.get_by_role("button", name="Xem"))
    shown = page.inner_text("main")
    assert "Võ Văn Mã" in shown and "Hộ khẩu" not in shown  # no address on this screen
    for particular in ("Ngày sinh", "Giới tính", "Điện thoại", "Quốc gia", "Dân tộc", "Tôn giáo", "Tình trạng hôn nhân", "Nghề nghiệp"):
        assert particular in shown, particular
    sound(page)
    assert [page.locator("table.answers").nth(n).locator("tr").count() for n in (0, 1)] == [3, 6]
    assert page.locator("table.answers").nth(1).locator("tr", has_text="Ho").first.locator("td").inner_text() == "Có"
    film(code, before_the_camera)
    page.get_by_role("button", name="Mở máy ảnh").click()
    page.get_by_text("Đã đọc mã").wait_for()
    assert page.locator("#code").input_value() == code and page.locator("video").is_hidden()
    page.locator("#reason-code").fill("đối chiếu lần hai")
    go(page, page.get_by_role("button", name="Xem"))
    assert "Võ Văn Mã" in page.inner_text("main")
    for path in ("ban", "nhat-ky", "trai-nhau", "hop-thu"):
        page.goto(f"{site.url}/can-bo/{path}")
        sound(page)
    assert acts(site, "kiem-ma").count("opened_pass") == 2  # reading a picture opens nothing


def test_annex_1_voters_confirm_with_a_pass_by_picture_without_scripts_and_by_camera(
    visit: Visit, site: Server, before_the_camera: Path, tmp_path: Path
) -> None:
    code = voter_with_pass(site, full_name="Võ Thị Ảnh", id_number="046083000556")
    photo = tmp_path / "pass.png"
    photo.write_bytes(picture(code))
    where = place_code(site, "1975001P")

    def by_picture() -> Any:
        page = visit(where, scripts=False)
        page.get_by_label("Ảnh chụp mã QR").set_input_files(photo)
        go(page, page.get_by_role("button", name="Xác nhận bằng mã"))
        return page

    assert re.fullmatch(r"\d\d:\d\d", by_picture().locator(".time").inner_text())
    photo.write_bytes(picture("https://example.vn"))
    page = by_picture()
    assert page.get_by_text("Không thấy mã HU1: trong ảnh").is_visible() and page.locator(".time").count() == 0
    film(code, before_the_camera)
    page = visit(where)
    page.get_by_role("button", name="Mở máy ảnh").click()
    page.get_by_text("Đã đọc mã").wait_for()
    go(page, page.get_by_role("button", name="Xác nhận bằng mã"))
    assert page.locator(".time").is_visible() and page.locator(".colour").is_visible()


def test_annex_2_part_6_kiem_tra_kbyt_trong_tinh_by_number(visit: Visit, site: Server) -> None:
    declared(site, full_name="Phan Thị Kiểm", id_number="046183000777", **{"symptoms.cough": "yes"}).session.close()
    declared(site, full_name="Phan Thị Khỏe", id_number="046183000778").session.close()
    desk = Desk(visit, site, "kiem-tra", "lookup")
    page = desk.page
    desk.open("KIỂM TRA KẾT QUẢ")
    assert page.get_by_role("heading", name="KIỂM TRA KBYT TRONG TỈNH").is_visible()

    def look_up(number: str) -> str:
        page.locator("#number").fill(number)
        page.locator("#reason").fill("cửa hỏi")
        go(page, page.get_by_role("button", name="Tra cứu"))
        return str(page.inner_text("section"))

    shown = look_up("046183000778")
    assert "Phan Thị Khỏe" in shown and "046183000778" not in shown and "0778" in shown
    assert re.search(r"Ngày khai báo[^0-9]*\d\d/\d\d/\d{4} \d\d:\d\d", shown)
    assert all(shown.count(level.vi) == 2 for level in form().levels) and "Phường Tây Lộc" in shown  # two addresses in four levels
    assert "Không có biểu hiện y tế" in shown and page.get_by_role("button", name="Xem chi tiết").count() == 0
    assert "Phan Thị Kiểm" in look_up("046183000777") and page.locator("table").count() == 0
    go(page, page.get_by_role("button", name="Xem chi tiết"))
    assert page.locator("table.answers").count() == 2
    assert acts(site, "kiem-tra")[:3] == ["opened_details", "looked_up", "looked_up"]


def test_a_trace_from_request_to_pdf_with_two_browsers(visit: Visit, site: Server, tmp_path: Path) -> None:
    where = place_code(site, "1975001T")
    for name, number in (("Ca Bệnh", "046183000901"), ("Hôm Nay", "046183000902"), ("Người Khác", "046183000903")):
        voter = declared(site, full_name=name, id_number=number)
        voter.get(where)
        voter.post(where)
        voter.session.close()
    rows(site, "SELECT 1")  # opened now
    asker, releaser = Desk(visit, site, "dieu-tra", "trace"), Desk(visit, site, "duyet", "release")
    page = asker.page
    asker.open("Truy vết")
    sound(page)
    page.locator("#subject").fill("046183000901")
    page.locator("#since").fill(DAY)
    page.locator("#until").fill(DAY)
    page.locator("#reason").fill("F0 mới")
    page.locator("#code").fill(asker.factor())
    go(page, page.get_by_role("button", name="Yêu cầu truy vết"))
    assert page.get_by_text("Chờ người khác duyệt").is_visible()
    assert page.get_by_role("button", name="Duyệt").count() == 0  # nobody releases their own
    releaser.open("Truy vết")
    go(releaser.page, releaser.page.get_by_role("link", name=re.compile("dieu-tra")))
    releaser.page.locator("#code").fill(releaser.factor())
    go(releaser.page, releaser.page.get_by_role("button", name="Duyệt").first)
    page.reload()
    found = page.get_by_text(re.compile(r"^\d+ người cùng nơi, cùng lúc"))
    found.wait_for()  # the page loads itself again until the opener has answered
    assert page.locator("svg.line rect").count() >= 3
    listed = page.locator("table.answers").first.inner_text()
    assert "Người Khác" in listed and "Hôm Nay" in listed and "Ca Bệnh" not in listed
    sound(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Danh sách PDF").click()
    file = tmp_path / "truy-vet.pdf"
    saved.value.save_as(file)
    text = " ".join(each.extract_text() for each in pypdf.PdfReader(file).pages)
    assert "Người Khác" in text and "Hôm Nay" in text and "dieu-tra" in text and "duyet" in text
    # the next ring: around whoever is ticked, with the same two approvals, without the case itself
    page.get_by_label("Hỏi tiếp Người Khác").check()
    page.locator("#ring-reason").fill("F1 dương tính")
    page.locator("#ring-code").fill(asker.factor(1))
    go(page, page.get_by_role("button", name="Yêu cầu vòng tiếp"))
    assert page.get_by_text("Chờ người khác duyệt").is_visible() and page.get_by_text("Vòng 2").count() >= 1
    releaser.page.goto(page.url)
    releaser.page.locator("#code").fill(releaser.factor(1))
    go(releaser.page, releaser.page.get_by_role("button", name="Duyệt").first)
    page.reload()
    found.wait_for()
    listed = page.locator("table.answers").first.inner_text()
    assert "Hôm Nay" in listed and "Ca Bệnh" not in listed and "Người Khác" not in listed
    assert {"trace_asked", "trace_read"} <= set(acts(site, "dieu-tra")) and "trace_approved" in acts(site, "duyet")
