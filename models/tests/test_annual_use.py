"""A year's use follows the profile, its bounds are true, and no profile makes it absurd."""

import math

import numpy as np
import pandas as pd
import pytest

from lake.modelling.versions import Judgement
from models.backtests.usage import gate, judge, lacking, slices
from models.usage.annual_use import INPUTS, LEAST_HOMES, OUTPUTS, AnnualUse, fit_annual_use


def homes(count: int, seed: int = 1, spread: float = 0.25) -> pd.DataFrame:
    """Return made homes whose electricity grows with people and area, twice where it heats."""
    rng = np.random.default_rng(seed)
    heats = rng.random(count) < 0.4
    area, persons = rng.uniform(40, 220, count), rng.integers(1, 6, count).astype(float)
    degree_days = rng.uniform(2000, 4000, count)
    kwh = 900 * persons**0.4 * (area / 100) ** 0.5 + heats * area * degree_days / 40
    return pd.DataFrame(
        {
            "partner_id": "p",
            "location_id": [f"h{n}" for n in range(count)],
            "fuel": "elec",
            "house_type": np.where(area > 110, "house_detached", "apartment"),
            "heating_type_primary": np.where(heats, "air_water_pump", "district_heating"),
            "living_area_m2": area,
            "persons": persons,
            "degree_days": degree_days,
            "electric_cars": 0.0,
            "annual_kwh": kwh * rng.lognormal(0, spread, count),
            "heating_share": np.where(heats, 0.7, 0.05),
            "weekend_ratio": 1.1,
        }
    )


@pytest.fixture(scope="module")
def model() -> AnnualUse:
    return fit_annual_use(homes(400))


def test_homes_not_seen_are_told_better_than_by_house_type_and_within_bounds(
    model: AnnualUse,
) -> None:
    frame = homes(1200)
    fitted = fit_annual_use(slices(frame)[0])
    figures = judge(fitted, frame).figures
    assert figures["error_over_house_type"] < 0.6
    assert 0.74 <= figures["coverage"] <= 0.86
    assert figures["homes"] == len(slices(frame)[1])
    assert gate(judge(fitted, frame), None) == ""


def test_bounds_hold_the_estimate_and_profiles_that_cannot_be_stay_near_those_learned(
    model: AnnualUse,
) -> None:
    wild = homes(8)
    wild["living_area_m2"] = [-10, 0, 1e9, np.nan, np.inf, 1e-9, 50, 60]
    wild["persons"] = [1e6, -1, np.nan, 0, 1, 2, 3, np.inf]
    wild["degree_days"] = [np.nan, 1e9, -5, 0, 1, 2, 3, 4]
    wild["house_type"] = ["castle", None, *wild["house_type"][2:]]
    wild["heating_type_primary"] = [None, "magic", *wild["heating_type_primary"][2:]]
    found = model.predict(wild[list(INPUTS)])
    assert list(found.columns) == list(OUTPUTS)
    assert (found["low_kwh"] <= found["energy_kwh"]).all()
    assert (found["energy_kwh"] <= found["high_kwh"]).all()
    assert found["energy_kwh"].between(100, 200_000).all()
    assert found["heating_share"].between(0, 1).all()


def test_a_heated_home_is_told_apart(model: AnnualUse) -> None:
    one = homes(1).assign(living_area_m2=120.0, persons=2.0, degree_days=3000.0)
    heated = model.predict(one.assign(heating_type_primary="air_water_pump")[list(INPUTS)])
    other = model.predict(one.assign(heating_type_primary="district_heating")[list(INPUTS)])
    assert heated["energy_kwh"].item() > 3 * other["energy_kwh"].item()
    assert heated["heating_share"].item() == pytest.approx(0.7)
    assert other["heating_share"].item() == pytest.approx(0.05)


def test_a_fuel_that_was_not_learned_has_no_figure(model: AnnualUse) -> None:
    gas = homes(3).assign(fuel="gas")
    assert model.predict(gas[list(INPUTS)]).isna().all().all()


def test_written_and_read_it_says_the_same(model: AnnualUse) -> None:
    rows = homes(20, seed=9)[list(INPUTS)]
    again = AnnualUse.loads(model.dumps())
    pd.testing.assert_frame_equal(again.predict(rows), model.predict(rows))
    assert fit_annual_use(homes(400)).dumps() == model.dumps()
    old = {"model.json": model.dumps()["model.json"].replace(b'"format": 1', b'"format": 0')}
    with pytest.raises(TypeError, match="another version"):
        AnnualUse.loads(old)


def test_too_few_homes_are_not_learned_from() -> None:
    few = homes(LEAST_HOMES)
    assert lacking(few).startswith("too few metered homes: ")
    assert lacking(few.head(0)) == (
        "too few metered homes: 0 of one fuel with a year of readings and a profile"
    )
    assert lacking(homes(2 * LEAST_HOMES)) == ""
    assert fit_annual_use(few.head(10)).fuels == {}


def test_homes_that_are_all_alike_or_empty_do_not_break_it() -> None:
    alike = homes(60).assign(annual_kwh=2000.0, living_area_m2=np.nan, persons=np.nan)
    found = fit_annual_use(alike).predict(alike[list(INPUTS)])
    assert found["energy_kwh"].to_numpy() == pytest.approx(np.full(60, 2000.0))
    zeros = homes(60).assign(annual_kwh=0.0)
    assert fit_annual_use(zeros).fuels == {}


@pytest.mark.parametrize(
    ("ratio", "coverage", "best", "reason"),
    [
        (0.8, 0.8, None, ""),
        (1.0, 0.8, None, "not better than the mean by house type"),
        (math.nan, 0.8, None, "not better than the mean by house type"),
        (0.8, 0.5, None, "P10 to P90 hold 50%"),
        (0.8, 0.8, 0.1, "worse than the champion"),
        (0.8, 0.8, 0.3, ""),
    ],
)
def test_the_gate_lets_through_what_beats_the_baseline_and_the_champion(
    ratio: float, coverage: float, best: float | None, reason: str
) -> None:
    judged = Judgement({"error_over_house_type": ratio, "coverage": coverage, "error_share": 0.25})
    champion = None if best is None else Judgement({"error_share": best})
    said = gate(judged, champion)
    assert said.startswith(reason) if reason else said == ""
