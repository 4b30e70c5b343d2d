"""A small real lake: contract-typed Delta tables of two partners, with what makes answers hard.

Home `castle` (northgrid, Copenhagen) has quarter-hourly import from 20 October to 1 November 2025:
the day of 25 hours (26th), a missing day (28th), half a day (29th), an estimated day (30th).
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from deltalake import write_deltalake
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from gold.contracts import TABLES as GOLD
from lake.arrow_rows import arrow_rows
from lake.contract import Table
from lake.results import RESULTS
from lake.settings import Settings
from models.contracts import QUANTILES, quantile_column
from models.contracts import TABLES as MODELS
from serving.app import create_app
from serving.commands import token
from silver.contracts import TABLES as SILVER

with warnings.catch_warnings():
    # Starlette's client prefers a package that the lock does not have yet, and takes httpx as well.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TABLES = {t.name: t for t in (*SILVER, *GOLD, *MODELS, RESULTS)}
ZONE = ZoneInfo("Europe/Copenhagen")
FIRST, LAST, MISSING = date(2025, 10, 20), date(2025, 11, 1), date(2025, 10, 28)
KNOWN_AT = datetime(2025, 11, 2, 6, tzinfo=UTC)
Rows = list[dict[str, Any]]


def put(root: Path, name: str, rows: Rows) -> None:
    """Add rows to a table; a column that is not given is null, or known at KNOWN_AT."""
    table: Table = TABLES[name]
    given = [{"known_at": KNOWN_AT, "received_at": KNOWN_AT, "source_file": "f",
              "source_line": n, **row} for n, row in enumerate(rows)]  # fmt: skip
    write_deltalake(
        str(root / table.path), arrow_rows(table, given), mode="append",
        partition_by=list(table.partitioned_by),
    )  # fmt: skip


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
        for start, end in itertools.pairwise(edges)
    ]  # fmt: skip
    put(root, "gold.energy_monthly", months)


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


def _spot(day: dict[str, Any]) -> float | None:
    """Return what a day costs; on the 31st a price is missing."""
    return None if day["local_date"].day == 31 else float(day["cost"])


def forecasts(issued_at: datetime, *, level: float, minutes: int = 60) -> Rows:
    step = timedelta(minutes=minutes)
    return [
        {
            "partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
            "direction": "import", "issued_at": issued_at, "issued_date": issued_at.date(),
            "resolution": {60: "PT1H", 15: "PT15M"}[minutes], "starts_at": issued_at + n * step,
            "ends_at": issued_at + (n + 1) * step, "model_version": "load_forecast/1",
            "basis": "own_history",
            **{quantile_column(q): level * (0.5 + q) * (1 + (n % 24) / 24) for q in QUANTILES},
            "mean_kwh": level * 1.1 * (1 + (n % 24) / 24),
        }
        for n in range(48)
    ]  # fmt: skip


def refused_insights() -> Rows:
    """Return why `it's new` has no comparison of October and no estimate."""
    home = {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
            "direction": "consumption", "issued_at": KNOWN_AT,
            "issued_date": KNOWN_AT.date()}  # fmt: skip
    told = [
        ("similar_homes", "not_enough_contributors", '{"local_month": "2025-10"}'),
        ("estimate", "profile_insufficient", '{"profile_lacks": ["house_type"]}'),
    ]
    return [
        {**home, "insight": insight, "code": code, "description": "Why.", "details": details}
        for insight, code, details in told
    ]


def comparisons() -> Rows:
    """Return castle's large group of September, its small one of October; another partner's."""
    home = {"partner_id": "northgrid", "location_id": "castle", "fuel": "elec", "period": "P1M",
            "filters": "country_code,heating_type_primary,house_type", "own_decile": 5,
            "own_kwh": 300.0, "completeness": 0.95}  # fmt: skip
    large = {"local_month": "2025-09", "local_date": date(2025, 9, 1), "contributors": 24,
             "mean_kwh": 320.0, "efficient_kwh": 150.0,
             **{f"p{d}_kwh": 100.0 + 4 * d for d in range(10, 100, 10)}}  # fmt: skip
    small = {"local_month": "2025-10", "local_date": date(2025, 10, 1), "contributors": 10,
             "mean_kwh": 310.0, "p50_kwh": 290.0, "own_decile": 6}  # fmt: skip
    rows = [home | large, home | small]
    return [*rows, rows[0] | {"partner_id": "southgrid", "location_id": "secret"}]


def estimates(issued_at: datetime, *, kwh: float) -> Rows:
    """Return castle's year, and of gas its year and days, as issued then."""
    home = {"partner_id": "northgrid", "location_id": "castle", "issued_at": issued_at,
            "issued_date": issued_at.date(), "source": "model",
            "model_version": "usage_estimates/1"}  # fmt: skip

    def row(fuel: str, resolution: str, day: date, energy: float) -> dict[str, Any]:
        return {**home, "fuel": fuel, "resolution": resolution, "local_date": day,
                "energy_kwh": energy, "low_kwh": energy / 2, "high_kwh": energy * 2}  # fmt: skip

    first = date(2025, 1, 1)
    days = [row("gas", "P1D", first + timedelta(days=n), kwh / 365) for n in range(365)]
    return [row("elec", "P1Y", first, kwh), row("gas", "P1Y", first, kwh), *days]


