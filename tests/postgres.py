"""A PostgreSQL of the tests' own: Debian's server in a private folder, on a socket in that folder, not root, no network.

Started once a session, thrown away at the end. `fsync` is off: these tests ask what is stored, not whether a disk keeps it.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
MISSING = "PostgreSQL's server is not installed (Debian: postgresql)"
QUICK = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=64MB", "autovacuum=off")


class Postgres:
    """`settings`: name=value, as in postgresql.conf."""

    def __init__(self, folder: Path | None = None, settings: tuple[str, ...] = QUICK) -> None:
        assert BIN is not None, MISSING
        self.folder = folder or Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # short: a socket's path has room for 107 letters
        self.as_user = [] if os.geteuid() else ["runuser", "-u", "postgres", "--"]
        if self.as_user:
            shutil.chown(self.folder, "postgres")
        self.run("initdb", "-D", str(self.data), "-A", "trust", "--no-sync", "-U", "province", "--encoding=UTF8", "--locale=C")
        self.settings = (*settings, "listen_addresses=", f"unix_socket_directories={self.folder}")
        self.start()
        self._made = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = " ".join(f"-c {each}" for each in self.settings)
        self.run("pg_ctl", "-D", str(self.data), "-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def run(self, program: str, *args: str) -> str:
        assert BIN is not None
        argv = [*self.as_user, str(BIN / program), *args]
        done = subprocess.run(argv, capture_output=True, text=True, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def sql(self, *statements: str, database: str = "postgres") -> str:
        where = ("-h", str(self.folder), "-U", "province", "-d", database)
        return self.run("psql", *where, "-Atq", "-v", "ON_ERROR_STOP=1", *(word for each in statements for word in ("-c", each)))

    def url(self, database: str) -> str:
        return f"postgresql://province@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """A new database's URL; `template`: whose content it begins with (nobody may be connected to it)."""
        self._made += 1
        name = f"t{self._made}"
        away = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'"
        self.sql(away, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.sql(f"DROP DATABASE {self.name_of(url)} WITH (FORCE)")

    @staticmethod
    def name_of(url: str) -> str:
        return url.partition("@/")[2].partition("?")[0]
