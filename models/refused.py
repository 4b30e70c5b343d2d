"""Codes with their words -> rows of models.insight_refusals; what the files of refusals share."""

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.contracts import INSIGHT_REFUSALS


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
