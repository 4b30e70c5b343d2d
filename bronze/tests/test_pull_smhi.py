"""Weather of SMHI: forecasts in both shapes, observations of the nearest stations."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bronze.pulls import smhi
from bronze.pulls.parts import NotServed, Part, Point, UnreadableAnswer, Wanted
from bronze.pulls.rows import Refused, Weather
from bronze.pulls.smhi_stations import NoStation

NOW = datetime(2025, 10, 25, 11, tzinfo=UTC)
STOCKHOLM = Point(59.33, 18.07)
PART = Part("x", points=(STOCKHOLM,))
# After the documentation of snow1g and pmp3g.
SNOW = {
    "createdTime": "2025-10-25T10:20:00Z", "referenceTime": "2025-10-25T10:00:00Z",
    "geometry": {"type": "Point", "coordinates": [18.068, 59.332]},
    "timeSeries": [
        {"time": "2025-10-25T11:00:00Z", "intervalParametersStartTime": "2025-10-25T10:00:00Z",
         "data": {"air_temperature": 8.5, "wind_speed": 4.1, "relative_humidity": 81,
                  "cloud_area_fraction": 6}},
        {"time": "2025-10-25T12:00:00Z",
         "data": {"air_temperature": 9999, "wind_speed": 4.5, "cloud_area_fraction": 9999}},
    ],
}  # fmt: skip
PMP = {
    "approvedTime": "2025-01-20T18:29:54Z", "referenceTime": "2025-01-20T18:00:00Z",
    "geometry": {"type": "Point", "coordinates": [[16.15035, 58.570784]]},
    "timeSeries": [
        {"validTime": "2025-01-20T19:00:00Z", "parameters": [
            {"name": "t", "levelType": "hl", "level": 2, "unit": "Cel", "values": [1]},
            {"name": "ws", "levelType": "hl", "level": 10, "unit": "m/s", "values": [2.5]},
            {"name": "tcc_mean", "unit": "octas", "values": [8]},
        ]},
    ],
}  # fmt: skip


def read(said: Any, part: Part = PART) -> list[Weather | Refused]:
    return list(smhi.rows([json.dumps(said).encode()], part, NOW))


def stations(*of: tuple[str, float, float, bool]) -> bytes:
    named = [
        {"key": key, "latitude": lat, "longitude": lon, "active": active}
        for key, lat, lon, active in of
    ]
    return json.dumps({"key": "1", "station": named}).encode()


def observed(parameter: str, start: datetime, values: list[str], quality: str = "G") -> bytes:
    ms = int(start.timestamp() * 1000)
    told = [
        {"date": ms + 3_600_000 * n, "value": value, "quality": quality}
        for n, value in enumerate(values)
    ]
    return json.dumps({"parameter": {"key": parameter}, "value": told}).encode()


def test_a_forecast_of_today_is_read(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    server.answers(json.dumps(SNOW).encode())
    pulled("smhi", Wanted(NOW, points=(STOCKHOLM,)))
    assert server.questions[0].path == (
        "/api/category/snow1g/version/1/geotype/point/lon/18.07/lat/59.33/data.json"
    )
    assert landed("weather") == [
        "59.33,18.07,2025-10-25T11:00:00Z,2025-10-25T10:20:00Z,8.5,4.1,,81,75.0,",
        "59.33,18.07,2025-10-25T12:00:00Z,2025-10-25T10:20:00Z,,4.5,,,,",
    ]


def test_the_older_shape_is_read_too() -> None:
    (row,) = read(PMP, Part("x"))
    assert isinstance(row, Weather)
    assert row.issued_at == datetime(2025, 1, 20, 18, 29, 54, tzinfo=UTC)
    assert [row.temperature_c, row.wind_speed_m_s, row.cloud_cover_percent] == [
        Decimal(1), Decimal("2.5"), Decimal(100),
    ]  # fmt: skip
    assert (row.latitude, row.longitude) == (58.5708, 16.1503)


def test_a_step_that_cannot_be_read_takes_no_other_with_it() -> None:
    steps: list[Any] = [{"time": "soon", "data": {}}, {"time": 3}, 7, *SNOW["timeSeries"]]
    found = read({**SNOW, "timeSeries": steps})
    assert [isinstance(one, Refused) for one in found] == [True, True, True, False, False]


def test_what_was_observed_is_told_as_the_points(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    api = "/api/version/latest/parameter"
    day = datetime(2025, 10, 1, tzinfo=UTC)
    near, far = ("97400", 59.65, 17.95, True), ("98230", 59.34, 18.06, True)
    server.answers(stations(near, far, ("1", 59.33, 18.07, False)), to=f"{api}/1.json")
    server.answers(stations(near), to=f"{api}/4.json")
    server.answers(stations(("52350", 55.57, 13.07, True)), to=f"{api}/6.json")
    server.answers(stations(far), to=f"{api}/11.json")
    hours = [str(n) for n in range(-1, 26)]
    server.answers(observed("1", day - timedelta(hours=1), hours), to=f"{api}/1/station/98230/")
    server.answers(observed("4", day, ["2.0", "-", "4.0"]), to=f"{api}/4/station/97400/")
    server.answers(observed("11", day, hours), to=f"{api}/11/station/98230/")
    said = pulled("smhi", Wanted(NOW, points=(STOCKHOLM,), days=(day.date(),)))
    assert said == ["smhi-observations-59.33,18.07-2025-10-01-2025-10-01.json: 24 rows"]
    lines = landed("weather")
    # The irradiance of the hour is told at its end.
    assert lines[0] == "59.33,18.07,2025-10-01T00:00:00Z,,0,2.0,0,,,"
    assert lines[1] == "59.33,18.07,2025-10-01T01:00:00Z,,1,,1,,,"
    assert lines[-1] == "59.33,18.07,2025-10-01T23:00:00Z,,23,,23,,,"
    asked = [q.path for q in server.questions[4:]]
    assert asked[0] == f"{api}/1/station/98230/period/latest-months/data.json"
    assert len(asked) == 3


def test_rows_are_made_again_when_one_of_the_answers_changes(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    api, day = "/api/version/latest/parameter", datetime(2025, 10, 1, tzinfo=UTC)
    for parameter in ("1", "4", "6", "11"):
        server.answers(stations(("7", 59.33, 18.07, True)), to=f"{api}/{parameter}.json")
    server.answers(observed("1", day, ["5"]), to=f"{api}/1/station/")
    server.answers(observed("4", day, ["1.0"]), observed("4", day, ["2.0"]), to=f"{api}/4/station/")
    wanted = Wanted(NOW, points=(STOCKHOLM,), days=(day.date(),))
    pulled("smhi", wanted)
    pulled("smhi", wanted)
    pulled("smhi", wanted)
    assert sorted(line.split(",")[5] for line in landed("weather")) == ["1.0", "2.0"]


ARCHIVE = """Stationsnamn;Stationsnummer;Stationsnät;Mäthöjd (meter över marken)
Stockholm;7;SMHIs stationsnät;2.0

