"""Short names for lists, tables and the strip: kinds of events and arrivals, verdicts' neighbours, states of the sync.

`label(table, word)` shows an unknown word as it is: a newer province may send one.
"""

from collections.abc import Mapping

from kiosk.i18n import N_, gettext

KINDS: dict[str, str] = {
    "visit": N_("Lượt vào"),
    "sighting": N_("Lượt quét không tính"),
    "declaration": N_("Tờ khai y tế"),
    "correction": N_("Sửa hoặc hủy"),
    "leave": N_("Lượt ra"),
    "defer": N_("Vào trước, khai sau"),
    "audit": N_("Nhật ký thao tác"),
    "day": N_("Mở hoặc chốt ngày"),
    "place": N_("Địa điểm đặt bảng QR"),
    "stay": N_("Ca trực của cán bộ"),
}

SOURCES: dict[str, str] = {
    "hu1": N_("Mã khai báo của tỉnh"),
    "cccd": N_("Thẻ căn cước gắn chip"),
    "bhyt": N_("Thẻ bảo hiểm y tế"),
    "qrqg": N_("Mã QR cá nhân quốc gia"),
    "hc1": N_("Chứng nhận tiêm chủng"),
    "shc": N_("Thẻ sức khỏe điện tử"),
    "bare_id": N_("Số giấy tờ"),
    "hue_s": N_("Mã Hue-S theo mẫu của tỉnh"),
    "proxy": N_("Khai hộ tại lối vào"),
    "moh": N_("Xem tờ khai của Bộ Y tế"),
    "hues": N_("Xem tờ khai trên Hue-S"),
    "arrival": N_("Xem xác nhận đã quét bảng QR"),
    "paper": N_("Phiếu giấy nhập lại"),
    "defer": N_("Vào trước, khai sau"),
}

PERSONS: dict[str, str] = {
    "voter": N_("Cử tri"),
    "team": N_("Tổ bầu cử"),
    "service": N_("Phục vụ, báo chí"),
    "companion": N_("Người đi cùng"),
}

DEFER_REASONS: dict[str, str] = {
    "refused": N_("Từ chối khai"),
    "not_yet": N_("Chưa khai được"),
    "closing": N_("Sắp hết giờ"),
    "lane": N_("Sang bàn khai hộ"),
}

TICKET_STATES: dict[str, str] = {
    "open": N_("Chưa khai"),
    "declared": N_("Đã khai"),
    "left": N_("Đã ra, không khai"),
    "voided": N_("Đã hủy"),
}

MODES: dict[str, str] = {
    "new": N_("Khai mới"),
    "supplement": N_("Khai bổ sung"),
    "proxy": N_("Khai hộ"),
}

GENDERS: dict[str, str] = {"M": N_("nam"), "F": N_("nữ"), "X": N_("khác")}

ANSWERS: dict[str, str] = {"yes": N_("Có"), "no": N_("Không"), "": N_("Chưa hỏi")}

ROLES: dict[str, str] = {
    "officer": N_("Cán bộ lối vào"),
    "lead": N_("Người phụ trách lối vào"),
    "technician": N_("Kỹ thuật viên"),
}

PLACE_KINDS: dict[str, str] = {
    "entrance": N_("Lối vào"),
    "exit": N_("Lối ra"),
    "waiting": N_("Khu vực chờ"),
}

EVENT_STATES: dict[str, str] = {
    "waiting": N_("Chờ gửi"),
    "acknowledged": N_("Tỉnh đã nhận"),
    "refused": N_("Tỉnh giữ riêng để xem lại"),
}

SYNC_STATES: dict[str, str] = {
    "ok": N_("Đã nối với tỉnh"),
    "offline": N_("Không có mạng, máy vẫn làm việc"),
    "portal": N_("Cần đăng nhập Wi-Fi, máy vẫn làm việc"),
    "tls": N_("Không phải máy chủ của tỉnh, máy vẫn làm việc"),
    "refused": N_("Tỉnh chưa nhận, dữ liệu vẫn ở máy này"),
    "revoked": N_("Tỉnh đã thu hồi máy này, báo 19001075"),
    "fork": N_("Có hai bản nhật ký, báo 19001075"),
    "disk": N_("Ổ đĩa không nhận thêm, máy vẫn gửi"),
    "stale": N_("Lâu chưa có tin từ tỉnh, máy vẫn làm việc"),
    "locked": N_("Máy đang khóa, mở khóa để gửi"),
}

SWITCHES: dict[str, str] = {
    "ask_province": N_("hỏi tỉnh về một người"),
    "name_search": N_("tìm theo tên"),
    "people_export": N_("xuất danh sách người đã khai"),
    "camera_capture": N_("ghi hình từ camera"),
    "slip": N_("in phiếu cho cử tri"),
}

REFUSALS: dict[str, str] = {
    "conflict": N_("Trùng vị trí với một sự kiện khác"),
    "unreadable": N_("Tỉnh chưa mở đọc được"),
    "no_campaign": N_("Chưa có đợt bầu cử cho ngày này"),
    "revoked": N_("Máy này đã bị thu hồi quyền"),
    "shape": N_("Sự kiện không đúng khuôn dạng"),
}


def label(table: Mapping[str, str], word: str) -> str:
    """The word's label in the language spoken now."""
    return gettext(table[word]) if word in table else word


def sync_state(word: str) -> str:
    """The strip's words for `status.state`."""
    return label(SYNC_STATES, word)


def kind_label(word: str) -> str:
    """An event's kind, as `events.kind_word` names it."""
    return label(KINDS, word)
