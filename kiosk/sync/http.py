"""One POST to the province over TLS to its own CA: no redirects, no proxy from the environment, no answer over 1 MiB.

Only the way is judged here: what an answer says, and whether it is the province's at all, is judged in answers.py.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from kiosk import __version__
from kiosk.domain.protocol import MAX_BODY
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer

CONNECT_S, READ_S, WHOLE_S = 5.0, 10.0, 60.0
CHUNK = 16 * 1024
# what a TLS client meets when the other end speaks plain HTTP: a Wi-Fi portal that catches every port
PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


class _Socket(ssl.SSLSocket):
    """A socket that ends with its call: a peer that sends one byte a second never trips a read time-out."""

    context: "_Context"

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(self.context.left_s())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(self.context.left_s())
        self.context.sent = True
        return super().send(*args, **kwargs)


class _Context(ssl.SSLContext):
    """Also carries the running call: `deadline` (monotonic second at which it is given up), `idle_s` (longest silence),
    `sent` (a byte of the request has left: the province may know it)."""

    sslsocket_class = _Socket
    deadline, idle_s, sent = 0.0, READ_S, False

    def begin(self, whole_s: float) -> None:
        self.deadline, self.sent = time.monotonic() + whole_s, False

    def left_s(self) -> float:
        """How long one read or write may take. Raises TimeoutError past the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole call took too long")
        return min(left, self.idle_s)


def context(ca: bytes | None) -> _Context:
    """TLS 1.2 or newer, trusting `ca` (PEM) and nothing else; None trusts anybody (only to fetch what the one-time code pins).

    Raises KioskError(TLS) on bytes that are no certificate.
    """
    out = _Context(ssl.PROTOCOL_TLS_CLIENT)
    out.minimum_version = ssl.TLSVersion.TLSv1_2
    urllib3.disable_warnings(urllib3.exceptions.SystemTimeWarning)  # a wrong clock is our own condition, said in words
    if ca is None:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # said once, here: the code pins what is fetched
        out.check_hostname = False
        out.verify_mode = ssl.CERT_NONE
        return out
    try:
        out.load_verify_locations(cadata=ca.decode("ascii"))
    except (UnicodeDecodeError, ssl.SSLError) as error:
        raise KioskError(Code.TLS, why="ca") from error
    return out


class _Pinned(HTTPAdapter):
    """Our own TLS context. requests would add the public CAs of certifi to it; `cert_verify` is where it does."""

    def __init__(self, tls: _Context) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"


class HttpTransport:
    """The province at `server` (https://host[:port]). One connection, one call at a time; times in seconds.

    Raises KioskError(BAD_INPUT) when `server` is no such address.
    """

    def __init__(
        self,
        server: str,
        ca: bytes | None,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        whole_s: float = WHOLE_S,
        body_cap: int = MAX_BODY,
    ) -> None:
        self._base = base_url(server)
        self._times, self._whole_s, self._cap = (connect_s, read_s), whole_s, body_cap
        self._tls = context(ca)
        self._tls.idle_s = read_s
        self._session = requests.Session()
        self._session.verify = ca is not None
        self._session.trust_env = False  # no proxy, no .netrc, no REQUESTS_CA_BUNDLE
        self._session.adapters.clear()  # and no way to speak plain HTTP
        self._session.mount("https://", _Pinned(self._tls))
        self._session.headers.clear()
        self._session.headers.update({"User-Agent": f"hue-kiosk/{__version__}", "Accept-Encoding": "identity"})

    def post(self, path: str, body: bytes) -> Answer:
        """Raises KioskError(OFFLINE | TLS | PORTAL); `sent`: the province may have read the body."""
        return self._call("POST", path, body)

    def get(self, path: str) -> Answer:
        """Raises as `post`."""
        return self._call("GET", path, None)

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, path: str, body: bytes | None) -> Answer:
        self._tls.begin(self._whole_s)
        headers = {"Content-Type": "application/msgpack"} if body is not None else {}
        try:
            with self._session.request(
                method, self._base + path, data=body, headers=headers, timeout=self._times, allow_redirects=False, stream=True
            ) as response:
                data = b"".join(_pieces(response.raw, self._cap))
                return Answer(response.status_code, data, {k.lower(): v for k, v in response.headers.items()})
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _failure(error, self._tls.sent) from error


def base_url(server: str) -> str:
    """https://host[:port][/prefix] without a trailing slash. Raises KioskError(BAD_INPUT)."""
    text = server.strip().rstrip("/")
    try:
        url = urlsplit(text)
        extra = url.query or url.fragment or url.username or url.password
        good = url.scheme == "https" and bool(url.hostname) and url.port != 0 and not extra
    except ValueError:
        good = False
    if not good:
        raise KioskError(Code.BAD_INPUT, what="server", why="https://host[:port]")
    return text


def _pieces(raw: Any, cap: int) -> Iterator[bytes]:
    """The body as it came (never inflated: a small gzip may hold gigabytes), cut at `cap` bytes."""
    while cap > 0 and (piece := raw.read1(min(CHUNK, cap), decode_content=False)):
        yield piece
        cap -= len(piece)


def _failure(error: BaseException, sent: bool) -> KioskError:
    """Which KioskError a failed call is. `why`: name, connect, timeout, cut, plain, or what is wrong with the certificate."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return KioskError(Code.TLS, why=cause.verify_message, sent=False)
        if isinstance(cause, ssl.SSLError) and cause.reason in PLAIN:
            return KioskError(Code.PORTAL, why="plain", sent=False)
    if not sent:
        name = any(isinstance(c, socket.gaierror) for c in causes)
        return KioskError(Code.OFFLINE, why="name" if name else "connect", sent=False)
    late = any(isinstance(c, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)) for c in causes)
    return KioskError(Code.OFFLINE, why="timeout" if late else "cut", sent=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything it was raised from or wraps; requests and urllib3 hide the first cause several layers deep."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
