"""Why a day may not leave this laptop yet, in whole sentences."""

from collections.abc import Mapping

from kiosk.i18n import N_, gettext

WHY: dict[str, str] = {
    "not_closed": N_("Ngày này chưa chốt: chốt ngày trước (F10, hoặc kiosk close)."),
    "not_opened": N_("Tỉnh chưa mở được {count} sự kiện: gửi lên (kiosk sync) rồi đợi tỉnh mở đủ."),
    "refused": N_("Tỉnh không nhận {count} sự kiện: gọi 19001075."),
    "corrects_another_day": N_("{count} bản sửa nối ngày này với ngày khác: xóa ngày kia trước."),
    "unsure": N_("{count} lượt vừa ghi giấy vừa có trong máy: người phụ trách giữ hay hủy trước."),
    "draft": N_("Còn tờ khai đang làm dở: lưu hoặc bỏ tờ khai đó trước (F2)."),
    "viewing": N_("Máy đang ở chế độ chỉ xem: khôi phục nhật ký trước."),
    "key_lost": N_("Mất khóa của {count} quãng nhật ký: gọi 19001075."),
}


def purge_why(why: Mapping[str, int]) -> tuple[str, ...]:
    """One sentence a reason; a reason this version does not know is shown by its word."""
    return tuple(gettext(WHY[word]).format(count=count) if word in WHY else f"{word} ({count})" for word, count in why.items())
