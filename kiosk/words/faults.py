"""Codes of trouble -> what happened, what became of the data, what to do now. Complete in both languages; a test counts.

Facts of an error are listed after the sentences, cleaned; they are never woven into them.
"""

import re
from collections.abc import Mapping

import msgspec

from kiosk.errors import Code
from kiosk.i18n import LANGUAGES, N_, gettext, translate
from kiosk.ports import Hint
from kiosk.words.files import FILE_WHY, file_why
from kiosk.words.leaving import WHY, why_not

HOTLINE = "19001075"
LONGEST_FACT = 160


class FaultWords(msgspec.Struct, frozen=True):
    """`title`: what happened; `kept`: what became of the data; `cure`: what to do now."""

    title: str
    kept: str
    cure: str


class ConditionWords(msgspec.Struct, frozen=True):
    """One line above the strip, and the label of the one button that helps."""

    line: str
    button: str


KEPT = N_("Dữ liệu đã lưu vẫn còn nguyên trong máy này.")
NOTHING = N_("Chưa có gì được ghi; dữ liệu đã lưu vẫn còn nguyên.")
UNTOUCHED = N_("Không có dữ liệu nào bị thay đổi.")
CALL = N_("Gọi 19001075 và đọc mã lỗi này.")

FAULTS: dict[Code, FaultWords] = {
    Code.CAMERA_MISSING: FaultWords(
        N_("Không tìm thấy camera."),
        KEPT,
        N_(
            "Cắm camera hoặc chọn camera khác (F9); vẫn khai hộ được bằng F2.",
        ),
    ),
    Code.CAMERA_LOST: FaultWords(
        N_("Camera vừa ngắt."),
        KEPT,
        N_("Cắm lại dây camera; máy tự nối lại. Trong lúc chờ, bấm F2."),
    ),
    Code.CAMERA_DARK: FaultWords(
        N_("Camera không thấy gì: hình tối đen."),
        KEPT,
        N_("Mở nắp che camera hoặc bật thêm đèn."),
    ),
    Code.CAMERA_FROZEN: FaultWords(
        N_("Hình camera đứng yên."),
        KEPT,
        N_("Rút dây camera rồi cắm lại."),
    ),
    Code.CAMERA_DIM: FaultWords(
        N_("Hình camera quá tối."),
        KEPT,
        N_("Chỉnh lại đèn: thêm đèn phía trước mặt cử tri, hoặc xoay bàn về phía sáng."),
    ),
    Code.CAMERA_BRIGHT: FaultWords(
        N_("Hình camera quá sáng."),
        KEPT,
        N_("Chỉnh lại đèn: đừng để camera nhìn thẳng ra cửa có nắng; xoay bàn hoặc kéo rèm."),
    ),
    Code.CAMERA_DIRTY: FaultWords(
        N_("Hình camera phủ mờ như có sương."),
        KEPT,
        N_("Lau ống kính bằng khăn mềm, khô."),
    ),
    Code.CAMERA_BLURRED: FaultWords(
        N_("Hình camera không nét."),
        KEPT,
        N_("Lau ống kính, vặn vòng lấy nét nếu có, hoặc đưa mã ra xa chừng một gang tay."),
    ),
    Code.CAMERA_FILE: FaultWords(
        N_("Tệp được chọn làm camera không đọc được."),
        KEPT,
        N_("Xem lại tệp ấy, hoặc chọn camera khác ở trang Thiết bị (F9); vẫn khai hộ được bằng F2."),
    ),
    Code.DISK_FULL: FaultWords(
        N_("Ổ đĩa đã đầy, không ghi thêm được."),
        N_("Lượt vừa rồi chưa được lưu; các lượt trước vẫn còn nguyên."),
        N_(
            "Ghi lượt này vào sổ giấy, xóa bớt tệp khác trên ổ đĩa, rồi thử lại.",
        ),
    ),
    Code.DISK_READ_ONLY: FaultWords(
        N_("Ổ đĩa không cho ghi."),
        N_("Lượt vừa rồi chưa được lưu; các lượt trước vẫn còn nguyên."),
        N_(
            "Ghi lượt này vào sổ giấy; kiểm tra quyền ghi của thư mục dữ liệu, hoặc gọi 19001075.",
        ),
    ),
    Code.DATABASE_BUSY: FaultWords(
        N_("Cơ sở dữ liệu đang bận."),
        N_("Lượt vừa rồi chưa được lưu; các lượt trước vẫn còn nguyên."),
        N_("Quét lại sau vài giây; nếu vẫn vậy, đóng chương trình khác đang dùng dữ liệu."),
    ),
    Code.DATABASE_UNREADABLE: FaultWords(
        N_("Không đọc được cơ sở dữ liệu."),
        N_("Bản thứ hai của nhật ký (journal.sealed) vẫn được giữ."),
        N_("Đừng xóa gì; chuyển sang sổ giấy và gọi 19001075 để khôi phục."),
    ),
    Code.DATABASE_NEWER: FaultWords(
        N_("Dữ liệu do một phiên bản mới hơn tạo ra."),
        UNTOUCHED,
        N_("Mở bằng phiên bản mới hơn của chương trình."),
    ),
    Code.COMMIT_UNKNOWN: FaultWords(
        N_("Chưa biết lượt vừa rồi đã được lưu hay chưa."),
        N_("Các lượt trước vẫn còn nguyên; lượt này được ghi vào unsure.log."),
        N_("Ghi lượt này vào sổ giấy và báo người phụ trách; máy sẽ hỏi lại nếu tìm thấy nó."),
    ),
    Code.UNSURE_FOUND: FaultWords(
        N_("Tìm thấy lượt đã ghi vào sổ giấy lúc máy trục trặc."),
        N_("Lượt đó có trong nhật ký của máy; sổ giấy cũng có."),
        N_("Người phụ trách chọn giữ hoặc hủy lượt đó để không tính hai lần."),
    ),
    Code.VIEW_DISK: FaultWords(
        N_("Chế độ chỉ xem: ổ đĩa không nhận thêm gì."),
        N_("Các lượt đã lưu vẫn còn nguyên và xem được; lượt mới chưa ghi vào máy."),
        N_("Ghi sổ giấy; giải phóng ổ đĩa hoặc mở quyền ghi. Máy tự ghi lại được ngay khi có chỗ."),
    ),
    Code.VIEW_DAMAGED: FaultWords(
        N_("Chế độ chỉ xem: cơ sở dữ liệu bị hỏng."),
        N_("Máy đang cho xem bản thứ hai của nhật ký; không có gì bị xóa. Lượt mới chưa ghi vào máy."),
        N_("Ghi sổ giấy; người phụ trách bấm Khôi phục, hoặc chạy kiosk restore với tệp journal.sealed."),
    ),
    Code.HOME_BUSY: FaultWords(
        N_("Một chương trình khác đang dùng thư mục dữ liệu này."),
        UNTOUCHED,
        N_("Đóng chương trình đó rồi làm lại."),
    ),
    Code.WINDOW_BUSY: FaultWords(
        N_("Cửa sổ của kiosk này đã mở trên cùng dữ liệu."),
        UNTOUCHED,
        N_("Dùng cửa sổ đang mở, hoặc đóng nó trước."),
    ),
    Code.HOME_UNUSABLE: FaultWords(
        N_("Không dùng được thư mục dữ liệu này."),
        NOTHING,
        N_("Chọn bằng --home (hoặc KIOSK_HOME) một thư mục mà người dùng này ghi được, hoặc mở quyền ghi của nó."),
    ),
    Code.CLOCK_BACK: FaultWords(
        N_("Đồng hồ của máy chạy lùi so với lần ghi trước."),
        N_("Không mất gì; thứ tự các lượt vẫn đúng."),
        N_("Chỉnh lại ngày giờ của máy (giờ Việt Nam) khi rảnh tay; cứ làm việc tiếp."),
    ),
    Code.ENGINE_MISSING: FaultWords(
        N_("Thiếu một bộ đọc mã; máy dùng bộ đọc còn lại."),
        KEPT,
        N_("Cứ làm việc tiếp; chạy kiosk doctor để xem thiếu gì."),
    ),
    Code.FORM_KEPT: FaultWords(
        N_("Tệp tờ khai đi kèm chương trình (data/form.yaml) có chỗ sai."),
        N_("Máy dùng bản tờ khai tốt gần nhất; không mất gì."),
        N_("Cứ làm việc tiếp; báo 19001075. Chạy kiosk check với tệp đó để biết dòng sai."),
    ),
    Code.PRINT_FAILED: FaultWords(
        N_("Đã lưu, chưa in được."),
        N_("Dữ liệu không liên quan đến máy in; tệp PDF vẫn còn để in lại."),
        N_("Xem giấy và dây máy in, rồi in lại (F8)."),
    ),
    Code.NOTHING_TO_PRINT: FaultWords(
        N_("Lượt này không có gì để in phiếu."),
        UNTOUCHED,
        N_("Phiếu cho cử tri chỉ in được từ tờ khai lập ở máy này; người đã có mã trên điện thoại không cần phiếu."),
    ),
    Code.NO_SUCH_RECORD: FaultWords(
        N_("Máy này chưa có tờ kiểm tra hay biên bản đó để in."),
        UNTOUCHED,
        N_("Tờ kiểm tra đầu ngày: chạy kiosk doctor trước. Biên bản xóa: ghi ngày đã xóa, như kiosk print certificate 2021-05-23."),
    ),
    Code.NOT_ENROLLED: FaultWords(
        N_("Máy này chưa được ghi danh."),
        NOTHING,
        N_("Chạy kiosk enrol với địa chỉ máy chủ và mã do tỉnh cấp."),
    ),
    Code.ENROL_REFUSED: FaultWords(
        N_("Tỉnh không nhận mã ghi danh này."),
        NOTHING,
        N_("Xem lại từng ký tự; mã chỉ dùng một lần và có hạn. Xin mã mới nếu cần."),
    ),
    Code.ENROL_UNTRUSTED: FaultWords(
        N_("Máy chủ này không phải máy chủ mà mã ghi danh chỉ tới."),
        N_("Chưa có gì được gửi hay ghi."),
        N_("Kiểm tra địa chỉ máy chủ; nếu đúng, đừng tiếp tục và gọi 19001075."),
    ),
    Code.ALREADY_ENROLLED: FaultWords(
        N_("Máy này đã được ghi danh rồi."),
        UNTOUCHED,
        N_("Dùng tiếp như hiện nay; muốn ghi danh lại thì chọn thư mục dữ liệu mới."),
    ),
    Code.KEYS_UNREADABLE: FaultWords(
        N_("Không mở được khóa của máy này."),
        N_("Dữ liệu vẫn còn và vẫn được mã hóa; chưa có gì bị xóa."),
        N_("Đừng xóa hay cài lại gì; chuyển sang sổ giấy và gọi 19001075."),
    ),
    Code.NO_DAY: FaultWords(
        N_("Chưa bắt đầu ngày làm việc."),
        NOTHING,
        N_("Bấm Bắt đầu ngày, hoặc chạy kiosk day open."),
    ),
    Code.DAY_UNKNOWN: FaultWords(
        N_("Ngày này không thuộc đợt bầu cử nào mà máy biết."),
        NOTHING,
        N_("Người phụ trách chọn đúng ngày bầu cử, hoặc nối mạng để nhận lịch mới."),
    ),
    Code.DAY_EMPTY: FaultWords(
        N_("Ngày này máy chưa ghi gì: chưa có gì để xuất."),
        NOTHING,
        N_("Xem ngày đã làm việc bằng kiosk day; bỏ --day thì lấy ngày đang mở hoặc ngày chốt sau cùng."),
    ),
    Code.NOT_A_DATE: FaultWords(
        N_("Chữ này không phải một ngày."),
        NOTHING,
        N_("Viết ngày theo dạng YYYY-MM-DD (năm-tháng-ngày), ví dụ 2021-05-23."),
    ),
    Code.LOCKED: FaultWords(
        N_("Máy đang khóa."),
        KEPT,
        N_("Cán bộ đăng nhập bằng mã PIN; lệnh thì đặt KIOSK_OFFICER và KIOSK_PIN."),
    ),
    Code.PIN_WRONG: FaultWords(
        N_("Mã PIN hoặc cụm từ không đúng."),
        UNTOUCHED,
        N_("Gõ lại; sai năm lần thì phải chờ. Quên mã: người phụ trách đặt mã mới."),
    ),
    Code.PIN_WAIT: FaultWords(
        N_("Đã gõ sai nhiều lần, phải chờ rồi mới thử lại được."),
        UNTOUCHED,
        N_("Chờ hết giờ đếm, hoặc nhờ người phụ trách đăng nhập và bỏ giờ chờ."),
    ),
    Code.PIN_WEAK: FaultWords(
        N_("Mã mới chưa dùng được."),
        N_("Mã cũ vẫn giữ nguyên."),
        N_(
            "Máy có kho khóa: 6 đến 12 chữ số không dễ đoán. Máy không có kho khóa (why=phrase): cụm bốn từ do máy đưa ra, "
            "cửa sổ hiện sẵn, lệnh là kiosk officers phrase."
        ),
    ),
    Code.LEAD_NEEDED: FaultWords(
        N_("Việc này của người phụ trách lối vào."),
        NOTHING,
        N_("Mời người phụ trách gõ mã PIN, rồi làm lại."),
    ),
    Code.SWITCHED_OFF: FaultWords(
        N_("Tỉnh đã tắt chức năng này."),
        NOTHING,
        N_("Làm tiếp bằng cách khác; cần dùng thì gọi 19001075."),
    ),
    Code.PIN_FIRST: FaultWords(
        N_("Mã này là mã đầu tiên tỉnh đưa. Máy không có kho khóa, nên trước hết phải đặt cụm bốn từ của mình."),
        UNTOUCHED,
        N_("Lấy bốn từ bằng kiosk officers phrase, rồi đặt bằng kiosk officers pin; hoặc mở cửa sổ và làm theo."),
    ),
    Code.OFFICER_UNKNOWN: FaultWords(
        N_("Không có cán bộ nào mang mã này ở máy này."),
        UNTOUCHED,
        N_("Xem danh sách bằng kiosk officers; thêm cán bộ thì nhờ tỉnh."),
    ),
    Code.LOOKUPS_MANY: FaultWords(
        N_("Nhiều lượt xem chi tiết hoặc tìm theo tên trong mười phút."),
        N_("Không có gì bị chặn; mỗi lượt xem đều được ghi lại."),
        N_("Người phụ trách hỏi lý do và xem nhật ký thao tác."),
    ),
    Code.NO_LEAD: FaultWords(
        N_("Chưa có người phụ trách đặt mã PIN: ai mở máy cũng dùng được."),
        KEPT,
        N_("Người phụ trách đặt mã PIN ở trang Ca trực (F1)."),
    ),
    Code.PLACE_UNKNOWN: FaultWords(
        N_("Khu vực này không có địa điểm mang mã đó, hoặc địa điểm đã thu hồi."),
        NOTHING,
        N_("Xem danh sách địa điểm (F8, phím P, hoặc kiosk places) rồi chọn lại."),
    ),
    Code.PLACE_NEEDED: FaultWords(
        N_("Chưa nêu địa điểm nào, mà khu vực này không có đúng một địa điểm."),
        NOTHING,
        N_("Nêu mã địa điểm (kiosk print poster MÃ; kiosk places list liệt kê), hoặc chọn ở F8, phím P."),
    ),
    Code.PLACE_UNSIGNED: FaultWords(
        N_("Địa điểm đã lưu, nhưng tỉnh chưa cấp mã cho bảng QR."),
        KEPT,
        N_("Nối mạng và gửi về tỉnh (Ctrl+S); mã về sau ít phút thì in được bảng."),
    ),
    Code.DAY_CLOSED: FaultWords(
        N_("Ngày này đã chốt, máy không ghi thêm lượt nào."),
        KEPT,
        N_("Còn người vào thì người phụ trách mở lại, ghi lý do: ngày cuối ở F10, ngày khác bằng kiosk close --reopen LÝ_DO --day NGÀY."),
    ),
    Code.DAY_PURGED: FaultWords(
        N_("Dữ liệu đọc được của ngày này đã xóa khỏi máy."),
        N_("Bản mã hóa còn ở máy; tỉnh giữ đủ và mở được mọi lượt của ngày đó."),
        N_("Xem biên bản xóa trong thư mục giấy tờ. Cần tra lượt của ngày đó thì hỏi tỉnh; ngày này không mở lại được."),
    ),
    Code.PURGE_REFUSED: FaultWords(
        N_("Chưa xóa được dữ liệu của ngày này."),
        N_("Chưa xóa gì: mọi lượt vẫn còn ở máy."),
        N_("Xem lý do trong ngoặc. Chốt ngày, gửi hết lên tỉnh (kiosk sync), đợi tỉnh mở đủ rồi làm lại."),
    ),
    Code.REMOVE_REFUSED: FaultWords(
        N_("Chưa dọn được máy này."),
        N_("Chưa xóa gì: mọi thứ vẫn còn ở máy."),
        N_("Xem lý do trong ngoặc. Chốt ngày, gửi hết, đợi tỉnh mở đủ; hoặc người phụ trách ghi lý do và chép toàn bộ ra USB."),
    ),
    Code.NOT_CONFIRMED: FaultWords(
        N_("Chưa xác nhận việc dọn máy."),
        N_("Chưa xóa gì: mọi thứ vẫn còn ở máy."),
        N_("Gõ đúng tên máy để xác nhận, hoặc thêm --yes."),
    ),
    Code.DAY_LEFT_OPEN: FaultWords(
        N_("Ngày làm việc trước chưa chốt."),
        KEPT,
        N_("Bấm F10 chốt ngày đó trước, rồi bắt đầu ngày hôm nay."),
    ),
    Code.PAPER_ONCE: FaultWords(
        N_("Tờ khai giấy mang số này đã được nhập rồi."),
        NOTHING,
        N_("Xem lại số ở góc phải tờ giấy; mỗi tờ chỉ nhập một lần."),
    ),
    Code.JOURNAL_BROKEN: FaultWords(
        N_("Nhật ký có chỗ không khớp."),
        N_("Không gì bị xóa; bản thứ hai và phần tỉnh đã nhận vẫn còn."),
        N_("Đừng sửa tệp nào; chạy kiosk verify và gọi 19001075."),
    ),
    Code.JOURNAL_GONE: FaultWords(
        N_("Nhật ký cũ của máy này không còn: cả cơ sở dữ liệu lẫn bản thứ hai."),
        N_("Phần tỉnh đã nhận vẫn còn ở tỉnh; máy đã mở nhật ký mới, số lượt đếm lại từ đầu."),
        N_("Cứ làm việc tiếp; gọi 19001075 ngay và giữ sổ giấy để đối chiếu."),
    ),
    Code.MIRROR_AHEAD: FaultWords(
        N_("Bản thứ hai của nhật ký có nhiều hơn cơ sở dữ liệu."),
        N_("Các lượt đó đã được lấy lại từ bản thứ hai; máy tự mở lượt nhật ký mới."),
        N_("Cứ làm việc tiếp; đối chiếu các lượt cuối với sổ giấy, báo 19001075 trong ngày."),
    ),
    Code.MIRROR_BROKEN: FaultWords(
        N_("Bản thứ hai của nhật ký bị hỏng một chỗ."),
        N_("Cơ sở dữ liệu vẫn còn nguyên; tệp hỏng được giữ lại."),
        N_("Cứ làm việc tiếp; báo 19001075 trong ngày."),
    ),
    Code.WAL_CUT: FaultWords(
        N_("Phần ghi cuối cùng trước khi máy tắt bị hỏng."),
        N_("Các lượt trước đó vẫn còn; vài lượt cuối có thể thiếu. Tệp hỏng được giữ lại."),
        N_("Cứ làm việc tiếp; đối chiếu các lượt cuối với sổ giấy và với tỉnh, báo 19001075 trong ngày."),
    ),
    Code.RESTORED: FaultWords(
        N_("Nhật ký vừa được khôi phục từ bản thứ hai."),
        N_("Cơ sở dữ liệu cũ được giữ lại; vài lượt cuối trước khi hỏng có thể thiếu."),
        N_("Cứ làm việc tiếp; đối chiếu các lượt cuối với sổ giấy và với tỉnh."),
    ),
    Code.KEY_LOST: FaultWords(
        N_("Mất khóa của một quãng nhật ký trên máy này."),
        N_("Các lượt trong quãng đó vẫn còn, tỉnh vẫn mở được; máy tự mở lượt nhật ký mới."),
        N_("Cứ làm việc tiếp; đừng xóa gì, báo 19001075 trong ngày."),
    ),
    Code.EVENT_UNKNOWN: FaultWords(
        N_("Máy này không có sự kiện nào mang số này."),
        NOTHING,
        N_("Xem lại từng ký tự: số có dạng kiosk:epoch:seq, liệt kê bằng kiosk journal. Số phiếu thì dùng --ticket."),
    ),
    Code.ALREADY_VOIDED: FaultWords(
        N_("Sự kiện này đã hủy từ trước."),
        N_("Không ghi thêm gì; lượt cũ vẫn còn trong nhật ký, gạch ngang."),
        N_("Không cần làm gì thêm. Hủy nhầm thì quét hoặc khai lại cho cử tri."),
    ),
    Code.TICKET_UNKNOWN: FaultWords(
        N_("Máy này hôm nay chưa đưa phiếu nào mang số này."),
        NOTHING,
        N_("Xem lại số trên phiếu; phiếu chưa khai thì xem F7, hoặc kiosk tickets. Không rõ số thì khai như thường (F2)."),
    ),
    Code.NOTHING_CHANGED: FaultWords(
        N_("Bản sửa này không đổi gì so với bản đang có."),
        N_("Không ghi thêm gì; bản đang có vẫn nguyên."),
        N_("Xem lại mục cần sửa, hoặc bấm Esc để thôi."),
    ),
    Code.OFFLINE: FaultWords(
        N_("Không nối được tới máy chủ của tỉnh."),
        KEPT,
        N_("Cứ làm việc tiếp; máy tự gửi khi có mạng."),
    ),
    Code.PORTAL: FaultWords(
        N_("Cần đăng nhập Wi-Fi: mạng này đòi đăng nhập trước khi cho đi ra."),
        KEPT,
        N_("Đăng nhập mạng bằng trình duyệt, hoặc đổi mạng; máy vẫn làm việc."),
    ),
    Code.TLS: FaultWords(
        N_("Máy trả lời không phải máy chủ của tỉnh."),
        N_("Chưa gửi gì; dữ liệu vẫn còn nguyên trong máy này."),
        N_("Đổi mạng khác; nếu vẫn vậy, gọi 19001075."),
    ),
    Code.SERVER_REFUSED: FaultWords(
        N_("Máy chủ của tỉnh chưa nhận lần gửi này."),
        KEPT,
        N_("Cứ làm việc tiếp; máy sẽ gửi lại. Nếu kéo dài, gọi 19001075."),
    ),
    Code.SERVER_ODD: FaultWords(
        N_("Máy chủ trả lời điều máy không hiểu."),
        KEPT,
        N_("Cứ làm việc tiếp; máy sẽ gửi lại. Nếu kéo dài, gọi 19001075."),
    ),
    Code.FORKED: FaultWords(
        N_("Tỉnh đã có một bản nhật ký khác của máy này."),
        N_("Cả hai bản đều được giữ, không có gì bị xóa."),
        N_("Kiểm tra có máy nào chép từ máy này không, và gọi 19001075."),
    ),
    Code.FEED_STALE: FaultWords(
        N_("Tin từ tỉnh đã quá một ngày."),
        KEPT,
        N_("Cứ làm việc tiếp; nối mạng, hoặc nhận tin bằng USB, để có quy định và danh sách mới."),
    ),
    Code.REVOKED: FaultWords(
        N_("Tỉnh đã thu hồi máy này."),
        N_("Dữ liệu vẫn còn nguyên trong máy; tỉnh giữ riêng những gì máy gửi thêm."),
        N_("Chuyển sang máy khác hoặc sổ giấy và gọi 19001075."),
    ),
    Code.BAD_INPUT: FaultWords(
        N_("Nội dung đưa vào không dùng được."),
        NOTHING,
        N_("Sửa chỗ được nêu rồi làm lại."),
    ),
    Code.BAD_FILE: FaultWords(
        N_("Tệp này không đọc được hoặc không đúng khuôn dạng."),
        NOTHING,
        N_("Xem lại đường dẫn và nội dung của tệp được nêu."),
    ),
    Code.RECEIPTS_NOT_KEPT: FaultWords(
        N_("Chưa lưu được ký nhận của tỉnh: ổ đĩa không nhận thêm."),
        N_("Tệp trên USB vẫn còn nguyên; sự kiện vẫn còn trong máy này."),
        N_("Xóa bớt tệp khác trên ổ đĩa, rồi nhận từ USB lần nữa."),
    ),
    Code.FILE_NOT_WRITTEN: FaultWords(
        N_("Không ghi được tệp ra ngoài."),
        KEPT,
        N_("Xem USB còn chỗ và không bị khóa ghi, hoặc chọn chỗ khác, rồi làm lại."),
    ),
    Code.NO_STICK: FaultWords(
        N_("Không thấy USB nào."),
        KEPT,
        N_("Cắm USB, chờ vài giây rồi bấm lại."),
    ),
    Code.FORM_INCOMPLETE: FaultWords(
        N_("Tờ khai còn thiếu mục bắt buộc."),
        N_("Tờ khai chưa được lưu; những gì đã điền vẫn còn."),
        N_("Điền các mục được nêu rồi lưu lại."),
    ),
    Code.INTERNAL: FaultWords(
        N_("Chương trình gặp lỗi."),
        KEPT,
        CALL,
    ),
}

