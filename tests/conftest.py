"""Every test runs without a display, far from the developer's own data, in Vietnamese, and with a log that forgives nothing."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything can load Qt

import pytest

from kiosk import i18n, log

log.strict = True


def pytest_collection_finish() -> None:
    """What every test has loaded need not be walked by each garbage collection after it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test finds, or leaves, anything in the user's folders; language and log are as at start."""
    away = tmp_path_factory.mktemp("user")
    for name, folder in {
        "HOME": ".",
        "USERPROFILE": ".",
        "APPDATA": "data",
        "LOCALAPPDATA": "data",
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "XDG_CACHE_HOME": "cache",
        "XDG_STATE_HOME": "state",
    }.items():
        monkeypatch.setenv(name, str(away / folder))
    for name in ("KIOSK_HOME", "PROVINCE_HOME", "PROVINCE_DATABASE_URL", "KIOSK_LANG", "KIOSK_OFFICER", "KIOSK_PIN"):
        monkeypatch.delenv(name, raising=False)
    yield
    log.close_log()
    i18n.use("vi")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty data directory of a kiosk."""
    folder = tmp_path / "kiosk"
    folder.mkdir()
    return folder
