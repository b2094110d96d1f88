"""A purge on a real home: what must stop it, what it leaves, that old copies open no more, and a kill at any step."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
import sqlcipher3.dbapi2 as driver

from kiosk import cli, compose, purging
from kiosk.crypto import seal
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import declaration
from kiosk.domain.protocol import BatchAnswer, Refusal
from kiosk.errors import Code, KioskError
from kiosk.ports import Order
from kiosk.security.officers import Credentials
from kiosk.security.vault import Lid
from kiosk.spreadsheet import FILES as SHEETS
from kiosk.store import certificates, purge, swap
from kiosk.store.tables import METADATA
from tests import builders

DAY, NEXT = builders.ELECTION_DAY, "2021-05-24"
LEAD = Credentials("o-lead", "482915")
NAME = "Nguyễn Văn Khải"


class Office:
    """A home with a lead and an officer, two days, and a province that signs what it is asked to."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock = home, builders.Clock(wall=builders.at("18:30"))
        self.province = builders.province((DAY, NEXT))
        staff = (builders.Staff("o-lead", "Lê Thị Trưởng", "lead"), builders.Staff("o-two", "Trần Văn Hai", "officer"))
        builders.enrolled_home(home, self.province, officers=staff, pins={"o-lead": LEAD.pin, "o-two": "739164"})
        self.store = FileKeyStore(home / "device.secret")

    def open(self) -> compose.Parts:
        return compose.open_parts(self.home, clock=self.clock, keystore=self.store, given=LEAD)

    def work(self) -> None:
        """A visit and a declaration on the first day, which is then closed; a visit on the next, which stays open."""
        with self.open() as parts:
            parts.station.begin_day(DAY)
            parts.station.declare(declaration.check(declaration.example() | {"full_name": NAME}).declaration())
            parts.station.seen("moh")
            parts.papers.print(Order("declaration", parts.station.lines(9)[-1].event), printer="pdf")
            parts.day.close()
            self.clock.wall = builders.at("08:00", NEXT)
            parts.station.begin_day(NEXT)
            parts.station.seen("moh")
            parts.mirror.step()

    def receive(self, but: int = 0) -> None:
        """Receipts for everything; of each epoch `but` events are held and not opened."""
        with self.open() as parts:
            builders.receive(parts, self.province, but)

    def purge(self, step: swap.Step = swap.nothing) -> certificates.Said:
        return purging.run(self.home, DAY, LEAD, self.clock, self.store, step).said

    def visits(self) -> dict[str, int]:
        with self.open() as parts, parts.database.read() as conn:
            return {r[0]: r[1] for r in conn.exec_driver_sql("SELECT event_day, count(*) FROM visit GROUP BY event_day")}


@pytest.fixture
def office(home: Path) -> Office:
    made = Office(home)
    made.work()
    return made


def why(office: Office) -> dict[str, object]:
    with pytest.raises(KioskError) as caught:
        office.purge()
    assert caught.value.code is Code.PURGE_REFUSED
    assert office.visits() == {DAY: 2, NEXT: 1}, "refused: nothing is touched"
    return caught.value.facts


def test_a_purged_day_is_gone_and_everything_else_is_as_it_was(office: Office) -> None:
    with office.open() as parts:
        blank = parts.papers.print(Order("form", "", "", {"count": 1}), printer="pdf").file
        parts.mirror.step()
    office.receive()
    sealed = (office.home / "journal.sealed").read_bytes()
    lists = [office.home / "papers" / f"{SHEETS['people']}-{day}-K1.csv" for day in (DAY, NEXT)]
    lists += [office.home / "checks" / f"{day}.json" for day in (DAY, NEXT)]
    for file in lists:
        file.parent.mkdir(exist_ok=True)
        file.write_text(NAME)
    assert blank.name == "to-khai-giay-K1.pdf" and len(list(office.home.glob("papers/to-khai-*"))) == 2
    said = office.purge()
    others = compose.open_parts(office.home, clock=office.clock, keystore=office.store, given=Credentials("o-two", "739164"))
    with others:  # nobody's PIN is set anew
        assert others.officers.session.id == "o-two"
    assert [file.exists() for file in lists] == [False, True, False, True]
    assert office.visits() == {NEXT: 1}
    assert (office.home / "journal.sealed").read_bytes() == sealed
    assert not list(office.home.glob("purge.*")) and list(office.home.glob("papers/to-khai-*")) == [blank], "it holds nobody's data"
    with office.open() as parts:
        assert parts.verify().ok, parts.verify().findings
        assert not parts.conditions() or Code.KEY_LOST not in parts.conditions()
        assert parts.purged() == [said] and said.events and said.by == "o-lead"
        with parts.database.read() as conn:
            for table in ("declaration", "subject", "search_part", "search_word"):
                assert conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
            heads = {(r.epoch, r.seq): r.head.hex() for r in conn.exec_driver_sql("SELECT epoch, seq, head FROM event")}
        assert all(heads[chain.epoch, chain.last] == chain.head and chain.opened == chain.last for chain in said.chains)
        with pytest.raises(KioskError) as caught:
            parts.station.begin_day(DAY, "có người đến muộn")
        assert caught.value.code is Code.DAY_PURGED
        with pytest.raises(KioskError) as empty:
            parts.spreadsheets.export(office.home / "z.csv", event_day=DAY)
        assert empty.value.code is Code.DAY_PURGED and not (office.home / "z.csv").exists()
        parts.station.seen("moh")
        purging.tell(parts, said)
        assert parts.journal.rebuild(parts.database)[1] == 2
        job = parts.papers.print(Order("certificate", DAY), printer="pdf")
        assert job.pages == 1 and DAY in job.file.name
    with pytest.raises(KioskError) as again:
        office.purge()
    assert again.value.code is Code.DAY_PURGED


