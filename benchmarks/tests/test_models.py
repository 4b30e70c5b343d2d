"""The baselines of the models' benchmark know no more than the model does."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.models.forecast import coverage, ratios
from benchmarks.models.homes_lake import needed
from benchmarks.models.own_history import Numbers, by_mstl, by_own_lightgbm
from lake.jobs import load
from lake.outcomes import jobs_file

DAYS = 90


@pytest.fixture(scope="module")
def days() -> Numbers:
    """Energy by day and hour: a daily shape with noise."""
    shape = 1 + np.sin(np.arange(24) * np.pi / 12)
    return np.random.default_rng(1).gamma(20, shape / 20 + 0.01, (DAYS, 24))


def asked(days_ahead: int) -> pd.DataFrame:
    hours = np.arange(24)
    return pd.DataFrame({"day": 70, "local_hour": hours, "days_ahead": days_ahead})


def test_a_model_of_one_home_sees_nothing_after_the_last_known_day(days: Numbers) -> None:
    later = days.copy()
    later[69:] = 1e6
    found = [by_own_lightgbm(d, first_test_day=60, asked=asked(2)) for d in (days, later)]
    assert np.abs(found[0] - days[70]).mean() < 0.7
    np.testing.assert_array_equal(found[0], found[1])


def test_a_model_of_one_home_has_no_answer_without_history(days: Numbers) -> None:
    assert np.isnan(by_own_lightgbm(days, first_test_day=40, asked=asked(1))).all()


def test_mstl_goes_on_with_the_days_shape_over_gaps(days: Numbers) -> None:
    starts = pd.date_range("2025-01-01", periods=DAYS * 24, freq="h", tz="UTC")
    hours = pd.Series(days.ravel(), index=starts).drop(starts[1000:1010])
    until = starts[60 * 24]
    wanted = pd.Series(starts[61 * 24 : 62 * 24])
    later = hours.where(hours.index < until, 1e6)
    found = [by_mstl(h[h.index < until], known_until=until, wanted=wanted) for h in (hours, later)]
    assert np.abs(found[0] - days[61]).mean() < 0.7
    np.testing.assert_array_equal(found[0], found[1])


def test_ratios_are_of_the_hours_that_both_sides_have() -> None:
    series = {"partner_id": "p", "location_id": "a", "fuel": "elec", "direction": "import"}
    other = np.where(np.arange(48) < 24, 2.0, np.nan)
    model = np.where(np.arange(48) < 24, 1.0, 100.0)
    hours = pd.DataFrame({**series, "model": model, "other": other, "inside": np.arange(48) < 36})
    assert ratios(hours, "other").tolist() == [0.5]
    assert coverage(hours) == (0.75, 0.75)


def test_a_lake_for_models_runs_what_a_table_needs_and_no_more() -> None:
    job = needed(
        load(jobs_file(), "daily", {"day": "2025-03-01"}), ["features.hourly_load_profile"]
    )
    keys = {task.key for task in job.tasks}
    assert {"bronze_meter_readings", "gold_energy_hourly", "silver_locations"} <= keys
    assert not {key for key in keys if key.startswith(("models_", "gold_cost", "gold_portfolio"))}
