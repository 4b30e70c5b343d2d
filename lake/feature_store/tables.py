"""What a feature table is, declared by a layer or made by a notebook; nothing here starts Spark.

A declared table (``features.daily_load``) is made by the platform's own function. One that a user
made lives beside it in a schema of its own, ``features_user``, so that no name of one can ever
become a name of the other; its contract stands in its Delta properties, from which it is read.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from lake.contract import Column, Keep, Table, Type
from lake.errors import LakeError
from lake.settings import Settings

DECLARED, USER = "features", "features_user"
PROPERTY = "eliq.feature_table"
KNOWN, WRITTEN = "known_at", "written_at"
_STAMPS = (
    Column(name=KNOWN, type="timestamp", nullable=False,
           meaning="When this version of the row was known; a training set sees it from then on."),
    Column(name=WRITTEN, type="timestamp", nullable=False,
           meaning="When this version of the row was written into the table."),
)  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPES: Mapping[str, Type] = {
    "string": "string", "double": "double", "int": "int", "bigint": "bigint",
    "boolean": "boolean", "timestamp": "timestamp", "date": "date",
    "array<string>": "array<string>",
    # As deltalake names them, and what Spark widens without loss.
    "integer": "int", "long": "bigint", "float": "double", "short": "int", "smallint": "int",
    "byte": "int", "tinyint": "int",
}  # fmt: skip


class BadFeatureTable(LakeError):
    """A name, a key or a column that no feature table can have, or rows that are no frame."""

    code = "bad-feature-table"


class NoFeatureTable(LakeError):
    """A feature table that is not there."""

    code = "no-feature-table"


class FeatureTableDiffers(LakeError):
    """A feature table has not the columns, or is not of the version, that somebody needs."""

    code = "feature-table-differs"


@dataclass(frozen=True)
class FeatureTable:
    """A feature table: its contract, and which of its columns are what."""

    table: Table
    # By these it is looked up, in this order.
    primary_keys: tuple[str, ...]
    # The event time; "": what is looked up is the newest.
    timeseries_column: str
    # When a version was known, then what orders versions known at once; none: it has no versions.
    known: tuple[str, ...]
    # Features that came to a user's table later -> when.
    added: Mapping[str, datetime] = field(default_factory=dict)
    # Whatever its maker notes of it.
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Schema and noun."""
        return self.table.name

    @property
    def description(self) -> str:
        """What one row is."""
        return self.table.row

    @property
    def owner(self) -> str:
        """Whom to ask."""
        return self.table.owner

    @property
    def timeseries_columns(self) -> tuple[str, ...]:
        """The event time as a list, as Databricks' client has it."""
        return (self.timeseries_column,) if self.timeseries_column else ()

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that a lookup takes where it names none."""
        taken = {*self.table.key, *self.primary_keys, self.timeseries_column, *self.known}
        taken |= set(getattr(self.table.update, "slices", ()))
        return tuple(
            c.name for c in self.table.columns if c.name not in taken and not c.month_of
            and c.name not in self.table.partitioned_by
        )  # fmt: skip


def feature_table(table: Table) -> FeatureTable:
    """Return a contract as a feature table: times of its key say when, the rest whose.

    Times are instants, days and months, but those of ``asked_by``. The event is ``feature_at``,
    else the first other instant of the key; ``known_at`` or ``issued_at`` says since when it was
    known.
    """
    known = next((n for n in (KNOWN, "issued_at") if n in table), "")
    instants = [n for n in table.key if table.column(n).type == "timestamp" and n != known]
    event = (
        "feature_at" if "feature_at" in table else next((n for n in instants if n != WRITTEN), "")
    )
    keys = tuple(
        c.name
        for c in map(table.column, table.key)
        if (c.type not in ("timestamp", "date") and not c.month_of) or c.name in table.asked_by
    )
    later = (WRITTEN,) if WRITTEN in table else ()
    return FeatureTable(table, keys, event, (known, *later) if known else ())


def user_table(
    name: str,
    columns: Sequence[Column],
    *,
    primary_keys: Sequence[str],
    timeseries_column: str = "",
    description: str = "",
    owner: str = "",
    added: Mapping[str, datetime] | None = None,
    tags: Mapping[str, str] | None = None,
) -> FeatureTable:
    """Return the contract of a table that a user makes; BadFeatureTable says all that is wrong."""
    has = {c.name for c in columns}
    wrong = [
        *(f"no column {n} for the key" for n in (*primary_keys, timeseries_column)
          if n and n not in has),
        *(f"the column {n} is the store's own" for n in (WRITTEN,) if n in has),
        *([f"{KNOWN} says since when a row counts, and is no key and no event time"]
          if KNOWN in (*primary_keys, timeseries_column) else []),
        *(f"{c.name} is {c.type}, no type of a feature" for c in columns
          if c.type not in _TYPES.values()),
        *(f"{c.name} is no name of a column" for c in columns if not _NAME.fullmatch(c.name)),
        *(f"the event time {c.name} is a {c.type}: say the instant at which it is over"
          for c in columns if c.name == timeseries_column and c.type != "timestamp"),
        *([] if primary_keys else ["no primary key"]),
    ]  # fmt: skip
    if "location_id" in has and "partner_id" not in primary_keys:
        wrong.append("rows are about homes, so partner_id has to be one of the primary keys")
    if wrong:
        raise BadFeatureTable(
            f"{name} cannot be made: {'; '.join(wrong)}",
            cure="types are string, double, int, bigint, boolean, timestamp, date, array<string>; "
            "names are lower case with _",
        )
    keys = tuple(k for k in primary_keys if k != timeseries_column)
    key = (*keys, *([timeseries_column] if timeseries_column else []))
    typed = [replace(c, nullable=c.name not in key) for c in columns if c.name != KNOWN]
    table = Table(
        name=name,
        row=description or f"the features of one {', '.join(keys)}",
        columns=(*typed, *_STAMPS),
        key=(*key, KNOWN, WRITTEN),
        update=Keep(slices=()),
        sorted_by=key,
        owner=owner or "its maker",
        as_of=f"SELECT * FROM {{now}} WHERE {KNOWN} <= {{at}} AND {WRITTEN} <= {{at}}",
    )
    known = (KNOWN, WRITTEN)
    return FeatureTable(table, keys, timeseries_column, known, dict(added or {}), dict(tags or {}))


def _kind(of_delta: Any) -> str:
    """Return the name of deltalake's type, of a list with what is in it."""
    inner = getattr(of_delta, "element_type", None)
    return str(of_delta.type) if inner is None else f"{of_delta.type}<{_kind(inner)}>"


