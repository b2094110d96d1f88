"""A real kiosk and a real province over TLS, and between them every answer that is none: the way is broken for one call, then honest.

After each fault the oracle compares both sides' bytes with its own SQL: each event once, nothing acknowledged that is not there.
"""

import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.protocol import BatchAnswer, Problem
from kiosk.sync.http import HttpTransport
from tests import builders
from tests.province.conftest import Office
from tests.province.ends import enrolled, office_sql, opened, settle, written

pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)
PAGE = b"<!DOCTYPE html><html>Free Wi-Fi: sign in</html>"
TIMES = {"connect_s": 1.0, "read_s": 0.4, "whole_s": 1.2}


class Way:
    """The province behind its own certificate, and one spoiled call. `spoil(way, conn, honest)`: honest() files it and gives its answer."""

    def __init__(self, office: Office) -> None:
        self.office, self.spoil, self.struck = office, None, 0
        self.old: list[bytes] = []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(office.home.server, office.home.server_key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    spoil: "Callable[[Way, ssl.SSLSocket, Callable[[], bytes]], None] | None"

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(raw,), daemon=True).start()

    def _talk(self, raw: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(raw, server_side=True) as conn:
                while self._one(conn):
                    pass
        except OSError:
            return  # the kiosk gave the call up

    def _one(self, conn: ssl.SSLSocket) -> bool:
        head, body = b"", b""
        while b"\r\n\r\n" not in head:
            piece = conn.recv(65536)
            if not piece:
                return False
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        while len(body) < length:
            body += conn.recv(65536)
        kind = head.split()[1].rpartition(b"/")[2].decode()

        def honest() -> bytes:
            status, answer = self.office.post(kind, body)
            self.old.append(answer)
            return b"HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n" % (status, len(answer)) + answer

        if kind == "events" and self.spoil is not None:
            spoil, self.spoil = self.spoil, None
            self.struck += 1
            spoil(self, conn, honest)
            return False
        conn.sendall(honest())
        return True

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def http(status: str, body: bytes = b"", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answers(data: bytes, stored: bool) -> Callable[[Way, ssl.SSLSocket, Callable[[], bytes]], None]:
    """Something else than the province's answer; `stored`: the province has filed the batch all the same."""

    def spoil(_way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
        if stored:
            honest()
        conn.sendall(data)

    return spoil


def reset(_way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    """RST in the middle of the answer's body."""
    whole = honest()
    conn.sendall(whole[: len(whole) // 2])
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def black_hole(_way: Way, conn: ssl.SSLSocket, _honest: Callable[[], bytes]) -> None:
    conn.recv(1)  # until the kiosk gives up


def stored_then_silent(_way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    honest()
    conn.recv(1)


def drip(_way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    """One byte now and then: no read is ever late, the whole call is."""
    pause = threading.Event()
    for byte in honest():
        conn.sendall(bytes([byte]))
        pause.wait(0.1)


def an_old_answer(way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    honest()
    conn.sendall(http("200 OK", way.old[0]))


def anothers_receipt(way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    """Rightly signed, to this very call, about another kiosk's events: a server that mixes its clients up."""
    sealed = protocol.envelope(honest().partition(b"\r\n\r\n")[2])
    said = protocol.decode(sealed.body, BatchAnswer)
    seed = way.office.authority.service_seed
    other = [protocol.Receipt("f00d", r.epoch, r.from_seq, r.to_seq, r.digest, r.have, r.opened, r.at).sealed(seed) for r in said.receipts]
    conn.sendall(http("200 OK", protocol.pack(seed, protocol.PROVINCE, "events", sealed.nonce, sealed.at, BatchAnswer(other))))


def forged(way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    sealed = protocol.envelope(honest().partition(b"\r\n\r\n")[2])
    said = protocol.decode(sealed.body, BatchAnswer)
    conn.sendall(http("200 OK", protocol.pack(sign.generate(), protocol.PROVINCE, "events", sealed.nonce, sealed.at, said)))
    del way


def busy(way: Way, conn: ssl.SSLSocket, honest: Callable[[], bytes]) -> None:
    del honest
    conn.sendall(http("503 Busy", way.office.calls.refuse(Problem("busy", 1))[1]))


FAULTS: dict[str, Callable[[Way, ssl.SSLSocket, Callable[[], bytes]], None]] = {
    "HTML 200, stored": answers(http("200 OK", PAGE, "Content-Type: text/html\r\n"), True),
    "302": answers(http("302 Found", b"", "Location: http://wifi.example/\r\n"), False),
    "204, stored": answers(http("204 No Content"), True),
    "511": answers(http("511 Network Authentication Required", PAGE), False),
    "gzip HTML": answers(http("200 OK", gzip.compress(PAGE), "Content-Encoding: gzip\r\n"), False),
    "JSON of another shape, stored": answers(http("200 OK", b'{"status":"ok"}', "Content-Type: application/json\r\n"), True),
    "RST mid body": reset,
    "black hole": black_hole,
    "stored, then silent": stored_then_silent,
    "one byte now and then": drip,
    "an old answer": an_old_answer,
    "another kiosk's receipt": anothers_receipt,
    "a forged receipt": forged,
    "busy": busy,
}


@pytest.fixture
def way(office: Office) -> Iterator[Way]:
    made = Way(office)
    yield made
    made.close()


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_or_doubled_by_an_answer_that_is_none(office: Office, way: Way, tmp_path: Path, name: str) -> None:
    with opened(office, enrolled(office, tmp_path / "kiosk"), builders.Clock()) as (parts, _):
        transport = HttpTransport(way.url, parts.vault.secrets.enrolment.trust.ca, **TIMES)
        parts.uploader._transport = transport
        parts.station.seen("moh")
        settle(office, parts)
        for _ in range(7):
            parts.station.seen("moh")
        way.spoil, before = FAULTS[name], parts.outbox.counts().acknowledged
        parts.uploader.hurry()
        parts.uploader.step()
        assert way.struck == 1 and parts.outbox.counts().acknowledged == before, "only the province's own word acknowledges"
        held = {(e, s) for e, s in office_sql(office, "SELECT epoch, seq FROM event")}
        assert parts.outbox.counts().acknowledged <= len(held)
        settle(office, parts)
        there = sorted((e, s, bytes(b)) for e, s, b in office_sql(office, "SELECT epoch, seq, sealed FROM event"))  # type: ignore[arg-type]
        here = sorted((e, s, bytes(b)) for e, s, b in written(parts, "SELECT epoch, seq, sealed FROM event"))  # type: ignore[arg-type]
        assert there == here and parts.outbox.counts().opened == len(here)
        transport.close()
