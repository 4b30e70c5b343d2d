"""Features of a history that was loaded in one go -> as if it had been told from the start.

A partner that begins sends the past at once, and all of it is known since that day. What a model
would have been asked then cannot be answered by it, and no model could learn before the lake is a
year old. For training alone, a version of such a past counts as known as long after its event as it
was told after the first of its series: what came at the beginning at once, what was corrected a
month later a month after the event. What the clock of the training does not know stays unknown.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# Told later than this, nothing is of use to a forecast: it was not sent day by day.
AT_ONCE = timedelta(days=14)


def as_if_told_then(features: DataFrame, *, series: Sequence[str], clock: datetime) -> DataFrame:
    """Return the rows known at ``clock``; those of before their series began, as known then.

    ``features`` has ``series``, ``feature_at`` and ``known_at``, which is what changes.
    """
    known = features.where(F.col("known_at") <= F.lit(clock))
    began = known.groupBy(*series).agg(F.min("known_at").alias("_began"))
    is_past = F.col("feature_at") < F.col("_began") - F.lit(AT_ONCE)
    delay = F.col("known_at") - F.col("_began")
    told = F.when(is_past, F.col("feature_at") + delay).otherwise(F.col("known_at"))
    return (
        known.join(F.broadcast(began), on=list(series), how="inner")
        .withColumn("known_at", told)
        .select(*features.columns)
    )
