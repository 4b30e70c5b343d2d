import csv
from pathlib import Path

import pytest
import typer
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from typer.testing import CliRunner

from serving.commands import add
from serving.insights.sources import Sources

SOURCES = "/v1/portfolio/sources"
SPAN = {"from": "2025-10-24", "to": "2025-10-27"}


def test_each_day_says_what_came_and_whether_that_is_usual(api: TestClient) -> None:
    answer = api.get(SOURCES, params=SPAN).json()
    TypeAdapter(Sources).validate_python(answer, strict=True)
    landing = next(s for s in answer["sources"] if s["source"] == "landing")
    assert [(d["received_date"], d["readings"], d["volume"]) for d in landing["days"]] == [
        ("2025-10-24", 100, "usual"), ("2025-10-25", None, None), ("2025-10-26", 12, "low"),
    ]  # fmt: skip
    assert answer["data_until"] == "2025-11-02T06:00:00+00:00"


def test_a_source_is_judged_as_of_the_newest_look_and_also_when_it_sent_nothing(
    api: TestClient,
) -> None:
    answer = api.get(SOURCES, params=SPAN).json()
    states = {s["source"]: (s["freshness"], s["silent_h"], s["looked_at"][:10])
              for s in answer["sources"]}  # fmt: skip
    assert states == {
        "events": ("fresh", 0.5, "2025-11-04"), "landing": ("late", 100.0, "2025-11-04"),
    }  # fmt: skip
    events = next(s for s in answer["sources"] if s["source"] == "events")
    assert {d["readings"] for d in events["days"]} == {None}


def test_another_partners_sources_are_never_told(api: TestClient) -> None:
    assert "secret" not in api.get(SOURCES, params=SPAN).text


def test_what_came_otherwise_than_agreed_is_told_newest_and_breaking_first(api: TestClient) -> None:
    answer = api.get(SOURCES, params=SPAN).json()
    drift = {s["source"]: s["drift"] for s in answer["sources"]}
    assert drift["events"] == []
    assert [(d["received_date"], d["field_name"], d["is_breaking"]) for d in drift["landing"]] == [
        ("2025-10-26", "values", True), ("2025-10-26", "phase", False),
        ("2025-10-25", "phase", False),
    ]  # fmt: skip
    assert drift["landing"][0]["reason"] == "values is not a list: text"


def test_by_hand_it_is_told_of_one_partner_or_of_all_since_a_day(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_LAKE", str(lake))
    app = typer.Typer()
    add(app)

    def asked(*options: str) -> list[dict[str, str]]:
        said = CliRunner().invoke(app, ["drift", "--format", "csv", *options])
        assert said.exit_code == 0, said.output
        return list(csv.DictReader(said.output.splitlines()))

    mine = asked("--partner", "northgrid", "--since", "2025-10-25")
    assert [(row["received_date"], row["drift"]) for row in mine] == [
        ("2025-10-26", "retyped"), ("2025-10-26", "added"), ("2025-10-25", "added"),
    ]  # fmt: skip
    assert {row["partner_id"] for row in asked()} == {"northgrid", "southgrid"}
    assert "example" not in mine[0]
