"""Weather of Open-Meteo: many points in one answer, each value in the hour that it is of."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bronze.forms import form_of
from bronze.pulls import open_meteo
from bronze.pulls.asking import Asker, SourceRefused, SourceUnavailable
from bronze.pulls.parts import Part, Point, Request, UnreadableAnswer, Wanted
from bronze.pulls.rows import Refused, Weather
from lake.settings import Settings

NOW = datetime(2025, 10, 25, 11, tzinfo=UTC)
STOCKHOLM, AARHUS = Point(59.33, 18.07), Point(56.16, 10.2)
UNITS = {
    "temperature_2m": "°C", "wind_speed_10m": "m/s", "shortwave_radiation": "W/m²",
    "relative_humidity_2m": "%", "cloud_cover": "%", "precipitation": "mm",
}  # fmt: skip


def answer(first: date, hours: int, *, units: dict[str, str] | None = None, **series: Any) -> Any:
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    values = {name: [float(n) for n in range(hours)] for name in UNITS} | series
    return {
        "latitude": 59.329, "longitude": 18.0705, "utc_offset_seconds": 0,
        "hourly_units": {"time": "unixtime", **UNITS, **(units or {})},
        "hourly": {"time": [start + 3600 * n for n in range(hours)], **values},
    }  # fmt: skip


def read(said: Any, part: Part) -> list[Weather | Refused]:
    return list(open_meteo.rows([json.dumps(said).encode()], part, NOW))


def test_observed_days_of_many_points_are_one_question(
    server: Any, sources: Settings, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]],
) -> None:  # fmt: skip
    days = (date(2025, 10, 1), date(2025, 10, 2))
    server.answers(json.dumps([answer(days[0], 72), answer(days[0], 72)]).encode())
    wanted = Wanted(NOW, points=(STOCKHOLM, AARHUS), days=days)
    assert pulled("open-meteo", wanted) == [
        "open-meteo-archive-2025-10-01-2025-10-02.json: 96 rows"
    ]
    (question,) = server.questions
    assert question.path == "/v1/archive"
    assert question.query["latitude"] == "59.33,56.16"
    assert question.query["longitude"] == "18.07,10.2"
    assert question.query["wind_speed_unit"] == "ms"
    assert question.query["start_date"] == "2025-10-01"
    assert question.query["end_date"] == "2025-10-03"
    (file,) = (Path(sources.root) / "landing" / "weather").rglob("*.csv")
    assert form_of(file, "weather") == "csv"
    lines = landed("weather")
    # Instants are of their stamp; radiation and rain of the hour that ends with theirs.
    assert lines[0] == "59.33,18.07,2025-10-01T00:00:00Z,,0.0,0.0,1.0,0.0,0.0,1.0"
    assert lines[47] == "59.33,18.07,2025-10-02T23:00:00Z,,47.0,47.0,48.0,47.0,47.0,48.0"
    assert lines[48].startswith("56.16,10.2,2025-10-01T00:00:00Z,,")


def test_a_forecast_is_issued_when_it_is_answered(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    server.answers(json.dumps(answer(NOW.date(), 48)).encode())
    assert pulled("open-meteo", Wanted(NOW, points=(STOCKHOLM,)))[0].endswith(": 48 rows")
    assert server.questions[0].path == "/v1/forecast"
    issued = {datetime.fromisoformat(line.split(",")[3]) for line in landed("weather")}
    assert len(issued) == 1
    assert timedelta() <= issued.pop() - NOW < timedelta(minutes=1)


def test_many_points_are_asked_for_in_batches(
    server: Any, sources: Settings, pulled: Callable[..., list[str]]
) -> None:
    one = answer(NOW.date(), 2)
    server.answers(json.dumps([one] * 50).encode(), json.dumps([one] * 2).encode())
    points = tuple(Point(50 + n / 100, 5) for n in range(52))
    assert len(pulled("open-meteo", Wanted(NOW, points=points))) == 2
    assert [len(q.query["latitude"].split(",")) for q in server.questions] == [50, 2]


def test_the_free_host_is_asked_at_the_pace_of_its_limit(sources: Settings) -> None:
    """600 calls a minute: a point is one, and 0.6 a fortnight where that is more."""
    fifty = tuple(Point(50 + n / 100, 5) for n in range(50))
    free = sources.model_copy(
        update={
            "open_meteo_url": "https://api.open-meteo.com",
            "open_meteo_archive_url": "https://archive-api.open-meteo.com",
        }
    )
    year = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(140))

    def pauses(settings: Settings, *days: date) -> list[float]:
        found = open_meteo.parts(Wanted(NOW, points=fifty, days=days), settings, lambda _: b"")
        return [part.requests[0].pause for part in found]

    assert pauses(free) == [5]
    assert pauses(free, *year) == [pytest.approx(50 * 0.6 * 141 / 14 / 10)]
    assert pauses(free.model_copy(update={"open_meteo_key": SecretStr("c0ffee")})) == [0]
    assert pauses(sources) == [0]


def test_no_question_comes_before_the_pause_of_the_one_before(
    server: Any, sources: Settings
) -> None:
    server.answers(b"{}")
    waits: list[float] = []
    with Asker(sources, NOW, per_second=1e6, sleep=waits.append) as asker:
        asker.ask(Request(server.url, pause=5))
        asker.ask(Request(server.url))
    assert waits == [pytest.approx(5, abs=1)]


@pytest.mark.parametrize(
    ("limit", "questions", "wait"), [("Minutely", 2, 60), ("Hourly", 1, 0), ("Daily", 1, 0)]
)
def test_the_limit_that_is_exceeded_tells_how_long_to_wait(
    server: Any, reply: Any, pulled: Callable[..., list[str]], limit: str, questions: int,
    wait: float,
) -> None:  # fmt: skip
    said = {"error": True, "reason": f"{limit} API request limit exceeded. Please try again later."}
    server.answers(
        reply(json.dumps(said).encode(), 429), json.dumps(answer(NOW.date(), 48)).encode()
    )
    waits: list[float] = []
    wanted = Wanted(NOW, points=(STOCKHOLM,))
    if wait:
        pulled("open-meteo", wanted, waits=waits)
        assert wait in waits
    else:
        with pytest.raises(SourceUnavailable, match="asks to wait"):
            pulled("open-meteo", wanted, waits=waits)
    assert len(server.questions) == questions


def test_the_end_of_the_last_hour_is_not_asked_for_before_it_is_over(
    server: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(json.dumps(answer(NOW.date(), 24)).encode())
    pulled("open-meteo", Wanted(NOW, points=(STOCKHOLM,), days=(NOW.date(),)))
    assert server.questions[0].query["end_date"] == "2025-10-25"


def test_other_units_become_ours() -> None:
    units = {"temperature_2m": "°F", "wind_speed_10m": "km/h", "precipitation": "inch"}
    said = answer(
        NOW.date(), 2, units=units, temperature_2m=[50, 14], wind_speed_10m=[36, 3.6],
        precipitation=[0, 1],
    )  # fmt: skip
    (first, second) = read(said, Part("x"))
    assert isinstance(first, Weather)
    assert isinstance(second, Weather)
    assert [first.temperature_c, first.wind_speed_m_s] == [Decimal(10), Decimal(10)]
    assert [second.temperature_c, second.wind_speed_m_s] == [Decimal(-10), Decimal(1)]
    # An inch in the hour before the second stamp.
    assert first.precipitation_mm == Decimal("25.4")
    assert (first.latitude, first.longitude) == (59.329, 18.0705)


def test_an_unknown_unit_is_no_value() -> None:
    said = answer(NOW.date(), 1, units={"wind_speed_10m": "Bft"}, cloud_cover=[1, 2])
    refused, other, row = read(said, Part("x"))
    assert str(refused) == "wind_speed_10m in an unknown unit: Bft"
    assert str(other) == "cloud_cover has not a value a stamp"
    assert isinstance(row, Weather)
    assert row.wind_speed_m_s is None
    assert row.temperature_c == 0


def test_an_hour_that_is_not_there_yet_has_no_row() -> None:
    gap = [1.0, None]
    said = answer(
        NOW.date(), 2, temperature_2m=gap, wind_speed_10m=gap, shortwave_radiation=[0, None]
    )
    assert len(read(said, Part("x"))) == 1


@pytest.mark.parametrize("name", ["archive", "forecast"])
def test_local_stamps_are_read_by_the_offset_of_the_answer(public_data: Path, name: str) -> None:
    file = public_data / "formats" / "openmeteo" / f"open_meteo_{name}.json"
    said = json.loads(file.read_text())
    found = list(open_meteo.rows([file.read_bytes()], Part(file.name), NOW))
    rows = [row for row in found if isinstance(row, Weather)]
    assert len(found) == len(rows) == 72
    local = datetime.fromisoformat(said["hourly"]["time"][0]).replace(tzinfo=UTC)
    assert rows[0].observed_at == local - timedelta(hours=9, minutes=30)
    assert [float(r.temperature_c or 0) for r in rows] == said["hourly"]["temperature_2m"]
    assert [float(r.wind_speed_m_s or 0) for r in rows] == said["hourly"]["wind_speed_10m"]
    assert {r.irradiance_w_m2 for r in rows} == {None}


def test_the_key_of_a_customer_is_not_shown(
    server: Any, sources: Settings, reply: Any, pulled: Callable[..., list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    customer = sources.model_copy(update={"open_meteo_key": SecretStr("c0ffee-key")})
    server.answers(reply(b'{"error": true, "reason": "bad key c0ffee-key"}', 400))
    with pytest.raises(SourceRefused, match="bad key") as error:
        pulled("open-meteo", Wanted(NOW, points=(STOCKHOLM,)), customer)
    assert server.questions[0].query["apikey"] == "c0ffee-key"
    assert "c0ffee" not in str(error.value) + caplog.text


@pytest.mark.parametrize("said", [{}, [], [{"hourly": 3}], "no", {"error": True, "reason": "x"}])
def test_an_answer_that_is_none_is_one_error(said: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        read(said, Part("x", points=(STOCKHOLM,)))


def test_an_error_is_said_in_its_words() -> None:
    said = {"error": True, "reason": "Daily API request limit exceeded"}
    for answers in (said, [answer(NOW.date(), 2), said]):
        with pytest.raises(UnreadableAnswer, match=r"^Open-Meteo says: Daily API request limit"):
            read(answers, Part("x", points=(STOCKHOLM, AARHUS)))


def test_an_answer_of_fewer_points_is_none() -> None:
    with pytest.raises(UnreadableAnswer, match="1 answers for 2 points"):
        read(answer(NOW.date(), 2), Part("x", points=(STOCKHOLM, AARHUS)))
