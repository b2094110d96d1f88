"""The Ministry of Health's declaration pages, and Huế's own: the letter asks the officer to look at the voter's phone and no more.
The content of the address is not kept."""

import re
from difflib import SequenceMatcher

from kiosk.domain.passes import links
from kiosk.domain.passes.model import Kind, Pass, Reading

REASONS = frozenset({"open_on_phone", "look_alike"})

MINISTRY = frozenset({"tokhaiyte.vn", "suckhoetoandan.vn", "ncovi.vn", "kbyt.khambenh.gov.vn", "kbytcq.khambenh.gov.vn", "pccovid.gov.vn"})
NAMES = ("tokhaiyte", "suckhoetoandan")
HUE = frozenset({"tuongtac.thuathienhue.gov.vn", "hues.vn", "hue-s.vn"})


def read(text: str, now: int | None) -> Pass | None:
    """The page in a cleaned line of text, or None when it is another kind. A host that only bears the Ministry's name is not ours."""
    host = links.host_of(text)
    if links.within(host, MINISTRY):
        return Pass(Kind.MOH, Reading.SEEN, "open_on_phone")
    if links.within(host, HUE):
        return Pass(Kind.UNKNOWN, Reading.SEEN, "open_on_phone")
    if links.is_address(text) and _borrows_a_name(text, host):
        return Pass(Kind.OTHER, Reading.NOT_OURS, "look_alike")
    return None


def _borrows_a_name(text: str, host: str) -> bool:
    """ "tokhaiyte.vn.example", "tokhaiyte.vn@example", "t0khaiyte.vn", "tоkhaiyte.vn" with a Cyrillic letter. The state's own hosts
    (gov.vn) may bear any name."""
    if links.within(host, frozenset({"gov.vn"})):
        return False
    authority = re.split(r"[/?#\\]", re.sub(r"^https?:/*", "", text.lower()))[0]
    labels = [links.readable(label) for label in host.split(".")]
    return any(name in authority or any(_near(label, name) for label in labels) for name in NAMES)


def _near(label: str, name: str) -> bool:
    return abs(len(label) - len(name)) <= 2 and SequenceMatcher(None, label, name).ratio() >= 0.8
