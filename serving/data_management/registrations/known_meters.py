"""Ids of meters -> what the checks need of each: registered by this API, or known to the lake."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import cast

from bronze.contracts import REJECTED, REPAIRS
from lake.reading import Reader
from lake.settings import Settings
from lake.sql_values import literal
from serving.data_management.blocks.blocks import Meter
from silver.contracts import LOCATIONS, METERS
from silver.contracts import TABLES as SILVER

_AT_ONCE = 500
_MOST = 200_000
# What is registered is known at once; what is changed, within these seconds.
_FRESH_S = 2.0
Registered = Callable[[str, Collection[str]], Mapping[str, Meter]]


class Meters:
    """The meters of all partners; what was found is kept for seconds, what was not is asked for."""

    def __init__(self, settings: Settings, registered: Registered) -> None:
        self._registered = registered
        self.lake = Reader(settings, {t.name: t for t in (*SILVER, REJECTED, REPAIRS)})
        self._found: dict[tuple[str, str], Meter] = {}
        self._until = 0.0
        # What the lake knows, None for what it does not know either, at one state of its tables.
        self._of_lake: dict[tuple[str, str], Meter | None] = {}
        self._state = ""
        self._lock = threading.Lock()

    def of(self, partner_id: str, meter_ids: Iterable[str]) -> dict[str, Meter]:
        """Return those of the ids that are meters of the partner."""
        with self._lock:
            if time.monotonic() > self._until or len(self._found) > _MOST:
                self._found, self._until = {}, time.monotonic() + _FRESH_S
            kept = self._found
        found = {i: m for i in meter_ids if (m := kept.get((partner_id, i))) is not None}
        if unknown := [i for i in meter_ids if i not in found]:
            more: dict[str, Meter] = {}
            for ids in _parts(unknown):
                more |= self._registered(partner_id, ids)
            more |= self._known_to_lake(partner_id, [i for i in unknown if i not in more])
            kept.update({(partner_id, i): meter for i, meter in more.items()})
            found |= more
        return found

    def _known_to_lake(self, partner_id: str, ids: list[str]) -> dict[str, Meter]:
        state = self.lake.state(METERS.name, LOCATIONS.name)
        with self._lock:
            if state != self._state or len(self._of_lake) > _MOST:
                self._of_lake, self._state = {}, state
            kept = self._of_lake
        for part in _parts([i for i in ids if (partner_id, i) not in kept]):
            rows = self.lake.rows(
                "SELECT m.meter_id, m.fuel, l.time_zone, m.supply_start, m.supply_end, m.direction "
                f"FROM {METERS.name} m JOIN {LOCATIONS.name} l ON l.partner_id = m.partner_id "
                "AND l.location_id = m.location_id "
                f"WHERE m.partner_id = {literal(partner_id)} "
                "AND m.deleted_at IS NULL AND l.deleted_at IS NULL "
                f"AND m.meter_id IN ({', '.join(map(literal, part))})"
            )
            kept.update(dict.fromkeys(((partner_id, i) for i in part), None))
            for row in rows:
                kept[partner_id, str(row["meter_id"])] = Meter(
                    str(row["fuel"]), str(row["time_zone"]),
                    cast(date | None, row["supply_start"]), cast(date | None, row["supply_end"]),
                    str(row["direction"]),
                )  # fmt: skip
        return {i: meter for i in ids if (meter := kept.get((partner_id, i))) is not None}


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
