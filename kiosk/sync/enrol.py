"""Enrolment: a one-time code and an address become a kiosk of one station, for ever.

The code pins the province's root: /v1/trust is fetched over unverified TLS and believed only if that root signed it; everything after
goes over TLS to the CA it names. The vault is written once, at the end; an enrolled home is never overwritten.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from kiosk import __version__
from kiosk.crypto import sign
from kiosk.domain import protocol
from kiosk.domain.protocol import EnrolCall, Enrolment, Trust, Untrusted
from kiosk.errors import Code, KioskError
from kiosk.ports import Answer, Clock, KeyStore
from kiosk.security import vault
from kiosk.security.vault import Secrets, Vault
from kiosk.store import locks, syncnote
from kiosk.sync import answers
from kiosk.sync.http import HttpTransport, base_url

TRIES = 3
CODE_PROBLEMS = ("bad_code", "used_code", "expired_code", "shape")
NEW = "new"  # the sender of a kiosk that has no name yet


class Client(Protocol):
    """What enrolment needs of sync.http.HttpTransport."""

    def get(self, path: str) -> Answer: ...
    def post(self, path: str, body: bytes) -> Answer: ...
    def close(self) -> None: ...


def enrol(
    home: Path, server: str, code: str, keystore: KeyStore, clock: Clock, connect: Callable[[str, bytes | None], Client] = HttpTransport
) -> Enrolment:
    """Enrols the data directory `home` at the province of `code` and returns what it was told.

    Raises KioskError: ENROL_REFUSED (`why`: shape, bad_code, used_code, expired_code …; answer_lost and not_saved: the code is used up,
    ask for a new one), ENROL_UNTRUSTED (not the province the code pins), ALREADY_ENROLLED, HOME_BUSY, BAD_INPUT (the address),
    OFFLINE, TLS, PORTAL, SERVER_REFUSED, SERVER_ODD (try again, with the same code).
    """
    try:
        secret, root_hash = protocol.read_code(code)
    except Untrusted as error:
        raise KioskError(Code.ENROL_REFUSED, why="shape") from error
    server = base_url(server)
    if (home / vault.NAME).exists():
        raise KioskError(Code.ALREADY_ENROLLED, home=home)
    if vault.used(home):
        raise KioskError(Code.KEYS_UNREADABLE, file=vault.NAME, why="missing")
    with _held(home):
        trust = _trust(connect(server, None), root_hash)
        kiosk_seed, issuer_seed = sign.generate(), sign.generate()
        call = EnrolCall(secret, sign.public(kiosk_seed), sign.public(issuer_seed), __version__, clock.machine())
        enrolment = _ask(connect(server, trust.ca), call, kiosk_seed, trust, clock)
        try:
            Vault.create(home, keystore, Secrets(kiosk_seed, issuer_seed, enrolment, server))
        except OSError as error:
            raise KioskError(Code.ENROL_REFUSED, why="not_saved", cause=error.strerror or type(error).__name__) from error
    syncnote.write(home, syncnote.SyncNote("ok", 0.0, clock.now().wall))
    return enrolment


def _held(home: Path) -> AbstractContextManager[None]:
    """The home for us alone. A place where nothing can be written is found before the code is used up."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(home, os.W_OK):
            raise PermissionError
    except OSError as error:
        raise KioskError(Code.DISK_READ_ONLY, home=home) from error
    return locks.hold(home, "home")


def _trust(client: Client, root_hash: bytes) -> Trust:
    """The province's keys, proved by the root that the code pins."""
    try:
        answer = client.get("/v1/trust")
    finally:
        client.close()
    try:
        trust = protocol.decode(answer.body, Trust)
    except Untrusted as error:
        if answers.portal(answer):
            raise KioskError(Code.PORTAL, status=answer.status) from error
        raise KioskError(Code.SERVER_ODD, why="trust", status=answer.status) from error
    if not trust.genuine(root_hash):
        raise KioskError(Code.ENROL_UNTRUSTED, why="root")
    return trust


def _ask(client: Client, call: EnrolCall, kiosk_seed: bytes, trust: Trust, clock: Clock) -> Enrolment:
    """The call that uses the code up; asked again when the answer got lost (the province tells the same key the same)."""
    try:
        for left in reversed(range(TRIES)):
            try:
                return _once(client, call, kiosk_seed, trust, clock)
            except KioskError as error:
                if error.facts.get("problem") in CODE_PROBLEMS:
                    raise KioskError(Code.ENROL_REFUSED, why=error.facts.get("problem", "")) from error
                if not error.facts.get("sent"):
                    raise
                if not left:
                    raise KioskError(Code.ENROL_REFUSED, why="answer_lost") from error
    finally:
        client.close()
    raise AssertionError


def _once(client: Client, call: EnrolCall, kiosk_seed: bytes, trust: Trust, clock: Clock) -> Enrolment:
    nonce = os.urandom(16)
    body = protocol.pack(kiosk_seed, NEW, "enrol", nonce, clock.now().wall, call)
    enrolment = answers.read(client.post("/v1/enrol", body), trust.service, "enrol", nonce, Enrolment)
    _check(enrolment, trust)
    return enrolment


def _check(enrolment: Enrolment, trust: Trust) -> None:
    """Every part is what the root or the service vouched for. Raises KioskError(ENROL_UNTRUSTED)."""
    if enrolment.trust != trust:
        raise KioskError(Code.ENROL_UNTRUSTED, why="trust")
    if not enrolment.kiosk or ":" in enrolment.kiosk or len(enrolment.station_key) != 32 or len(enrolment.issuer_id) != 3:
        raise KioskError(Code.ENROL_UNTRUSTED, why="content")
    try:
        for campaign in enrolment.campaigns:
            campaign.read(trust.root)
    except Untrusted as error:
        raise KioskError(Code.ENROL_UNTRUSTED, why="campaign") from error
