"""Words for people: every verdict, reason, trouble, state and label, for the window, the commands and paper alike.

One catalog (kiosk/i18n.py): Vietnamese is written here, English in data/locale/en.po. Sentences are whole, never joined from
pieces. No Qt, no I/O, and no rule: which verdict it is, others have decided.
"""

from kiosk.words.answers import field_problem
from kiosk.words.audits import audit, audit_fact
from kiosk.words.faults import HOTLINE, ConditionWords, FaultWords, announcement, condition, fault, fault_text, hint
from kiosk.words.files import FILE_WHY, file_why
from kiosk.words.labels import (
    ANSWERS,
    DEFER_REASONS,
    EVENT_STATES,
    GENDERS,
    MODES,
    PERSONS,
    REFUSALS,
    ROLES,
    SOURCES,
    SYNC_STATES,
    TICKET_STATES,
    kind_label,
    label,
    sync_state,
)
from kiosk.words.leaving import insisting, nothing_due, purge_goes, purge_stays, remove_goes, remove_stays, removed, why_not
from kiosk.words.reasons import reason, warnings
from kiosk.words.sync import bundle_home, bundle_written, second_copy, sync_report
from kiosk.words.times import another_day, day, day_ended, day_month, day_month_time, full, hour_minute, keyed_in, keyed_in_vain
from kiosk.words.verdicts import CAUTION, COLOURS, INK, TROUBLE_BORDER, Role, VerdictWords, act_label, person, verdict

__all__ = [
    "ANSWERS",
    "CAUTION",
    "COLOURS",
    "DEFER_REASONS",
    "EVENT_STATES",
    "FILE_WHY",
    "GENDERS",
    "HOTLINE",
    "INK",
    "MODES",
    "PERSONS",
    "REFUSALS",
    "ROLES",
    "SOURCES",
    "SYNC_STATES",
    "TICKET_STATES",
    "TROUBLE_BORDER",
    "ConditionWords",
    "FaultWords",
    "Role",
    "VerdictWords",
    "act_label",
    "announcement",
    "another_day",
    "audit",
    "audit_fact",
    "bundle_home",
    "bundle_written",
    "condition",
    "day",
    "day_ended",
    "day_month",
    "day_month_time",
    "fault",
    "fault_text",
    "field_problem",
    "file_why",
    "full",
    "hint",
    "hour_minute",
    "insisting",
    "keyed_in",
    "keyed_in_vain",
    "kind_label",
    "label",
    "nothing_due",
    "person",
    "purge_goes",
    "purge_stays",
    "reason",
    "remove_goes",
    "remove_stays",
    "removed",
    "second_copy",
    "sync_report",
    "sync_state",
    "verdict",
    "warnings",
    "why_not",
]
