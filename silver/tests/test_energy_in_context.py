"""What a home used is known where all that it meters is."""

from collections.abc import Callable
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from silver.balance import by_direction, ways
from silver.contracts import LOCATIONS, METER_READINGS, METERS
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
