"""Verdict -> what stands on the large card. The table is the window's design; the colours' hex values stand here alone.

Red belongs to the machine's trouble, never to a person. "To the health desk" looks and sounds like "declare now".
"""

from enum import StrEnum

import msgspec

from kiosk.domain.passes.model import Kind
from kiosk.domain.verdict import Act, Person, Verdict
from kiosk.errors import Code
from kiosk.i18n import N_, gettext
from kiosk.words.faults import fault
from kiosk.words.labels import GENDERS
from kiosk.words.reasons import reason
from kiosk.words.times import day_month, hour_minute


class Role(StrEnum):
    """What a colour says."""

    GO = "go"
    LOOK = "look"
    NEUTRAL = "neutral"
    DECLARE = "declare"
    TROUBLE = "trouble"


COLOURS: dict[Role, str] = {
    Role.GO: "#0B7A3B",
    Role.LOOK: "#0F766E",
    Role.NEUTRAL: "#475569",
    Role.DECLARE: "#1D4ED8",
    Role.TROUBLE: "#000000",
}
TROUBLE_BORDER = "#B91C1C"
INK = "#FFFFFF"
CAUTION = "#FCD34D"  # amber on the neutral grounds


class VerdictWords(msgspec.Struct, frozen=True):
    """The card, top to bottom, all plain text. `sound`: high, low, low_low or long_low; `person`, `detail`, `saved`, `caution`: may be
    ""."""

    title: str
    icon: str
    role: Role
    sound: str
    next_step: str
    detail: str
    person: str = ""
    saved: str = ""
    caution: str = ""


class _Row(msgspec.Struct, frozen=True):
    """`timed`: the title when the verdict quotes a time or a number."""

    title: str
    icon: str
    role: Role
    sound: str
    next_step: str
    timed: str = ""


