"""Small files that must survive a power cut: written beside, fsynced, renamed, and the folder fsynced."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Makes a rename or a new name durable. Windows has no such call and journals its folders itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Replaces `path` whole, mode 0600; after a crash the old or the new content is there, never a mixture. Raises OSError."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