def outlooks(issued_at: datetime, *, level: float) -> Rows:
    """Return castle's next 31 days, and November (half of it told by its days) and December."""
    first = issued_at.astimezone(ZONE).date()
    days = [
        ("P1D", first + timedelta(days=n), first + timedelta(days=n + 1), level) for n in range(31)
    ]
    months = [("P1M", date(2025, 11, 1), date(2025, 12, 1), 30 * level),
              ("P1M", date(2025, 12, 1), date(2026, 1, 1), 31 * level)]  # fmt: skip
    return [
        {
            "partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
            "direction": "import", "issued_at": issued_at, "issued_date": issued_at.date(),
            "resolution": resolution, "local_date": begin, "mean_kwh": kwh, "observed_kwh": 0.0,
            "starts_at": datetime(begin.year, begin.month, begin.day, tzinfo=ZONE),
            "ends_at": datetime(end.year, end.month, end.day, tzinfo=ZONE),
            "method": "own_year", "model_version": "load_outlooks/1",
            **{quantile_column(q): kwh * (0.5 + q) for q in QUANTILES},
        }
        for resolution, begin, end, kwh in (*days, *months)
    ]  # fmt: skip


def portfolio() -> Rows:
    """Return two months of detached houses, and groups that are too small."""
    same = {"partner_id": "northgrid", "segment_kind": "house_type", "fuel": "elec",
            "direction": "import", "is_withheld": False}  # fmt: skip
    houses = {"homes": 20, "p25_kwh": 200.0, "p50_kwh": 290.0, "p75_kwh": 390.0,
              "completeness": 0.99, "segment": "house_detached"}  # fmt: skip
    withheld = {"is_withheld": True, "withheld_because": "too_few_homes"}
    rows = [
        houses | {"local_month": "2025-09", "energy_kwh": 6000.0, "mean_kwh": 300.0},
        houses | {"local_month": "2025-10", "energy_kwh": 8000.0, "mean_kwh": 400.0,
                  "change_share": -0.1},
        withheld | {"local_month": "2025-10", "segment": "apartment"},
        withheld | {"local_month": "2025-10", "segment": "holiday_home", "partner_id": "southgrid"},
    ]  # fmt: skip
    every = [row | {"segment_kind": "all", "segment": "all"} for row in rows[:2]]
    return [same | {"local_date": date.fromisoformat(f"{row['local_month']}-01")} | row
            for row in (*rows, *every)]  # fmt: skip


