"""What can go wrong, by whose fault: the codes, and the exceptions that carry them.

No words for people here (they are in words.py, complete in both languages) and no logging.
A Verdict is not an error. A Condition is the environment's: it has a cure and clears itself.
A Fault is ours: logged, shown, and work goes on.
"""

import errno
from enum import StrEnum


class Code(StrEnum):
    """Stable codes, printed beside every message so that a hotline can look them up."""

    # machine and environment
    CAMERA_MISSING = "KS-101"
    CAMERA_LOST = "KS-102"
    CAMERA_DARK = "KS-103"
    CAMERA_FROZEN = "KS-104"
    CAMERA_DIM = "KS-105"
    CAMERA_BRIGHT = "KS-106"
    CAMERA_DIRTY = "KS-107"
    CAMERA_BLURRED = "KS-108"
    CAMERA_FILE = "KS-109"
    DISK_FULL = "KS-110"
    DISK_READ_ONLY = "KS-111"
    DATABASE_BUSY = "KS-112"
    DATABASE_UNREADABLE = "KS-113"
    DATABASE_NEWER = "KS-114"
    COMMIT_UNKNOWN = "KS-115"
    UNSURE_FOUND = "KS-116"
    VIEW_DISK = "KS-117"
    VIEW_DAMAGED = "KS-118"
    HOME_BUSY = "KS-120"
    WINDOW_BUSY = "KS-121"
    HOME_UNUSABLE = "KS-122"
    CLOCK_BACK = "KS-130"
    ENGINE_MISSING = "KS-140"
    FORM_KEPT = "KS-141"
    PRINT_FAILED = "KS-150"
    NOTHING_TO_PRINT = "KS-151"
    NO_SUCH_RECORD = "KS-152"
    # enrolment, keys, day
    NOT_ENROLLED = "KS-201"
    ENROL_REFUSED = "KS-202"
    ENROL_UNTRUSTED = "KS-203"
    ALREADY_ENROLLED = "KS-204"
    KEYS_UNREADABLE = "KS-205"
    NO_DAY = "KS-206"
    DAY_UNKNOWN = "KS-207"
    # officers
    LOCKED = "KS-210"
    PIN_WRONG = "KS-211"
    PIN_WAIT = "KS-212"
    PIN_WEAK = "KS-213"
    LEAD_NEEDED = "KS-214"
    OFFICER_UNKNOWN = "KS-215"
    LOOKUPS_MANY = "KS-216"
    NO_LEAD = "KS-217"
    PLACE_UNKNOWN = "KS-208"
    PLACE_UNSIGNED = "KS-209"
    DAY_CLOSED = "KS-218"
    DAY_LEFT_OPEN = "KS-219"
    PAPER_ONCE = "KS-220"
    DAY_PURGED = "KS-221"
    PURGE_REFUSED = "KS-222"
    NOT_A_DATE = "KS-223"
    REMOVE_REFUSED = "KS-224"
    NOT_CONFIRMED = "KS-225"
    SWITCHED_OFF = "KS-226"
    PIN_FIRST = "KS-227"
    DAY_EMPTY = "KS-228"
    PLACE_NEEDED = "KS-229"
    # journal
    JOURNAL_BROKEN = "KS-301"
    MIRROR_AHEAD = "KS-302"
    MIRROR_BROKEN = "KS-303"
    EVENT_UNKNOWN = "KS-304"
    WAL_CUT = "KS-305"
    RESTORED = "KS-306"
    KEY_LOST = "KS-307"
    ALREADY_VOIDED = "KS-308"
    NOTHING_CHANGED = "KS-309"
    TICKET_UNKNOWN = "KS-310"
    JOURNAL_GONE = "KS-311"
    # sync
    OFFLINE = "KS-401"
    PORTAL = "KS-402"
    TLS = "KS-403"
    SERVER_REFUSED = "KS-404"
    SERVER_ODD = "KS-405"
    FORKED = "KS-406"
    FEED_STALE = "KS-407"
    REVOKED = "KS-408"
    # what people type or show
    BAD_INPUT = "KS-501"
    BAD_FILE = "KS-502"
    FORM_INCOMPLETE = "KS-503"
    FILE_NOT_WRITTEN = "KS-504"
    NO_STICK = "KS-505"
    RECEIPTS_NOT_KEPT = "KS-506"
    # ours
    INTERNAL = "KS-900"


class KioskError(Exception):
    """A refusal or failure that a person must hear about: a code, and facts for its sentence.

    `facts` are substituted into the sentence of words.py; they never hold names or numbers of voters.
    """

    def __init__(self, code: Code, **facts: object) -> None:
        super().__init__(code.value)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        return " ".join([self.code.value, *(f"{k}={v}" for k, v in self.facts.items())])


class CommitUnknown(KioskError):
    """COMMIT failed: the row may or may not be there. Close, reopen, look for the deed. `why`: the trouble behind it, by name."""

    def __init__(self, cause: str, why: Code = Code.COMMIT_UNKNOWN) -> None:
        super().__init__(Code.COMMIT_UNKNOWN, cause=cause)
        self.why = why


REFUSALS: dict[int, Code] = {
    errno.ENOSPC: Code.DISK_FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): Code.DISK_FULL,
    errno.EROFS: Code.DISK_READ_ONLY,
    errno.EACCES: Code.DISK_READ_ONLY,
    errno.EPERM: Code.DISK_READ_ONLY,
    errno.EIO: Code.DATABASE_UNREADABLE,
}


def code_of(error: OSError) -> Code:
    """The disk's refusal by its name; what has none is ours."""
    return REFUSALS.get(error.errno or 0, Code.INTERNAL)
