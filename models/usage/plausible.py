"""Profiles as said -> without what cannot be true of a home: it would spoil what others are told.

The bounds are those of models.parts: silver takes wider ones, as a school is a location too.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.parts.home import BOUNDS


def plausible(profiles: DataFrame) -> DataFrame:
    """Return the rows; what lies outside the bounds of its column is null, as if not said."""
    return profiles.withColumns(
        {name: F.when(F.col(name).between(*ends), F.col(name)) for name, ends in BOUNDS.items()}
    )
