"""The stick: what waits goes out in a file, the province takes it as from the network, receipts and feed come home. Torn, cut, foreign,
replayed, older, mixed with what the network brought: the valid part is taken, the rest named."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from kiosk import words
from kiosk.compose import Parts
from kiosk.domain import stick
from kiosk.domain.feed import ALL
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer
from province import campaigns, importer, intake, settings, standing
from province.cli import main as province_main
from province.importer import Outcome
from tests import builders
from tests.province.conftest import Office
from tests.province.ends import copied, enrolled, office_sql, opened, settle, written

pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)


def offline(parts: Parts, count: int) -> None:
    for _ in range(count):
        parts.station.seen("moh")


def carried(office: Office, parts: Parts, folder: Path, spoil: slice | None = None) -> Outcome:
    """Out, in, opened, and home again."""
    out, home = folder / "out.huebundle", folder / "home.huereceipts"
    parts.stick.export(out, parts.station.day())
    outcome, receipts = importer.take(office.calls, out.read_bytes()[spoil or slice(None)])
    home.write_bytes(receipts)
    parts.stick.receipts(home)
    return outcome


def bytes_of(office: Office) -> dict[tuple[object, object], object]:
    return {(e, s): bytes(b) for e, s, b in office_sql(office, "SELECT epoch, seq, sealed FROM event")}  # type: ignore[arg-type]


def own_bytes(parts: Parts) -> dict[tuple[object, object], object]:
    return {(e, s): bytes(b) for e, s, b in written(parts, "SELECT epoch, seq, sealed FROM event")}  # type: ignore[arg-type]


def test_a_kiosk_without_any_network_gets_everything_in_and_the_feed_back(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        offline(parts, 30)
        total = parts.outbox.counts().events
        campaigns.notify(office.db, ALL, "Đóng cửa lúc 19 giờ", False, None, settings.now())
        outcome = carried(office, parts, tmp_path)
        assert (outcome.received, outcome.inserted, outcome.duplicate, outcome.conflict, outcome.rejected) == (total, total, 0, 0, 0)
        assert bytes_of(office) == own_bytes(parts) and not wire.calls
        assert parts.outbox.counts().waiting == 0
        parts.directory.refresh()
        assert [n.text for n in parts.directory.notices(parts.clock.now().wall)] == ["Đóng cửa lúc 19 giờ"]
        assert office.station().kiosks[0].last_contact is None, "a file is no sign of life and says nothing of the clock"
        assert len(office.rows("manifest")) == 1
        office.open_all()
        assert carried(office, parts, tmp_path).received == 0
        assert parts.outbox.counts().opened == total, "the second round brings home what was opened since the first"


def test_the_network_was_faster_for_some_of_it(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        offline(parts, 5)
        out, home = tmp_path / "out", tmp_path / "home"
        total = parts.stick.export(out, None).events
        settle(office, parts)  # everything arrives by the network, and newer news of the feed with it
        notice = campaigns.notify(office.db, ALL, "mới", False, None, settings.now())
        settle(office, parts)
        outcome, receipts = importer.take(office.calls, out.read_bytes())
        assert (outcome.received, outcome.inserted, outcome.duplicate) == (total, 0, total)
        campaigns.withdraw(office.db, notice.id, settings.now())
        settle(office, parts)
        home.write_bytes(receipts)
        taken = parts.stick.receipts(home)
        assert (taken.events, taken.rejected) == (0, 0)
        parts.directory.refresh()
        assert parts.directory.notices(parts.clock.now().wall) == (), "an older page does not bring back what was withdrawn"
        assert parts.stick.receipts(home).events == 0, "the same file again does no harm"


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_of_a_torn_file_the_valid_prefix_is_taken_and_the_rest_named(office: Office, tmp_path: Path, keep: float) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        offline(parts, 8)
        out, total = tmp_path / "out", parts.outbox.counts().events
        parts.stick.export(out, None)
        data = out.read_bytes()
        outcome, receipts = importer.take(office.calls, data[: int(len(data) * keep)])
        assert outcome.trouble in ("torn", "cut") and outcome.received in (0, total)
        assert bytes_of(office).items() <= own_bytes(parts).items()
        (tmp_path / "home").write_bytes(receipts)
        if outcome.received:
            assert parts.stick.receipts(tmp_path / "home").events == total
        again, _ = importer.take(office.calls, data)
        assert again.trouble == "" and again.inserted + again.duplicate == total


def test_flipped_bits_end_the_file_there_and_nothing_false_is_taken(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        offline(parts, 4)
        out = tmp_path / "out"
        parts.stick.export(out, None)
        data = out.read_bytes()
        for at in range(0, len(data), 97):
            spoiled = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
            outcome, _ = importer.take(office.calls, spoiled)
            assert outcome.trouble, at
            assert bytes_of(office).items() <= own_bytes(parts).items()


def test_foreign_files_and_foreign_answers(office: Office, tmp_path: Path) -> None:
    home = enrolled(office, tmp_path / "kiosk")
    with opened(office, home, builders.Clock()) as (parts, _), opened(office, enrolled(office, tmp_path / "other")) as (other, _):
        offline(parts, 2)
        offline(other, 2)
        out = tmp_path / "out"
        other.stick.export(out, None)
        _, receipts = importer.take(office.calls, out.read_bytes())
        (tmp_path / "home").write_bytes(receipts)
        taken = parts.stick.receipts(tmp_path / "home")  # genuine, and to another kiosk's calls
        assert taken.events == 0 and taken.rejected == len(stick.read(receipts, stick.RECEIPTS, stick.ANSWER).frames)
        assert f"{taken.rejected} mục không phải cho máy này" in words.bundle_home(taken)
        for content in (b"", b"PK\x03\x04" + bytes(100), out.read_bytes(), b"<html>"):
            (tmp_path / "home").write_bytes(content)
            with pytest.raises(KioskError) as error:
                parts.stick.receipts(tmp_path / "home")
            assert error.value.code is Code.BAD_FILE
        with pytest.raises(KioskError) as error:
            parts.stick.receipts(tmp_path / "nowhere")
        assert error.value.code is Code.BAD_FILE
        with pytest.raises(KioskError) as error:
            parts.stick.export(tmp_path / "no" / "folder", None)
        assert error.value.code is Code.FILE_NOT_WRITTEN
        assert importer.take(office.calls, b"GIF89a")[0].trouble == "magic"


def test_an_unknown_kiosks_bundle_is_kept_whole(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        offline(parts, 2)
        with office.db.write() as conn:  # a province restored from a backup of before the enrolment
            conn.exec_driver_sql("DELETE FROM kiosk")
        out = tmp_path / "out"
        parts.stick.export(out, None)
        outcome, receipts = importer.take(office.calls, out.read_bytes())
        (tmp_path / "home").write_bytes(receipts)
        told = words.bundle_home(parts.stick.receipts(tmp_path / "home"))
        assert "Tỉnh không biết máy này" in told and "không phải cho máy này" not in told
        assert outcome.inserted == 0 and outcome.rejected == outcome.received > 0 and outcome.problems["unknown_kiosk"] >= 1
        assert len(office.rows("stray")) == 1
        parts.uploader.step()
        assert parts.uploader.state.state == "refused" and parts.outbox.counts().waiting == outcome.received
        del wire


def busy(*_: object) -> None:
    raise intake.Raced


def full(*_: object) -> None:
    raise KioskError(Code.DISK_FULL)


def test_a_full_disk_at_home_sends_nobody_to_paper_for_receipts(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        offline(parts, 2)
        parts.stick.export(tmp_path / "out", None)
        (tmp_path / "home").write_bytes(importer.take(office.calls, (tmp_path / "out").read_bytes())[1])
        with monkeypatch.context() as patched:
            patched.setattr(parts.outbox, "_store", full)
            with pytest.raises(KioskError) as error:
                parts.stick.receipts(tmp_path / "home")
        assert error.value.code is Code.RECEIPTS_NOT_KEPT and "sổ giấy" not in words.fault_text(error.value.code)
        assert parts.outbox.counts().waiting and parts.stick.receipts(tmp_path / "home").events == parts.outbox.counts().events


def test_what_the_province_refused_or_cannot_prove_is_told_by_its_reason(office: Office, tmp_path: Path) -> None:
    home = enrolled(office, tmp_path / "kiosk")
    with opened(office, home, builders.Clock()) as (parts, _):
        offline(parts, 2)
        older, out, back = copied(home, tmp_path / "older"), tmp_path / "out", tmp_path / "home"
        offline(parts, 1)
        settle(office, parts)
        parts.stick.export(out, None)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(standing, "have", busy)
            back.write_bytes(importer.take(office.calls, out.read_bytes())[1])
        taken = parts.stick.receipts(back)
        assert (taken.rejected, taken.problems) == (1, {"busy": 1}) and "nhờ tỉnh nhập lại tệp" in words.bundle_home(taken)
    with opened(office, older, builders.Clock()) as (parts, _):
        parts.stick.export(out, None)
        back.write_bytes(importer.take(office.calls, out.read_bytes())[1])
        taken = parts.stick.receipts(back)
        assert taken.unproven == taken.rejected == 1 and "không khớp nhật ký của máy này" in words.bundle_home(taken)
        with office.db.write() as conn:
            conn.exec_driver_sql(f"UPDATE kiosk SET revoked_at = 1 WHERE kiosk_id = '{parts.journal.identity.kiosk}'")
        parts.stick.export(out, None)
        back.write_bytes(importer.take(office.calls, out.read_bytes())[1])
        taken = parts.stick.receipts(back)
        assert taken.problems == {"revoked": taken.rejected} and "đã thu hồi máy này" in words.bundle_home(taken)


def test_the_commands_say_what_became_of_it(office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        offline(parts, 3)
        parts.stick.export(tmp_path / "out", parts.station.day())
    argv = ["import", str(tmp_path / "out"), "--receipts", str(tmp_path / "home"), "--home", str(office.home.path), "--json"]
    assert province_main(argv) == 0
    assert '"received": 4, "inserted": 4, "duplicate": 0, "conflict": 0, "rejected": 0' in capsys.readouterr().out
    (tmp_path / "cut").write_bytes((tmp_path / "out").read_bytes()[:-9])
    assert province_main(["import", str(tmp_path / "cut"), *argv[2:]]) == 1
    said = capsys.readouterr()
    assert '"duplicate": 4' in said.out and "hỏng từ đây" in said.err
    assert province_main(["import", str(tmp_path / "nowhere"), *argv[2:]]) == 1
    assert province_main([*argv[:2], "--receipts", str(tmp_path / "no" / "where"), *argv[4:]]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_bundle_is_never_written_over_and_each_trouble_says_what_to_do(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        offline(parts, 2)
        parts.stick.export(tmp_path / "b1", parts.station.day())
    whole = (tmp_path / "b1").read_bytes()
    (tmp_path / "other").write_bytes(whole[:-9])
    (tmp_path / "link").symlink_to(tmp_path / "b1")

    def full(*_: object) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    def run(file: str, receipts: str) -> tuple[int, str]:
        code = province_main(["import", str(tmp_path / file), "--receipts", str(tmp_path / receipts), "--home", str(office.home.path)])
        return code, capsys.readouterr().err

    for target in ("b1", "other", "link"):
        code, said = run("b1", target)
        assert code == 1 and "left alone and nothing was taken" in said
    assert (tmp_path / "b1").read_bytes() == whole and not office.rows("event")
    (tmp_path / "foreign").write_bytes(b"GIF89a")
    code, said = run("foreign", "home")
    assert code == 1 and "not a kiosk's bundle" in said and "take it home" not in said and not (tmp_path / "home").exists()
    with monkeypatch.context() as patch:
        patch.setattr("province.intake.take", full)
        code, said = run("b1", "home")
    assert code == 1 and "Free the disk" in said and "take it home" not in said and not (tmp_path / "home").exists()
    assert run("b1", "home")[0] == 0
    with office.db.write() as conn:
        conn.exec_driver_sql("DELETE FROM kiosk")
    code, said = run("b1", "home")
    assert code == 1 and "not known here: kept whole" in said
    said = "".join(importer.said(tmp_path, Outcome(conflict=2, trouble="end")))
    assert "joined or changed" in said and "Both are kept" in said


def test_what_is_parked_or_spoiled_on_the_network_goes_by_stick(office: Office, tmp_path: Path) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, wire):
        wire.fault = lambda *_: Answer(200, b"<html>Wi-Fi</html>", {"content-type": "text/html"})
        offline(parts, 3)
        parts.uploader.step()
        assert parts.uploader.state.state == "portal"
        parts.outbox.park(parts.journal.where(parts.database)[0], 2, 1 << 60)
        carried(office, parts, tmp_path)
        assert parts.outbox.counts().waiting == 0 and bytes_of(office) == own_bytes(parts)
