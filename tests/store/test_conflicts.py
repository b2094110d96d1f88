"""The same person or code twice: said at the entrance, both events kept and listed, whatever order they come in."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk import compose
from kiosk.cli import main
from kiosk.compose import Parts
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import declaration
from kiosk.domain import feed as rows
from kiosk.domain.feed import EnteredRow, FeedKind, TrustRow
from kiosk.domain.passes import Reading
from kiosk.domain.protocol import FeedItem, FeedPage
from kiosk.domain.verdict import Act, Verdict
from kiosk.ports import Sighting
from kiosk.settings import Settings
from kiosk.store import feed, projections
from tests import builders

MADE = builders.province()
OTHER = "46-474-19750-02"
THEIRS = f"{'ab' * 6}:{'cd' * 8}:7"


@contextlib.contextmanager
def opened(home: Path) -> Iterator[Parts]:
    builders.enrolled_home(home, MADE)
    with compose.open_parts(home, Settings(), builders.Clock(), FileKeyStore(home / "device.secret")) as parts:
        yield parts


def take(parts: Parts, counter: int, key: str, body: object, kind: FeedKind) -> None:
    packed = msgspec.msgpack.encode(body) if body is not None else b""
    page = FeedPage([FeedItem(rows.ALL, counter, kind.value, key, packed)], {rows.ALL: counter})
    feed.Filing(parts.database, parts.vault.secrets.enrolment.trust.root).take(page, counter)
    parts.directory.refresh()


def elsewhere(parts: Parts, subject: str, clock: str, counter: int = 1, event: str = THEIRS) -> None:
    digest = projections.subject_hash(parts.journal.identity.station_key, subject)
    take(parts, counter, f"{digest.hex()}:{OTHER}", EnteredRow(builders.at(clock), OTHER, event), FeedKind.ENTERED)


def show(parts: Parts, code: bytes) -> Verdict:
    return parts.station.scan(Sighting(os.urandom(8), code, "typed"))


def test_a_code_shown_again_is_already_in_and_both_events_are_listed(home: Path) -> None:
    with opened(home) as parts:
        code = builders.voter_pass(parts.vault.secrets, parts.clock.now().wall)
        first, again = show(parts, code), show(parts, code)
        assert (first.act, again.act, again.reason) == (Act.COME_IN, Act.ALREADY_IN, "entered")
        (one,) = parts.lookups.conflicts()
        assert parts.day.report().conflicts == 0, "the same code again at one door is counted beside it"
        assert (one.reason, one.event, one.other, one.other_at) == ("entered", again.event, first.event, first.at)
        parts.journal.rebuild(parts.database)
        assert parts.lookups.conflicts() == [one]


def test_who_was_counted_elsewhere_is_said_so_once_the_feed_brings_it(home: Path) -> None:
    with opened(home) as parts:
        elsewhere(parts, "id:046183000123", "07:30")
        said = show(parts, builders.CARD)
        assert (said.act, said.reason, said.since, said.arrival) == (Act.ALREADY_IN, "entered_elsewhere", builders.at("07:30"), False)
        (one,) = parts.lookups.conflicts()
        assert (one.reason, one.event, one.other, one.station) == ("entered_elsewhere", said.event, THEIRS, OTHER)
        assert parts.day.report().conflicts == 1


def test_a_feed_that_comes_after_both_arrivals_still_lists_them(home: Path) -> None:
    with opened(home) as parts:
        said = parts.station.declare(declaration.check(declaration.example()).declaration())
        assert said.act is Act.COME_IN and parts.lookups.conflicts() == []
        elsewhere(parts, "id:046183000123", "09:10")
        (one,) = parts.lookups.conflicts()
        assert (one.reason, one.event, one.other, one.other_at) == ("counted_twice", said.event, THEIRS, builders.at("09:10"))
        assert parts.day.report().conflicts == 1
        parts.station.correct(said.event, "nhầm", True)
        assert parts.lookups.conflicts() == []


def test_our_own_arrival_that_comes_back_and_yesterdays_are_no_conflict(home: Path) -> None:
    with opened(home) as parts:
        said = parts.station.declare(declaration.check(declaration.example()).declaration())
        elsewhere(parts, "id:046183000123", "08:00", 1, said.event)
        assert parts.lookups.conflicts() == []
        elsewhere(parts, "id:191500001", "08:00", 2)
        digest = projections.subject_hash(parts.journal.identity.station_key, "id:191500001")
        take(parts, 3, f"{digest.hex()}:{OTHER}", EnteredRow(builders.at("08:00", "2021-05-22"), OTHER, THEIRS), FeedKind.ENTERED)
        assert parts.lookups.conflicts() == []
        take(parts, 4, f"{digest.hex()}:{OTHER}", None, FeedKind.ENTERED)
        assert parts.lookups.conflicts() == []


def test_the_list_is_a_command_and_names_nobody(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(home) as parts:
        elsewhere(parts, "id:046183000123", "07:30")
        show(parts, builders.CARD)
    assert main(["conflicts", "--home", str(home), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["reason"] == "entered_elsewhere" and said["other"] == THEIRS
    assert main(["conflicts", "--home", str(home)]) == 0
    assert "046183000123" not in capsys.readouterr().out


# -- trust lists come the same way ------------------------------------------------------------------------------------------


def test_a_trust_list_of_the_feed_verifies_and_one_with_a_mistake_leaves_the_old_one(home: Path) -> None:
    issuers = builders.certificate_issuers()
    good = TrustRow(builders.at("06:00", "2021-05-21"), issuers.listed().encode())
    with opened(home) as parts:
        assert parts.station.read(issuers.dcc()).reading is Reading.UNKNOWN_KEY
        take(parts, 1, "all", good, FeedKind.TRUST)
        assert parts.station.read(issuers.dcc()).reading is Reading.VERIFIED
        mistaken = issuers.listed().replace("ES256", "none").encode()
        for counter, broken in enumerate([b"{", b"\xff", b'{"dcc_trust_list": [{}]}', mistaken], 2):
            take(parts, counter, "all", TrustRow(builders.at("07:00"), broken), FeedKind.TRUST)
            assert parts.station.read(issuers.dcc(-37)).reading is Reading.VERIFIED
        said = show(parts, issuers.dcc())
        assert said.act is Act.CARD and said.list_at == good.at  # over a day old: its age in amber
    with compose.open_parts(home, Settings(), builders.Clock(), FileKeyStore(home / "device.secret")) as again:
        assert again.station.read(issuers.shc()).reading is Reading.VERIFIED
