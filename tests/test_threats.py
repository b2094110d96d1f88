"""docs/threats.md names tests as the holders of its claims: they must exist, and every threat must be answered."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "threats.md"


def sections() -> dict[str, str]:
    parts = re.split(r"^### ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {part.splitlines()[0]: part for part in parts}


def test_every_threat_says_what_it_surrenders_what_it_can_do_and_who_holds_it() -> None:
    assert len(sections()) >= 20
    for title, text in sections().items():
        assert "**Surrenders**" in text and "**Can do**" in text, title
        whole = " ".join(text.split())
        assert re.search(r"`test_\w+`", whole) or "not defended, because" in whole.lower(), title


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert len(named) > 30
    assert sorted(named - there) == []
