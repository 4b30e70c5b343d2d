"""The platform's own feature tables through the feature store, and who lives in a home."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.contracts import HOME_PROFILE_VERSIONS, HOURLY_LOAD_PROFILE
from features.home_profile_versions import home_profile_versions
from lake.feature_store import FeatureLookup, FeatureStore
from lake.feature_store.tables import FeatureTableDiffers, feature_table
from lake.feature_store.training_sets import looked_up
from lake.hops.writing import insert
from lake.settings import Settings
from lake.store import Store
from silver.contracts import HOME_PROFILES, LOCATIONS

Make = Callable[..., DataFrame]
SERIES = ["partner_id", "location_id", "fuel", "direction"]
IDS = {"partner_id": "p", "location_id": "a"}
HOUR = {**IDS, "fuel": "elec", "direction": "import"}


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2025, 3, day, hour, tzinfo=UTC)


def test_a_declared_table_is_looked_up_by_all_of_its_key_that_is_no_time() -> None:
    load, profiles = feature_table(HOURLY_LOAD_PROFILE), feature_table(HOME_PROFILE_VERSIONS)
    assert load.primary_keys == (*SERIES, "local_hour")
    assert (load.timeseries_column, load.known) == ("feature_at", ("known_at",))
    assert {"lag_1d_kwh", "days_observed", "time_zone"} < set(load.features)
    assert not {"local_date", "local_month", "known_at", *SERIES} & set(load.features)
    assert profiles.primary_keys == ("partner_id", "location_id")


def test_a_training_set_of_declared_tables_does_not_see_what_is_said_later(
    spark: SparkSession, lake: Settings, table: Make
) -> None:
    store = Store(spark, lake)

    def say(kwh: float, known: datetime) -> None:
        row = {**HOUR, "local_hour": 18, "local_date": "2025-03-01", "feature_at": at(2),
               "lag_1d_kwh": kwh, "known_at": known, "local_month": "2025-03"}  # fmt: skip
        insert(store, HOURLY_LOAD_PROFILE, table(HOURLY_LOAD_PROFILE, [row]))

    say(1.0, at(2, 6))
    profile = {**IDS, "feature_at": at(1), "known_at": at(3), "persons": 2}
    insert(store, HOME_PROFILE_VERSIONS, table(HOME_PROFILE_VERSIONS, [profile]))
    fs = FeatureStore(spark, lake, clock=at(9))
    asked = spark.createDataFrame(
        [("p", "a", "elec", "import", 18, at(day, hour)) for day, hour in ((2, 0), (2, 7), (4, 0))],
        "partner_id string, location_id string, fuel string, direction string, local_hour int, "
        "asked_at timestamp",
    )
    lookups = [
        FeatureLookup("features.hourly_load_profile", [*SERIES, "local_hour"],
                      timestamp_lookup_key="asked_at", feature_names="lag_1d_kwh"),
        FeatureLookup("features.home_profile_versions", SERIES[:2],
                      timestamp_lookup_key="asked_at", feature_names="persons"),
    ]  # fmt: skip

    def built(as_of: datetime | None = None) -> list[Any]:
        made = fs.create_training_set(
            df=asked, feature_lookups=lookups, label=None, as_of=as_of
        ).load_df()
        return [tuple(r)[-2:] for r in made.orderBy("asked_at").collect()]

    before = [(None, None), (1.0, None), (1.0, 2)]
    assert built() == before
    say(50.0, at(3, 6))
    assert built(as_of=at(2, 12)) == [(None, None), (1.0, None), (1.0, None)]
    assert built() == [(None, None), (1.0, None), (50.0, 2)]
    assert fs.read_table(name="features.hourly_load_profile").count() == 1
    # A table that was written by an earlier version of the platform.
    spec = fs.create_training_set(df=asked, feature_lookups=lookups, label=None).spec

    def older(name: str, version: int) -> Any:
        found = feature_table(fs.tables[name])
        return found, fs.table(name).drop("lag_1d_kwh")

    with pytest.raises(FeatureTableDiffers, match=r"no column lag_1d_kwh.*lake run features"):
        looked_up(asked, spec.lookups, older, as_of=None)


def test_a_profile_holds_from_local_midnight_on_and_each_version_stays(table: Make) -> None:
    profiles = table(
        HOME_PROFILES,
        [{"valid_from": "2025-03-01", "persons": 2}, {"valid_from": "2025-07-01", "persons": 3}],
        **IDS, known_at=at(5),
    )  # fmt: skip
    homes = table(LOCATIONS, [{**IDS, "time_zone": "Europe/Copenhagen"}])
    found = home_profile_versions(profiles, homes).orderBy("feature_at").collect()
    assert [(r.feature_at.astimezone(UTC), r.persons) for r in found] == [
        (datetime(2025, 2, 28, 23, tzinfo=UTC), 2), (datetime(2025, 6, 30, 22, tzinfo=UTC), 3),
    ]  # fmt: skip
