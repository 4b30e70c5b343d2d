"""What the Data Management API judges without Spark, silver and gold judge alike, row by row.

The rules stand twice, since serving never starts Spark. Rows are generated from what is usual, what
is on the edge and what is wrong; one query judges all of a kind.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bronze.contracts import (
    CO2_INTENSITY,
    REGISTER_READS,
    REGISTRATIONS,
    SPOT_PRICES,
    WEATHER,
)
from gold.tariff_days import opened
from gold.tariff_prices import by_time_of_use
from lake.hops.quarantine import REASONS
from serving.data_management.blocks.blocks import Fault, Faults, Meter
from serving.data_management.bulk.row_checks import (
    check_co2,
    check_price,
    check_read,
    check_weather,
)
from serving.data_management.registrations.tariff_elements import Elements, as_told
from serving.data_management.registrations.tariff_prices import unpriced
from silver.co2_intensity import co2_intensity
from silver.contracts import LOCATIONS, METERS
from silver.register_reads import register_reads
from silver.spot_prices import spot_prices
from silver.tariffs import tariffs
from silver.weather import weather

pytestmark = pytest.mark.spark
AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
COUNT = 300
Examples = Callable[..., list[Any]]
Row = Mapping[str, str]

NUMBERS = st.sampled_from(
    ["0", "-0", "1", "-1", "30", "84", "2.5", ".5", "5.", "1e3", "1E-3", "+4", " 7 ", "1_000",
     "1,5", "abc", "NaN", "nan", "inf", "-Infinity", "1e999"]
) | st.decimals(-200, 200, places=3).map(str)  # fmt: skip
INSTANTS = st.sampled_from(
    ["2025-05-01T00:00:00Z", "2025-05-01T00:00Z", "2025-05-01 00:00+02:00",
     "2025-05-01T00:00:00.5Z", "2025-05-01t00:00:00z", "2025-05-01",
     "2025-05-01T00:00:00", "today", "2025-02-30T00:00Z",
     "1989-01-01T00:00Z", "2025-06-01T12:59:00Z", "2025-06-01T13:01:00Z", "2999-01-01T00:00Z"]
)  # fmt: skip
LENGTHS = st.sampled_from(["PT15M", "PT30M", "PT1H", "PT60M", "pt15m", "PT3600S", "PT5M", "PT2H",
                           "P1D", "hour", " PT1H "])  # fmt: skip
UNITS = st.sampled_from(["EUR/MWh", "eur/mwh", "SEK/kWh", "DKK / MWh", "GBp/kWh", "ORE/kWh", "EUR",
                         "EUR/GJ", " EUR/MWh ", "MWh/EUR", "USD/kWh", "eur/KWH"])  # fmt: skip
OF_ZONE = {"price_zone": st.just("DK2"), "starts_at": INSTANTS, "resolution": LENGTHS}


def said_by_serving(
    row: Row, check: Callable[[dict[str, Any], Faults], None]
) -> set[str]:  # fmt: skip
    faults: list[Fault] = []
    check(dict(row), Faults(faults))
    return {fault.code for fault in faults}


def said_by_silver(judged: DataFrame) -> dict[int, set[str]]:
    return {row.source_line: set(row[REASONS]) for row in judged.collect()}


def held_together(
    rows: list[Row], silver: Callable[[DataFrame], DataFrame], sent: DataFrame,
    check: Callable[[dict[str, Any], Faults], None],
) -> None:  # fmt: skip
    """Hold the reasons of serving against those of silver, and see that both are of many kinds."""
    by_silver = said_by_silver(silver(sent))
    by_serving = {line: said_by_serving(row, check) for line, row in enumerate(rows)}
    differ = [(rows[n], by_serving[n], by_silver[n]) for n in by_serving
              if by_serving[n] != by_silver[n]]  # fmt: skip
    assert differ == []
    assert 0 < sum(not why for why in by_serving.values()) < len(rows)


@pytest.fixture
def as_sent(table: Callable[..., Any]) -> Callable[..., DataFrame]:
    """Return lines of bronze, numbered as the rows are."""

    def make(contract: Any, rows: list[Row]) -> DataFrame:
        lines = [{**row, "source_line": n} for n, row in enumerate(rows)]
        found: DataFrame = table(contract, lines, partner_id="p", received_at=AT)
        return found

    return make


def test_prices_are_judged_alike(examples: Examples, as_sent: Callable[..., DataFrame]) -> None:
    rows = examples(st.fixed_dictionaries({**OF_ZONE, "price": NUMBERS, "unit": UNITS}), COUNT)
    held_together(rows, spot_prices, as_sent(SPOT_PRICES, rows), check_price)


def test_carbon_intensities_are_judged_alike(
    examples: Examples, as_sent: Callable[..., DataFrame]
) -> None:
    units = st.sampled_from(["g/kWh", "KG/kWh", "kg/MWh", " t/mwh ", "lb/MWh", "g", "g / kWh"])
    rows = examples(st.fixed_dictionaries({**OF_ZONE, "co2": NUMBERS, "unit": units}), COUNT)
    held_together(rows, co2_intensity, as_sent(CO2_INTENSITY, rows), check_co2)


def test_weather_is_judged_alike(examples: Examples, as_sent: Callable[..., DataFrame]) -> None:
    rows = examples(
        st.fixed_dictionaries(
            {"latitude": NUMBERS, "longitude": NUMBERS, "observed_at": INSTANTS,
             "temperature_c": NUMBERS},
            optional={"issued_at": INSTANTS, "wind_speed_m_s": NUMBERS, "irradiance_w_m2": NUMBERS},
        ),
        COUNT,
    )  # fmt: skip
    sent = as_sent(WEATHER, rows)
    held_together(rows, weather, sent, lambda row, fault: check_weather(row, AT, fault))


METERS_KNOWN = {
    "e": Meter("elec", "Europe/Paris", direction="import"),
    "up": Meter("elec", "Europe/Paris", direction="production"),
    "g": Meter("gas", "Europe/Paris", direction="import"),
}


def test_register_reads_are_judged_alike(
    examples: Examples, as_sent: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    registers = ["", "day", "Day", "1.8.0", "1-0:1.8.1", "2.8.0", "1-0:2.8.0*255", "1.8.x", "3.0.0",
                 "24.2.1", "7-0:24.2.1", "é", "t 1"]  # fmt: skip
    rows = examples(
        st.fixed_dictionaries(
            {"meter_id": st.sampled_from(sorted(METERS_KNOWN)), "read_at": INSTANTS,
             "reading": NUMBERS, "register": st.sampled_from(registers)},
            optional={
                "unit": st.sampled_from(["kWh", "wh", "MWH", "m3", "therm", " kWh "]),
                "quality": st.sampled_from(["", "measured", "Estimated", "missing", "guessed"]),
            },
        ),
        COUNT,
    )  # fmt: skip
    home = {"partner_id": "p", "location_id": "h"}
    known = [{"meter_id": name, "fuel": meter.fuel, "direction": meter.direction}
             for name, meter in METERS_KNOWN.items()]  # fmt: skip
    meters, homes = table(METERS, known, **home), table(LOCATIONS, [home], time_zone="Europe/Paris")
    held_together(
        rows,
        lambda sent: register_reads(sent, meters, homes),
        as_sent(REGISTER_READS, rows),
        lambda row, fault: check_read(row, METERS_KNOWN[row["meter_id"]], AT, fault),
    )


PRICE = st.sampled_from([0.0, -0.5, 1.5, 2, 1e6, 1.1e6, -2e6])
CLOCK = st.sampled_from(["00:00", "06:30", "17:00", "23:59", "24:00", "25:00", "6:00"])
PERIOD = st.fixed_dictionaries(
    {"price_per_kwh": PRICE},
    optional={
        "weekdays": st.lists(st.integers(0, 8), max_size=7),
        "months": st.lists(st.integers(0, 13), max_size=12),
        "from": CLOCK,
        "to": CLOCK,
    },
)
STEP = st.fixed_dictionaries(
    {"price_per_kwh": PRICE}, optional={"up_to_kwh": st.sampled_from([0, 10.0, 20, 1e12, 2e12])}
)


def of_kind(kind: str, must: dict[str, Any], **may: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return an element of which a part may be missing."""
    whole = st.fixed_dictionaries({"kind": st.just(kind), **must}, optional=may)
    return whole | st.fixed_dictionaries({"kind": st.just(kind)}, optional={**must, **may})


