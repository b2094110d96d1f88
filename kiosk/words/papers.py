"""Names of papers and what a printer says of itself."""

from kiosk.i18n import N_

PAPERS: dict[str, str] = {
    "slip": N_("Phiếu cho cử tri"),
    "ticket": N_("Phiếu vào trước, khai sau"),
    "declaration": N_("Tờ khai y tế"),
    "poster": N_("Bảng QR của địa điểm"),
    "notice": N_("Thông báo cho cử tri"),
    "announcement": N_("Bài đọc loa"),
    "form": N_("Tờ khai giấy dự phòng"),
    "register": N_("Sổ ghi lượt vào dự phòng"),
    "card": N_("Thẻ hỏi ba tiếp xúc, sáu biểu hiện"),
    "folder": N_("Bộ giấy dự phòng"),
    "report": N_("Báo cáo ngày"),
    "test-card": N_("Thẻ thử camera"),
    "start-check": N_("Phiếu kiểm tra đầu ngày"),
    "certificate": N_("Biên bản xóa dữ liệu"),
}

PRINTER_STATES: dict[str, str] = {
    "ready": N_("sẵn sàng"),
    "none": N_("không có máy in này"),
    "out_of_paper": N_("hết giấy"),
    "paused": N_("đang tạm dừng"),
    "error": N_("báo lỗi"),
    "folder": N_("lưu thành tệp PDF"),
}

JOB_STATES: dict[str, str] = {
    "waiting": N_("đã lưu, chưa in"),
    "printed": N_("đã in"),
    "dropped": N_("đã bỏ, không in"),
}
