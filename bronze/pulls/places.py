"""What a user says of places -> weather points and price zones; ``homes`` asks the lake."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from bronze.pulls.parts import HOMES, Point
from bronze.pulls.rows import is_name
from bronze.pulls.zones import UnknownZone, known
from lake.catalog import catalog
from lake.errors import LakeError
from lake.reading import Reader
from lake.settings import Settings

T = TypeVar("T")
_LOCATIONS = "silver.locations"
# A tenth of a degree (11 km) tells no source where anybody lives, and homes nearby share a point.
_GRID = 1


class NoPlaces(LakeError):
    """There is no place to ask for, or it cannot be read."""

    code = "no-places"


def points(said: str, settings: Settings) -> tuple[Point, ...]:
    """Return the points of a file, of ``LAT,LON;LAT,LON``, or those near all homes; NoPlaces.

    A file has a point a line; a header and lines that begin with # are passed over.
    """
    if said == HOMES:
        found = _of_homes("latitude, longitude", settings)
        near = {
            (round(float(str(a)), _GRID) + 0.0, round(float(str(b)), _GRID) + 0.0) for a, b in found
        }
        return _some([Point(*place) for place in sorted(near)], "points")
    texts = said.split(";")
    if "," not in said or Path(said).is_file():
        try:
            texts = Path(said).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise NoPlaces(
                f"{said} is neither a file nor a point", cure="as in --points 59.33,18.07"
            ) from error
        texts = [t for t in texts if not t.strip().startswith(("#", "lat"))]
    return _some(list(dict.fromkeys(_point(t) for t in texts if t.strip())), "points")


def zones(said: str, settings: Settings) -> tuple[str, ...]:
    """Return price zones from a list with commas, or those of all homes that are known; NoPlaces.

    A zone keeps the name that it has here, so that its prices find the homes.
    """
    if said != HOMES:
        named = list(dict.fromkeys(filter(None, map(str.strip, said.split(",")))))
        if wrong := [name for name in named if not is_name(name)]:
            raise NoPlaces(f"{wrong[0]!r} is no zone", cure="as in --zones SE3,DK1")
        return _some(named, "zones")
    found = []
    for (zone,) in _of_homes("price_zone", settings):
        with suppress(UnknownZone):
            known(str(zone))
            found.append(str(zone))
    return _some(sorted(found), "zones")


def _point(text: str) -> Point:
    try:
        latitude, longitude = (round(float(part), 4) for part in text.split(","))
    except ValueError:
        raise NoPlaces(f"{text.strip()!r} is no point", cure="write it as 59.33,18.07") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise NoPlaces(f"{text.strip()!r} is not on Earth", cure="latitude first, in degrees")
    return Point(latitude + 0.0, longitude + 0.0)


def _of_homes(columns: str, settings: Settings) -> Sequence[tuple[object, ...]]:
    present = " AND ".join(f"{name} IS NOT NULL" for name in columns.split(", "))
    asked = f"SELECT DISTINCT {columns} FROM {_LOCATIONS} WHERE {present} AND deleted_at IS NULL"
    return [tuple(row.values()) for row in Reader(settings, catalog().tables).rows(asked)]


def _some(found: list[T], what: str) -> tuple[T, ...]:
    if not found:
        raise NoPlaces(
            f"there are no {what} to ask for", cure=f"say --{what}, or register homes first"
        )
    return tuple(found)
