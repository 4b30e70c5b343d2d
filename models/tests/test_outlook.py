"""The model of days and months: bounds that hold, sums that add up, homes that lack something."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.backtests.outlooks import (
    before_judgement,
    compared,
    fit,
    gate,
    judge,
    lacking,
    split_day,
)
from models.contracts import METHODS, QUANTILES, quantile_column
from models.outlook.climate import Climate, degrees
from models.outlook.known import INPUTS, known
from models.outlook.quantiles import OutlookQuantiles

pytestmark = pytest.mark.slow
COLUMNS = [quantile_column(q) for q in QUANTILES]


@pytest.fixture(scope="module")
def model(questions: pd.DataFrame) -> OutlookQuantiles:
    return fit(questions)


def test_it_beats_the_baselines_and_its_bounds_hold(
    model: OutlookQuantiles, questions: pd.DataFrame
) -> None:
    judged = judge(model, questions)
    figures = judged.figures
    assert figures["day_mae_over_week_ago"] < 0.85
    assert figures["day_mae_over_28d"] < 0.95
    assert figures["month_error"] < 0.1
    assert 0.70 <= figures["day_coverage"] <= 0.90
    assert gate(judged, None) == ""
    assert lacking(questions) == ""
    assert "too little history" in lacking(questions.head(3))


def test_days_and_what_is_past_add_up_to_the_month(
    model: OutlookQuantiles, questions: pd.DataFrame
) -> None:
    asked = questions.tail(5).reset_index(drop=True)
    said = model.predict(asked)
    for row in asked.index:
        of_home = said[said["row"] == row]
        days, months = (of_home[of_home["resolution"] == r] for r in ("P1D", "P1M"))
        assert (len(days), len(months)) == (31, 13)
        begin, end = months["first_day"].iloc[:2]
        within = days[days["first_day"].between(begin, end - 1)]
        total = within["mean_kwh"].sum() + months["observed_kwh"].iloc[0]
        assert total == pytest.approx(months["mean_kwh"].iloc[0])
        past = asked["first_day"][row] - begin
        observed = asked["kwh"][row][asked["days_ago"][row] <= past].sum()
        assert months["observed_kwh"].iloc[0] == pytest.approx(observed)


def test_a_summer_only_home_is_told_of_its_winter_by_the_others(
    model: OutlookQuantiles, questions: pd.DataFrame
) -> None:
    # Of the second August, when the others have had a winter, only the last six weeks are left.
    asked = questions[questions["true_kwh"].map(len) > 150].tail(1).reset_index(drop=True)
    short = asked.copy()
    new = asked["days_ago"][0] <= 45
    for name in ("days_ago", "kwh", "temperature_c"):
        short.at[0, name] = asked[name][0][new]
    said = compared(model, short)
    assert set(said["method"]) == {"other_homes_year"}
    later = said[(said["resolution"] == "P1M") & (said["step"].between(1, 4))]
    assert (later["mean_kwh"] / later["true_kwh"] - 1).abs().max() < 0.35


def altered(asked: pd.DataFrame, **values: Any) -> pd.DataFrame:
    other = asked.copy()
    for name, value in values.items():
        other[name] = pd.Series([value], dtype=object)
    return other


@pytest.mark.parametrize(
    "values",
    [
        {"temperature_c": np.full(365, np.nan)},
        {"climate_days": None},
        {"climate_days": np.zeros(37)},
        {"kwh": np.zeros(365)},
        {"kwh": np.full(365, 7.0)},
        {"kwh": np.full(365, 1e7)},
        {"temperature_c": np.full(365, -60.0)},
        {"temperature_c": np.full(365, 55.0)},
        {"days_ago": np.array([1]), "kwh": np.array([4.0]), "temperature_c": np.array([3.0])},
        {"days_ago": np.array([1, 365]), "kwh": np.ones(2), "temperature_c": np.ones(2)},
        {"fuel": "steam", "direction": "sideways"},
        {"latitude": -56.0},
        {"forecast_c": np.array([-30.0, np.nan, 40.0])},
    ],
)
def test_whatever_is_asked_the_bounds_are_in_order_and_hold_the_mean(
    model: OutlookQuantiles, questions: pd.DataFrame, values: dict[str, Any]
) -> None:
    asked = questions[questions["days_ago"].map(len) == 365].head(1).reset_index(drop=True)
    said = model.predict(altered(asked, **values))
    kwh = said[COLUMNS].to_numpy()
    assert np.isfinite(kwh).all()
    assert (kwh >= 0).all()
    assert (np.diff(kwh, axis=1) >= 0).all()
    assert (said["p05_kwh"] <= said["mean_kwh"]).all()
    assert (said["mean_kwh"] <= said["p95_kwh"]).all()
    assert set(said["method"]) < set(METHODS)


def test_without_temperatures_the_method_says_so(
    model: OutlookQuantiles, questions: pd.DataFrame
) -> None:
    asked = questions.tail(1).reset_index(drop=True)
    said = model.predict(altered(asked, climate_days=None))
    assert set(said["method"]) == {"own_year_without_weather"}


def test_what_was_metered_of_the_month_stands_before_its_temperatures_come(
    model: OutlookQuantiles, questions: pd.DataFrame
) -> None:
    asked = questions[questions["days_ago"].map(len) == 365].tail(1).reset_index(drop=True)
    late = np.where(asked["days_ago"][0] <= 20, np.nan, asked["temperature_c"][0])
    kwh = np.where(asked["days_ago"][0] <= 20, 50.0, asked["kwh"][0])
    first = np.datetime64(int(asked["first_day"][0]), "D")
    past = int((first - first.astype("M8[M]").astype("M8[D]")).astype(int))
    said = model.predict(altered(asked, temperature_c=late, kwh=kwh))
    observed = said.loc[said["resolution"] == "P1M", "observed_kwh"].iloc[0]
    assert observed == pytest.approx(kwh[asked["days_ago"][0] <= past].sum())


def test_what_comes_true_changes_nothing_that_is_said(
    model: OutlookQuantiles, questions: pd.DataFrame
) -> None:
    other = questions.copy()
    split = split_day(questions)
    # All that comes true from the first judging question on, also of those asked before it.
    other["true_kwh"] = [
        np.where(first + np.arange(len(kwh)) >= split, kwh * 9, kwh)
        for first, kwh in zip(other["first_day"], other["true_kwh"], strict=True)
    ]
    assert (other["first_day"] < split).sum() > 100
    assert fit(other).dumps() == model.dumps()


def test_tuning_sees_nothing_of_the_days_that_judge(questions: pd.DataFrame) -> None:
    seen, split = before_judgement(questions), split_day(questions)
    last = seen["first_day"] + seen["true_kwh"].map(len)
    assert last.max() == split
    assert (seen["first_day"] < split).all()
    assert len(seen) == (questions["first_day"] < split).sum()


def test_a_stored_model_says_the_same(model: OutlookQuantiles, questions: pd.DataFrame) -> None:
    asked = questions.tail(3).reset_index(drop=True)
    again = OutlookQuantiles.loads(model.dumps())
    pd.testing.assert_frame_equal(again.predict(asked), model.predict(asked), rtol=1e-6)
    files = model.dumps()
    files["model.json"] = files["model.json"].replace(b'"latitude"', b'"moon"')
    with pytest.raises(TypeError, match="train a new one"):
        OutlookQuantiles.loads(files)


def test_a_day_that_may_be_cold_heats_more_than_its_mean() -> None:
    mild, cold = degrees(np.array([16.0, 0.0]), 3.0, 16.0)
    assert mild == pytest.approx(3.0 * 0.39894, rel=1e-4)
    assert cold == pytest.approx(16.0, rel=1e-4)


def test_part_of_a_year_is_no_climate() -> None:
    count = np.where(np.arange(37) < 30, 10.0, 0.0)
    assert Climate.of(count, count * 5, count * 25) is None
    whole = Climate.of(np.full(37, 10.0), np.full(37, 50.0), np.full(37, 250.0))
    assert whole is not None
    assert whole.expected(np.array(["2025-07-01"], dtype="M8[D]")) == pytest.approx(5.0)


def test_the_season_of_the_south_is_half_a_year_off(questions: pd.DataFrame) -> None:
    row = questions.tail(1)[list(INPUTS)]
    blind = altered(row.reset_index(drop=True), climate_days=None)
    north, south = (
        next(blind.assign(latitude=latitude).itertuples(index=False)) for latitude in (56.0, -56.0)
    )
    # Of a flat year nothing differs; what is learned of one half is not said of the other.
    assert known(north, {}).method == known(south, {}).method
