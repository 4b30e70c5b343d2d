"""The gate: what is not better than a week ago, or not calibrated, never becomes champion."""

import numpy as np
import pandas as pd
import pytest

from lake.modelling.tuning import tune
from lake.modelling.versions import Judgement
from models import load_forecasts
from models.backtests.hourly import before_judgement, gate, judge, lacking, slices
from models.contracts import QUANTILES, quantile_column
from models.load_forecasts import fit

GOOD = Judgement({"mae_over_naive": 0.7, "coverage": 0.8})


class Constant:
    """Forecasts a share of the home's level, in a band around it."""

    def __init__(self, share: float, width: float) -> None:
        self.around = [share + width * (q - 0.5) for q in QUANTILES]

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        kwh = rows["level_kwh"].to_numpy()[:, None] * np.array(self.around)
        forecast = pd.DataFrame(
            kwh, columns=list(map(quantile_column, QUANTILES)), index=rows.index
        )
        return forecast.assign(mean_kwh=forecast["p50_kwh"])


def test_a_slice_knows_nothing_of_the_next(frame: pd.DataFrame) -> None:
    early, late, last = slices(frame)
    assert early["starts_at"].max() < late["asked_at"].min()
    assert late["starts_at"].max() < last["asked_at"].min()


def test_each_partner_is_judged_on_its_own_last_time(frame: pd.DataFrame) -> None:
    of_old = frame["location_id"].isin(["h0", "h1"])
    years = pd.Timedelta(days=1500)
    two = frame.assign(
        partner_id=frame["partner_id"].where(~of_old, "old"),
        **{at: frame[at].where(~of_old, frame[at] - years) for at in ("asked_at", "starts_at")},
    )
    for part in slices(two):
        assert set(part["partner_id"]) == {"p", "old"}
        for _, one in part.groupby("partner_id"):
            assert one["asked_at"].max() - one["asked_at"].min() < pd.Timedelta(days=60)


def test_a_fitted_model_beats_the_week_before_and_passes(frame: pd.DataFrame) -> None:
    judged = judge(fit(frame), frame)
    assert judged.figures["mae_over_naive"] < 0.8
    assert judged.figures["homes"] == 8
    assert abs(judged.figures["mean_bias"]) < 0.03
    assert gate(judged, None) == ""
    assert gate(judged, judged) == ""


def test_fit_does_not_look_at_the_slice_that_judges(frame: pd.DataFrame) -> None:
    *_, last = slices(frame)
    other = frame.copy()
    is_last = other["asked_at"] >= last["asked_at"].min()
    other.loc[is_last, ["energy_kwh", "mean_7d_kwh"]] = 1e6
    assert fit(other).dumps() == fit(frame).dumps()


def test_a_bad_model_is_refused(frame: pd.DataFrame) -> None:
    assert gate(judge(Constant(9.0, 0.1), frame), None).startswith("not better than")


def test_a_band_too_narrow_is_refused() -> None:
    narrow = Judgement({"mae_over_naive": 0.7, "coverage": 0.4})
    assert gate(narrow, None) == "P10 to P90 hold 40%, which is not near 80 %"


def test_what_is_worse_than_the_champion_is_refused() -> None:
    worse = Judgement({"mae_over_naive": 0.75, "coverage": 0.8})
    assert gate(worse, GOOD).startswith("worse than the champion")
    assert gate(GOOD, worse) == ""


@pytest.mark.parametrize("name", ["mae_over_naive", "coverage"])
def test_a_figure_that_is_no_number_passes_nothing(name: str) -> None:
    assert gate(Judgement({**GOOD.figures, name: float("nan")}), None) != ""


def test_too_few_rows_are_named_before_anything_is_trained(frame: pd.DataFrame) -> None:
    assert lacking(frame) == ""
    assert lacking(frame.head(500)).startswith("too little history: 500 hours")
    assert lacking(frame.head(0)).startswith("too little history: 0 hours")


def test_tuning_sees_nothing_of_the_time_that_judges(frame: pd.DataFrame) -> None:
    *_, last = slices(frame)
    seen = before_judgement(frame)
    assert seen["starts_at"].max() < last["asked_at"].min()
    small = frame[frame["location_id"].isin(["h1", "h3", "h5", "h7"])]
    trials = tune(load_forecasts, small, trials=3, now={})
    assert len(trials) == 3
    assert set(trials[-1].parameters) <= set(load_forecasts.SPACE)
    model = load_forecasts.fit(small, parameters=trials[0].parameters)
    assert judge(model, small).figures["mae_over_naive"] < 1
