from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from deltalake import DeltaTable
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from lake.sql_values import Row
from serving.app import create_app
from serving.commands import token
from serving.insights.adding import added_up
from serving.insights.energy import Energy
from serving.periods import periods
from serving.tests.energy_rows import put_months
from serving.tests.tables import put

IMPORT = "/v1/locations/castle/import"


def elements(api: TestClient, start: str, end: str, **query: str) -> list[dict[str, Any]]:
    response = api.get(IMPORT, params={"from": start, "to": end, **query})
    assert response.status_code == 200, response.text
    TypeAdapter(Energy).validate_python(response.json(), strict=True)
    found: list[dict[str, Any]] = response.json()["elements"]
    return found


def test_a_day_of_25_hours_is_one_day_and_25_hours(api: TestClient) -> None:
    (day,) = elements(api, "2025-10-26", "2025-10-27")
    assert day["starts_at"] == "2025-10-26T00:00:00+02:00"
    assert day["ends_at"] == "2025-10-27T00:00:00+01:00"
    assert (day["observed_intervals"], day["expected_intervals"]) == (100, 100)
    hours = elements(api, "2025-10-26", "2025-10-27", resolution="PT1H")
    assert len(hours) == 25
    assert [h["starts_at"][11:] for h in hours[2:4]] == ["02:00:00+02:00", "02:00:00+01:00"]
    assert sum(h["energy_kwh"] for h in hours) == pytest.approx(day["energy_kwh"])


def test_every_resolution_adds_up_to_the_same(api: TestClient) -> None:
    sums = {
        resolution: sum(
            e["energy_kwh"] or 0
            for start, end in (("2025-10-20", "2025-10-27"), ("2025-10-27", "2025-11-01"))
            for e in elements(api, start, end, resolution=resolution)
        )
        for resolution in ("PT15M", "PT30M", "PT1H", "P1D")
    }
    (month,) = elements(api, "2025-10-01", "2025-11-01", resolution="P1M")
    assert list(sums.values()) == pytest.approx([month["energy_kwh"]] * len(sums), abs=1e-9)
    (year,) = elements(api, "2025-01-01", "2026-01-01", resolution="P1Y")
    november = elements(api, "2025-11-01", "2025-12-01", resolution="P1M")[0]
    assert year["energy_kwh"] == pytest.approx(month["energy_kwh"] + november["energy_kwh"])
    assert year["expected_intervals"] == 365 * 96
    assert year["starts_at"] == "2025-01-01T00:00:00+01:00"
    weeks = elements(api, "2025-10-22", "2025-11-02", resolution="P1W")
    assert sum(w["energy_kwh"] for w in weeks) == pytest.approx(year["energy_kwh"])
    assert [w["starts_at"][:10] for w in weeks] == ["2025-10-20", "2025-10-27"]
    # The week of the 26th has an hour more, and that of the 28th lacks a day and a half of seven.
    assert [w["expected_intervals"] for w in weeks] == [7 * 96 + 4, 7 * 96]
    assert [w["completeness"] for w in weeks] == pytest.approx([1, (6 * 96 - 48 - 96) / (7 * 96)])


def test_half_hours_of_import_alone_are_consumption_too(tmp_path: Path) -> None:
    home = {"partner_id": "northgrid", "location_id": "halves"}
    place = {"country_code": "DK", "latitude": 55.7, "longitude": 12.6, "price_zone": "DK2"}
    put(tmp_path, "silver.locations", [{**home, **place, "time_zone": "Europe/Copenhagen"}])
    first = datetime(2025, 10, 19, 22, tzinfo=UTC)
    half = timedelta(minutes=30)
    told = {"fuel": "elec", "direction": "import", "resolution": "PT30M", "quality": "measured",
            "local_date": date(2025, 10, 20), "local_month": "2025-10", "is_derived": False,
            "time_zone": "Europe/Copenhagen", "energy_kwh": 0.25,
            "is_consumption": True}  # fmt: skip
    put(tmp_path, "silver.energy_in_context", [
        {**home, **told, "starts_at": first + n * half, "ends_at": first + (n + 1) * half}
        for n in range(48)])  # fmt: skip
    settings = Settings(lake=str(tmp_path))
    span = {"from": "2025-10-20", "to": "2025-10-21", "resolution": "PT30M"}
    sums = {}
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        for direction in ("import", "consumption", "export"):
            answer = client.get(f"/v1/locations/halves/{direction}", params=span).json()
            sums[direction] = sum(e["energy_kwh"] or 0 for e in answer["elements"])
    assert sums == {"import": 12.0, "consumption": 12.0, "export": 0}


