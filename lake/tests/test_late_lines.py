"""What was said last holds, also where what was said between two equal lines comes last."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from lake.catalog import catalog
from lake.hops.upserting import settle
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.repair.held import Wanted, found
from lake.repair.repairs import Decision, decide
from lake.running import Runner
from lake.settings import Settings
from silver.contracts import METER_READINGS

TABLES = (
    "bronze.registrations", "bronze.meter_readings", "bronze.spot_prices", "silver.locations",
    "silver.meters", "silver.meter_readings", "silver.spot_prices",
)  # fmt: skip
REGISTERED = (
    "bronze.registrations", "silver.locations", "silver.meters", "silver.home_profiles",
    "silver.tariffs",
)  # fmt: skip
START = "2025-05-01T00:00:00+02:00"
READINGS = "SELECT energy_kwh, known_at FROM silver.meter_readings ORDER BY starts_at"
REVISIONS = "SELECT energy_kwh FROM silver.meter_reading_revisions ORDER BY known_at"
PRICES = "SELECT price_per_kwh FROM silver.spot_prices"


@pytest.mark.spark
def test_a_value_that_is_said_again_outlives_one_that_was_said_between_and_comes_late(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any]
) -> None:
    runner = Runner(spark, lake, catalog(), clock)
    (file := tmp_path / "homes.ndjson").write_text(json.dumps(home) + "\n")
    land(file, kind="registrations", partner="p", settings=lake, clock=clock)

    def come(value: float, second: float, day: int) -> None:
        known_at = f"2025-05-0{day}T06:00:00Z"
        block = {"meter_id": "m", "starts_at": START, "resolution": "PT1H", "known_at": known_at}
        (file := tmp_path / f"{day}.ndjson").write_text(
            json.dumps({**block, "values": [value, second]}) + "\n"
        )
        land(file, kind="readings", partner="p", settings=lake, clock=clock)
        head = "price_zone,starts_at,resolution,price,unit,known_at"
        (file := tmp_path / f"{day}.csv").write_text(
            f"{head}\nDK1,{START},PT1H,{value},EUR/kWh,{known_at}\n"
        )
        land(file, kind="prices", partner="p", settings=lake, clock=clock)
        for table in TABLES:
            runner.run(table)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in Reader(lake, catalog().tables).rows(sql)]

    come(1.0, 1.0, day=2)
    come(1.0, 1.0, day=4)
    assert [row[0] for row in ask(READINGS)] == [1.0, 1.0]
    assert ask(REVISIONS) == []
    # No home draws 120 kW: until somebody says that it did, the value waits.
    come(7.0, 120.0, day=3)
    told = ask(READINGS)
    assert [(kwh, known.day) for kwh, known in told] == [(1.0, 4), (1.0, 2)]
    assert sorted(ask(REVISIONS)) == [(1.0,), (7.0,)]
    assert ask(PRICES) == [(1.0,)]
    waits = found(Reader(lake, catalog().tables), "quarantine", Wanted())
    decide(waits, Decision(action="release", by="ada"), settings=lake, clock=clock)
    for table in ("bronze.repairs", "silver.meter_readings"):
        runner.run(table)
    told = ask(READINGS)
    assert [(kwh, known.day) for kwh, known in told] == [(1.0, 4), (1.0, 4)]
    assert sorted(ask(REVISIONS)) == [(1.0,), (1.0,), (7.0,), (120.0,)]
    # What the whole says is no other thing.
    before = [ask(sql) for sql in (READINGS, REVISIONS)]
    runner.run("silver.meter_readings", again=True)
    assert [ask(sql) for sql in (READINGS, REVISIONS)] == before


@pytest.mark.spark
def test_what_is_registered_last_holds_in_whatever_order_it_comes(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path, home: dict[str, Any]
) -> None:
    runner = Runner(spark, lake, catalog(), clock)

    def said(location: str, meter: str, day: int, **more: Any) -> dict[str, Any]:
        """One thing on days 2 and 4, another on day 3."""
        number = day % 2
        price = {"kind": "fixed", "price_per_kwh": 1.0 + number}
        tariff = {
            "tariff_id": "t", "fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01",
            "vat": 0.25, "elements": [price],
        }  # fmt: skip
        return {
            **home, "location_id": location, "price_zone": f"DK{1 + number}",
            "known_at": f"2025-05-0{day}T06:00:00Z",
            "meters": [{**home["meters"][0], "meter_id": meter, "fuse_ampere": 25 + number}],
            "profile": {"valid_from": "2025-01-01", "persons": 2 + number}, "tariffs": [tariff],
            **more,
        }  # fmt: skip

    orders = {f"h{n}": days for n, days in enumerate(permutations((2, 3, 4)))}
    homes = {h: [said(h, f"m-{h}", day) for day in days] for h, days in orders.items()}
    # A home that was deleted for a day, and a meter that another home had for a day.
    gone = said("gone", "m-gone", 3, is_deleted=True)
    homes["gone"] = [said("gone", "m-gone", 2), said("gone", "m-gone", 4), gone]
    homes["with"] = [said("with", "m", 2), said("with", "m", 4), said("without", "m", 3)]
    for documents in zip(*homes.values(), strict=True):
        (file := tmp_path / f"{documents[0]['known_at'][:10]}.ndjson").write_text(
            "".join(json.dumps(document) + "\n" for document in documents)
        )
        land(file, kind="registrations", partner="p", settings=lake, clock=clock)
        for table in REGISTERED:
            runner.run(table)

    def ask(columns: str, table: str) -> dict[Any, list[Any]]:
        rows = Reader(lake, catalog().tables).rows(
            f"SELECT location_id, {columns}, known_at FROM {table} WHERE location_id <> 'without'"
        )
        return {row.pop("location_id"): [*row.values()] for row in rows}

    said_last = datetime.fromisoformat("2025-05-04T06:00:00Z")
    elements = ask("elements", "silver.tariffs").values()
    assert [(json.loads(e)[0]["price_per_kwh"], at) for e, at in elements] == [
        (1.0, said_last)
    ] * len(homes)
    persons = ask("persons", "silver.home_profiles")
    assert persons == {h: [2, said_last] for h in homes}
    zones = ask("price_zone, deleted_at", "silver.locations")
    # Nothing was said of it in between: it is known since it was said first.
    assert zones.pop("with") == ["DK1", None, said_last - timedelta(days=2)]
    assert zones == {h: ["DK1", None, said_last] for h in homes if h != "with"}
    fuses = ask("fuse_ampere, deleted_at", "silver.meters")
    assert fuses == {h: [25.0, None, said_last] for h in homes}
    assert [runner.run(t, again=True).written.rows for t in REGISTERED[1:]] == [0, 0, 0, 0]


@pytest.mark.spark
def test_an_event_that_is_captured_too_is_one_reading_whichever_comes_first(
    table: Callable[..., DataFrame],
) -> None:
    # Capture tells the second in which an event was enqueued, the stream more.
    second, moment = (f"2025-05-02T06:00:00{part}+00:00" for part in ("", ".250"))
    captured = {
        "known_at": second, "received_at": "2025-05-02T06:10:00+00:00",
        "source_file": "readings/2025-05-02/p/0.avro.ndjson",
    }  # fmt: skip
    streamed = {"known_at": moment, "received_at": moment, "source_file": "meter-readings/0"}
    for pair in ([captured, streamed], [streamed, captured]):
        found = settle(METER_READINGS, table(METER_READINGS, pair, energy_kwh=1.5)).collect()
        assert [(row.energy_kwh, row.source_file, row._later) for row in found] == [  # noqa: SLF001
            (1.5, captured["source_file"], None)
        ]
