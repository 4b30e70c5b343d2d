"""Meter files as they really come -> canonical records; a form is one file here, named in FORMS.

A form's module has ``is_its(name, head)``, which tells its files by their first bytes, and
``records(stream, told)``, which yields what a file says. One value or line that cannot be read is a
``Refused`` among the others; a file that is not of the form at all raises UnreadableFile.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import IO, Protocol, cast

from bronze.formats.near_misses import near_miss
from bronze.formats.opened import UTF_16, Contents
from bronze.formats.records import Record, Told
from lake.ingestion.files import UnreadableFile

# In the order in which they are tried; the first that knows a file has it.
FORMS = {
    "event-hubs-capture": "event_hubs_capture",
    "canonical": "canonical",
    "nem12": "nem12",
    "mscons": "mscons",
    "green-button": "green_button",
    "eloverblik": "eloverblik",
    "solaredge": "solaredge",
    "fluvius": "fluvius",
    "enel": "enel",
    "dsmr-reader": "dsmr_reader",
    "homewizard": "homewizard",
    "enphase": "enphase",
    "mapping": "mapping",
}
CANONICAL, CAPTURE, MAPPING = "canonical", "event-hubs-capture", "mapping"


class Form(Protocol):
    """What each module of this folder is."""

    # Raised when a file is read otherwise: a kept one is then read anew when it is ingested again.
    VERSION: int

    def is_its(self, name: str, head: bytes) -> bool:
        """Tell whether a file is of this form, by its name and its first bytes."""
        ...

    def records(self, stream: IO[bytes], told: Told) -> Iterator[Record]:
        """Yield what a file says, in its order."""
        ...


def form(name: str) -> Form:
    """Return a form by its name; UnreadableFile names all where there is none of that name."""
    if name not in FORMS:
        raise UnreadableFile(f"there is no format {name}", cure=f"use {', '.join(FORMS)}")
    return cast(Form, import_module(f"bronze.formats.{FORMS[name]}"))


def form_of(file: Contents) -> str:
    """Return the name of the form of a file; UnreadableFile where none knows it."""
    if not file.head.strip():
        raise UnreadableFile("the file is empty", where=file.name, cure="send it again, whole")
    for name in FORMS:
        if form(name).is_its(file.name, file.head):
            return name
    if file.head.startswith(UTF_16):
        raise UnreadableFile(
            "no format knows this file: it is UTF-16 text", where=file.name,
            cure="save it as UTF-8, or describe it with --mapping",
        )  # fmt: skip
    if miss := near_miss(file.head):
        it_is, cure = miss
        raise UnreadableFile(f"no format knows this file: {it_is}", where=file.name, cure=cure)
    raise UnreadableFile(
        "no format knows this file", where=file.name,
        cure=f"name it with --format ({', '.join(FORMS)}), or describe it with --mapping",
    )  # fmt: skip
