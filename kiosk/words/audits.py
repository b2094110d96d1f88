"""What an audit entry says: each word of domain/events.AUDITED, of stays, days and corrections, and the names of their facts."""

from collections.abc import Mapping

from kiosk.i18n import N_, gettext
from kiosk.words.labels import ROLES, label
from kiosk.words.times import hour_minute

AUDITS: dict[str, str] = {
    "commit_unknown": N_("Chưa rõ đã lưu hay chưa, rồi tìm thấy"),
    "sign_in": N_("Đăng nhập"),
    "sign_in_refused": N_("Gõ sai mã"),
    "lead_refused": N_("Việc của người phụ trách bị từ chối"),
    "sign_out": N_("Đăng xuất"),
    "hand_over": N_("Bàn giao ca"),
    "locked": N_("Khóa máy"),
    "unlocked": N_("Mở khóa"),
    "pin_set": N_("Đặt mã"),
    "officer_set": N_("Thay đổi về cán bộ"),
    "details_opened": N_("Xem chi tiết một người"),
    "name_search": N_("Tìm theo tên"),
    "lookups_many": N_("Xem hoặc tìm nhiều bất thường"),
    "print": N_("In"),
    "reprint": N_("In lại"),
    "export": N_("Xuất tệp"),
    "setting": N_("Đổi cài đặt"),
    "camera_capture": N_("Ghi hình từ camera"),
    "doctor": N_("Kiểm tra máy"),
    "purge": N_("Xóa dữ liệu"),
    "remove": N_("Dọn máy"),
    "close": N_("Chốt ngày"),
    "carried": N_("Chép lại sang lượt nhật ký mới"),
    "bundle_export": N_("Xuất gói dữ liệu"),
    "bundle_receipts": N_("Nhập biên nhận"),
    "feed_rebuilt": N_("Lấy lại dữ liệu từ tỉnh"),
    "restore": N_("Khôi phục nhật ký"),
    "stay_begin": N_("Bắt đầu ca trực"),
    "stay_end": N_("Hết ca trực"),
    "day_opened": N_("Mở ngày làm việc"),
    "day_closed": N_("Chốt ngày làm việc"),
    "void": N_("Hủy một lượt"),
    "correct": N_("Sửa một lượt"),
    "unreadable": N_("Không mở được"),
}

FACTS: dict[str, str] = {
    "how": N_("bằng"),
    "role": N_("vai trò"),
    "target": N_("cho"),
    "count": N_("số lần"),
    "why": N_("lý do"),
    "reason": N_("lý do"),
    "state": N_("mức khóa"),
    "change": N_("thay đổi"),
    "kind": N_("loại"),
    "last": N_("lần cuối"),
    "key": N_("mục"),
    "day": N_("ngày"),
    "by": N_("người phụ trách"),
    "task": N_("việc"),
}

VALUES: dict[str, str] = {
    "window": N_("cửa sổ"),
    "command": N_("dòng lệnh"),
    "hidden": N_("ẩn tên"),
    "stopped": N_("dừng quét"),
    "idle": N_("lâu không bấm phím"),
    "key": N_("bấm F12"),
    "lid": N_("gập máy"),
    "session": N_("đổi người dùng"),
    "sleep": N_("máy ngủ"),
    "lock": N_("hệ thống khóa"),
    "pin_removed": N_("bỏ mã"),
    "wait_cleared": N_("bỏ giờ chờ"),
    "feed": N_("theo tỉnh"),
    "counts": N_("số đếm theo giờ"),
    "people": N_("danh sách người đã khai"),
    "audit": N_("nhật ký thao tác"),
    "policy": N_("theo quy định của tỉnh"),
    "void": N_("hủy một lượt"),
    "correct": N_("sửa một lượt"),
    "day": N_("chọn ngày"),
    "close": N_("chốt ngày"),
    "export": N_("xuất tệp"),
    "place": N_("sửa địa điểm"),
    "camera_capture": N_("ghi hình từ camera"),
    "restore": N_("khôi phục nhật ký"),
    "purge": N_("xóa dữ liệu"),
    "remove": N_("gỡ khỏi máy"),
    "pin": N_("đặt mã"),
    "vouch": N_("cho phép thay người phụ trách"),
    "wait": N_("bỏ giờ chờ"),
}


def audit(what: str) -> str:
    """The act in words; an unknown word as it is."""
    return label(AUDITS, what)


def audit_fact(name: str, value: str | int | bool, names: Mapping[str, str]) -> str:
    """"lý do: gập máy". `names`: officer id -> name."""
    said = hour_minute(value) if name == "last" and isinstance(value, int) else str(value)
    if isinstance(value, str):
        said = names.get(value) or (label(ROLES, value) if name == "role" else gettext(VALUES[value]) if value in VALUES else value)
    return f"{label(FACTS, name)}: {said}"
