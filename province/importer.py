"""A bundle from a stick: its calls go through the same code as the network's, one by one, and the answers into a file to carry home.

Torn, cut or foreign: the calls up to there are taken, the rest is named.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from kiosk.domain import protocol, stick
from kiosk.domain.protocol import Batch, BatchAnswer, Problem, Untrusted
from province.calls import Calls
from province.settings import Refused

KINDS = ("events", "have", "manifest", "feed")
MAX_FILE = 1 << 30
WORDS = {
    "magic": "không phải tệp của kiosk; không có gì được nhận / not a kiosk's bundle: nothing was taken",
    "cut": "tệp thiếu phần cuối / the file ends early",
    "torn": "tệp hỏng từ đây / damaged from here on",
    "type": "tệp hỏng từ đây / damaged from here on",
    "end": "phần cuối không khớp: tệp bị nối hoặc sửa / its end does not fit: it was joined or changed",
    "digest": "mã kiểm tra không khớp / its digest does not fit",
}
AGAIN = "Hãy xuất lại từ kiosk (kiosk bundle export) / export it again on the kiosk"
PROBLEMS = {
    "busy": "lần gọi chưa nhận: cơ sở dữ liệu bận hoặc đĩa đầy. Hãy giải phóng đĩa rồi nhận lại đúng tệp này; không gì bị nhận hai lần\n"
    "calls were not taken: the database is busy or the disk is full. Free the disk, then import this same file again; nothing is doubled",
    "unknown_kiosk": "lần gọi của máy mà tỉnh này không biết: giữ nguyên, chưa nhận. Khi máy đã có ở đây: `province strays release`\n"
    "calls of a kiosk that is not known here: kept whole, not taken. Once it is known: `province strays release`",
    "signature": "lần gọi có chữ ký không đúng: không nhận / calls whose signature is wrong: not taken",
    "shape": "lần gọi không đọc được: không nhận / calls that could not be read: not taken",
    "revoked": "lần gọi của máy đã bị thu hồi / calls of a revoked kiosk",
}
CONFLICT = (
    "bản ghi khác với bản tỉnh giữ ở cùng chỗ: máy này từng bị sao chép hoặc khôi phục. Cả hai bản được giữ; xem `province conflicts`\n"
    "events differ from those held at the same place: this kiosk was copied or restored. Both are kept: see `province conflicts`"
)
REJECTED = (
    "bản ghi để riêng hoặc không nhận được; xem `province quarantine list`\n"
    "events were set aside or could not be taken: see `province quarantine list`"
)


@dataclass(slots=True)
class Outcome:
    """Numbers of events: `received` in calls that could be read; `inserted`, `duplicate`, `conflict`, `rejected` (every other reason, and
    calls that were refused whole). `kiosks`: whose; `trouble`: "" or a word of stick.read; `problems`: code -> calls refused with it."""

    received: int = 0
    inserted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    kiosks: list[str] = field(default_factory=list)
    trouble: str = ""
    problems: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def take(calls: Calls, data: bytes) -> tuple[Outcome, bytes]:
    """Files a bundle; (what became of it, the receipt file's bytes)."""
    found = stick.read(data, stick.BUNDLE, stick.CALL)
    outcome = Outcome(trouble=found.trouble)
    answers = [answer for frame in found.frames for answer in _call(calls, frame, outcome)]
    return outcome, stick.whole(stick.RECEIPTS, stick.ANSWER, answers)


def _call(calls: Calls, frame: bytes, outcome: Outcome) -> Iterator[bytes]:
    try:
        call = msgspec.msgpack.decode(frame, type=stick.Call)
        sealed = protocol.envelope(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, Untrusted):
        outcome.problems["shape"] = outcome.problems.get("shape", 0) + 1
        return
    if sealed.sender not in outcome.kiosks:
        outcome.kiosks.append(sealed.sender)
    if call.kind not in KINDS:
        outcome.problems["shape"] = outcome.problems.get("shape", 0) + 1
        return
    _, data = calls.answer(call.kind, call.body, stick=True)
    answer = protocol.envelope(data)
    if call.kind == "events":
        _count(sealed, answer, outcome)
    if answer.kind == "problem":
        code = protocol.decode(answer.body, Problem).code
        outcome.problems[code] = outcome.problems.get(code, 0) + 1
    yield data
    if answer.kind == "feed":
        yield from calls.further_pages(sealed, answer)


def _count(sealed: protocol.Envelope, answer: protocol.Envelope, outcome: Outcome) -> None:
    try:
        events = sum(len(span.events) for span in protocol.decode(sealed.body, Batch).spans)
    except Untrusted:
        return
    outcome.received += events
    if answer.kind != "events":
        outcome.rejected += events
        return
    said = protocol.decode(answer.body, BatchAnswer)
    aside = [refusal.reason for refusal in said.refusals if refusal.reason != "unreadable"]
    conflicts = aside.count("conflict")
    outcome.conflict += conflicts
    outcome.rejected += len(aside) - conflicts
    outcome.duplicate += said.duplicates
    outcome.inserted += events - len(aside) - said.duplicates


def said(file: Path, outcome: Outcome) -> Iterator[str]:
    """What was not taken and what to do, for people."""
    if outcome.trouble:
        before = "" if outcome.trouble == "magic" else " Phần trước đó đã nhận / what came before it is taken."
        yield f"{file}: {WORDS[outcome.trouble]}.{before} {AGAIN}."
    for code, count in outcome.problems.items():
        yield f"{count} {PROBLEMS.get(code, code)}."
    if outcome.conflict:
        yield f"{outcome.conflict} {CONFLICT}."
    if outcome.rejected and not outcome.problems:
        yield f"{outcome.rejected} {REJECTED}."


def check_target(bundle: Path, target: Path) -> None:
    """The receipts must not go over a bundle, this one or another: it may be the only copy. Raises Refused."""
    try:
        same = target.exists() and target.samefile(bundle)
        with target.open("rb") as file:
            over = same or file.read(len(stick.BUNDLE)) == stick.BUNDLE
    except OSError:
        return  # not there, or not to be read: writing will say so
    if over:
        raise Refused(
            f"--receipts {target} là gói của kiosk; không ghi đè, chưa nhận gì. Hãy chọn tên khác.\n"
            f"--receipts {target} is a kiosk's bundle: it was left alone and nothing was taken. Choose another name."
        )


def read(file: Path) -> bytes:
    """Raises Refused."""
    try:
        if file.stat().st_size > MAX_FILE:
            raise Refused(f"{file} lớn hơn 1 GiB.\n{file} is over 1 GiB.")
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"Không đọc được {file}: {error.strerror}.\nCannot read {file}: nothing was changed.") from error


def write(file: Path, data: bytes) -> None:
    """Beside, fsynced, read back, renamed. Raises Refused: what was taken stays taken, and taking the bundle again is harmless."""
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if beside.read_bytes() != data:
            raise OSError(5, "read back")
        os.replace(beside, file)
    except OSError as error:
        raise Refused(
            f"Đã nhận dữ liệu nhưng không ghi được {file}: {error.strerror}. Hãy nhận lại tệp này với chỗ ghi khác.\n"
            f"The events are in, but {file} could not be written: import the same file again with another --receipts."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
