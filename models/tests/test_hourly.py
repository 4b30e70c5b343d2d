"""Quantiles are in order, positive, calibrated, and the same each time."""

import json

import numpy as np
import pandas as pd
import pytest

from lake.modelling.registry import Champion
from models.backtests.hourly import slices
from models.contracts import QUANTILES, quantile_column
from models.hourly.fit import fit_quantiles
from models.hourly.inputs import INPUTS
from models.hourly.quantiles import QUANTILES as OWN
from models.hourly.quantiles import HourlyQuantiles
from models.readable import OutdatedModel, readable

COLUMNS = [quantile_column(q) for q in QUANTILES]


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> HourlyQuantiles:
    early, late, _ = slices(frame)
    return fit_quantiles(early, late)


def test_quantiles_are_those_of_the_contract(model: HourlyQuantiles, frame: pd.DataFrame) -> None:
    assert OWN == QUANTILES
    assert list(model.predict(frame.head(3)).columns) == [*COLUMNS, "mean_kwh"]


def test_quantiles_never_cross_and_are_never_negative(
    model: HourlyQuantiles, frame: pd.DataFrame
) -> None:
    random = np.random.default_rng(1)
    wild = frame[list(INPUTS)].head(5000).copy()
    for name in INPUTS[2:]:
        if name.endswith("_kwh"):
            wild[name] = random.normal(0, 10 ** random.uniform(-6, 6, len(wild)))
    wild.loc[::3, [n for n in INPUTS if n.startswith("lag_")]] = np.nan
    wild.loc[::5, ["fuel", "direction"]] = "something new"
    kwh = model.predict(wild).to_numpy()
    assert np.isfinite(kwh).all()
    assert (kwh >= 0).all()
    assert (np.diff(kwh[:, : len(QUANTILES)], axis=1) >= 0).all()


def test_means_add_up_where_medians_do_not(model: HourlyQuantiles, frame: pd.DataFrame) -> None:
    *_, last = slices(frame)
    forecast, true = model.predict(last), last["energy_kwh"].sum()
    assert forecast["mean_kwh"].sum() == pytest.approx(true, rel=0.03)
    # A gamma is skewed to the right, so its median is below its mean.
    assert forecast["p50_kwh"].sum() < 0.97 * true


def test_eight_of_ten_unseen_hours_are_between_p10_and_p90(
    model: HourlyQuantiles, frame: pd.DataFrame
) -> None:
    *_, last = slices(frame)
    forecast = model.predict(last)
    inside = (last["energy_kwh"] >= forecast["p10_kwh"]) & (
        last["energy_kwh"] <= forecast["p90_kwh"]
    )
    assert 0.77 <= inside.mean() <= 0.83


def test_production_is_the_same_on_each_weekday(
    model: HourlyQuantiles, frame: pd.DataFrame
) -> None:
    sunny = frame.head(200).assign(direction="production")
    other = sunny.assign(weekday=6, day_of_year=1, kind_mean_28d_kwh=9.0, kind_median_28d_kwh=9.0)
    pd.testing.assert_frame_equal(model.predict(sunny), model.predict(other))
    assert not model.predict(other.assign(direction="import")).equals(model.predict(other))


def test_one_wild_reading_does_not_widen_the_band_without_bounds(
    model: HourlyQuantiles, frame: pd.DataFrame
) -> None:
    rows = frame.head(500)
    wild = rows.assign(deviation_28d_kwh=1e4)
    widths = [f["p90_kwh"] - f["p10_kwh"] for f in map(model.predict, (rows, wild))]
    assert widths[1].mean() < 5 * widths[0].mean()


def test_the_weather_ahead_is_followed_where_it_moved_the_load(frame: pd.DataFrame) -> None:
    colder = (frame["temperature_28d_c"] - frame["temperature_c"]).fillna(0.0)
    heated = frame.assign(energy_kwh=frame["energy_kwh"] * np.exp(0.15 * colder))
    early, late, last = slices(heated)
    model = fit_quantiles(early, late)
    told = last[last["temperature_c"].notna()]
    untold = told.assign(temperature_c=np.nan)
    errors = [
        (told["energy_kwh"] - model.predict(rows)["p50_kwh"]).abs().mean()
        for rows in (told, untold)
    ]
    assert errors[0] < 0.85 * errors[1]


def test_production_is_told_in_the_light_ahead(frame: pd.DataFrame) -> None:
    light = (frame["irradiance_w_m2"] / frame["irradiance_28d_w_m2"].clip(lower=5)).clip(upper=5)
    made = frame["mean_28d_kwh"] * light.fillna(1.0)
    roofs = frame.assign(direction="production", energy_kwh=made)
    early, late, last = slices(roofs)
    model = fit_quantiles(early, late)
    told = last[last["irradiance_w_m2"].notna()]
    errors = [
        (told["energy_kwh"] - model.predict(rows)["p50_kwh"]).abs().mean()
        for rows in (told, told.assign(irradiance_w_m2=np.nan))
    ]
    assert errors[0] < 0.5 * errors[1]


def test_production_of_a_longer_day_is_more(frame: pd.DataFrame) -> None:
    sunny = frame.assign(direction="production", sun_28d_w_m2=400.0, sun_w_m2=400.0)
    early, late, last = slices(sunny)
    model = fit_quantiles(early, late)
    short, long = (
        model.predict(last.assign(sun_w_m2=sun))["p50_kwh"].sum() for sun in (400.0, 500.0)
    )
    assert long == pytest.approx(1.25 * short, rel=0.05)


def test_the_same_rows_give_the_same_model(model: HourlyQuantiles, frame: pd.DataFrame) -> None:
    early, late, _ = slices(frame.sample(frac=1, random_state=5))
    assert fit_quantiles(early, late).dumps() == model.dumps()


def test_a_stored_model_predicts_the_same(model: HourlyQuantiles, frame: pd.DataFrame) -> None:
    again = HourlyQuantiles.loads(model.dumps())
    pd.testing.assert_frame_equal(
        again.predict(frame.head(99)), model.predict(frame.head(99)), rtol=1e-4
    )


def test_a_model_that_looks_at_other_inputs_is_refused(model: HourlyQuantiles) -> None:
    files = model.dumps()
    files["model.json"] = files["model.json"].replace(b'"weekday"', b'"moon"')
    with pytest.raises(TypeError, match="train a new one"):
        HourlyQuantiles.loads(files)


def test_a_champion_that_looks_at_other_inputs_is_named_before_any_worker_reads_it(
    champion: Champion,
) -> None:
    rule, label = champion.rule_version, champion.label
    assert set(readable(champion, rule=rule, loads=HourlyQuantiles.loads)) >= {"model.json"}

    def with_fewer(files: dict[str, bytes]) -> HourlyQuantiles:
        said = json.loads(files["model.json"]) | {"inputs": ["fuel", "level_kwh"]}
        return HourlyQuantiles.loads(files | {"model.json": json.dumps(said).encode()})

    with pytest.raises(OutdatedModel, match=rf"{label} cannot be read.*lake train load_forecasts"):
        readable(champion, rule=rule, loads=with_fewer)
    with pytest.raises(OutdatedModel, match="looks at other features"):
        readable(champion, rule=rule + 1, loads=HourlyQuantiles.loads)
