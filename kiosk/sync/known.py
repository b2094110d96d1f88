"""The online question: does the province know a declaration of this person? One call, three seconds at most, nothing is kept here.

It runs on the slow lane, beside the uploader and never on the scan path; the officer may walk away from it at any time.
"""

import os

from kiosk.domain.protocol import KnownAnswer, KnownCall, pack
from kiosk.errors import Code, KioskError
from kiosk.ports import Clock, Transport
from kiosk.security.vault import Secrets
from kiosk.settings import Settings
from kiosk.store.told import STEPS, Told
from kiosk.sync import answers
from kiosk.sync.http import HttpTransport

WHOLE_S, CONNECT_S = 3.0, 1.5


class Asker:
    """Asks one question at a time over a connection of its own, closed after each."""

    def __init__(self, secrets: Secrets, settings: Settings, clock: Clock, transport: Transport | None = None) -> None:
        self._secrets, self._settings, self._clock, self._given = secrets, settings, clock, transport

    def ask(self, subject: str) -> Told:
        """Raises KioskError: OFFLINE, TLS, PORTAL, SERVER_ODD, SERVER_REFUSED."""
        trust, me, nonce = self._secrets.enrolment.trust, self._secrets.enrolment.kiosk, os.urandom(16)
        transport = self._given or HttpTransport(
            self._settings.server_url or self._secrets.server, trust.ca, connect_s=CONNECT_S, read_s=WHOLE_S, whole_s=WHOLE_S
        )
        call = pack(self._secrets.kiosk_seed, me, "known", nonce, self._clock.now().wall, KnownCall(subject))
        try:
            said = answers.read(transport.post("/v1/known", call), trust.service, "known", nonce, KnownAnswer)
        finally:
            transport.close()
        if said.step not in STEPS or said.known != (said.declared_at is not None):
            raise KioskError(Code.SERVER_ODD, why="content")
        return Told(said.known, said.declared_at, said.step, self._clock.now().wall)
