"""Weeks are their days and years their months, over clock changes and the turn of the year."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import functions as F

from gold.contracts import ENERGY_DAILY, ENERGY_MONTHLY
from gold.energy_weekly import energy_weekly, needed_for_energy_daily, touched_by_energy_daily
from gold.energy_yearly import energy_yearly, needed_for_energy_monthly, touched_by_energy_monthly
from silver.contracts import LOCATIONS

pytestmark = pytest.mark.spark
ZONE = ZoneInfo("Europe/Copenhagen")
SAME = {"partner_id": "p", "fuel": "elec", "direction": "import"}


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def row(first: date, after: date, kwh: float, *, seconds: int = 0, **more: Any) -> dict[str, Any]:
    start, end = midnight(first), midnight(after)
    count = round((end - start).total_seconds() / seconds) if seconds else 1
    return {
        "starts_at": start, "ends_at": end, "local_date": first, "local_month": f"{first:%Y-%m}",
        "energy_kwh": kwh, "observed_intervals": count, "expected_intervals": count,
        "peak_kw": kwh / 10, "peak_at": start, "cost": kwh * 2, "currency": "DKK",
        "degree_days": 3.0, "cooling_degree_days": 0.0, "temperature_c": 5.0, **more,
    }  # fmt: skip


def day(first: date, kwh: float, **more: Any) -> dict[str, Any]:
    return row(first, first + timedelta(days=1), kwh, **{"seconds": 3600, **more})


def month(year: int, number: int, kwh: float, **more: Any) -> dict[str, Any]:
    after = date(year + number // 12, number % 12 + 1, 1)
    return row(date(year, number, 1), after, kwh, **more)


@pytest.fixture
def places(table: Callable[..., Any]) -> Any:
    homes = [{"location_id": f"h{n}"} for n in range(1, 6)]
    return table(LOCATIONS, homes, partner_id="p", time_zone="Europe/Copenhagen", country_code="DK")


def test_a_week_is_its_days_over_clock_changes_and_the_turn_of_the_year(
    table: Callable[..., Any], places: Any
) -> None:
    spring = [day(date(2025, 3, 24) + timedelta(days=n), 1.0 + n) for n in range(7)]
    autumn = [day(date(2025, 10, 20) + timedelta(days=n), 1.0) for n in (0, 1, 6)]
    autumn[1] |= {"cost": None, "currency": None, "temperature_c": None, "degree_days": None}
    # Week 53 of 2020 has three days of 2021; of its equal peaks the first counts.
    turn = [day(date(2020, 12, 28) + timedelta(days=n), 5.0, seconds=0) for n in range(8)]
    days = [r | {"location_id": "h1"} for r in (*spring, *autumn, *turn)]
    found = {
        r["local_date"]: r
        for r in energy_weekly(table(ENERGY_DAILY, days, **SAME), places).collect()
    }
    assert sorted(found) == [
        date(2020, 12, 28), date(2021, 1, 4), date(2025, 3, 24), date(2025, 10, 20)
    ]  # fmt: skip
    first = found[date(2025, 3, 24)]
    assert (first.observed_intervals, first.expected_intervals) == (167, 167)
    assert (first.energy_kwh, first.cost, first.currency) == (28.0, 56.0, "DKK")
    assert (first.degree_days, first.temperature_c) == (21.0, pytest.approx(5.0))
    assert first.peak_kw == pytest.approx(0.7)
    part = found[date(2025, 10, 20)]
    assert (part.observed_intervals, part.expected_intervals) == (24 + 24 + 25, 169)
    assert (part.cost, part.currency, part.degree_days) == (None, None, 6.0)
    turned = found[date(2020, 12, 28)]
    assert (turned.energy_kwh, turned.observed_intervals, turned.local_month) == (35, 7, "2020-12")
    assert turned.peak_at.date() == date(2020, 12, 27)  # Monday's midnight, in UTC
    assert found[date(2021, 1, 4)].observed_intervals == 1


def test_a_year_is_its_months_however_they_were_said(
    table: Callable[..., Any], places: Any
) -> None:
    hourly = [month(2025, n, 10.0, seconds=3600) for n in range(1, 13)]
    said = [month(2025, n, 10.0) for n in range(1, 13)]
    mixed = [month(2024, 1, 10.0, seconds=900), month(2024, 2, 20.0)]
    half = [month(2025, 3, 10.0, seconds=86_284, observed_intervals=15)]
    rows = [
        r | {"location_id": f"h{n}"}
        for n, of_home in enumerate((hourly, said, said[1:], mixed, half), start=1)
        for r in of_home
    ]
    found = {
        r.location_id: r
        for r in energy_yearly(table(ENERGY_MONTHLY, rows, **SAME), places).collect()
    }
    counts = {
        home: (r.energy_kwh, r.observed_intervals, r.expected_intervals)
        for home, r in found.items()
    }
    assert counts == {
        "h1": (120.0, 8760, 8760),
        "h2": (120.0, 12, 12),
        "h3": (110.0, 11, 12),
        "h4": (30.0, 60 * 96, 366 * 96),
        "h5": (10.0, 15, 365),
    }
    assert {r.local_month for r in found.values()} == {"2025-01", "2024-01"}
    assert found["h1"].degree_days == 36.0
    assert found["h1"].ends_at.replace(tzinfo=UTC) == midnight(date(2026, 1, 1))


def test_a_change_touches_its_week_and_its_year_and_reads_no_more(
    table: Callable[..., Any],
) -> None:
    dates = [{"local_date": "2021-01-03"}, {"local_date": "2021-01-02"}]
    changed = table(ENERGY_DAILY, dates, **SAME, location_id="h1")
    weeks = touched_by_energy_daily(changed)
    assert {r.local_date for r in weeks.collect()} == {date(2020, 12, 28)}
    days = needed_for_energy_daily(weeks).agg(
        F.min("local_date"), F.max("local_date"), F.count("*")
    )
    assert tuple(days.collect()[0]) == (date(2020, 12, 28), date(2021, 1, 3), 7)
    years = touched_by_energy_monthly(changed)
    assert {r.local_date for r in years.collect()} == {date(2021, 1, 1)}
    needed = needed_for_energy_monthly(years).agg(
        F.min("local_date"), F.max("local_date"), F.count("*")
    )
    assert tuple(needed.collect()[0]) == (date(2021, 1, 1), date(2021, 12, 1), 12)
