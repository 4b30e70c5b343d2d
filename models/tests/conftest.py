"""Homes with a known pattern, as training rows (pandas) and as tables (Spark), and a champion."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contracts import CALENDAR_DAYS, WEATHER_HOURLY
from features.hourly_load_profile import hourly_load_profile
from gold.contracts import ENERGY_DAILY, ENERGY_QUARTER_HOURLY
from lake.modelling.registry import Champion, Registry
from lake.modelling.versions import Made
from lake.schema import empty
from lake.settings import Settings
from models import load_forecasts as forecasts
from models.contracts import USAGE_ESTIMATES
from silver.contracts import HOME_PROFILES, LOCATION_WEATHER, LOCATIONS

FIRST = date(2025, 3, 10)
CLOCK = datetime(2025, 4, 14, 9, 20, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Eight homes, 90 issue times each: a daily shape times noise, a week ago as noisy as today."""
    random = np.random.default_rng(3)
    homes, days, hours = np.meshgrid(np.arange(8), np.arange(90), np.arange(24), indexing="ij")
    home, day, hour = homes.ravel(), days.ravel(), hours.ravel()
    rows = len(home)
    horizon = (hour * 7 + day) % 60.0
    asked = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(day, unit="D")
    starts = asked + pd.to_timedelta(horizon, unit="h")
    level = 0.2 + 0.3 * home
    expected = level * (1 + 0.8 * np.sin(starts.hour.to_numpy() * np.pi / 12))

    def seen(spread: float) -> Any:
        return expected * random.gamma(1 / spread**2, spread**2, rows)

    frame = pd.DataFrame(
        {
            "partner_id": "p",
            "location_id": [f"h{i}" for i in home],
            "fuel": "elec",
            "direction": "import",
            "asked_at": asked,
            "starts_at": starts,
            "level_kwh": level,
            "week_level_kwh": level,
            "last_day_kwh": level,
            "highest_hour_kwh": 2 * level,
            "lowest_hour_kwh": 0.5 * level,
            **{f"last_{n}h_off_kwh": seen(0.2) - expected for n in (1, 3, 6, 24)},
            "silent_h": np.full(rows, 12.0),
            "day_above": np.zeros(rows),
            "week_above": np.zeros(rows),
            "week_before_kwh": seen(0.5),
            **{f"lag_{n}d_kwh": seen(0.5) for n in range(1, 8)},
            **{f"{n}_kwh": seen(0.15) for n in ("mean_7d", "mean_28d", "median_28d")},
            "deviation_28d_kwh": expected * 0.5,
            **{
                f"p{n}_28d_kwh": expected * k
                for n, k in ((10, 0.4), (25, 0.6), (75, 1.3), (90, 1.7))
            },
            **{f"kind_{n}_28d_kwh": seen(0.2) for n in ("mean", "median")},
            "hour_before_kwh": expected,
            "hour_after_kwh": expected,
            "days_ahead": (horizon // 24 + 1).astype("int32"),
            "horizon_h": horizon,
            "local_hour": starts.hour.astype("int32"),
            "weekday": starts.dayofweek.astype("int32"),
            "day_of_year": starts.dayofyear.astype("int32"),
            "days_observed": np.full(rows, 28, dtype="int32"),
            "is_holiday": (starts.dayofyear % 50 == 0).astype("int32"),
            **{f"temperature{n}_c": random.normal(8.0, 3.0, rows) for n in ("", "_28d", "_1d")},
            **{f"irradiance{n}_w_m2": random.gamma(2.0, 90.0, rows) for n in ("", "_28d", "_1d")},
            **{f"sun{n}_w_m2": random.gamma(2.0, 150.0, rows) for n in ("", "_28d")},
            "energy_kwh": seen(0.5),
        }
    )
    frame.loc[::17, ["week_before_kwh", "lag_7d_kwh"]] = np.nan
    frame.loc[::5, ["temperature_c", "irradiance_w_m2", "sun_w_m2", "sun_28d_w_m2"]] = np.nan
    return frame


@pytest.fixture(scope="session")
def champion(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Champion:
    """A model in a real registry."""
    registry = Registry(Settings(lake=str(tmp_path_factory.mktemp("lake"))))
    made = Made({}, {}, CLOCK - timedelta(days=1), forecasts.MODEL_VERSION, {}, {}, "A card.",
                forecasts.example(frame), forecasts.REQUIRES)  # fmt: skip
    version = registry.register("load_forecasts", forecasts.fit(frame), forecasts.LOADER, made)
    registry.promote("load_forecasts", version)
    found = registry.champion("load_forecasts")
    assert found
    return found


@pytest.fixture(scope="session")
def questions() -> pd.DataFrame:
    """Twelve homes that heat when it is cold, two years of days, asked once in 15 days."""
    random = np.random.default_rng(5)
    days = np.arange(730)
    first = 19_000
    season = 9.0 - 8.0 * np.cos(2 * np.pi * (days - 20) / 365.25)
    step = ((days % 365) // 10).astype(int)
    rows: list[Row] = []
    for home in range(12):
        # Each has its own weather, or all would err alike.
        warmth = season + random.normal(0, 2.5, len(days))
        slope, base = 0.3 + 0.1 * home, 3.0 + home
        kwh = base + slope * np.maximum(16 - warmth, 0) + random.gamma(4, 0.2, len(days))
        for at in range(60 + home, 720, 15):
            past = np.arange(max(0, at - 365), at)
            seen = step[:at]
            rows.append(
                {
                    "partner_id": "p", "location_id": f"h{home}", "fuel": "gas",
                    "direction": "import", "asked_at": pd.Timestamp(first + at, unit="D", tz="UTC"),
                    "latitude": 56.0, "first_day": first + at, "days_ago": at - past,
                    "kwh": kwh[past], "temperature_c": warmth[past],
                    "climate_days": np.bincount(seen, minlength=37).astype(float),
                    "climate_c": np.bincount(seen, warmth[:at], 37),
                    "climate_c2": np.bincount(seen, warmth[:at] ** 2, 37),
                    "forecast_c": None, "true_kwh": kwh[at : at + 397],
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def hours(spark: SparkSession) -> Callable[..., DataFrame]:
    """Make gold.energy_hourly of one home from FIRST on; known the next morning."""

    def made(
        home: str, *, days: int, kwh: str = "0.3 + 0.1 * hour(starts_at)", fuel: str = "elec",
        direction: str = "import", first: date = FIRST,
    ) -> DataFrame:  # fmt: skip
        begin = datetime.combine(first, datetime.min.time(), UTC)
        stamps = [(begin + timedelta(hours=h),) for h in range(24 * days)]
        return (
            spark.createDataFrame(stamps, "starts_at timestamp")
            .select(
                F.lit("p").alias("partner_id"),
                F.lit(home).alias("location_id"),
                F.lit(fuel).alias("fuel"),
                F.lit(direction).alias("direction"),
                "starts_at",
                F.timestamp_add("HOUR", F.lit(1), "starts_at").alias("ends_at"),
                F.to_date("starts_at").alias("local_date"),
                F.date_format("starts_at", "yyyy-MM").alias("local_month"),
                F.expr(kwh).cast("double").alias("energy_kwh"),
                F.lit(1).alias("observed_intervals"),
                F.lit(1).alias("expected_intervals"),
                F.timestamp_add(
                    "HOUR", F.lit(30), F.date_trunc("day", "starts_at")
                ).alias("known_at"),
            )
        )  # fmt: skip

    return made


@pytest.fixture
def meters(spark: SparkSession) -> Callable[..., DataFrame]:
    def made(*rows: tuple[str, str, str]) -> DataFrame:
        return spark.createDataFrame(
            [("p", *row, False, None, None, None) for row in rows],
            "partner_id string, location_id string, fuel string, direction string, "
            "is_sub_meter boolean, deleted_at timestamp, supply_start date, supply_end date",
        )

    return made


@pytest.fixture
def nowhere(spark: SparkSession) -> dict[str, DataFrame]:
    """What is around homes of which no place is known: no weather, no holidays."""
    tables = (WEATHER_HOURLY, CALENDAR_DAYS, LOCATION_WEATHER, LOCATIONS)
    return {table.noun: empty(spark, table) for table in tables}


@pytest.fixture
def unknown(spark: SparkSession, nowhere: dict[str, DataFrame]) -> dict[str, Any]:
    """What load_forecasts looks at beside recent load, with nothing in it."""
    tables = (ENERGY_DAILY, ENERGY_QUARTER_HOURLY, HOME_PROFILES, USAGE_ESTIMATES)
    others = {table.noun: empty(spark, table) for table in tables}
    return others | nowhere | {"at_hand": lambda rows: rows}


@pytest.fixture
def profile(spark: SparkSession) -> Callable[[DataFrame, DataFrame], DataFrame]:
    """Make features.hourly_load_profile, all homes being in Reykjavik, where UTC is local time."""

    def made(energy: DataFrame, meters: DataFrame) -> DataFrame:
        zone = F.lit("Atlantic/Reykjavik").alias("time_zone")
        homes = energy.select("partner_id", "location_id", zone).distinct()
        return hourly_load_profile(energy, meters, homes).localCheckpoint()

    return made
