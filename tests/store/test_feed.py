"""The feed at the kiosk: pages filed, scopes filled beside and swapped, what nobody signed or understands believed by nobody."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk import cli, compose
from kiosk.compose import Parts
from kiosk.crypto import sign
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import feed as rows
from kiosk.domain import protocol
from kiosk.domain.feed import ArrivalRow, FeedKind, NoticeRow, PersonRow
from kiosk.domain.policy import Campaign, Policy
from kiosk.domain.protocol import FeedItem, FeedPage, IssuerRow, SignedCampaign
from kiosk.domain.verdict import Act
from kiosk.ports import Sighting
from kiosk.settings import Settings
from kiosk.store import feed, projections
from tests import builders

MADE = builders.province()


@contextlib.contextmanager
def opened(home: Path) -> Iterator[Parts]:
    builders.enrolled_home(home, MADE)
    with compose.open_parts(home, Settings(), builders.Clock(), FileKeyStore(home / "device.secret")) as parts:
        yield parts


def signed(campaign: Campaign) -> SignedCampaign:
    data = msgspec.msgpack.encode(campaign)
    return SignedCampaign(data, sign.sign(MADE.root, b"hue-campaign-v1" + data))


def filing(parts: Parts) -> feed.Filing:
    return feed.Filing(parts.database, parts.vault.secrets.enrolment.trust.root)


def held(parts: Parts) -> set[tuple[str, str]]:
    with parts.database.read() as conn:
        return {("notice", key) for key in feed.rows(conn, FeedKind.NOTICE, NoticeRow)}


def item(counter: int, key: str, body: object, kind: FeedKind = FeedKind.NOTICE) -> FeedItem:
    return FeedItem(rows.ALL, counter, kind.value, key, msgspec.msgpack.encode(body) if body is not None else b"")


def page(*items: FeedItem, to: int, said: bool = True, more: bool = False) -> FeedPage:
    sums = {rows.ALL: rows.fold((i.kind, i.key, i.body) for i in items if i.body)} if said else {}
    return FeedPage(list(items), {rows.ALL: to}, more, sums)


def test_a_checksum_that_does_not_fit_builds_beside_and_swaps(home: Path) -> None:
    """Readers see the old filling whole until the new one is whole; the old one is gone then."""
    with opened(home) as parts:
        files, one, two = filing(parts), item(1, "a", NoticeRow("a", "một")), item(2, "b", NoticeRow("b", "hai"))
        assert files.take(page(one, to=1), 1000).whole
        taken = files.take(FeedPage([], {rows.ALL: 1}, False, {rows.ALL: (7, bytes(32))}), 2000)
        assert (taken.whole, taken.again) == (False, (rows.ALL,))
        assert files.cursors()[rows.ALL] == 0 and held(parts) == {("notice", "a")}
        files.take(page(two, to=2, said=False, more=True), 3000)
        assert held(parts) == {("notice", "a")} and files.cursors()[rows.ALL] == 2
        assert feed.Filing(parts.database, b"").cursors()[rows.ALL] == 2  # as after a restart: the filling goes on
        taken = files.take(FeedPage([], {rows.ALL: 2}, False, page(two, to=2).checksums), 4000)
        assert (taken.whole, taken.swapped) == (True, (rows.ALL,))
        assert held(parts) == {("notice", "b")}
        with parts.database.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM feed").scalar() == 1 and feed.taken_at(conn) == 4000


def test_must_refetch_starts_the_scope_again(home: Path) -> None:
    with opened(home) as parts:
        files = filing(parts)
        files.take(page(item(5, "a", NoticeRow("a", "một")), to=5), 1000)
        taken = files.take(FeedPage([], {}, True, {}, [rows.ALL]), 2000)
        assert taken.again == (rows.ALL,) and files.cursors()[rows.ALL] == 0 and held(parts) == {("notice", "a")}


def test_a_campaign_must_be_signed_by_the_root_and_never_goes_back(home: Path) -> None:
    with opened(home) as parts:
        files, old = filing(parts), parts.vault.secrets.enrolment.campaigns[0]
        name, before = parts.journal.identity.campaigns[0].id, parts.journal.identity.campaigns
        forged = SignedCampaign(old.campaign, bytes(64))
        taken = files.take(page(item(1, name, forged, FeedKind.CAMPAIGN), to=1), 1000)
        assert taken.whole, "it counts in the checksum"
        parts.directory.refresh()
        assert parts.journal.identity.campaigns == before
        with parts.database.read() as conn:
            assert feed.rows(conn, FeedKind.CAMPAIGN, SignedCampaign) == {}
        newer = msgspec.structs.replace(MADE.campaign, policy=Policy(version=7, validity_hours=31))
        files.take(page(item(2, name, signed(newer), FeedKind.CAMPAIGN), to=2, said=False), 1000)
        assert parts.directory.refresh()
        version = parts.station.policy.version
        files.take(page(item(10_000, name, old, FeedKind.CAMPAIGN), to=10_000, said=False), 1000)  # signed, but of yesterday
        parts.directory.refresh()
        assert (parts.station.policy.version, parts.station.policy.validity_hours) == (version, 31)


@pytest.mark.parametrize("body", [b"\xc1", b"\x80", b"\x93\x01\x02\x03"])
def test_a_row_that_nobody_understands_is_kept_for_the_checksum_and_read_by_nobody(home: Path, body: bytes) -> None:
    with opened(home) as parts:
        odd = [FeedItem(rows.ALL, 1, "notice", "x", body), FeedItem(rows.ALL, 2, "of-tomorrow", "y", body)]
        assert filing(parts).take(page(*odd, to=2), 1000).whole
        assert held(parts) == set() and parts.directory.refresh()


def hashed(parts: Parts, subject: str) -> str:
    return projections.subject_hash(parts.journal.identity.station_key, subject).hex()


def test_who_declared_elsewhere_comes_in_and_is_counted_here(home: Path) -> None:
    with opened(home) as parts:
        row = PersonRow(builders.at("07:00"))
        filing(parts).take(page(item(1, hashed(parts, "id:046183000123"), row, FeedKind.PERSON), to=1), 1000)
        said = parts.station.scan(Sighting(os.urandom(8), builders.CARD, "typed"))
        assert (said.act, said.reason, said.since, said.number) == (Act.COME_IN, "declared_elsewhere", row.declared_at, 1)
        assert parts.station.scan(Sighting(os.urandom(8), builders.CARD, "typed")).act is Act.ALREADY_IN


@pytest.mark.parametrize("at,desk,act", [("07:00", True, Act.HEALTH_DESK), ("07:00", False, Act.COME_IN)])
def test_what_the_rules_said_elsewhere_holds_here(home: Path, at: str, desk: bool, act: Act) -> None:
    with opened(home) as parts:
        row = PersonRow(builders.at(at), desk)
        filing(parts).take(page(item(1, hashed(parts, "id:046183000123"), row, FeedKind.PERSON), to=1), 1000)
        assert parts.station.scan(Sighting(os.urandom(8), builders.CARD, "typed")).act is act


def test_an_old_declaration_from_elsewhere_is_out_of_date(home: Path) -> None:
    """The enrolment's floor, which mends clocks of 2010, is for what was written here only."""
    with opened(home) as parts:
        row = PersonRow(builders.at("07:00", "2021-05-18"))
        filing(parts).take(page(item(1, hashed(parts, "id:046183000123"), row, FeedKind.PERSON), to=1), 1000)
        assert parts.station.scan(Sighting(os.urandom(8), builders.CARD, "typed")).act is Act.OUT_OF_DATE


