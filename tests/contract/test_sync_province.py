"""Kiosk and province over a real socket: enrolment, upload, receipts, a pulled cable; the oracle compares both sides' bytes."""

import json
import os
import threading
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.domain.protocol import enrol_code
from kiosk.domain.vntime import ZONE
from kiosk.errors import Code, KioskError
from kiosk.store import locks
from kiosk.sync.state import SyncRequest
from kiosk.sync.uploader import POLL_S
from tests.contract.served import STATION, Province, arrive, assert_both_sides_hold_the_same, enrolled, kiosk, lines, run


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
    told = lines("kiosk", "enrol", "--home", home, "--server", province.url, "--code", province.code())[0]
    assert told["station"] == STATION and told["kiosk"] and "epoch" in told
    lines("kiosk", "day", "open", datetime.now(ZONE).date().isoformat(), "--home", home)
    for _ in range(3):
        lines("kiosk", "seen", "--kind", "moh", "--home", home)
    said = lines("kiosk", "sync", "--drain", "--home", home)[-1]
    assert said["state"] == "ok" and said["waiting"] == 0 and said["duplicate"] == 0 and said["refused"] == 0
    assert said["sent"] == said["acknowledged"] == len(lines("kiosk", "journal", "--home", home)) >= 3
    assert lines("kiosk", "status", "--home", home)[0]["state"] == "ok"
    province.stop()
    lines("kiosk", "seen", "--kind", "moh", "--home", home)
    done = run("kiosk", "sync", "--once", "--json", "--home", home)
    assert done.returncode == 1 and json.loads(done.stdout)["state"] == "offline" and "Traceback" not in done.stderr


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