RETRY = N_("Thử lại")
RESTORE = N_("Khôi phục")
DEVICES = N_("Thiết bị (F9)")
SEND = N_("Gửi ngay")
HOW = N_("Cách xử lý")

CONDITIONS: dict[Code, ConditionWords] = {
    Code.CAMERA_MISSING: ConditionWords(N_("Không thấy camera: vẫn khai hộ được bằng F2"), DEVICES),
    Code.CAMERA_LOST: ConditionWords(N_("Camera vừa ngắt: cắm lại dây, máy tự nối"), DEVICES),
    Code.CAMERA_DARK: ConditionWords(N_("Hình tối đen: mở nắp che camera"), DEVICES),
    Code.CAMERA_FROZEN: ConditionWords(N_("Hình đứng yên: rút dây camera rồi cắm lại"), DEVICES),
    Code.CAMERA_DIM: ConditionWords(N_("Hình quá tối: chỉnh lại đèn"), DEVICES),
    Code.CAMERA_BRIGHT: ConditionWords(N_("Hình quá sáng: chỉnh lại đèn, đừng nhìn thẳng ra cửa"), DEVICES),
    Code.CAMERA_DIRTY: ConditionWords(N_("Hình phủ mờ: lau ống kính"), DEVICES),
    Code.CAMERA_BLURRED: ConditionWords(N_("Hình không nét: lau ống kính, đưa mã ra xa một gang tay"), DEVICES),
    Code.CAMERA_FILE: ConditionWords(N_("Camera: không đọc được tệp {camera}"), DEVICES),
    Code.DAY_LEFT_OPEN: ConditionWords(N_("Ngày làm việc trước chưa chốt: chốt trước khi làm tiếp"), N_("Chốt ngày (F10)")),
    Code.UNSURE_FOUND: ConditionWords(N_("Có lượt vừa ghi giấy vừa có trong máy: giữ hay hủy?"), N_("Chọn ở trang Chốt (F10)")),
    Code.VIEW_DISK: ConditionWords(N_("Chế độ chỉ xem: ổ đĩa không nhận thêm, ghi sổ giấy"), RETRY),
    Code.VIEW_DAMAGED: ConditionWords(N_("Chế độ chỉ xem: dữ liệu bị hỏng, ghi sổ giấy"), RESTORE),
    Code.JOURNAL_GONE: ConditionWords(N_("Nhật ký cũ của máy này không còn: gọi 19001075"), HOW),
    Code.MIRROR_AHEAD: ConditionWords(N_("Đã lấy lại nhật ký từ bản thứ hai: đối chiếu các lượt cuối với sổ giấy"), HOW),
    Code.KEY_LOST: ConditionWords(N_("Mất khóa của một quãng nhật ký, máy vẫn ghi: báo 19001075"), HOW),
    Code.WAL_CUT: ConditionWords(N_("Vài lượt cuối trước khi tắt máy có thể thiếu: đối chiếu sổ giấy"), HOW),
    Code.RESTORED: ConditionWords(N_("Đã khôi phục nhật ký: đối chiếu các lượt cuối với sổ giấy"), HOW),
    Code.DISK_FULL: ConditionWords(N_("Ổ đĩa đã đầy: ghi sổ giấy, xóa bớt tệp khác"), RETRY),
    Code.DISK_READ_ONLY: ConditionWords(N_("Ổ đĩa không cho ghi: ghi sổ giấy"), RETRY),
    Code.DATABASE_BUSY: ConditionWords(N_("Cơ sở dữ liệu đang bận, chờ vài giây"), RETRY),
    Code.CLOCK_BACK: ConditionWords(N_("Đồng hồ máy chạy lùi: chỉnh lại khi rảnh tay"), HOW),
    Code.ENGINE_MISSING: ConditionWords(N_("Thiếu một bộ đọc mã, máy vẫn quét được"), HOW),
    Code.FORM_KEPT: ConditionWords(N_("Tệp tờ khai có chỗ sai: đang dùng bản trước, báo 19001075"), HOW),
    Code.PRINT_FAILED: ConditionWords(N_("Đã lưu, chưa in: xem giấy và dây máy in"), N_("In (F8)")),
    Code.LOOKUPS_MANY: ConditionWords(N_("Xem chi tiết hoặc tìm tên hơn 30 lượt trong 10 phút: báo người phụ trách"), HOW),
    Code.NO_LEAD: ConditionWords(N_("Chưa ai đặt mã PIN: người mở được máy thì đọc được dữ liệu"), HOW),
    Code.MIRROR_BROKEN: ConditionWords(N_("Bản thứ hai của nhật ký bị hỏng: báo 19001075"), HOW),
    Code.OFFLINE: ConditionWords(N_("Không có mạng, máy vẫn làm việc"), SEND),
    Code.PORTAL: ConditionWords(N_("Cần đăng nhập Wi-Fi, máy vẫn làm việc"), HOW),
    Code.TLS: ConditionWords(N_("Không phải máy chủ của tỉnh, máy vẫn làm việc"), HOW),
    Code.SERVER_REFUSED: ConditionWords(N_("Tỉnh chưa nhận, dữ liệu vẫn ở máy này"), SEND),
    Code.SERVER_ODD: ConditionWords(N_("Máy chủ trả lời lạ, máy sẽ gửi lại"), SEND),
    Code.FEED_STALE: ConditionWords(N_("Tin từ tỉnh đã quá một ngày: nối mạng khi có thể"), SEND),
    Code.REVOKED: ConditionWords(N_("Tỉnh đã thu hồi máy này: gọi 19001075"), HOW),
    Code.FORKED: ConditionWords(N_("Có hai bản nhật ký, báo 19001075"), HOW),
}


