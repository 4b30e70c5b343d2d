"""A location that is deleted takes its meters along, and brings them back."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HOPS = ("bronze.registrations", "silver.locations", "silver.meters")


def home(name: str, *meters: str, **more: Any) -> dict[str, Any]:
    said = [{"meter_id": m, "fuel": "elec", "direction": "import"} for m in meters]
    named = {"meters": said} if said else {}
    return {"location_id": name, "country_code": "DK", "time_zone": "Europe/Copenhagen"} | (
        named | more
    )


def test_meters_go_and_come_back_with_their_location_whether_it_names_them_or_not(
    spark: SparkSession, lake: Settings, tmp_path: Path, clock: datetime
) -> None:
    runner = Runner(spark, lake, catalog(), clock)

    def tell(day: int, *documents: dict[str, Any]) -> dict[str, bool]:
        (file := tmp_path / f"{day}.ndjson").write_text("\n".join(map(json.dumps, documents)))
        at = clock + timedelta(days=day)
        land(file, kind="registrations", partner="p", settings=lake, clock=at)
        for name in HOPS:
            runner.run(name)
        rows = Reader(lake, catalog().tables).rows("SELECT meter_id, deleted_at FROM silver.meters")
        return {str(row["meter_id"]): row["deleted_at"] is not None for row in rows}

    tell(0, home("silent", "a", "moves"), home("named", "b"), home("stays", "c"))
    gone = {"is_deleted": True}
    # One meter is at another home by then.
    found = tell(1, home("stays", "c", "moves"), home("silent", **gone), home("named", "b", **gone))
    assert found == {"a": True, "b": True, "c": False, "moves": False}
    # Nothing that was deleted by name comes back unnamed.
    found = tell(2, home("silent"), home("named"))
    assert found == {"a": False, "b": True, "c": False, "moves": False}
    found = tell(3, home("silent", **gone), home("named", "b"))
    assert found == {"a": True, "b": False, "c": False, "moves": False}
    assert [runner.run(name, again=True).written.rows for name in HOPS[1:]] == [0, 0]
