"""What is wrong with an answer of the form, under its field, in plain words; and what is only odd. Reason words are declaration.py's."""

from kiosk.i18n import N_, gettext

PROBLEMS: dict[str, str] = {
    "required": N_("Cần điền mục này."),
    "unanswered": N_("Cần hỏi và chọn Có hoặc Không."),
    "id_or_phone": N_("Cần số giấy tờ hoặc điện thoại; không có điện thoại thì bấm Không có."),
    "bad_choice": N_("Chọn một trong các mục có sẵn."),
    "bad_email": N_("Email chưa đúng, ví dụ ten@example.vn."),
    "bad_country": N_("Ghi tên nước, ví dụ VN."),
    "bad_shape": N_("Nội dung này không dùng được."),
    "unknown_field": N_("Tờ khai không có mục này."),
    "bad_digits": N_("Số giấy tờ chỉ gồm chữ số 0-9, hoặc chữ và số của hộ chiếu."),
    "bad_length": N_("CMND có 9 chữ số, căn cước có 12 chữ số."),
    "bad_date": N_("Ghi ngày/tháng/năm, ví dụ 25/07/1983, hoặc chỉ năm sinh."),
    "bad_phone": N_("Số điện thoại chưa đúng; không có thì bấm Không có."),
    "bad_name": N_("Họ tên chỉ gồm chữ, ví dụ Trần Thị Mẫu."),
    "bad_gender": N_("Chọn Nam, Nữ hoặc Khác."),
    "too_large": N_("Quá dài, xin ghi ngắn hơn."),
    "empty": N_("Cần điền mục này."),
    "year_mismatch": N_("Năm sinh không khớp với số căn cước; xem lại thẻ. Vẫn lưu được."),
    "gender_mismatch": N_("Giới tính không khớp với số căn cước; xem lại thẻ. Vẫn lưu được."),
    "province_unknown": N_("Mã tỉnh trong số căn cước lạ; xem lại thẻ. Vẫn lưu được."),
    "odd_phone": N_("Đầu số điện thoại lạ; hỏi lại cử tri. Vẫn lưu được."),
    "odd_name": N_("Họ tên viết khác thường; xem lại giấy tờ. Vẫn lưu được."),
    "ward_unknown": N_("Không có phường, xã này trong danh sách; xem lại. Vẫn lưu được."),
    "not_asked": N_("Mục này không hỏi ở đây nên không được lưu."),
}
STRANGE = N_("Có ký tự không dùng được; xin gõ lại.")


def field_problem(word: str) -> str:
    """The sentence under a field for a reason or warning word of a declaration; "" for ""."""
    return gettext(PROBLEMS.get(word, STRANGE)) if word else ""
