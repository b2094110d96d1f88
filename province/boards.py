"""A place's code as a picture, and the board to print (letter 63/CV-BCĐ, annex 1, 5), by the same code as the kiosk's."""

import io
import tempfile
from pathlib import Path

import segno

from kiosk.domain import poster
from kiosk.domain.feed import PlaceRow
from kiosk.printing import poster as paper
from province import places
from province.db import Database

KINDS = ("png", "svg", "pdf")
SIZES = paper.SIZES


def code(db: Database, row: PlaceRow) -> segno.QRCode:
    return segno.make(poster.url(places.base(db), row.id, row.mac), error="q", micro=False, boost_error=False)


def content(db: Database, row: PlaceRow, kind: str, now: int, size: str = "a4") -> bytes:
    """A file of `kind`. `size`: of a pdf, one of SIZES; `now`: ms UTC, printed on it."""
    if kind != "pdf":
        out = io.BytesIO()
        code(db, row).save(out, kind=kind, scale=24, border=4)
        return out.getvalue()
    names = dict(places.stations_seen(db, lambda station: station == row.station))
    url = poster.url(places.base(db), row.id, row.mac)
    ward = row.address.get("ward", "")
    made = paper.Poster(url, row.id, row.name, row.kind, names[row.station], ward, now, spot=row.spot)
    with tempfile.TemporaryDirectory() as folder:
        paper.render(made, file := Path(folder) / "board.pdf", size)
        return file.read_bytes()