ELEMENT = st.one_of(
    of_kind("standing_charge", {"amount": PRICE, "per": st.sampled_from(["day", "month", "year"])}),
    of_kind("fixed", {"price_per_kwh": PRICE}),
    of_kind("time_of_use", {"periods": st.lists(PERIOD, max_size=3)}),
    of_kind("block", {"per": st.sampled_from(["day", "month", "year", "week"]),
                      "steps": st.lists(STEP, max_size=3)}),
    of_kind("spot", {}, multiplier=PRICE, surcharge_per_kwh=PRICE),
    of_kind("capacity", {"price_per_kw": PRICE}, days=st.integers(0, 32),
            window_minutes=st.sampled_from([6, 15, 45, 60])),
    of_kind("flat_rate", {"price_per_kwh": PRICE}),
)  # fmt: skip
ADAPTER: TypeAdapter[Any] = TypeAdapter(Elements)


def taken(elements: list[Any]) -> list[dict[str, Any]] | None:
    """Return the elements as the API says them to the lake, None where it refuses them."""
    try:
        return as_told(ADAPTER.validate_python(elements))
    except ValidationError:
        return None


def registered(
    table: Callable[..., Any], tariffs_of: list[list[dict[str, Any]]], **more: Any
) -> DataFrame:
    """Return what silver makes of a home a list of elements, numbered by ``location_id``."""
    paid = {"tariff_id": "t", "fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01",
            "vat": 0.25, **more}  # fmt: skip
    documents = [
        {"location_id": str(n), "source_line": n,
         "document": json.dumps({"tariffs": [{**paid, "elements": elements}]})}
        for n, elements in enumerate(tariffs_of)
    ]  # fmt: skip
    return tariffs(table(REGISTRATIONS, documents, partner_id="p", received_at=AT))


