"""What a home used is known where all that it meters is."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from silver.balance import by_direction, ways
from silver.contracts import (
    HOME_PROFILES,
    LOCATION_WEATHER,
    LOCATIONS,
    METER_READINGS,
    METERS,
    REGISTER_ENERGY,
    SPOT_PRICES,
    WEATHER,
)
from silver.energy_in_context import (
    touched_by_home_profiles,
    touched_by_location_weather,
    touched_by_locations,
    touched_by_meters,
    touched_by_spot_prices,
    touched_by_weather,
)
from silver.said_once import lengths, said_once

pytestmark = pytest.mark.spark
PANELS = ("import", "export", "production")


def meters(table: Callable[..., Any], *directions: str) -> Any:
    rows = [{"meter_id": way, "direction": way, "fuel": "elec"} for way in directions]
    return table(METERS, rows, partner_id="p", location_id="h", is_sub_meter=False)


def readings(table: Callable[..., Any], *told: tuple[int, str, float]) -> Any:
    rows = [
        {
            "meter_id": way,
            "direction": way,
            "starts_at": f"2025-05-01T{hour:02}:00:00+00:00",
            "ends_at": f"2025-05-01T{hour + 1:02}:00:00+00:00",
            "energy_kwh": kwh,
        }
        for hour, way, kwh in told
    ]
    return table(METER_READINGS, rows, partner_id="p", location_id="h", fuel="elec")


def said(
    spark: SparkSession,
    table: Callable[..., Any],
    told: Any,
    registered: Any,
    expected: list[tuple[Any, ...]],
) -> None:
    names = "hour int, direction string, kwh double, is_derived boolean, is_consumption boolean"
    place = table(LOCATIONS, [{}], partner_id="p", location_id="h", time_zone="UTC")
    of_days = lengths(told)
    found = by_direction(said_once(told, of_days), ways(registered, place), of_days).select(
        F.hour("starts_at").alias("hour"),
        "direction",
        F.col("energy_kwh").alias("kwh"),
        "is_derived",
        "is_consumption",
    )
    assert_df_equality(
        found,
        spark.createDataFrame(expected, names),
        ignore_nullable=True,
        ignore_metadata=True,
        ignore_row_order=True,
    )


def test_import_alone_is_said_once_and_is_consumption_too(
    spark: SparkSession, table: Callable[..., Any]
) -> None:
    told = readings(table, (0, "import", 1.5))
    said(spark, table, told, meters(table, "import"), [(0, "import", 1.5, False, True)])


def test_a_gap_in_one_meter_is_a_gap_in_consumption(
    spark: SparkSession, table: Callable[..., Any]
) -> None:
    told = readings(
        table,
        *((0, "import", 1.0), (0, "production", 3.0), (0, "export", 2.5)),
        *((1, "import", 1.0), (1, "production", 3.0)),
        *((2, "production", 3.0), (2, "export", 2.5)),
        # A meter's rounding may leave less than nothing.
        *((3, "import", 0.0), (3, "production", 1.0), (3, "export", 1.001)),
    )
    expected = [
        *((0, "import", 1.0), (0, "production", 3.0), (0, "export", 2.5), (0, "consumption", 1.5)),
        *((1, "import", 1.0), (1, "production", 3.0)),
        *((2, "production", 3.0), (2, "export", 2.5)),
        *((3, "import", 0.0), (3, "production", 1.0), (3, "export", 1.001)),
        (3, "consumption", 0.0),
    ]
    said(
        spark,
        table,
        told,
        meters(table, *PANELS),
        [(h, way, kwh, way == "consumption", False) for h, way, kwh in expected],
    )


def test_export_without_metered_production_leaves_consumption_unknown(
    spark: SparkSession, table: Callable[..., Any]
) -> None:
    told = readings(table, (0, "import", 1.0), (0, "export", 2.0))
    said(
        spark,
        table,
        told,
        meters(table, "import", "export"),
        [(0, "import", 1.0, False, False), (0, "export", 2.0, False, False)],
    )


def days_of(touched: Any) -> set[tuple[str, str]]:
    return {(r["location_id"], r["local_date"].isoformat()) for r in touched.collect()}


def test_a_home_of_registers_alone_is_touched_by_what_is_said_of_it(
    table: Callable[..., Any],
) -> None:
    stretches = [{"location_id": h, "local_date": f"2025-0{m}-01"} for h in "hi" for m in (1, 2, 3)]
    told = (table(METER_READINGS, []), table(REGISTER_ENERGY, stretches, partner_id="p"))
    home = {"partner_id": "p", "location_id": "h"}
    every = {("h", f"2025-0{month}-01") for month in (1, 2, 3)}
    assert days_of(touched_by_locations(table(LOCATIONS, [home]), *told)) == every
    assert days_of(touched_by_meters(table(METERS, [home]), *told)) == every
    assert days_of(touched_by_location_weather(table(LOCATION_WEATHER, [home]), *told)) == every
    profile = table(HOME_PROFILES, [{**home, "valid_from": "2025-02-01"}])
    since = {day for day in every if day != ("h", "2025-01-01")}
    assert days_of(touched_by_home_profiles(profile, *told)) == since


def test_weather_touches_its_day_and_the_first_days_of_long_intervals(
    table: Callable[..., Any],
) -> None:
    zones = {"day": "Europe/Berlin", "month": "Europe/Berlin", "read": "America/New_York",
             "west": "America/New_York", "hours": "Asia/Kolkata"}  # fmt: skip
    readings = [
        # A gas day; a month; local days, to which only the weather of their own belongs.
        ("day", "2025-05-29", "PT24H", "2025-05-29T04:00", "2025-05-30T04:00"),
        ("month", "2025-05-01", "P1M", "2025-04-30T22:00", "2025-05-31T22:00"),
        ("month", "2025-04-01", "P1M", "2025-03-31T22:00", "2025-04-30T22:00"),
        ("west", "2025-05-29", "P1D", "2025-05-29T04:00", "2025-05-30T04:00"),
        ("hours", "2025-05-29", "PT1H", "2025-05-29T17:30", "2025-05-29T18:30"),
    ]

    def told(contract: Any, rows: Sequence[tuple[str, ...]]) -> Any:
        names = ("location_id", "local_date", "resolution", "starts_at", "ends_at")
        named = [dict(zip(names, row, strict=True)) for row in rows]
        for row in named:
            row |= {n: f"{row[n]}:00+00:00" for n in ("starts_at", "ends_at")}
        return table(contract, named, partner_id="p")

    stretch = ("read", "2025-05-09", "PT1814400S", "2025-05-09T10:00", "2025-05-30T10:00")
    stretches = told(REGISTER_ENERGY, [stretch])
    point = {"latitude": 55.0, "longitude": 12.0}
    nearest = table(LOCATION_WEATHER, [{"location_id": h} for h in zones], partner_id="p", **point)
    homes = table(
        LOCATIONS, [{"location_id": h, "time_zone": z} for h, z in zones.items()], partner_id="p"
    )

    def touched(observed_at: str) -> set[tuple[str, str]]:
        changes = table(WEATHER, [{"observed_at": observed_at}], **point)
        at_home = (nearest, homes, told(METER_READINGS, readings), stretches)
        return days_of(touched_by_weather(changes, *at_home))

    at_three = touched("2025-05-30T01:00:00+00:00")
    # It is the 29th still in New York.
    own = {("west", "2025-05-29"), ("read", "2025-05-29")}
    own |= {(home, "2025-05-30") for home in ("day", "month", "hours")}
    long = {("day", "2025-05-29"), ("month", "2025-05-01"), ("read", "2025-05-09")}
    assert at_three == own | long
    # Half past in India the hour goes on with the next day.
    assert {day for home, day in touched("2025-05-29T18:00:00+00:00") if home == "hours"} == {
        "2025-05-29", "2025-05-30",
    }  # fmt: skip


def test_a_price_touches_both_days_that_it_lies_in(table: Callable[..., Any]) -> None:
    homes = table(
        LOCATIONS,
        [{"location_id": z, "time_zone": z} for z in ("Asia/Kolkata", "Europe/London")],
        partner_id="p", price_zone="Z",
    )  # fmt: skip
    price = {"starts_at": "2025-05-29T18:00:00+00:00", "ends_at": "2025-05-29T19:00:00+00:00"}
    changes = table(SPOT_PRICES, [price], price_zone="Z")
    assert days_of(touched_by_spot_prices(changes, homes)) == {
        ("Asia/Kolkata", "2025-05-29"), ("Asia/Kolkata", "2025-05-30"),
        ("Europe/London", "2025-05-29"),
    }  # fmt: skip
