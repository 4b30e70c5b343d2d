"""Bins by day say what the values are, and count each row in the version known last."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from features.contracts import HOURLY_LOAD_PROFILE
from features.feature_values_daily import feature_values_daily
from lake.feature_bins import middle

pytestmark = pytest.mark.spark
Make = Callable[..., DataFrame]


def told(table: Make, *rows: dict[str, Any]) -> dict[tuple[Any, ...], Any]:
    profile = table(
        HOURLY_LOAD_PROFILE, list(rows), partner_id="p", location_id="a", fuel="elec",
        direction="import", local_date="2025-03-02", known_at="2025-03-03T06:00Z",
    )  # fmt: skip
    found = feature_values_daily(profile, at_hand=lambda rows: rows).where(
        "feature IN ('lag_1d_kwh', 'days_observed')"
    )
    return {
        (r.partner_id, r.feature, r.local_date.day, r.bin and round(middle(r.bin), 2)): (
            r.rows, None if r.total is None else round(r.total, 3)
        )
        for r in found.collect()
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
