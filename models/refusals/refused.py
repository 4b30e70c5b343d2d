"""Codes with their words -> rows of models.insight_refusals; what the files of refusals share."""

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.contracts import INSIGHT_REFUSALS
from models.inputs.forecastable import LONGEST_SILENCE, SERIES


def refused(rows: DataFrame, *, insight: str, clock: datetime) -> DataFrame:
    """Return the refusals of one insight, issued at the hour of ``clock``.

    ``rows`` has the series, ``code``, ``description`` and ``details`` (JSON).
    """
    issued_at = clock.replace(minute=0, second=0, microsecond=0)
    return rows.withColumns(
        {
            "insight": F.lit(insight),
            "issued_at": F.lit(issued_at),
            "issued_date": F.lit(issued_at.date()),
        }
    ).select(*INSIGHT_REFUSALS.names)


def in_words(messages: Mapping[str, str]) -> Column:
    """Return the message of a row's ``code``."""
    texts = F.create_map(*(F.lit(text) for pair in messages.items() for text in pair))
    return F.element_at(texts, F.col("code"))


def not_issued(
    energy_daily: DataFrame, issued: DataFrame, judged: DataFrame, *, clock: datetime
) -> DataFrame:
    """Return the series with energy known at ``clock`` of which nothing was issued that day.

    ``issued`` is a table of models by ``issued_date``. ``judged`` has the series that were looked
    at, with ``code``, null where nothing is missing: then there is no champion. Added are
    ``last_date`` and the columns of ``judged``.
    """
    is_old = F.col("_last_at") < F.lit(clock - LONGEST_SILENCE)
    unseen = F.when(is_old, "too_old").otherwise("too_little_history")
    told = F.when(F.col("_is_judged"), F.coalesce("code", F.lit("no_model"))).otherwise(unseen)
    return (
        energy_daily.where(F.greatest("known_at", "starts_at") <= F.lit(clock))
        .groupBy(*SERIES)
        .agg(F.max("local_date").alias("last_date"), F.max("ends_at").alias("_last_at"))
        .join(
            issued.where(F.col("issued_date") == F.lit(clock.date())),
            on=list(SERIES), how="left_anti",
        )
        .join(judged.withColumn("_is_judged", F.lit(True)), on=list(SERIES), how="left")
        .withColumn("code", told)
    )  # fmt: skip


def with_last_date(messages: Mapping[str, str]) -> Column:
    """Return the message of a row's ``code``, with ``{last_date}`` filled in."""
    day = F.date_format("last_date", "yyyy-MM-dd")
    return F.replace(in_words(messages), F.lit("{last_date}"), day)
