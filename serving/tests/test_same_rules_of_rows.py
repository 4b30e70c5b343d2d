"""What jobs judge of reads, weather, prices and CO2 without Spark, silver judges alike.

Both take a row, or neither does. Rows are generated from what is usual, what is on the edge and
what is wrong; one query judges all of a kind.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from bronze.contracts import CO2_INTENSITY, MAX_DEMAND, REGISTER_READS, SPOT_PRICES, WEATHER
from lake.contract import Table
from lake.hops.quarantine import REASONS
from serving.data_management.blocks.blocks import Fault, Faults, Meter
from serving.data_management.bulk.demand_checks import check_demand
from serving.data_management.bulk.row_checks import (
    check_co2,
    check_price,
    check_read,
    check_weather,
)
from silver.co2_intensity import co2_intensity
from silver.contracts import LOCATIONS, METERS
from silver.max_demand import max_demand
from silver.register_reads import register_reads
from silver.spot_prices import spot_prices
from silver.weather import weather

pytestmark = pytest.mark.spark
AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
COUNT = 400
Examples = Callable[..., list[Any]]
Check = Callable[[Mapping[str, Any], Faults], None]

# Rows are right more often than not, so that one fault does not hide another's absence.
INSTANT = st.sampled_from(
    ["2025-05-01T00:00:00Z", "2025-05-01T00:00:00Z", "2025-05-01T02:00+02:00",
     "2025-05-01 00:00:00+0000", " 2025-05-01T00:00:00z ", "2025-05-01t00:00z",
     "2025-05-01T00:00:00.5Z", "2025-05-01T00:00:00", "2025-05-01", "2025-02-29T00:00:00Z",
     "2025-05-01T24:00:00Z", "1989-12-31T00:00:00Z", "2025-06-01T12:04:59Z",
     "2025-06-01T13:00:00Z", "2025-07-01T00:00:00Z", "01.05.2025 00:00", "yesterday"]
)  # fmt: skip
NUMBER = st.sampled_from(
    ["0", "0.25", "12", "12.5", " 7.5 ", "-0.5", "-1", "1e2", "91", "181", "60", "1500", "6001",
     "1e9", "NaN", "Infinity", "0,5", "1_000", "twelve"]
)  # fmt: skip
QUALITY = st.sampled_from(["", "measured", "Estimated", "missing", "good"])
ZONED = {
    "price_zone": st.just("DK1"), "starts_at": INSTANT,
    "resolution": st.sampled_from(["PT1H", "PT15M", "pt60m", "PT30M", " PT1H ", "PT10M", "P1D",
                                   "1 hour"]),
}  # fmt: skip
ROWS = {
    "price": st.fixed_dictionaries(
        {**ZONED, "price": NUMBER,
         "unit": st.sampled_from(["EUR/MWh", "eur/kWh", "SEK/kWh", "ORE/kWh", "GBp/kWh", "GBP/kWh",
                                  "GBX/kWh", "EUR", "EUR/GJ", " EUR/mwh "])}
    ),
    "co2": st.fixed_dictionaries(
        {**ZONED, "co2": NUMBER,
         "unit": st.sampled_from(["g/kWh", "kg/MWh", "kg/kWh", " G/KWH ", "t/MWh", "lb/kWh"])}
    ),
    "weather": st.fixed_dictionaries(
        {"latitude": st.sampled_from(["55.5", "55.5", "-90", "91", "north"]),
         "longitude": st.sampled_from(["12.5", "12.5", "180", "-180.5", "east"]),
         "observed_at": INSTANT, "issued_at": INSTANT | st.just(""), "temperature_c": NUMBER},
        optional={"wind_speed_m_s": NUMBER, "irradiance_w_m2": NUMBER},
    ),
    "read": st.fixed_dictionaries(
        {"meter_id": st.sampled_from(["import", "production", "gas", "unknown"]),
         "read_at": INSTANT, "reading": NUMBER},
        optional={
            "register": st.sampled_from(["", "day", "1.8.0", "2.8.0", "1-0:1.8.1*255", "7-0:3.0.0",
                                         "3.8.0", "Night", "a b", "1.8"]),
            "unit": st.sampled_from(["kWh", "wh", "m3", "MWh", "kW", "l", ""]),
            "quality": QUALITY,
        },
    ),
    "demand": st.fixed_dictionaries(
        {"meter_id": st.sampled_from(["import", "production", "gas", "unknown"]),
         "month": st.sampled_from(["2025-03-01", "2025-04-01", " 2025-03-01 ", "2025-01-01",
                                   "2025-05-01", "2025-06-01", "2025-07-01", "9999-12-01",
                                   "1989-12-01", "0001-01-01", "2025-03-02", "20250301",
                                   "2025-W10-6", "2025-03", "March"]),
         "demand": NUMBER},
        optional={"unit": st.sampled_from(["kW", "w", "KVA", "kWh", ""]), "quality": QUALITY,
                  "is_deleted": st.sampled_from(["", "true", "false", "1", "yes", "maybe"])},
    ),
}  # fmt: skip


def judged_by_the_api(rows: list[dict[str, str]], check: Check) -> list[set[str]]:
    """Return the codes of what is wrong with each."""
    found: list[list[Fault]] = [[] for _ in rows]
    for row, faults in zip(rows, found, strict=True):
        check(row, Faults(faults))
    return [{fault.code for fault in faults} for faults in found]


def judged_by_silver(
    table: Callable[..., Any], contract: Table, rows: list[dict[str, str]],
    judge: Callable[[DataFrame], DataFrame],
) -> list[set[str]]:  # fmt: skip
    """Return the reasons of each; its number is its line."""
    lines = [{**row, "source_line": n} for n, row in enumerate(rows)]
    said = judge(table(contract, lines, partner_id="p", received_at=AT, known_at=None))
    by_line = {row.source_line: set(row[REASONS]) for row in said.collect()}
    return [by_line[n] for n in range(len(rows))]


def assert_alike(
    rows: list[dict[str, str]], by_api: list[set[str]], by_silver: list[set[str]]
) -> None:
    differ = [
        (row, sorted(api), sorted(silver))
        for row, api, silver in zip(rows, by_api, by_silver, strict=True)
        if bool(api) != bool(silver)
    ]
    assert differ == []
    assert 0 < sum(not reasons for reasons in by_api) < len(rows)


def test_prices_are_judged_alike(examples: Examples, table: Callable[..., Any]) -> None:
    rows = examples(ROWS["price"], COUNT)
    assert_alike(
        rows,
        judged_by_the_api(rows, check_price),
        judged_by_silver(table, SPOT_PRICES, rows, spot_prices),
    )


def test_intensities_are_judged_alike(examples: Examples, table: Callable[..., Any]) -> None:
    rows = examples(ROWS["co2"], COUNT)
    assert_alike(
        rows,
        judged_by_the_api(rows, check_co2),
        judged_by_silver(table, CO2_INTENSITY, rows, co2_intensity),
    )


def test_weather_is_judged_alike(examples: Examples, table: Callable[..., Any]) -> None:
    rows = examples(ROWS["weather"], COUNT)
    assert_alike(
        rows,
        judged_by_the_api(rows, lambda row, fault: check_weather(row, AT, fault)),
        judged_by_silver(table, WEATHER, rows, weather),
    )


METERS_OF = {"import": ("elec", "import"), "production": ("elec", "production"),
             "gas": ("gas", "import")}  # fmt: skip
HOME = {"partner_id": "p", "location_id": "home"}
ZONE = "Europe/Copenhagen"
SUPPLY = date(2025, 2, 15), date(2025, 5, 15)


@pytest.fixture
def registered(table: Callable[..., Any]) -> tuple[DataFrame, DataFrame]:
    """Return the meters and the location of a home."""
    meters = [
        {**HOME, "meter_id": name, "fuel": fuel, "direction": direction,
         "supply_start": SUPPLY[0], "supply_end": SUPPLY[1]}
        for name, (fuel, direction) in METERS_OF.items()
    ]  # fmt: skip
    return table(METERS, meters), table(LOCATIONS, [{**HOME, "time_zone": ZONE}])


def of_its_meter(check: Callable[..., None]) -> Check:
    """Return a check of rows against the meters of the home."""
    known = {name: Meter(fuel, ZONE, *SUPPLY, direction)
             for name, (fuel, direction) in METERS_OF.items()}  # fmt: skip
    return lambda row, fault: check(row, known.get(row["meter_id"]), AT, fault)


@pytest.mark.parametrize(
    ("kind", "check", "contract", "judge"),
    [("read", check_read, REGISTER_READS, register_reads),
     ("demand", check_demand, MAX_DEMAND, max_demand)],
)  # fmt: skip
def test_rows_of_meters_are_judged_alike(
    examples: Examples, table: Callable[..., Any], registered: tuple[DataFrame, DataFrame],
    kind: str, check: Callable[..., None], contract: Table, judge: Callable[..., DataFrame],
) -> None:  # fmt: skip
    rows = examples(ROWS[kind], COUNT)
    by_api = judged_by_the_api(rows, of_its_meter(check))
    by_silver = judged_by_silver(table, contract, rows, lambda lines: judge(lines, *registered))
    # That a meter can be registered after its rows is no error of a row, and it may be gas then.
    waits = {"unknown_meter", "unknown_register"}
    by_silver = [
        found - waits if "unknown_meter" in found and not api else found - {"unknown_meter"}
        for api, found in zip(by_api, by_silver, strict=True)
    ]
    assert_alike(rows, by_api, by_silver)