def put_quality(root: Path) -> None:
    """Add what arrived, was refused and was checked: a quiet day, a late source, a broken rule."""
    of_source = {"partner_id": "northgrid", "table_name": "bronze.meter_readings",
                 "source": "landing"}  # fmt: skip
    of_day = {"lines": 3, "entities": 3, "rejected": 0, "quarantined": 0, "expected_readings": 100,
              "first_received_at": KNOWN_AT, "last_received_at": KNOWN_AT}  # fmt: skip
    days = [(date(2025, 10, 24), 100, "usual"), (date(2025, 10, 26), 12, "low")]
    for partner_id, name in (("northgrid", "phase"), ("southgrid", "secret")):
        put(root, "silver.field_drift_daily", [
            {"partner_id": partner_id, "table_name": "bronze.meter_readings", "source": "landing",
             "schema_version": "2", "received_date": date(2025, 10, day), "field_name": field,
             "drift": drift, "is_breaking": drift != "added", "lines": 4, "reason": reason,
             "example": "secret", "first_received_at": KNOWN_AT, "last_received_at": KNOWN_AT}
            for day, field, drift, reason in (
                (20, name, "added", None), (25, name, "added", None),
                (26, name, "added", None), (26, "values", "retyped", "values is not a list: text"),
            )
        ])  # fmt: skip
    put(root, "gold.source_health_daily", [
        of_source | of_day | {"received_date": day, "readings": n, "volume": volume}
        for day, n, volume in days])  # fmt: skip
    looked = [
        ("northgrid", "landing", 4, "late", 100.0), ("northgrid", "landing", 3, "fresh", 1.0),
        ("northgrid", "events", 4, "fresh", 0.5), ("southgrid", "secret", 4, "late", 99.0),
    ]  # fmt: skip
    put(root, "gold.source_freshness", [
        of_source | {"partner_id": p, "source": source, "issued_at": KNOWN_AT.replace(day=day),
                     "issued_date": date(2025, 11, day), "last_received_at": KNOWN_AT,
                     "freshness": freshness, "silent_h": silent, "usual_gap_h": 24.0, "gaps": 9}
        for p, source, day, freshness, silent in looked])  # fmt: skip
    put(root, "gold.validation_daily", [
        of_source | {"partner_id": p, "table_name": "silver.meter_readings",
                     "received_date": date(2025, 10, 26), "stage": "quarantined", "rule": rule,
                     "severity": "error", "broken_rows": n}
        for p, rule, n in [("northgrid", "negative", 2), ("southgrid", "spoilt", 7)]])  # fmt: skip
    put(root, "silver.ingestion_errors_daily", [
        of_source | {"partner_id": p, "table_name": "silver.meter_readings",
                     "received_date": date(2025, 10, 26), "reason": "negative",
                     "refused": waiting + mended + dropped, "waiting": waiting, "released": 0,
                     "mended": mended, "dropped": dropped, "replayed": 0,
                     "oldest_waiting_at": KNOWN_AT}
        for p, waiting, mended, dropped in [
            ("northgrid", 2, 2, 1), ("southgrid", 7, 0, 0)]] + [
        of_source | {"partner_id": "southgrid", "table_name": "bronze.meter_readings",
                     "received_date": date(2025, 10, 26),
                     "reason": "571313180400014077, 2025-10-25: '0,4x1' is not a number",
                     "refused": 3, "waiting": 3, "released": 0, "mended": 0, "dropped": 0,
                     "replayed": 0, "oldest_waiting_at": KNOWN_AT}])  # fmt: skip
    put(root, "quality.results", [
        {"table_name": "gold.energy_daily", "rule": rule, "column_name": column,
         "severity": severity, "outcome": "failed" if failed else "passed",
         "rows_failed": failed, "rows_checked": 40,
         "table_version": day, "checked_at": KNOWN_AT.replace(day=day),
         "checked_date": date(2025, 11, day),
         "recorded_at": KNOWN_AT.replace(day=day) + timedelta(minutes=again)}
        for day, again, rule, column, severity, failed in [
            (2, 0, "not_null", "partner_id", "error", 0),
            (2, 0, "peak_within_period", "-", "warning", 5),
            (2, 1, "peak_within_period", "-", "warning", 5),
            (3, 0, "not_null", "partner_id", "error", 0),
            (3, 0, "peak_within_period", "-", "warning", 2)]])  # fmt: skip


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("lake")
    fine = quarters()
    put(root, "gold.energy_quarter_hourly", fine)
    for table, period in (
        ("hourly", "hour"),
        ("daily", "day"),
        ("weekly", "week"),
        ("monthly", "month"),
        ("yearly", "year"),
    ):
        rows = added(fine, period)
        put(root, f"gold.energy_{table}", rows)
        if period == "day":
            put(root, "gold.energy_daily", [r | {"location_id": "sim-1"} for r in rows])
            put(root, "gold.energy_daily", [r | {"partner_id": "southgrid"} | {
                "location_id": "secret"} for r in rows])  # fmt: skip
            put(root, "gold.data_quality_daily", [
                r | {"completeness": r["observed_intervals"] / r["expected_intervals"],
                     "has_price": True, "has_temperature": True} for r in rows])  # fmt: skip
            put(root, "gold.peak_power_daily", [
                r | {"partner_id": p, "window_minutes": w, "peak_kw": r["peak_kw"] * 15 / w}
                for r in rows for w in (15, 60) for p in ("northgrid", "southgrid")])  # fmt: skip
    put(root, "gold.cost_daily", [
        r | {"partner_id": p, "element": e, "tariff_id": "spot", "net_amount": n, "currency": "DKK",
             "vat_amount": n and n / 4, "total_amount": n and n * 1.25, "is_fallback": False}
        for r in added(fine, "day") for p in ("northgrid", "southgrid")
        for e, n in (("spot", _spot(r)), ("standing_charge", 2.0))])  # fmt: skip
    put(root, "gold.cost_monthly", [
        r | {"element": e, "net_amount": n, "vat_amount": n / 4, "total_amount": n * 1.25,
             "currency": "DKK", "tariff_id": "spot", "is_fallback": r["local_date"].month == 11}
        for r in added(fine, "month")
        for e, n in (("spot", 90.0), ("capacity", 30.0))])  # fmt: skip
    homes = (("northgrid", "castle"), ("northgrid", "it's new"), ("northgrid", "sim-1"),
             ("southgrid", "secret"))  # fmt: skip
    put(root, "silver.locations", [
        {"partner_id": p, "location_id": i, "country_code": "DK", "latitude": 55.7,
         "longitude": 12.6, "time_zone": "Europe/Copenhagen", "price_zone": "DK2"}
        for p, i in homes])  # fmt: skip
    put(root, "silver.home_profiles", [
        {"partner_id": "northgrid", "location_id": "sim-1", "valid_from": FIRST,
         "document": '{"simulated": true, "data_source": "standard profiles"}'}])  # fmt: skip
    put(root, "silver.meters", [
        {"partner_id": p, "meter_id": m, "location_id": i, "fuel": "elec", "direction": "import",
         "is_sub_meter": False}
        for p, m, i in (("northgrid", "m1", "castle"), ("southgrid", "m1", "secret"))])  # fmt: skip
    put(root, "silver.max_demand", [
        {"partner_id": p, "meter_id": m, "location_id": "castle", "fuel": "elec", "month": day,
         "direction": "import", "demand": demand, "unit": "kVA", "quality": "measured"}
        for p, m, day, demand in (("northgrid", "m1", date(2025, 10, 1), 4.5),
                                  ("northgrid", "m1", date(2025, 11, 1), None),
                                  ("northgrid", "not registered", date(2025, 11, 1), 8.0),
                                  ("southgrid", "m1", date(2025, 11, 1), 9.0))])  # fmt: skip
    put(root, "silver.max_demand_limits", [
        {"partner_id": "northgrid", "meter_id": "m1", "location_id": "castle", "valid_from": first,
         "valid_to": end, "min_demand": 1.0, "target_demand": 3.0, "max_demand": most,
         "unit": "kVA"}
        for first, end, most in ((date(2025, 1, 1), date(2025, 11, 1), 6.0),
                                 (date(2025, 11, 1), None, 7.0))])  # fmt: skip
    put(root, "silver.quarantine", [
        {"table_name": "silver.meter_readings", "partner_id": p, "entity_id": "m1", "position": n,
         "reasons": reasons, "quarantined_at": KNOWN_AT}
        for n, (p, reasons) in enumerate([("northgrid", ["negative"]), ("northgrid", ["negative",
            "spike"]), ("southgrid", ["negative"])])])  # fmt: skip
    put(root, "silver.reading_flags", [
        {"partner_id": p, "location_id": "castle", "meter_id": "m1", "fuel": "elec",
         "direction": "import", "local_date": date(2025, 10, 26), "local_month": "2025-10",
         "resolution": "PT1H", "starts_at": KNOWN_AT + timedelta(hours=n), "ends_at": KNOWN_AT,
         "rule": rule, "severity": "warning", "intervals": n, "source": "landing",
         "received_date": date(2025, 10, 27)}
        for p, rule, n in [("northgrid", "spike", 2), ("northgrid", "spike", 1),
                           ("southgrid", "unit_change", 24)]])  # fmt: skip
    put(root, "gold.portfolio_monthly", portfolio())
    put_quality(root)
    put(root, "models.load_forecasts", [
        *forecasts(datetime(2025, 10, 31, 23, tzinfo=UTC), level=0.4),
        *forecasts(datetime(2025, 10, 31, 23, tzinfo=UTC), level=0.1, minutes=15),
        *forecasts(datetime(2025, 11, 1, 23, tzinfo=UTC), level=0.5)])  # fmt: skip
    put(root, "models.load_outlooks", [
        *outlooks(datetime(2025, 10, 31, 23, tzinfo=UTC), level=9.0),
        *outlooks(datetime(2025, 11, 1, 23, tzinfo=UTC), level=10.0)])  # fmt: skip
    put(root, "models.insight_refusals", [
        {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
         "direction": "import", "insight": "outlook", "code": "too_old",
         "description": "The last reading is old.", "details": '{"days_needed": 7}',
         "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()},
        {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
         "direction": "import", "insight": "load_forecast", "code": "too_little_history",
         "description": "Seven days of readings are needed.", "details": '{"days": 2}',
         "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()},
        *refused_insights()])  # fmt: skip
    put(root, "models.similar_homes", comparisons())
    put(root, "models.usage_estimates", [
        *estimates(KNOWN_AT - timedelta(days=1), kwh=3_650.0),
        *estimates(KNOWN_AT, kwh=7_300.0)])  # fmt: skip
    put_watched(root)
    put_parts(root)
    put(root, "gold.base_load_daily", base_loads())
    put(root, "gold.solar_daily", solar_days())
    put(root, "gold.weather_models", weather_models())
    put(root, "gold.weather_normalised_monthly", normalised())
    put(root, "silver.spot_prices", spot_prices())
    put(root, "gold.price_levels", price_levels())
    return root


def put_watched(root: Path) -> None:
    """Add what was unusual at castle, one of it mended since, and how true forecasts were."""
    series = {"partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
              "direction": "import", "local_month": "2025-10", "side": "above", "days": 1,
              "actual_kwh": 18.0, "expected_kwh": 12.0, "low_kwh": 10.0, "high_kwh": 14.0,
              "excess_kwh": 6.0, "excess_cost": 12.0, "currency": "DKK",
              "description": "In words.", "details": '{"days_of_past": 56}'}  # fmt: skip
    looks = [
        (24, 25, "spike", "high"), (24, 29, "spike", "none"), (25, 26, "daily", "none"),
        (26, 27, "daily", "high"), (30, 31, "night_use", "low"),
    ]  # fmt: skip
    told = [
        series | {"local_date": date(2025, 10, day), "kind": kind, "level": level,
                  "known_at": datetime(2025, 10, said, 6, tzinfo=UTC),
                  "issued_at": datetime(2025, 10, said, 14, tzinfo=UTC)}
        for day, said, kind, level in looks
    ]  # fmt: skip
    put(root, "models.anomalies", [
        *told, told[0] | {"partner_id": "southgrid", "location_id": "secret"}])  # fmt: skip
    refused = {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
               "direction": "import", "insight": "anomalies", "code": "not_enough_data",
               "description": "There are 2 days.", "details": '{"days": 2}',
               "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()}  # fmt: skip
    put(root, "models.insight_refusals", [refused])
    put(root, "models.forecast_scores_daily", [
        {"partner_id": p, "model_version": "load_forecasts/1", "fuel": "elec",
         "direction": "import", "lead": lead, "local_date": date(2025, 10, day), "homes": 3,
         "hours": 72, "mae_kwh": 0.12, "naive_mae_kwh": 0.15, "pinball_kwh": 0.04,
         "coverage": 0.7, "banded_hours": 72, "banded_coverage": 0.7, "naive_hours": 72,
         "compared_mae_kwh": 0.12, "hours_14d": 1_008, "coverage_14d": coverage,
         "coverage_worst_tenth_14d": 0.5, "mae_over_naive_14d": 0.8, "drift": drift}
        for p, lead in (("northgrid", "day_ahead"), ("southgrid", "day_ahead"),
                        ("southgrid", "days_3_to_7"))
        for day, coverage, drift in ((30, 0.72, "none"), (31, 0.65, "coverage"))])  # fmt: skip


def put_parts(root: Path) -> None:
    """Put castle's parts of October and of two days, and its assets; another's; a refusal."""
    made = {"issued_at": KNOWN_AT, "model_version": "disaggregation/1"}
    put(root, "models.disaggregation", [
        {**made, "partner_id": p, "location_id": i, "fuel": "elec", "resolution": resolution,
         "local_date": day, "category": category, "energy_kwh": kwh, "low_kwh": low,
         "high_kwh": high, "share": share, "accuracy": "high", "hours": hours,
         "source": "smart_meter"}
        for p, i in (("northgrid", "castle"), ("southgrid", "secret"))
        for resolution, day, hours, category, kwh, low, high, share in (
            ("P1M", date(2025, 10, 1), 288, "always_on", 172.5, 150.25, 190.75, 0.26),
            ("P1M", date(2025, 10, 1), 288, "heating", 518.5, 401.0, 640.5, 0.74),
            ("P1D", date(2025, 10, 26), 25, "always_on", 15.5, 13.0, 16.25, 0.27),
            ("P1D", date(2025, 10, 26), 25, "heating", 44.5, 36.25, 57.5, 0.73),
            ("P1D", date(2025, 10, 27), 24, "always_on", 14.0, 12.5, 15.75, 0.23),
            ("P1D", date(2025, 10, 27), 24, "heating", 43.0, 34.0, 55.25, 0.77))])  # fmt: skip
    put(root, "models.home_assets", [
        {**made, "partner_id": p, "location_id": i, "asset": asset, "probability": probability,
         "size": size, "low": size and 9.25, "high": size and 12.5, "unit": unit,
         "evidence": '{"events_a_week": 3.5}', "since": size and date(2025, 10, 21)}
        for p, i in (("northgrid", "castle"), ("southgrid", "secret"))
        for asset, probability, size, unit in (("solar_panels", 0.03, None, "kWp"),
                                               ("electric_vehicle", 0.97, 11.0, "kW"))
    ])  # fmt: skip
    put(root, "models.insight_refusals", [
        {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
         "direction": "consumption", "insight": "disaggregation", "code": "house_type_unknown",
         "description": "The kind of house is needed.", "details": '{"days_observed": 40}',
         "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()}])  # fmt: skip


def solar_days() -> Rows:
    """Return castle's production of two days, a day on which nothing is known; another's roof."""
    home = {"partner_id": "northgrid", "location_id": "castle", "local_month": "2025-10"}
    told = [
        (25, 24, 24, 4.0, 1.0, 3.0, 6.0, 3.0, 1.5),
        (26, 5, 25, 4.0, 3.0, 3.0, 4.0, 1.0, 0.5),
        (27, 0, 24, None, None, None, None, None, None),
    ]
    days = [
        {**home, "local_date": date(2025, 10, day), "observed_hours": observed,
         "expected_hours": expected, "production_kwh": made, "export_kwh": sold,
         "import_kwh": bought, "consumption_kwh": used, "self_consumed_kwh": own,
         "self_consumption_share": own and made and own / made,
         "self_sufficiency_share": own and used and own / used,
         "savings": savings, "currency": savings and "DKK"}
        for day, observed, expected, made, sold, bought, used, own, savings in told
    ]  # fmt: skip
    return [*days, days[0] | {"partner_id": "southgrid", "location_id": "secret"}]


def base_loads() -> Rows:
    """Return castle's base loads of three days, the last without enough hours."""
    series = {"partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
              "direction": "consumption"}  # fmt: skip
    known = [(24, 0.2, 24, 24), (25, 0.4, 24, 24), (26, 0.3, 25, 25), (27, None, 9, 24)]
    return [
        {**series, "local_date": date(2025, 10, day), "base_load_kw": kw,
         "base_load_kwh": kw and kw * hours, "base_load_share": kw and 0.25,
         "observed_hours": observed, "expected_hours": hours}
        for day, kw, observed, hours in known
    ]  # fmt: skip


_SERIES = {"partner_id": "northgrid", "location_id": "castle", "direction": "consumption",
           "baseline_start": date(2024, 11, 2), "baseline_end": LAST}  # fmt: skip


def weather_models() -> Rows:
    """Return castle's models: of gas one that holds, of electricity none."""
    fitted = {"outcome": "fitted", "model_type": "heating", "heating_balance_c": 15.0,
              "base_kwh_per_day": 8.0, "heating_kwh_per_degree_day": 4.0, "r2": 0.9,
              "adjusted_r2": 0.9, "cvrmse": 0.2, "days_used": 360}  # fmt: skip
    few = {"outcome": "too_few_days", "days_used": 12}
    return [_SERIES | {"fuel": "gas"} | fitted, _SERIES | {"fuel": "elec"} | few]


def normalised() -> Rows:
    """Return castle's October: of gas in normal weather too, of electricity as it was."""
    october = {k: v for k, v in _SERIES.items() if not k.startswith("baseline")} | {
        "local_date": date(2025, 10, 1), "local_month": "2025-10", "energy_kwh": 900.0,
        "observed_intervals": 744, "expected_intervals": 744, "temperature_c": 6.0, "years": 3,
    }  # fmt: skip
    normal = {"outcome": "normalised", "normalised_kwh": 800.0, "low_kwh": 740.0,
              "high_kwh": 870.0, "normal_temperature_c": 7.0}  # fmt: skip
    return [october | {"fuel": "gas"} | normal,
            october | {"fuel": "elec", "outcome": "too_few_days"}]  # fmt: skip


def spot_prices() -> Rows:
    """Return DK2's 26 October, a market day of 25 hours: 1.0, the first quarter 0.2."""
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)
    price = {"price_zone": "DK2", "currency": "DKK"}
    hours = [
        {**price, "starts_at": midnight + timedelta(hours=n), "resolution": "PT60M",
         "ends_at": midnight + timedelta(hours=n + 1), "price_per_kwh": 1.0}
        for n in range(25)
    ]  # fmt: skip
    fine = {"starts_at": midnight, "ends_at": midnight + timedelta(minutes=15)}
    return [*hours, price | fine | {"resolution": "PT15M", "price_per_kwh": 0.2}]


def price_levels() -> Rows:
    """Return the levels of DK2's 26 October and of the month."""
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)
    same = {"price_zone": "DK2", "currency": "DKK", "low_per_kwh": 0.2, "high_per_kwh": 1.0,
            "mean_per_kwh": 0.992, "before_30d_per_kwh": 0.8, "level_30d": "high"}  # fmt: skip
    day = {"resolution": "P1D", "price_date": date(2025, 10, 26), "starts_at": midnight,
           "ends_at": midnight + timedelta(hours=25), "priced_share": 1.0}  # fmt: skip
    month = {"resolution": "P1M", "price_date": date(2025, 10, 1), "priced_share": 0.04,
             "starts_at": datetime(2025, 9, 30, 22, tzinfo=UTC),
             "ends_at": datetime(2025, 10, 31, 23, tzinfo=UTC)}  # fmt: skip
    return [same | day, same | month]


@pytest.fixture(scope="session")
def settings(lake: Path) -> Settings:
    return Settings(lake=str(lake))


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    """Northgrid's client."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        yield client


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[TestClient]:
    """Northgrid's client of the Data Management API, over an empty lake."""
    here = Settings(lake=str(tmp_path / "lake"))
    with managing(here) as client:
        yield client


@contextmanager
def managing(settings: Settings, partner: str = "northgrid") -> Iterator[TestClient]:
    """Run the Data Management API; its addresses begin after the version."""
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")
        given = token(partner, "data.read data.write market.write", settings=settings)
        client.headers["Authorization"] = f"Bearer {given}"
        yield client


@pytest.fixture
def landed(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Return a reader of the documents in landing, in the order in which they were said."""

    def read() -> list[dict[str, Any]]:
        files = (tmp_path / "lake/landing/registrations").glob("*/*/*.ndjson")
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        return sorted(map(json.loads, lines), key=lambda d: (d["known_at"], d["location_id"]))

    return read


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a real PostgreSQL that lives as long as the tests."""
    if not shutil.which("initdb") or not shutil.which("postgres"):
        pytest.skip("no PostgreSQL: its initdb and postgres are not on the PATH")
    # It does not run as root, and its socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = "nobody" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = ["initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync"]  # fmt: skip
    subprocess.run(made, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
    running = ["postgres", "-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1",
               "-k", str(folder), "-c", "fsync=off"]  # fmt: skip
    address = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(running, user=user, cwd=folder, stdout=log, stderr=log)
    try:
        _until_it_answers(address)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _until_it_answers(address: str) -> None:
    engine = create_engine(address, poolclass=NullPool)
    for _ in range(200):
        with suppress(OperationalError), engine.connect():
            return
        time.sleep(0.1)
    raise AssertionError("PostgreSQL did not start")


Wait = Callable[..., Any]
Serve = Callable[[Path, int], AbstractContextManager[subprocess.Popen[bytes]]]


@pytest.fixture(scope="session")
def waited_for() -> Wait:
    """Return what asks again and again until the answer is true, and returns it.

    It raises TimeoutError with the last answer where none was true in time.
    """

    def wait(found: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := found()):
            if time.monotonic() >= deadline:
                raise TimeoutError(f"still {value!r} after {seconds} s")
            time.sleep(0.05)
        return value

    return wait


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def served(waited_for: Wait) -> Serve:
    """Return what runs `lake serve` on a lake in a process of its own, to be killed."""

    @contextmanager
    def run(lake: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
        here = str(Path(__file__).parents[2])
        env = {**os.environ, "ELIQ_LAKE": str(lake), "PYTHONPATH": here}
        command = f"from serving.commands import serve; serve(port={port})"
        process = subprocess.Popen(
            [sys.executable, "-c", command], env=env, stdout=subprocess.DEVNULL, cwd=lake.parent
        )

        def answers() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            return False

        try:
            waited_for(answers)
            yield process
        finally:
            process.kill()
            process.wait()

    return run
