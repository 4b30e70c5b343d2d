"""The rows of a query become readings, against a local emulator of BigQuery."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from bronze.forms import form_of
from bronze.pulls.bigquery import NoQuery, Said, rows
from infra.bigquery import NoBigQuery, emulator
from infra.lacking import lacking
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
        lacking("bigquery", error)


@pytest.fixture
def here(lake: Settings, address: str) -> Settings:
    return lake.model_copy(update={"bigquery_endpoint": address})


def pull(query: str, settings: Settings, clock: datetime, **more: Any) -> Said:
    return rows(query, partner="p", project="grid", settings=settings, clock=clock, **more)


def landed(lake: Settings) -> list[Path]:
    return sorted(Path(lake.root, "landing", "readings").glob("*/p/*"))


def starts_at(lake: Settings) -> list[datetime]:
    lines = [line for f in landed(lake) for line in f.read_text().splitlines()]
    return sorted(datetime.fromisoformat(json.loads(line)["starts_at"]) for line in lines)


def test_rows_land_a_page_a_file_and_a_pull_that_broke_off_lands_nothing_twice(
    here: Settings, clock: datetime
) -> None:
    broken = partial(pull, READINGS, here, clock, page_size=10, moves_on=False)
    assert broken().rows == 25
    files = landed(here)
    assert len(files) == 3
    readings = [json.loads(line) for f in files for line in f.read_text().splitlines()]
    assert sorted(one["values"][0] for one in readings) == [n / 4 for n in range(1, 26)]
    assert {one["starts_at"] for one in readings} == {"2025-05-01T00:00:00+00:00"}
    assert {form_of(f, "readings") for f in files} == {"ndjson"}
    broken()
    assert landed(here) == files


def test_a_value_that_is_corrected_back_lands_again(here: Settings, clock: datetime) -> None:
    query = "SELECT 'm' AS meter_id, '2025-05-01' AS starts_at, 'PT1H' AS resolution, value FROM "
    login = AnonymousCredentials()  # type: ignore[no-untyped-call]
    address = {"api_endpoint": here.bigquery_endpoint}
    with Client("grid", login, client_options=address) as client:
        client.create_dataset("eliq", exists_ok=True)
        for value in (5, 6, 5):
            client.query(f"CREATE OR REPLACE TABLE eliq.t AS SELECT {value}.0 AS value").result()
            pull(f"{query} eliq.t", here, clock)
    values = [json.loads(f.read_text())["values"] for f in landed(here)]
    assert sorted(values) == [[5], [5], [6]]


def test_since_is_an_hour_before_the_last_pull_began_by_the_clock_of_bigquery(
    here: Settings, clock: datetime
) -> None:
    query = (
        "SELECT 'm' AS meter_id, @since AS starts_at, 'PT1H' AS resolution, NUMERIC '1.50' AS value"
    )
    began = datetime.now(UTC)
    pull(query, here, clock)
    ended = datetime.now(UTC)
    pull(query, here, clock)
    first, second = starts_at(here)
    assert first == datetime(1970, 1, 1, tzinfo=UTC)
    assert began - timedelta(seconds=1) <= second + timedelta(hours=1) <= ended
    said = [json.loads(f.read_text()) for f in landed(here)]
    assert {float(one["values"][0]) for one in said} == {1.5}


def test_a_pull_that_plays_another_day_does_not_move_since(here: Settings, clock: datetime) -> None:
    query = "SELECT 'm' AS meter_id, @since AS starts_at, 'PT1H' AS resolution, 1.0 AS value"
    pull(query, here, clock - timedelta(days=900), moves_on=False)
    pull(query, here, clock + timedelta(days=900), moves_on=False)
    pull(query, here, clock)
    assert set(starts_at(here)) == {datetime(1970, 1, 1, tzinfo=UTC)}


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
