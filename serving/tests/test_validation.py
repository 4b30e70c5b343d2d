from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.validation import Validation

VALIDATION = "/v1/portfolio/validation"
SPAN = {"from": "2025-10-24", "to": "2025-10-27"}


def test_broken_rules_are_counted_and_never_another_partners(api: TestClient) -> None:
    answer = api.get(VALIDATION, params=SPAN).json()
    TypeAdapter(Validation).validate_python(answer, strict=True)
    assert answer["broken"] == [
        {
            "received_date": "2025-10-26",
            "table_name": "silver.meter_readings",
            "source": "landing",
            "stage": "quarantined",
            "rule": "negative",
            "severity": "error",
            "broken_rows": 2,
        }
    ]
    assert answer["data_until"] == "2025-11-02T06:00:00+00:00"


def test_a_span_without_broken_rules_is_empty(api: TestClient) -> None:
    before = {"from": "2025-10-20", "to": "2025-10-26"}
    assert api.get(VALIDATION, params=before).json()["broken"] == []
