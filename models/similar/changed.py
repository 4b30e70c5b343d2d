"""Changes of a table -> those that say something new: what is only said again touches nothing."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def said_anew(changes: DataFrame, *, key: Sequence[str], columns: Sequence[str]) -> DataFrame:
    """Return the keys of rows that came, went, or have another value in one of the columns.

    ``changes`` has rows as they were before and after (``_change_type``). A partner that registers
    its homes every night again changes no more than when it was said.
    """
    return (
        changes.groupBy(*key)
        .agg(
            F.count_if(~F.startswith("_change_type", F.lit("update"))).alias("_came_or_went"),
            F.count_distinct(F.struct(*columns)).alias("_values"),
        )
        .where("_came_or_went > 0 OR _values > 1")
        .select(*key)
    )
