"""Lines that come late -> the lines that were said after them, and arrived before.

Of a line that only repeats what held no version is stored. With a line that was said in between it
says something again, so it is read once more.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from silver.typed import said_at

_LINE = ["source_file", "source_line"]


def said_after(lines: DataFrame, arrived: DataFrame, *entity: str) -> DataFrame:
    """Return ``source_file, source_line`` of what was said of the same meter or zone after lines.

    Nothing is known before it arrives: only what arrived since is looked at.
    """
    said = lines.select(*entity, *_LINE, said_at().alias("_said_at"))
    earliest = said.agg(F.min("_said_at").cast("string")).first()
    if earliest is None or earliest[0] is None:
        return said.select(*_LINE).limit(0)
    since = F.lit(earliest[0]).cast("timestamp")
    is_since = (F.col("received_date") >= F.to_date(since)) & (F.col("received_at") > since)
    first = said.groupBy(*entity).agg(F.min("_said_at").alias("_first"))
    return (
        arrived.where(is_since)
        .join(F.broadcast(first), on=list(entity), how="inner")
        .where(said_at() > F.col("_first"))
        .select(*_LINE)
        # No broadcast: as many may come as there are lines.
        .join(said.select(*_LINE), on=_LINE, how="left_anti")
    )
