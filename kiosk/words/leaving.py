"""What leaves a laptop and what stays, and why it may not go yet; for the window, the commands and the certificate alike."""

from collections.abc import Mapping

from kiosk.i18n import N_, _, gettext

WHY: dict[str, str] = {
    "not_closed": N_("{count} ngày chưa chốt: chốt ngày trước (F10, hoặc kiosk close)."),
    "not_opened": N_("Tỉnh chưa mở được {count} sự kiện: gửi lên (kiosk sync) rồi đợi tỉnh mở đủ."),
    "refused": N_("Tỉnh không nhận {count} sự kiện: gọi 19001075."),
    "corrects_another_day": N_("{count} bản sửa nối ngày này với ngày khác: xóa ngày kia trước."),
    "unsure": N_("{count} lượt vừa ghi giấy vừa có trong máy: người phụ trách giữ hay hủy trước (F10)."),
    "draft": N_("Còn tờ khai đang làm dở: lưu hoặc bỏ tờ khai đó trước (F2)."),
    "viewing": N_("Máy đang ở chế độ chỉ xem: khôi phục nhật ký trước."),
    "key_lost": N_("Mất khóa của {count} quãng nhật ký: gọi 19001075."),
    "verify": N_("Kiểm tra nhật ký thấy {count} điều bất thường (kiosk verify): gọi 19001075."),
}


def why_not(why: Mapping[str, int]) -> tuple[str, ...]:
    """One sentence a reason; a reason this version does not know is shown by its word."""
    return tuple(gettext(WHY[word]).format(count=count) if word in WHY else f"{word} ({count})" for word, count in why.items())


def insisting() -> str:
    """A reason without a stick, or a stick without a reason."""
    return _(
        "Chưa dọn gì. Dọn khi tỉnh chưa mở đủ thì cần cả hai: lý do (--reason), và thư mục trên USB (--copy) để chép nhật ký ra trước."
    )


def nothing_due() -> str:
    return _("Chưa ngày nào đến hạn xóa.")


def purge_goes() -> str:
    return _(
        "Xóa: tên, số giấy tờ, tờ khai, lượt vào và ra của ngày; khóa của ngày; giấy tờ có tên, hình chụp đã lưu. "
        "Không lấy lại được ở máy này."
    )


def purge_stays() -> str:
    return _("Còn: bản mã hóa chỉ tỉnh mở được, biên nhận, biên bản xóa. Mã PIN của mọi người như cũ.")


def remove_goes() -> str:
    return _(
        "Xóa nhật ký và bản mã hóa, dữ liệu, khóa, mã PIN, giấy tờ, hình chụp, cài đặt, mục trong kho khóa. "
        "Máy trở lại như chưa ghi danh; không lấy lại được."
    )


def remove_stays() -> str:
    return _("Chỉ còn biên bản dọn máy, không có tên ai.")


def removed(file: str) -> str:
    return _("Đã dọn sạch máy. Biên bản: {file}").format(file=file)
