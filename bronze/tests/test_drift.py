"""An unknown field is kept beside the line; one that is gone or of another kind is named."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from bronze.co2_intensity import co2_intensity
from bronze.contracts import (
    BROKEN_LINE,
    METER_READINGS,
    MISSING_FIELD,
    NO_COLUMN,
    REJECTED,
    RETYPED_FIELD,
)
from bronze.meter_readings import meter_readings
from bronze.register_reads import register_reads
from bronze.registrations import registrations
from bronze.spot_prices import spot_prices
from bronze.weather import weather
from lake.catalog import catalog
from lake.ingestion.arriving import refused_of
from lake.ingestion.landing import land
from lake.running import Runner
from lake.settings import Settings
from lake.testing import frame

pytestmark = pytest.mark.spark
Judged = Callable[..., list[tuple[Any, Any]]]
TIME = '"starts_at": "2025-05-01T00:00:00Z", "resolution": "PT1H"'
KNOWN = f'"meter_id": "m", {TIME}'
BOTH = '{%s, "value": 1, "x": 1, "schema_version": 3}\n{"x": 2, "schema_version": 3}\n'
CELLS = "m,2025-05-01T00:00:00Z,PT1H,1"
HEADER = ["meter_id", "starts_at", "resolution", "value"]
ORIGIN = "partner_id, source, source_file, source_line, received_at, received_date"


@pytest.fixture
def judged(spark: SparkSession) -> Judged:
    """A judge of lines: what is rescued of each, and why it is refused."""

    def judge(
        function: Callable[[DataFrame], DataFrame], *lines: str, header: list[str] | None = None
    ) -> list[tuple[Any, Any]]:
        origin = frame(spark, REJECTED, [{"source_line": n} for n in range(len(lines))])
        text = spark.createDataFrame(
            [(n, line, header) for n, line in enumerate(lines)],
            "source_line bigint, line string, header array<string>",
        )
        rows = text.join(origin.select(*ORIGIN.split(", ")), on="source_line", how="inner")
        kept = "other" if function is weather else "rescued"
        found: list[Row] = function(rows).orderBy("source_line").select(kept, "_rejected").collect()
        return [(row[0] and json.loads(row[0]), row[1]) for row in found]

    return judge


BEYOND: list[tuple[str, Any]] = [
    ('{%s, "values": [1, null], "quality": ["measured", "missing"]}', None),
    ('{%s, "value": 1, "message_id": "f.csv:3", "known_at": "2025-05-01T00:00:00Z"}', None),
    ('{%s, "value": 1, "schema_version": "2", "partner_id": "x"}', None),
    ('{%s, "value": 1, "unit": null}', None),
    ('{%s, "value": 1, "x": 1.5, "y": "5", "o": {"b": [1]}, "n": null}',
     {"x": 1.5, "y": "5", "o": {"b": [1]}, "n": None}),
    ('{%s, "value": 1, "x" : true}', {"x": True}),
    (r'{%s, "value": 1, "message_id": "a\u003ab", "x": 1}', {"x": 1}),
    ('{%s, "value": 1, "a:b": 1}', {"a:b": 1}),
    ('{%s, "value": 1, "o": {"a": 1, "a": 2}}', {"o": '{"a":1,"a":2}'}),
]  # fmt: skip
OF_ANOTHER_KIND: list[tuple[str, str | None]] = [
    ('{%s, "values": "0.1"}', "values is not a list: text"),
    ('{%s, "values": {"a": 1}}', "values is not a list: an object"),
    ('{%s, "values": 5}', "values is not a list: a number"),
    ('{%s, "value": [5]}', "value is not a number: a list"),
    ('{%s, "values": []}', "values is empty"),
    ("{%s}", "value is missing"),
    ('{%s, "value": null}', "value is missing"),
    ('{%s, "values": [null]}', None),
    ('{%s, "value": 1, "unit": {"a": 1}}', "unit is not text: an object"),
    ('{%s, "value": 1, "known_at": 1700000000}', "known_at is not a time as text: a number"),
    ('{"meter_id": {"a": 1}, %t, "value": 1}', "meter_id is not text: an object"),
    ('{"meter_id": 5, %t, "value": 1}', None),
    ('{"meter_id": "{5}", %t, "value": 1}', None),
    ('{"meter_id": "5,71313E+17", %t, "value": 1}',
     "meter_id is an id that a spreadsheet has rounded"),
    ('{"meter_id": "5E1717", %t, "value": 1}', None),
    ('{"meter_id": 5, "starts_at": 1700000000, "resolution": "PT1H", "value": 1}',
     "starts_at is not a time as text: a number"),
    ('[{%s, "value": 1}]', "not a JSON object"),
    ("{", "not a JSON object"),
]  # fmt: skip


def said(line: str) -> str:
    return line.replace("%s", KNOWN).replace("%t", TIME)


def test_what_a_message_says_beyond_its_contract_is_kept_as_it_was(judged: Judged) -> None:
    found = judged(meter_readings, *(said(line) for line, _ in BEYOND))
    assert found == [(rescued, None) for _, rescued in BEYOND]


def test_a_field_of_another_kind_is_named_with_what_came(judged: Judged) -> None:
    found = judged(meter_readings, *(said(line) for line, _ in OF_ANOTHER_KIND))
    assert found == [(None, reason) for _, reason in OF_ANOTHER_KIND]


def test_a_renamed_field_is_missing_and_stands_under_its_new_name(judged: Judged) -> None:
    line = '{"meterId": "m", "read_at": "2025-05-01", "reading": 5}'
    assert judged(register_reads, line) == [({"meterId": "m"}, "meter_id is missing")]
    renamed = judged(meter_readings, CELLS, header=["meter", *HEADER[1:]])
    assert renamed == [({"meter": "m"}, "no column meter_id")]
    assert judged(register_reads, "m,2025-05-01", header=["meter_id", "read_at"]) == [
        (None, "no column reading")
    ]


def test_a_line_of_more_than_one_document_is_refused_and_none_is_lost(judged: Judged) -> None:
    one = said('{%s, "value": 1}')
    more, broken = "more than a JSON object", "not a JSON object"
    lines = {
        one + one: more, f"{one} {one}": more, f"{one},{one}": more, one + "garbage": more,
        one + "}": more, one + "]": more, one + "[]": more, f"{one}]{one}": more,
        f"{one},{one}]": more, one[:-1]: broken,
        one: None, one + " \t": None, one + "\n": None, one + ",": None, one + "\x00": None,
        said('{%s, "value": 1, "message_id": "a}b"}'): None,
        said('{%s, "value": 1, "message_id": "a}b"}') + "x": more,
    }  # fmt: skip
    assert judged(meter_readings, *lines) == [(None, reason) for reason in lines.values()]
    read = '{"meter_id": "m", "read_at": "2025-05-01T00:00:00Z", "reading": 5}'
    assert judged(register_reads, read, read + read) == [(None, None), (None, more)]
    home = '{"location_id": "h"}'
    assert judged(registrations, home, home + home) == [(None, None), (None, more)]


def test_columns_may_come_in_any_order_and_further_ones_are_kept(judged: Judged) -> None:
    header = ["note", "value", "starts_at", "resolution", "meter_id", "", ""]
    lines = (
        'a,1,2025-05-01T00:00:00Z,PT1H,m,x,', '"a, b",1,2025-05-01T00:00:00Z,PT1H,m,,',
        ',1,2025-05-01T00:00:00Z,PT1H,m,,', 'a,1,2025-05-01T00:00:00Z,PT1H',
    )  # fmt: skip
    assert judged(meter_readings, *lines, header=header) == [
        ({"note": "a"}, None), ({"note": "a, b"}, None), (None, None),
        ({"note": "a"}, "meter_id is missing"),
    ]  # fmt: skip


def test_zones_and_weather_keep_further_columns(judged: Judged) -> None:
    zone = ["price_zone", "starts_at", "resolution", "unit", "source"]
    line = "DK2,2025-05-01T00:00:00Z,PT1H,{},x,5"
    prices = judged(spot_prices, line.format("EUR/MWh"), header=[*zone, "price"])
    assert prices == [({"source": "x"}, None)]
    assert judged(co2_intensity, line.format("g/kWh"), header=[*zone, "co2_g"]) == [
        ({"source": "x", "co2_g": "5"}, "no column co2")
    ]
    place = ["latitude", "longitude", "observed_at", "humidity"]
    assert judged(weather, "1,2,2025-05-01T00:00:00Z,80", header=place) == [
        ({"humidity": "80"}, None)
    ]


def test_a_registration_tells_unknown_fields_of_the_home_and_of_its_meters(judged: Judged) -> None:
    found = judged(
        registrations,
        '{"location_id": "h", "profile": {"pool": 1}, "meters": [{"meter_id": "m", "seal": "s"}, '
        'null, {"seal": 2, "phases": 3}], "estate": true}',
        '{"location_id": "h", "is_deleted": true, "tariffs": [], "known_at": "2025-05-01"}',
        '{"location_id": "h", "meters": 5}',
        '{"location_id": "h", "profile": "x"}',
        '{"location_id": ["h"]}',
    )
    assert found == [
        ({"estate": True, "meters.seal": "s", "meters.phases": 3}, None),
        (None, None),
        (None, "meters is not a list: a number"),
        (None, "profile is not an object: text"),
        (None, "location_id is not text: a list"),
    ]


def test_reasons_are_worded_as_the_contract_says() -> None:
    found = {
        MISSING_FIELD: ["meter_id is missing"],
        NO_COLUMN: ["no column meter_id", "no column a, b; unknown column c"],
        RETYPED_FIELD: ["starts_at is not a time as text: a number", "values is not a list: text"],
        BROKEN_LINE: [
            "not a JSON object",
            "not a CSV file with a header",
            "more than a JSON object",
        ],
    }
    for pattern, reasons in found.items():
        for reason in [r for of in found.values() for r in of]:
            assert bool(re.search(pattern, reason)) == (reason in reasons)


def test_a_lake_from_before_gets_the_columns_and_keeps_its_rows(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    runner = Runner(spark, lake, catalog(), clock)
    for table, more in ((METER_READINGS, {"values": ["1"]}), (REJECTED, {})):
        rows = frame(spark, table, [more], source_file="before", partner_id="p")
        old = [n for n in table.names if n not in ("rescued", "schema_version")]
        by = table.partitioned_by
        rows.select(*old).write.format("delta").partitionBy(*by).save(runner.store.path(table))
    (file := tmp_path / "r.ndjson").write_text(said(BOTH))
    land(file, kind="readings", partner="p", settings=lake, clock=clock)
    report = Runner(spark, lake, catalog(), clock).run("bronze.meter_readings")
    assert (report.written.inserted, report.rejected) == (1, 1)
    store = Runner(spark, lake, catalog(), clock).store
    for table in (METER_READINGS, REJECTED):
        rows = store.read(table).orderBy(F.col("source_file") != "before")
        found = [(r.rescued, r.schema_version) for r in rows.collect()]
        kept = '{"x":1}' if table is METER_READINGS else '{"x":2}'
        assert found == [(None, None), (kept, "3")]


def test_what_is_refused_is_found_without_reading_a_line_anew_for_each_rule(
    spark: SparkSession,
) -> None:
    nobody = {n: F.lit(None).cast("string") for n in ORIGIN.split(", ")}
    header = F.lit(None).cast("array<string>")
    lines = spark.range(1).withColumns(
        {**nobody, "line": F.col("id").cast("string"), "header": header}
    )
    bad = refused_of(meter_readings(lines), METER_READINGS, REJECTED)
    plan = bad._jdf.queryExecution().optimizedPlan().toString()  # noqa: SLF001 - the one way
    # Once into its fields, and three times more where something in it is odd.
    assert plan.count("from_json(") == 4
