from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.data_quality import Quality

QUALITY = "/v1/locations/castle/data-quality"
SPAN = {"from": "2025-10-26", "to": "2025-10-30"}


def test_each_day_says_how_complete_it_is(api: TestClient) -> None:
    answer = api.get(QUALITY, params=SPAN).json()
    TypeAdapter(Quality).validate_python(answer, strict=True)
    (series,) = answer["series"]
    assert (series["fuel"], series["direction"]) == ("elec", "import")
    assert [(d["local_date"], d["completeness"]) for d in series["days"]] == [
        ("2025-10-26", 1.0),
        ("2025-10-27", 1.0),
        ("2025-10-28", 0.0),
        ("2025-10-29", 0.5),
    ]
    assert series["days"][2]["expected_intervals"] is None
    assert answer["data_until"] == "2025-11-02T00:00:00+01:00"


def test_what_waits_in_quarantine_is_counted_by_reason_and_never_another_partners(
    api: TestClient,
) -> None:
    assert api.get(QUALITY, params=SPAN).json()["quarantine"] == [
        {"table_name": "silver.meter_readings", "reason": "negative", "rows": 2},
        {"table_name": "silver.meter_readings", "reason": "spike", "rows": 1},
    ]


def test_a_fuel_that_the_home_has_not_has_no_series(api: TestClient) -> None:
    assert api.get(QUALITY, params=SPAN | {"fuel": "gas"}).json()["series"] == []


def test_flags_are_counted_by_day_and_rule_and_never_another_partners(api: TestClient) -> None:
    of_day = {"local_date": "2025-10-26", "meter_id": "m1", "direction": "import"}
    flag = of_day | {"rule": "spike", "severity": "warning", "rows": 3}
    assert api.get(QUALITY, params=SPAN).json()["flags"] == [flag]
    assert api.get(QUALITY, params=SPAN | {"fuel": "gas"}).json()["flags"] == []
