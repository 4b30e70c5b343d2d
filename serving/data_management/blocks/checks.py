"""Blocks as a partner sends them -> canonical lines, and what is wrong with each, by its index.

The rules are those that silver judges by, so that what is taken here is not put aside there; each
is a word that a program can tell and a sentence that a person can.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import isnan
from typing import Any, TypeGuard, cast

from pydantic_core import to_json

from serving.data_management.blocks.blocks import Block, Fault, Faults, Meter
from serving.data_management.blocks.intervals import find_interval, instant
from silver.contracts import KWH, SENT_QUALITIES

FIELDS = ("partner_id", "meter_id", "starts_at", "resolution", "unit", "values", "value",
          "quality", "known_at", "message_id")  # fmt: skip
UNITS = (*KWH, "m3")
QUALITIES = frozenset(SENT_QUALITIES)
# No meter of a home counts as much in one interval, whatever the unit.
TOO_LARGE = 1e12
MOST_VALUES = 10_000  # a block is a message of a broker, which takes a MB


def checked(
    block: object, *, index: int, partner_id: str, at: datetime,
    meter: Callable[[str], Meter | None],
) -> Block:  # fmt: skip
    """Return one block with all that is wrong with it; ``at`` is when it arrived."""
    found = Block(index)
    if not isinstance(block, dict):
        found.faults.append(Fault("", "not_an_object", "a block is a JSON object"))
        return found
    said = cast(dict[str, Any], block)
    fault = Faults(found.faults)
    for name in said.keys() - set(FIELDS):
        fault(name[:40], "unknown_field", f"fields are {', '.join(FIELDS)}")
    if said.get("partner_id") not in (None, partner_id):
        fault("partner_id", "not_your_partner", "leave it out, or name your own")
    meter_id = _word(said, "meter_id", fault)
    _known_at(said, fault)
    if not isinstance(said.get("message_id"), str | None):
        fault("message_id", "not_text", "message_id is text")
    unit = _unit(said, fault)
    values = _values(said, fault)
    _quality(said, len(values), fault)
    known = meter(meter_id) if meter_id else None
    found.meter_id, found.values = meter_id, values
    found.is_of_unknown_meter = bool(meter_id) and known is None
    if unit == "m3" and known is not None and known.fuel != "gas":
        fault("unit", "m3_is_for_gas", "m3 is for gas meters")
    find_interval(said, found, known, at, fault)
    if not found.faults:
        found.line = _line(said, partner_id, values, at)
        found.count = _readings(values, said.get("quality"))
    return found


def is_id(said: object) -> TypeGuard[str]:
    """Tell whether a value can be the id of a meter."""
    return (
        isinstance(said, str) and 0 < len(said) <= 200 and said.isprintable() and not said.isspace()
    )


def _word(said: dict[str, Any], name: str, fault: Faults) -> str:
    found = said.get(name)
    if not is_id(found):
        fault(name, "missing", f"{name} is needed: printable text of at most 200 characters")
        return ""
    return found


def _unit(said: dict[str, Any], fault: Faults) -> str:
    unit = said.get("unit")
    word = "kwh" if unit is None else unit.strip().lower() if isinstance(unit, str) else ""
    if word not in UNITS:
        fault("unit", "unknown_unit", "unit is kWh, Wh, MWh, kW, W or m3")
    return word


def _values(said: dict[str, Any], fault: Faults) -> Sequence[float | None]:
    values = [said["value"]] if "value" in said and "values" not in said else said.get("values")
    if not isinstance(values, list) or not values or ("value" in said and "values" in said):
        fault("values", "missing", "values is needed: a list with one number or null an interval")
        return ()
    if len(values) > MOST_VALUES:
        fault("values", "too_many", f"a block has at most {MOST_VALUES:,} values")
        return values
    types = set(map(type, values))
    if types <= {float, int, type(None)}:
        numbers = [v for v in values if v is not None] if type(None) in types else values
        # NaN is neither less nor more than the others, but makes a sum that is none.
        if numbers and min(numbers) >= 0 and max(numbers) < TOO_LARGE and sum(numbers) >= 0:
            return values
        if not numbers:
            fault("values", "missing", "no value is there: every one is null")
            return values
    for n, value in enumerate(values):
        if fault.is_full:
            break
        _value(n, value, fault)
    return values


def _value(n: int, value: object, fault: Faults) -> None:
    if value is None:
        return
    is_nan = isinstance(value, float) and isnan(value)
    if isinstance(value, bool) or not isinstance(value, float | int) or is_nan:
        fault(f"values.{n}", "not_a_number", "a value is a number or null")
    elif value < 0:
        fault(f"values.{n}", "negative", "energy is not negative: direction is the meter's")
    elif not value < TOO_LARGE:
        fault(f"values.{n}", "too_large", "no meter counts as much in one interval")


def _quality(said: dict[str, Any], count: int, fault: Faults) -> None:
    quality = said.get("quality")
    if quality is None or _is_quality(quality):
        return
    if not isinstance(quality, list):
        fault("quality", "unknown_quality", f"quality is {', '.join(sorted(QUALITIES))}")
        return
    if len(quality) != count and count:
        fault("quality", "quality_count_differs", f"{len(quality)} words for {count} values")
    for n, word in enumerate(quality):
        if fault.is_full:
            break
        if word is not None and not _is_quality(word):
            fault(f"quality.{n}", "unknown_quality", f"quality is {', '.join(sorted(QUALITIES))}")


def _is_quality(word: object) -> bool:
    return isinstance(word, str) and word.strip().lower() in QUALITIES


def _readings(values: Sequence[float | None], quality: str | list[str | None] | None) -> int:
    """Count the values that are there: one that is said to be missing is not."""
    if quality is None:
        return len(values) - values.count(None)
    words = quality if isinstance(quality, list) else [quality] * len(values)
    return sum(
        value is not None and (word or "").strip().lower() != "missing"
        for value, word in zip(values, words, strict=True)
    )


def _known_at(said: dict[str, Any], fault: Faults) -> None:
    known_at = said.get("known_at")
    if known_at is not None and instant(known_at) is None:
        fault("known_at", "unreadable", "known_at is an instant with its offset from UTC")


def _line(
    said: dict[str, Any], partner_id: str, values: Sequence[float | None], at: datetime
) -> bytes:
    """Return the canonical line; what was said when is told, so that no two sendings are alike."""
    fields = {
        "partner_id": partner_id, "meter_id": said["meter_id"], "starts_at": said["starts_at"],
        "resolution": said["resolution"], "unit": said.get("unit") or "kWh", "values": values,
        "quality": said.get("quality"), "known_at": said.get("known_at") or at.isoformat(),
        "message_id": said.get("message_id"),
    }  # fmt: skip
    return to_json({name: value for name, value in fields.items() if value is not None})
