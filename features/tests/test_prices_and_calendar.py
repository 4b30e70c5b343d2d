"""Prices and calendars of hours and days to come: known from when they were told on."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.contracts import CALENDAR_DAYS, SPOT_PRICES_HOURLY
from features.spot_prices_hourly import spot_prices_hourly
from lake.catalog import catalog
from lake.feature_store import FeatureLookup, FeatureStore
from lake.feature_store.tables import feature_table
from lake.hops.writing import insert, replace
from lake.running import Runner
from lake.settings import Settings
from silver.contracts import HOLIDAYS, SPOT_PRICES

pytestmark = pytest.mark.spark
Make = Callable[..., DataFrame]
HOLIDAY = {"country_code": "DK", "name": "Grundlovsdag"}


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2025, 6, day, hour, minute, tzinfo=UTC)


def price(starts: datetime, minutes: int, per_kwh: float, **more: Any) -> dict[str, Any]:
    ends = datetime.fromtimestamp(starts.timestamp() + minutes * 60, UTC)
    said = {"known_at": at(1, 11), "currency": "DKK", "resolution": f"PT{minutes}M"}
    return {"price_zone": "DK2", "starts_at": starts, "ends_at": ends, "price_per_kwh": per_kwh,
            **said, **more}  # fmt: skip


def test_hours_and_days_to_come_are_lookup_keys() -> None:
    prices, days = feature_table(SPOT_PRICES_HOURLY), feature_table(CALENDAR_DAYS)
    assert prices.primary_keys == ("price_zone", "starts_at")
    assert prices.features == ("price_per_kwh", "currency")
    assert days.primary_keys == ("country_code", "local_date")
    assert "is_bridge_day" in days.features


def test_an_hour_has_the_mean_of_its_finest_prices_where_all_of_it_is_priced(table: Make) -> None:
    quarters = [price(at(2, 10, 15 * n), 15, float(n), known_at=at(1, 12)) for n in range(4)]
    rows = [*quarters, price(at(2, 10), 60, 99.0), price(at(2, 11), 60, -0.1),
            price(at(2, 12), 30, 1.0)]  # fmt: skip
    found = spot_prices_hourly(table(SPOT_PRICES, rows)).orderBy("starts_at").collect()
    assert [(r.starts_at.hour, r.price_per_kwh, r.known_at.hour) for r in found] == [
        (10, 1.5, 12), (11, -0.1, 11),
    ]  # fmt: skip


def test_what_is_told_later_of_prices_and_holidays_changes_no_old_training_set(
    spark: SparkSession, lake: Settings, table: Make
) -> None:
    runner = Runner(spark, lake, catalog(), at(2, 12))
    fs = FeatureStore(spark, lake, clock=at(9))
    asked = spark.createDataFrame(
        [("DK2", "DK", at(3, 18), date(2025, 6, 6), at(day, hour)) for day, hour in
         ((1, 6), (1, 18), (2, 18))],
        "price_zone string, country_code string, starts_at timestamp, local_date date, "
        "asked_at timestamp",
    )  # fmt: skip
    lookups = [
        FeatureLookup("features.spot_prices_hourly", ["price_zone", "starts_at"],
                      timestamp_lookup_key="asked_at", feature_names="price_per_kwh"),
        FeatureLookup("features.calendar_days", ["country_code", "local_date"],
                      timestamp_lookup_key="asked_at",
                      feature_names=["kind_of_day", "is_bridge_day", "is_after_holiday"]),
    ]  # fmt: skip

    def built(as_of: datetime) -> list[tuple[Any, ...]]:
        made = fs.create_training_set(df=asked, feature_lookups=lookups, label=None, as_of=as_of)
        return [tuple(r)[-4:] for r in made.load_df().orderBy("asked_at").collect()]

    def run() -> list[int]:
        return [runner.run(f"features.{n}").written.rows for n in
                ("spot_prices_hourly", "calendar_days")]  # fmt: skip

    holiday = {**HOLIDAY, "local_date": "2025-06-05"}
    first = table(HOLIDAYS, [holiday])
    insert(runner.store, HOLIDAYS, first)
    insert(runner.store, SPOT_PRICES, table(SPOT_PRICES, [price(at(3, 18), 60, 0.5)]))
    assert run() == [1, 365]
    # Between the holiday and a Saturday.
    friday = ("workday", True, True)
    then = [(None, *friday), (0.5, *friday), (0.5, *friday)]
    assert built(at(9)) == then
    # The price is corrected, and the day after is declared a holiday at short notice.
    later = table(HOLIDAYS, [holiday, {**holiday, "local_date": "2025-06-06"}])
    replace(runner.store, HOLIDAYS, later, first)
    corrected = table(SPOT_PRICES, [price(at(3, 18), 60, 0.7, known_at=at(2, 15))])
    replace(runner.store, SPOT_PRICES, corrected, runner.store.read(SPOT_PRICES))
    runner.clock = at(2, 17)
    # Three days are told otherwise: the holiday and those beside it.
    assert run() == [1, 3]
    assert built(at(2, 14)) == then
    assert built(at(9)) == [*then[:2], (0.7, "holiday", False, True)]
    runner.clock = at(5)
    runner.ledger.record("features.calendar_days", {}, rule_version=1, rows_written=0, seconds=0.0)
    assert run() == [0, 0]
