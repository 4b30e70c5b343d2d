"""The lake's meters with readings -> the sync status: ok, or waiting for the first of them."""

import logging
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from deltalake.exceptions import DeltaError
from fastapi import Depends, Request

from lake.errors import LakeError
from lake.reading import Reader
from lake.settings import Settings
from lake.sql_values import literal
from silver.contracts import METER_DAYS, METER_READINGS, REGISTER_READS

# The smallest first: it has the days of nearly all meters.
TABLES = (METER_DAYS, REGISTER_READS, METER_READINGS)
_log = logging.getLogger(__name__)
_MOST = 200_000
Meter = tuple[str, str]


@dataclass
class Sync:
    """Which meters the lake has readings of; that a meter has some is not asked twice."""

    lake: Reader
    _known: set[Meter] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def with_lake(cls, settings: Settings) -> "Sync":
        """Return the status of meters in a lake."""
        return cls(Reader(settings, {t.name: t for t in TABLES}))

    def of(self, meters: set[Meter]) -> set[Meter]:
        """Return those of the meters (partner, meter) that have readings."""
        with self._lock:
            found = meters & self._known
        for table in TABLES:
            if waiting := meters - found:
                found |= self._read(table.name, waiting) & waiting
        with self._lock:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known |= found
        return found

    def _read(self, table: str, meters: set[Meter]) -> set[Meter]:
        partners = ", ".join(sorted({literal(partner) for partner, _ in meters}))
        ids = ", ".join(sorted({literal(meter) for _, meter in meters}))
        question = (
            f"SELECT DISTINCT partner_id, meter_id FROM {table} "
            f"WHERE partner_id IN ({partners}) AND meter_id IN ({ids})"
        )
        try:
            rows = self.lake.rows(question)
        except (LakeError, DeltaError) as error:
            # A meter can be registered all the same.
            _log.warning("%s cannot be read: %s", table, error)
            return set()
        return {(str(row["partner_id"]), str(row["meter_id"])) for row in rows}


async def _synced(request: Request) -> Sync:
    found: Sync = request.app.state.sync
    return found


Synced = Annotated[Sync, Depends(_synced)]
