"""Homes without a week of readings are forecast from ten like them, or not at all."""

from collections.abc import Callable
from datetime import date
from functools import reduce
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.modelling.registry import Champion
from lake.testing import frame
from models.borrowed.forecasts import VERSION
from models.contracts import LOAD_FORECASTS, USAGE_ESTIMATES
from models.load_forecasts import load_forecasts
from models.refusals.forecasts import forecast_refusals
from models.tests.conftest import CLOCK
from models.tests.test_forecast_refusals import daily
from silver.contracts import HOME_PROFILES, LOCATIONS

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HOUSES = [f"house{i}" for i in range(11)]
# Of the new ones, `flat` has a type of its own, `estimated` too, but its use is estimated.
TYPES = {**dict.fromkeys((*HOUSES, "new", "young", "still", "silent"), "house_detached"),
         "flat": "apartment", "estimated": "townhouse"}  # fmt: skip
Make = Callable[..., DataFrame]


@pytest.fixture
def energy(hours: Make) -> DataFrame:
    day = "0.4 + if(hour(starts_at) BETWEEN 17 AND 21, 0.3, 0.0)"
    noise = "* (0.8 + 0.4 * rand({seed}))"
    lived = [
        hours(home, days=35, kwh=f"({day}) * {1 + i % 4} {noise.format(seed=i)}")
        for i, home in enumerate(HOUSES)
    ]
    begun = date(2025, 4, 11)
    return reduce(
        DataFrame.unionByName,
        [
            *lived,
            hours("young", days=3, first=begun, kwh=f"({day}) * 9 {noise.format(seed=20)}"),
            hours("unlike", days=3, first=begun, kwh=f"({day}) * 9 {noise.format(seed=21)}"),
            hours("still", days=3, first=begun, kwh="0.0"),
            hours("silent", days=2, first=date(2025, 3, 10)),
        ],
    )  # fmt: skip


@pytest.fixture
def known(spark: Any, energy: DataFrame, unknown: dict[str, Any]) -> dict[str, Any]:
    homes = [*TYPES, "unlike", "foreign"]
    every = {"partner_id": "p", "country_code": "IS", "time_zone": "Atlantic/Reykjavik"}
    places = [{"location_id": h, **({"partner_id": "q"} if h == "foreign" else {})} for h in homes]
    estimate = {"partner_id": "p", "fuel": "elec", "issued_at": CLOCK, "issued_date": CLOCK.date(),
                "resolution": "P1Y", "local_date": "2025-01-01"}  # fmt: skip
    uses = [{"location_id": h, "energy_kwh": 2_250.0 * (1 + i % 4)} for i, h in enumerate(HOUSES)]
    uses.append({"location_id": "estimated", "energy_kwh": 9_000.0})
    types = [{"location_id": h, "house_type": kind} for h, kind in TYPES.items()]
    types.append({"location_id": "foreign", "house_type": "house_detached", "partner_id": "q"})
    return {
        **unknown,
        "energy_daily": daily(energy),
        "locations": frame(spark, LOCATIONS, [{**every, **place} for place in places]),
        "home_profiles": frame(
            spark, HOME_PROFILES,
            [{"partner_id": "p", "valid_from": "2020-01-01", **row} for row in types],
        ),
        "usage_estimates": frame(spark, USAGE_ESTIMATES, uses, **estimate),
    }  # fmt: skip


def test_the_new_and_the_young_borrow_from_homes_like_them_and_the_others_are_told_why_not(
    energy: DataFrame, meters: Make, profile: Make, champion: Champion, known: dict[str, Any]
) -> None:
    here = meters(*((home, "elec", "import") for home in (*TYPES, "unlike")))
    there = meters(("foreign", "elec", "import")).withColumn("partner_id", F.lit("q"))
    registered = here.unionByName(there)
    features = profile(energy, registered)
    forecast = load_forecasts(features, meters=registered, clock=CLOCK, model=champion, **known)
    assert forecast.columns == list(LOAD_FORECASTS.names)
    forecast = forecast.localCheckpoint()
    found = forecast.where("direction = 'consumption'").toPandas()
    bases = found.groupby("location_id")["basis"].unique().map(lambda basis: basis[0]).to_dict()
    assert bases == {
        **dict.fromkeys(HOUSES, "own_history"), "new": "similar_homes", "young": "similar_homes",
        "estimated": "profile", "unlike": "profile",
    }  # fmt: skip
    assert set(found.groupby("location_id").size()) == {336}
    assert not found.duplicated(["location_id", "starts_at"]).any()
    borrowed = found[found["basis"] != "own_history"].sort_values("starts_at")
    assert set(borrowed["model_version"]) == {VERSION}
    quantiles = borrowed.filter(regex="^p[0-9]").to_numpy()
    assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()
    # Means of the houses' levels are 1.2 kWh and more; the young one's own is 4.2.
    means = borrowed.groupby("location_id")["mean_kwh"].mean()
    assert 0.8 < means["new"] < 1.6
    assert means["new"] < 0.75 * means["young"]
    # Its year is estimated at that of the largest houses.
    assert means["estimated"] > 1.3 * means["new"]
    evening = borrowed["starts_at"].dt.hour.between(17, 21)
    by_hour = borrowed.groupby(["location_id", evening])["p50_kwh"].mean().unstack()
    assert (by_hour[True] > 1.4 * by_hour[False]).all()
    wide = borrowed.assign(width=borrowed["p90_kwh"] - borrowed["p10_kwh"])
    share = (
        wide.groupby("location_id")["width"].sum() / wide.groupby("location_id")["p50_kwh"].sum()
    )
    assert share["young"] < share["new"]

    refused = forecast_refusals(features, forecast, known["energy_daily"], registered, clock=CLOCK)
    codes = {row.location_id: row.code for row in refused.collect()}
    assert codes == {"still": "no_variation", "silent": "too_old"}


def test_nine_homes_lend_nothing(
    energy: DataFrame, meters: Make, profile: Make, champion: Champion, known: dict[str, Any]
) -> None:
    few = energy.where(~F.col("location_id").isin(HOUSES[9:]))
    registered = meters(*((home, "elec", "import") for home in (*HOUSES[:9], "new", "young")))
    features = profile(few, registered)
    forecast = load_forecasts(features, meters=registered, clock=CLOCK, model=champion, **known)
    told = pd.Series([row[0] for row in forecast.select("location_id").distinct().collect()])
    assert set(told) == set(HOUSES[:9])
