"""Why a file is not taken, or could not be written, in whole sentences. The words are stable, for scripts; these may be reworded."""

from kiosk.i18n import N_, gettext

FILE_WHY: dict[str, str] = {
    "missing": N_("ở đường dẫn này không có tệp nào"),
    "not_a_file": N_("đây không phải tệp thường: thư mục, ống dẫn hay thiết bị, hoặc thư mục chứa nó không có"),
    "too_large": N_("tệp quá lớn"),
    "too_many_pixels": N_("ảnh có quá nhiều điểm ảnh để mở ra: chụp lại nhỏ hơn, hoặc cắt lấy phần có mã"),
    "no_picture": N_("trong tệp không có hình nào máy đọc được"),
    "no_pictures": N_("trong thư mục không có hình nào"),
    "no_video": N_("trong tệp không có hình nào, cũng không phải phim"),
    "no_code": N_("trong ảnh không có mã nào đọc được"),
    "several_codes": N_("trong ảnh có nhiều mã: cắt lấy một mã rồi thử lại"),
    "reader_stopped": N_("bộ đọc không đọc xong được tệp này"),
    "a_file_not_a_folder": N_("đây là một tệp, không phải thư mục"),
    "under_a_file": N_("đường dẫn đi qua một tệp, không phải thư mục"),
    "no_right_to_write": N_("người dùng này không có quyền ghi vào đó"),
    "No such file or directory": N_("ở đường dẫn này không có tệp nào"),
    "Is a directory": N_("đây không phải tệp thường: thư mục, ống dẫn hay thiết bị, hoặc thư mục chứa nó không có"),
    "File name too long": N_("tên quá dài"),
    "Permission denied": N_("người dùng này không có quyền với tệp đó"),
    "bad_shape": N_("nội dung không đúng khuôn dạng"),
}


def file_why(why: str) -> str:
    """The sentence of a reason word; anything else (an operating system's own words, a line of a file) as it is."""
    return gettext(FILE_WHY[why]) if why in FILE_WHY else why
