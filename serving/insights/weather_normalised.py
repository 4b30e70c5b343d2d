"""gold.weather_normalised_monthly, weather_models -> use as it would be in normal weather."""

from functools import partial

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.parameters import Fuel, Used
from serving.refusals import Refusal, refusal

router = APIRouter(tags=["weather"])
_TABLES = ("gold.weather_normalised_monthly", "gold.weather_models")
_MODEL = (
    "model_type", "heating_balance_c", "cooling_balance_c", "base_kwh_per_day",
    "heating_kwh_per_degree_day", "cooling_kwh_per_degree_day", "r2", "adjusted_r2", "cvrmse",
    "days_used", "baseline_start", "baseline_end",
)  # fmt: skip
_MONTH = (
    "local_month", "energy_kwh", "observed_intervals", "expected_intervals", "temperature_c",
    "normal_temperature_c", "years", "normalised_kwh", "low_kwh", "high_kwh",
)  # fmt: skip
_DAYS_NEEDED = 328
_WHY = {
    "no_energy": "There is no energy of this fuel and direction yet.",
    "too_few_days": f"Of the last 365 days {_DAYS_NEEDED} must have been metered.",
    "too_few_temperatures": f"Of the last 365 days {_DAYS_NEEDED} must have a temperature.",
    "month_without_temperatures": "A month of the last year lacks a tenth of its temperatures.",
    "no_variation": "The days of the last year are all the same: is the meter alive?",
    "no_normal_year": "The temperatures at hand do not cover a whole year.",
}


class WeatherModel(TypedDict):
    """Energy of a day: base + heating below one, cooling above another mean temperature."""

    model_type: str
    heating_balance_c: float | None
    cooling_balance_c: float | None
    base_kwh_per_day: float
    heating_kwh_per_degree_day: float | None
    cooling_kwh_per_degree_day: float | None
    r2: float
    adjusted_r2: float
    cvrmse: float
    days_used: int
    baseline_start: str
    baseline_end: str


class NormalisedMonth(TypedDict):
    """A local month: energy as reported, and the whole month in normal weather, with bounds."""

    local_month: str
    energy_kwh: float | None
    observed_intervals: int
    expected_intervals: int
    temperature_c: float | None
    normal_temperature_c: float | None
    years: int
    normalised_kwh: float | None
    low_kwh: float | None
    high_kwh: float | None


class Normalised(TypedDict):
    """The months of the last year; either with normal figures or a refusal that says why not."""

    location_id: str
    fuel: str
    direction: str
    resolution: str
    unit: str
    time_zone: str
    data_until: str | None
    model: WeatherModel | None
    elements: list[NormalisedMonth]
    refusal: Refusal | None


EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "gas",
    "direction": "consumption",
    "resolution": "P1M",
    "unit": "kWh",
    "time_zone": "Europe/London",
    "data_until": "2025-11-01T00:00:00+00:00",
    "model": {
        "model_type": "heating",
        "heating_balance_c": 15.0,
        "cooling_balance_c": None,
        "base_kwh_per_day": 7.9,
        "heating_kwh_per_degree_day": 4.1,
        "cooling_kwh_per_degree_day": None,
        "r2": 0.91,
        "adjusted_r2": 0.91,
        "cvrmse": 0.24,
        "days_used": 361,
        "baseline_start": "2024-11-01",
        "baseline_end": "2025-10-31",
    },
    "elements": [
        {
            "local_month": "2025-01",
            "energy_kwh": 1893.0,
            "observed_intervals": 1488,
            "expected_intervals": 1488,
            "temperature_c": 2.1,
            "normal_temperature_c": 3.8,
            "years": 3,
            "normalised_kwh": 1668.4,
            "low_kwh": 1560.2,
            "high_kwh": 1776.6,
        }
    ],
    "refusal": None,
}


@router.get(
    "/v1/locations/{location_id}/weather-normalised",
    response_model=Normalised,
    operation_id="weather_normalised",
    summary="Energy by month as it would be in normal weather, with its bounds, or why not",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def weather_normalised(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, fuel: Fuel = "elec", direction: Used = "consumption"
) -> Response:
    made = partial(_normalised, ask.lake, home, fuel, direction)
    return await ask.answer((*_TABLES, *REACH_TABLES), made)


def _normalised(lake: Reader, home: Location, fuel: str, direction: str) -> Body:
    series = home.series(fuel, direction)
    months = lake.rows(
        f"SELECT {', '.join(_MONTH)}, outcome FROM {_TABLES[0]} WHERE {series} ORDER BY local_month"
    )
    models = lake.rows(f"SELECT {', '.join(_MODEL)}, outcome FROM {_TABLES[1]} WHERE {series}")
    model = models[0] if models else None
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "direction": direction,
        "resolution": "P1M",
        "unit": "kWh",
        "time_zone": home.time_zone,
        "data_until": data_until(lake, home, fuel=fuel, direction=direction),
        "model": _said(model) if model and model["outcome"] == "fitted" else None,
        "elements": [{name: month[name] for name in _MONTH} for month in months],
        "refusal": _refusal(model, months) if model else _without_model(lake, series),
    }


def _said(model: Row) -> Row:
    days = {name: str(model[name]) for name in ("baseline_start", "baseline_end")}
    return {name: model[name] for name in _MODEL} | days


def _without_model(lake: Reader, series: str) -> Refusal:
    """Refuse a home that has no days: none at all, or only months."""
    months = lake.rows(
        f"SELECT count(*) AS months FROM gold.energy_monthly WHERE {series} "
        "AND energy_kwh IS NOT NULL"
    )
    if not months[0]["months"]:
        return refusal("no_energy", _WHY["no_energy"])
    return refusal("too_few_days", _WHY["too_few_days"], days_used=0, days_needed=_DAYS_NEEDED)


def _refusal(model: Row, months: list[Row]) -> Refusal | None:
    code = str(model["outcome"])
    if code == "fitted":
        without = [month for month in months if month["normalised_kwh"] is None]
        if not without:
            return None
        code = str(without[0]["outcome"])
    return refusal(
        code,
        _WHY[code],
        days_used=model["days_used"],
        days_needed=_DAYS_NEEDED,
        baseline_start=str(model["baseline_start"]),
        baseline_end=str(model["baseline_end"]),
    )
