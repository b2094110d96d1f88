"""The pinned transport over real sockets: who is believed, what is followed, and how long anything may take."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kiosk.errors import Code, KioskError
from kiosk.ports import Answer
from kiosk.sync import backoff, http
from kiosk.sync.http import HttpTransport

Key = ec.EllipticCurvePrivateKey
Serve = Callable[[socket.socket], None]
UTC = datetime.UTC


def certificate(key: Key, signer: Key, ca: bool, host: str = "127.0.0.1", until: int = 2100) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA" if ca else "leaf")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA" if signer is not key or ca else "leaf")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(1970, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime.datetime(until, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .sign(signer, SHA256())
    )


def pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(Encoding.PEM)


CA_KEY, LEAF_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CA = certificate(CA_KEY, CA_KEY, ca=True)
LEAF = certificate(LEAF_KEY, CA_KEY, ca=False)


class Server:
    """A TLS server on loopback that does what `serve` says with each connection; `requests` keeps what came."""

    def __init__(self, folder: Path, serve: Serve, leaf: x509.Certificate = LEAF, tls: bool = True) -> None:
        files = folder / "leaf.pem", folder / "leaf.key"
        files[0].write_bytes(pem(leaf))
        files[1].write_bytes(LEAF_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.serve, self.tls, self.connections = serve, tls, 0
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(raw,), daemon=True).start()

    def _talk(self, raw: socket.socket) -> None:
        try:
            with self.context.wrap_socket(raw, server_side=True) if self.tls else raw as conn:
                while request := self._request(conn):
                    self.requests.append(request)
                    self.serve(conn)
        except OSError:
            return  # the client went away, which is what some tests are about

    @staticmethod
    def _request(conn: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := conn.recv(65536)):
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        while lengths and len(body) < lengths[0]:
            body += conn.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake accept()
        self.listener.close()


def says(body: bytes, status: str = "200 OK", headers: str = "") -> Serve:
    return lambda conn: conn.sendall(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def make(serve: Serve, leaf: x509.Certificate = LEAF, tls: bool = True) -> Server:
        servers.append(Server(tmp_path, serve, leaf, tls))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def post(server: Server, ca: bytes | None = None, **times: float) -> Answer:
    transport = HttpTransport(server.url, ca or pem(CA), **times)  # type: ignore[arg-type]
    try:
        return transport.post("/v1/events", b"request")
    finally:
        transport.close()


def fails(server: Server, ca: bytes | None = None, **times: float) -> KioskError:
    with pytest.raises(KioskError) as error:
        post(server, ca, **times)
    return error.value


def test_a_post_comes_back_with_status_body_and_headers(start: Callable[..., Server]) -> None:
    server = start(says(b"\x00answer", "201 Created", "Retry-After: 7\r\n"))
    answer = post(server)
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (201, b"\x00answer", "7")
    assert server.requests[0].startswith(b"POST /v1/events HTTP/1.1\r\n") and server.requests[0].endswith(b"\r\n\r\nrequest")


def test_a_laptop_whose_clock_is_years_behind_says_nothing_on_the_terminal(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib3.connection.RECENT_DATE", datetime.date(2100, 1, 1))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert post(start(says(b"answer"))).body == b"answer"
    assert said == []


def test_one_connection_serves_many_calls(start: Callable[..., Server]) -> None:
    server = start(says(b"answer"))
    transport = HttpTransport(server.url, pem(CA))
    assert [transport.post("/", b"x").body for _ in range(3)] == [b"answer"] * 3
    transport.close()
    assert server.connections == 1


def test_only_the_pinned_ca_is_trusted_even_after_a_call(start: Callable[..., Server]) -> None:
    server = start(says(b"answer"))
    transport = HttpTransport(server.url, pem(CA))
    transport.post("/", b"x")
    assert len(transport._tls.get_ca_certs()) == 1
    assert len(http.context(Path(certifi.where()).read_bytes()).get_ca_certs()) > 50  # what requests would have added


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
IMPOSTORS = {
    "a leaf of another CA": certificate(LEAF_KEY, OTHER_KEY, ca=False),
    "a self-signed leaf": certificate(LEAF_KEY, LEAF_KEY, ca=False),
    "an expired leaf": certificate(LEAF_KEY, CA_KEY, ca=False, until=2020),
    "a leaf of another host": certificate(LEAF_KEY, CA_KEY, ca=False, host="10.1.2.3"),
}


@pytest.mark.parametrize("name", IMPOSTORS)
def test_an_impostor_gets_no_byte_of_the_request(start: Callable[..., Server], name: str) -> None:
    server = start(says(b"answer"), IMPOSTORS[name])
    error = fails(server)
    assert error.code is Code.TLS and error.facts["sent"] is False and error.facts["why"]
    assert server.requests == []


def test_a_portal_that_speaks_plain_http_on_the_tls_port_is_recognised(start: Callable[..., Server]) -> None:
    def portal(conn: socket.socket) -> None:
        conn.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://wifi.example/\r\n\r\n")

    server = start(portal, tls=False)
    server._request = lambda conn: conn.recv(65536)  # type: ignore[method-assign]
    assert fails(server).code is Code.PORTAL


def test_redirects_are_reported_not_followed(start: Callable[..., Server]) -> None:
    target = start(says(b"followed"))
    server = start(says(b"", "307 Temporary Redirect", f"Location: {target.url}/v1/events\r\n"))
    assert post(server).status == 307 and target.connections == 0


def test_proxies_and_ca_bundles_of_the_environment_are_ignored(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    monkeypatch.setenv("NO_PROXY", "")
    assert post(start(says(b"answer"))).body == b"answer"


def test_plain_http_addresses_and_nonsense_are_refused() -> None:
    for address in ("http://127.0.0.1:1", "127.0.0.1", "https://", "https://u:p@h", "https://h/?q=1", "https://h:99999", "file:///etc"):
        with pytest.raises(KioskError) as error:
            HttpTransport(address, None)
        assert error.value.code is Code.BAD_INPUT
    assert http.base_url(" https://kiosk.example:8443/ ") == "https://kiosk.example:8443"


def test_a_body_over_the_cap_is_cut_and_gzip_is_not_inflated(start: Callable[..., Server]) -> None:
    server = start(says(b"x" * 3_000_000, headers="Content-Encoding: gzip\r\n"))
    assert len(post(server).body) == 1024 * 1024


def test_nobody_listening_is_offline_and_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(KioskError) as error:
        HttpTransport(f"https://127.0.0.1:{port}", pem(CA)).post("/", b"")
    assert (error.value.code, error.value.facts["why"], error.value.facts["sent"]) == (Code.OFFLINE, "connect", False)


def test_a_name_nobody_knows_is_offline() -> None:
    with pytest.raises(KioskError) as error:
        HttpTransport("https://kiosk.invalid", pem(CA)).post("/", b"")
    assert error.value.code is Code.OFFLINE and error.value.facts["sent"] is False


def test_a_handshake_that_never_comes_is_offline_and_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(KioskError) as error:
            HttpTransport(f"https://127.0.0.1:{silent.getsockname()[1]}", pem(CA), connect_s=0.2, read_s=0.2).post("/", b"")
        assert (error.value.code, error.value.facts["why"], error.value.facts["sent"]) == (Code.OFFLINE, "connect", False)


def black_hole(conn: socket.socket) -> None:
    conn.recv(1)


def trickle(conn: socket.socket, head: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n") -> None:
    """One byte every 50 ms: no single read ever times out."""
    for byte in head + b"x" * 500:
        conn.sendall(bytes([byte]))
        threading.Event().wait(0.05)


@pytest.mark.parametrize("serve", [black_hole, trickle], ids=["a black hole", "a byte at a time"])
def test_no_call_outlives_its_time(start: Callable[..., Server], serve: Serve) -> None:
    before = time.monotonic()
    error = fails(start(serve), read_s=0.3, whole_s=0.8)
    assert (error.code, error.facts["why"], error.facts["sent"]) == (Code.OFFLINE, "timeout", True)
    assert time.monotonic() - before < 3


def test_a_cut_answer_is_not_an_answer(start: Callable[..., Server]) -> None:
    def cut(conn: socket.socket) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf")
        conn.shutdown(socket.SHUT_RDWR)

    error = fails(start(cut))
    assert (error.code, error.facts["why"], error.facts["sent"]) == (Code.OFFLINE, "cut", True)


def test_retry_after_is_read_in_seconds_or_against_the_answers_own_date() -> None:
    dates = {"date": "Sun, 23 May 2010 01:00:00 GMT", "retry-after": "Sun, 23 May 2010 01:02:00 GMT"}
    assert backoff.retry_after_s(dates) == 120
    assert backoff.retry_after_s({"retry-after": "30"}) == 30
    assert backoff.retry_after_s({"retry-after": "999999999999"}) == backoff.FLOOR_CAP_S
    for hostile in ("", "-5", "soon", "1e9", "٣", "nan", "Sun, 99 May 2010 01:02:00 GMT"):
        assert backoff.retry_after_s({"retry-after": hostile}) == 0


def test_jitter_is_full_doubles_and_is_capped() -> None:
    rng = Random(1)
    for attempt, ceiling in ((1, 2), (3, 8), (8, 256), (9, 300), (1_000, 300)):
        waits = [backoff.jitter(attempt, rng) for _ in range(2_000)]
        assert 0 <= min(waits) < ceiling * 0.02 and ceiling * 0.98 < max(waits) <= ceiling
    assert backoff.after_failure(1, rng, 60) > 60 and backoff.spread(float("nan"), rng) == 0
