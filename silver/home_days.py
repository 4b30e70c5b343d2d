"""Changes -> the home-days that they touch: what the tables of days share."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from silver.contracts import HOME

HOME_DAY = ["partner_id", "location_id", "local_date"]


def days_around(days: DataFrame, *, before: int, after: int) -> DataFrame:
    """Return the home-days so many days before and after some, and themselves."""
    near = F.sequence(F.date_sub("local_date", before), F.date_add("local_date", after))
    return days.select(*HOME, F.explode(near).alias("local_date")).distinct()


def all_days(changes: DataFrame, days: DataFrame) -> DataFrame:
    """Return all days of the homes that changed."""
    homes = changes.select(*HOME).distinct()
    return days.select(*HOME_DAY).join(homes, on=HOME, how="left_semi")
