"""Feature tables + times that ask -> what was known then: no training set sees the future."""

from collections.abc import Sequence
from datetime import timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def point_in_time(
    spine: DataFrame,
    features: DataFrame,
    *,
    keys: Sequence[str],
    at: str,
    names: Sequence[str],
    lookback: timedelta | None = None,
    event: str = "feature_at",
    known: Sequence[str] = ("known_at",),
    stamped: bool = True,
) -> DataFrame:
    """Return each row of ``spine`` with the newest features known at its instant ``at``.

    A row of ``features`` (``keys``, ``event``, ``known``, ``names``) can be seen from the later of
    ``event`` and the first of ``known`` on. Of those seen the latest event counts, and of its
    versions the one known last (``known`` orders them). Added are ``event``, where ``stamped``, and
    ``names``; all null where nothing was known, or only what is more than ``lookback`` before
    ``at``.

    One sort over both frames, so rows never multiply: the as-of join by union of Tempo
    (databrickslabs/tempo), with the two times of Snodgrass, "Developing Time-Oriented Database
    Applications in SQL" (1999), chapter 10.
    """
    told = features.select(
        *keys,
        (F.greatest(event, known[0]) if known else F.col(event)).alias("_at"),
        F.lit(0).alias("_asks"),
        # Ordered field by field: the event first, then when it was known.
        F.struct(F.col(event).alias("_event"), *(F.col(k).alias(f"_{k}") for k in known),
                 F.struct(*([event] if stamped else []), *names).alias("_values")).alias("_told"),
    )  # fmt: skip
    asked = spine.select(
        *keys, F.col(at).alias("_at"), F.lit(1).alias("_asks"), F.struct("*").alias("_row")
    )
    until_then = (
        Window.partitionBy(*keys)
        .orderBy("_at", "_asks")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    values = F.col("_newest._values")
    if lookback is not None:
        values = F.when(F.col("_newest._event") >= F.col("_at") - F.lit(lookback), values)
    return (
        told.unionByName(asked, allowMissingColumns=True)
        .withColumn("_newest", F.max("_told").over(until_then))
        .where("_asks = 1")
        .withColumn("_values", values)
        .select("_row.*", "_values.*")
    )
