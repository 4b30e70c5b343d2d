"""The highest power of a month: what is read of a line, what waits, and what takes its place."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from bronze.contracts import MAX_DEMAND as AS_SENT
from lake.catalog import catalog
from lake.hops.quarantine import REASONS
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings
from silver.contracts import LOCATIONS, METERS
from silver.max_demand import max_demand

pytestmark = [pytest.mark.spark, pytest.mark.timeout(300)]
HOME = {"partner_id": "p", "location_id": "h"}
TABLES = ("bronze.registrations", "bronze.max_demand", "silver.locations", "silver.meters",
          "silver.max_demand")  # fmt: skip


def told(table: Callable[..., Any], rows: list[dict[str, Any]]) -> list[Any]:
    """Return what becomes of lines of a meter of electricity and one of gas, in their order."""
    meters = [
        {"meter_id": "m", "fuel": "elec", "supply_start": "2025-02-15", "supply_end": "2025-04-01"},
        {"meter_id": "gas", "fuel": "gas", "supply_start": None, "supply_end": None},
    ]
    plain = {"meter_id": "m", "month": "2025-03-01", "demand": "6.5", "is_deleted": None,
             "received_at": "2025-05-31T22:30Z"}  # fmt: skip
    sent = [{**plain, "source_line": line, **row} for line, row in enumerate(rows)]
    found = max_demand(
        table(AS_SENT, sent, partner_id="p"),
        table(METERS, meters, direction="import", **HOME),
        table(LOCATIONS, [{"time_zone": "Europe/Berlin"}], **HOME),
    )
    return sorted(found.collect(), key=lambda row: int(row.source_line))


def test_a_maximum_is_in_kw_or_as_apparent_power_in_kva(table: Callable[..., Any]) -> None:
    units = (None, "W", " kw", "KVA")
    found = told(table, [{"unit": unit, "demand": "6500"} for unit in units])
    assert [(r.demand, r.unit) for r in found] == [
        (6500.0, "kW"), (6.5, "kW"), (6500.0, "kW"), (6500.0, "kVA"),
    ]  # fmt: skip
    assert {r.month for r in found} == {date(2025, 3, 1)}
    assert [r[REASONS] for r in found] == [[]] * 4


def test_what_cannot_be_true_waits_with_its_reasons(table: Callable[..., Any]) -> None:
    lines: list[tuple[dict[str, Any], list[str]]] = [
        ({"meter_id": "x"}, ["unknown_meter"]),
        ({"month": "March"}, ["month_unreadable"]),
        ({"month": "2025-03-02"}, ["not_the_first_of_a_month"]),
        ({"month": "2025-01-01"}, ["outside_supply"]),
        ({"month": "2025-02-01"}, []),
        ({"month": "2025-04-01"}, []),
        ({"month": "2025-05-01"}, ["outside_supply"]),
        ({"meter_id": "gas", "month": "1989-12-01"}, ["out_of_range"]),
        # It begins at 22:00 UTC of the day before, which is local.
        ({"meter_id": "gas", "month": "2025-06-01"}, []),
        ({"meter_id": "gas", "month": "2025-07-01"}, ["of_the_future"]),
        ({"meter_id": "gas", "unit": "kVA"}, ["kva_is_for_electricity"]),
        ({"unit": "A"}, ["unknown_unit"]),
        ({"demand": "much"}, ["not_a_number"]),
        ({"demand": "NaN"}, ["not_a_number"]),
        ({"demand": "-1"}, ["negative"]),
        ({"demand": "0"}, []),
        ({"demand": "1e9"}, ["too_large"]),
        ({"quality": "missing"}, ["not_a_number"]),
        ({"quality": "perhaps"}, ["unknown_quality"]),
    ]
    assert [r[REASONS] for r in told(table, [row for row, _ in lines])] == [why for _, why in lines]


def test_a_word_of_quality_is_read_and_none_is_measured(table: Callable[..., Any]) -> None:
    found = told(table, [{"quality": word} for word in (None, "Estimated", "measured")])
    assert [r.quality for r in found] == ["measured", "estimated", "measured"]


def test_what_is_taken_back_has_no_number(table: Callable[..., Any]) -> None:
    (found,) = told(table, [{"is_deleted": "true", "demand": "7"}])
    assert (found.demand, found[REASONS]) == (None, [])


def test_a_correction_replaces_and_a_meter_that_is_registered_takes_what_waits(
    lake: Settings, clock: datetime, spark: SparkSession, tmp_path: Path
) -> None:
    def tell(day: int, kind: str, text: str) -> None:
        at = clock + timedelta(days=day)
        (file := tmp_path / f"{kind}-{day}.txt").write_text(text)
        land(file, kind=kind, partner="p", settings=lake, clock=at)

    def run(day: int) -> list[tuple[Any, ...]]:
        runner = Runner(spark, lake, catalog(), clock + timedelta(days=day))
        for name in TABLES:
            runner.run(name)
        sql = "SELECT meter_id, CAST(month AS VARCHAR), demand FROM silver.max_demand ORDER BY 1, 2"
        return [tuple(r.values()) for r in Reader(lake, catalog().tables).rows(sql)]

    def home(start: str, *meters: str) -> str:
        listed = ", ".join(
            f'{{"meter_id": "{m}", "fuel": "elec", "direction": "import", '
            f'"supply_start": "{start}"}}'
            for m in meters
        )
        return f'{{"location_id": "h", "time_zone": "Europe/Berlin", "meters": [{listed}]}}\n'

    tell(0, "registrations", home("2025-03-01", "m"))
    tell(0, "demand", "meter_id,month,demand\nm,2025-03-01,6\nm,2025-02-01,5\nn,2025-03-01,9\n")
    assert run(0) == [("m", "2025-03-01", 6.0)]
    tell(1, "registrations", home("2025-02-01", "m", "n"))
    tell(1, "demand", '{"meter_id": "m", "month": "2025-03-01", "demand": 7}\n{"meter_id": "m"}\n')
    assert run(1) == [("m", "2025-02-01", 5.0), ("m", "2025-03-01", 7.0), ("n", "2025-03-01", 9.0)]
    (rejected,) = Reader(lake, catalog().tables).rows("SELECT reason FROM bronze.rejected")
    assert rejected["reason"] == "month is missing"
    tell(2, "demand", '{"meter_id": "n", "month": "2025-03-01", "is_deleted": true}\n')
    assert run(2)[-1] == ("n", "2025-03-01", None)
