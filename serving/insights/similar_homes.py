"""models.similar_homes -> how a home compares with homes like it, a month at a time; or why not."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from typing_extensions import TypedDict

from gold.contracts import LARGEST_SHARE, SMALLEST_GROUP
from lake.reading import Reader
from lake.sql_values import Row, literal
from models.contracts import DECILES, decile_column
from serving.answers import Ask, Body
from serving.documented import answers
from serving.homes import REACH_TABLES, Home, Location, data_until
from serving.months import EndMonth, FirstMonth, months_between
from serving.parameters import Fuel
from serving.refusals import REFUSALS_TABLE, Refusal, newest_refusal, refusal

router = APIRouter(tags=["similar homes"])
_TABLE = "models.similar_homes"
_INSIGHT = "similar_homes"
_PLAIN = (
    "contributors", "mean_kwh", "efficient_kwh", "own_kwh", "own_decile", "completeness",
)  # fmt: skip
_COLUMNS = ("local_month", "filters", *_PLAIN, *(decile_column(d) for d in DECILES))


class Decile(TypedDict):
    """So many percent of the group use less than this."""

    percent: int
    energy_kwh: float


class Comparison(TypedDict):
    """One month, or the year that ends with it; null where there is no group that may be told.

    Of a small group only the median is told of the deciles, and no efficient neighbours.
    `own_kwh`, as that of the others, is scaled up to the whole period: the gaps of a month count as
    the mean of its rest, so what was metered in a month is `own_kwh` times `completeness`.
    `own_decile` is one more than the deciles of the group that the home uses more than, 1 to 10.
    """

    local_month: str
    filters: list[str]
    contributors: int | None
    mean_kwh: float | None
    efficient_kwh: float | None
    own_kwh: float | None
    own_decile: int | None
    completeness: float | None
    deciles: list[Decile]


SimilarHomes = TypedDict(
    "SimilarHomes",
    {
        "location_id": str,
        "fuel": str,
        "period": str,
        "unit": str,
        "time_zone": str,
        "smallest_group": int,
        "largest_share": float,
        "from": str,
        "to": str,
        "data_until": str | None,
        "elements": list[Comparison],
        "refusal": Refusal | None,
    },
)
EXAMPLE = {
    "location_id": "ideal-105",
    "fuel": "elec",
    "period": "P1M",
    "unit": "kWh",
    "time_zone": "Europe/London",
    "smallest_group": SMALLEST_GROUP,
    "largest_share": LARGEST_SHARE,
    "from": "2025-10",
    "to": "2025-11",
    "data_until": "2025-11-01T00:00:00+00:00",
    "elements": [
        {
            "local_month": "2025-10",
            "filters": ["country_code", "heating_type_primary", "house_type"],
            "contributors": 24,
            "mean_kwh": 241.6,
            "efficient_kwh": 121.3,
            "own_kwh": 198.2,
            "own_decile": 4,
            "completeness": 0.998,
            "deciles": [
                {"percent": d, "energy_kwh": 110.0 + 2.5 * d} for d in DECILES
            ],
        }
    ],
    "refusal": None,
}  # fmt: skip
Period = Annotated[
    Literal["P1M", "P1Y"],
    Query(description="A month, or the twelve months that end with it."),
]


@router.get(
    "/v1/locations/{location_id}/similar-homes",
    response_model=SimilarHomes,
    operation_id="similar_homes",
    summary="How a location's consumption compares with homes like it, or why it cannot",
    responses=answers(EXAMPLE, 304, 404, 422),
)
async def similar_homes(  # noqa: D103 - the summary says it
    ask: Ask, home: Home, start: FirstMonth, end: EndMonth,
    period: Period = "P1M", fuel: Fuel = "elec",
) -> Response:  # fmt: skip
    months = months_between(start, end)
    made = partial(_similar, ask.lake, home, months, end, period, fuel)
    return await ask.answer((_TABLE, REFUSALS_TABLE, *REACH_TABLES), made)


def _similar(
    lake: Reader, home: Location, months: list[str], end: str, period: str, fuel: str
) -> Body:
    series = f"{home.where} AND fuel = {literal(fuel)}"
    rows = lake.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM {_TABLE} WHERE {series} "
        f"AND period = {literal(period)} "
        f"AND local_month BETWEEN {literal(months[0])} AND {literal(months[-1])}"
    )
    by_month = {str(row["local_month"]): row for row in rows}
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "period": period,
        "unit": "kWh",
        "time_zone": home.time_zone,
        "smallest_group": SMALLEST_GROUP,
        "largest_share": LARGEST_SHARE,
        "from": months[0],
        "to": end,
        "data_until": data_until(lake, home, fuel=fuel, direction="consumption"),
        "elements": [_element(month, by_month.get(month)) for month in months],
        "refusal": None if rows else _refusal(lake, series, months),
    }


def _element(month: str, row: Row | None) -> dict[str, object]:
    if row is None:
        none = dict.fromkeys(_PLAIN, None)
        return {"local_month": month, "filters": [], **none, "deciles": []}
    deciles = [{"percent": d, "energy_kwh": row[decile_column(d)]} for d in DECILES]
    return {
        "local_month": month,
        "filters": str(row["filters"]).split(","),
        **{name: row[name] for name in _PLAIN},
        "deciles": [d for d in deciles if d["energy_kwh"] is not None],
    }


def _refusal(lake: Reader, series: str, months: list[str]) -> Refusal:
    """Return why the newest finished month was refused, where it is one of those asked for."""
    found = newest_refusal(lake, series, _INSIGHT)
    if found and found[1]["details"].get("local_month") in months:
        return found[1]
    return refusal(
        "not_issued",
        "There is no comparison of these months: each needs to be over, nine tenths metered, and "
        f"{SMALLEST_GROUP} other homes like this one.",
        contributors_needed=SMALLEST_GROUP,
    )
