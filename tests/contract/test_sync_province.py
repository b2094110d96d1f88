"""Kiosk and province over a real socket: enrolment, upload, receipts, a pulled cable; the oracle compares both sides' bytes."""

import contextlib
import json
import os
import shutil
import sqlite3
import threading
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from kiosk import cli as kiosk_cli
from kiosk.domain import declaration
from kiosk.domain import pin as pins
from kiosk.domain.protocol import enrol_code
from kiosk.domain.vntime import ZONE
from kiosk.errors import Code, KioskError
from kiosk.security.officers import Officers
from kiosk.store import locks
from kiosk.sync.state import SyncRequest
from kiosk.sync.uploader import POLL_S
from province import officers
from tests import builders
from tests.contract.served import STATION, Province, arrive, assert_both_sides_hold_the_same, enrolled, kiosk, lines, office, run


def test_what_an_enrolled_kiosk_writes_arrives_once_and_is_opened(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 25)
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert (state.state, state.waiting, state.refused, state.detail) == ("ok", 0, 0, "")
        assert state.opened == state.acknowledged == state.events >= 25
        assert state.clock_skew_s is not None and abs(state.clock_skew_s) < 5
        parts.mirror.step()
        assert parts.verify().ok
    assert_both_sides_hold_the_same(province, home)


def test_with_the_cable_pulled_the_queue_goes_on_and_then_all_arrives_once(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 5)
        assert parts.uploader.drain(lambda _: None, lambda: False).settled
        province.stop()
        arrive(parts, 7)
        parts.uploader.hurry()
        state = parts.uploader.step()
        assert (state.state, state.waiting) == ("offline", 7)
        arrive(parts, 3)
        assert parts.uploader.step().waiting == 10
        province.start()
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert state.state == "ok" and state.settled
    assert_both_sides_hold_the_same(province, home)


def test_a_receipt_lost_on_the_way_home_is_asked_for_and_nothing_doubles(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 5)
        transport = parts.uploader._transport

        class Deaf:
            def post(self, path: str, body: bytes) -> object:
                transport.post(path, body)
                raise KioskError(Code.OFFLINE, why="timeout", sent=True)

        parts.uploader.step()
        parts.uploader._transport = Deaf()  # type: ignore[assignment]
        assert parts.uploader.step().state == "offline"
        parts.uploader._transport = transport
        state = parts.uploader.drain(lambda _: None, lambda: False)
        assert state.settled and state.duplicate == 0
    assert_both_sides_hold_the_same(province, home)