HINTS: dict[Hint, str] = {
    Hint.CLOSER: N_("Đưa mã lại gần camera hơn"),
    Hint.TILT: N_("Nghiêng điện thoại một chút cho hết lóa"),
    Hint.STILL: N_("Giữ yên một chút"),
    Hint.LIGHT: N_("Tăng độ sáng màn hình, hoặc chỉnh lại đèn"),
    Hint.FOCUS: N_("Giữ yên, đưa mã ra xa hơn một chút cho rõ nét"),
}


def hint(what: Hint) -> str:
    """One line for the person who holds the phone."""
    return gettext(HINTS[what])


def fault(code: Code) -> FaultWords:
    """The three sentences in the language spoken now."""
    words = FAULTS.get(code, FAULTS[Code.INTERNAL])
    return FaultWords(gettext(words.title), gettext(words.kept), gettext(words.cure))


def condition(code: Code, camera: str = "") -> ConditionWords:
    """The line of a trouble that clears itself; the fault's title for a code that is no condition. `camera`: the name of the one it is."""
    words = CONDITIONS.get(code) or ConditionWords(FAULTS.get(code, FAULTS[Code.INTERNAL]).title, HOW)
    return ConditionWords(gettext(words.line).replace("{camera}", _plain(camera)), gettext(words.button))


