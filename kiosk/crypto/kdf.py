"""From a PIN or phrase to 32 bytes: Argon2id (RFC 9106). Its costs lie beside what they protect, so a later choice changes nothing old."""

import msgspec
from argon2.low_level import Type, hash_secret_raw

MIB = 1024  # KiB
FLOOR_KIB, WANTED_KIB, MOST_KIB = 64 * MIB, 128 * MIB, 1024 * MIB
PASSES, MOST_PASSES, LANES = 3, 24, 2


class Costs(msgspec.Struct, frozen=True):
    """Argon2id's: memory in KiB, passes over it, lanes."""

    memory_kib: int = WANTED_KIB
    passes: int = PASSES
    lanes: int = LANES

    def sane(self) -> bool:
        """False for a file or a wire that would eat the machine's memory or its day."""
        return 8 * self.lanes <= self.memory_kib <= MOST_KIB and 1 <= self.passes <= MOST_PASSES and 1 <= self.lanes <= 16


def stretch(secret: str, salt: bytes, costs: Costs) -> bytes:
    """32 bytes; takes as long as the costs say. `salt`: 16 bytes."""
    return hash_secret_raw(secret.encode(), salt, costs.passes, costs.memory_kib, costs.lanes, 32, Type.ID)