def test_old_files_and_the_old_vault_open_no_more(office: Office, tmp_path: Path) -> None:
    office.receive()
    old, was = tmp_path / "old", Lid.look(office.home, office.store)
    shutil.copytree(office.home, old)
    (old / "device.secret").unlink()  # what was copied off the disk; the secret is in the key store
    with office.open() as parts:
        dek = parts.vault.dek
    office.purge()
    with pytest.raises(KioskError) as caught:
        Lid.look(old, office.store)
    assert caught.value.code is Code.KEYS_UNREADABLE
    now = Lid.look(office.home, office.store)
    assert now.stored.id != was.stored.id and now.device != was.device
    assert office.store.get(f"device-{was.stored.id}") is None
    for file in (office.home / "journal.db",):
        conn = driver.connect(str(file))
        conn.execute(f"PRAGMA key=\"x'{dek.hex()}'\"")
        with pytest.raises(driver.DatabaseError):
            conn.execute("SELECT count(*) FROM event").fetchone()
        conn.close()
    for file in (office.home / "keyring").iterdir():
        with pytest.raises(seal.Unopenable):
            seal.unwrap(dek, file.read_bytes(), b"kiosk-keyring-v1" + bytes.fromhex(file.name))
    with pytest.raises(KioskError) as refused:  # the old vault put back beside the new files
        shutil.copyfile(old / "vault.json", office.home / "vault.json")
        office.open()
    assert refused.value.code is Code.KEYS_UNREADABLE


def test_what_the_province_has_not_opened_stops_it(office: Office) -> None:
    assert why(office)["not_opened"]
    office.receive(but=1)
    assert why(office)["not_opened"]


@pytest.mark.parametrize("reason", ["conflict", "no_campaign", "revoked", "shape", "unreadable"])
def test_what_the_province_refused_stops_it(office: Office, reason: str) -> None:
    office.receive()
    with office.open() as parts:
        with parts.database.read() as conn:
            epoch = conn.exec_driver_sql("SELECT epoch FROM epoch WHERE event_day=? ORDER BY ordinal", (DAY,)).scalar_one()
        parts.outbox.save(BatchAnswer([], [Refusal(epoch, 2, reason)], [], now=office.clock.wall))
    assert why(office)["refused"] == 1


def test_an_open_day_stays(office: Office) -> None:
    office.receive()
    with pytest.raises(KioskError) as caught:
        purging.run(office.home, NEXT, LEAD, office.clock, office.store)
    assert caught.value.facts["not_closed"] == 1
    assert office.visits() == {DAY: 2, NEXT: 1}


def test_a_deed_on_paper_and_here_stops_it(office: Office) -> None:
    with office.open() as parts:
        with parts.database.read() as conn:
            deed = conn.exec_driver_sql("SELECT deed FROM visit WHERE event_day=? ORDER BY number", (DAY,)).scalar()
        parts.unsure.note(bytes.fromhex(str(deed)), office.clock.wall, Code.DISK_FULL)
    office.receive()
    assert why(office)["unsure"] == 1


def test_an_officer_may_not(office: Office) -> None:
    office.receive()
    with pytest.raises(KioskError) as caught:
        purging.run(office.home, DAY, Credentials("o-two", "739164"), office.clock, office.store)
    assert caught.value.code is Code.LEAD_NEEDED
    assert office.visits() == {DAY: 2, NEXT: 1}


def test_a_second_program_stops_it(office: Office) -> None:
    office.receive()
    with office.open(), pytest.raises(KioskError) as caught:
        office.purge()
    assert caught.value.code is Code.HOME_BUSY
    assert office.visits() == {DAY: 2, NEXT: 1}


STEPS = (
    "stage", "new secret", "new keys", "new vault", "new database", "certificate", "look again", "commit",
    "old files", "database", "keys", "vault", "papers", "secret", "end", "clear",
)  # fmt: skip


