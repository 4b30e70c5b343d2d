"""A span of one series of a home -> what each answer about it says of itself."""

from typing_extensions import TypedDict

from lake.reading import Reader
from serving.answers import Body
from serving.homes import Location, data_until
from serving.periods import Periods

# `from` is a word of the language: no class can have it as a field.
OfSeries = TypedDict(
    "OfSeries",
    {
        "location_id": str,
        "fuel": str,
        "direction": str,
        "resolution": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "data_until": str | None,
    },
)


def of_series(lake: Reader, home: Location, span: Periods, *, fuel: str, direction: str) -> Body:
    """Return the fields of OfSeries; instants are ISO 8601 with the location's offset."""
    return {
        "location_id": home.location_id,
        "fuel": fuel,
        "direction": direction,
        "resolution": span.resolution,
        "time_zone": home.time_zone,
        "from": span.local(0),
        "to": span.local(len(span)),
        "data_until": data_until(lake, home, fuel=fuel, direction=direction),
    }
