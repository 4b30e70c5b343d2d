"""Forecasts of MET Norway: issued when it says, hours first, its terms kept."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bronze.pulls import met_norway
from bronze.pulls.parts import Part, Point, UnreadableAnswer, Wanted
from bronze.pulls.rows import Refused, Weather
from lake.settings import Settings

NOW = datetime(2020, 7, 20, 12, tzinfo=UTC)
LONDON = Point(51.5, -0.1)


def recorded(public_data: Path, name: str) -> dict[str, Any]:
    """Return the body of a recorded answer, which is wrapped with its status and headers."""
    said = json.loads((public_data / "formats" / "metno" / f"{name}.json").read_text())
    body: dict[str, Any] = said["data"]
    return body


@pytest.mark.parametrize(
    "name",
    [
        "lat39.9lon116.4altitudeNone_compact",
        "lat40.7lon-74.0altitude10_compact",
        "lat51.5lon-0.1altitude25_complete",
    ],
)
def test_every_step_is_a_row_issued_when_it_says(public_data: Path, name: str) -> None:
    said = recorded(public_data, name)
    steps = said["properties"]["timeseries"]
    rows = list(met_norway.rows([json.dumps(said).encode()], Part("x"), NOW))
    assert len(rows) == len(steps)
    for row, step in zip(rows, steps, strict=True):
        assert isinstance(row, Weather)
        details = step["data"]["instant"]["details"]
        assert row.observed_at == datetime.fromisoformat(step["time"])
        assert row.issued_at == datetime(2020, 7, 20, 1, 30, 57, tzinfo=UTC)
        assert float(row.temperature_c or 0) == details["air_temperature"]
        assert float(row.wind_speed_m_s or 0) == details["wind_speed"]
        assert row.irradiance_w_m2 is None
        assert [row.longitude, row.latitude] == said["geometry"]["coordinates"][:2]
    stamps = [row.observed_at for row in rows if isinstance(row, Weather)]
    between = {b - a for a, b in pairwise(stamps)}
    assert between <= {timedelta(hours=1), timedelta(hours=6)}


def test_a_point_is_asked_for_with_four_decimals(
    public_data: Path, server: Any, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]],
) -> None:  # fmt: skip
    server.answers(json.dumps(recorded(public_data, "lat51.5lon-0.1altitude25_complete")).encode())
    pulled("met-norway", Wanted(NOW, points=(Point(51.50001234, -0.123456),)))
    assert server.questions[0].path == "/locationforecast/2.0/compact"
    assert server.questions[0].query == {"lat": "51.5", "lon": "-0.1235"}
    assert "ops@example.org" in server.questions[0].headers["user-agent"]
    assert landed("weather")[0] == (
        "51.5,-0.1235,2020-07-20T11:00:00Z,2020-07-20T01:30:57Z,18.8,2.3,,47.0,12.5,0.0"
    )


def test_it_is_not_asked_by_nobody(
    server: Any, sources: Settings, pulled: Callable[..., list[str]]
) -> None:
    nobody = sources.model_copy(update={"contact": ""})
    with pytest.raises(met_norway.NoContact, match="ELIQ_CONTACT"):
        pulled("met-norway", Wanted(NOW, points=(LONDON,)), nobody)
    assert not server.questions


def test_it_has_no_past(pulled: Callable[..., list[str]]) -> None:
    with pytest.raises(met_norway.OnlyForecasts):
        pulled("met-norway", Wanted(NOW, points=(LONDON,), days=(date(2020, 7, 1),)))


def test_an_old_interface_is_said(
    public_data: Path, server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    said = json.dumps(recorded(public_data, "lat51.5lon-0.1altitude25_complete")).encode()
    server.answers(reply(said, 203))
    assert "ends soon" in pulled("met-norway", Wanted(NOW, points=(LONDON,)))[0]


def test_a_step_that_cannot_be_read_takes_no_other_with_it() -> None:
    good = {"data": {"instant": {"details": {"air_temperature": 1}}}}
    steps = [{"time": "2020-07-20T11:00:00Z", **good}, {"time": "noon", **good}, {"time": 3}, 7]
    meta = {"updated_at": "2020-07-20T01:30:57Z"}
    body = json.dumps({"properties": {"meta": meta, "timeseries": steps}}).encode()
    found = list(met_norway.rows([body], Part("x", points=(LONDON,)), NOW))
    assert [isinstance(one, Refused) for one in found] == [False, True, True, True]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"properties": {"meta": {}, "timeseries": []}},
        {"properties": {"meta": {"updated_at": "now"}, "timeseries": []}},
        {"properties": {"meta": {"updated_at": "2020-07-20T01:30:57Z",
                                 "units": {"air_temperature": "kelvin"}}, "timeseries": []}},
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_one_error(said: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        list(met_norway.rows([json.dumps(said).encode()], Part("x", points=(LONDON,)), NOW))
