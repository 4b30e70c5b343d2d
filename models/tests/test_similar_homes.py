"""Homes are compared with their like, of their own partner, or are told why not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import HOME_SIGNATURES, share_column
from gold.contracts import ENERGY_MONTHLY
from lake.schema import empty
from models.contracts import SIMILAR_HOMES, WIDENED
from models.refusals.similar_homes import similar_homes_refusals
from models.similar_homes import (
    similar_homes,
    touched_by_home_profiles,
    touched_by_locations,
)
from silver.contracts import HOME_PROFILES, LOCATIONS

pytestmark = pytest.mark.spark
Make = Callable[..., Any]
Homes = list[dict[str, Any]]
KNOWN = datetime(2025, 5, 1, 6, tzinfo=UTC)
CLOCK = datetime(2025, 5, 10, 12, tzinfo=UTC)
ALIKE = {
    "partner_id": "p", "fuel": "elec", "local_month": "2025-04", "energy_kwh": 200.0,
    "completeness": 1.0, "degree_days": 150.0, "has_pv": False, "country_code": "DK",
    "house_type": "apartment", "heating_type_primary": "district_heating",
    "living_area_m2": 80.0, "persons": 2, "electric_cars": 0,
}  # fmt: skip


def homes(count: int, name: str, **what: Any) -> Homes:
    return [{**ALIKE, "location_id": f"{name}{n}", **what} for n in range(count)]


@pytest.fixture
def tables(table: Make) -> Make:
    """A maker of signatures, profiles and places of homes."""

    def make(of: Homes) -> tuple[DataFrame, DataFrame, DataFrame]:
        def rows(contract: Any, **every: Any) -> DataFrame:
            named = [{k: v for k, v in home.items() if k in contract.names} for home in of]
            found: DataFrame = table(contract, named, **every)
            return found

        shares = {share_column(h): 1 / 24 for h in range(24)}
        return (
            rows(HOME_SIGNATURES, local_date="2025-04-01", known_at=KNOWN, feature_at=KNOWN,
                 weekend_ratio=1.0, **shares),
            rows(HOME_PROFILES, valid_from="2020-01-01"),
            rows(LOCATIONS, time_zone="Europe/Copenhagen"),
        )  # fmt: skip

    return make


@pytest.fixture
def compared(tables: Make) -> Callable[[Homes], dict[tuple[str, str], Any]]:
    def compare(of: Homes) -> dict[tuple[str, str], Any]:
        found = similar_homes(*tables(of))
        assert found.columns == list(SIMILAR_HOMES.names)
        return {(r.partner_id + "/" + r.location_id, r.period): r for r in found.collect()}

    return compare


def test_homes_of_a_partner_are_compared_with_their_own_kind(compared: Any) -> None:
    found = compared(
        [
            *homes(45, "flat"),
            *homes(45, "house", house_type="house_detached", energy_kwh=500.0),
            *homes(12, "other", partner_id="q", energy_kwh=900.0),
            *homes(9, "few", partner_id="r"),
            *homes(45, "pump", heating_type_primary="air_water_pump", energy_kwh=700.0),
        ]
    )
    flat = found["p/flat3", "P1M"]
    assert (flat.mean_kwh, flat.contributors, flat.own_kwh) == (200.0, 21, 200.0)
    assert flat.filters.split(",")[2:] == list(WIDENED)
    assert (flat.p10_kwh, flat.efficient_kwh, flat.own_decile) == (200.0, 200.0, 1)
    assert found["p/house3", "P1M"].mean_kwh == 500.0
    assert found["p/pump3", "P1M"].mean_kwh == 700.0
    # Another partner's homes are in no group, and its small one has no deciles but the median.
    small = found["q/other3", "P1M"]
    assert (small.mean_kwh, small.p50_kwh, small.p10_kwh) == (900.0, 900.0, None)
    assert small.efficient_kwh is None
    assert not [home for home, _ in found if home.startswith("r/")]
    assert {period for _, period in found} == {"P1M"}


def test_an_impossible_profile_value_changes_no_others_group(compared: Any) -> None:
    street = [
        home | {"persons": 1 + n % 5, "energy_kwh": 100.0 + 50 * (n % 5)}
        for n, home in enumerate(homes(60, "flat"))
    ]
    unsaid = [*street[:-1], street[-1] | {"persons": None}]
    false = [*street[:-1], street[-1] | {"persons": 1000}]
    told, wanted = (
        {home: row.mean_kwh for (home, _), row in compared(some).items()}
        for some in (false, unsaid)
    )
    assert told == wanted


def test_filters_are_left_out_from_the_last_until_there_are_enough(compared: Any) -> None:
    year = {"annual_kwh": 2_400.0, "annual_completeness": 0.95, "annual_degree_days": 3_000.0}
    found = compared(
        [
            *homes(1, "large", living_area_m2=300.0, **year),
            *homes(1, "cold", degree_days=600.0, **year),
            *homes(1, "unknown", living_area_m2=None, electric_cars=None, **year),
            *homes(1, "car", electric_cars=2, **year),
            *homes(1, "late", completeness=0.89),
            *homes(44, "flat", **year),
        ]
    )
    filters = {home: row.filters.split(",")[2:] for (home, p), row in found.items() if p == "P1M"}
    assert filters["p/flat0"] == list(WIDENED)
    assert filters["p/large0"] == filters["p/unknown0"] == list(WIDENED[:-1])
    assert filters["p/cold0"] == list(WIDENED[:-2])
    assert filters["p/car0"] == list(WIDENED[:1])
    assert "p/late0" not in filters
    assert found["p/flat0", "P1Y"].mean_kwh == 2_400.0
    assert found["p/flat0", "P1Y"].completeness == 0.95


def test_a_correction_counts_and_a_profile_counts_from_its_day_on(
    compared: Any, tables: Make, table: Make
) -> None:
    of = homes(11, "flat")
    late = KNOWN.replace(day=3)
    signatures, profiles, places = tables(of)
    corrected = tables([{**of[0], "energy_kwh": 300.0}])[0].withColumn("known_at", F.lit(late))
    found = similar_homes(signatures.unionByName(corrected), profiles, places).collect()
    assert {r.location_id: r.own_kwh for r in found}["flat0"] == 300.0
    assert len(found) == 11
    later = table(HOME_PROFILES, [{"partner_id": "p", "location_id": "flat0"}],
                  valid_from="2025-05-01", house_type="house_detached")  # fmt: skip
    moved = similar_homes(signatures, profiles.unionByName(later), places).collect()
    assert len(moved) == 11


def test_a_profile_touches_the_months_of_its_home_unless_it_is_only_said_again(
    tables: Make,
) -> None:
    signatures, profiles, places = tables(homes(2, "flat"))
    came = profiles.where("location_id = 'flat0'").withColumn("_change_type", F.lit("insert"))
    before, after = (F.lit(f"update_{image}image") for image in ("pre", "post"))
    again = came.withColumn("_change_type", before).unionByName(
        came.withColumns({"_change_type": after, "known_at": F.lit(CLOCK)})
    )
    grown = again.withColumn(
        "persons", F.when(F.col("_change_type") == after, 5).otherwise(F.col("persons"))
    )
    deleted = places.withColumn("_change_type", F.lit("delete"))
    assert touched_by_home_profiles(came, signatures).collect() == [("p", "2025-04")]
    assert touched_by_home_profiles(again, signatures).isEmpty()
    assert touched_by_home_profiles(grown, signatures).count() == 1
    assert touched_by_locations(deleted, signatures).count() == 1


def test_a_home_without_a_group_is_told_what_is_missing(tables: Make, table: Make) -> None:
    of = [
        *homes(11, "flat"),
        *homes(1, "no type", house_type=None),
        *homes(1, "no heating", heating_type_primary=None),
        *homes(1, "gap", completeness=0.6),
        *homes(1, "alone", heating_type_primary="radiators"),
        *homes(2, "pair", heating_type_primary="floor_heat"),
        *homes(1, "pair", partner_id="q", heating_type_primary="floor_heat"),
    ]
    new = {"partner_id": "p", "location_id": "new", "fuel": "elec"}
    signatures, profiles, places = tables(of)
    profiles = profiles.unionByName(
        table(
            HOME_PROFILES,
            [
                {
                    k: v
                    for k, v in {**ALIKE, "location_id": "new"}.items()
                    if k in HOME_PROFILES.names
                }
            ],
        )
    )
    places = places.unionByName(table(LOCATIONS, [
        {"partner_id": "p", "location_id": "new", "country_code": "DK"}]))  # fmt: skip
    monthly = [{k: home[k] for k in ("partner_id", "location_id", "fuel")} for home in of]
    months = table(ENERGY_MONTHLY, [*monthly, new], local_date="2025-04-01", known_at=KNOWN)
    told = similar_homes(signatures, profiles, places)
    refused = similar_homes_refusals(months, signatures, profiles, places, told, clock=CLOCK)
    found = {(r.partner_id, r.location_id): r for r in refused.collect()}
    assert {home: r.code for home, r in found.items()} == {
        ("p", "no type0"): "profile_insufficient",
        ("p", "no heating0"): "profile_insufficient",
        ("p", "gap0"): "too_little_history",
        ("p", "new"): "too_little_history",
        ("p", "alone0"): "no_matching_group",
        ("p", "pair0"): "not_enough_contributors",
        ("p", "pair1"): "not_enough_contributors",
        ("q", "pair0"): "no_matching_group",
    }
    details = json.loads(found["p", "no type0"].details)
    assert (details["profile_lacks"], details["local_month"]) == (["house_type"], "2025-04")
    assert json.loads(found["p", "gap0"].details)["completeness"] == 0.6
    # How many there are would tell of the others.
    assert "contributors" not in set(json.loads(found["p", "pair0"].details))


def test_an_empty_lake_has_neither_groups_nor_refusals(spark: Any) -> None:
    signatures, profiles, places, months, told = (
        empty(spark, t)
        for t in (HOME_SIGNATURES, HOME_PROFILES, LOCATIONS, ENERGY_MONTHLY, SIMILAR_HOMES)
    )
    assert similar_homes(signatures, profiles, places).isEmpty()
    assert similar_homes_refusals(months, signatures, profiles, places, told, clock=CLOCK).isEmpty()
