"""One declaration a table, from which schema, DDL, checks, dictionary and test tables are made."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

# So long can a table be read as it stood: its files and its log are kept.
KEPT_DAYS = 30

Type = Literal["string", "double", "int", "bigint", "boolean", "timestamp", "date", "array<string>"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One field: its name, type, unit and meaning in a customer's words."""

    name: str
    type: Type
    meaning: str
    unit: str = ""
    nullable: bool = True
    personal: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    # Bookkeeping that may differ between two runs over the same input, so it never counts as a
    # change of the row.
    volatile: bool = False
    # Names the date column that this one is the month of, so that dates prune its partitions.
    month_of: str = ""

    def required(self) -> "Column":
        """Return the same field, never null."""
        return replace(self, nullable=False)

    def meaning_here(self, meaning: str) -> "Column":
        """Return the same field with the meaning that it has in one table."""
        return replace(self, meaning=meaning)


@dataclass(frozen=True)
class Append:
    """Rows are only ever added (bronze: immutable, replayable)."""


@dataclass(frozen=True)
class Upsert:
    """One current row a key: the newest version wins, whatever the order of arrival.

    ``newest_by`` orders the versions of a key, last wins; ``revisions`` names the table that keeps
    the superseded ones. A version that has no value in a ``filled`` column leaves that of the one
    before it.
    """

    newest_by: tuple[str, ...]
    revisions: str | None = None
    filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replace:
    """Slices that a change of the inputs touches are computed afresh; no slice: the whole table."""

    slices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Keep:
    """Like Replace, but a row that comes out otherwise is a version beside the one before it.

    The key holds when a row was known, so nothing that was known once is ever lost.
    """

    slices: tuple[str, ...]


@dataclass(frozen=True)
class Issue:
    """Rows issued at the run's clock; running the same clock again replaces them.

    ``date`` is the column with the day of the clock.
    """

    date: str


Update = Append | Upsert | Replace | Keep | Issue


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule on each row as a SQL condition that must not be false."""

    name: str
    condition: str
    severity: Literal["error", "warning"] = "error"


# Of what is registered or measured beside the readings, whose changes are not told by known_at.
AS_IT_IS = "SELECT * FROM {now}"


def said_by(instant: str) -> str:
    """Return the ``as_of`` of a table that keeps all it ever said, and when."""
    return f"SELECT * FROM {{now}} WHERE {instant} <= {{at}}"


@dataclass(frozen=True, kw_only=True)
class Table:
    """What one row is, its columns, its key, and how it is kept up to date."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    update: Update
    partitioned_by: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    folder: str = ""
    retention: str = "for ever"
    owner: str = "data platform"
    version: int = 1
    # SQL of what it knew at the instant {at}: {now} is the table as it is now, `<layer>_now` hold
    # the others. None: it has no history by known_at.
    as_of: str | None = None
    # Its untrue rows wait in the layer's quarantine until they are repaired; of the reasons these
    # may be overruled by a person: such a row is still one that the contract allows. None: it
    # holds nothing back.
    releasable: tuple[str, ...] | None = None
    # Times of a feature table's key that a question names beside its own instant: they may lie
    # ahead of it, as the hour whose weather is asked for.
    asked_by: tuple[str, ...] = ()
    # Written by another table's run (revisions, quarantine, rejected), so no function makes it.
    written_with: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        named = {
            "key": self.key, "partition": self.partitioned_by, "sort": self.sorted_by,
            "asked": self.asked_by,
        }  # fmt: skip
        if isinstance(self.update, Upsert):
            named |= {"newest_by": self.update.newest_by, "filled": self.update.filled}
        if isinstance(self.update, Replace | Keep):
            named["slice"] = self.update.slices
        if missing := {f"{role} {c}" for role, cs in named.items() for c in cs if c not in self}:
            raise TypeError(f"{self.name} declares no column for: {', '.join(sorted(missing))}")

    def __contains__(self, column: str) -> bool:
        return column in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def layer(self) -> str:
        """The schema, which is also the folder of the layer's code."""
        return self.name.split(".")[0]

    @property
    def noun(self) -> str:
        """The table's name within its layer."""
        return self.name.split(".")[1]

    @cached_property
    def path(self) -> str:
        """Where the table lives below the lake's root."""
        return self.folder or f"{self.layer}/{self.noun}"

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that make two rows of a key different."""
        ignored = {c.name for c in self.columns if c.volatile} | set(self.key)
        return tuple(name for name in self.names if name not in ignored)

    def column(self, name: str) -> Column:
        """Return one column; KeyError when the table has none of that name."""
        return next(c for c in self.columns if c.name == name)


def columns(*fields: Column | Iterable[Column]) -> tuple[Column, ...]:
    """Flatten shared groups of fields and single ones into one row of columns."""
    return tuple(c for f in fields for c in ([f] if isinstance(f, Column) else f))
