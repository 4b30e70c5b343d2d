"""A forecast is held against what came true: by lead, beside the naive one, and for drift."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from gold.contracts import ENERGY_HOURLY
from models.contracts import (
    FORECAST_OUTCOMES_DAILY,
    FORECAST_SCORES_DAILY,
    LOAD_FORECASTS,
    QUANTILES,
    quantile_column,
)
from models.forecast_outcomes_daily import (
    forecast_outcomes_daily,
    needed_for_energy_hourly,
    needed_for_load_forecasts,
    touched_by_energy_hourly,
    touched_by_load_forecasts,
)
from models.forecast_scores_daily import (
    forecast_scores_daily,
    needed_for,
    touched_by_forecast_outcomes_daily,
)
from silver.contracts import LOCATIONS

pytestmark = pytest.mark.spark
Make = Callable[..., DataFrame]
Scored = Callable[..., dict[str, Any]]
HOME = {"partner_id": "p", "location_id": "h"}
SERIES = {**HOME, "fuel": "elec", "direction": "import"}
DAY = date(2025, 4, 15)
HOUR = timedelta(hours=1)


def issue(at: datetime, *, level: float, hours: int = 336) -> list[dict[str, Any]]:
    """Return a forecast: the median is the level, P10 and P90 half and twice of it."""
    wide = dict(zip(QUANTILES, (0.4, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5), strict=True))
    return [
        {"issued_at": at, "issued_date": at.date(), "resolution": "PT1H",
         "starts_at": at + n * HOUR, "ends_at": at + (n + 1) * HOUR, "model_version": "m/1",
         **{quantile_column(q): level * times for q, times in wide.items()}}
        for n in range(hours)
    ]  # fmt: skip


def metered(first: datetime, hours: int, kwh: float, **every: Any) -> list[dict[str, Any]]:
    known = {"known_at": first + timedelta(hours=30), "observed_intervals": 1}
    return [
        {"starts_at": first + n * HOUR, "ends_at": first + (n + 1) * HOUR, "energy_kwh": kwh,
         "local_date": (first + n * HOUR + timedelta(hours=2)).date(), **known, **every}
        for n in range(hours)
    ]  # fmt: skip


@pytest.fixture
def scored(table: Make) -> Scored:
    """A maker of the outcomes of a home in Copenhagen, by lead."""

    def make(forecasts: list[dict[str, Any]], energy: list[dict[str, Any]]) -> dict[str, Any]:
        rows = forecast_outcomes_daily(
            table(LOAD_FORECASTS, forecasts, **SERIES),
            table(ENERGY_HOURLY, energy, **SERIES, expected_intervals=1),
            table(LOCATIONS, [{}], **HOME, time_zone="Europe/Copenhagen"),
        )
        assert rows.columns == list(FORECAST_OUTCOMES_DAILY.names)
        return {r.lead: r.asDict() for r in rows.where(f"local_date = '{DAY}'").collect()}

    return make


def test_a_day_is_scored_by_the_newest_issue_of_each_lead(scored: Scored) -> None:
    midnight = datetime(2025, 4, 14, 22, tzinfo=UTC)
    noon = datetime(2025, 4, 14, 10, tzinfo=UTC)
    forecasts = [
        *issue(noon - 4 * HOUR, level=9.0),
        *issue(noon, level=1.0),
        # On the day itself: too late to be a day ahead.
        *issue(midnight + 2 * HOUR, level=7.0),
        # Bands go round: 3 + 20193 % 5 = 6, and 8 + 20193 % 6 = 11 days before.
        *issue(noon - timedelta(days=5), level=2.0),
        *issue(noon - timedelta(days=4), level=9.0),
        *issue(noon - timedelta(days=10), level=4.0),
    ]
    energy = [
        *metered(midnight - timedelta(days=14), 24, 1.0),
        *metered(midnight - timedelta(days=7), 24, 3.0),
        *metered(midnight, 23, 1.5),
        *metered(midnight + 23 * HOUR, 1, 2.5),
    ]
    found = scored(forecasts, energy)
    assert set(found) == {"day_ahead", "days_3_to_7", "days_8_to_13"}
    near = found["day_ahead"]
    assert (near["issued_at"], near["hours"], near["expected_hours"]) == (
        datetime(2025, 4, 14, 10), 24, 24)  # noqa: DTZ001 - Spark's session is UTC  # fmt: skip
    assert near["actual_kwh"] == pytest.approx(37.0)
    assert near["expected_kwh"] == pytest.approx(24.0)
    assert near["error_kwh"] == pytest.approx(23 * 0.5 + 1.5)
    assert (near["inside_hours"], near["banded_hours"], near["naive_hours"]) == (23, 24, 24)
    assert near["naive_error_kwh"] == pytest.approx(23 * 1.5 + 0.5)
    assert near["compared_error_kwh"] == pytest.approx(near["error_kwh"])
    assert found["days_3_to_7"]["expected_kwh"] == pytest.approx(48.0)
    # Issued eleven days before, the newest day of that weekday is two weeks old.
    far = found["days_8_to_13"]
    assert far["naive_error_kwh"] == pytest.approx(23 * 0.5 + 1.5)


def test_what_was_not_known_at_the_issue_is_no_rival_and_a_gap_is_not_scored(
    scored: Scored,
) -> None:
    midnight = datetime(2025, 4, 14, 22, tzinfo=UTC)
    late = {"known_at": midnight + timedelta(days=3)}
    found = scored(
        issue(midnight - 12 * HOUR, level=1.0),
        [
            *metered(midnight - timedelta(days=7), 24, 3.0, **late),
            *metered(midnight, 20, 1.0),
            *metered(midnight + 20 * HOUR, 4, 0.2, observed_intervals=0),
        ],
    )
    near = found["day_ahead"]
    assert (near["hours"], near["naive_hours"], near["naive_error_kwh"]) == (20, 0, 0.0)
    assert near["known_at"] == (midnight + timedelta(days=3)).replace(tzinfo=None)


def outcomes(days: int, homes: int, *, inside: int, **every: Any) -> list[dict[str, Any]]:
    return [
        {"location_id": f"h{home}", "local_date": DAY + timedelta(days=n), "hours": 24,
         "expected_hours": 24, "error_kwh": 6.0, "pinball_kwh": 2.4, "inside_hours": inside,
         "banded_hours": 24, "banded_inside_hours": inside, "naive_hours": 24,
         "naive_error_kwh": 12.0, "compared_error_kwh": 6.0, **every}
        for n in range(days) for home in range(homes)
    ]  # fmt: skip


def test_drift_is_marked_where_there_are_hours_enough(table: Make) -> None:
    same = {"partner_id": "p", "fuel": "elec", "direction": "import", "lead": "day_ahead"}
    rows = [
        *outcomes(14, 5, inside=19, model_version="m/narrow"),
        *outcomes(14, 4, inside=23, model_version="m/wide"),
        *outcomes(14, 4, inside=12, model_version="m/worse", naive_error_kwh=5.0),
        *outcomes(14, 2, inside=4, model_version="m/few"),
        # A band that begins at zero says nothing of the coverage.
        *outcomes(14, 4, inside=24, model_version="m/zero", banded_hours=0, banded_inside_hours=0),
    ]
    worst = {"location_id": "h0", "banded_inside_hours": 6, "inside_hours": 6}
    for row in rows:
        if (row["location_id"], row["model_version"]) == ("h0", "m/narrow"):
            row.update(worst)
    found = forecast_scores_daily(table(FORECAST_OUTCOMES_DAILY, rows, **same))
    assert found.columns == list(FORECAST_SCORES_DAILY.names)
    last = found.where(f"local_date = '{DAY + timedelta(days=13)}'").collect()
    by_version = {row.model_version: row for row in last}
    assert {v: row.drift for v, row in by_version.items()} == {
        "m/narrow": "coverage", "m/wide": "coverage", "m/worse": "coverage_and_error",
        "m/few": "too_little", "m/zero": "none",
    }  # fmt: skip
    narrow = by_version["m/narrow"]
    assert narrow.coverage_14d == pytest.approx((4 * 19 + 6) / 120)
    assert narrow.coverage_worst_tenth_14d == pytest.approx(0.25 + 0.4 * (19 - 6) / 24)
    assert (narrow.homes, narrow.hours, narrow.hours_14d) == (5, 120, 14 * 120)
    assert narrow.mae_over_naive_14d == pytest.approx(0.5)
    assert narrow.pinball_kwh == pytest.approx(0.1)
    early = found.where(f"local_date = '{DAY + timedelta(days=2)}'").collect()
    assert {row.drift for row in early} == {"too_little"}


def test_a_change_touches_the_days_that_look_at_it_and_reads_no_more(table: Make) -> None:
    def days(rows: DataFrame, name: str = "local_date") -> set[int]:
        return {(row[name] - DAY).days for row in rows.collect()}

    changed = table(ENERGY_HOURLY, [{**SERIES, "local_date": DAY, "starts_at": "2025-04-15T05Z"}])
    assert days(touched_by_energy_hourly(changed)) == {0, 7, 14}
    slices = changed.select("partner_id", "location_id", "local_date")
    assert days(needed_for_energy_hourly(slices)) == {0, -7, -14}
    assert days(needed_for_load_forecasts(slices), "issued_date") == {-1, -2, -6, -11}
    forecast = table(
        LOAD_FORECASTS, issue(datetime(2025, 4, 15, 12, tzinfo=UTC), level=1.0), **SERIES
    )
    places = table(LOCATIONS, [{}], **HOME, time_zone="Europe/Copenhagen")
    assert days(touched_by_load_forecasts(forecast, places)) == set(range(15))
    of_partner = slices.select("partner_id", "local_date")
    assert days(touched_by_forecast_outcomes_daily(slices)) == set(range(14))
    assert days(needed_for(of_partner)) == set(range(-13, 1))
