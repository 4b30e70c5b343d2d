"""Few rows that are looked up without Spark are those that Spark finds, at each version."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.contract import Column, Replace, Table
from lake.hops import looked_up, writing
from lake.hops.at_hand import FEW, Kept, literals
from lake.hops.inputs import joined
from lake.hops.upkeep import upkeep
from lake.hops.writing import replace
from lake.settings import Settings
from lake.store import Store

DAYS = Table(
    name="gold.dials",
    row="a dial and day",
    columns=(
        Column(name="location_id", type="string", meaning="The home."),
        Column(name="local_date", type="date", meaning="The day."),
        Column(name="local_month", type="string", meaning="Its month.", month_of="local_date"),
        Column(name="starts_at", type="timestamp", meaning="Its start.", nullable=False),
        Column(name="energy_kwh", type="double", meaning="Energy."),
        Column(name="reasons", type="array<string>", meaning="What was wrong."),
    ),
    key=("location_id", "local_date"),
    update=Replace(slices=("location_id", "local_date")),
    partitioned_by=("local_month",),
)
FIRST = date(2025, 5, 30)
HOMES = ("a", "it's", "\\ü", None)


@pytest.fixture
def store(spark: SparkSession, lake: Settings) -> Store:
    return Store(spark, lake)


def rows_of(value: float, *days: int, homes: tuple[str | None, ...] = HOMES) -> list[Any]:
    return [
        {
            "location_id": home,
            "local_date": (day := FIRST + timedelta(days=n)),
            "local_month": f"{day:%Y-%m}",
            "starts_at": datetime(day.year, day.month, day.day, 22, tzinfo=UTC),
            "energy_kwh": value * n if n else None,
            "reasons": ["a", None] if n % 2 else None,
        }
        for home in homes
        for n in days
    ]


@pytest.fixture
def versions(store: Store, table: Callable[..., Any]) -> list[int]:
    """The versions of a table that is filled, corrected by marks, and put together."""

    def write(rows: list[Any], stored: DataFrame | None) -> int:
        replace(store, DAYS, table(DAYS, rows), stored)
        return store.version(DAYS)

    found = [write(rows_of(1.0, 0, 1, 2, 3), None)]
    for value, days in ((2.0, (1, 3, 4)), (3.0, (1,))):
        wanted = F.col("local_date").isin([FIRST + timedelta(days=n) for n in (1, 2, 3, 4)])
        found.append(write(rows_of(value, *days), store.read(DAYS).where(wanted)))
    upkeep(store, DAYS)
    return [*found, store.version(DAYS)]


def told(rows: DataFrame | Kept | None) -> list[str]:
    assert rows is not None
    frame = rows.rows if isinstance(rows, Kept) else rows
    every = frame.select(F.to_json(F.struct(*sorted(frame.columns))).alias("said"))
    return sorted(row.said for row in every.collect())


def test_rows_of_slices_are_those_of_spark_at_each_version(
    store: Store, versions: list[int]
) -> None:
    some = [(home, FIRST + timedelta(days=n)) for home in HOMES for n in (1, 3, 4, 9)]
    wanted = [(home, day) for home, day in some if home != "a"]
    slices = pa.table(
        {
            "location_id": pa.array([home for home, _ in wanted], pa.string()),
            "local_date": pa.array([day for _, day in wanted], pa.date32()),
        }
    )
    frame = store.spark.createDataFrame(wanted, "location_id STRING, local_date DATE")
    for version in (*versions, None):
        stored = store.read(DAYS, version=version)
        expected = stored.join(frame, ["location_id", "local_date"], "left_semi")
        found = looked_up.of_slices(store, DAYS, slices, version=version)
        assert told(found) == told(expected) != []
        only = looked_up.of_slices(store, DAYS, slices, version=version, only="energy_kwh > 2")
        assert told(only) == told(expected.where("energy_kwh > 2"))
        homes = looked_up.of_slices(store, DAYS, slices, columns=["location_id"], version=version)
        near = stored.where("local_month IN ('2025-05', '2025-06')")
        assert told(homes) == told(near.where(F.col("location_id").isin("it's", "\\ü")))
        assert told(looked_up.all_of_few(store, DAYS, version=version)) == told(stored)
        spans = [(FIRST, FIRST), (FIRST + timedelta(days=3), FIRST + timedelta(days=9))]
        days = looked_up.near(store, DAYS, "starts_at", spans, version=version)
        is_near = ~F.col("local_date").isin([FIRST + timedelta(days=n) for n in (1, 2)])
        assert told(days) == told(stored.where(is_near))


def test_nothing_is_found_of_no_slice_or_of_a_table_that_is_not_there(store: Store) -> None:
    slices = pa.table({"location_id": pa.array([None], pa.string())})
    for found in (
        looked_up.of_slices(store, DAYS, slices),
        looked_up.all_of_few(store, DAYS, version=-1),
    ):
        assert found is not None
        assert found.is_few
        assert found.rows.columns == list(DAYS.names)
        assert found.rows.isEmpty()


def test_what_changed_is_what_the_change_feed_says(store: Store, versions: list[int]) -> None:
    first, *later, together = versions
    for after, until in ((0, first), (first, later[-1]), (0, together), (later[-1], together)):
        found = looked_up.changes(store, DAYS, after=after, until=until)
        assert told(found) == told(store.changes(DAYS, after=after, until=until))
    assert told(looked_up.changes(store, DAYS, after=later[-1], until=together)) == []


def test_a_text_that_is_no_utf_8_is_left_to_spark(store: Store) -> None:
    def put(home: str) -> None:
        homes = f"SELECT {home} AS location_id, DATE'2025-05-30' AS local_date"
        told = "'2025-05' AS local_month, TIMESTAMP'2025-05-30 00:00:00' AS starts_at"
        rest = "CAST(1 AS DOUBLE) AS energy_kwh, CAST(NULL AS ARRAY<STRING>) AS reasons"
        writing.insert(store, DAYS, store.spark.sql(f"{homes}, {told}, {rest}"))

    put("'a'")
    put("CAST(X'6dff' AS STRING)")
    assert looked_up.all_of_few(store, DAYS) is None
    slices = pa.table({"local_date": [FIRST]})
    assert looked_up.of_slices(store, DAYS, slices) is None
    assert looked_up.changes(store, DAYS, after=0, until=store.version(DAYS)) is None
    before = looked_up.changes(store, DAYS, after=0, until=1)
    assert told(before) == told(store.changes(DAYS, after=0, until=1))


@pytest.mark.parametrize("light_bytes", [-1, writing._LIGHT_BYTES])  # noqa: SLF001
@pytest.mark.parametrize("was_marked", [True, False])
def test_few_corrections_mark_rows_of_large_files_and_write_small_ones_again(
    store: Store, table: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
    light_bytes: int, was_marked: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(writing, "_LIGHT_BYTES", light_bytes)
    replace(store, DAYS, table(DAYS, rows_of(1.0, 0, 1, 2, 3)), None)
    if was_marked:
        store.to_correct(DAYS)
    before, few = store.version(DAYS), store.for_few()
    wanted = literals(table(DAYS, rows_of(2.0, 1, 4))).beside(few.spark)
    of_slices = F.col("local_date").isin([FIRST + timedelta(days=n) for n in (1, 2, 4)])
    written = replace(few, DAYS, wanted, few.read(DAYS).where(of_slices))
    # Of each home a day is changed, one is there no more, one is new.
    assert (written.inserted, written.updated, written.deleted) == (4, 4, 4)
    expected = [*rows_of(1.0, 0, 3), *rows_of(2.0, 1, 4)]
    assert told(store.read(DAYS)) == told(table(DAYS, expected))
    changes = store.changes(DAYS, after=before, until=store.version(DAYS)).groupBy("_change_type")
    assert {row[0]: row[1] for row in changes.count().collect()} == {
        "insert": 4, "delete": 4, "update_preimage": 4, "update_postimage": 4,
    }  # fmt: skip
    log = "".join(file.read_text() for file in Path(store.path(DAYS)).glob("_delta_log/*.json"))
    assert ('"deletionVector":{' in log) is (light_bytes < 0)


def test_many_rows_are_left_to_spark(store: Store) -> None:
    homes = store.spark.range(FEW + 1).select(F.col("id").cast("string").alias("location_id"))
    day = F.lit("2025-05-30").cast("date")
    rows = homes.select(
        "location_id", day.alias("local_date"), F.lit("2025-05").alias("local_month"),
        F.lit(0).cast("timestamp").alias("starts_at"), F.lit(1.0).alias("energy_kwh"),
        F.lit(None).cast("array<string>").alias("reasons"),
    )  # fmt: skip
    replace(store, DAYS, rows, None)
    assert looked_up.all_of_few(store, DAYS) is None
    slices = pa.table({"local_date": [FIRST]})
    assert looked_up.of_slices(store, DAYS, slices) is None
    assert looked_up.of_slices(store, DAYS, pa.table({"location_id": ["7", "\0"]})) is None
    one = pa.table({"location_id": ["7"]})
    found = looked_up.of_slices(store, DAYS, one)
    assert found is not None
    assert [row.location_id for row in found.rows.collect()] == ["7"]


def test_spans_that_touch_are_one() -> None:
    days = [date(2025, 5, n) for n in range(1, 10)]
    spans = [(days[6], days[7]), (days[0], days[2]), (days[1], days[1]), (days[3], days[4])]
    assert joined(spans) == [(days[0], days[4]), (days[6], days[7])]
    assert joined([]) == []
