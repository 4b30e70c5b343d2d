"""Values and rows between Python and SQL: a literal, an instant, a row as a dictionary."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from arro3.core import Table as Arrow

from lake.errors import LakeError

Value = str | int | float | bool | date | datetime | None
Row = dict[str, object]

# What DataFusion calls the types of a contract.
ARROW_TYPES = {
    "string": "Utf8View",
    "double": "Float64",
    "int": "Int32",
    "bigint": "Int64",
    "boolean": "Boolean",
    "timestamp": 'Timestamp(Microsecond, Some("UTC"))',
    "date": "Date32",
    "array<string>": "List(Utf8View)",
}


class BadQuery(LakeError):
    """SQL that cannot be planned or run, or that is no question."""

    code = "bad-query"


class BadInstant(LakeError):
    """An instant that cannot be read, has no offset or is yet to come."""

    code = "bad-instant"


def instant_of(said: str | datetime) -> datetime:
    """Return the instant that is meant: ISO 8601 with an offset, or a date for its end in UTC.

    BadInstant for what cannot be read, has no offset, or is yet to come; today ends now.
    """
    now = datetime.now(UTC)
    cure = "write 2025-05-03T00:00:00Z, or 2025-05-03 for the end of that day in UTC"
    try:
        # A plus sign in an address that was not escaped arrives as a space.
        at = datetime.fromisoformat(said.replace(" ", "+")) if isinstance(said, str) else said
        if isinstance(said, str) and len(said) == len("2025-05-03"):
            if at.date() > now.date():
                raise BadInstant(f"as of {said} is yet to come", cure=cure)
            return min(at.replace(tzinfo=UTC) + timedelta(days=1), now)
        if at.tzinfo is None:
            raise BadInstant(f"as of {said} has no offset from UTC", cure=cure)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadInstant(f"as of is no instant: {str(said)[:40]}", cure=cure) from error
    if at > now:
        raise BadInstant(f"as of {said} is yet to come", cure=cure)
    return at


def literal(value: Value) -> str:
    """Return a value as a SQL literal: the only way of a value from outside into SQL.

    delta-rs takes no bound parameters. DataFusion's literals know no escape but the doubled quote.
    Instants need a zone. BadQuery for what no literal can say.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    if isinstance(value, float) and value - value == 0:
        return f"CAST({value!r} AS DOUBLE)"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"arrow_cast('{value.isoformat()}', '{ARROW_TYPES['timestamp']}')"
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str) and "\0" not in value:
        return "'" + value.replace("'", "''") + "'"
    raise BadQuery(f"{value!r} cannot be a value in SQL")


def records(arrow: Arrow) -> Iterator[Row]:
    """Yield the rows as dictionaries of plain Python values; instants are in UTC."""
    columns = [arrow[name].to_pylist() for name in arrow.column_names]
    for values in zip(*columns, strict=True):
        yield dict(zip(arrow.column_names, values, strict=True))
