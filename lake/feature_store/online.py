"""The newest features of one home, in milliseconds and without Spark: for an answer, not a batch.

The same rule as the point-in-time join of training: of what was known by then the latest event,
and of its versions the one known last.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from lake.feature_store.tables import FeatureTable, FeatureTableDiffers
from lake.reading import Reader
from lake.sql_values import Row, Value, literal


def newest_features(
    reader: Reader,
    table: FeatureTable,
    keys: Mapping[str, Value],
    *,
    at: datetime,
    lookback: timedelta,
    names: Sequence[str] = (),
) -> list[Row]:
    """Return a row for each primary key that ``keys`` leaves open, with its newest features.

    ``keys`` gives the first of the primary keys, partner and home; ``names``: all features. Files
    and row groups of other homes and months are not read. FeatureTableDiffers for other keys.
    """
    given = table.primary_keys[: len(keys)]
    if set(given) != set(keys) or not table.timeseries_column:
        raise FeatureTableDiffers(
            f"{table.name} is looked up by {', '.join(table.primary_keys)} at a time",
            cure="give the first of these keys, of a table with an event time",
        )
    event, since = table.timeseries_column, at - lookback
    where = [f"{name} = {literal(value)}" for name, value in keys.items()]
    where += [f"{event} BETWEEN {literal(since)} AND {literal(at)}"]
    where += [f"{name} <= {literal(at)}" for name in table.known]
    for column in table.table.columns:
        # What is asked for by a time of its own may be of any month.
        if column.month_of and not table.table.asked_by:
            # A local day may be of the month before or after; a day is more than any zone.
            first, last = (t.strftime("%Y-%m") for t in (since - _DAY, at + _DAY))
            where.append(f"{column.name} BETWEEN {literal(first)} AND {literal(last)}")
    wanted = (*table.primary_keys, *table.timeseries_columns, *(names or table.features))
    order = ", ".join(f"{name} DESC" for name in (event, *table.known))
    return reader.rows(
        f"SELECT {', '.join(wanted)} FROM (SELECT *, row_number() OVER (PARTITION BY "
        f"{', '.join(table.primary_keys)} ORDER BY {order}) AS age FROM {table.name} "
        f"WHERE {' AND '.join(where)}) WHERE age = 1 ORDER BY {', '.join(table.primary_keys)}"
    )


_DAY = timedelta(days=1)
