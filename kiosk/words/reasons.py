"""Reason words of passes and verdicts -> sentences for the officer. The words are stable, for scripts; these may be reworded."""

from kiosk.i18n import N_, gettext

DAMAGED = N_("Mã bị hỏng hoặc thiếu; thử quét lại cho rõ.")
UNSAFE = N_("Mã chứa ký tự lạ nên máy không dùng.")
UNSIGNED = N_("Máy đọc được mã nhưng chưa xác minh được.")
NEUTRAL = N_("Máy chưa hiểu hết mã này; hỏi cử tri và bấm F2 nếu cần.")

REASONS: dict[str, str] = {
    # of a text
    "control_chars": UNSAFE,
    "line_break": UNSAFE,
    "bad_utf8": UNSAFE,
    "bidi": UNSAFE,
    "format_string": UNSAFE,
    "sql": UNSAFE,
    "too_large": N_("Mã quá dài nên máy không dùng."),
    "empty": N_("Mã trống, không có nội dung."),
    # of a card or a code
    "truncated": DAMAGED,
    "bad_base45": DAMAGED,
    "bad_base64": DAMAGED,
    "bad_hex": DAMAGED,
    "bad_crc": DAMAGED,
    "bad_layout": DAMAGED,
    "bad_type": DAMAGED,
    "bad_version": N_("Mã thuộc phiên bản máy chưa biết."),
    "bad_qid": DAMAGED,
    "cbor_nesting": DAMAGED,
    "zip_bomb": DAMAGED,
    "bad_cbor": DAMAGED,
    "bad_cose": DAMAGED,
    "bad_zlib": DAMAGED,
    "bad_jws": DAMAGED,
    "bad_alg": N_("Chứng nhận dùng kiểu chữ ký máy chưa biết."),
    "in_pieces": N_("Thẻ chia thành nhiều mã; hỏi cử tri và bấm F2."),
    "bad_date": N_("Ngày sinh trong mã không hợp lệ; đối chiếu với giấy tờ."),
    "bad_digits": N_("Số giấy tờ trong mã không hợp lệ; đối chiếu với giấy tờ."),
    "bad_length": N_("Số giấy tờ trong mã thiếu hoặc thừa chữ số."),
    "bad_phone": N_("Số điện thoại không hợp lệ."),
    "bad_name": N_("Họ tên trong mã không hợp lệ; đối chiếu với giấy tờ."),
    "bad_gender": N_("Giới tính trong mã không hợp lệ; đối chiếu với giấy tờ."),
    "year_mismatch": N_("Năm sinh không khớp với số căn cước; đối chiếu với thẻ."),
    "gender_mismatch": N_("Giới tính không khớp với số căn cước; đối chiếu với thẻ."),
    "province_unknown": N_("Mã tỉnh trong số căn cước lạ; đối chiếu với thẻ."),
    "odd_phone": N_("Đầu số điện thoại lạ; hỏi lại cử tri."),
    "odd_name": N_("Họ tên viết khác thường; đối chiếu với giấy tờ."),
    "extra_fields_ignored": N_("Thẻ mẫu mới; máy chỉ đọc bảy mục đầu."),
    "date_with_slashes": N_("Ngày viết khác mẫu nhưng đọc được."),
    "issued_in_future": N_("Ngày cấp thẻ đi trước giờ của máy; đối chiếu với thẻ."),
    "by_proxy": N_("Mã do người khác khai thay; đối chiếu với giấy tờ."),
    "masked": N_("Một phần mã bị che; hỏi thêm cử tri."),
    "ps256": N_("Chữ ký của chứng nhận hợp lệ."),
    "certificate_signed": N_("Chứng nhận có chữ ký hợp lệ, nhưng không thay tờ khai y tế."),
    "certificate_expired": N_("Chứng nhận đã hết hạn; vẫn dùng được để điền tên."),
    "mojibake_repaired": N_("Chữ trên thẻ bị đầu đọc viết sai, máy đã sửa lại; đối chiếu với thẻ."),
    "letters_lost": N_("Đầu đọc làm mất dấu chữ Việt; nhập lại họ tên theo thẻ."),
    "read_unsigned": UNSIGNED,
    # of a declaration's entry
    "required": N_("Cần điền mục này."),
    "unanswered": N_("Cần hỏi và chọn Có hoặc Không."),
    "id_or_phone": N_("Cần số giấy tờ hoặc điện thoại."),
    "bad_choice": N_("Chọn một trong các mục có sẵn."),
    "bad_email": N_("Địa chỉ email không hợp lệ."),
    "bad_country": N_("Mã nước không hợp lệ, ví dụ đúng là VN."),
    "bad_shape": N_("Mục này không đúng khuôn dạng."),
    "unknown_field": N_("Tờ khai không có mục này."),
    "not_asked": N_("Mục này không hỏi ở đây nên không được lưu."),
    "ward_unknown": N_("Không có phường, xã này trong danh sách; xem lại."),
    # of a signature or a date
    "bad_signature": N_("Chữ ký của mã không đúng."),
    "unknown_key": N_("Máy chưa có khóa của nơi cấp mã."),
    "revoked": N_("Nơi cấp mã này đã bị thu hồi quyền."),
    "expired": N_("Tờ khai đã quá hạn."),
    "declaration_old": N_("Tờ khai đã quá hạn."),
    "from_the_future": N_("Giờ khai trong mã đi trước giờ của máy; xem lại đồng hồ."),
    # of what is known here
    "declared_here": N_("Đã khai tại điểm này."),
    "declared_elsewhere": N_("Tỉnh báo đã khai; đối chiếu với giấy tờ."),
    "declared": N_("Vừa khai tại điểm này."),
    "declared_same": N_("Cử tri nhớ thêm điều gì thì khai bổ sung: F4."),
    "seen_moh": N_("Cán bộ đã xem tờ khai của Bộ Y tế trên máy cử tri."),
    "seen_hues": N_("Cán bộ đã xem tờ khai Hue-S trên máy cử tri."),
    "seen_arrival": N_("Cán bộ đã xem xác nhận quét bảng QR trên máy cử tri."),
    "entered": N_("Hôm nay đã vào một lần."),
    "entered_elsewhere": N_("Hôm nay đã vào ở máy hoặc điểm khác; xem lại người và giấy tờ."),
    "counted_twice": N_("Cùng một người được tính ở hai nơi; giữ cả hai để người phụ trách xem."),
    "ticket_done": N_("Phiếu này đã khai xong."),
    "ticket_open": N_("Đã vào trước, chưa khai."),
    "defer_refused": N_("Cử tri không khai; phiếu không ghi gì về sức khỏe."),
    "defer_not_yet": N_("Cử tri chưa khai được; mời khai khi ra."),
    "defer_closing": N_("Sắp hết giờ; mời khai khi ra."),
    "defer_lane": N_("Chưa tính lượt vào; bàn khai hộ sẽ tính."),
    "left": N_("Đã khép lượt vào của cử tri."),
    "left_unknown": N_("Máy này không ghi lượt vào; tỉnh sẽ nối hai lượt."),
    "left_nameless": N_("Lượt ra không có mã."),
    "left_again": N_("Đã ghi ra một lần rồi; ghi thêm lần này, tỉnh tính lần ra sau cùng."),
    "already_left": N_("Người ra rồi vào lại: quét ở lối vào trước."),
    "not_an_event": N_("Giống số của sự kiện nhưng không đúng; xem lại từng ký tự."),
    "not_a_ticket": N_("Giống số phiếu hoặc mã phiếu, không phải mã của cử tri: gõ số phiếu rồi Enter."),
    "poster": N_("Cử tri đã tự quét bảng QR."),
    "answers": N_("Theo câu trả lời trong tờ khai."),
    # of a code that only the phone explains, or that is no person's
    "open_on_phone": N_("Mã của trang khai báo; xem tờ khai trên máy cử tri."),
    "look_at_phone": N_("Mã của ứng dụng khác; xem tờ khai trên máy cử tri."),
    "unknown_link": N_("Mã là một đường dẫn lạ; máy không mở, chỉ xem trên máy cử tri."),
    "look_alike": N_("Đường dẫn giống trang khai báo nhưng không phải; đừng mở."),
    "payment": N_("Mã thanh toán."),
    "place": N_("Mã địa điểm."),
    "place_ours": N_("Bảng QR của khu vực này: để cử tri tự quét bằng Hue-S."),
    "place_new": N_("Bảng QR của khu vực này, tỉnh chưa xác nhận; gửi về tỉnh rồi in bảng mới."),
    "place_withdrawn": N_("Bảng QR này đã thu hồi: gỡ xuống và báo người phụ trách."),
    "place_elsewhere": N_("Bảng QR của nơi khác; báo người phụ trách."),
    "place_forged": N_("Bảng QR mang tên khu vực này nhưng không phải của tỉnh: gỡ xuống và báo người phụ trách."),
    "wifi": N_("Mã Wi-Fi."),
    "contact": N_("Mã danh thiếp."),
    "calendar": N_("Mã lịch hẹn."),
    "telephone": N_("Mã gọi điện thoại."),
    "message": N_("Mã gửi tin nhắn."),
    "map": N_("Mã bản đồ."),
    "sign_in": N_("Mã đăng nhập tài khoản; nhắc cử tri đừng đưa cho ai."),
    "app": N_("Mã tải ứng dụng."),
    "program": N_("Mã chứa lệnh chương trình; máy không chạy."),
    "reject": DAMAGED,
}


def reason(word: str) -> str:
    """The sentence of a reason or warning word; a neutral one for a word this version does not know; "" for ""."""
    return gettext(REASONS.get(word, NEUTRAL)) if word else ""


def warnings(words: tuple[str, ...]) -> tuple[str, ...]:
    """The sentences of a verdict's warnings, each once."""
    return tuple(dict.fromkeys(reason(word) for word in words if word))
