from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.ingestion_errors import IngestionErrors

ERRORS = "/v1/portfolio/ingestion-errors"
SPAN = {"from": "2025-10-24", "to": "2025-10-27"}


def test_what_was_refused_is_told_with_what_came_of_it_and_never_another_partners(
    api: TestClient,
) -> None:
    answer = api.get(ERRORS, params=SPAN).json()
    TypeAdapter(IngestionErrors).validate_python(answer, strict=True)
    assert answer["errors"] == [
        {
            "received_date": "2025-10-26",
            "table_name": "silver.meter_readings",
            "source": "landing",
            "reason": "negative",
            "refused": 5,
            "waiting": 2,
            "released": 0,
            "mended": 2,
            "dropped": 1,
            "replayed": 0,
            "oldest_waiting_at": "2025-11-02T06:00:00+00:00",
        }
    ]


def test_the_metric_counts_all_partners_together_and_names_none(api: TestClient) -> None:
    text = api.get("/metrics").text
    of = 'table="silver.meter_readings",reason="negative"'
    assert f'eliq_ingestion_errors{{{of},state="waiting"}} 9' in text
    assert f'eliq_ingestion_errors{{{of},state="mended"}} 2' in text
    assert 'table="bronze.meter_readings",reason="unreadable",state="waiting"} 3' in text
    assert "571313180400014077" not in text
    assert "northgrid" not in text
    assert "southgrid" not in text
