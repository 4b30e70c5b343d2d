"""Homes and meters that are known to the lake alone: they came by file, and this API has no row.

What this API said itself is left out: of that its database is the truth, also where it was deleted
and the tables of the lake do not know yet.
"""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, cast

from deltalake.exceptions import DeltaError
from fastapi import Depends, Request

from lake.errors import LakeError
from lake.ingestion.names import MANAGEMENT
from lake.reading import Reader
from lake.settings import Settings
from lake.sql_values import literal
from silver.contracts import LOCATIONS, METERS

_log = logging.getLogger(__name__)
_AT_ONCE = 500
# The files of the outbox: a checksum and their name, which landing gives to no other.
_BY_FILE = f"NOT LIKE '%/{'_' * 16}-{MANAGEMENT}'"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a home is, as the lake knows it."""

    latitude: float | None
    longitude: float | None
    price_zone: str | None


@dataclass(frozen=True, slots=True)
class Metered:
    """What never changes of a meter, whether it is the main one, and when it is supplied."""

    meter_id: str
    location_id: str
    fuel: str
    direction: str
    is_sub_meter: bool = False
    supply_start: date | None = None
    supply_end: date | None = None


class KnownHomes:
    """The question for what came by file; where the lake cannot be read nothing is known."""

    def __init__(self, settings: Settings) -> None:
        self._lake = Reader(settings, {t.name: t for t in (LOCATIONS, METERS)})

    def place(self, partner_id: str, location_id: str) -> Place | None:
        """Return where a home is that is not deleted."""
        rows = self._rows(
            f"SELECT latitude, longitude, price_zone FROM {LOCATIONS.name} "
            f"WHERE {_mine(partner_id)} AND location_id = {literal(location_id)}"
        )
        return next((Place(**row) for row in rows), None)

    def meters(
        self, partner_id: str, *, ids: Collection[str] = (), at: Collection[str] = ()
    ) -> dict[str, Metered]:
        """Return the meters of some ids, and all that are at some locations, that still count."""
        found: dict[str, Metered] = {}
        for name, values in (("meter_id", ids), ("location_id", at)):
            for part in _parts(sorted(values)):
                rows = self._rows(
                    f"SELECT {', '.join(Metered.__slots__)} FROM {METERS.name} "
                    f"WHERE {_mine(partner_id)} AND {name} IN ({', '.join(map(literal, part))})"
                )
                found |= {row["meter_id"]: Metered(**row) for row in rows}
        return found

    def _rows(self, question: str) -> list[dict[str, Any]]:
        try:
            return cast(list[dict[str, Any]], self._lake.rows(question))
        except (LakeError, DeltaError) as error:
            # A home can be registered all the same.
            _log.warning("the homes of the lake cannot be read: %s", error)
            return []


def _mine(partner_id: str) -> str:
    return f"partner_id = {literal(partner_id)} AND deleted_at IS NULL AND source_file {_BY_FILE}"


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


async def _of_app(request: Request) -> KnownHomes:
    found: KnownHomes = request.app.state.known_homes
    return found


OfLake = Annotated[KnownHomes, Depends(_of_app)]
