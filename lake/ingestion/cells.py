"""Lines of CSV -> a column for each cell that is asked for."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def with_cells(lines: DataFrame, names: Sequence[str], *, most: int) -> DataFrame:
    """Add ``_cells`` (array) and a text column for each name: the cell under it in the header.

    Null where the line is not CSV, the file has no such column or the cell is empty. A line with
    quotes is read by RFC 4180, with at most ``most`` cells; any other is simply split.
    """
    fields = [f"c{i}" for i in range(most)]
    is_quoted = F.col("line").contains('"')
    row = F.from_csv(F.col("line"), F.lit(", ".join(f"{f} STRING" for f in fields)), {})
    quoted = F.array(*(F.col(f"_row.{f}") for f in fields))
    found = {
        name: F.get("_cells", F.array_position("header", name).cast("int") - 1) for name in names
    }
    return (
        lines.withColumn("_row", F.when(F.col("header").isNotNull() & is_quoted, row))
        .withColumn(
            "_cells",
            F.when(F.col("_row").isNotNull(), quoted).when(
                F.col("header").isNotNull(), F.split("line", ",", -1)
            ),
        )
        .withColumns({n: F.nullif(F.trim(c), F.lit("")) for n, c in found.items()})
        .drop("_row")
    )