def test_elements_of_tariffs_are_taken_by_both_or_neither(
    examples: Examples, table: Callable[..., Any]
) -> None:
    rows = examples(st.lists(ELEMENT, min_size=1, max_size=2), COUNT)
    said = [taken(elements) for elements in rows]
    # Silver is given what the API would say, and what it refuses as it was sent.
    judged = registered(table, [told or row for told, row in zip(said, rows, strict=True)])
    by_silver = {int(r.location_id): set(r[REASONS]) for r in judged.collect()}
    differ = [(rows[n], told is not None, by_silver[n]) for n, told in enumerate(said)
              if (told is None) != bool(by_silver[n])]  # fmt: skip
    assert differ == []
    assert 0 < sum(told is None for told in said) < len(rows)


HALVES = [f"{n // 2:02}:{n % 2 * 30:02}" for n in range(48)]
AT_SOME_TIMES = st.fixed_dictionaries(
    {"price_per_kwh": st.just(1.0)},
    optional={
        "weekdays": st.sampled_from([[1, 2, 3, 4, 5], [6, 7], [7], list(range(1, 8))]),
        "months": st.sampled_from([[1], [2], [1, 2], list(range(1, 13))]),
        "from": st.sampled_from(["00:00", "06:00", "22:30"]) | st.sampled_from(HALVES),
        "to": st.sampled_from(["06:00", "22:30", "24:00"]) | st.sampled_from(HALVES),
    },
)
FIRST, END = date(2025, 1, 25), date(2025, 2, 8)


def test_a_time_without_a_price_is_found_where_gold_has_none(
    examples: Examples, table: Callable[..., Any], spark: SparkSession
) -> None:
    rows = [
        [{"kind": "time_of_use", "periods": periods}]
        for periods in examples(st.lists(AT_SOME_TIMES, min_size=1, max_size=4), 60)
    ]
    holes = {
        n: bool(unpriced(ADAPTER.validate_python(elements), fuel="elec", price_zone="DK2",
                         valid_from=FIRST, valid_to=END))
        for n, elements in enumerate(rows)
    }  # fmt: skip
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    half = timedelta(minutes=30)
    starts = [midnight + n * half for n in range((END - FIRST).days * 48)]
    halves = spark.createDataFrame(
        [(at, at + half) for at in starts], "starts_at timestamp, ends_at timestamp"
    )
    price = by_time_of_use(F.col("element.periods"))
    of_gold = (
        opened(registered(table, rows, valid_from=str(FIRST), valid_to=str(END)))
        .crossJoin(halves.withColumn("time_zone", F.lit("UTC")))
        .groupBy("location_id")
        .agg(F.max(price.isNull()).alias("has_hole"))
    )
    assert {int(r.location_id): r.has_hole for r in of_gold.collect()} == holes
    assert {True, False} == set(holes.values())
