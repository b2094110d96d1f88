"""Reading events at the province: the day's key opens the epoch's content key, that opens the bodies. For the opener alone.

Nothing is written here and no body leaves the process.
"""

import hmac
from collections import OrderedDict
from functools import cache
from hashlib import sha256
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import InvalidRequestError

from kiosk.crypto import seal
from kiosk.domain import events
from kiosk.domain.events import Key, Place
from kiosk.domain.projection import ROOTS, Fact, settle, target_of
from kiosk.domain.protocol import Opening, key_aad
from kiosk.shipped import data_dir
from province import question, tables
from province.authority import day_private, derived, station_key
from province.settings import Home

EPOCH, EVENT = tables.table(tables.Epoch), tables.table(tables.Event)
CACHED = 512  # content keys kept in memory


# of a row that is not what it should be, or whose content nobody here wrote: what a question about a person may meet
UNREADABLE = (seal.Unopenable, msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError, OverflowError, InvalidRequestError)


class NoKey(Exception):
    """The day's private key is not here: its epochs wait, nothing is called unreadable."""

    def __init__(self, day: str) -> None:
        super().__init__(day)
        self.day = day


class Room(NamedTuple):
    """What opens one epoch's events."""

    place: Place
    content_key: bytes
    dictionary: bytes


@cache
def dictionary(number: int) -> bytes:
    """Raises seal.Unopenable for one that this program does not have."""
    try:
        return b"" if number == 0 else (data_dir() / "dict" / str(number)).read_bytes()
    except OSError as error:
        raise seal.Unopenable(f"dictionary {number}") from error


def projectable(fact: Fact) -> bool:
    """False if the shared rules cannot make a row of it, or of a root that it amends: fields of a shape nobody wrote."""
    bare, target = msgspec.structs.replace(fact.body, fields={}), target_of(fact.body)
    try:
        if fact.body.kind in ROOTS:
            "".join(settle([fact], []).subjects).encode()
        if target is not None:
            for kind in ROOTS:
                "".join(settle([Fact(target, 0, msgspec.structs.replace(bare, kind=int(kind)))], [fact]).subjects).encode()
    except (TypeError, ValueError, OverflowError, AttributeError):
        return False
    return True


def known_key(home: Home) -> bytes:
    """The key of the online question's hashes, or b"" where the wrap key is not at hand: then nothing is remembered for it."""
    try:
        return question.key_of(home.wrap_key.read_bytes())
    except OSError:
        return b""


class Reader:
    """Opens events of any epoch. Holds day keys and content keys in memory only."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._days: dict[str, bytes] = {}
        self.known_key = known_key(home)
        self._rooms: OrderedDict[tuple[str, str], Room] = OrderedDict()
        self._station_keys: dict[bytes, bytes] = {}

    @property
    def place_key(self) -> bytes:
        """Makes the posters' MACs (places.key). Raises OSError where the wrap key is not here."""
        return derived(self._home.wrap_key.read_bytes(), b"place")

    def day(self, event_day: str) -> bytes:
        """The day's private key. Raises NoKey."""
        if event_day not in self._days:
            private = day_private(self._home, event_day)
            if private is None:
                raise NoKey(event_day)
            self._days[event_day] = private
        return self._days[event_day]

    def let_go(self) -> None:
        """Forgets the keys of days whose file is gone: a day that was dropped must not live on in this process."""
        for day in [day for day in self._days if not self._home.day_key(day).exists()]:
            del self._days[day]
            for at in [at for at, room in self._rooms.items() if room.place.event_day == day]:
                del self._rooms[at]

    def station_key(self, station: str, sealed: bytes) -> bytes | None:
        """A station's key, or None where the wrap key is not (then known people are not published: decision 0020)."""
        if sealed not in self._station_keys:
            try:
                self._station_keys[sealed] = station_key(self._home, station, sealed)
            except (OSError, seal.Unopenable):
                return None
        return self._station_keys[sealed]

    def room(self, kiosk_id: str, epoch: str, opening: bytes) -> Room:
        """Raises NoKey, or seal.Unopenable when the epoch's content key is not for this day's key."""
        at = (kiosk_id, epoch)
        if at not in self._rooms:
            try:
                said = msgspec.msgpack.decode(opening, type=Opening)
            except msgspec.DecodeError as error:  # intake took it whole: somebody has been at the database
                raise seal.Unopenable("opening") from error
            aad = key_aad(said.kiosk, said.station, said.event_day, said.epoch)
            key = seal.open_key(self.day(said.event_day), said.content_key, aad)
            self._rooms[at] = Room(Place(said.kiosk, said.station, said.event_day, said.epoch), key, dictionary(said.dictionary))
            if len(self._rooms) > CACHED:
                self._rooms.popitem(last=False)
        self._rooms.move_to_end(at)
        return self._rooms[at]

    def open(self, room: Room, seq: int, sealed: bytes) -> Fact:
        """One event. Raises seal.Unopenable, also for what this program is too old to understand."""
        header = events.header_of(sealed)
        if header.seq != seq:
            raise seal.Unopenable("seq: not its place in the chain")
        body = events.open_body(sealed, room.place, room.content_key, room.dictionary)
        fact = Fact(Key(room.place.kiosk, room.place.epoch, seq), header.at, body)
        if not events.readable(body) or not projectable(fact):
            raise seal.Unopenable("version or content")
        return fact

    def fetch(self, conn: Connection, station: str, key: Key) -> tuple[Fact, str] | None:
        """(an event already stored and readable, its day), or None; None too where its day was dropped. Raises NoKey."""
        c, e = EPOCH.c, EVENT.c
        epoch = conn.execute(select(EPOCH).where(c.station_id == station, c.kiosk_id == key.kiosk, c.epoch == key.epoch)).first()
        if epoch is None or not 1 <= key.seq <= epoch.have_seq:
            return None
        where = (e.station_id == station, e.event_day == epoch.event_day, e.kiosk_id == key.kiosk, e.epoch == key.epoch, e.seq == key.seq)
        sealed = conn.execute(select(e.sealed).where(*where)).scalar_one_or_none()
        if sealed is None:
            return None
        try:
            return self.open(self.room(key.kiosk, key.epoch, epoch.opening), key.seq, sealed), epoch.event_day
        except seal.Unopenable:
            return None

    def subject_hash(self, event_day: str, subjects: tuple[str, ...]) -> bytes | None:
        """HMAC of the strongest name under a key derived from the day's: it dies with the day's key. Raises NoKey."""
        if not subjects:
            return None
        return hmac.new(seal.derive(self.day(event_day), b"hue-subject-v1"), subjects[0].encode(), sha256).digest()
