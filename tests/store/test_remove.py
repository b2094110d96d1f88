"""A laptop is cleaned: what must stop it, that nothing of the station stays, the stick a lead insists with, and a kill at any step."""

import json
import os
from functools import partial
from pathlib import Path

import pypdfium2
import pytest

from kiosk import cli, compose, purging, removing
from kiosk.crypto import sign
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import stick
from kiosk.domain.policy import Policy
from kiosk.errors import Code, KioskError
from kiosk.security import activate
from kiosk.security.officers import Credentials
from kiosk.store import mirror, wipe
from kiosk.store.swap import nothing
from tests import builders
from tests.store.test_purge import DAY, LEAD, NAME, NEXT, Office, _child, office

__all__ = ["office"]
SECRET = "device.secret"


def clean(office: Office, **more: object) -> removing.Done:
    return removing.run(office.home, LEAD, clock=office.clock, keystore=FileKeyStore(office.home / SECRET), **more)  # type: ignore[arg-type]


@pytest.fixture
def over(office: Office) -> Office:
    """Everything that a day leaves behind lies in the home, both days are closed, and the province has opened all of it."""
    home = office.home
    with office.open() as parts:
        parts.day.close()
        parts.mirror.step()
    for name, text in (
        ("spool/phieu.pdf", NAME), ("captures/a.png", NAME), ("papers/nguoi-khai.csv", NAME), ("checks/2021-05-23.json", "{}"),
        ("devices.json", "{}"), ("form.kept.yaml", "x"), ("settings.toml", ""),
        ("notices.seen", ""), ("sync.json", "{}"), ("damage.log", ""), ("log/kiosk.log", ""),
        ("crash/native.txt", ""), ("journal.db.damaged.1", "x"), ("tries.json", "{}"), ("training/vault.json", ""),
        ("purged/2021-05-01.json", "{}"), ("draft.sealed", "x"),
    ):  # fmt: skip
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text)
    office.receive()
    return office


