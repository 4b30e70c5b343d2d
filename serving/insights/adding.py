"""Rows of shorter periods -> one element a period, null where there is nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lake.sql_values import Row
from serving.periods import Periods

# What each word of `include` adds to an element, and the columns that it takes.
INCLUDED: Final[Mapping[str, tuple[str, ...]]] = {
    "cost": ("cost", "currency"),
    "co2": ("co2_kg",),
    "temperature": ("temperature_c", "degree_days", "cooling_degree_days"),
    "peak": ("peak_kw", "peak_at"),
    "substituted": ("substituted_kwh",),
    "completeness": (),
}
_HOUR, _DAY = 3_600, 86_400
ALWAYS: Final = (
    "starts_at",
    "ends_at",
    "energy_kwh",
    "observed_intervals",
    "expected_intervals",
    "estimated_share",
)


def added_up(
    rows: Sequence[Row], periods: Periods, *, include: Iterable[str]
) -> list[dict[str, object]]:
    """Return an element for each of the periods.

    ``rows`` have the columns ALWAYS and those of ``include``; a row belongs to the period in which
    it starts. Energy, cost and CO2 are added up (cost and CO2 are null where a part of the energy
    has none), the peak is the highest, the temperature the mean by what was observed, as gold's is.
    A period without rows expects as many intervals as the others.
    """
    bins: list[list[Any]] = [[] for _ in range(len(periods))]
    for row in rows:
        number = periods.at(_instant(row["starts_at"]))
        if 0 <= number < len(bins):
            bins[number].append(row | {"seconds": _seconds(row)})
    interval = min(
        (row["seconds"] / row["expected_intervals"] for found in bins for row in found), default=0
    )
    included = set(include)
    edges = [periods.local(i) for i in range(len(periods) + 1)]
    return [
        {
            "starts_at": edges[i],
            "ends_at": edges[i + 1],
            **_energy(found, periods.edges[i + 1] - periods.edges[i], interval),
            **_extras(found, included, periods),
        }
        for i, found in enumerate(bins)
    ]


def _energy(rows: list[Any], seconds: float, interval: float) -> dict[str, object]:
    observed = sum(row["observed_intervals"] for row in rows)
    missing = (
        round(max(seconds - sum(row["seconds"] for row in rows), 0) / interval)
        if interval
        else None
    )
    expected = None if missing is None else sum(row["expected_intervals"] for row in rows) + missing
    estimated = sum(row["estimated_share"] * row["observed_intervals"] for row in rows)
    return {
        "energy_kwh": _sum(rows, "energy_kwh"),
        "observed_intervals": observed,
        "expected_intervals": expected,
        "completeness": observed / expected if expected else None,
        "estimated_share": estimated / observed if observed else None,
    }


def _extras(rows: list[Any], included: set[str], periods: Periods) -> dict[str, object]:
    found: dict[str, object] = {}
    # What was filled in alone has nothing to be priced.
    known = [row for row in rows if row["energy_kwh"] is not None]
    if "cost" in included:
        currencies = {row["currency"] for row in known}
        is_whole = len(currencies) == 1 and None not in currencies
        found["cost"] = _sum(known, "cost", is_strict=True) if is_whole else None
        found["currency"] = currencies.pop() if found["cost"] is not None else None
    if "co2" in included:
        found["co2_kg"] = _sum(known, "co2_kg", is_strict=True)
    if "temperature" in included:
        found["temperature_c"] = _mean(rows, "temperature_c")
        found["degree_days"] = _sum(rows, "degree_days")
        found["cooling_degree_days"] = _sum(rows, "cooling_degree_days")
    if "peak" in included:
        peaks = [row for row in rows if row["peak_kw"] is not None]
        peak = max(peaks, key=lambda row: row["peak_kw"], default=None)
        found["peak_kw"] = peak and peak["peak_kw"]
        at = peak and peak["peak_at"]
        found["peak_at"] = at.astimezone(periods.zone).isoformat() if at else None
    if "substituted" in included:
        found["substituted_kwh"] = _sum(rows, "substituted_kwh")
    return found


def _sum(rows: list[Any], column: str, *, is_strict: bool = False) -> float | None:
    """Add up what is there; strict: null where a part is."""
    known = [row[column] for row in rows if row[column] is not None]
    if not known or (is_strict and len(known) < len(rows)):
        return None
    return float(sum(known))


def _mean(rows: list[Any], column: str) -> float | None:
    known = [(row[column], _observed(row)) for row in rows if row[column] is not None]
    weight = sum(seconds for _, seconds in known)
    return sum(v * seconds for v, seconds in known) / weight if weight else None


def _observed(row: Any) -> float:
    """Return the seconds of a row that were observed; a total of a day has 24 hours."""
    interval: float = row["seconds"] / row["expected_intervals"]
    is_total = abs(interval - _DAY) <= _HOUR
    return float(row["observed_intervals"] * (_DAY if is_total else interval))


def _seconds(row: Row) -> float:
    return (_instant(row["ends_at"]) - _instant(row["starts_at"])).total_seconds()


def _instant(at: object) -> datetime:
    assert isinstance(at, datetime)
    return at
