"""A row with more cells than its header has columns: a comma in a number has moved its values."""

from collections.abc import Sequence

from bronze.formats.rows import Row


def beyond(row: Row, names: Sequence[str]) -> str:
    """Return why a row cannot be read by its columns; empty where it can."""
    if any(row.cells[len(names) :]):
        return f"{len(row.cells)} cells below {len(names)} columns"
    return ""