@pytest.mark.parametrize(("name", "minutes"), [("PT10M", 10), ("PT6M", 6)])
def test_half_hours_are_added_up_of_what_no_quarter_holds(
    tmp_path: Path, name: str, minutes: int
) -> None:
    home = {"partner_id": "northgrid", "location_id": "tens"}
    place = {"country_code": "DK", "latitude": 55.7, "longitude": 12.6, "price_zone": "DK2"}
    put(tmp_path, "silver.locations", [{**home, **place, "time_zone": "Europe/Copenhagen"}])
    first, length = datetime(2025, 10, 19, 22, tzinfo=UTC), timedelta(minutes=minutes)
    told = {"fuel": "elec", "direction": "import", "resolution": name, "quality": "measured",
            "local_date": date(2025, 10, 20), "local_month": "2025-10", "is_derived": False,
            "time_zone": "Europe/Copenhagen", "is_consumption": False}  # fmt: skip
    starts = [first + n * length for n in range(1, 24 * 60 // minutes)]
    # One lies across two half hours, and is in none.
    starts.append(first + timedelta(minutes=28))
    put(tmp_path, "silver.energy_in_context", [
        {**home, **told, "starts_at": at, "ends_at": at + length, "energy_kwh": 0.1}
        for at in starts])  # fmt: skip
    settings = Settings(lake=str(tmp_path))
    span = {"from": "2025-10-20", "to": "2025-10-21", "resolution": "PT30M", "include": "peak"}
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        found = client.get("/v1/locations/tens/import", params=span).json()["elements"]
    parts = 30 // minutes
    assert found[0]["energy_kwh"] == pytest.approx(0.1 * (parts - 1))
    assert found[0]["completeness"] == pytest.approx((parts - 1) / parts)
    assert found[1]["energy_kwh"] == pytest.approx(0.1 * parts)
    assert found[1]["peak_kw"] == pytest.approx(0.1 * 60 / minutes)


def test_what_was_filled_in_alone_takes_a_week_of_then_neither_cost_nor_co2() -> None:
    span = periods("2025-10-20", "2025-10-27", resolution="P1W", zone=ZoneInfo("UTC"))
    at = datetime(2025, 10, 20, tzinfo=UTC)
    day = {"observed_intervals": 24, "expected_intervals": 24, "estimated_share": 0.0,
           "energy_kwh": 5.0, "cost": 2.0, "currency": "DKK", "co2_kg": 1.0}  # fmt: skip
    gap = day | {"observed_intervals": 0, **dict.fromkeys(("energy_kwh", "cost", "currency",
                                                           "co2_kg"))}  # fmt: skip
    unpriced = day | dict.fromkeys(("cost", "currency", "co2_kg"))

    def week(*days: Row) -> list[object]:
        rows = [row | {"starts_at": at + timedelta(days=n), "ends_at": at + timedelta(days=n + 1)}
                for n, row in enumerate(days)]  # fmt: skip
        (found,) = added_up(rows, span, include=("cost", "co2"))
        return [found[name] for name in ("energy_kwh", "cost", "currency", "co2_kg")]

    assert week(day, gap, day) == [10.0, 4.0, "DKK", 2.0]
    assert week(day, unpriced, day) == [15.0, None, None, None]
    assert week(gap) == [None, None, None, None]


def test_a_home_that_is_read_by_the_month_says_until_when_it_has_data(tmp_path: Path) -> None:
    home = {"partner_id": "northgrid", "location_id": "rural", "time_zone": "Europe/London"}
    place = {"country_code": "GB", "latitude": 55.9, "longitude": -3.2, "price_zone": "GB"}
    put(tmp_path, "silver.locations", [{**home, **place}])
    put_months(tmp_path, home)
    settings = Settings(lake=str(tmp_path))
    months = {"from": "2025-01-01", "to": "2025-04-01", "resolution": "P1M"}
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        of_home = "/v1/locations/rural"
        answer = client.get(f"{of_home}/import", params=months).json()
        (listed,) = client.get("/v1/locations").json()["items"]
        normal = client.get(f"{of_home}/weather-normalised").json()
        trends = client.get("/v1/portfolio/trends", params={
            "from": "2025-01", "to": "2025-03"}).json()  # fmt: skip
    assert [e["energy_kwh"] for e in answer["elements"]] == [300.0, 300.0, None]
    assert answer["data_until"] == listed["data_until"] == "2025-03-01T00:00:00+00:00"
    assert trends["data_until"] == "2025-03-01T00:00:00+00:00"
    assert [one["data_from"] for one in listed["series"]] == ["2025-01-01T00:00:00+00:00"] * 2
    assert normal["refusal"]["code"] == "too_few_days"
    assert normal["refusal"]["details"] == {"days_used": 0, "days_needed": 328}


def test_a_gap_is_null_and_half_a_day_is_half_complete(api: TestClient) -> None:
    gap, half, estimated = elements(api, "2025-10-28", "2025-10-31")
    assert (gap["energy_kwh"], gap["observed_intervals"], gap["completeness"]) == (None, 0, 0.0)
    assert (gap["expected_intervals"], gap["estimated_share"]) == (96, None)
    assert (half["completeness"], half["estimated_share"]) == (0.5, 0.0)
    assert (estimated["completeness"], estimated["estimated_share"]) == (1.0, 1.0)
    assert len(elements(api, "2025-10-28", "2025-10-29", resolution="PT15M")) == 96


def test_a_span_without_data_is_all_null(api: TestClient) -> None:
    days = elements(api, "2024-01-01", "2024-01-03", include="cost,temperature,peak,co2")
    assert {v for d in days for k, v in d.items() if k not in ("starts_at", "ends_at")} == {None, 0}


@pytest.mark.parametrize(("resolution", "end"), [("P1W", "2025-11-03"), ("P1Y", "2026-01-01")])
def test_longer_periods_of_then_are_as_warm_as_those_of_now_where_nothing_was_said_since(
    api: TestClient, resolution: str, end: str
) -> None:
    query = {"resolution": resolution, "include": "temperature"}
    now, then = (
        [e["temperature_c"] for e in elements(api, "2025-10-20", end, **query, **known)]
        for known in ({}, {"as_of": "2025-11-02T06:00:00Z"})
    )
    assert then == pytest.approx(now)


def test_what_is_asked_for_is_included(api: TestClient) -> None:
    (day,) = elements(api, "2025-10-27", "2025-10-28", include="cost,temperature,peak")
    assert day["cost"] == pytest.approx(2 * day["energy_kwh"])
    assert day["currency"] == "DKK"
    assert day["peak_at"].startswith("2025-10-27T1")
    assert day["peak_kw"] > 1.6
    assert "co2_kg" not in day
    assert "cost" not in elements(api, "2025-10-27", "2025-10-28")[0]


def test_instants_and_dates_say_the_same_span(api: TestClient) -> None:
    by_date = elements(api, "2025-10-26", "2025-10-27", resolution="PT1H")
    for start in ("2025-10-26T00:00:00+02:00", "2025-10-25T22:00:00Z"):
        assert elements(api, start, "2025-10-26T23:00:00Z", resolution="PT1H") == by_date
    unescaped = api.get(f"{IMPORT}?from=2025-10-26T00:00:00+02:00&to=2025-10-27&resolution=PT1H")
    assert unescaped.json()["elements"] == by_date


def test_data_until_is_the_end_of_the_newest_reading(api: TestClient) -> None:
    for span in (("2025-10-26", "2025-10-27"), ("2020-01-01", "2020-01-02")):
        answer = api.get(IMPORT, params=dict(zip(("from", "to"), span, strict=True))).json()
        assert answer["data_until"] == "2025-11-02T00:00:00+01:00"
    export = api.get(
        "/v1/locations/castle/export", params={"from": "2025-10-26", "to": "2025-10-27"}
    )
    assert export.json()["data_until"] is None


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ({"from": "2025-10-26"}, "bad-request", "to"),
        ({"from": "2025-10-26", "to": "2025-10-26"}, "bad-span", "empty"),
        ({"from": "2025-10-26", "to": "0001-01-01"}, "bad-span", "before"),
        ({"from": "9999-12-31", "to": "9999-12-31T23:00:00Z"}, "bad-span", "after"),
        ({"from": "yesterday", "to": "2025-10-26"}, "bad-span", "neither"),
        ({"from": "2025-13-45", "to": "2025-10-26"}, "bad-span", "neither"),
        ({"from": "2025-10-26T00:00:00", "to": "2025-10-27"}, "bad-span", "offset"),
        ({"from": "2025-10-01", "to": "2025-10-09", "resolution": "PT15M"}, "bad-span", "7 days"),
        ({"from": "2025-01-01", "to": "2025-06-01", "resolution": "PT1H"}, "bad-span", "93 days"),
        ({"from": "2015-01-01", "to": "2025-01-01"}, "bad-span", "1830 days"),
        (
            {"from": "2025-10-26", "to": "2025-10-27", "resolution": "PT7M"},
            "bad-request",
            "resolution",
        ),
        ({"from": "2025-10-26", "to": "2025-10-27", "fuel": "coal"}, "bad-request", "fuel"),
        ({"from": "2025-10-26", "to": "2025-10-27", "include": "gold"}, "bad-request", "gold"),
    ],
)
def test_a_bad_question_is_a_problem_that_says_why(
    api: TestClient, query: dict[str, str], code: str, says: str
) -> None:
    response = api.get(IMPORT, params=query)
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == f"/problems/{code}"
    assert says in problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]


def test_ids_are_never_part_of_the_sql(api: TestClient) -> None:
    span = {"from": "2025-10-26", "to": "2025-10-27"}
    for location in ("x' OR '1'='1", "castle'--", "'; SELECT 1 --", "%", "castle\\"):
        assert api.get(f"/v1/locations/{location}/import", params=span).status_code == 404
    assert api.get("/v1/locations/it's new/import", params=span).status_code == 200


def test_the_longest_days_of_the_week_fit_in_the_span(api: TestClient) -> None:
    assert len(elements(api, "2025-10-20", "2025-10-27", resolution="PT15M")) == 7 * 96 + 4


def test_answers_equal_the_table(api: TestClient, settings: Settings) -> None:
    table = DeltaTable(f"{settings.root}/gold/energy_daily").to_pyarrow_table()
    stored = {
        row["local_date"]: row["energy_kwh"]
        for row in table.to_pylist()
        if row["location_id"] == "castle"
    }
    found = {
        date.fromisoformat(e["starts_at"][:10]): e["energy_kwh"]
        for e in elements(api, "2025-10-20", "2025-11-02")
    }
    assert {day: kwh for day, kwh in found.items() if kwh is not None} == stored
