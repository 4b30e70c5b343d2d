"""Which features go into a training set, and the note of it that travels with the model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from lake.feature_store.tables import FeatureTable, FeatureTableDiffers

Default = str | int | float | bool


class BadLookup(FeatureTableDiffers):
    """A lookup that does not fit its table or the rows that ask."""

    code = "bad-lookup"


@dataclass(frozen=True, init=False)
class FeatureLookup:
    """Features of one table for the rows that ask, as Databricks' client has it.

    ``lookup_key`` names the asking rows' columns in the order of the table's primary keys;
    ``timestamp_lookup_key`` their instant, for a table with an event time; ``feature_names`` None:
    all features. ``rename_outputs`` maps a feature to another name; ``default_values`` (by the name
    that goes out) stands where nothing was known. BadLookup.
    """

    table_name: str
    lookup_key: tuple[str, ...]
    timestamp_lookup_key: str | None
    lookback_window: timedelta | None
    feature_names: tuple[str, ...]
    rename_outputs: Mapping[str, str]
    default_values: Mapping[str, Default]

    def __init__(
        self,
        table_name: str,
        lookup_key: str | Sequence[str],
        *,
        timestamp_lookup_key: str | Sequence[str] | None = None,
        lookback_window: timedelta | None = None,
        feature_names: str | Sequence[str] | None = None,
        rename_outputs: Mapping[str, str] | None = None,
        default_values: Mapping[str, Default] | None = None,
    ) -> None:
        at = names_of(timestamp_lookup_key)
        wrong = "several timestamp_lookup_keys" if len(at) > 1 else ""
        if lookback_window is not None and not isinstance(lookback_window, timedelta):
            wrong = "a lookback_window is a timedelta"
        elif lookback_window is not None and (not at or lookback_window < timedelta(0)):
            wrong = "a lookback_window needs a timestamp_lookup_key, and is not negative"
        if wrong:
            raise BadLookup(f"{table_name}: {wrong}", cure="see FeatureLookup")
        put = object.__setattr__
        put(self, "table_name", table_name)
        put(self, "lookup_key", names_of(lookup_key))
        put(self, "timestamp_lookup_key", at[0] if at else None)
        put(self, "lookback_window", lookback_window)
        put(self, "feature_names", names_of(feature_names))
        put(self, "rename_outputs", dict(rename_outputs or {}))
        put(self, "default_values", {n: _plain(v) for n, v in (default_values or {}).items()})


@dataclass(frozen=True)
class Pinned:
    """A lookup as it was carried out: each feature with its type, the table at its version."""

    table_name: str
    table_version: int
    # The version of the table's contract: what its columns mean.
    contract_version: int
    lookup_key: tuple[str, ...]
    timestamp_lookup_key: str | None
    lookback_seconds: float | None
    # Column of the table -> name that goes out; and -> its type.
    outputs: Mapping[str, str]
    types: Mapping[str, str]
    default_values: Mapping[str, Default]
    # By what the table was looked up; notes of earlier versions do not say it.
    primary_keys: tuple[str, ...] = ()
    timeseries_column: str | None = None

    @property
    def lookback(self) -> timedelta | None:
        """How far back a feature may be."""
        seconds = self.lookback_seconds
        return None if seconds is None else timedelta(seconds=seconds)

    def now(self) -> "Pinned":
        """Return the same lookup into the newest version of the table, as scoring does it."""
        return replace(self, table_version=NEWEST)


NEWEST = -2


@dataclass(frozen=True)
class Spec:
    """All that a training set was made of, but its asking rows; JSON in the model's MLmodel."""

    lookups: tuple[Pinned, ...]
    label: tuple[str, ...]
    exclude_columns: tuple[str, ...]
    as_of: datetime
    # Rows, and a sum of hashes of them, by which a set that was made again is compared.
    rows: int = 0
    digest: str = ""
    # Which columns the asking rows had, in their order.
    asked: tuple[str, ...] = field(default=())

    def dumps(self) -> str:
        """Return it as JSON."""
        # In the order of the lookups, which is that of the columns.
        return json.dumps({**asdict(self), "as_of": self.as_of.isoformat()})

    @staticmethod
    def loads(said: str) -> "Spec":
        """Read it again."""
        told = json.loads(said)
        keys = ("lookup_key", "primary_keys")
        lookups = tuple(
            Pinned(**{**one, **{n: tuple(one[n]) for n in keys if n in one}})
            for one in told["lookups"]
        )
        lists = {n: tuple(told[n]) for n in ("label", "exclude_columns", "asked")}
        as_of = datetime.fromisoformat(told["as_of"])
        return Spec(**{**told, **lists, "lookups": lookups, "as_of": as_of})


def pinned(lookup: FeatureLookup, table: FeatureTable, *, version: int) -> Pinned:
    """Return a lookup for a table at a version; BadLookup where the two do not fit."""
    wanted = lookup.feature_names or table.features
    keys, event = table.primary_keys, table.timeseries_column
    outputs = {n: lookup.rename_outputs.get(n, n) for n in wanted}
    at = lookup.timestamp_lookup_key
    wrong = [
        *(f"it has no feature {n}" for n in wanted if n not in table.table),
        *(f"{n} is renamed but not looked up" for n in lookup.rename_outputs if n not in wanted),
        *(f"{n} has a default but does not go out" for n in lookup.default_values
          if n not in outputs.values()),
        *(f"the default {lookup.default_values[out]!r} of {out} is no {table.table.column(n).type}"
          for n, out in outputs.items() if n in table.table
          and not _fits(lookup.default_values.get(out), table.table.column(n).type)),
        *([f"its keys are {', '.join(keys)}: {len(lookup.lookup_key)} given"]
          if len(lookup.lookup_key) != len(keys) else []),
        *([f"it has the event time {event}, so a timestamp_lookup_key is needed"]
          if event and not at else []),
        *(["it has no event time, so no timestamp_lookup_key can be given"]
          if at and not event else []),
    ]  # fmt: skip
    if wrong:
        raise BadLookup(
            f"lookup into {table.name}: {'; '.join(wrong)}", cure="get_table tells them"
        )
    back = lookup.lookback_window
    return Pinned(
        table_name=table.name,
        table_version=version,
        contract_version=table.table.version,
        lookup_key=lookup.lookup_key,
        timestamp_lookup_key=at,
        lookback_seconds=None if back is None else back.total_seconds(),
        outputs=outputs,
        types={n: table.table.column(n).type for n in wanted},
        default_values=lookup.default_values,
        primary_keys=keys,
        timeseries_column=event,
    )


def _fits(default: object, kind: str) -> bool:
    """Tell whether a default is of a column's type; None is none."""
    if default is None:
        return True
    if isinstance(default, bool):
        return kind == "boolean"
    if isinstance(default, str):
        return kind in ("string", "date", "timestamp")
    if not isinstance(default, int | float):
        return False
    return kind == "double" or (kind in ("int", "bigint") and float(default).is_integer())


def _plain(default: Any) -> Default:
    """Return a number of NumPy as Python's: JSON knows no other."""
    plain: Default = default.item() if isinstance(default, np.generic) else default
    return plain


def names_of(said: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return one name, several or none as a tuple."""
    return (said,) if isinstance(said, str) else tuple(said or ())
