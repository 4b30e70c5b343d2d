"""Lines that are sent for rows that wait -> the rows that they cannot be for, each with why.

A mending is of the meter that the row is of, and says something of its interval, where the row
tells either: a line that is broken tells neither, and one whose time is wrong is mended elsewhere.
"""

import csv
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import from_json

from lake.repair.held import Held
from serving.data_management.blocks.blocks import Block, Faults, Meter
from serving.data_management.blocks.intervals import find_interval, instant

_READINGS = ("bronze.meter_readings", "silver.meter_readings")
# What is said of rows whose start or length is what has to be mended.
_OF_TIME = ("starts_at", "resolution", "misaligned", "out_of_range")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
Find = Callable[[Collection[str]], Mapping[str, Meter]]


def misfits(rows: Iterable[Held], blocks: Sequence[Block], find: Find) -> list[str]:
    """Return a message a row that no block is for; ``find`` knows the partner's meters."""
    return [f"{row.id} {why}" for row in rows if (why := _misfit(row, blocks, find))]


def _misfit(row: Held, blocks: Sequence[Block], find: Find) -> str:
    if row.table_name not in _READINGS:
        return f"is of {row.table_name}: no reading stands for it"
    said = _object(row.payload)
    meter_id = _meter_id(row, said, find)
    if meter_id is None:
        return ""
    of_meter = [block for block in blocks if block.meter_id == meter_id]
    if not of_meter:
        return f"is of the meter {meter_id}: none of these readings is"
    its = _intervals(row, said, find([meter_id]).get(meter_id))
    if its is not None and not any(_says_of(its, block) for block in of_meter):
        return f"is of {said['starts_at']}, {said['resolution']}: none of these readings is"
    return ""


def _object(payload: str | None) -> dict[str, Any]:
    try:
        said = from_json(payload or "", allow_inf_nan=False)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _meter_id(row: Held, said: Mapping[str, Any], find: Find) -> str | None:
    """Return the meter that a row is of, None where it does not tell."""
    if row.entity_id is not None:
        return row.entity_id
    if said:
        told = said.get("meter_id")
        return told if isinstance(told, str) and told.strip() else None
    # Of a CSV line the header is not known here: a cell that is a meter's id is just that.
    cells = next(csv.reader([row.payload or ""]), [])
    return next((cell for cell in cells if cell and cell in find([cell])), None)


def _intervals(row: Held, said: Mapping[str, Any], meter: Meter | None) -> Block | None:
    """Return a block of the intervals that a row is of, None where it does not tell."""
    starts_at = instant(said.get("starts_at"))
    if starts_at is None or any(word in why for why in row.reasons for word in _OF_TIME):
        return None
    if meter is not None:
        starts_at = starts_at.astimezone(ZoneInfo(meter.zone))
    values = said.get("values") if row.position < 0 else None
    found = Block(0, values=[1.0] * (len(values) if isinstance(values, list) else 1))
    read = {"starts_at": starts_at.isoformat(), "resolution": said.get("resolution")}
    find_interval(read, found, None, _NEVER, Faults([]))
    return found if found.steps else None


def _says_of(its: Block, block: Block) -> bool:
    if block.resolution != its.resolution:
        return False
    said = zip(block.steps, block.values, strict=True)
    return any(value is not None and step in its.steps for step, value in said)
