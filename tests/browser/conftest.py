"""A real browser (Debian's Chromium) on a province served over TLS from a process of its own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from province import accounts, settings
from province.db import Database
from tests.province.conftest import Server, make_home

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PASSWORD = "mat-khau-dai-1"


@pytest.fixture(scope="session")
def before_the_camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera films, MJPEG: a test writes it before a page opens the camera."""
    return tmp_path_factory.mktemp("camera") / "film.mjpeg"


@pytest.fixture(scope="session")
def chromium(before_the_camera: Path) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the pages were not walked in a real browser (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        film = f"--use-file-for-fake-video-capture={before_the_camera}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *camera, film])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    out = Server(make_home(tmp_path_factory.mktemp("site") / "province"))
    db = Database(out.home.url)
    accounts.add(db, "tay-loc", PASSWORD, "unit", settings.now(), scope="commune:19750", unit="UBND phường Tây Lộc")
    db.close()
    yield out
    out.stop()


@pytest.fixture
def visit(site: Server, chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page in a browser of its own: `visit("/dan", scripts=False, view=PHONE)`. The browser ends before the server does."""
    contexts: list[Any] = []

    def make(path: str, scripts: bool = True, view: dict[str, int] = PHONE) -> Any:
        context = chromium.new_context(ignore_https_errors=True, viewport=view, java_script_enabled=scripts, locale="vi-VN")
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(site.url + path)
        return page

    yield make
    for context in contexts:
        context.close()
