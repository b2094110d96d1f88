"""Limits against floods: a token bucket a key. In memory and per process; a few processes let through a few times as much, no more."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

KEYS = 50_000  # as many addresses are remembered; the one not seen for longest goes first


class Limit:
    """`rate`: tokens a second; `burst`: how many at once. A village's phones share one address: be generous, and tell them to wait."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self.rate, self.burst, self._clock = rate, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, key: str) -> bool:
        with self._lock:
            now = self._clock()
            left, then = self._left.pop(key, (self.burst, now))
            left = min(self.burst, left + (now - then) * self.rate)
            allowed = left >= 1
            self._left[key] = (left - 1 if allowed else left, now)
            if len(self._left) > KEYS:
                self._left.popitem(last=False)
            return allowed


def network(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 one: what one household or one phone can change at will counts as one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "?"
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False).network_address)
