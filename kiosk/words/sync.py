"""How it stands with the province, in whole sentences: what is in, what is opened, what is not. For the window and the commands alike."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kiosk.i18n import _
from kiosk.words.labels import SWITCHES, label, sync_state
from kiosk.words.times import hour_minute

SKEW_S = 120.0  # a clock that is off by less is nobody's trouble


class Standing(Protocol):
    """What is said of: sync.state.SyncState, or the window's own copy of it."""

    @property
    def state(self) -> str: ...
    @property
    def events(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def acknowledged(self) -> int: ...
    @property
    def opened(self) -> int: ...
    @property
    def parked(self) -> int: ...
    @property
    def aside(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def last_receipt_at(self) -> int | None: ...
    @property
    def clock_skew_s(self) -> float | None: ...


def sync_report(s: Standing, feed_age_s: int | None = None, off: Sequence[str] = ()) -> tuple[str, ...]:
    """Sentences in the order in which they matter; the first says whether anything is to be done. `off`: features switched off."""
    said = [_summary(s)]
    if s.state != "ok":
        said.append(_("{state}.").format(state=sync_state(s.state)))
    if s.last_receipt_at:
        said.append(_("Tỉnh ký nhận lần cuối lúc {time}.").format(time=hour_minute(s.last_receipt_at)))
    if s.parked:
        said.append(_("{count} sự kiện gửi riêng vẫn chưa qua được: máy để lại, nửa giờ sau thử nữa.").format(count=s.parked))
    if s.aside:
        said.append(_("{count} sự kiện tỉnh giữ riêng để xem lại hoặc máy đã chép tiếp; báo 19001075.").format(count=s.aside))
    unreadable = s.refused - min(s.refused, s.aside)
    if unreadable:
        said.append(_("{count} sự kiện tỉnh đã giữ nhưng không mở đọc được; báo 19001075.").format(count=unreadable))
    if s.clock_skew_s is not None and abs(s.clock_skew_s) >= SKEW_S:
        said.append(_skew(s.clock_skew_s))
    if feed_age_s is not None:
        said.append(_age(feed_age_s))
    if off:
        said.append(_("Tỉnh đã tắt: {features}.").format(features=", ".join(label(SWITCHES, word) for word in off)))
    return tuple(said)


def second_copy() -> str:
    """Said before the counts while a damaged database's second copy is shown."""
    return _("Số dưới đây lấy từ bản thứ hai; những gì tỉnh đã nhận có thể thiếu cho đến khi khôi phục.")


def bundle_written(events: int) -> str:
    """What to do with the stick now."""
    return _("Đã ghi {events} sự kiện ra USB. Mang USB về tỉnh; dữ liệu vẫn còn trong máy này.").format(events=events)


class BroughtHome(Protocol):
    """What is said of: sync.bundle.Taken."""

    @property
    def events(self) -> int: ...
    @property
    def feed(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def unproven(self) -> int: ...
    @property
    def problems(self) -> Mapping[str, int]: ...
    @property
    def trouble(self) -> str: ...


def bundle_home(taken: BroughtHome) -> str:
    """What came home on the stick, what of it could not be used and why, and what to do about it."""
    said = [_("Tỉnh đã nhận thêm {events} sự kiện, có {feed} mục tin mới.").format(events=taken.events, feed=taken.feed)]
    if taken.trouble:
        said.append(_("Tệp bị đứt hoặc hỏng phần sau: chép lại từ tỉnh."))
    said += [_problem(code, count) for code, count in taken.problems.items()]
    if taken.unproven:
        text = _("{count} ký nhận không khớp nhật ký của máy này nên không dùng; báo 19001075.")
        said.append(text.format(count=taken.unproven))
    foreign = taken.rejected - taken.unproven - sum(taken.problems.values())
    if foreign:
        said.append(_("{count} mục không phải cho máy này, hoặc không do tỉnh ký, nên không dùng.").format(count=foreign))
    return " ".join(said)


def _problem(code: str, count: int) -> str:
    """Calls of the bundle that the province refused."""
    texts = {
        "busy": _("Tỉnh đang bận nên chưa nhận {count} mục: nhờ tỉnh nhập lại tệp."),
        "revoked": _("Tỉnh đã thu hồi máy này: gọi 19001075."),
        "unknown_kiosk": _("Tỉnh không biết máy này, vẫn giữ riêng tệp: gọi 19001075."),
    }
    return texts.get(code, _("Tỉnh không nhận {count} mục ({code}): gọi 19001075.")).format(count=count, code=code)


def _summary(s: Standing) -> str:
    if s.events == 0:
        return _("Chưa có sự kiện nào.")
    if s.waiting:
        text = _("Tỉnh đã nhận {held} trong {events} sự kiện; còn {waiting} chờ gửi.")
    elif s.opened + s.aside < s.events:
        text = _("Tỉnh đã nhận {held} trong {events} sự kiện, đã mở đọc {opened}; đang mở phần còn lại.")
        if not s.aside:
            text = _("Tỉnh đã nhận đủ {events} sự kiện, đã mở đọc {opened}; đang mở phần còn lại.")
    elif s.aside:
        text = _("Tỉnh đã nhận và mở đọc {opened} trong {events} sự kiện; {aside} sự kiện để riêng.")
    else:
        text = _("Tỉnh đã nhận và mở đọc đủ {events} sự kiện.")
    return text.format(held=s.acknowledged, events=s.events, waiting=s.waiting, opened=s.opened, aside=s.aside)


def _skew(seconds: float) -> str:
    off = abs(seconds)
    if off < 2 * 3600:
        text = _("Đồng hồ máy nhanh hơn tỉnh {minutes} phút.") if seconds > 0 else _("Đồng hồ máy chậm hơn tỉnh {minutes} phút.")
    elif off < 48 * 3600:
        text = _("Đồng hồ máy nhanh hơn tỉnh {hours} giờ.") if seconds > 0 else _("Đồng hồ máy chậm hơn tỉnh {hours} giờ.")
    else:
        text = _("Đồng hồ máy nhanh hơn tỉnh {days} ngày.") if seconds > 0 else _("Đồng hồ máy chậm hơn tỉnh {days} ngày.")
    return text.format(minutes=round(off / 60), hours=round(off / 3600), days=round(off / 86_400))


def _age(seconds: int) -> str:
    if seconds < 3600:
        return _("Tin từ tỉnh: {minutes} phút trước.").format(minutes=seconds // 60)
    if seconds < 48 * 3600:
        return _("Tin từ tỉnh: {hours} giờ trước.").format(hours=seconds // 3600)
    return _("Tin từ tỉnh: {days} ngày trước.").format(days=seconds // 86_400)
