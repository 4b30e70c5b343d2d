"""gold.solar_daily -> what a home does with what its roof makes, one element a period."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.parameters import From, To
from serving.periods import Periods, periods

router = APIRouter(tags=["energy"])
_TABLE = "gold.solar_daily"
_SUMS = ("production_kwh", "export_kwh", "import_kwh", "consumption_kwh", "self_consumed_kwh")
ByDay = Annotated[Literal["P1D", "P1W", "P1M", "P1Y"], Query(description="Length of a period.")]


class Sun(TypedDict):
    """One period, half-open; null where production, import or export is not known.

    Energy and shares are those of the observed hours: the ones in which all meters are known.
    `savings` is the self-consumed energy at spot price, null where a price is missing.
    """

    starts_at: str
    ends_at: str
    production_kwh: float | None
    export_kwh: float | None
    import_kwh: float | None
    consumption_kwh: float | None
    self_consumed_kwh: float | None
    self_consumption_share: float | None
    self_sufficiency_share: float | None
    savings: float | None
    currency: str | None
    observed_hours: int
    expected_hours: int
    completeness: float


Solar = TypedDict(
    "Solar",
    {
        "location_id": str,
        "resolution": str,
        "unit": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
        "elements": list[Sun],
    },
)
EXAMPLE = {
    "location_id": "castle",
    "resolution": "P1D",
    "unit": "kWh",
    "time_zone": "Europe/Copenhagen",
    "from": "2025-10-26T00:00:00+02:00",
    "to": "2025-10-27T00:00:00+01:00",
    "data_until": "2025-10-27T00:00:00+01:00",
    "elements": [
        {
            "starts_at": "2025-10-26T00:00:00+02:00",
            "ends_at": "2025-10-27T00:00:00+01:00",
            "production_kwh": 8.0,
            "export_kwh": 5.0,
            "import_kwh": 9.0,
            "consumption_kwh": 12.0,
            "self_consumed_kwh": 3.0,
            "self_consumption_share": 0.375,
            "self_sufficiency_share": 0.25,
            "savings": 2.4,
            "currency": "DKK",
            "observed_hours": 25,
            "expected_hours": 25,
            "completeness": 1.0,
        }
    ],
}


@router.get(
    "/v1/locations/{location_id}/solar",
    response_model=Solar,
    operation_id="solar",
    summary="Self-consumption and self-sufficiency of a location that makes electricity",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def solar(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: From, end: To, resolution: ByDay = "P1D"
) -> Response:
    span = periods(start, end, resolution=resolution, zone=home.zone)
    return await ask.answer((*REACH_TABLES, _TABLE), partial(_solar, ask.lake, home, span))


def _solar(lake: Reader, home: Location, span: Periods) -> Body:
    first, last = span.days
    rows = lake.rows(
        f"SELECT local_date, {', '.join(_SUMS)}, savings, currency, observed_hours "
        f"FROM {_TABLE} WHERE {home.where} "
        f"AND local_date BETWEEN {literal(first)} AND {literal(last)} ORDER BY local_date"
    )
    by_period: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_period[span.of_day(row["local_date"])].append(row)
    return {
        "location_id": home.location_id,
        "resolution": span.resolution,
        "unit": "kWh",
        "time_zone": home.time_zone,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": data_until(lake, home, fuel="elec", direction="production"),
        "elements": [_sun(by_period[n], span, n) for n in range(len(span))],
    }


def _sun(days: Sequence[Row], span: Periods, number: int) -> Row:
    # Days without an hour in which all is known say nothing, so they take no price either.
    known = [day for day in days if day["observed_hours"]]
    sums = {name: _sum(known, name) for name in _SUMS}
    used = sums["self_consumed_kwh"]
    currencies = {day["currency"] for day in known}
    is_priced = len(currencies) == 1 and None not in currencies
    observed = sum(hours for day in days if isinstance(hours := day["observed_hours"], int))
    expected = round((span.edges[number + 1] - span.edges[number]) / 3600)
    return {
        "starts_at": span.local(number),
        "ends_at": span.local(number + 1),
        **sums,
        "self_consumption_share": _share(used, sums["production_kwh"]),
        "self_sufficiency_share": _share(used, sums["consumption_kwh"]),
        "savings": _sum(known, "savings") if is_priced else None,
        "currency": currencies.pop() if is_priced else None,
        "observed_hours": observed,
        "expected_hours": expected,
        "completeness": observed / expected,
    }


def _sum(days: Sequence[Row], name: str) -> float | None:
    """Add up; null where a day's is, or where there is no day."""
    amounts = [amount for day in days if isinstance(amount := day[name], float)]
    return sum(amounts) if days and len(amounts) == len(days) else None


def _share(used: float | None, whole: float | None) -> float | None:
    return min(used / whole, 1.0) if used is not None and whole else None
