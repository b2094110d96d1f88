"""Clock, key store, sounds and printers: what the system has is used, what it lacks is survived."""

import io
import os
import stat
import sys
import wave
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailingKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked

from kiosk.devices import clock, keystore, sound, spooler
from kiosk.devices.clock import SystemClock
from kiosk.devices.keystore import FileKeyStore, OsKeyStore
from kiosk.devices.sound import SOUNDS, Sounds, wav
from kiosk.errors import Code, KioskError

SECRET = bytes(range(32))


class MemoryKeyring(KeyringBackend):
    """A key store as systems have them, in memory."""

    priority = 5.0

    def __init__(self, locked: bool = False, forgets: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.locked, self.forgets = locked, forgets

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.forgets:
            self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class PlaintextKeyring(MemoryKeyring):
    """As keyrings.alt has it."""


for made_here in (MemoryKeyring, PlaintextKeyring):  # keyring offers every class it has heard of, and they are no system's
    KeyringBackend._classes.discard(made_here)  # type: ignore[attr-defined]


# -- clock


def test_the_clock_runs_and_names_this_boot_and_this_machine() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert 0 <= second.mono - first.mono < 5_000 and second.wall > 1_600_000_000_000
    assert first.boot == second.boot and len(bytes.fromhex(first.boot)) == 16
    assert SystemClock().machine() == SystemClock().machine() and len(bytes.fromhex(SystemClock().machine())) == 16


def test_the_system_s_own_machine_id_does_not_leave_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    monkeypatch.setattr(clock, "MACHINE_IDS", (tmp_path / "none", tmp_path / "machine-id"))
    clock.machine_id.cache_clear()
    try:
        assert clock.machine_id() not in ("", "0123456789abcdef0123456789abcdef")
    finally:
        clock.machine_id.cache_clear()


def test_a_machine_without_ids_still_has_a_stable_one_and_a_boot_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_boot_source", lambda: "")
    monkeypatch.setattr(clock, "_machine_source", lambda: "")
    ids = []
    for _ in range(2):
        clock.boot_id.cache_clear()
        clock.machine_id.cache_clear()
        ids.append((clock.machine_id(), clock.boot_id()))
    clock.boot_id.cache_clear()
    clock.machine_id.cache_clear()
    assert ids[0][0] == ids[1][0] and ids[0][1] != ids[1][1]


# -- key store


def test_the_system_s_key_store_keeps_secrets_apart_by_service() -> None:
    backend = MemoryKeyring()
    store, other = OsKeyStore("one", backend), OsKeyStore("two", backend)
    store.put("device", SECRET)
    assert (store.where, store.get("device"), other.get("device")) == ("os", SECRET, None)


@pytest.mark.parametrize(
    "backend",
    [FailingKeyring(), NullKeyring(), PlaintextKeyring(), MemoryKeyring(locked=True), MemoryKeyring(forgets=True)],  # type: ignore[no-untyped-call]
    ids=["fail", "null", "plain text", "locked", "forgetful"],
)
def test_what_keeps_no_secret_is_no_key_store(backend: KeyringBackend) -> None:
    with pytest.raises(KioskError) as caught:
        OsKeyStore("kiosk", backend)
    assert caught.value.code is Code.KEYS_UNREADABLE


def test_a_secret_in_a_file_is_for_its_owner_only_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "home" / "device.secret"
    FileKeyStore(path).put("device", SECRET)
    FileKeyStore(path).put("other", b"")
    assert (FileKeyStore(path).get("device"), FileKeyStore(path).get("other"), FileKeyStore(path).get("none")) == (SECRET, b"", None)
    assert [file.name for file in path.parent.iterdir()] == ["device.secret"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"device": 5}', '{"device": "?"}', "\xff"])
def test_a_broken_secret_file_is_said_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "device.secret"
    path.write_text(content, "latin-1")
    for act in (lambda: FileKeyStore(path).get("device"), lambda: FileKeyStore(path).put("device", SECRET)):
        with pytest.raises(KioskError) as caught:
            act()  # type: ignore[no-untyped-call]
        assert caught.value.code is Code.KEYS_UNREADABLE
    assert path.read_text("latin-1") == content


def test_a_home_that_began_with_a_file_stays_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryKeyring()
    monkeypatch.setattr(keystore, "system_backend", lambda: backend)
    (tmp_path / "old").mkdir()
    FileKeyStore(tmp_path / "old" / keystore.FILE).put("device", SECRET)
    assert (keystore.best(tmp_path / "old").where, keystore.best(tmp_path / "new").where) == ("file", "os")
    monkeypatch.setattr(keystore, "system_backend", lambda: None)
    assert keystore.best(tmp_path / "new").where == "file"


def test_two_homes_do_not_share_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryKeyring()
    monkeypatch.setattr(keystore, "system_backend", lambda: backend)
    keystore.best(tmp_path / "a").put("device", SECRET)
    assert keystore.best(tmp_path / "a").get("device") == SECRET and keystore.best(tmp_path / "b").get("device") is None


# -- sound


@pytest.mark.parametrize("name", SOUNDS)
def test_every_sound_is_a_short_wave_that_begins_and_ends_in_silence(name: str) -> None:
    with wave.open(io.BytesIO(wav(name))) as file:
        seconds = file.getnframes() / file.getframerate()
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert 0.1 < seconds < 1.0 and abs(samples[0]) < 50 and abs(samples[-1]) < 2_000
    assert 10_000 < max(samples) < 32_767


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return path


@pytest.mark.skipif(os.name != "posix", reason="plays through a program")
def test_a_sound_is_played_by_the_system_s_program_and_the_newest_cuts_off_the_last(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    os.mkfifo(heard)
    sounds = Sounds(str(program(tmp_path, "aplay", f'echo "$@" > {heard}\nexec tail -f /dev/null\n')))
    sounds.play("high")
    assert heard.read_text().startswith("-q ")
    first = sounds._child
    sounds.play("low_low")
    assert heard.read_text().strip().endswith("low_low.wav")
    assert first is not None and first.wait(10) != 0
    assert sounds._child is not None
    sounds._child.kill()
    sounds._child.wait(10)


def test_a_machine_that_plays_nothing_stays_silent(tmp_path: Path) -> None:
    Sounds("").play("high")
    Sounds(on=False).play("high")
    broken = Sounds(str(tmp_path / "not there"))
    broken.play("no such sound")
    broken.play("low")
    assert broken.player == ""
    broken.play("low")


# -- printers


@pytest.fixture
def cups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spooler's two programs, whose answers are the files `state` and `refusal`."""
    if os.name != "posix":
        pytest.skip("CUPS")
    programs = tmp_path / "bin"
    programs.mkdir()
    program(
        programs,
        "lpstat",
        f'case "$1" in\n-e) echo HP;;\n-d) echo "system default destination: HP";;\n*) cat {tmp_path}/state;;\nesac\n',
    )
    program(
        programs,
        "lp",
        f'if [ -f {tmp_path}/refusal ]; then cat {tmp_path}/refusal >&2; exit 1; fi\n'
        f'printf "%s\\n" "$@" > {tmp_path}/job; echo "request id is HP-42 (1 file(s))"\n',
    )
    (tmp_path / "state").write_text("printer HP is idle.  enabled since Sun May 23 06:00:00 2021\n\tAlerts: none\n")
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.7\n")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_a_page_goes_to_the_default_printer_under_its_title(cups: Path) -> None:
    printer = spooler.open_printer("", cups / "papers")
    assert printer.name == "HP" and printer.status().ready
    assert printer.print(cups / "page.pdf", "-o raw; rm -rf ~") == "HP-42"
    assert (cups / "job").read_text().splitlines() == ["-d", "HP", "-t", "-o raw; rm -rf ~", "--", str(cups / "page.pdf")]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("printer HP disabled since Sun May 23 06:00:00 2021 -\n\tPaused\n", "paused"),
        ("printer HP is idle.  enabled since\n\tAlerts: media-empty-error\n", "out_of_paper"),
        ("printer HP now printing HP-1.\n\tAlerts: toner-empty-error\n", "error"),
        ("printer HP is idle.  enabled since\n\tAlerts: offline-report\n", "error"),
        ("", "none"),
    ],
)
def test_what_is_wrong_with_a_printer_is_one_of_four_words(cups: Path, says: str, why: str) -> None:
    (cups / "state").write_text(says)
    state = spooler.CupsPrinter("HP").status()
    assert (state.ready, state.why) == (False, why)


