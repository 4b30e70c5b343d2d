"""Rows of maximum demand -> what is wrong with each, in the words of silver.max_demand."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from serving.data_management.blocks.blocks import Faults, Meter
from serving.data_management.blocks.checks import QUALITIES
from serving.data_management.bulk.row_checks import as_number, word_of
from serving.data_management.requests.fields import day_of

UNITS = ("kw", "w", "kva")
TOO_LARGE = 1e9
_EARLIEST = date(1990, 1, 1)
# A clock may be wrong by this much.
_AHEAD = timedelta(hours=1)
_TRUE = ("true", "t", "yes", "y", "1")


def check_demand(said: Mapping[str, Any], known: Meter | None, at: datetime, fault: Faults) -> None:
    """Hold a month's maximum against its meter; one that is not known yet is no error."""
    # Spark trims blanks alone.
    month = day_of(told.strip(" ") if isinstance(told := said.get("month"), str) else told)
    if month is None:
        fault("month", "month_unreadable", "month is the first day of one, as in 2025-10-01")
    else:
        check_month(month, known, at, fault)
    unit = word_of(said, "unit", "kW")
    if unit not in UNITS:
        fault("unit", "unknown_unit", "unit is kW, W or kVA")
    elif unit == "kva" and known is not None and known.fuel != "elec":
        fault("unit", "kva_is_for_electricity", "kVA is for meters of electricity")
    quality = word_of(said, "quality")
    if quality and quality not in QUALITIES:
        fault("quality", "unknown_quality", f"quality is {', '.join(sorted(QUALITIES))}")
    if not is_true(said.get("is_deleted")):
        _check_number(said.get("demand"), unit, quality, fault)


def check_month(month: date, known: Meter | None, at: datetime, fault: Faults) -> None:
    """Hold a month against the calendar and the meter's supply."""
    zone = ZoneInfo(known.zone) if known is not None else UTC
    if month.day != 1:
        fault("month", "not_the_first_of_a_month", "month is the first day of one")
    if datetime(month.year, month.month, month.day, tzinfo=zone) > at + _AHEAD:
        fault("month", "of_the_future", "the month has not begun")
    if month < _EARLIEST:
        fault("month", "out_of_range", "months are from 1990 on")
    if month.day == 1 and known is not None:
        begins, ends = known.supply_start or date.min, known.supply_end or date.max
        last = month.replace(day=monthrange(month.year, month.month)[1])
        if last < begins or month > ends:
            told = f"{known.supply_start or 'the beginning'} to {known.supply_end or 'now on'}"
            fault("month", "outside_supply", f"the meter is supplied from {told}")


def is_true(said: object) -> bool:
    """Tell whether a mark is set, as silver reads it."""
    return str(said).strip().lower() in _TRUE


def _check_number(said: object, unit: str, quality: str, fault: Faults) -> None:
    demand = as_number(str(said) if type(said) is int else said)
    if not isinstance(demand, float) or not isfinite(demand):
        fault("demand", "not_a_number", "demand is a finite number")
    elif quality == "missing":
        fault("demand", "not_a_number", "what is said to be missing was not metered")
    elif demand < 0:
        fault("demand", "negative", "power is not negative: direction is the meter's")
    elif demand * (1e-3 if unit == "w" else 1.0) >= TOO_LARGE:
        fault("demand", "too_large", "no meter carries as much")
