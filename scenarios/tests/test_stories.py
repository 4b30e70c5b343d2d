"""Every story of scenarios/ is told once in one lake; then its tables and answers are read."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lake.catalog import catalog
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.settings import Settings
from serving.access import READ
from serving.app import create_app
from serving.commands import token

HERE = Path(__file__).parent.parent
STORIES = sorted(p.name for p in HERE.iterdir() if (p / "landed").is_dir())
TOLD = sorted(
    (p.parent.parent.name, p.parent.name, p.stem) for p in HERE.glob("*/[sg]*/*.csv")
    if p.parent.name in ("silver", "gold")
)  # fmt: skip
ANSWERS = sorted((p.parent.parent.name, p.stem) for p in HERE.glob("*/api/*.json"))
# To tell them all takes minutes, which the first test of them pays.
pytestmark = [pytest.mark.spark, pytest.mark.timeout(2400)]


def looks_at(steps: list[str]) -> set[str]:
    """Return the steps to run at: the last, and for each story one before its last day."""
    looks = {steps[-1]}
    days = (sorted(p.name for p in (HERE / story / "landed").iterdir()) for story in STORIES)
    for first, last in sorted(((d[0], d[-1]) for d in days), key=lambda span: span[1]):
        if first < last and not any(first <= look < last for look in looks):
            looks.add(first)
    return looks


@pytest.fixture(scope="module")
def then() -> dict[str, Any]:
    """What was forecast when it was asked first, by path."""
    return {}


@pytest.fixture(scope="module")
def told(
    bring_up: Callable[[Settings, str], None],
    bring_up_models: Callable[[Settings, str], None],
    then: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Settings:
    """Return a lake in which every story was told, day by day."""
    settings = Settings(lake=str(tmp_path_factory.mktemp("stories")))
    steps = sorted({p.name for p in HERE.glob("*/landed/*")})
    looks = looks_at(steps)
    for step in steps:
        clock = datetime.combine(date.fromisoformat(step), time(12), UTC)
        for folder in sorted(HERE.glob(f"*/landed/{step}")):
            for file in sorted(folder.iterdir()):
                kind = file.stem.split("_")[0]
                partner = folder.parent.parent.name
                land(file, kind=kind, partner=partner, settings=settings, clock=clock)
        if step in looks:
            bring_up(settings, step)
            bring_up_models(settings, step)
            then.update(forecasts_of(settings, step, then))
    return settings


def forecasts_of(settings: Settings, day: str, known: dict[str, Any]) -> dict[str, Any]:
    """Return the forecasts that a day's stories ask for as of that day, but those known already."""
    found = {}
    with TestClient(create_app(settings)) as client:
        for story, name in ANSWERS:
            path = json.loads((HERE / story / "api" / f"{name}.json").read_text())["path"]
            if "/forecast?" in path and f"as_of={day}" in path and path not in known:
                found[path] = ask(settings, client, story, path)["elements"]
    return found


def ask(settings: Settings, client: TestClient, story: str, path: str) -> Any:
    """Return what the API answers a partner."""
    bearer = {"Authorization": f"Bearer {token(story, READ, 1, settings=settings)}"}
    answer = client.get(path, headers=bearer)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows_of(settings: Settings, table: str, story: str, columns: list[str]) -> list[list[Any]]:
    """Return a story's rows of a table, its columns only."""
    names = ", ".join(columns)
    reader = Reader(settings, catalog().tables)
    found = reader.rows(f"SELECT {names} FROM {table} WHERE partner_id = '{story}'")
    return [[row[c] for c in columns] for row in found]


def plain(value: Any) -> Any:
    """Return a value as the story's CSV says it."""
    match value:
        case None | []:
            return ""
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case list():
            return " ".join(value)
        case float():
            return f"{value:.9g}"
        case _:
            return str(value)


def said(text: str) -> str:
    """Return a cell of the story with numbers in one form."""
    return f"{float(text):.9g}" if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", text) else text


@pytest.mark.parametrize(("story", "layer", "noun"), TOLD)
def test_a_story_is_told_in_every_layer(told: Settings, story: str, layer: str, noun: str) -> None:
    with (HERE / story / layer / f"{noun}.csv").open() as file:
        header, *rows = csv.reader(file)
    columns = [c for c in header if c != "remark"]
    expected = sorted(
        [said(v) for v, c in zip(r, header, strict=True) if c != "remark"] for r in rows
    )
    found = sorted(
        [plain(v) for v in row] for row in rows_of(told, f"{layer}.{noun}", story, columns)
    )
    assert found == expected


@pytest.fixture(scope="module")
def client(told: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(told)) as made:
        yield made


@pytest.mark.parametrize(("story", "name"), ANSWERS)
def test_the_api_answers_a_story(told: Settings, client: TestClient, story: str, name: str) -> None:
    wanted = json.loads((HERE / story / "api" / f"{name}.json").read_text())
    body = ask(told, client, story, wanted.pop("path"))
    if "refusal" in wanted:
        assert (body["refusal"] or {}).get("code") == wanted.pop("refusal")
    periods = body["elements"] if "elements" in body else body["items"]
    for field, values in wanted.items():
        assert [
            pytest.approx(p[field]) if p[field] is not None else None for p in periods
        ] == values


def test_a_forecast_as_of_then_is_what_it_was_then(
    told: Settings, client: TestClient, then: dict[str, Any]
) -> None:
    story = "a_correction_after_the_forecast"
    asked = json.loads((HERE / story / "api" / "forecast_of_then.json").read_text())["path"]
    assert len(then[asked]) == 336
    assert ask(told, client, story, asked)["elements"] == then[asked]


def test_no_partner_sees_the_location_of_another(told: Settings, client: TestClient) -> None:
    bearer = {"Authorization": f"Bearer {token('nobody', READ, 1, settings=told)}"}
    path = "/v1/locations/home-1/consumption?from=2025-05-01&to=2025-05-02&resolution=P1D"
    assert client.get(path, headers=bearer).status_code == 404
