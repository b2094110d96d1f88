"""Findings of the start-of-day check, and the one small file a day in which the newest check is kept. No devices, no Qt."""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kiosk.i18n import N_, gettext

FOLDER = "checks"

ITEMS: dict[str, str] = {
    "system": N_("Hệ điều hành"),
    "data": N_("Ổ đĩa, dữ liệu"),
    "library": N_("Thư viện"),
    "form": N_("Tờ khai"),
    "engine": N_("Bộ đọc mã"),
    "camera": N_("Camera"),
    "light": N_("Ánh sáng"),
    "focus": N_("Độ nét"),
    "decode": N_("Đọc mã thử"),
    "frames": N_("Hình mỗi giây"),
    "keys": N_("Kho khóa"),
    "printer": N_("Máy in"),
    "sound": N_("Âm thanh"),
    "display": N_("Màn hình"),
    "battery": N_("Nguồn điện"),
    "clock": N_("Đồng hồ"),
    "network": N_("Mạng, tỉnh"),
    "database": N_("Sổ ghi"),
    "copy": N_("Bản thứ hai"),
    "f-keys": N_("Phím F"),
    "usb-scanner": N_("Máy quét USB"),
}


class Finding(msgspec.Struct, frozen=True):
    """`state`: ok (green), limited (amber: works, with less) or missing (red: needed). `cure`: what to do, "" when ok."""

    item: str
    state: str
    detail: str
    cure: str = ""


def item_label(item: str) -> str:
    return gettext(ITEMS[item]) if item in ITEMS else item


def keep(home: Path, day: str, found: Sequence[Finding], at: int, seconds: float) -> Path | None:
    """One file a day, the newest check; None where the disk refuses (which the check itself says)."""
    content = {"day": day, "at": at, "seconds": round(seconds, 1), "findings": msgspec.to_builtins(found)}
    file = home / FOLDER / f"{day or 'none'}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
        part.replace(file)
    except OSError:
        return None
    return file


def kept(home: Path, day: str) -> tuple[list[Finding], int, float] | None:
    """The day's newest check: findings, ms UTC, seconds it took; None if there was none or its file is no such thing."""
    try:
        content = json.loads((home / FOLDER / f"{day or 'none'}.json").read_text("utf-8"))
        return [Finding(**row) for row in content["findings"]], int(content["at"]), float(content["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def worst(found: Sequence[Finding]) -> str:
    states = {finding.state for finding in found}
    return "missing" if "missing" in states else "limited" if "limited" in states else "ok"
