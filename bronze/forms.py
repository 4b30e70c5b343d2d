"""The form of a file by its first line: NDJSON, or CSV with the columns that its kind has."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bronze.sources import REGISTRATIONS, SOURCES
from lake.ingestion.files import HEAD, UnreadableFile, opened

# Columns that a CSV of a kind must have, and those that it may have; further ones are kept beside.
FORMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {s.name: s.columns for s in SOURCES}
KINDS = tuple(FORMS)
JSON_KINDS, CSV_KINDS = (
    tuple(s.name for s in SOURCES if form in s.forms) for form in ("ndjson", "csv")
)
# What one sender says of them holds for all: nothing in a line tells who said it (decision 0003).
OF_ALL_PARTNERS = tuple(s.name for s in SOURCES if "partner_id" not in s.names)
# `lake ingest` takes all but registrations, which have a command of their own.
INGESTED = tuple(kind for kind in KINDS if kind != REGISTRATIONS.name)
# A kind as a type, which a document of an API lists.
if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[KINDS]
_NAMED, _NAME = 10, 40


def form_of(file: Path, kind: str) -> str:
    """Return ``ndjson`` or ``csv``; UnreadableFile where the first line is neither."""
    try:
        with opened(file) as source:
            head = source.read(HEAD)
    except (OSError, EOFError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise UnreadableFile(f"cannot read the file: {said}", where=str(file)) from error
    if not head.strip():
        raise UnreadableFile("the file is empty", where=str(file), cure="send it again, whole")
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            raise UnreadableFile(
                "not UTF-8 text", where=str(file), cure="send UTF-8: NDJSON or CSV"
            ) from error
        text = head[: error.start].decode("utf-8-sig")
    if not text.strip():
        raise UnreadableFile("the file is empty", where=str(file), cure="send it again, whole")
    first = text.lstrip().splitlines()[0]
    if first.startswith("{"):
        if kind not in JSON_KINDS:
            raise UnreadableFile(f"{kind} come as CSV", where=str(file), cure=_columns(kind))
        if kind == REGISTRATIONS.name and _has_readings(first):
            raise UnreadableFile(
                "readings, no registrations", where=f"{file}, line 1",
                cure="bring them with `lake ingest`",
            )  # fmt: skip
        return "ndjson"
    if kind not in CSV_KINDS:
        raise UnreadableFile("not NDJSON", where=f"{file}, line 1", cure="send a document a line")
    _check_columns(first, kind, file)
    return "csv"


def kind_of(names: Collection[str]) -> str | None:
    """Return the kind of a CSV that has all the columns that it must have; None where none has."""
    return next((kind for kind in CSV_KINDS if set(FORMS[kind][0]) <= set(names)), None)


def _check_columns(first: str, kind: str, file: Path) -> None:
    """Raise UnreadableFile where the first line of a CSV lacks a column of its kind."""
    must, may = FORMS[kind]
    names = [n.strip().strip('"').lower() for n in first.split(",")]
    missing = [n for n in must if n not in names]
    if missing:
        if other := kind_of(names):
            raise UnreadableFile(
                f"the columns are those of {other}, not of {kind}", where=f"{file}, line 1",
                cure=f"bring them with --kind {other}",
            )  # fmt: skip
        # What is unknown may be what is missing, under another name.
        unknown = [n[:_NAME] for n in names if n not in must + may][:_NAMED]
        extra = f"; unknown column {', '.join(unknown)}" if unknown else ""
        raise UnreadableFile(
            f"no column {', '.join(missing)}{extra}", where=f"{file}, line 1", cure=_columns(kind)
        )


def _has_readings(line: str) -> bool:
    """Tell whether a line is of a meter alone: a registration names its location, mostly first."""
    return '"location_id"' not in line and '"meter_id"' in line and '"starts_at"' in line


def _columns(kind: str) -> str:
    must, may = FORMS[kind]
    return f"the columns are {','.join(must + may)}"
