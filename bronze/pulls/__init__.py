"""Weather, prices and carbon intensity, asked of their sources -> landing/, by `lake pull SOURCE`.

A source is one file here, named in SOURCES. Its ``parts`` say what to ask, its ``rows`` read the
answers and are pure. The answers are kept untouched under landing/files; the rows lie as canonical
CSV under the same name where bronze looks.
"""

from importlib import import_module
from typing import cast

from bronze.pulls.parts import Source
from lake.errors import LakeError

SOURCES = {
    "open-meteo": "open_meteo",
    "met-norway": "met_norway",
    "smhi": "smhi",
    "entsoe": "entsoe",
    "nordpool": "nordpool",
    "energyzero": "energyzero",
    "electricity-maps": "electricity_maps",
    "carbon-intensity": "carbon_intensity",
}


class UnknownSource(LakeError):
    """A name that is no source."""

    code = "unknown-source"


def source(name: str) -> Source:
    """Return a source by its name; UnknownSource names all where there is none of that name."""
    if name not in SOURCES:
        raise UnknownSource(f"there is no source {name}", cure=f"use {', '.join(SOURCES)}")
    return cast(Source, import_module(f"bronze.pulls.{SOURCES[name]}"))
