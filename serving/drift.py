"""silver.field_drift_daily -> which fields came otherwise than agreed: `lake drift` and the API."""

from datetime import date

from arro3.core import Table as Arrow

from lake.reading import Reader
from lake.sql_values import literal
from silver.contracts import FIELD_DRIFT_DAILY

# What came is personal at times: it is in the table alone.
SHOWN = (
    "received_date", "partner_id", "table_name", "source", "schema_version", "field_name", "drift",
    "is_breaking", "lines", "reason", "first_received_at", "last_received_at",
)  # fmt: skip


def drift(
    reader: Reader, *, partner: str = "", since: date | None = None, until: date | None = None,
    most: int | None = None,
) -> Arrow:  # fmt: skip
    """Return the drift of one partner, or of all, by day (UTC) of receipt, bounds included.

    The newest day comes first; on a day what breaks, and what has most lines.
    """
    conditions = ["TRUE"]
    if partner:
        conditions.append(f"partner_id = {literal(partner)}")
    if since:
        conditions.append(f"received_date >= {literal(since)}")
    if until:
        conditions.append(f"received_date <= {literal(until)}")
    limit = f" LIMIT {most}" if most else ""
    return reader.query(
        f"SELECT {', '.join(SHOWN)} FROM {FIELD_DRIFT_DAILY.name} "
        f"WHERE {' AND '.join(conditions)} "
        "ORDER BY received_date DESC, is_breaking DESC, lines DESC, partner_id, table_name, "
        f"source, schema_version, field_name, drift{limit}"
    )
