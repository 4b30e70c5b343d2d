"""The rows of a query become readings, against a local emulator of BigQuery."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bronze.forms import form_of
from bronze.pulls.bigquery import NoQuery, Said, rows
from infra.bigquery import NoBigQuery, emulator
from lake.settings import Settings

pytestmark = pytest.mark.servers

READINGS = (
    "SELECT FORMAT('m%d', n) AS meter_id, TIMESTAMP '2025-05-01 00:00:00+00' AS starts_at, "
    "'PT15M' AS resolution, CAST(n AS FLOAT64) / 4 AS value, 'kWh' AS unit "
    "FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n ORDER BY n"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with emulator(tmp_path_factory.mktemp("bigquery")) as started:
            yield started
    except NoBigQuery as error:
        pytest.skip(str(error))


@pytest.fixture
def here(lake: Settings, address: str) -> Settings:
    return lake.model_copy(update={"bigquery_endpoint": address})


def pull(query: str, settings: Settings, clock: datetime, **more: Any) -> Said:
    return rows(query, partner="p", project="grid", settings=settings, clock=clock, **more)


def landed(lake: Settings) -> list[Path]:
    return sorted(Path(lake.root, "landing", "readings").glob("*/p/*"))


def test_rows_land_a_page_a_file_and_the_same_query_again_lands_nothing(
    here: Settings, clock: datetime
) -> None:
    assert pull(READINGS, here, clock, page_size=10).rows == 25
    files = landed(here)
    assert len(files) == 3
    readings = [json.loads(line) for f in files for line in f.read_text().splitlines()]
    assert sorted(one["values"][0] for one in readings) == [n / 4 for n in range(1, 26)]
    assert {one["starts_at"] for one in readings} == {"2025-05-01T00:00:00+00:00"}
    assert {form_of(f, "readings") for f in files} == {"ndjson"}
    pull(READINGS, here, clock, page_size=10)
    assert landed(here) == files


def test_since_is_when_the_last_pull_began(here: Settings, clock: datetime) -> None:
    query = (
        "SELECT 'm' AS meter_id, @since AS starts_at, 'PT1H' AS resolution, NUMERIC '1.50' AS value"
    )
    pull(query, here, clock)
    pull(query, here, clock + timedelta(days=1))
    said = [json.loads(f.read_text()) for f in landed(here)]
    assert sorted(one["starts_at"] for one in said) == [
        "1970-01-01T00:00:00+00:00",
        clock.isoformat(),
    ]
    assert {float(one["values"][0]) for one in said} == {1.5}


def test_a_row_that_is_no_reading_is_refused_and_a_value_that_is_none_is_a_gap(
    here: Settings, clock: datetime
) -> None:
    query = (
        "SELECT meter_id, TIMESTAMP '2025-05-01' AS starts_at, 'PT1H' AS resolution, value FROM ("
        "SELECT 'a' AS meter_id, 1.0 AS value UNION ALL SELECT NULL, 2.0 UNION ALL "
        "SELECT 'b', CAST(NULL AS FLOAT64))"
    )
    said = pull(query, here, clock)
    assert said.rows == 2
    assert said.refused == ["a row without meter_id of meter None"]
    (file,) = landed(here)
    found = {
        one["meter_id"]: one["values"] for one in map(json.loads, file.read_text().splitlines())
    }
    assert found == {"a": [1.0], "b": [None]}


@pytest.mark.parametrize(
    ("query", "said"),
    [("SELECT 1 AS meter_id", "no column starts_at"), ("SELEKT", "does not run the query")],
)
def test_a_query_without_readings_is_one_error(
    here: Settings, clock: datetime, query: str, said: str
) -> None:
    with pytest.raises(NoQuery, match=said):
        pull(query, here, clock)
    assert landed(here) == []
