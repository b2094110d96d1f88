"""A backup: one tar of the whole database, as a SQLite file whatever the engine, and of the home's keys; and the way back.

Left out on purpose: the root key (it lies offline) and the days' private keys. A backup that held them would open a day that
retention has ended. `opener/` is copied to one medium of its own, which is destroyed with the day.
"""

import contextlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from province import storage
from province.db import Database
from province.settings import Home, Refused

FORMAT = "hue-province-backup-1"
DATABASE = "province.db"


def make(home: Home, db: Database, target: Path, now: int) -> dict[str, Any]:
    """Writes `target` (new, 0600, on disk when this returns) and returns its description. Raises Refused, FileExistsError."""
    with tempfile.TemporaryDirectory(dir=target.resolve().parent, prefix=".backup-") as folder:
        rows = Path(folder) / DATABASE
        with contextlib.closing(Database(f"sqlite:///{rows}")) as copy:
            done = storage.copy(db.read, copy)
            with copy.engine.connect() as conn:
                raw = conn.connection.dbapi_connection
                assert raw is not None
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                raw.execute("PRAGMA journal_mode=DELETE")
        said = {"format": FORMAT, "at": now, "tables": {each.table: [each.rows, each.sha256] for each in done}}
        files = {DATABASE: rows, **{path.name: path for path in kept(home)}}
        said["files"] = {name: _hash(path) for name, path in files.items()}
        handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "w+b") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                text = json.dumps(said).encode()
                head = tarfile.TarInfo("backup.json")
                head.size, head.mode = len(text), 0o600
                tar.addfile(head, io.BytesIO(text))
                for name, path in files.items():
                    tar.add(path, name)
            out.flush()
            os.fsync(out.fileno())
    return {"file": str(target), "bytes": target.stat().st_size, "rows": sum(each.rows for each in done), "sha256": _hash(target)}


def kept(home: Home) -> Iterator[Path]:
    """The home's own files but for the root key, the database and the days' keys."""
    for path in sorted(home.path.iterdir()):
        if path.is_file() and path != home.root_key and not path.name.startswith(DATABASE):
            yield path


def restore(source: Path, home: Home) -> dict[str, Any]:
    """A home that is not there yet, from a backup; with a database URL the rows go there. Raises Refused, with nothing left half done."""
    if home.path.exists() and any(home.path.iterdir()):
        raise Refused(f"{home.path} đã có dữ liệu, không ghi đè.\n{home.path} is not empty, nothing was changed: choose another --home.")
    home.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.path.parent, prefix=".restore-") as folder:
        beside = Path(folder) / "home"
        beside.mkdir(mode=0o700)
        said = _unpack(source, beside)
        (beside / "opener").mkdir(mode=0o700)
        if home.database_url:
            with Database(f"sqlite:///{beside / DATABASE}") as rows, Database(home.url) as target:
                done = storage.copy(rows.read, target)
            for path in beside.glob(f"{DATABASE}*"):
                path.unlink()
        else:
            with Database(f"sqlite:///{beside / DATABASE}") as rows, rows.read() as conn:
                done = [storage.Copied(t.name, *storage.digest_of(conn, t), 0) for t in storage.every_table()]
        if {each.table: [each.rows, each.sha256] for each in done} != said["tables"]:
            raise Refused(_BROKEN.format(source))
        if home.path.exists():
            home.path.rmdir()
        os.replace(beside, home.path)
    return {"home": str(home.path), "rows": sum(each.rows for each in done), "made_at": said["at"]}


_BROKEN = "{0} không nguyên vẹn; chưa khôi phục gì. Hãy dùng bản sao lưu khác.\n{0} is damaged; nothing was restored. Take another backup."


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """The files of a backup into `folder`, each checked against its hash. Raises Refused."""
    broken = Refused(_BROKEN.format(source))
    try:
        with tarfile.open(source, "r:") as tar:
            first = tar.extractfile("backup.json")
            said = json.loads(first.read()) if first else {}
            if said.get("format") != FORMAT:
                raise broken
            for name, digest in said["files"].items():
                if Path(name).name != name or name.startswith("."):
                    raise broken
                tar.extract(name, folder, filter="data")
                (folder / name).chmod(0o600)
                if _hash(folder / name) != digest:
                    raise broken
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise broken from error
    return dict(said)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
