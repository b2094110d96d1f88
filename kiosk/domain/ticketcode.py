"""The code on a ticket of "vào trước, khai sau": which event it stands for, and the number that is called out. No person in it.

Alphanumeric letters only, so that every reader gets it right: "HUT1:KIOSK:EPOCH:SEQ/NUMBER".
"""

import msgspec

from kiosk.domain.events import Key

HEAD = "HUT1:"
LONGEST = 200


class TicketCode(msgspec.Struct, frozen=True):
    """`target`: the arrival, or the deferral of a lane's ticket; `number`: as called out, 0 where the code does not say it."""

    target: Key
    number: int


def make(target: Key, number: int) -> str:
    return f"{HEAD}{str(target).upper()}/{number}"


def meant(raw: bytes) -> bool:
    """Does it want to be a ticket's code, whether it reads or not?"""
    return raw[: len(HEAD)].upper() == HEAD.encode()


def read(raw: bytes) -> TicketCode | None:
    """The code, in any case of its letters; None for any other and for one that does not read."""
    if not meant(raw) or len(raw) > LONGEST or not raw.isascii():
        return None
    key, _, number = raw[len(HEAD) :].decode().strip().lower().partition("/")
    try:
        target = Key.parse(key)
    except ValueError:
        return None
    if number and not (number.isdigit() and len(number) <= 9):
        return None
    return TicketCode(target, int(number or 0))
