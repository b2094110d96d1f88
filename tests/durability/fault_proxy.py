"""Stands between kiosk and province as a bad network, a Wi-Fi portal or a liar would, with the province's own certificate or a wrong one.

One armed fault strikes the next call of events and is then used up; everything else is carried faithfully.
"""

import contextlib
import gzip
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.crypto import sign
from kiosk.domain import protocol

HTML = b"<html><body>\xc4\x90\xc4\x83ng nh\xe1\xba\xadp Wi-Fi</body></html>"
JSON = b'{"ok": true, "receipts": [1, 2, 3]}'


@dataclass
class Fault:
    """`name`: a method of Strikes; `struck`: set when it has happened; `in_flight`: it hit a batch on its way, or half stored."""

    name: str
    struck: threading.Event = field(default_factory=threading.Event)
    in_flight: bool = False


class Gone(Exception):
    """The connection was ended on purpose."""


def reset(sock: socket.socket) -> None:
    """Ends a connection with RST instead of FIN."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(sock.detach())


def response(status: str, body: bytes, kind: str = "text/html", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(head).encode() + body


@dataclass
class Call:
    """A call as it came: `head` and `body` are its bytes."""

    path: str
    head: bytes
    body: bytes

    @property
    def nonce(self) -> bytes:
        return protocol.envelope(self.body).nonce


class Proxy:
    """Listens on `port`. `hooks`: what a fault may do to the server (kill it). `foreign`: another kiosk's genuine answer."""

    def __init__(self, upstream: int, ca: Path, certificates: dict[str, tuple[Path, Path]], hooks: dict[str, Callable[[], None]]) -> None:
        self.upstream, self.hooks, self.foreign, self.older = upstream, hooks, b"", b""
        self.copies: list[bytes] = []
        self._client = ssl.create_default_context(cafile=str(ca))
        self._contexts = {name: self._context(*pair) for name, pair in certificates.items()}
        self._armed: Fault | None = None
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @staticmethod
    def _context(certificate: Path, key: Path) -> ssl.SSLContext:
        out = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        out.load_cert_chain(certificate, key)
        return out

    def arm(self, name: str) -> Fault:
        fault = Fault(name)
        with self._lock:
            self._armed = fault
            if name in self._contexts:  # the next handshake must be a new one
                for sock in list(self._open):
                    reset(sock)
        return fault

    def disarm(self) -> None:
        with self._lock:
            self._armed = None

    def close(self) -> None:
        self._listener.close()
        for sock in list(self._open):
            reset(sock)

    def _take(self, *names: str) -> Fault | None:
        """The armed fault, if it is one of these (none named: if it is about calls)."""
        with self._lock:
            fault = self._armed
            if fault is None or (fault.name not in names if names else fault.name in self._contexts):
                return None
            self._armed = None
            return fault

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        wrong = self._take(*(name for name in self._contexts if name != "genuine"))
        try:
            sock = self._contexts[wrong.name if wrong else "genuine"].wrap_socket(raw, server_side=True)
        except (OSError, ssl.SSLError):
            raw.close()
            if wrong:
                wrong.struck.set()
            return
        self._open.add(sock)
        try:
            while (call := self._read(sock)) is not None:
                sock.sendall(self._answer(sock, call))
        except (OSError, Gone):
            pass
        finally:
            self._open.discard(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def _read(self, sock: socket.socket) -> Call | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        length = next((int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length")), 0)
        path = lines[0].split(" ")[1]
        fault = self._take("rst_mid_body", "kill_mid_body") if path == "/v1/events" else None
        half = length // 2 if fault else length
        while len(body) < half and (more := sock.recv(min(65536, half - len(body)))):
            body += more
        if fault:
            self._half(sock, head, body, fault)
        return Call(path, head + b"\r\n\r\n", body)

    def _half(self, sock: socket.socket, head: bytes, body: bytes, fault: Fault) -> None:
        """Half of a batch reaches the server, then the line is cut on both sides, or the server dies."""
        up = self._up()
        up.sendall(head + b"\r\n\r\n" + body)
        fault.in_flight = True
        if fault.name == "kill_mid_body":
            time.sleep(0.02)  # the half has left the kernel's buffers
            self.hooks["kill_server"]()
        reset(up)
        reset(sock)
        fault.struck.set()
        raise Gone

    def _up(self) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self.upstream), 5)
        return self._client.wrap_socket(raw, server_hostname="localhost")

    def carry(self, call: Call) -> bytes:
        """The server's answer, whole."""
        with self._up() as up:
            up.sendall(call.head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + call.body)
            up.settimeout(30)
            data = b""
            while more := up.recv(65536):
                data += more
        if not data:
            raise Gone
        return data

    def _answer(self, sock: socket.socket, call: Call) -> bytes:
        fault = self._take() if call.path == "/v1/events" else None
        if fault is None:
            data = self.carry(call)
            if call.path == "/v1/events":
                self.older = data
            return data
        fault.in_flight = True
        try:
            return Strikes(self, sock, call).strike(fault.name)
        finally:
            fault.struck.set()


class Strikes:
    """What one fault does to one call; each returns what the kiosk is answered, or raises Gone."""

    def __init__(self, proxy: Proxy, sock: socket.socket, call: Call) -> None:
        self.proxy, self.sock, self.call = proxy, sock, call

    def strike(self, name: str) -> bytes:
        method: Callable[[], bytes] = getattr(self, name)
        return method()

    def _cut(self) -> bytes:
        reset(self.sock)
        raise Gone

    def lost_before(self) -> bytes:
        """A black hole: the server never hears of it."""
        time.sleep(1.3)
        return self._cut()

    def lost_after(self) -> bytes:
        """Stored, and the answer vanishes."""
        self.proxy.carry(self.call)
        time.sleep(1.3)
        return self._cut()

    def rst_after(self) -> bytes:
        self.proxy.carry(self.call)
        return self._cut()

    def half_answer(self) -> bytes:
        data = self.proxy.carry(self.call)
        self.sock.sendall(data[: len(data) // 2])
        return self._cut()

    def trickle(self) -> bytes:
        """A byte at a time, each before the read time-out: only the whole call's deadline ends it."""
        for byte in self.proxy.carry(self.call)[:12]:
            self.sock.sendall(bytes([byte]))
            time.sleep(0.25)
        return self._cut()

    def html_200(self) -> bytes:
        return response("200 OK", HTML)

    def html_200_after(self) -> bytes:
        self.proxy.carry(self.call)
        return response("200 OK", HTML)

    def redirect_302(self) -> bytes:
        return response("302 Found", HTML, "text/html", "Location: https://wifi.example/login")

    def empty_204(self) -> bytes:
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    def portal_511(self) -> bytes:
        return response("511 Network Authentication Required", HTML)

    def gzip_html(self) -> bytes:
        return response("200 OK", gzip.compress(HTML * 1000), "text/html", "Content-Encoding: gzip")

    def other_json(self) -> bytes:
        return response("200 OK", JSON, "application/json")

    def busy_503(self) -> bytes:
        return response("503 Service Unavailable", HTML, "text/html", "Retry-After: 0")

    def old_receipt(self) -> bytes:
        return self.proxy.older or response("200 OK", b"", "application/msgpack")

    def foreign_receipt(self) -> bytes:
        return response("200 OK", self.proxy.foreign, "application/msgpack")

    def forged_receipt(self) -> bytes:
        """All is right but the signer."""
        batch = protocol.decode(protocol.envelope(self.call.body).body, protocol.Batch)
        sender, seed = protocol.envelope(self.call.body).sender, sign.generate()
        made = [protocol.Receipt(sender, s.epoch, s.from_seq, s.to_seq, s.head, s.to_seq, s.to_seq, 1).sealed(seed) for s in batch.spans]
        answer = protocol.BatchAnswer(made, now=1)
        return response("200 OK", protocol.pack(seed, "province", "events", self.call.nonce, 1, answer), "application/msgpack")

    def turned_receipt(self) -> bytes:
        """The province's own answer with one bit turned."""
        data = bytearray(self.proxy.carry(self.call))
        data[-1] ^= 1
        return bytes(data)

    def eight_copies(self) -> bytes:
        """The same bytes eight times at once; each must be accepted."""
        answers: list[bytes] = []
        threads = [threading.Thread(target=lambda: answers.append(self.proxy.carry(self.call))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.proxy.copies += answers
        return answers[0] if answers else self._cut()

    def kill_on_answer(self) -> bytes:
        """The server dies the moment its answer has left; the kiosk gets the answer."""
        data = self.proxy.carry(self.call)
        self.proxy.hooks["kill_server"]()
        return data


NETWORK = tuple(name for name in vars(Strikes) if not name.startswith("_") and name != "strike")