def test_who_came_by_the_poster_is_greeted_and_not_counted_twice(home: Path) -> None:
    with opened(home) as parts:
        one = ArrivalRow("a1", "p1", builders.at("07:35"), (hashed(parts, "id:046183000123"),))
        yesterday = ArrivalRow("a0", "p1", builders.at("07:35", "2021-05-22"), (hashed(parts, "id:046183000999"),))
        rows_ = [item(1, one.id, one, FeedKind.ARRIVAL), item(2, yesterday.id, yesterday, FeedKind.ARRIVAL)]
        filing(parts).take(page(*rows_, to=2), 1000)
        said = parts.station.scan(Sighting(os.urandom(8), builders.CARD, "typed"))
        assert (said.act, said.since, said.arrival) == (Act.BY_POSTER, one.at, False)
        assert parts.station.scan(Sighting(os.urandom(8), builders.CARD.replace(b"000123", b"000999"), "typed")).act is Act.CARD
        assert parts.station.today().visits == 0
        filing(parts).take(page(item(3, one.id, None, FeedKind.ARRIVAL), to=3, said=False), 1000)
        assert parts.station.scan(Sighting(os.urandom(8), builders.CARD, "typed")).act is Act.CARD


def test_a_revocation_counts_only_with_the_roots_word_and_is_never_taken_back(home: Path) -> None:
    issuer, public, since = b"\x01\x02\x03", sign.public(sign.generate()), builders.at("08:00")

    def row(moment: int | None, seed: bytes) -> FeedItem:
        signature = sign.sign(seed, protocol.revocation_text("issuer", issuer, public, moment)) if moment else b""
        counters.append(len(counters) + 1)
        return item(counters[-1], issuer.hex(), IssuerRow(issuer, public, moment, signature), FeedKind.ISSUER)

    counters: list[int] = []
    with opened(home) as parts:
        files = filing(parts)

        def told(one: FeedItem) -> int | None:
            files.take(page(one, to=one.counter, said=False), 1000)
            parts.directory.refresh()
            known = parts.directory.issuers.get(issuer)
            return known.revoked_from if known else -1

        assert told(row(None, MADE.root)) is None
        assert told(row(since, sign.generate())) == -1, "a row that nobody vouches for is read by nobody"
        assert told(row(since, MADE.root)) == since
        assert told(row(None, MADE.root)) == since, "no later row takes it back"
        assert told(row(since + 1, MADE.root)) == since, "nor makes it later"
        assert told(row(since - 1, MADE.root)) == since - 1


def test_the_command_lists_notices_and_marks_them_read(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(home) as parts:
        gone = NoticeRow("n2", "đã hết hạn", until=1)
        filing(parts).take(page(item(1, "n1", NoticeRow("n1", "Mưa to")), item(2, "n2", gone), to=2), 1000)
    capsys.readouterr()
    argv = ["notices", "--home", str(home), "--json"]
    assert cli.main(argv) == 0
    assert [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()] == [
        {"id": "n1", "at": 0, "level": "info", "text": "Mưa to", "read": False}
    ]
    assert cli.main([*argv, "--read", "n2"]) == 1 and cli.main([*argv, "--read", "n1"]) == 0
    assert '"read":true' in capsys.readouterr().out
