"""A file as it was sent -> its form and its records; of a zip those of all its files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from bronze.formats import MAPPING, form, form_of
from bronze.formats.opened import contents
from bronze.formats.records import NOTHING_TOLD, Record, Refused, Told
from bronze.formats.stamps import NoZone
from lake.ingestion.files import BadArchive, UnreadableFile


def found(file: Path, told: Told = NOTHING_TOLD) -> str:
    """Return the form of a file by its content, of a zip that of its first file that has one.

    UnreadableFile where no form knows it.
    """
    if told.mapping:
        return MAPPING
    unknown: UnreadableFile | None = None
    for inner in contents(file):
        try:
            return form_of(inner)
        except UnreadableFile as error:
            unknown = unknown or error
    raise unknown or UnreadableFile("the archive is empty", where=str(file))


def named_for(name: str, told: Told) -> Told:
    """Name the meter of a file that names none for the file."""
    if told.meter_id:
        return told
    return replace(told, meter_id=PurePath(name).name.partition(".")[0], is_of_file=True)


def records_of(file: Path, name: str, told: Told) -> Iterator[Record]:
    """Yield what a file of a form says; UnreadableFile where it is none.

    Of a zip with several files each is named for itself, and one that is not of the form is refused
    alone.
    """
    reader = form(name)
    is_read, wrong = False, dict[str, UnreadableFile]()
    for inner in contents(file):
        own = named_for(inner.own_name or file.name, told)
        # Homes, or electricity and gas, in a zip are not all of the meter that is told.
        own = replace(own, is_of_file=own.is_of_file or bool(inner.own_name))
        try:
            for record in reader.records(inner.stream, own):
                is_read = True
                yield record
        except (BadArchive, NoZone):
            raise
        except UnreadableFile as error:
            if not inner.own_name:
                raise
            wrong[inner.name] = error
    if wrong and not is_read:
        raise next(iter(wrong.values()))
    for inner_name, why in wrong.items():
        yield Refused(f"{inner_name}: {why}")