def names(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def test_nothing_of_the_station_stays_but_a_signed_certificate(over: Office) -> None:
    (over.home / "holiday.jpg").write_text("not ours")
    with over.open() as parts:
        public = sign.public(parts.vault.secrets.kiosk_seed)
        with parts.database.read() as conn:
            heads = {row[0].hex() for row in conn.exec_driver_sql("SELECT head FROM event")}
    done = clean(over)
    assert done.left == ["holiday.jpg"]
    page, kept = f"removed/{done.certificate.name}", f"removed/{done.certificate.with_suffix('.json').name}"
    assert names(over.home) == sorted(["holiday.jpg", "removed", page, kept])
    said = json.loads((over.home / kept).read_text("utf-8"))
    content = (over.home / kept).read_bytes().split(b'"said":')[1].rsplit(b',"signature"')[0]
    assert sign.verify(public, bytes.fromhex(said["signature"]), removing.SIGNED + content)
    assert said["said"]["days"] == {DAY: "", NEXT: ""} and {chain["head"] for chain in said["said"]["chains"]} <= heads
    with pypdfium2.PdfDocument(over.home / page) as document:
        text = " ".join(" ".join(one.get_textpage().get_text_range() for one in document).split())
    for part in ("Biên bản dọn máy", "Không phải số liệu bầu cử", "Lê Thị Trưởng", "23/05/2021, 24/05/2021", "mở đủ mọi sự kiện"):
        assert part.casefold() in text.casefold(), part
    assert NAME not in text
    with pytest.raises(KioskError) as caught:
        compose.open_parts(over.home)
    assert caught.value.code is Code.NOT_ENROLLED
    (over.home / "again").mkdir()
    builders.enrolled_home(over.home)  # and it may be anybody's again


def test_it_is_refused_by_name(office: Office) -> None:
    with pytest.raises(KioskError) as caught:
        clean(office)
    assert caught.value.code is Code.REMOVE_REFUSED
    assert caught.value.facts["not_closed"] == 1 and caught.value.facts["not_opened"]
    office.receive(but=1)
    with pytest.raises(KioskError) as again:
        clean(office)
    assert again.value.facts["not_opened"] == 2, "one event of each day"
    assert office.visits() == {DAY: 2, NEXT: 1} and not (office.home / wipe.STAGE).exists()


def test_an_officer_may_not(over: Office) -> None:
    with pytest.raises(KioskError) as caught:
        removing.run(over.home, Credentials("o-two", "739164"), clock=over.clock, keystore=over.store)
    assert caught.value.code is Code.LEAD_NEEDED and over.visits() == {DAY: 2, NEXT: 1}


def test_a_lead_insists_with_a_reason_and_the_whole_journal_on_a_stick(office: Office, tmp_path: Path) -> None:
    with office.open() as parts, parts.database.read() as conn:
        me, public = parts.journal.identity.kiosk, sign.public(parts.vault.secrets.kiosk_seed)
        events = conn.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
    for folder in (tmp_path / "away", office.home / "papers"):
        with pytest.raises(KioskError) as caught:
            clean(office, insisting=removing.Insisting("máy phải trả", folder))
        assert caught.value.code is Code.FILE_NOT_WRITTEN, "no such stick, or no stick at all"
    with pytest.raises(KioskError) as silent:
        clean(office, insisting=removing.Insisting("  ", tmp_path))
    assert silent.value.code is Code.REMOVE_REFUSED and office.visits() == {DAY: 2, NEXT: 1}
    target = tmp_path / "usb"
    target.mkdir()
    done = clean(office, insisting=removing.Insisting("máy phải trả", target))
    sealed, bundle = (next(target.glob(f"*{end}")) for end in (removing.SEALED, removing.BUNDLE))
    assert sum(mirror.read(sealed, me, public).seqs.values()) >= events
    assert not stick.read(bundle.read_bytes(), stick.BUNDLE, stick.CALL).trouble
    assert done.said.why["not_closed"] == 1 and done.said.reason == "máy phải trả" and len(done.said.copies) == 2
    assert not (office.home / "journal.db").exists()


STEPS = ("certificate", "commit", "secret")  # and then a test for each change of the disk


@pytest.mark.parametrize("at", range(len(STEPS)))
def test_killed_at_any_step_it_ends_in_before_or_after(over: Office, at: int) -> None:
    """A real process ends before the step; the next program then finds the old home whole, or ends the removal."""
    assert _killed(over, at) == list(STEPS[: at + 1])
    if at < 2:
        assert over.visits() == {DAY: 2, NEXT: 1}
        with over.open() as parts:
            assert parts.verify().ok, parts.verify().findings
        clean(over)
    else:
        with pytest.raises(KioskError) as caught:
            compose.open_parts(over.home)
        assert caught.value.code is Code.NOT_ENROLLED
    assert {name.split("/")[0] for name in names(over.home)} == {"removed"} and len(names(over.home)) == 3


def _killed(office: Office, at: int) -> list[str]:
    log = office.home.parent / "steps"
    log.write_text("")

    def step(name: str) -> None:
        done = log.read_text().splitlines()
        log.write_text("\n".join([*done, name]) + "\n")
        if len(done) == at:
            os._exit(9)

    _child(lambda: clean(office, step=step))
    return log.read_text().splitlines()


def test_killed_between_any_two_changes_of_the_disk_the_next_one_ends_it(over: Office) -> None:
    """A process for each change; each ends before its own change, and leaves the next one less to do."""
    _child(lambda: clean(over, step=lambda name: os._exit(9) if name == "secret" else None))
    rounds = 0
    while (over.home / wipe.READY).exists():
        _child(lambda: _one_change(over.home))
        rounds += 1
        assert rounds < 200
    assert rounds > 20 and len(list((over.home / "removed").iterdir())) == 2
    assert {name.split("/")[0] for name in names(over.home) if not name.endswith((".lock", ".holder"))} == {"removed"}


def _one_change(home: Path) -> None:
    """Does one change of the disk and is killed before the second."""
    done: list[object] = []

    def counted(act):  # type: ignore[no-untyped-def]
        def call(*args, **more):  # type: ignore[no-untyped-def]
            if done:
                os._exit(9)
            act(*args, **more)  # what was done before raises, and is no change
            done.append(act)

        return call

    os.replace, os.unlink, os.mkdir, os.rmdir = (counted(act) for act in (os.replace, os.unlink, os.mkdir, os.rmdir))
    wipe.settle(home, FileKeyStore(home / SECRET), nothing)


def test_the_command_asks_for_the_name_and_cleans(
    over: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("KIOSK_OFFICER", LEAD.officer)
    monkeypatch.setenv("KIOSK_PIN", LEAD.pin)
    argv = ["remove", "--home", str(over.home), "--json", "--printer", "pdf"]
    assert cli.main([*argv, "--look"]) == 0 and json.loads(capsys.readouterr().out) == {"may_go": True, "why": {}}
    typed = tmp_path / "typed"
    typed.write_text("K2\n")
    with typed.open() as given:
        monkeypatch.setattr("sys.stdin", given)
        assert cli.main(argv) == 1
    assert "KS-225" in capsys.readouterr().err and (over.home / "journal.db").exists()
    assert cli.main([*argv, "--reason", "x"]) == 2
    assert "--copy" in capsys.readouterr().err.splitlines()[0]
    assert cli.main([*argv, "--yes"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["removed"] and Path(said["certificate"]).is_file() and said["left"] == []
    assert {name.split("/")[0] for name in names(over.home)} == {"removed"}
    assert cli.main(["status", "--home", str(over.home)]) == 1 and "KS-201" in capsys.readouterr().err
    activate.train(over.home, FileKeyStore(over.home / SECRET), over.clock)


def test_an_event_that_is_not_opened_stays_whatever_is_tried(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The policy would let the day go at once; one event of it was never opened. Every way out is tried; the event is there after each."""
    monkeypatch.setattr(builders, "province", partial(builders.province, policy=Policy(purge_days=0)))
    office = Office(home)
    office.work()
    with office.open() as parts:
        parts.day.close()
    office.receive(but=1)
    monkeypatch.setenv("KIOSK_OFFICER", LEAD.officer)
    monkeypatch.setenv("KIOSK_PIN", LEAD.pin)
    ways = (["purge"], ["purge", "--day", DAY], ["purge", "--due"], ["purge", "--look"], ["remove", "--yes"], ["remove", "--look"])
    for argv in (*ways, ["rebuild"], ["restore", str(home / "journal.sealed")]):
        done = cli.main([*argv, "--home", str(home), "--json"])
        assert done == int(argv[0] in ("purge", "remove") and "--due" not in argv), (argv, capsys.readouterr().err)
        assert office.visits()[DAY] == 2, argv
        with office.open() as parts:
            parts.mirror.step()
            assert parts.purged() == [] and parts.overdue() == [DAY, NEXT] and parts.verify().ok, argv
    with pytest.raises(KioskError) as caught, office.open() as parts:
        held = parts.held
        parts.close()
        purging.run(home, DAY, clock=office.clock, keystore=office.store, held=held, by=purging.POLICY)
    assert caught.value.code is Code.PURGE_REFUSED and caught.value.facts["not_opened"] >= 1 and office.visits()[DAY] == 2
