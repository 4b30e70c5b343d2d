"""What commands share: a line said as it is, and the forms in which rows are shown."""

from typing import Annotated, Literal

import typer
from rich.console import Console

from lake.shown import printable

Form = Annotated[
    Literal["table", "csv", "json"],
    typer.Option(
        "--format",
        help="csv has cells as they were sent: a spreadsheet runs one that begins with =, +, - or "
        "@.",
    ),
]


def say(line: str) -> None:
    """Print one line, however long, and none of it as markup."""
    Console(soft_wrap=True, markup=False, emoji=False, highlight=False).print(printable(line))
