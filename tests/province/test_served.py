"""The whole server as people start it: a process of its own, TLS with its own CA, the root key taken away."""

import os
import signal
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from kiosk.crypto import sign
from kiosk.domain import protocol
from province.stations import skew_text
from tests.province.conftest import Server, code_from, make_home, until
from tests.wire import Kiosk, Refused

Make = Callable[[], Kiosk]


def test_the_morning_over_the_socket(server: Server, enrolled: Make) -> None:
    kiosk = enrolled()
    assert kiosk.enrolment.trust.genuine(kiosk.root_hash)
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 5)
    assert kiosk.send(epoch.span(1, 2), epoch.span(4, 5), openings=[epoch]).receipts[0].have == 2
    assert kiosk.send(epoch.span(2, 4)).receipts[0].have == 5
    until(lambda: kiosk.have()[epoch.id].opened == 5)
    (receipt,) = kiosk.have().values()  # the receipts were lost: the kiosk asks
    assert receipt.genuine(kiosk.service) and receipt.digest == epoch.heads[5]


def test_wrong_used_and_expired_codes_are_told_apart(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    code = code_from(server.home, capsys)
    Kiosk(server.post, code)
    wrong = protocol.enrol_code(os.urandom(16), server.home.root_public.read_bytes())
    for each, why in ((code, "used_code"), (wrong, "bad_code"), (code_from(server.home, capsys, "--minutes", "0"), "expired_code")):
        with pytest.raises(Refused) as refused:
            Kiosk(server.post, each)
        assert (refused.value.status, refused.value.code) == (403, why)


def test_trust_is_public_and_signed_by_the_root(server: Server) -> None:
    trust = protocol.decode(server.get("/v1/trust").content, protocol.Trust)
    assert trust.genuine(sha256(server.home.root_public.read_bytes()).digest())
    assert not server.home.root_key.exists()


@pytest.mark.parametrize("body", [b"", b"GET / HTTP/1.1", sha256(b"noise").digest() * 9, b"\x97\x01" + b"\xa1x" * 6, b"[1,2,3]"])
def test_garbage_gets_a_signed_problem(server: Server, body: bytes) -> None:
    status, data = server.post("events", body)
    service = protocol.decode(server.get("/v1/trust").content, protocol.Trust).service
    assert (status, protocol.unpack(data, service, "problem", protocol.Problem).code) == (400, "shape")


def test_an_oversize_body_is_refused_in_words(server: Server, enrolled: Make) -> None:
    status, data = server.post("events", bytes(protocol.MAX_BODY + 1))
    assert (status, protocol.decode(protocol.envelope(data).body, protocol.Problem).code) == (413, "too_large")
    kiosk = enrolled()
    epoch = kiosk.epoch()
    kiosk.put(epoch, bytes(protocol.MAX_BODY - 4096))  # the largest that fits is taken
    assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 1


def test_a_foreign_signature_and_a_call_under_another_name_are_refused(server: Server, enrolled: Make) -> None:
    kiosk = enrolled()
    with pytest.raises(Refused, match="signature") as refused:
        kiosk.call("have", protocol.HaveCall(), protocol.BatchAnswer, seed=sign.generate())
    assert refused.value.status == 403
    call = protocol.pack(kiosk.seed, kiosk.name, "have", os.urandom(16), 0, protocol.HaveCall())
    assert server.post("events", call)[0] == 400
    assert server.post("nothing", protocol.pack(kiosk.seed, kiosk.name, "nothing", os.urandom(16), 0, 0))[0] == 400


def test_a_killed_opener_is_started_again_and_goes_on(server: Server, enrolled: Make) -> None:
    kiosk = enrolled()
    until(lambda: server.get("/health").json()["ok"])
    first = server.get("/health").json()["opener"]["pid"]
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 300)
    os.kill(first, signal.SIGKILL)
    assert kiosk.send(epoch.span(), openings=[epoch]).receipts[0].have == 300
    until(lambda: kiosk.have()[epoch.id].opened == 300)
    assert server.get("/health").json()["opener"]["pid"] != first
    listed = {k["kiosk"]: k for s in server.get("/stations.json").json() for k in s["kiosks"]}
    assert (listed[kiosk.name]["held"], listed[kiosk.name]["opened"], listed[kiosk.name]["missing"]) == (300, 300, 0)


def test_the_page_names_stations_and_kiosks_and_nobody_else(server: Server, enrolled: Make) -> None:
    kiosk = enrolled()
    page = server.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "Khu vực bỏ phiếu số 1" in page.text and kiosk.name in page.text and "Đã nhận" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert server.get("/static/page.css").status_code == 200
    assert server.get("/docs").status_code == 404 and server.get("/openapi.json").status_code == 200


def test_other_certificates_are_not_trusted(server: Server) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url + "/health", timeout=30)


def test_all_is_there_after_a_restart_and_the_opener_leaves_with_the_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = make_home(tmp_path / "province")
    first = Server(home)
    kiosk = Kiosk(first.post, code_from(home, capsys))
    epoch = kiosk.epoch()
    kiosk.visits(epoch, 3)
    kiosk.send(epoch.span(), openings=[epoch])
    until(lambda: first.get("/health").json()["ok"])
    opener = first.get("/health").json()["opener"]["pid"]
    assert first.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(opener, 0)
    second = Server(home)
    try:
        kiosk.post = second.post
        until(lambda: kiosk.have()[epoch.id].opened == 3)
        assert kiosk.send(epoch.span(), openings=[epoch]).duplicates == 3
    finally:
        second.stop()


@pytest.mark.parametrize(
    "seconds,text",
    [(None, "—"), (-0.05, "đúng giờ"), (5, "nhanh 5 giây"), (-180, "chậm 3 phút"), (-7200, "chậm 2 giờ"), (-86_400 * 365, "chậm 365 ngày")],
)
def test_a_clocks_error_is_told_in_words(seconds: float | None, text: str) -> None:
    assert skew_text(seconds) == text
