"""A browser without a screen: cookies and forms over the real socket, as a phone with scripts off would send them."""

import re
from html.parser import HTMLParser

import requests

from kiosk.domain.form import form
from province import authority, settings, sms
from province.db import Database
from province.settings import Home


class _Form(HTMLParser):
    """The first form's hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "input" and said.get("type") == "hidden":
            self.fields.setdefault(str(said["name"]), said.get("value") or "")


class Phone:
    """One visitor of the pages. `page`: the last answer."""

    def __init__(self, url: str, ca: str, home: Home) -> None:
        self.url, self.home = url, home
        self.session = requests.Session()
        self.session.verify, self.session.trust_env = ca, False
        self.page = requests.Response()

    def get(self, path: str) -> requests.Response:
        self.page = self.session.get(self.url + path, timeout=30)
        return self.page

    def hidden(self) -> dict[str, str]:
        parser = _Form()
        parser.feed(self.page.text)
        return parser.fields

    def post(self, path: str, fields: dict[str, str] | None = None, **more: str) -> requests.Response:
        """Submits the page's form with these fields."""
        self.page = self.session.post(self.url + path, {**self.hidden(), **(fields or {}), **more}, timeout=30)
        return self.page

    def code(self) -> str:
        """The newest message in the operator's outbox."""
        db = Database(self.home.url)
        text = sms.outbox(db, authority.load(self.home), settings.now())[0].text
        db.close()
        return re.findall(r"\d{4,8}", text)[0]

    def sign_in(self, phone: str) -> requests.Response:
        self.get("/khai-bao")
        self.post("/khai-bao/tra-cuu", phone=phone)
        return self.post("/khai-bao/otp", code=self.code())

    def declare(self, **more: str) -> requests.Response:
        return self.post("/khai-bao/to-khai", {**answers(), **more})

    def errors(self) -> list[str]:
        return [re.sub(r"<[^>]+>|\s+", " ", found).strip() for found in re.findall(r'class="error"[^>]*>(.*?)</p>', self.page.text, re.S)]

    def passes(self) -> list[str]:
        """The HU1 codes that this browser keeps, decoded from the pictures by our own decoder."""
        import cv2
        import numpy as np

        from kiosk.devices.decoder import QrDecoder

        numbers = re.findall(r"/khai-bao/ma/(\d+)\"", self.get("/khai-bao/nhat-ky").text)
        out = []
        for number in numbers:
            picture = self.session.get(f"{self.url}/khai-bao/ma/{number}/hue.png", timeout=30).content
            image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
            assert image is not None
            out += [code.raw.decode() for code in QrDecoder().decode(image)]  # type: ignore[arg-type]
        return out


def answers() -> dict[str, str]:
    """A whole form of an invented person, all nine answers "Không"."""
    own = {"full_name": "Trần Thị Mẫu", "birth_date": "25/07/1983", "gender": "F", "phone": "0905123456", "country": "VN"}
    own |= {"id_number": "046183000123", "current.ward_code": "19750", "current.hamlet": "Tổ dân phố 3"}
    questions = {f"exposures.{q.value}": "no" for q in form().exposures} | {f"symptoms.{q.value}": "no" for q in form().symptoms}
    return own | questions
