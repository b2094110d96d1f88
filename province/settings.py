"""Where the province keeps its things: one home directory, its files, the database's URL. Paths and text only, no keys here."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

from platformdirs import user_data_path

VIETNAM = timezone(timedelta(hours=7))  # fixed: there is no tzdata on Windows, and no summer time in Vietnam
PLAIN = re.compile(r"[\w .+:/()-]{1,80}")  # versions and machine ids that kiosks tell us
WEB_ISSUER = b"WEB"  # the web's 3-byte id among the pass issuers
STATION_CODE = re.compile(r"[0-9]{2}-[0-9]{3}-([0-9]{5})-[0-9]{2,3}")


class Refused(Exception):
    """A command that cannot be done; its text says what happened and what to do now. Never a name or a number of a voter."""


def default_home() -> Path:
    return Path(os.environ.get("PROVINCE_HOME") or user_data_path("hue-province"))


def now() -> int:
    """Milliseconds UTC."""
    return int(datetime.now(UTC).timestamp() * 1000)


def today() -> date:
    return datetime.now(VIETNAM).date()


def day_end(day: str) -> int:
    """The end of an ISO day in Vietnam, ms UTC."""
    return int((datetime.combine(date.fromisoformat(day), time.min, VIETNAM) + timedelta(days=1)).timestamp() * 1000)


def event_day(text: str) -> str:
    """`text` if it is an ISO date. Raises ValueError."""
    if len(text) != 10:
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


@dataclass(frozen=True, slots=True)
class Home:
    """The files of one province. `database_url`: SQLAlchemy's, or "" for the embedded SQLite file."""

    path: Path
    database_url: str = ""

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{self.path / 'province.db'}"

    @property
    def root_key(self) -> Path:
        """The root's seed; kept offline after `init` (`serve` runs without it)."""
        return self.path / "root.key"

    @property
    def root_public(self) -> Path:
        return self.path / "root.pub"

    @property
    def service_key(self) -> Path:
        return self.path / "service.key"

    @property
    def service_signature(self) -> Path:
        return self.path / "service.sig"

    @property
    def ca_key(self) -> Path:
        return self.path / "ca.key"

    @property
    def ca(self) -> Path:
        return self.path / "ca.pem"

    @property
    def ca_signature(self) -> Path:
        return self.path / "ca.sig"

    @property
    def server_key(self) -> Path:
        return self.path / "server.key"

    @property
    def server(self) -> Path:
        return self.path / "server.pem"

    @property
    def wrap_key(self) -> Path:
        """Station keys lie in the database sealed under this one."""
        return self.path / "wrap.key"

    @property
    def issuer_key(self) -> Path:
        """The web's pass issuer; its public half is in the feed under WEB_ISSUER."""
        return self.path / "issuer.key"

    def day_key(self, day: str) -> Path:
        """The opener's alone; destroyed at retention."""
        return self.path / "opener" / f"{event_day(day)}.key"

    def require(self) -> "Home":
        """This home, if `init` has made it. Raises Refused."""
        if not self.root_public.exists():
            raise Refused(
                f"Chưa có dữ liệu cấp tỉnh ở {self.path}: hãy chạy `province init`.\nNo province in {self.path}: run `province init` first."
            )
        return self
