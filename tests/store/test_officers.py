"""Officers on a real encrypted home: who opens it, who may do what, and what the chain says of it afterwards."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from kiosk import compose
from kiosk.cli import main
from kiosk.crypto.kdf import stretch
from kiosk.devices.keystore import FileKeyStore
from kiosk.domain import declaration
from kiosk.domain import pin as pins
from kiosk.domain.events import Kind
from kiosk.errors import Code, KioskError
from kiosk.ports import Sighting
from kiosk.security.officers import Credentials
from kiosk.security.vault import Lid
from kiosk.settings import Settings
from tests import builders
from tests.builders import LEAD, OFFICER, OTHER, PINS
from tests.durability import rewrap


class OsStore:
    """A system's key store, in memory."""

    where = "os"

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def put(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


@pytest.fixture
def store() -> OsStore:
    return OsStore()


Opener = Callable[..., compose.Parts]


@pytest.fixture
def opener(home: Path, store: OsStore) -> Opener:
    """Opens the home as an officer; made on first use with three officers who have PINs."""

    def make(officer: builders.Staff | None = LEAD, pin: str = "", how: str = "command") -> compose.Parts:
        if not (home / "vault.json").exists():
            builders.enrolled_home(home, officers=(LEAD, OFFICER, OTHER), pins=PINS, keystore=store)
        given = Credentials(officer.id, pin or PINS[officer.id], how) if officer else None
        return compose.open_parts(home, Settings(), builders.Clock(), store, given=given)

    return make


def code_of(act: Callable[[], object]) -> Code:
    with pytest.raises(KioskError) as error:
        act()
    return error.value.code


def facts(parts: compose.Parts) -> list[tuple[str, str, dict[str, object]]]:
    with parts.database.read() as conn:
        found = sorted(parts.journal.facts(conn), key=lambda fact: fact.key.seq)
    return [(Kind(f.body.kind).word, f.body.officer, f.body.fields) for f in found]


def test_without_a_pin_nothing_opens_and_no_byte_of_the_dek_lies_in_the_vault(opener: Opener, home: Path) -> None:
    opener().close()
    assert code_of(lambda: opener(None)) is Code.LOCKED
    assert code_of(lambda: opener(LEAD, "000000")) is Code.PIN_WRONG
    assert code_of(lambda: opener(OFFICER, PINS[LEAD.id])) is Code.PIN_WRONG
    stored = json.loads((home / "vault.json").read_text())
    assert stored["device"] == "" and len(stored["slots"]) == 3
    for name in (LEAD.name, OFFICER.name, "46-474"):
        assert name not in (home / "vault.json").read_text()


@pytest.mark.parametrize("name", ["people", "slots", "first"])
def test_a_name_that_a_flipped_bit_changed_takes_nobodys_way_in_away_in_silence(opener: Opener, home: Path, name: str) -> None:
    opener().close()
    file = home / "vault.json"
    whole = file.read_bytes()
    at = whole.index(f'"{name}":'.encode()) + 1
    file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert code_of(opener) is Code.KEYS_UNREADABLE
    file.write_bytes(whole)
    opener().close()


def test_the_pin_alone_is_not_enough_the_device_secret_is_mixed_in(opener: Opener, home: Path, store: OsStore) -> None:
    opener().close()
    lid = Lid.look(home, store)
    slot = lid.slot(LEAD.id)
    assert slot is not None
    key = stretch(PINS[LEAD.id], base64.b64decode(slot.salt), slot.costs)
    assert lid.dek(LEAD.id, key) and replace(lid, device=bytes(32)).dek(LEAD.id, key) is None
    store.kept = dict.fromkeys(store.kept, bytes(32))
    assert code_of(lambda: opener()) in (Code.KEYS_UNREADABLE, Code.PIN_WRONG)
    store.kept.clear()
    assert code_of(lambda: opener()) is Code.KEYS_UNREADABLE


def test_events_carry_who_did_it_and_the_sign_in_goes_with_the_first(opener: Opener) -> None:
    with opener(OFFICER) as parts:
        assert facts(parts) == []  # looking writes nothing
        parts.station.scan(Sighting(b"8" * 8, b"HELLO", "typed"))
        kinds = [(kind, officer, said.get("what")) for kind, officer, said in facts(parts)]
    assert ("audit", OFFICER.id, "sign_in") in kinds and kinds[-1] == ("sighting", OFFICER.id, None)
    with opener(LEAD) as parts:
        parts.station.scan(Sighting(b"9" * 8, b"HELLO", "typed"))
        assert [officer for kind, officer, _ in facts(parts) if kind == "sighting"] == [OFFICER.id, LEAD.id]
        assert [said["what"] for kind, _, said in facts(parts) if kind == "audit"] == ["sign_in", "sign_in"]


def test_failed_tries_come_into_the_chain_at_the_next_unlock_once(opener: Opener) -> None:
    opener().close()
    for _ in range(3):
        code_of(lambda: opener(OFFICER, "000000"))
    with opener(LEAD) as parts:
        assert parts.station.tell()
        said = [said for kind, _, said in facts(parts) if said.get("what") == "sign_in_refused"]
        assert [(one["target"], one["count"]) for one in said] == [(OFFICER.id, 3)]
        parts.station.scan(Sighting(b"8" * 8, b"HELLO", "typed"))
    with opener(LEAD) as parts:
        parts.station.tell()
        assert sum(said.get("what") == "sign_in_refused" for _, _, said in facts(parts)) == 1


def test_commands_that_live_a_moment_tell_each_failure_and_each_sign_in_once(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.enrolled_home(home, builders.province_for_today(), officers=(LEAD, OFFICER), pins=PINS)

    def run(officer: builders.Staff, pin: str, *argv: str) -> tuple[int, list[dict[str, object]]]:
        monkeypatch.setenv("KIOSK_OFFICER", officer.id)
        monkeypatch.setenv("KIOSK_PIN", pin)
        capsys.readouterr()
        code = main([*argv, "--home", str(home), "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert run(OFFICER, "000000", "seen", "--kind", "moh")[0] == 1
    for officer in (LEAD, OFFICER, LEAD, OFFICER):
        assert run(officer, PINS[officer.id], "seen", "--kind", "moh")[0] == 0
    assert run(OFFICER, PINS[OFFICER.id], "status")[0] == 0, "looking is signed for too"
    said = run(LEAD, PINS[LEAD.id], "audit")[1]
    refused = [one for one in said if one["what"] == "sign_in_refused"]
    assert [one["facts"]["count"] for one in refused] == [1]  # type: ignore[index]
    assert [one["officer"] for one in said if one["what"] == "sign_in"] == [one.id for one in (OFFICER, OFFICER, LEAD, OFFICER, LEAD)]
    assert json.loads((home / "tries.json").read_text())["untold"] == []


def test_who_is_taken_off_the_list_stops_at_once(opener: Opener) -> None:
    with opener(OTHER) as parts:
        assert parts.officers.learn([LEAD.row(), OFFICER.row()])
        assert parts.station.session.officer is None and parts.station.session.withdrawn == OTHER.name
        assert code_of(lambda: parts.station.begin_day("2021-05-24")) is Code.LOCKED
        parts.officers.sign_in(Credentials(OFFICER.id, PINS[OFFICER.id]))
        assert parts.officers.learn([LEAD.row(), msgspec.structs.replace(OFFICER.row(), role="technician")])
        assert parts.station.session.role == "technician", "and whose role has changed works on as that"
        parts.station.tell()
        assert [who for _, who, said in facts(parts) if said.get("what") == "sign_out"] == [OTHER.id]


def test_what_could_not_be_written_goes_with_the_next_event_and_counts_once(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    with opener(OFFICER) as parts:
        refuse = KioskError(Code.DISK_FULL)

        def full(*_args: object, **_more: object) -> object:
            raise refuse

        with monkeypatch.context() as patched:
            patched.setattr(parts.database, "write", full)
            assert not parts.station.tell()
        parts.station.scan(Sighting(b"8" * 8, b"HELLO", "typed"))
        parts.station.scan(Sighting(b"9" * 8, b"HELLO", "typed"))
        assert sum(said.get("what") == "sign_in" for _, _, said in facts(parts)) == 1


def test_a_leads_tasks_ask_for_one(opener: Opener) -> None:
    with opener(OTHER) as parts:
        visit = parts.station.seen("moh").event
        mine = parts.station.seen("moh").event
        parts.station.correct(mine, "bấm nhầm", void=True)
    with opener(OFFICER) as parts:
        for task in (  # each is refused, and each refusal is in the chain
            lambda: parts.station.correct(visit, "bấm nhầm", void=True),
            lambda: parts.station.begin_day("2021-05-24"),
            lambda: parts.station.audited(),
            lambda: parts.officers.set_pin(OTHER.id, "640281"),
            lambda: parts.officers.drop(OTHER.id),
            lambda: parts.officers.clear_wait(OTHER.id),
        ):
            assert code_of(task) is Code.LEAD_NEEDED
        parts.station.tell()  # what the roster and the command do after the officers' own
        refused = [(who, said["task"]) for _, who, said in facts(parts) if said.get("what") == "lead_refused"]
        assert refused == [(OFFICER.id, task) for task in ("void", "day", "audit", "pin", "pin", "wait")]
        parts.officers.vouch(Credentials(LEAD.id, PINS[LEAD.id]))
        parts.station.correct(visit, "bấm nhầm", void=True)
        assert code_of(lambda: parts.station.audited()) is Code.LEAD_NEEDED, "a lead's word holds for one task"
        assert code_of(lambda: parts.officers.vouch(Credentials(OTHER.id, PINS[OTHER.id]))) is Code.LEAD_NEEDED
        assert parts.station.today().voided == 2


def test_a_leads_word_is_old_after_a_minute(opener: Opener) -> None:
    with opener(OFFICER) as parts:
        parts.officers.vouch(Credentials(LEAD.id, PINS[LEAD.id]))
        parts.clock.forward(61)  # type: ignore[attr-defined]
        assert code_of(lambda: parts.station.audited()) is Code.LEAD_NEEDED


def test_a_change_of_pin_leaves_the_content_and_the_others_alone(opener: Opener, home: Path) -> None:
    with opener(OFFICER) as parts:
        before = json.loads((home / "vault.json").read_text())
        assert code_of(lambda: parts.officers.set_pin(OFFICER.id, PINS[OFFICER.id])) is Code.PIN_WEAK
        assert code_of(lambda: parts.officers.set_pin(OFFICER.id, "111111")) is Code.PIN_WEAK
        parts.officers.set_pin(OFFICER.id, "640281")
        after = json.loads((home / "vault.json").read_text())
        assert before["content"] == after["content"] and before["people"] == after["people"]
        assert [slot for slot in before["slots"] if slot["officer"] != OFFICER.id] == [
            slot for slot in after["slots"] if slot["officer"] != OFFICER.id
        ]
    assert code_of(lambda: opener(OFFICER)) is Code.PIN_WRONG
    opener(OFFICER, "640281").close()
    opener(LEAD).close()


def test_the_last_lead_cannot_be_locked_out_by_hand_or_by_the_feed(opener: Opener) -> None:
    with opener(LEAD) as parts:
        assert code_of(lambda: parts.officers.drop(LEAD.id)) is Code.BAD_INPUT
        assert not parts.officers.learn([OFFICER.row(), OTHER.row()])
        assert parts.officers.learn([LEAD.row(), OFFICER.row()])
    assert code_of(lambda: opener(OTHER)) is Code.OFFICER_UNKNOWN
    opener(OFFICER).close()


def test_the_first_pin_is_a_leads_and_takes_the_device_secrets_own_wrapping_away(home: Path, store: OsStore) -> None:
    builders.enrolled_home(home, officers=(LEAD, OFFICER), keystore=store)
    with compose.open_parts(home, Settings(), builders.Clock(), store) as parts:
        assert Code.NO_LEAD in parts.conditions()
        parts.officers._costs = lambda: builders.CHEAP
        assert code_of(lambda: parts.officers.set_pin(OFFICER.id, "280516")) is Code.LEAD_NEEDED
        assert Lid.look(home, store).stored.device
        parts.officers.set_pin(LEAD.name, PINS[LEAD.id])
        assert not Lid.look(home, store).stored.device and parts.station.session.id == LEAD.id
        assert Code.NO_LEAD not in parts.conditions()
    assert code_of(lambda: compose.open_parts(home, Settings(), builders.Clock(), store)) is Code.LOCKED


def test_without_a_key_store_only_a_phrase_will_do(home: Path) -> None:
    builders.enrolled_home(home, officers=(LEAD,))
    file = FileKeyStore(home / "device.secret")
    phrase = pins.new_phrase()
    with compose.open_parts(home, Settings(), builders.Clock(), file) as parts:
        parts.officers._costs = lambda: builders.CHEAP
        assert code_of(lambda: parts.officers.set_pin(LEAD.id, "739104")) is Code.PIN_WEAK
        parts.officers.set_pin(LEAD.id, phrase)
    given = Credentials(LEAD.id, phrase.replace(" - ", " ").upper())
    compose.open_parts(home, Settings(), builders.Clock(), file, given=given).close()


def test_commands_may_be_forbidden_to_unlock(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_OFFICER", LEAD.id)
    monkeypatch.setenv("KIOSK_PIN", PINS[LEAD.id])
    assert compose.environment(Settings()) == Credentials(LEAD.id, PINS[LEAD.id])
    assert code_of(lambda: compose.environment(Settings(command_unlock=False))) is Code.LOCKED
    assert PINS[LEAD.id] not in repr(compose.environment(Settings()))


def test_over_thirty_looks_in_ten_minutes_tell_the_lead_and_block_nothing(opener: Opener) -> None:
    with opener(OFFICER) as parts:
        for n in range(30):
            parts.station.audit("details_opened" if n % 2 else "name_search", reason="doubt")
        assert not parts.station.many_looks and Code.LOOKUPS_MANY not in parts.conditions()
        for _ in range(3):
            parts.station.audit("details_opened", reason="doubt")
        assert Code.LOOKUPS_MANY in parts.conditions()
        assert [said["count"] for _, _, said in facts(parts) if said.get("what") == "lookups_many"] == [31]
        parts.clock.forward(601)  # type: ignore[attr-defined]
        assert Code.LOOKUPS_MANY not in parts.conditions()
        parts.station.audit("details_opened", reason="doubt")
        assert not parts.station.many_looks


def test_the_audit_shows_acts_and_no_voter(opener: Opener) -> None:
    said = declaration.check(declaration.example() | {"full_name": "Trần Thị Mẫu", "id_number": "046183000123"}).declaration()
    with opener(LEAD) as parts:
        event = parts.station.declare(said).event
        parts.station.audit("details_opened", reason="Trần Thị Mẫu 046183000123", target=event)
        parts.station.correct(event, "Trần Thị Mẫu khai nhầm", void=True)
        entries = parts.station.audited()
    assert {"sign_in", "details_opened", "void", "day_opened"} <= {entry.what for entry in entries}
    assert not any(word in str(entries) for word in ("Mẫu", "046183000123", "nhầm"))
    assert next(entry for entry in entries if entry.what == "details_opened").facts == {"target": event}


# -- a kill at each step of each rewrap ---------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="forks a process for each kill")
def test_killed_at_each_step_of_every_rewrap_the_old_or_the_new_opens(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.durability.rewrap", str(tmp_path)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["kills"] >= 5 * len(rewrap.ACTS) and told["neither"] == [] and told["old"] and told["new"]
