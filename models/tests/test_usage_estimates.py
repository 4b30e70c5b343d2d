"""A year without a meter is told from the profile, and its days add up to it; or why not."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import HOME_SIGNATURES
from gold.contracts import TEMPERATURE_DAILY
from lake.modelling.registry import Champion, Registry
from lake.modelling.versions import Made
from lake.settings import Settings
from models import usage_estimates as estimates
from models.contracts import USAGE_ESTIMATES
from models.readable import OutdatedModel
from models.refusals.usage_estimates import usage_estimates_refusals
from models.tests.test_annual_use import homes as learnable
from models.usage.homes import valid_on
from models.usage.published import PUBLISHED, VERSION, bounds
from models.usage_estimates import training, usage_estimates
from silver.contracts import HOME_PROFILES, LOCATION_WEATHER, LOCATIONS

pytestmark = pytest.mark.spark
Make = Callable[..., Any]
CLOCK = datetime(2025, 6, 10, 9, 20, tzinfo=UTC)
POINT = {"latitude": 56.0, "longitude": -3.0}
HOME = {"partner_id": "p"}


def at_hand(rows: DataFrame) -> DataFrame:
    return rows


@pytest.fixture
def inputs(table: Make) -> Callable[..., list[DataFrame]]:
    """A maker of the inputs from homes: what their profile says; a year of weather."""

    def make(homes: list[dict[str, Any]], *, metered: tuple[str, ...] = ()) -> list[DataFrame]:
        def of(contract: Any, **every: Any) -> DataFrame:
            named = [{k: v for k, v in (HOME | h).items() if k in contract.names} for h in homes]
            found: DataFrame = table(contract, named, **every)
            return found

        first = date(2024, 1, 1)
        # Cold until June, warm after it.
        days = [
            {"local_date": d, "temperature_c": 8.0 if d.month < 6 else 20.0}
            for d in (first + timedelta(days=n) for n in range(366))
        ]
        signatures = [
            {"location_id": name, "local_month": "2025-05", "local_date": "2025-05-01",
             "fuel": "elec", "annual_kwh": 3_000.0, "annual_completeness": 0.9,
             "heating_share": 0.2, "weekend_ratio": 1.2}
            for name in metered
        ]  # fmt: skip
        zone = {"time_zone": "Europe/London"}
        return [
            table(HOME_SIGNATURES, signatures, known_at=CLOCK - timedelta(days=5),
                  feature_at=CLOCK - timedelta(days=9), **HOME),
            of(HOME_PROFILES, valid_from="2020-01-01").where("coalesce(house_type, '') <> 'none'"),
            of(LOCATIONS, **zone),
            of(LOCATION_WEATHER, **POINT).where("location_id <> 'nowhere'"),
            table(TEMPERATURE_DAILY, days, **POINT, **zone),
        ]  # fmt: skip

    return make


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Champion:
    """A model in a real registry, of made homes of electricity."""
    frame = learnable(400)
    registry = Registry(Settings(lake=str(tmp_path_factory.mktemp("lake"))))
    made = Made({}, {}, CLOCK - timedelta(days=1), estimates.MODEL_VERSION, {}, {}, "A card.",
                estimates.example(frame), estimates.REQUIRES)  # fmt: skip
    version = registry.register("usage_estimates", estimates.fit(frame), estimates.LOADER, made)
    registry.promote("usage_estimates", version)
    found = registry.champion("usage_estimates")
    assert found
    return found


def home(name: str, **what: Any) -> dict[str, Any]:
    return {
        "location_id": name, "country_code": "GB", "house_type": "apartment",
        "heating_type_primary": "gas_boiler", "living_area_m2": 80.0, "persons": 2, **what,
    }  # fmt: skip


def test_days_add_up_to_the_year_and_follow_the_cold(inputs: Any, champion: Champion) -> None:
    asked = [home("a"), home("nowhere", heating_type_primary="air_water_pump"), home("full")]
    found = usage_estimates(
        *inputs(asked, metered=("full",)), clock=CLOCK, model=champion, at_hand=at_hand
    )
    assert found.columns == list(USAGE_ESTIMATES.names)
    rows = found.toPandas()
    of = rows.groupby(["location_id", "fuel", "resolution"])
    sizes = of.size().to_dict()
    assert sizes["a", "elec", "P1D"] == sizes["a", "gas", "P1D"] == 365
    # A home with a year of readings of the fuel has no estimated days of it.
    assert ("full", "elec", "P1D") not in sizes
    assert sizes["full", "elec", "P1Y"] == 1
    sums = of["energy_kwh"].sum()
    for name, fuel in (("a", "elec"), ("a", "gas"), ("nowhere", "elec")):
        assert sums[name, fuel, "P1D"] == pytest.approx(sums[name, fuel, "P1Y"])
    assert (rows["low_kwh"] <= rows["energy_kwh"]).all()
    assert (rows["energy_kwh"] <= rows["high_kwh"]).all()
    gas = rows[
        (rows["location_id"] == "a") & (rows["fuel"] == "gas") & (rows["resolution"] == "P1D")
    ]
    by_month = gas.set_index("local_date")["energy_kwh"]
    assert by_month[date(2025, 1, 6)] > 3 * by_month[date(2025, 7, 7)]
    assert dict(zip(rows["fuel"], rows["source"], strict=True)) == {
        "elec": "model", "gas": "published",
    }  # fmt: skip
    assert set(rows["model_version"]) == {champion.label, VERSION}


def test_without_a_champion_a_country_has_its_typical_values_or_a_refusal(inputs: Any) -> None:
    asked = [
        home("gb"),
        home("dk", country_code="DK", heating_type_primary="district_heating"),
        home("pump", heating_type_primary="air_water_pump"),
        home("bare", house_type=None),
        home("unsaid", house_type="none"),
    ]
    given = inputs(asked)
    found = usage_estimates(*given, clock=CLOCK, model=None, at_hand=at_hand)
    years = {(r.location_id, r.fuel): r for r in found.where("resolution = 'P1Y'").collect()}
    assert set(years) == {("gb", "elec"), ("gb", "gas")}
    gas = years["gb", "gas"]
    assert (gas.energy_kwh, gas.source) == (12_000.0, "published")
    assert (gas.low_kwh, gas.high_kwh) == pytest.approx(bounds(PUBLISHED[1]))
    _, profiles, locations, *_ = given
    refused = usage_estimates_refusals(found, profiles, locations, clock=CLOCK).collect()
    assert {(r.location_id, r.fuel): r.code for r in refused} == {
        ("dk", "elec"): "no_model",
        ("dk", "district_heating"): "no_model",
        ("pump", "elec"): "no_model",
        ("bare", "elec"): "profile_insufficient",
        ("bare", "gas"): "profile_insufficient",
        ("unsaid", "elec"): "profile_insufficient",
    }
    bare = next(r for r in refused if r.location_id == "bare")
    assert json.loads(bare.details)["profile_lacks"] == ["house_type"]


def test_a_champion_of_another_rule_is_named_with_the_cure(inputs: Any, champion: Champion) -> None:
    old = replace(champion, rule_version=0)
    with pytest.raises(OutdatedModel, match="lake train usage_estimates"):
        usage_estimates(*inputs([home("a")]), clock=CLOCK, model=old, at_hand=at_hand)


def test_training_sees_years_known_then_with_the_profile_of_their_time(inputs: Any) -> None:
    signatures, profiles, locations, places, weather = inputs(
        [home("a"), home("b"), home("deleted")], metered=("a", "b", "deleted")
    )
    later = signatures.withColumn("known_at", F.lit(CLOCK + timedelta(days=1))).withColumn(
        "annual_kwh", F.lit(9.0)
    )
    gone = F.when(F.col("location_id") == "deleted", F.lit(CLOCK)).cast("timestamp")
    found = training(
        signatures.unionByName(later), profiles, locations.withColumn("deleted_at", gone), places,
        weather, clock=CLOCK,
    ).toPandas()  # fmt: skip
    assert sorted(found["location_id"]) == ["a", "b"]
    assert set(found["annual_kwh"]) == {3_000.0}
    # Five months of 151 days less 29 February, at 8 °C: ten degrees below the base each.
    assert set(found["degree_days"].round()) == {1_510.0}
    assert estimates.lacking(found) != ""


def test_nobody_learns_from_what_cannot_be_true_of_a_home(inputs: Any) -> None:
    said = home("school", persons=1000, living_area_m2=100_000.0, electric_cars=77)
    tables = inputs([home("a", electric_cars=0), said], metered=("a", "school"))
    found = training(*tables, clock=CLOCK).toPandas().set_index("location_id")
    unlikely = ["persons", "living_area_m2", "electric_cars"]
    assert found.loc["school", unlikely].isna().all()
    assert found.loc["a", unlikely].notna().all()
    told = valid_on(tables[1], day=CLOCK.date()).toPandas().set_index("location_id")
    assert told.loc["school", unlikely].isna().all()