def test_another_province_at_the_same_address_gets_nothing(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    province.stop()
    other = Province(tmp_path / "other")
    other.port = province.port
    other.start()
    try:
        with kiosk(home) as parts:
            arrive(parts, 2)
            state = parts.uploader.step()
            assert (state.state, state.waiting, state.sent) == ("tls", state.events, 0)
        assert lines("province", "events", "--home", str(other.home), "--station", STATION) == []
    finally:
        other.stop()


def refused(province: Province, home: Path, code: str) -> KioskError:
    with pytest.raises(KioskError) as error:
        enrolled(province, home, code=code)
    assert not (home / "vault.json").exists() and not (home / "device.secret").exists()
    return error.value


def test_a_code_is_taken_once_in_time_and_only_by_its_own_province(province: Province, tmp_path: Path) -> None:
    code = province.code()
    enrolled(province, tmp_path / "first", code=code)
    root = (province.home / "root.pub").read_bytes()
    cases = {
        "used_code": (Code.ENROL_REFUSED, code),
        "expired_code": (Code.ENROL_REFUSED, province.code("--minutes", "0")),
        "bad_code": (Code.ENROL_REFUSED, enrol_code(os.urandom(16), root)),
        "root": (Code.ENROL_UNTRUSTED, enrol_code(os.urandom(16), os.urandom(32))),
        "shape": (Code.ENROL_REFUSED, code[:-5]),
    }
    for why, (expected, typed) in cases.items():
        error = refused(province, tmp_path / why, typed)
        assert (error.code, error.facts["why"]) == (expected, why)


def test_a_code_may_be_typed_in_small_letters_and_without_dashes(province: Province, tmp_path: Path) -> None:
    assert (enrolled(province, tmp_path / "kiosk", code=province.code().lower().replace("-", " ")) / "vault.json").exists()


def test_an_enrolled_home_is_never_enrolled_again(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    before, code = (home / "vault.json").read_bytes(), province.code()
    with pytest.raises(KioskError) as error:
        enrolled(province, home, code=code)
    assert error.value.code is Code.ALREADY_ENROLLED and (home / "vault.json").read_bytes() == before
    enrolled(province, tmp_path / "another", code=code)  # the code was not used up


def test_without_a_server_enrolment_leaves_nothing_and_uses_nothing(province: Province, tmp_path: Path) -> None:
    code = province.code()
    province.stop()
    assert refused(province, tmp_path / "kiosk", code).code is Code.OFFLINE
    province.start()
    enrolled(province, tmp_path / "kiosk", code=code)


def test_the_commands_enrol_and_sync(province: Province, tmp_path: Path) -> None:
    home = str(tmp_path / "kiosk")
    done = run("kiosk", "enrol", "--home", home, "--server", province.url, "--code", province.code(), "--json")  # as a program of its own
    told = json.loads(done.stdout)
    assert told["station"] == STATION and told["kiosk"] and "epoch" in told
    lines("kiosk", "day", "open", datetime.now(ZONE).date().isoformat(), "--home", home)
    for _ in range(3):
        lines("kiosk", "seen", "--kind", "moh", "--home", home)
    done = run("kiosk", "sync", "--drain", "--home", home, "--json")
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["state"] == "ok" and said["waiting"] == 0 and said["duplicate"] == 0 and said["refused"] == 0
    assert said["sent"] == said["acknowledged"] == len(lines("kiosk", "journal", "--home", home)) >= 3
    told_lines = done.stderr.splitlines()
    assert told_lines and all(one != next_ for one, next_ in pairwise(told_lines)), "a line of progress when it changed, not before"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for target in ("pipe", "folder", "no/where"):
        assert kiosk_cli.main(["bundle", "export", str(tmp_path / target), "--home", home]) == 1
    assert (tmp_path / "pipe").is_fifo() and not list((tmp_path / "folder").iterdir())
    assert lines("kiosk", "status", "--home", home)[0]["state"] == "ok"
    province.stop()
    lines("kiosk", "seen", "--kind", "moh", "--home", home)
    done = run("kiosk", "sync", "--once", "--json", "--home", home)
    assert done.returncode == 1 and json.loads(done.stdout)["state"] == "offline" and "Traceback" not in done.stderr


def test_a_revoked_kiosk_still_hands_its_events_over_and_says_that_it_is_revoked(
    province: Province, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts:
        arrive(parts, 2)
        assert parts.uploader.drain(lambda _: None, lambda: False).settled
        name, before = parts.journal.identity.kiosk, parts.outbox.counts().events
        arrive(parts, 3)
    with contextlib.closing(sqlite3.connect(province.home / "province.db", timeout=30)) as conn, conn:
        conn.execute("UPDATE kiosk SET revoked_at = 1 WHERE kiosk_id = ?", (name,))
    assert kiosk_cli.main(["sync", "--home", str(home)]) == 1, "kept apart is not taken in"
    said = capsys.readouterr().err
    assert "Tỉnh đã thu hồi máy này" in said and f"mở đọc {before} trong {before + 3} sự kiện; 3 sự kiện để riêng" in said
    assert kiosk_cli.main(["status", "--home", str(home)]) == 0
    assert "Tỉnh đã thu hồi máy này" in capsys.readouterr().out
    now = lines("kiosk", "status", "--home", str(home))[0]
    assert (now["state"], now["link"]) == ("refused", "revoked"), "scripts know a closed list of states"
    with contextlib.closing(sqlite3.connect(province.home / "province.db", timeout=30)) as conn:
        held = conn.execute("SELECT count(*) FROM quarantine WHERE kiosk_id = ? AND seq > 0 AND reason = 'revoked'", (name,))
        assert held.fetchone() == (3,)


def test_while_the_window_holds_the_uploader_the_command_asks_it(province: Province, tmp_path: Path) -> None:
    home = enrolled(province, tmp_path / "kiosk")
    with kiosk(home) as parts, locks.hold(home, "uploader"):
        arrive(parts, 4)
        stop, requests = threading.Event(), SyncRequest(home)

        def thread() -> None:
            while not stop.wait(POLL_S / 10):
                if (home / "sync.ask").exists():  # otherwise this window would send without being asked
                    parts.uploader.serve(requests)

        worker = threading.Thread(target=thread)
        worker.start()
        try:
            done = run("kiosk", "sync", "--json", "--home", str(home))
        finally:
            stop.set()
            worker.join()
        said = json.loads(done.stdout)
        assert (done.returncode, said["waiting"], said["state"]) == (0, 0, "ok"), done.stderr
        assert said["sent"] == said["acknowledged"] == parts.outbox.counts().events
        assert_both_sides_hold_the_same(province, home)


class Takeover:
    """A station of its own; every machine is worked by its commands alone."""

    CODE, PIN = "46-474-19750-33", "482915"

    def __init__(self, province: Province, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.province, self.folder, self._capsys = province, folder, capsys
        self._env = monkeypatch.setenv
        monkeypatch.setattr(officers, "FIRST", builders.CHEAP)
        monkeypatch.setenv("FIRST_PIN", self.PIN)
        self.at = datetime.now(ZONE).strftime("%H:%M")

    def office(self, *argv: str) -> dict[str, object]:
        said = office(self.province.home, *argv)
        return said[0] if said else {}

    def opens(self, station: str) -> None:
        self.office("station", "add", "--code", station, "--name", f"Khu vực bỏ phiếu số {station[-2:]}", "--commune", "19750")

    def has_a_lead(self, station: str, name: str) -> None:
        who = ("--name", name, "--role", "lead", "--pin-env", "FIRST_PIN")
        self._env("KIOSK_OFFICER", str(self.office("officer", "add", "--station", station, *who)["officer"]))
        self._env("KIOSK_PIN", self.PIN)

    def does(self, machine: str, *argv: str, expect: int = 0) -> dict[str, object]:
        self._capsys.readouterr()
        done = kiosk_cli.main([*argv, "--home", str(self.folder / machine), "--json"])
        said = self._capsys.readouterr()
        assert done == expect, said.err
        return dict(json.loads(said.out.splitlines()[-1])) if said.out else {"err": said.err}

    def enrols(self, machine: str) -> dict[str, object]:
        code = str(self.office("enrol-code", "--station", self.CODE)["code"])
        return self.does(machine, "enrol", "--server", self.province.url, "--code", code)

    def sets_a_phrase(self, machine: str) -> None:
        """The lead's first act on a machine without a key store."""
        self._env("KIOSK_NEW_PIN", pins.new_phrase())
        self.does(machine, "officers", "pin", os.environ["KIOSK_OFFICER"], "--pin-env", "KIOSK_NEW_PIN")
        self._env("KIOSK_PIN", os.environ["KIOSK_NEW_PIN"])

    def keys_in(self, machine: str, number: str, id_number: str, expect: int = 0) -> dict[str, object]:
        """A form of the fall-back folder: its number, and the time written on it."""
        file = self.folder / f"{number}.json"
        file.write_text(json.dumps(declaration.example() | {"id_number": id_number, "phone": "0905000111"}), "utf-8")
        return self.does(machine, "paper", number, "--at", self.at, "--file", str(file), expect=expect)


def test_an_enrolment_is_told_as_done_whoever_the_environment_names(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Takeover(province, tmp_path, monkeypatch, capsys)
    day.CODE = "46-474-19750-35"  # type: ignore[misc]
    day.opens(day.CODE)
    day.has_a_lead(day.CODE, "Lê Thị Trưởng")
    monkeypatch.setenv("KIOSK_OFFICER", "cb-000000")
    assert day.enrols("new")["station"] == day.CODE
    assert day.does("new", "status", expect=1)["err"], "and opens for nobody whom it does not know"


def test_a_laptop_dies_and_a_spare_takes_over_and_the_day_adds_up(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Takeover(province, tmp_path, monkeypatch, capsys)

    # The evening before: two laptops of the station, and a spare that any of two stations may need.
    file, other = tmp_path / "spare.enrolment", "46-474-19750-34"
    day.opens(other)
    day.has_a_lead(other, "Võ Văn Chín")
    day.opens(day.CODE)
    first, second = day.enrols("first"), day.enrols("second")
    day.has_a_lead(day.CODE, "Lê Thị Trưởng")
    day.office("enrol-code", "--station", day.CODE, "--station", other, "--file", str(file), "--server", province.url)
    day.does("spare", "enrol", "--file", str(file))
    file.unlink()

    # Morning. Five voters at the first entrance, one of them from a paper form that was keyed in at once; all of it reaches the province.
    for _ in range(4):
        day.does("first", "seen", "--kind", "moh")
    assert day.keys_in("first", "G003", "046183000003")["verdict"] == "come_in"
    assert day.does("first", "sync", "--drain")["opened"]

    # At nine it falls off the table, with everything on it. Two voters are written down on G001 and G002.
    shutil.rmtree(tmp_path / "first")

    # The spare chooses its station with the lead's PIN: a kiosk of its own. The forms are keyed in, G003 once more by mistake.
    chosen = day.does("spare", "enrol", "--station", day.CODE)
    assert chosen["station"] == day.CODE and chosen["kiosk"] not in (first["kiosk"], second["kiosk"])
    day.sets_a_phrase("spare")
    for number, person in (("G001", "046183000001"), ("G002", "046183000002"), ("G003", "046183000003")):
        assert day.keys_in("spare", number, person)["verdict"] == "come_in"
    assert "KS-220" in str(day.keys_in("spare", "G001", "046183000001", expect=1)["err"]), "once only"
    for _ in range(2):
        day.does("spare", "seen", "--kind", "hues")
    for _ in range(3):
        day.does("second", "seen", "--kind", "moh")

    # Evening. The second laptop closes first; its report's code carries its totals.
    day.does("second", "sync", "--drain")
    closed = day.does("second", "close", "--printer", "pdf")
    with pypdfium2.PdfDocument(str(closed["report"])) as document:
        codes = [found.text for page in document for found in zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())]
    assert codes == [closed["code"]]

    # Of the first one the province tells what it has, without the form that the spare has too; the spare adds both to its own.
    day.does("spare", "sync", "--drain")
    label = str(chosen["label"])
    told = day.office("totals", "--station", day.CODE, "--for", label)
    kiosks = {one["label"]: one for one in told["kiosks"]}  # type: ignore[attr-defined]
    assert [(kiosks[name]["visits"], kiosks[name]["twice"]) for name in ("K1", "K2", label)] == [(5, 1), (3, 0), (5, 1)]
    report = day.does("spare", "close", "--other", codes[0], "--other", str(kiosks["K1"]["code"]), "--printer", "pdf")
    assert report["visits"] == 5 and report["together"] == told["visits"] == 12 == 5 + 3 + 4
    (line,) = report["tally"]  # type: ignore[misc]
    assert line["here"] == line["opened"] == 5
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(str(report["report"])))
    assert "Cộng cả khu vực: 12 lượt" in " ".join(text.split())
    asked = "SELECT count(*) FROM visit WHERE station_id = ? AND NOT voided"
    with contextlib.closing(sqlite3.connect(province.home / "province.db")) as conn:
        assert conn.execute(asked, (day.CODE,)).fetchone() == (12,), "every form counts once"


def test_commands_alone_send_all_close_the_day_purge_it_and_clean_the_laptop(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command signs the lead in, and that is an event too: it is sent before anything is refused for it."""
    monkeypatch.setattr(Officers.__init__, "__defaults__", (lambda: builders.CHEAP,))  # a phrase that is quick to try
    day = Takeover(province, tmp_path, monkeypatch, capsys)
    day.CODE = "46-474-19750-36"  # type: ignore[misc]
    day.opens(day.CODE)
    day.enrols("first")
    day.has_a_lead(day.CODE, "Lê Thị Trưởng")
    day.does("first", "sync", "--once")
    day.sets_a_phrase("first")
    day.does("first", "seen", "--kind", "moh")
    day.does("first", "close", "--offline", "--printer", "pdf")
    said = day.does("first", "sync", "--drain")
    assert said["opened"] == len(lines("kiosk", "journal", "--home", str(tmp_path / "first"))), "its own sign-in is among them"
    purged = day.does("first", "purge", "--printer", "pdf")  # the lead who looked into the journal signed in for it, too
    assert purged["events"] and Path(str(purged["certificate"])).is_file()
    assert day.does("first", "remove", "--look") == {"may_go": True, "why": {}}
    assert day.does("first", "remove", "--yes", "--printer", "pdf")["why"] == {}