def test_a_refused_page_is_an_error_with_the_spooler_s_own_words(cups: Path) -> None:
    (cups / "refusal").write_text("lp: The printer or class does not exist.\n")
    with pytest.raises(KioskError) as caught:
        spooler.CupsPrinter("HP").print(cups / "page.pdf", "report")
    assert caught.value.code is Code.PRINT_FAILED and caught.value.facts["why"] == "lp: The printer or class does not exist."


def test_a_page_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for printer in (spooler.CupsPrinter("HP"), spooler.FolderPrinter(tmp_path / "papers")):
        with pytest.raises(KioskError) as caught:
            printer.print(tmp_path / "none.pdf", "report")
        assert caught.value.code is Code.PRINT_FAILED


def test_without_a_spooler_pages_are_kept_in_a_folder_and_none_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    printer = spooler.open_printer("", tmp_path / "papers")
    page = tmp_path / "report.pdf"
    for content in (b"one", b"two"):
        page.write_bytes(content)
        printer.print(page, "report")
    assert printer.name == "pdf" and printer.status().ready
    assert {f.name: f.read_bytes() for f in (tmp_path / "papers").iterdir()} == {"report.pdf": b"one", "report-2.pdf": b"two"}
    assert spooler.CupsPrinter("HP").status().why == "none"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions")
def test_a_folder_that_cannot_be_written_is_a_printer_s_error(tmp_path: Path) -> None:
    (tmp_path / "papers").write_text("a file where the folder should be")
    (tmp_path / "report.pdf").write_bytes(b"%PDF")
    with pytest.raises(KioskError) as caught:
        spooler.FolderPrinter(tmp_path / "papers").print(tmp_path / "report.pdf", "report")
    assert caught.value.code is Code.PRINT_FAILED


def test_a_machine_without_a_player_finds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert sound.find_player() == ""
