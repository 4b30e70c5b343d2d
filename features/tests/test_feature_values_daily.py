"""Bins by day say what the values are, and count each row in the version known last."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from features.contracts import (
    DAILY_LOAD,
    HOME_SIGNATURES,
    HOURLY_LOAD_PROFILE,
    SPOT_PRICES_HOURLY,
    WEATHER_HOURLY,
)
from features.feature_values_daily import feature_values_daily
from lake.contract import Table
from lake.feature_store.bins import middle

pytestmark = pytest.mark.spark
Make = Callable[..., DataFrame]


SERIES = {"partner_id": "p", "location_id": "a", "fuel": "elec", "direction": "import",
          "local_date": "2025-03-02", "feature_at": "2025-03-03T00:00Z",
          "known_at": "2025-03-03T06:00Z"}  # fmt: skip


def values(table: Make, tables: dict[Table, list[dict[str, Any]]]) -> DataFrame:
    return feature_values_daily(
        *(table(t, tables.get(t, []), **{n: v for n, v in SERIES.items() if n in t})
          for t in (HOURLY_LOAD_PROFILE, DAILY_LOAD, HOME_SIGNATURES, WEATHER_HOURLY,
                    SPOT_PRICES_HOURLY)),
        at_hand=lambda rows: rows,
    )  # fmt: skip


def told(table: Make, *rows: dict[str, Any]) -> dict[tuple[Any, ...], Any]:
    found = values(table, {HOURLY_LOAD_PROFILE: list(rows)})
    return {
        (r.partner_id, r.feature, r.local_date.day, r.bin and round(middle(r.bin), 2)): (
            r.rows, None if r.total is None else round(r.total, 3)
        )
        for r in found.where("feature IN ('lag_1d_kwh', 'days_observed')").collect()
    }  # fmt: skip


def test_a_day_has_a_row_a_bin_with_count_and_sum_and_unknown_ones_apart(table: Make) -> None:
    rows = [{"local_hour": h, "lag_1d_kwh": kwh} for h, kwh in enumerate((0.5, 0.51, 0.0, None))]
    other = {"local_hour": 1, "local_date": "2025-03-04", "lag_1d_kwh": -8.0}
    found = told(table, *rows, other, {"local_hour": 9, "partner_id": "q", "lag_1d_kwh": 1e-12})
    assert {k: v for k, v in found.items() if k[1] == "lag_1d_kwh"} == {
        ("p", "lag_1d_kwh", 2, 0.51): (2, 1.01),
        ("p", "lag_1d_kwh", 2, 0): (1, 0.0),
        ("p", "lag_1d_kwh", 2, None): (1, None),
        ("p", "lag_1d_kwh", 4, -8.18): (1, -8.0),
        ("q", "lag_1d_kwh", 2, 0.0): (1, 0.0),
    }
    assert found["p", "days_observed", 2, 0] == (4, 0.0)


def test_a_corrected_row_counts_once(table: Make) -> None:
    first = {"local_hour": 1, "lag_1d_kwh": 1.0}
    found = told(table, first, {**first, "lag_1d_kwh": 2.0, "known_at": "2025-03-09T06:00Z"})
    assert [v for k, v in found.items() if k[1] == "lag_1d_kwh"] == [(1, 2.0)]


def test_days_months_weather_and_prices_are_counted_too_the_last_two_by_whole_days(
    table: Make,
) -> None:
    hours = [{"starts_at": f"2025-03-{day:02d}T{h:02d}:00Z", "local": day} for day in (2, 3)
             for h in range(24 if day == 2 else 5)]  # fmt: skip

    def of_hours(day: str, **said: Any) -> list[dict[str, Any]]:
        return [{"starts_at": h["starts_at"], day: f"2025-03-{h['local']:02d}", **said}
                for h in hours]  # fmt: skip

    forecast = of_hours("observed_date", temperature_c=9.0, is_observed=False)
    observed = of_hours("observed_date", temperature_c=8.0, is_observed=True)
    ahead = [{"starts_at": f"2025-03-04T{h:02d}:00Z", "observed_date": "2025-03-04",
              "temperature_c": 9.0, "is_observed": False} for h in range(24)]  # fmt: skip
    late = {"known_at": "2025-03-01T06:00Z", "feature_at": "2025-03-01T06:00Z"}
    found = values(
        table,
        {
            DAILY_LOAD: [{"day_kwh": 8.0}, {"day_kwh": 16.0, "known_at": "2025-03-04T06:00Z"}],
            HOME_SIGNATURES: [{"energy_kwh": 300.0, "has_pv": True, "local_month": "2025-03"}],
            WEATHER_HOURLY: [*({**row, **late} for row in forecast), *observed, *ahead],
            SPOT_PRICES_HOURLY: of_hours("price_date", price_per_kwh=-0.5),
        },
    ).where("feature IN ('day_kwh', 'energy_kwh', 'has_pv', 'temperature_c', 'is_observed', "
            "'price_per_kwh')")  # fmt: skip
    assert {
        (r.partner_id, r.feature, r.local_date.day, r.rows, r.total) for r in found.collect()
    } == {
        ("p", "day_kwh", 2, 1, 16.0),
        ("p", "energy_kwh", 2, 1, 300.0),
        ("p", "has_pv", 2, 1, 1.0),
        ("", "temperature_c", 2, 24, 192.0),
        ("", "price_per_kwh", 2, 24, -12.0),
    }
