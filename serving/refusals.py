"""An insight that cannot be had, as data: a stable code, plain words, what is there and needed."""

import json
from datetime import UTC, datetime
from typing import Any

from typing_extensions import TypedDict

from lake.reading import Reader
from lake.sql_values import literal

REFUSALS_TABLE = "models.insight_refusals"


class Refusal(TypedDict):
    """Why there is no answer, what is there and what is needed: data, not an error."""

    code: str
    description: str
    details: dict[str, Any]


def refusal(code: str, description: str, **details: object) -> Refusal:
    """Return a refusal with its details."""
    return {"code": code, "description": description, "details": details}


def newest_refusal(lake: Reader, series: str, insight: str) -> tuple[datetime, Refusal] | None:
    """Return when an insight was refused last, and why; ``series`` is a SQL condition.

    Of several directions that were refused at once, the first by name is told.
    """
    wanted = f"{series} AND insight = {literal(insight)}"
    at = lake.rows(f"SELECT max(issued_at) AS at FROM {REFUSALS_TABLE} WHERE {wanted}")[0]["at"]
    if not isinstance(at, datetime):
        return None
    row = lake.rows(
        f"SELECT code, description, details FROM {REFUSALS_TABLE} WHERE {wanted} "
        f"AND issued_at = {literal(at)} AND issued_date = {literal(at.astimezone(UTC).date())} "
        "ORDER BY direction LIMIT 1"
    )[0]
    details = json.loads(str(row["details"])) if row["details"] else {}
    return at, refusal(str(row["code"]), str(row["description"]), **details)
