"""Carbon intensity by zone, of Electricity Maps and of Great Britain's own interface."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bronze.forms import form_of
from bronze.pulls import carbon_intensity, electricity_maps
from bronze.pulls.asking import SourceRefused
from bronze.pulls.parts import NoToken, NotThereYet, Part, UnreadableAnswer, Wanted
from bronze.pulls.rows import Intensity, Refused
from lake.settings import Settings

NOW = datetime(2025, 10, 25, 11, tzinfo=UTC)
KEY = "em-0123456789"


@pytest.fixture
def keyed(sources: Settings) -> Settings:
    return sources.model_copy(update={"electricity_maps_token": SecretStr(KEY)})


def maps(zone: str, key: str = "history", **more: Any) -> bytes:
    entries = [
        {"zone": zone, "carbonIntensity": 30 + n, "datetime": f"2025-10-24T{n:02}:00:00.000Z",
         "updatedAt": "2025-10-25T09:00:00.000Z", "emissionFactorType": "lifecycle", **more}
        for n in range(24)
    ]  # fmt: skip
    return json.dumps({"zone": zone, key: entries}).encode()


def test_the_last_day_of_a_zone_lands(
    server: Any, keyed: Settings, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]],
) -> None:  # fmt: skip
    server.answers(maps("SE-SE3"))
    assert pulled("electricity-maps", Wanted(NOW, zones=("SE_3",)), keyed) == [
        "electricity-maps-SE_3-2025-10-25.json: 24 rows"
    ]
    (question,) = server.questions
    assert (question.path, question.query) == ("/carbon-intensity/history", {"zone": "SE-SE3"})
    assert question.headers["auth-token"] == KEY
    (file,) = (Path(keyed.root) / "landing" / "co2").rglob("*.csv")
    assert form_of(file, "co2") == "csv"
    assert landed("co2")[0] == "SE_3,2025-10-24T00:00:00Z,PT1H,30,g/kWh,2025-10-25T09:00:00Z"


def test_days_are_asked_for_ten_at_a_time(
    server: Any, keyed: Settings, pulled: Callable[..., list[str]]
) -> None:
    server.answers(maps("DE", "data"))
    days = tuple(date(2025, 10, 1) + timedelta(days=n) for n in range(12))
    pulled("electricity-maps", Wanted(NOW, zones=("DE-LU",), days=days), keyed)
    assert [q.path for q in server.questions] == ["/carbon-intensity/past-range"] * 2
    assert [(q.query["start"], q.query["end"]) for q in server.questions] == [
        ("2025-10-01T00:00:00Z", "2025-10-11T00:00:00Z"),
        ("2025-10-11T00:00:00Z", "2025-10-13T00:00:00Z"),
    ]


def test_the_key_is_in_no_message(
    server: Any, keyed: Settings, reply: Any, pulled: Callable[..., list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    server.answers(reply(f"no such key: {KEY}".encode(), 401))
    with pytest.raises(SourceRefused, match="check ELIQ_ELECTRICITY_MAPS_TOKEN") as error:
        pulled("electricity-maps", Wanted(NOW, zones=("SE3",)), keyed)
    assert KEY not in str(error.value) + caplog.text


def test_an_error_is_said_in_its_words_but_for_the_key(
    server: Any, keyed: Settings, pulled: Callable[..., list[str]]
) -> None:
    for error in ({"error": f"no such zone for {KEY}"}, {"message": f"no such zone for {KEY}"}):
        server.answers(json.dumps(error).encode())
        with pytest.raises(UnreadableAnswer, match=r"Electricity Maps says: no such zone for \*"):
            pulled("electricity-maps", Wanted(NOW, zones=("SE3",)), keyed)
    body = b'{"error": {"code": "400 Bad Request", "message": "more than 14 days"}}'
    with pytest.raises(UnreadableAnswer, match="Carbon Intensity API says: more than 14 days"):
        list(carbon_intensity.rows([body], Part("x"), NOW))


def test_without_a_key_nothing_is_asked(server: Any, pulled: Callable[..., list[str]]) -> None:
    with pytest.raises(NoToken):
        pulled("electricity-maps", Wanted(NOW, zones=("SE3",)))
    assert not server.questions


def test_intervals_that_silver_does_not_know_are_refused() -> None:
    body = maps("FI", temporalGranularity="5_minutes")
    found = list(electricity_maps.rows([body], Part("x"), NOW))
    assert all(isinstance(one, Refused) for one in found)
    quarters = maps("FI", temporalGranularity="15_minutes")
    rows = list(electricity_maps.rows([quarters], Part("x"), NOW))
    assert {row.seconds for row in rows if isinstance(row, Intensity)} == {900}


def test_the_yearly_file_is_read() -> None:
    body = (
        "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
        "Carbon intensity gCO₂eq/kWh (Life cycle)\n"
        "2024-01-01 00:00:00,Sweden,Central Sweden,SE-SE3,9.1,20.47\n"
        "2024-01-01 01:00:00,Sweden,Central Sweden,SE-SE3,,\n"
    ).encode()
    (row,) = electricity_maps.rows([body], Part("x"), NOW)
    assert isinstance(row, Intensity)
    assert (row.price_zone, row.starts_at, str(row.co2)) == (
        "SE3", datetime(2024, 1, 1, tzinfo=UTC), "20.47",
    )  # fmt: skip


PORTAL = "Datetime (UTC),Zone id,Carbon intensity gCO₂eq/kWh (Life cycle)\n"


def portal(*rows: str, name: str = "x") -> list[Any]:
    body = PORTAL + "".join(f"{row}\n" for row in rows)
    return list(electricity_maps.rows([body.encode()], Part(name), NOW))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2024-01-01 00:00:00,FR,52", "2024-01-02 00:00:00,FR,44"], "a file by the day, not by"),
        (["2024-02-01 00:00:00,FR,52", "2024-03-01 00:00:00,FR,44"], "a file by the month, not by"),
        (["2023-01-01 00:00:00,FR,52", "2024-01-01 00:00:00,FR,44"], "a file by the year, not by"),
        (["2024-01-01 00:00:00,FR,52", "2024-01-01 00:05:00,FR,44"], "a file of intervals of 300"),
        (["2024-01-01 00:00:00,FR,52"], "a single row does not tell that it is of an hour"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_by_the_hour_is_refused(rows: list[str], said: str) -> None:
    with pytest.raises(UnreadableAnswer, match=f"{said}.*; take the file by the hour"):
        portal(*rows)


def test_a_zone_has_its_own_step_and_a_single_row_that_of_the_others_or_of_the_name() -> None:
    rows = [f"2024-01-01 0{n // 4}:{n % 4 * 15:02}:00,FR,{n}" for n in range(5)]
    rows += [f"2024-01-01 0{n}:00:00,SE-SE3,{n}" for n in range(3)]
    found = portal(*rows, "2024-01-01 00:00:00,DK-DK1,1")
    assert [(row.price_zone, row.seconds) for row in found] == (
        [("FR", 900)] * 5 + [("SE3", 3600)] * 3 + [("DK1", 900)]
    )
    for name, seconds in (("FR_2024_hourly.csv", 3600), ("FR-2024-15-minutes.csv", 900)):
        assert [row.seconds for row in portal(rows[0], name=name)] == [seconds]


def british(*actual: int | None) -> bytes:
    start = datetime(2025, 10, 24, tzinfo=UTC)
    half = timedelta(minutes=30)
    return json.dumps(
        {"data": [
            {"from": f"{start + n * half:%Y-%m-%dT%H:%MZ}",
             "to": f"{start + (n + 1) * half:%Y-%m-%dT%H:%MZ}",
             "intensity": {"forecast": 100, "actual": said, "index": "low"}}
            for n, said in enumerate(actual)
        ]}
    ).encode()  # fmt: skip


def test_only_half_hours_that_are_over_have_an_intensity(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    server.answers(british(93, 0, None))
    pulled("carbon-intensity", Wanted(NOW, zones=("SE3", "gb")))
    assert server.questions[0].path == "/intensity/2025-10-24T00:01Z/2025-10-26T00:00Z"
    assert landed("co2") == [
        "gb,2025-10-24T00:00:00Z,PT30M,93,g/kWh,", "gb,2025-10-24T00:30:00Z,PT30M,0,g/kWh,",
    ]  # fmt: skip
    server.answers(british(None))
    with pytest.raises(NotThereYet):
        pulled("carbon-intensity", Wanted(NOW))


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"data": 3}', b'{"zone": "FI"}'])
def test_an_answer_that_is_none_is_one_error(body: bytes) -> None:
    for source in (electricity_maps, carbon_intensity):
        with pytest.raises(UnreadableAnswer):
            list(source.rows([body], Part("x"), NOW))
