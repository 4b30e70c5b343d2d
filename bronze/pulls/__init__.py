"""Weather, prices and carbon intensity, asked of their sources -> landing/, by `lake pull SOURCE`.

A source is one file here, named in SOURCES. Its ``parts`` say what to ask, its ``rows`` read the
answers and are pure. The answers are kept untouched under landing/files; the rows lie as canonical
CSV under the same name where bronze looks.
"""

from importlib import import_module
from typing import NamedTuple, cast

from bronze.pulls.parts import Source
from lake.errors import LakeError


class Listed(NamedTuple):
    """A source in the list: its module here, what it brings, and how it is asked."""

    module: str
    brings: str
    example: str


SOURCES = {
    "open-meteo": Listed(
        "open_meteo", "Hourly weather of any point, what was and what will be",
        '--points "59.33,18.07;55.68,12.57" --from 2025-10-01 --to 2025-10-07',
    ),
    "met-norway": Listed(
        "met_norway", "Weather forecasts of MET Norway", "--points points.csv"
    ),
    "smhi": Listed(
        "smhi", "Weather in Sweden, what was and what will be", '--points "59.33,18.07" --back 2'
    ),
    "entsoe": Listed(
        "entsoe", "Day-ahead prices of Europe's zones", "--zones SE3,DK1 --day 2025-10-26"
    ),
    "nordpool": Listed("nordpool", "Day-ahead prices of Nord Pool's areas", "--until 15:00"),
    "energyzero": Listed(
        "energyzero", "Day-ahead prices of the Netherlands", "--file saved.json"
    ),
    "electricity-maps": Listed(
        "electricity_maps", "Carbon intensity of a zone", "--zones DK1 --back 2"
    ),
    "carbon-intensity": Listed(
        "carbon_intensity", "Carbon intensity of Great Britain", "--from 2025-10-01 --to 2025-10-07"
    ),
}  # fmt: skip


class UnknownSource(LakeError):
    """A name that is no source."""

    code = "unknown-source"


def source(name: str) -> Source:
    """Return a source by its name; UnknownSource names all where there is none of that name."""
    if name not in SOURCES:
        raise UnknownSource(f"there is no source {name}", cure=f"use {', '.join(SOURCES)}")
    return cast(Source, import_module(f"bronze.pulls.{SOURCES[name].module}"))
