"""The election day at one entrance, as a story: real journal, real province on a real socket, real paper.

Read this first. Every sentence of the scenario is one call; what each means is a few lines below it.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from kiosk import compose
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import declaration
from kiosk.domain.verdict import Act, Verdict
from kiosk.ports import Order, Sighting
from kiosk.security.officers import Credentials
from kiosk.settings import Settings
from kiosk.sync import enrol
from tests import builders
from tests.contract.served import STATION, Province, office
from tests.durability import oracle


class Entrance:
    """One officer at one entrance, and what the day brings."""

    def __init__(self, folder: Path) -> None:
        self.province, self.home = Province(folder / "province"), folder / "kiosk"
        self.province.start()
        who = ("--name", "Lê Thị Phụ Trách", "--role", "lead", "--pin-env", "FIRST_PIN")
        (lead,) = office(self.province.home, "officer", "add", "--station", STATION, *who)
        self.lead = Credentials(str(lead["officer"]), os.environ["FIRST_PIN"], "window")
        enrol.enrol(self.home, self.province.url, self.province.code(), FileKeyStore(self.home / "device.secret"), SystemClock())
        self.parts = compose.open_parts(self.home, Settings(), given=self.lead)
        self.said: list[Verdict] = []
        self.passes: list[bytes] = []

    # -- voters -----------------------------------------------------------------------------------------------------

    def shows(self, code: bytes) -> Act:
        self.said.append(self.parts.station.scan(Sighting(os.urandom(8), code, "zxing-cpp")))
        return self.said[-1].act

    def with_a_pass(self, hours_ago: float = 1, valid_hours: int = 48) -> Act:
        now = self.parts.clock.now().wall
        self.passes.append(builders.voter_pass(self.parts.vault.secrets, now, hours_ago, valid_hours))
        return self.shows(self.passes[-1])

    def with_a_card(self, number: int) -> Act:
        return self.shows(builders.CARD.replace(b"046183000123", b"046183%06d" % number))

    def is_declared_for(self, number: int, **answers: object) -> Act:
        said = declaration.example() | {"id_number": f"046183{number:06d}", "full_name": "Trần Thị Mẫu"}
        for question, answer in answers.items():
            said["symptoms"] = {**said["symptoms"], question: answer}
        self.said.append(self.parts.station.declare(declaration.from_json(said)))
        return self.said[-1].act

    def is_declared_with_a_paper_number_only(self, number: str) -> Act:
        """No card, no code, no phone: name, year, sex, hamlet and nine digits off an old paper."""
        said = declaration.example() | {"full_name": "Nguyễn Thị Xưa", "id_number": number, "birth_date": "1938", "phone": "không có"}
        self.said.append(self.parts.station.declare(declaration.from_json(said)))
        return self.said[-1].act

    def goes_in_first(self, reason: str) -> int:
        """F11: the ticket's number."""
        self.said.append(self.parts.station.defer(reason))
        assert self.said[-1].act is Act.DEFERRED
        return self.said[-1].ticket

    def declares_on_the_way_out(self, ticket: int, number: int) -> Act:
        said = declaration.example() | {"id_number": f"046183{number:06d}"}
        self.said.append(self.parts.station.declare(declaration.from_json(said), ticket=ticket))
        return self.said[-1].act

    def remembers_something(self, number: int, **answers: bool) -> Act:
        """Khai bổ sung: a new declaration that names the one it completes."""
        old = next(one.event for one in self.parts.lookups.find(f"046183{number:06d}").hits)
        earlier = self.parts.station.declaration(old)
        assert earlier is not None
        said = earlier.fields | {"mode": "supplement", "exposures": earlier.fields["exposures"] | answers}
        self.said.append(self.parts.station.declare(declaration.from_json(said), completes=old))
        return self.said[-1].act

    def leaves(self, code: bytes) -> Act:
        self.said.append(self.parts.station.leave(Sighting(os.urandom(8), code, "zxing-cpp")))
        return self.said[-1].act

    def was_seen_on_the_phone(self, kind: str = "moh") -> Act:
        self.said.append(self.parts.station.seen(kind))
        return self.said[-1].act

    # -- the link, the close ----------------------------------------------------------------------------------------

    def syncs(self) -> str:
        self.parts.uploader.hurry()
        while (state := self.parts.uploader.step()).state == "ok" and state.waiting:
            pass
        return state.state

    def closes_the_day(self) -> None:
        self.parts.mirror.step()
        state = self.parts.uploader.drain(lambda _: None, lambda: False)
        assert state.settled, state

    def end(self) -> None:
        self.parts.close()
        self.province.stop()


@pytest.fixture
def entrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entrance]:
    monkeypatch.setenv("FIRST_PIN", "482915")
    out = Entrance(tmp_path)
    yield out
    out.end()


