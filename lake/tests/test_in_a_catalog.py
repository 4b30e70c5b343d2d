"""A lake with a catalogue: a name there and a path under the root say the same rows.

Spark's own catalogue stands in for Unity Catalog.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from gold.contracts import ENERGY_DAILY
from lake.catalog import catalog
from lake.ingestion.landing import land
from lake.quality.recording import Found, Looked, record
from lake.reading import Reader
from lake.results import RESULTS
from lake.running import Runner
from lake.schema import ddl, in_catalog
from lake.settings import Settings
from lake.store import Store

BLOCK = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00Z", "resolution": "PT1H", "values": [1]}


@pytest.fixture
def named(spark: SparkSession, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a lake whose tables have names, and whose files land elsewhere."""
    for layer in ("bronze", "quality"):
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {layer}")
    yield Settings(
        lake=str(tmp_path / "lake"), catalog="spark_catalog", landing=str(tmp_path / "volume")
    )
    for layer in ("bronze", "quality"):
        spark.sql(f"DROP SCHEMA {layer} CASCADE")


def test_a_declared_table_is_told_where_it_lies() -> None:
    told = ddl(ENERGY_DAILY, name=in_catalog("eliq-dev", ENERGY_DAILY.name), location="abfss://l/g")
    assert told.startswith("CREATE TABLE IF NOT EXISTS `eliq-dev`.`gold`.`energy_daily` (")
    assert "\nLOCATION 'abfss://l/g'\n" in told
    assert "LOCATION" not in ddl(ENERGY_DAILY, name="delta.`/lake/gold/energy_daily`")


@pytest.mark.spark
def test_what_bronze_took_from_a_volume_is_found_by_name_and_without_spark(
    spark: SparkSession, named: Settings, clock: datetime, tmp_path: Path
) -> None:
    (file := tmp_path / "a.ndjson").write_text(json.dumps(BLOCK))
    land(file, kind="readings", partner="p", settings=named, clock=clock)
    runner = Runner(spark, named, catalog(), clock)
    assert runner.run("bronze.meter_readings").written.inserted == 1
    assert runner.run("bronze.meter_readings").note == "nothing new"
    assert spark.table("spark_catalog.bronze.meter_readings").count() == 1
    found = Reader(named, catalog().tables).rows("SELECT source_file FROM bronze.meter_readings")
    assert [str(row["source_file"]).split("/")[0] for row in found] == ["readings"]
    assert not (tmp_path / "lake/landing").exists()


@pytest.mark.spark
def test_what_checks_found_has_a_name_too(
    spark: SparkSession, named: Settings, clock: datetime
) -> None:
    found = Found("a rule", "noun", "error", "passed", 0, "")
    store = Store(spark, named)
    store.register(RESULTS)
    assert not store.exists(RESULTS)
    for version in range(2):
        record(named, [Looked("gold.t", version, 2, [found])], clock=clock)
        store.register(RESULTS)
        assert spark.table("spark_catalog.quality.results").count() == version + 1