TABLE: dict[Act, _Row] = {
    Act.COME_IN: _Row(
        N_("MỜI VÀO"),
        "✔",
        Role.GO,
        "high",
        N_("Mời cử tri vào khu vực bỏ phiếu."),
    ),
    Act.LOOK: _Row(
        N_("XEM TRÊN MÁY CỬ TRI"),
        "👁",
        Role.LOOK,
        "high",
        N_(
            "Đã có tờ khai trên máy: bấm F5 rồi mời vào. Chưa có: bấm F2.",
        ),
    ),
    Act.CARD: _Row(
        N_("ĐÃ ĐỌC THẺ"),
        "▤",
        Role.NEUTRAL,
        "high",
        N_("Đối chiếu với giấy tờ, rồi bấm F2."),
    ),
    Act.UNVERIFIED: _Row(
        N_("ĐÃ ĐỌC MÃ, CHƯA XÁC THỰC"),
        "?",
        Role.NEUTRAL,
        "low",
        N_("Đối chiếu với giấy tờ, rồi bấm F2."),
    ),
    Act.DECLARE: _Row(
        N_("CẦN KHAI BÁO"),
        "✎",
        Role.DECLARE,
        "low_low",
        N_("Bấm F2 khai hộ, hoặc hướng dẫn cử tri tự khai."),
    ),
    Act.OUT_OF_DATE: _Row(
        N_("CẦN CẬP NHẬT TỜ KHAI"),
        "⌛",
        Role.DECLARE,
        "low_low",
        N_("Bấm F2, hỏi lại phần tiếp xúc và biểu hiện."),
    ),
    Act.HEALTH_DESK: _Row(
        N_("MỜI QUA BÀN Y TẾ"),
        "➜",
        Role.DECLARE,
        "low_low",
        N_(
            "Mời cử tri theo cán bộ y tế; báo Tổ bầu cử bố trí bỏ phiếu.",
        ),
    ),
    Act.ALREADY_IN: _Row(
        N_("ĐÃ VÀO TRƯỚC ĐÓ"),
        "↺",
        Role.NEUTRAL,
        "low",
        N_("Cử tri quay lại: mời vào. Người khác cầm mã này: bấm F2."),
        timed=N_("ĐÃ VÀO LÚC {time}"),
    ),
    Act.BY_POSTER: _Row(
        N_("ĐÃ TỰ XÁC NHẬN"),
        "✔",
        Role.GO,
        "high",
        N_("Mời vào."),
        timed=N_("ĐÃ TỰ XÁC NHẬN {time}"),
    ),
    Act.NOT_CONFIRMED: _Row(
        N_("CHƯA XÁC NHẬN ĐƯỢC MÃ"),
        "?",
        Role.NEUTRAL,
        "low",
        N_("Có thể là mã cũ. Bấm F2 khai hộ, rồi mời vào."),
    ),
    Act.OTHER_CODE: _Row(
        N_("KHÔNG PHẢI MÃ KHAI BÁO"),
        "✖",
        Role.NEUTRAL,
        "low",
        N_("Đây là mã khác. Xin cử tri mở mã khai báo, hoặc bấm F2."),
    ),
    Act.DEFERRED: _Row(
        N_("VÀO TRƯỚC, KHAI SAU"),
        "➜",
        Role.DECLARE,
        "high",
        N_("Đưa phiếu cho cử tri; khai khi ra."),
        timed=N_("VÀO TRƯỚC, KHAI SAU · phiếu {number}"),
    ),
    Act.TO_TABLE: _Row(
        N_("MỜI SANG BÀN KHAI HỘ"),
        "➜",
        Role.DECLARE,
        "high",
        N_("Đưa số cho cử tri, mời sang bàn khai hộ."),
        timed=N_("MỜI SANG BÀN KHAI HỘ · số {number}"),
    ),
    Act.DECLARED: _Row(
        N_("ĐÃ NHẬN TỜ KHAI"),
        "✔",
        Role.GO,
        "high",
        N_("Cử tri đã vào từ trước; không cần làm gì thêm."),
    ),
    Act.ALREADY_DECLARED: _Row(
        N_("ĐÃ KHAI TRƯỚC ĐÓ"),
        "↺",
        Role.NEUTRAL,
        "low",
        N_("Tờ khai y như vậy đã có, không ghi thêm. Mời vào."),
        timed=N_("ĐÃ KHAI LÚC {time}"),
    ),
    Act.LEFT: _Row(
        N_("ĐÃ GHI LƯỢT RA"),
        "↦",
        Role.NEUTRAL,
        "high",
        N_("Chào cử tri."),
    ),
    Act.ALREADY_LEFT: _Row(
        N_("ĐÃ RA TRƯỚC ĐÓ"),
        "↺",
        Role.NEUTRAL,
        "low",
        N_("Lượt ra đã ghi rồi; lần này không ghi thêm."),
        timed=N_("ĐÃ RA LÚC {time}"),
    ),
    Act.NOT_SAVED: _Row(
        N_("CHƯA LƯU ĐƯỢC VÀO MÁY"),
        "⚠",
        Role.TROUBLE,
        "long_low",
        N_(
            "Ghi vào sổ giấy, báo người phụ trách, rồi mời cử tri vào.",
        ),
    ),
}

# What another kind of code is, and what to do about it.
OTHER_CODES: dict[Kind, str] = {
    Kind.LOCATION: N_(
        "Đây là mã địa điểm, không phải mã của người. Xin cử tri mở mã khai báo, hoặc bấm F2.",
    ),
    Kind.VIETQR: N_(
        "Đây là mã thanh toán, máy không giữ nội dung. Xin cử tri mở mã khai báo, hoặc bấm F2.",
    ),
    Kind.WIFI: N_(
        "Đây là mã Wi-Fi, máy không giữ nội dung. Xin cử tri mở mã khai báo, hoặc bấm F2.",
    ),
}


def verdict(v: Verdict, desk_title: str = "") -> VerdictWords:
    """The card of a verdict. `desk_title`: the province's own words for "to the health desk", if it has any."""
    row = TABLE[v.act]
    title = desk_title if v.act is Act.HEALTH_DESK and desk_title else _title(row, v)
    return VerdictWords(title, row.icon, row.role, row.sound, _next_step(row, v), _detail(v), person(v.person), _saved(v), _caution(v))


