"""models.home_assets -> what stands in a home: car, panels, heat pump, electric heating."""

import json
from functools import partial
from typing import Any

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.refusals import REFUSALS_TABLE, Refusal, newest_refusal, refusal

router = APIRouter(tags=["disaggregation"])
_TABLE = "models.home_assets"
_PARTS = "disaggregation"
_DAYS_NEEDED = 30
# Of the days so many need a temperature.
_TEMPERATURES_NEEDED = 0.8
_LACKING = {
    "too_little_history": f"Assets are told from {_DAYS_NEEDED} days of electricity by the hour, "
    "and the weather of those days.",
    "no_weather": "The temperature of four in five days is needed; the home's weather point has "
    "fewer.",
    "no_variation": "The readings are all the same: is the meter alive?",
}
_COLUMNS = ("asset", "probability", "size", "low", "high", "unit", "evidence", "since")


class Asset(TypedDict):
    """One asset; in 80 of 100 cases its size lies from `low` to `high`, null where it has none."""

    asset: str
    probability: float
    size: float | None
    low: float | None
    high: float | None
    unit: str
    since: str | None
    evidence: dict[str, Any]


class Assets(TypedDict):
    """The assets of a home, the most likely first; or a refusal."""

    location_id: str
    time_zone: str
    data_until: str | None
    issued_at: str | None
    model_version: str | None
    elements: list[Asset]
    refusal: Refusal | None


EXAMPLE = {
    "location_id": "castle",
    "time_zone": "Europe/Copenhagen",
    "data_until": "2025-11-02T00:00:00+01:00",
    "issued_at": "2025-11-02T13:00:00+01:00",
    "model_version": "disaggregation/1",
    "elements": [
        {
            "asset": "electric_vehicle",
            "probability": 0.98,
            "size": 11.1,
            "low": 10.4,
            "high": 11.8,
            "unit": "kW",
            "since": "2025-03-04",
            "evidence": {"events_a_week": 3.4, "median_kwh": 14.2},
        }
    ],
    "refusal": None,
}


@router.get(
    "/v1/locations/{location_id}/assets",
    response_model=Assets,
    operation_id="assets",
    summary="Electric car, solar panels, heat pump and electric heating: how likely, how large",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def assets(ask: Ask, home: Home) -> Response:  # noqa: D103 - the summary says it
    made = partial(_assets, ask.lake, home)
    return await ask.answer((_TABLE, REFUSALS_TABLE, *REACH_TABLES), made)


def _assets(lake: Reader, home: Location) -> Body:
    rows: list[Any] = lake.rows(
        f"SELECT {', '.join(_COLUMNS)}, issued_at, model_version FROM {_TABLE} "
        f"WHERE {home.where} ORDER BY probability DESC, asset"
    )
    ways = ("consumption", "import")
    reaches = (data_until(lake, home, fuel="elec", direction=way) for way in ways)
    reach = next((reach for reach in reaches if reach), None)
    return {
        "location_id": home.location_id,
        "time_zone": home.time_zone,
        "data_until": reach,
        "issued_at": home.instant(rows[0]["issued_at"]) if rows else None,
        "model_version": rows[0]["model_version"] if rows else None,
        "elements": [_asset(row) for row in rows],
        "refusal": None if rows else _nothing(lake, home, reach),
    }


def _asset(row: Any) -> dict[str, Any]:
    since = row["since"].isoformat() if row["since"] else None
    known = {name: row[name] for name in ("asset", "probability", "size", "low", "high", "unit")}
    return {**known, "since": since, "evidence": json.loads(row["evidence"])}


def _nothing(lake: Reader, home: Location, reach: str | None) -> Refusal:
    """Return why nothing is told: what parts lack too, but that assets need no kind of house."""
    found = newest_refusal(lake, f"{home.where} AND fuel = 'elec'", _PARTS)
    if found and found[1]["code"] != "house_type_unknown":
        return found[1]
    if reach and not found:
        return refusal("not_issued", "The assets of this home have not been inferred yet.")
    known = found[1]["details"] if found else {}
    days = known.get("days_observed", 0)
    code = "too_little_history"
    if days >= _DAYS_NEEDED and known.get("days_of_weather", 0) < _TEMPERATURES_NEEDED * days:
        code = "no_weather"
    elif days >= _DAYS_NEEDED and known.get("is_flat"):
        code = "no_variation"
    return refusal(code, _LACKING[code], **{"days_needed": _DAYS_NEEDED, **known})
