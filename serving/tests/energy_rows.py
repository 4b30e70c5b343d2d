"""Castle's energy by the quarter hour, and added up as gold does it.

Quarter-hourly import from 20 October to 1 November 2025: the day of 25 hours (26th), a missing day
(28th), half a day (29th), an estimated day (30th).
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from serving.tests.tables import LAST, MISSING, ZONE, Rows, put


def quarters() -> Rows:
    """Return castle's quarter hours: 0.1 kWh, a third more in the evening, at 2 per kWh."""
    found: Rows = []
    at = datetime(2025, 10, 20, tzinfo=ZONE).astimezone(UTC)
    for n in count():
        starts_at = at + timedelta(minutes=15 * n)
        local = starts_at.astimezone(ZONE)
        if local.date() > LAST:
            return found
        if local.date() == MISSING or (local.date() == date(2025, 10, 29) and local.hour >= 12):
            continue
        energy = 0.1 + 0.3 * (18 <= local.hour < 20) + 0.002 * (n % 7)
        found.append(
            {
                "partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
                "direction": "import", "starts_at": starts_at,
                "ends_at": starts_at + timedelta(minutes=15), "local_date": local.date(),
                "local_month": f"{local:%Y-%m}", "energy_kwh": energy, "observed_intervals": 1,
                "expected_intervals": 1, "estimated_share": float(local.date().day == 30),
                "cost": energy * 2, "currency": "DKK", "peak_kw": energy * 4, "peak_at": starts_at,
                "temperature_c": 8.0 - local.hour / 12, "degree_days": None,
            }
        )  # fmt: skip
    return found


def added(rows: Rows, period: str) -> Rows:
    """Return the rows by hour, day or month of the local clock, as gold makes them."""
    groups: dict[tuple[datetime, datetime], Rows] = defaultdict(list)
    for row in rows:
        local = row["starts_at"].astimezone(ZONE)
        if period == "hour":
            start = row["starts_at"].replace(minute=0)
            end = start + timedelta(hours=1)
        else:
            first, days = _calendar(local.date(), period)
            after = first + timedelta(days=days)
            after = after if days < 8 else after.replace(day=1)
            start, end = (
                datetime(d.year, d.month, d.day, tzinfo=ZONE).astimezone(UTC)
                for d in (first, after)
            )
        groups[start, end].append(row)
    return [_one(found, start, end) for (start, end), found in groups.items()]


def _calendar(day: date, period: str) -> tuple[date, int]:
    """Return the first day of a period, and the days after which the next has begun."""
    return {
        "day": (day, 1),
        "week": (day - timedelta(days=day.weekday()), 7),
        "month": (day.replace(day=1), 31),
        "year": (day.replace(month=1, day=1), 366),
    }[period]


def _one(rows: Rows, start: datetime, end: datetime) -> dict[str, Any]:
    peak = max(rows, key=lambda r: r["peak_kw"])
    observed = len(rows)
    return {
        **rows[0], "starts_at": start, "ends_at": end,
        "local_date": start.astimezone(ZONE).date(),
        "local_month": f"{start.astimezone(ZONE):%Y-%m}",
        "energy_kwh": sum(r["energy_kwh"] for r in rows), "cost": sum(r["cost"] for r in rows),
        "observed_intervals": observed, "peak_kw": peak["peak_kw"], "peak_at": peak["peak_at"],
        "expected_intervals": round((end - start).total_seconds() / 900),
        "estimated_share": sum(r["estimated_share"] for r in rows) / observed,
        "temperature_c": sum(r["temperature_c"] for r in rows) / observed,
    }  # fmt: skip


def put_months(root: Path, home: dict[str, Any]) -> None:
    """Add January and February 2025 of a home whose meter is read by the month."""
    edges = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3)]
    months = [
        {
            "partner_id": home["partner_id"], "location_id": home["location_id"], "fuel": "elec",
            "direction": way, "starts_at": start, "ends_at": end, "local_date": start.date(),
            "local_month": f"{start:%Y-%m}", "energy_kwh": 300.0, "observed_intervals": 1,
            "expected_intervals": 1, "estimated_share": 0.0,
        }
        for way in ("import", "consumption")
        for start, end in pairwise(edges)
    ]  # fmt: skip
    put(root, "gold.energy_monthly", months)