def _caution(v: Verdict) -> str:
    """In amber: what the verdict rests on is old."""
    if v.list_at is None:
        return ""
    hours = max(0, v.at - v.list_at) // 3_600_000
    text = gettext(N_("Danh sách khóa đã cũ {hours} giờ, từ {time} ngày {day}."))
    return text.format(hours=hours, time=hour_minute(v.list_at), day=day_month(v.list_at))


def person(p: Person) -> str:
    """ "T. T. Mẫu · nữ · 1983", or less where less is known."""
    gender = gettext(GENDERS[p.gender]) if p.gender in GENDERS else ""
    return " · ".join(part for part in (p.short_name, gender, p.birth_year) if part)


def act_label(act: str) -> str:
    """The verdict's name in a table or a list; an unknown one is shown as it is."""
    return gettext(TABLE[Act(act)].title) if act in Act._value2member_map_ else act


TICKETED = (Act.DEFERRED, Act.TO_TABLE)


def _title(row: _Row, v: Verdict) -> str:
    if row.timed and v.act in TICKETED and v.ticket:
        return gettext(row.timed).format(number=v.ticket)
    if row.timed and v.act not in TICKETED and v.since is not None:
        return gettext(row.timed).format(time=hour_minute(v.since))
    return gettext(row.title)


def _next_step(row: _Row, v: Verdict) -> str:
    if v.act is Act.OTHER_CODE and v.kind in OTHER_CODES:
        return gettext(OTHER_CODES[v.kind])
    if v.act is Act.DEFERRED and v.ticket:
        return gettext(N_("Đưa phiếu số {number}; khai khi ra.")).format(number=v.ticket)
    if v.act is Act.TO_TABLE and v.ticket:
        return gettext(N_("Đưa số {number} cho cử tri, mời sang bàn khai hộ.")).format(number=v.ticket)
    if v.reason == "ticket_open":
        return gettext(N_("Phiếu {number} chưa khai: mời khai ngay, bấm F2.")).format(number=v.ticket)
    if v.act is Act.COME_IN and v.ticket:
        return gettext(N_("Mời cử tri vào. Phiếu {number} đã xong.")).format(number=v.ticket)
    if v.act is Act.NOT_SAVED and v.number:
        sentence = N_(
            "Ghi vào sổ giấy số G{number}, báo người phụ trách, rồi mời cử tri vào.",
        )
        return gettext(sentence).format(number=f"{v.number:03d}")
    if v.act is Act.NOT_SAVED and v.at:
        sentence = N_("Máy không giữ được số giấy: ghi vào sổ giấy với giờ {time} thay cho số, báo người phụ trách, rồi mời cử tri vào.")
        return gettext(sentence).format(time=hour_minute(v.at))
    return gettext(row.next_step)


def _detail(v: Verdict) -> str:
    """One more line: when it was declared, or why this verdict."""
    if v.since is not None and v.act is Act.LEFT:
        return gettext(N_("Vào lúc {time}")).format(time=hour_minute(v.since))
    if v.since is not None and v.act is Act.DECLARED:
        return gettext(N_("Đã vào lúc {time}")).format(time=hour_minute(v.since))
    if v.since is not None and v.act in (Act.COME_IN, Act.HEALTH_DESK, Act.OUT_OF_DATE):
        text = gettext(N_("Khai lúc {time} ngày {day}"))
        return text.format(time=hour_minute(v.since), day=day_month(v.since))
    if v.act is Act.NOT_SAVED and v.reason in Code._value2member_map_:
        return fault(Code(v.reason)).title
    return reason(v.reason)


def _saved(v: Verdict) -> str:
    if v.act is Act.NOT_SAVED or not (v.event or v.number):
        return ""
    if v.number:
        return gettext(N_("Đã lưu · số {number}")).format(number=f"{v.number:06d}")
    return gettext(N_("Đã lưu"))
