"""A PostgreSQL of the tests' own: Debian's server in a private folder, on a socket in that folder, not root, no network.

Started once a session, thrown away at the end. `fsync` is off: these tests ask what is stored, not whether a disk keeps it.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
MISSING = "PostgreSQL's server is not installed (Debian: postgresql)"
QUICK = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=64MB", "autovacuum=off")

AWAY = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


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

    def standby(self) -> "Postgres":
        """A replica of this server that follows it, on a socket of its own."""
        out = object.__new__(Postgres)
        out.folder, out.as_user, out._made = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp")), self.as_user, 0
        if out.as_user:
            shutil.chown(out.folder, "postgres")
        self.run("pg_basebackup", "-D", str(out.data), "-R", "-h", str(self.folder), "-U", "province", "-c", "fast", "--no-sync")
        out.settings = (*self.settings[:-1], f"unix_socket_directories={out.folder}")
        out.start()
        return out

    def sql(self, *statements: str, database: str = "postgres") -> str:
        where = ("-h", str(self.folder), "-U", "province", "-d", database)
        return self.run("psql", *where, "-Atq", "-v", "ON_ERROR_STOP=1", *(word for each in statements for word in ("-c", each)))

    def url(self, database: str) -> str:
        return f"postgresql://province@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """A new database's URL; `template`: whose content it begins with."""
        self._made += 1
        name = f"t{self._made}"
        self.sql(AWAY.format(template), f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.sql(f"DROP DATABASE {self.name_of(url)} WITH (FORCE)")

    def keep(self, url: str) -> None:
        """What the database holds now is what reset() brings back."""
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE SCHEMA kept")
            for name in self._filled(conn):
                conn.execute(f'CREATE TABLE kept."{name}" AS SELECT * FROM public."{name}"')

    def reset(self, url: str) -> None:
        """Rows only, a tenth of the cost of a fresh copy; a test that makes or drops tables takes create() instead."""
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(AWAY.format(self.name_of(url)))
            conn.execute("SET session_replication_role = replica")  # no foreign keys: any order will do
            kept = [name for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'kept'")]
            steps = [f'DELETE FROM public."{name}"' for name in self._filled(conn)]
            steps += [f'INSERT INTO public."{name}" SELECT * FROM kept."{name}"' for name in kept]
            with conn.transaction():
                for step in steps:
                    conn.execute(step)

    @staticmethod
    def _filled(conn: psycopg.Connection) -> list[str]:
        """Tables and leaf partitions that have, or once had, a row."""
        query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"
        return [name for (name,) in conn.execute(query)]

    @staticmethod
    def name_of(url: str) -> str:
        return url.partition("@/")[2].partition("?")[0]
