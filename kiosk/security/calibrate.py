"""How much Argon2id this machine bears: chosen once, at enrolment, and kept with each officer's slot."""

import time
from collections.abc import Callable

from kiosk.crypto.kdf import FLOOR_KIB, MOST_PASSES, Costs, stretch

LEAST_S, MOST_S = 0.5, 1.0


def timed(costs: Costs) -> float:
    """Seconds of one unlock here."""
    start = time.perf_counter()
    stretch("000000", bytes(16), costs)
    return time.perf_counter() - start


def calibrate(measure: Callable[[Costs], float] = timed) -> Costs:
    """Costs at which one unlock takes 0.5 to 1.0 s; `measure`: seconds of one stretch.

    Too slow: less memory, down to 64 MiB with three passes and never less, however slow the machine is. Too fast: more passes.
    """
    costs = Costs()
    took = measure(costs)
    while took > MOST_S and costs.memory_kib > FLOOR_KIB:
        costs = Costs(max(FLOOR_KIB, costs.memory_kib * 3 // 4))
        took = measure(costs)
    while took < LEAST_S and costs.passes < MOST_PASSES:
        wanted = int(costs.passes * 0.7 * MOST_S / took) if took > 0 else MOST_PASSES
        costs = Costs(costs.memory_kib, min(MOST_PASSES, max(costs.passes + 1, wanted)))
        took = measure(costs)
    return costs
