"""What a scanned code says: one module per kind, and `read`, which asks them in turn.

The window paints before it reads anything, and the parsers (with their tables of phone numbers) cost a fifth of a second:
`read` and `REASONS` are loaded when first asked for.
"""

from typing import TYPE_CHECKING, Any

from kiosk.domain.passes.model import Issuer, Kind, Pass, Reading

if TYPE_CHECKING:
    from kiosk.domain.passes.reader import REASONS, read

__all__ = ["REASONS", "Issuer", "Kind", "Pass", "Reading", "read"]


def __getattr__(name: str) -> Any:
    if name in ("read", "REASONS"):
        from kiosk.domain.passes import reader

        return getattr(reader, name)
    raise AttributeError(name)
