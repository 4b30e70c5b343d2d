"""The head of a file that no format knows -> what it is nearly, and the cure."""

from bronze.formats.rows import cells_of, first_line, names_of
from bronze.forms import FORMS, kind_of

_TELLING = 2
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def near_miss(head: bytes) -> tuple[str, str] | None:
    """Return what a file is and what to do with it; None where nothing tells."""
    line = first_line(head).strip()
    if line.startswith("["):
        return "it is a JSON array", "send its objects one a line, without the brackets (NDJSON)"
    if line.startswith("{"):
        if '"location_id"' in line:
            return "it has registrations", "bring it with `lake register`"
        return None
    names = names_of(cells_of(line, ","))
    if kind := kind_of(names):
        return f"it has the columns of {kind}", f"bring it with --kind {kind}"
    of_readings = set(sum(FORMS["readings"], ()))
    for separator, named in _SEPARATORS.items():
        if len(of_readings.intersection(names_of(cells_of(line, separator)))) >= _TELLING:
            cure = (
                "send commas between columns and points in numbers, or describe it with --mapping"
            )
            return f"its columns are separated by {named}", cure
    return None