def test_the_election_day(entrance: Entrance, tmp_path: Path) -> None:
    # Morning. The lead opens the day; the first voters have declared at home and show their pass.
    entrance.parts.station.begin_day(entrance.parts.station.likely_day() or "")
    assert [entrance.with_a_pass() for _ in range(12)] == [Act.COME_IN] * 12

    # Voters without a smartphone show their ID card; the officer declares for them, and they are in.
    for number in range(10):
        assert entrance.with_a_card(number) is Act.CARD
        assert entrance.is_declared_for(number) is Act.COME_IN
    assert entrance.syncs() == "ok"

    # The network goes. Nobody at the entrance notices.
    entrance.province.stop()
    assert entrance.with_a_pass() is Act.COME_IN
    assert entrance.syncs() == "offline"

    # The Ministry's page is looked at on the voter's own phone and counted with F5; so is Hue-S.
    for kind in ("moh", "moh", "arrival", "hues"):
        assert entrance.shows(b"https://tokhaiyte.vn/?page=x") is Act.LOOK
        assert entrance.was_seen_on_the_phone(kind) is Act.COME_IN

    # One with a fever is shown to the health desk, where the polling team takes the ballot box; nobody is sent home.
    assert entrance.is_declared_for(50, fever=True) is Act.HEALTH_DESK
    assert entrance.is_declared_for(51, fatigue=True) is Act.COME_IN  # tiredness alone sends nobody aside

    # Some codes need a second look: an old pass, somebody else's signature, a payment code, a poster, an unknown text.
    assert entrance.with_a_pass(hours_ago=100, valid_hours=48) is Act.OUT_OF_DATE
    assert entrance.is_declared_for(60) is Act.COME_IN
    strange = entrance.passes[0][:-3] + b"000"
    assert entrance.shows(strange) is Act.NOT_CONFIRMED
    assert entrance.shows(b"http://qr.huecity.vn") is Act.OTHER_CODE
    assert entrance.shows(b"f3b1-not-public-layout") is Act.LOOK

    # A voter comes back for the umbrella: already in, and not counted twice - by pass or by card.
    assert entrance.shows(entrance.passes[0]) is Act.ALREADY_IN
    assert entrance.with_a_card(3) is Act.ALREADY_IN

    # An old woman holds nine digits on a paper and nothing else; one cannot declare now and goes in first, one will not declare at all.
    assert entrance.is_declared_with_a_paper_number_only("191000038") is Act.COME_IN
    late, never = entrance.goes_in_first("not_yet"), entrance.goes_in_first("refused")
    assert entrance.declares_on_the_way_out(late, 70) is Act.DECLARED
    assert [t.number for t in entrance.parts.station.today().waiting_tickets] == [never]

    # Looked up by code and by number: the same person. One remembers a contact afterwards and is shown to the health desk.
    by_code = entrance.parts.lookups.of_code(builders.CARD.replace(b"046183000123", b"046183000004"))
    by_number = entrance.parts.lookups.find("046183000004")
    assert by_code.hits[0].event == by_number.hits[0].event
    assert entrance.remembers_something(4, contact_case=True) is Act.HEALTH_DESK

    # A birth year was typed wrong; it is corrected, and the old entry stays.
    wrong = next(line.declaration for line in entrance.parts.station.lines(20) if line.declaration)
    entrance.parts.station.correct(wrong, "năm sinh gõ nhầm", changes={"birth_date": "1984"})

    # The exit closes visits: by pass, by the ticket's number.
    assert entrance.leaves(entrance.passes[0]) is Act.LEFT
    assert entrance.parts.station.leave_by(ticket=never).reason == "ticket_open"
    assert entrance.parts.station.today().waiting_tickets == ()

    # The officer pressed F5 once too often and voids it.
    entrance.was_seen_on_the_phone("moh")
    entrance.parts.station.correct(entrance.said[-1].event, "bấm nhầm", void=True)

    # The link comes back by itself; the last voters arrive.
    entrance.province.start()
    assert entrance.syncs() == "ok"
    assert [entrance.with_a_pass() for _ in range(9)] == [Act.COME_IN] * 9

    # Evening. Everything is uploaded, opened and receipted; the lead closes the day, and the signed report is printed.
    today = entrance.parts.station.today()
    entrance.closes_the_day()
    closed = entrance.parts.day.close()
    entrance.closes_the_day()
    job = entrance.parts.papers.print(Order("report"), tmp_path / "report.pdf")

    # 42 people are in: 43 arrivals were written and one was voided. Both sides hold the same bytes, each once.
    assert closed.visits == sum(line.opened for line in closed.tally) == today.visits and closed.agrees
    assert today.visits == 12 + 10 + 1 + 4 + 2 + 1 + 1 + 2 + 9
    assert today.voided == 1 and today.declared == 16 and today.left == 2
    counts = entrance.parts.outbox.counts()
    assert (counts.waiting, counts.refused) == (0, 0) and counts.opened == counts.events
    assert entrance.parts.verify().ok
    entrance.parts.database.close()
    ledger = oracle.ledger(entrance.home, given=(entrance.lead.officer, entrance.lead.pin))
    assert ledger.faults == []
    arrivals = [row for row in ledger.rows if row.kind == 1]
    assert [row.fields["no"] for row in arrivals] == list(range(1, len(arrivals) + 1)), "numbers are dense"
    arrived = entrance.province.events(entrance.parts.journal.identity.kiosk)
    assert arrived == {(row.epoch, row.seq): row.sha256 for row in ledger.rows}
    assert Counter(v.act for v in entrance.said)[Act.NOT_SAVED] == 0

    # The report is signed by the lead, and says what the province counts: in words, in its code, and of this kiosk alone.
    (station,) = (row for row in office(entrance.province.home, "stations") if row["station"] == STATION)
    (total,) = office(entrance.province.home, "totals", "--station", STATION)
    assert station["visits"] == total["visits"] == today.visits == 42 and station["declarations"] == today.declared
    assert [kiosk["visits"] for kiosk in total["kiosks"]] == [42]  # type: ignore[attr-defined]
    (signed,) = (row.fields for row in ledger.rows if row.kind == 8 and row.fields["what"] == "closed")
    assert signed["by"] == entrance.lead.officer and signed["visits"] == 42 and signed["tally"] == [["Lối vào 1", 42, 42, -1]]
    with pypdfium2.PdfDocument(job.file) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
        codes = [found.text for page in document for found in zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())]
    assert "BÁO CÁO KIỂM TRA KHAI BÁO Y TẾ" in text and "Không phải số liệu bầu cử" in text
    assert "Tổng số lượt vào 42" in text and len(codes) == 1 and "/V42/" in codes[0]
