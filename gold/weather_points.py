"""silver.location_weather, locations -> each home's weather point and clock, and the way back."""

from pyspark.sql import DataFrame

from silver.contracts import HOME

POINT = ["latitude", "longitude", "time_zone"]


def points(location_weather: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a home that has a weather point: HOME and POINT."""
    zones = locations.select(*HOME, "time_zone")
    return location_weather.join(zones, on=HOME, how="inner").select(*HOME, *POINT)


def homes_around(changes: DataFrame, homes: DataFrame) -> DataFrame:
    """Return those of the ``homes`` whose point a change of temperatures names."""
    changed = changes.select(*POINT).distinct()
    return homes.join(changed, on=POINT, how="left_semi").select(*HOME)
