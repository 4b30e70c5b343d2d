"""Register reads: what a code, a unit and a date mean, and what cannot be true."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from bronze.contracts import REGISTER_READS as AS_SENT
from lake.hops.quarantine import REASONS
from lake.hops.upserting import remake
from lake.hops.writing import insert
from lake.settings import Settings
from lake.store import Store
from silver.contracts import LOCATIONS, METERS, REGISTER_READS
from silver.register_reads import register_reads

pytestmark = pytest.mark.spark
HOME = {"partner_id": "p", "location_id": "home"}


def told(table: Callable[..., Any], rows: list[dict[str, Any]]) -> list[Any]:
    """Return what becomes of reads of four meters, in the order of the lines."""
    meters = {"m": ("elec", "import"), "pv": ("elec", "production"),
              "all": ("elec", "consumption"), "gas": ("gas", "import")}  # fmt: skip
    registered = [
        {"meter_id": meter, "fuel": fuel, "direction": way} for meter, (fuel, way) in meters.items()
    ]
    sent = [{"meter_id": "m", "source_line": line, **row} for line, row in enumerate(rows)]
    plain = {"reading": "1", "read_at": "2025-05-01T00:00Z", "received_at": "2025-05-02T12:00Z"}
    found = register_reads(
        table(AS_SENT, [{**plain, **row} for row in sent], partner_id="p"),
        table(METERS, registered, **HOME),
        table(LOCATIONS, [{"time_zone": "Europe/Berlin"}], **HOME),
    )
    return sorted(found.collect(), key=lambda row: int(row.source_line))


def test_a_code_names_register_and_direction(table: Callable[..., Any]) -> None:
    cases: list[tuple[str, str | None, tuple[str | None, str | None]]] = [
        ("m", None, ("total", "import")),
        ("m", "Night", ("night", "import")),
        ("m", "1.8.0", ("total", "import")),
        ("m", "1-0:1.8.2", ("tariff_2", "import")),
        ("m", "1-0:2.8.1*255", ("tariff_1", "export")),
        ("pv", "2.8.0", ("total", "production")),
        ("pv", "1.8.0", ("total", None)),
        ("all", "1.8.1", ("tariff_1", "consumption")),
        ("gas", "0-1:24.2.1", ("total", "import")),
        ("m", "0-1:24.2.1", (None, "import")),
        ("m", "3.8.0", (None, "import")),
    ]
    found = told(table, [{"meter_id": m, "register": code} for m, code, _ in cases])
    assert [(r.register, r.direction) for r in found] == [says for *_, says in cases]
    named = {"register": "unknown_register", "direction": "another_direction"}
    assert [r[REASONS] for r in found] == [
        [why for column, why in named.items() if row[column] is None] for row in found
    ]


def test_what_is_said_to_be_missing_was_not_read_and_an_unknown_word_is_told(
    table: Callable[..., Any],
) -> None:
    words = (None, "Estimated", "missing", "provisional")
    found = told(table, [{"quality": word} for word in words])
    assert [r[REASONS] for r in found] == [[], [], ["not_a_number"], ["unknown_quality"]]
    assert [r.quality for r in found[:2]] == ["measured", "estimated"]


def test_a_device_is_taken_as_it_was_sent_and_an_empty_one_is_none(
    table: Callable[..., Any],
) -> None:
    found = told(table, [{"device": device} for device in (" A1", "", None)])
    assert [r.device for r in found] == ["A1", "", ""]


def test_a_table_from_before_devices_is_made_anew_with_them(
    table: Callable[..., Any], spark: SparkSession, lake: Settings
) -> None:
    named = [c for c in REGISTER_READS.columns if c.name != "device"]
    key = tuple(n for n in REGISTER_READS.key if n != "device")
    before = replace(REGISTER_READS, columns=tuple(named), key=key)
    read = {"meter_id": "m", "read_at": "2025-05-01T00:00Z", "reading": 1.0}
    insert(Store(spark, lake), before, table(before, [read]))
    remake(
        Store(spark, lake), REGISTER_READS, table(REGISTER_READS, [{**read, "device": ""}]), None
    )
    found = Store(spark, lake).read(REGISTER_READS).collect()
    assert [(r.reading, r.device) for r in found] == [(1.0, "")]


def test_units_and_dates_are_read_and_what_cannot_be_true_has_a_reason(
    table: Callable[..., Any],
) -> None:
    cases: list[tuple[dict[str, Any], tuple[float | None, float | None, list[str]]]] = [
        ({"reading": "12345.67"}, (12345.67, 0.01, [])),
        ({"reading": "12345670", "unit": "Wh"}, (12345.67, 0.001, [])),
        ({"reading": "8.5", "unit": "m3", "meter_id": "gas"}, (8.5, 0.1, [])),
        ({"reading": "8.5", "unit": "m3"}, (8.5, 0.1, ["m3_is_for_gas"])),
        ({"unit": "kVA"}, (None, None, ["unknown_unit"])),
        ({"reading": "about 5"}, (None, 1.0, ["not_a_number"])),
        ({"reading": "-1"}, (-1.0, 1.0, ["negative"])),
        ({"meter_id": "of nobody"}, (1.0, 1.0, ["unknown_meter"])),
        ({"read_at": "yesterday"}, (1.0, 1.0, ["read_at_unreadable"])),
        ({"read_at": "2025-05-01T00:00"}, (1.0, 1.0, ["read_at_unreadable"])),
        ({"read_at": "2025-05-02T13:01Z"}, (1.0, 1.0, ["of_the_future"])),
        ({"read_at": "1970-01-01T00:00Z"}, (1.0, 1.0, ["out_of_range"])),
        ({"read_at": "2025-05-01"}, (1.0, 1.0, [])),
    ]
    found = told(table, [row for row, _ in cases])
    assert [(r.reading, r.last_digit, r[REASONS]) for r in found] == [
        (r and pytest.approx(r), digit and pytest.approx(digit), why)
        for _, (r, digit, why) in cases
    ]
    # A date is the start of the local day.
    assert found[-1].read_at.astimezone(UTC) == datetime(2025, 4, 30, 22, tzinfo=UTC)
