"""Costs by plain Python, one interval after the other: what the tables are compared with."""

import calendar
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# Start, minutes, kWh, spot price per kWh.
Interval = tuple[datetime, float, float, float | None]
_NONE = (
    "amount", "per", "price_per_kwh", "periods", "steps", "multiplier", "surcharge_per_kwh",
    "price_per_kw", "window_minutes", "days",
)  # fmt: skip


def element(kind: str, **told: Any) -> dict[str, Any]:
    """Return an element as silver stores it."""
    return {"kind": kind, **dict.fromkeys(_NONE), **told}


def period(start: int, end: int, price: float, **told: Any) -> dict[str, Any]:
    """Return a period of use from a minute of the day to another."""
    every = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "months": list(range(1, 13))}
    return {**every, "from_minute": start, "to_minute": end, "price_per_kwh": price, **told}


def tariff(*elements: dict[str, Any], start: str = "2020-01-01", **told: Any) -> dict[str, Any]:
    """Return a row of silver.tariffs."""
    return {
        "tariff_id": "t", "currency": "DKK", "vat": 0.25, "valid_from": start, "valid_to": None,
        "direction": "import", "fuel": "elec", "elements": json.dumps(elements), **told,
    }  # fmt: skip


def intervals(
    start: datetime, end: datetime, minutes: float, energy: Callable[[int], float]
) -> list[Interval]:
    """Return intervals from one instant to another; the price wanders with the hour."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    count = round((last - first).total_seconds() / 60 / minutes)
    starts = (first + timedelta(minutes=minutes * n) for n in range(count))
    return [(at, minutes, energy(n), 0.2 + at.hour / 40) for n, at in enumerate(starts)]


def daily_costs(
    told: Iterable[Interval], zone: str, tariffs: Iterable[dict[str, Any]]
) -> dict[tuple[str, str], float]:
    """Return the cost without tax by local day and kind: all but blocks and capacity."""
    costs: dict[tuple[str, str], float] = defaultdict(float)
    charged: set[tuple[str, str, int]] = set()
    for at, _, kwh, spot in told:
        local = at.astimezone(ZoneInfo(zone))
        day = local.date().isoformat()
        for paid in tariffs:
            if not paid["valid_from"] <= day < (paid["valid_to"] or "9999"):
                continue
            for number, one in enumerate(json.loads(paid["elements"])):
                kind = one["kind"]
                if kind == "standing_charge":
                    if (day, kind, number) not in charged:
                        charged.add((day, kind, number))
                        share = calendar.monthrange(local.year, local.month)[1]
                        costs[day, kind] += one["amount"] / (share if one["per"] == "month" else 1)
                    continue
                if kind == "fixed":
                    price = one["price_per_kwh"]
                elif kind == "spot":
                    assert spot is not None
                    price = one["multiplier"] * spot + one["surcharge_per_kwh"]
                else:
                    price = price_then(local, one["periods"])
                costs[day, kind] += kwh * price
    return dict(costs)


def price_then(local: datetime, periods: list[dict[str, Any]]) -> float:
    """Look at the wall clock: the first period that holds then, by the day on which it began."""
    minute = local.hour * 60 + local.minute
    for one in periods:
        start, end = one["from_minute"], one["to_minute"]
        if start < end:
            began: date | None = local.date() if start <= minute < end else None
        elif minute >= start:
            began = local.date()
        else:
            began = local.date() - timedelta(days=1) if minute < end else None
        if began and began.isoweekday() in one["weekdays"] and began.month in one["months"]:
            return float(one["price_per_kwh"])
    raise AssertionError(f"no price at {local}")
