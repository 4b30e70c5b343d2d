from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from serving.access import EVERYBODY
from serving.app import create_app
from serving.commands import token
from serving.insights.checks import Checks

CHECKS = "/v1/quality/checks"


def client_of(settings: Settings) -> TestClient:
    client = TestClient(create_app(settings))
    client.headers["Authorization"] = f"Bearer {token('', EVERYBODY, settings=settings)}"
    return client


@pytest.fixture
def operator(settings: Settings) -> Iterator[TestClient]:
    with client_of(settings) as client:
        yield client


def test_a_partner_is_not_told_about_all_partners(api: TestClient) -> None:
    answer = api.get(CHECKS)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/operator-only")


def test_the_latest_outcome_of_each_rule_is_told_the_broken_first(operator: TestClient) -> None:
    answer = operator.get(CHECKS).json()
    TypeAdapter(Checks).validate_python(answer, strict=True)
    told = [(r["rule"], r["outcome"], r["rows_failed"], r["checked_at"]) for r in answer["latest"]]
    assert told == [
        ("peak_within_period", "failed", 2, "2025-11-03T06:00:00+00:00"),
        ("not_null", "passed", 0, "2025-11-03T06:00:00+00:00"),
    ]
    assert answer["data_until"] == "2025-11-03T06:00:00+00:00"


def test_rows_that_were_looked_at_twice_a_day_count_once(operator: TestClient) -> None:
    days = operator.get(CHECKS).json()["days"]
    assert [(d["checked_date"], d["rows_failed"], d["rows_checked"]) for d in days] == [
        ("2025-11-02", 5, 40), ("2025-11-03", 2, 40),
    ]  # fmt: skip
    newest = operator.get(CHECKS, params={"days": 1}).json()["days"]
    assert [d["checked_date"] for d in newest] == ["2025-11-03"]


def test_a_lake_that_was_never_checked_has_no_outcomes(tmp_path: Path) -> None:
    with client_of(Settings(lake=str(tmp_path))) as nobody:
        assert nobody.get(CHECKS).json() == {"data_until": None, "latest": [], "days": []}
