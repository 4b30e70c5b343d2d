"""Lines that come late -> the lines that were said after them, and arrived before.

Of a line that only repeats what held no version is stored. With a line that was said in between it
says something again, so it is read once more.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from silver.typed import said_at

_LINE = ["source_file", "source_line"]


def said_after(lines: DataFrame, arrived: DataFrame, *entity: str) -> DataFrame | None:
    """Return ``source_file, source_line`` of what was said of the same meter or zone after lines.

    ``arrived`` are all lines there are. Nothing is known before it arrives: only what arrived since
    the first of ``lines`` was said is looked at. None where that is just the lines, as mostly.
    """
    said = lines.select(*entity, *_LINE, said_at().alias("_said_at"))
    told = said.agg(F.min("_said_at").cast("string"), F.count(F.lit(1))).first()
    if told is None or told[0] is None:
        return None
    since = F.lit(told[0]).cast("timestamp")
    is_since = (F.col("received_date") >= F.to_date(since)) & (F.col("received_at") >= since)
    arrived = arrived.where(is_since)
    if arrived.count() == told[1]:
        return None
    first = said.groupBy(*entity).agg(F.min("_said_at").alias("_first"))
    return (
        arrived.join(F.broadcast(first), on=list(entity), how="inner")
        .where(said_at() > F.col("_first"))
        .select(*_LINE)
        # No broadcast: as many may come as there are lines.
        .join(said.select(*_LINE), on=_LINE, how="left_anti")
    )