@pytest.mark.parametrize("at", [*range(STEPS.index("old files") + 1), STEPS.index("secret"), len(STEPS) + 1])  # between: the next test
def test_killed_at_any_step_it_ends_in_before_or_after(office: Office, at: int) -> None:
    """A real process is ended at the step; then another is ended at each step of the settling; then everything is looked at."""
    office.receive()
    before = Lid.look(office.home, office.store).stored.id
    seen = _killed(office, at)
    _killed_settling(office)
    office.store = FileKeyStore(office.home / "device.secret")
    after = Lid.look(office.home, office.store).stored.id if not list(office.home.glob("purge.*")) else ""
    committed = "old files" in seen
    assert office.visits() == ({NEXT: 1} if committed else {DAY: 2, NEXT: 1})
    assert not list(office.home.glob("purge.*"))
    assert after in ("", before) or committed
    with office.open() as parts:
        assert parts.verify().ok, parts.verify().findings
        assert len(parts.purged()) == int(committed)
    assert len(FileKeyStore(office.home / "device.secret")._load()) == 1, "one device secret is left"
    if not committed:
        office.purge()
        assert office.visits() == {NEXT: 1}


def _child(work: object) -> None:
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            work()  # type: ignore[operator]
            status = 0
        except KioskError:
            status = 71
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 9), status


def _killed(office: Office, at: int) -> list[str]:
    """The steps that were begun before the process ended at step number `at`."""
    log = office.home.parent / f"steps-{at}"
    log.write_text("")

    def step(name: str) -> None:
        done = log.read_text().splitlines()
        if len(done) == at:
            os._exit(9)
        log.write_text("\n".join([*done, name]) + "\n")

    _child(lambda: office.purge(step))
    return [*log.read_text().splitlines()] + (["old files"] if (office.home / swap.READY).exists() else [])


def _killed_settling(office: Office) -> None:
    for at in range(10):
        count = [0]

        def step(name: str, at: int = at, count: list[int] = count) -> None:
            count[0] += 1
            if count[0] > at:
                os._exit(9)

        _child(lambda step=step: swap.settle(office.home, FileKeyStore(office.home / "device.secret"), step))


def test_killed_between_any_two_changes_of_the_disk_after_the_commit_it_ends_in_after(office: Office) -> None:
    """The settling is ended before its first, second … change of a name; another run then ends it."""
    office.receive()
    _child(lambda: office.purge(lambda name: os._exit(9) if name == "old files" else None))
    assert (office.home / swap.READY).exists()
    kept, at, ended = office.home.parent / "kept", 0, False
    shutil.copytree(office.home, kept)
    while not ended:
        at += 1
        shutil.rmtree(office.home)
        shutil.copytree(kept, office.home)
        _child(lambda at=at: _settle_but(office.home, at))
        ended = not list(office.home.glob("purge.*"))
        swap.settle(office.home, FileKeyStore(office.home / "device.secret"))
        assert not list(office.home.glob("purge.*")) and len(list((office.home / "keyring").iterdir())) == 1
        assert Lid.look(office.home, FileKeyStore(office.home / "device.secret")).secured
        assert (office.home / "journal.db").read_bytes() == (kept / swap.READY / "journal.db").read_bytes()
    assert at > 8
    assert office.visits() == {NEXT: 1}


def _settle_but(home: Path, at: int) -> None:
    count = [0]

    def counted(act: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            count[0] += 1
            if count[0] == at:
                os._exit(9)
            return act(*args, **more)

        return call

    os.replace, os.unlink, os.mkdir, os.rmdir = (counted(act) for act in (os.replace, os.unlink, os.mkdir, os.rmdir))  # type: ignore[assignment]
    swap.settle(home, FileKeyStore(home / "device.secret"))


def test_the_command_says_why_not_then_purges_and_prints(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The machine's own clock: years after the election, so no day is open to write the audit to; the certificate says it."""
    monkeypatch.setenv("KIOSK_OFFICER", LEAD.officer)
    monkeypatch.setenv("KIOSK_PIN", LEAD.pin)
    home = ["--home", str(office.home), "--json"]
    assert cli.main(["purge", *home, "--day", DAY]) == 1
    assert "KS-222" in capsys.readouterr().err
    office.receive()
    assert cli.main(["purge", *home, "--look"]) == 0
    assert json.loads(capsys.readouterr().out) == {"event_day": DAY, "may_go": True, "why": {}}
    assert cli.main(["purge", *home, "--printer", "pdf"]) == 0
    said = json.loads(capsys.readouterr().out)
    with pypdfium2.PdfDocument(said["certificate"]) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    for part in ("Không phải số liệu bầu cử", "23/05/2021", "Xóa lúc"):
        assert part in text, part
    assert NAME not in text and office.visits() == {NEXT: 1}


def test_no_table_is_forgotten(office: Office) -> None:
    """A new table must be thought about before a purge runs again."""
    known = purge.WHOLE | purge.OF_A_DAY | purge.OF_AN_EPOCH | purge.COMPUTED | {"told", "print_job"}
    assert {table.name for table in METADATA.sorted_tables} == known