def announcement(code: Code) -> str:
    """A trouble that stands, on one line in the language spoken now: the code, what happened, what became of the data, what to do."""
    said = fault(code)
    return f"{code.value} · {said.title} {said.kept} {said.cure}"


def fault_text(code: Code, facts: Mapping[str, object] | None = None) -> str:
    """Both languages, a line each, then the facts: what a command prints on standard error."""
    words = FAULTS.get(code, FAULTS[Code.INTERNAL])
    lines = [" ".join(translate(part, tongue) for part in (words.title, words.kept, words.cure)) for tongue in LANGUAGES]
    listed = " · ".join(_fact(code, name, value) for name, value in (facts or {}).items() if value not in ("", None))
    return "\n".join(
        [
            f"{code.value} · {lines[0]}",
            f"{' ' * len(code.value)}   {lines[1]}",
            *([f"{' ' * len(code.value)}   ({listed})"] if listed else []),
        ]
    )


def _fact(code: Code, name: str, value: object) -> str:
    """A fact by its name; why a day or a whole laptop may not go yet, and why a file is not taken, in words."""
    if code in (Code.PURGE_REFUSED, Code.REMOVE_REFUSED) and isinstance(value, int) and name in WHY:
        return why_not({name: value})[0]
    if name == "why" and value in FILE_WHY:
        return file_why(str(value))
    return f"{_plain(name)}={_plain(value)}"


def _plain(value: object) -> str:
    """A fact as one short printable line: it may come from a file or a wire."""
    text = str(value)[: 4 * LONGEST_FACT]
    text = re.sub(r"\s+", " ", "".join(c if c.isprintable() or c.isspace() else "?" for c in text)).strip()
    return text if len(text) <= LONGEST_FACT else text[: LONGEST_FACT - 1] + "…"
