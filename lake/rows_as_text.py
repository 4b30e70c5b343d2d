"""Rows of an answer -> an aligned table, CSV or JSON."""

import csv
import io
import json
from datetime import date, datetime
from typing import Literal

from arro3.core import Table as Arrow

from lake.shown import printable
from lake.sql_values import records

Form = Literal["table", "csv", "json"]


def show(arrow: Arrow, form: Form = "table") -> str:
    """Return rows as an aligned table, CSV or a JSON list of objects.

    Instants are ISO 8601 in UTC, numbers have all their digits, nothing is cut. Null is empty in
    table and CSV; null, and what JSON cannot say (NaN, infinity), is null in JSON. What is not
    printable is written out in a table; CSV has it as it is, also what a spreadsheet would run.
    """
    rows = [[_said(value) for value in row.values()] for row in records(arrow)]
    if form == "json":
        objects = (json.dumps(dict(zip(arrow.column_names, r, strict=True))) for r in rows)
        return "[" + ",\n ".join(objects) + "]"
    if form == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([arrow.column_names, *rows])
        return out.getvalue().rstrip("\n")
    return _aligned(arrow.column_names, rows)


def _said(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, list):
        return [_said(one) for one in value]
    return value if isinstance(value, int | float | str | None) else str(value)


def _aligned(names: list[str], rows: list[list[object]]) -> str:
    names = [printable(name) for name in names]
    cells = [["" if v is None else printable(str(v)) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    is_number = [
        any(r[i] is not None for r in rows)
        and all(isinstance(r[i], int | float | None) for r in rows)
        for i in range(len(names))
    ]
    lines = [
        "  ".join(
            c.rjust(w) if right else c.ljust(w)
            for c, w, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in ([*names], ["-" * w for w in widths], *cells)
    ]
    return "\n".join([*lines, f"({len(rows)} row{'' if len(rows) == 1 else 's'})"])