Parameternamn;Beskrivning;Enhet
Lufttemperatur;momentanvärde, 1 gång/tim;celsius

Datum;Tid (UTC);Lufttemperatur;Kvalitet;;Tidsutsnitt:
2024-12-31;23:00:00;-9.0;G;;Kvalitetskontrollerade historiska data
2025-01-01;00:00:00;-1.5;G;;(utom de senaste 3 mån)
2025-01-01;01:00:00;-2.0;Y;;
2025-01-01;02:00:00;-3.0;R;;
2025-01-02;00:00:00;-4.0;G;;
"""


def test_days_of_more_than_four_months_ago_come_from_the_archive(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    api, recent = "/api/version/latest/parameter", datetime(2025, 10, 1, tzinfo=UTC)
    for parameter in ("1", "4", "6", "11"):
        of = stations(("7", 59.33, 18.07, True)) if parameter == "1" else stations()
        server.answers(of, to=f"{api}/{parameter}.json")
    station = f"{api}/1/station/7/period"
    server.answers(ARCHIVE.encode(), to=f"{station}/corrected-archive/data.csv")
    server.answers(observed("1", recent, ["5", "6"]), to=f"{station}/latest-months/")
    old = Wanted(NOW, points=(STOCKHOLM,), days=(date(2025, 1, 1),))
    assert pulled("smhi", old) == [
        "smhi-observations-59.33,18.07-2025-01-01-2025-01-01.json: 2 rows; 2 of 24 hours"
    ]
    assert landed("weather") == [
        "59.33,18.07,2025-01-01T00:00:00Z,,-1.5,,,,,",
        "59.33,18.07,2025-01-01T01:00:00Z,,-2.0,,,,,",
    ]  # fmt: skip
    assert [q.path for q in server.questions[4:]] == [f"{station}/corrected-archive/data.csv"]
    days = tuple(date(2025, 1, 1) + timedelta(days=n) for n in range(290))
    (said,) = pulled("smhi", Wanted(NOW, points=(STOCKHOLM,), days=days))
    assert said.endswith(": 5 rows; 5 of 6,960 hours")


def test_an_archive_without_its_head_is_none(server: Any, pulled: Callable[..., list[str]]) -> None:
    server.answers(stations(("7", 59.33, 18.07, True)))
    server.answers(b"<html>", to="/api/version/latest/parameter/1/station/7/period/corrected")
    with pytest.raises(UnreadableAnswer, match="an archive without the line Datum"):
        pulled("smhi", Wanted(NOW, points=(STOCKHOLM,), days=(date(2025, 1, 1),)))


def test_a_station_is_asked_once_for_all_points_near_it_and_for_what_is_new(
    server: Any, reply: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    api, day = "/api/version/latest/parameter", datetime(2025, 10, 1, tzinfo=UTC)
    for parameter in ("1", "4", "6", "11"):
        server.answers(stations(("7", 59.33, 18.07, True)), to=f"{api}/{parameter}.json")
    told = {"ETag": '"1"'}
    server.answers(reply(observed("1", day, ["5"]), headers=told), to=f"{api}/1/station/")
    server.answers(reply(observed("4", day, ["1.0"]), headers=told), to=f"{api}/4/station/")
    points = (STOCKHOLM, Point(59.34, 18.07), Point(59.35, 18.07))
    wanted = Wanted(NOW, points=points, days=(day.date(),))
    pulled("smhi", wanted)
    assert len(server.questions) == 4 + 4
    assert len(landed("weather")) == 3
    server.questions.clear()
    server.answers(reply(b"", 304), to=f"{api}/1/station/")
    server.answers(reply(b"", 304), to=f"{api}/4/station/")
    assert all("nothing new" in line for line in pulled("smhi", wanted))
    assert [q.headers.get("if-none-match") for q in server.questions[4:]].count('"1"') == 2
    # What changed is read together with what did not.
    server.answers(
        reply(b"", 304), reply(observed("1", day, ["5"]), headers=told), to=f"{api}/1/station/"
    )
    server.answers(observed("4", day, ["2.0"]), to=f"{api}/4/station/")
    pulled("smhi", wanted)
    assert sorted(line.split(",", 4)[4] for line in landed("weather")) == [
        *["5,1.0,,,,"] * 3, *["5,2.0,,,,"] * 3,
    ]  # fmt: skip


@pytest.mark.parametrize("place", [Point(51.5, -0.1), Point(55.95, -3.19), Point(60.2, 45.0)])
def test_where_it_has_no_forecast_is_said_or_left_out_of_the_homes(
    server: Any, pulled: Callable[..., list[str]], place: Point
) -> None:
    server.answers(json.dumps(SNOW).encode())
    points = (place, STOCKHOLM)
    with pytest.raises(NotServed, match="no forecast of SMHI at"):
        pulled("smhi", Wanted(NOW, points=points))
    said = pulled("smhi", Wanted(NOW, points=points, is_of_homes=True))
    assert said[-1].startswith("left out: 1 places: no forecast of SMHI at")
    assert len(server.questions) == 2


def test_where_nothing_is_measured_is_said_and_the_others_come(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    api, day = "/api/version/latest/parameter", datetime(2025, 10, 1, tzinfo=UTC)
    for parameter in ("1", "4", "6", "11"):
        server.answers(stations(("7", 59.33, 18.07, True)), to=f"{api}/{parameter}.json")
    server.answers(observed("1", day, ["5", "6"], "Y"), to=f"{api}/1/station/")
    wanted = Wanted(NOW, points=(Point(48, 2), STOCKHOLM), days=(day.date(),))
    with pytest.raises(NoStation, match="no station within 50 km of 48,2"):
        pulled("smhi", wanted)
    assert len(landed("weather")) == 2
    assert "left out: 1 places" in pulled("smhi", replace(wanted, is_of_homes=True))[-1]


@pytest.mark.parametrize(
    "said",
    [[], {}, {"timeSeries": 3}, {"timeSeries": []}, {"value": []}, "x", date.min.isoformat()],
)
def test_an_answer_that_is_none_is_one_error(said: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        read(said, Part("x"))