def field_of(name: str, kind: str, meaning: str) -> Column:
    """Return a column of a frame as a contract has it; of a type that none has, as it is."""
    return Column(name=name, type=cast("Type", _TYPES.get(kind, kind)), meaning=meaning)


def said_in_properties(made: FeatureTable) -> dict[str, str]:
    """Return what of a contract the table's schema does not say."""
    said = {
        "primary_keys": made.primary_keys, "timeseries_column": made.timeseries_column,
        "description": made.description, "owner": made.owner,
        "added": {name: at.isoformat() for name, at in made.added.items()},
        "tags": dict(made.tags),
    }  # fmt: skip
    return {PROPERTY: json.dumps(said)}


def from_properties(
    name: str, columns: Sequence[Column], properties: Mapping[str, str]
) -> FeatureTable:
    """Return the contract of a stored user's table; NoFeatureTable where it is none."""
    if PROPERTY not in properties:
        raise NoFeatureTable(
            f"{name} is a table, but no feature table", cure="create_table makes one"
        )
    said = json.loads(properties[PROPERTY])
    own = [c for c in columns if c.name not in (KNOWN, WRITTEN)]
    # Tables that were made earlier do not say it.
    added = {n: datetime.fromisoformat(at) for n, at in said.pop("added", {}).items()}
    return user_table(name, own, **said, added=added)


def full_name(name: str, *, catalog: str = "") -> str:
    """Return schema and noun of what a user calls a table; a bare noun is a user's table.

    BadFeatureTable for anything that is no plain name: it becomes part of a path.
    """
    parts = name.split(".")
    if len(parts) == 3 and catalog and parts[0] == catalog:
        parts = parts[1:]
    schema, noun = parts if len(parts) == 2 else (USER, parts[0])
    if len(parts) > 2 or schema not in (DECLARED, USER) or not _NAME.fullmatch(noun):
        raise BadFeatureTable(
            f"{name[:80]!r} names no feature table",
            cure=f"write {USER}.<noun> or {DECLARED}.<noun>, the noun in lower case with _",
        )
    return f"{schema}.{noun}"


def user_tables(settings: Settings) -> dict[str, Table]:
    """Return the contracts of the tables that users made in a lake that is a folder, by name."""
    if "://" in settings.root:
        return {}
    logs = sorted(Path(settings.root, USER).glob("*/_delta_log"))
    names = [log.parent.name for log in logs if _NAME.fullmatch(log.parent.name)]
    found = (_readable(settings, f"{USER}.{noun}") for noun in names)
    return {one.name: one.table for one in found if one}


def _readable(settings: Settings, name: str) -> FeatureTable | None:
    """Return a table; None for one that somebody put there by other means."""
    try:
        return stored(settings, name)
    except (NoFeatureTable, BadFeatureTable):
        return None


def stored(settings: Settings, name: str) -> FeatureTable | None:
    """Return a user's table of a lake that has no catalogue; None where it is not there."""
    try:
        delta = DeltaTable(
            f"{settings.root}/{name.replace('.', '/')}", storage_options=settings.storage_options
        )
    except TableNotFoundError:
        return None
    columns = [
        field_of(f.name, _kind(f.type), str(f.metadata.get("comment", "")))
        for f in delta.schema().fields
    ]
    return from_properties(name, columns, delta.metadata().configuration)
