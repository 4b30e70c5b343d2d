"""Rows that ask + feature tables at fixed versions -> what was known then, the same each time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.feature_store.lookups import NEWEST, BadLookup, Pinned, Spec
from lake.feature_store.point_in_time import point_in_time
from lake.feature_store.tables import FeatureTable, FeatureTableDiffers
from lake.schema import spark_schema

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
# A table by its name, its rows at a version.
Read = Callable[[str, int], tuple[FeatureTable, DataFrame]]


@dataclass(frozen=True)
class TrainingSet:
    """Rows with their features; ``spec`` says what they were made of, exactly."""

    spec: Spec
    # The rows that ask, with their labels.
    asking: DataFrame
    _rows: DataFrame

    def load_df(self) -> DataFrame:
        """Return the asking columns, those excluded left out, then the features."""
        return self._rows

    def digested(self) -> tuple[int, str]:
        """Return how many rows there are and a sum of hashes that tells them from any others."""
        return digested(self._rows)


def training_set(asking: DataFrame, spec: Spec, read: Read) -> TrainingSet:
    """Look the features up as of each row's instant and ``spec.as_of``; BadLookup."""
    if missing := {*spec.label, *spec.exclude_columns} - {
        *asking.columns, *(n for p in spec.lookups for n in p.outputs.values())
    }:  # fmt: skip
        raise BadLookup(
            f"no column {', '.join(sorted(missing))}", cure="label and exclude_columns name columns"
        )
    if hidden := sorted({*spec.label} & {*spec.exclude_columns}):
        raise BadLookup(
            f"the label {', '.join(hidden)} is excluded", cure="leave it out of exclude_columns"
        )
    rows = looked_up(asking, spec.lookups, read, as_of=spec.as_of)
    return TrainingSet(spec, asking, rows.drop(*spec.exclude_columns))


def looked_up(
    asking: DataFrame, lookups: Sequence[Pinned], read: Read, *, as_of: datetime | None
) -> DataFrame:
    """Return each row that asks, never twice, with its features.

    A version of a feature that was said after ``as_of`` is not seen. What one lookup gives the next
    may look up by. BadLookup, NoFeatureTable; FeatureTableDiffers where a table has other columns
    or keys than the lookup was made with.
    """
    if doubled := _doubled([*asking.columns, *(n for p in lookups for n in p.outputs.values())]):
        raise BadLookup(
            f"several columns would be called {', '.join(doubled)}",
            cure="rename_outputs gives a feature another name; upper case makes no difference",
        )
    rows = asking
    for one in lookups:
        table, features = read(one.table_name, one.table_version)
        if differences := _differences(one, table, features):
            raise FeatureTableDiffers(
                f"{one.table_name} is not the table that was learned from: "
                f"{'; '.join(differences)}",
                cure=f"bring it up to date (lake run {one.table_name} --again), or train again",
            )
        if absent := {*one.lookup_key, one.timestamp_lookup_key or one.lookup_key[0]} - {
            *rows.columns
        }:
            raise BadLookup(
                f"the rows that ask have no column {', '.join(sorted(absent))}",
                where=f"lookup into {one.table_name}",
                cure="add it, as it was when the training set was made",
            )
        if unlike := _unlike(one, table, dict(rows.dtypes)):
            raise BadLookup(
                f"the rows that ask do not fit: {'; '.join(unlike)}",
                where=f"lookup into {one.table_name}",
                cure="cast the columns; round what was a float to the digits that the key has",
            )
        rows = _with_features(rows, one, table, known_by(features, table, as_of))
    return rows


def known_by(features: DataFrame, table: FeatureTable, as_of: datetime | None) -> DataFrame:
    """Leave out the versions that were said after an instant."""
    if as_of is None:
        return features
    for stamp in table.known:
        features = features.where(F.col(stamp) <= F.lit(as_of))
    return features


def newest(features: DataFrame, table: FeatureTable, names: Sequence[str]) -> DataFrame:
    """Return a row a key (and event): of its versions the one known last."""
    keys = [*table.primary_keys, *table.timeseries_columns]
    order = F.struct(*(F.col(k).alias(f"_{k}") for k in table.known), F.struct(*names).alias("_v"))
    return features.groupBy(*keys).agg(F.max(order)["_v"].alias("_v")).select(*keys, "_v.*")


def digested(rows: DataFrame) -> tuple[int, str]:
    """Return the count of rows and the sum of their hashes, whatever their order."""
    found = rows.agg(
        F.count(F.lit(1)).alias("rows"),
        F.sum(F.xxhash64(*map(column_called, rows.columns)).cast("decimal(38,0)")).alias("digest"),
    ).first()
    return (int(found["rows"]), str(found["digest"] or 0)) if found else (0, "0")


def _with_features(
    rows: DataFrame, one: Pinned, table: FeatureTable, features: DataFrame
) -> DataFrame:
    """Add the features under names that no column of the rows has, then give them their own."""
    keys = [f"_key_{i}" for i in range(len(one.lookup_key))]
    inner = {f"_out_{n}": n for n in one.outputs}
    asking = rows.withColumns(
        {k: column_called(c) for k, c in zip(keys, one.lookup_key, strict=True)}
    )
    told = features.select(
        *(F.col(c).alias(k) for k, c in zip(keys, table.primary_keys, strict=True)),
        *(F.col(c).alias(f"_at_{c}") for c in (*table.timeseries_columns, *table.known)),
        *(F.col(c).alias(k) for k, c in inner.items()),
    )
    known = [f"_at_{c}" for c in table.known]
    if one.timestamp_lookup_key:
        asking = asking.withColumn("_asked_at", column_called(one.timestamp_lookup_key))
        joined = point_in_time(
            asking, told, keys=keys, at="_asked_at", names=list(inner),
            lookback=one.lookback, event=f"_at_{table.timeseries_column}", known=known,
            stamped=False,
        )  # fmt: skip
    else:
        order = F.struct(*(F.col(k) for k in known), F.struct(*inner).alias("_v"))
        one_each = told.groupBy(*keys).agg(F.max(order)["_v"].alias("_v"))
        joined = asking.join(one_each.select(*keys, "_v.*"), on=keys, how="left")
    outputs = {
        out: _or_default(F.col(f"_out_{n}"), one, n).alias(out) for n, out in one.outputs.items()
    }
    return joined.select(*map(column_called, rows.columns), *outputs.values())


def _or_default(value: Column, one: Pinned, name: str) -> Column:
    default = one.default_values.get(one.outputs[name])
    return value if default is None else F.coalesce(value, F.lit(default).cast(one.types[name]))


def _differences(one: Pinned, table: FeatureTable, features: DataFrame) -> list[str]:
    has = {f.name: f.dataType.simpleString() for f in features.schema}
    wants = {f.name: f.dataType.simpleString() for f in spark_schema(table.table)}
    keys = (*table.primary_keys, *table.timeseries_columns, *table.known)
    is_now = one.table_version == NEWEST
    return [
        # Rows of a version of then mean what they meant then.
        *([f"version {table.table.version} of its contract, not {one.contract_version}"]
          if is_now and table.table.version != one.contract_version else []),
        *_other_keys(one, table),
        *(f"no column {n}" for n in (*keys, *one.outputs) if n not in has),
        *(f"{n} is {has[n]}, not {t}" for n, t in one.types.items() if n in has and has[n] != t),
        *(f"{n} is not of the contract" for n in one.outputs
          if is_now and n in has and n not in wants),
    ]  # fmt: skip


def _other_keys(one: Pinned, table: FeatureTable) -> list[str]:
    """Say by what else than then a table is looked up now."""
    keys, event = table.primary_keys, table.timeseries_column
    # Notes of earlier versions say how many keys there were, and whether there was an event time.
    as_many = keys if len(keys) == len(one.lookup_key) else one.lookup_key
    was_event = one.timeseries_column
    if was_event is None:
        was_event = (event or "an instant") if one.timestamp_lookup_key else ""
    return [
        f"its {what} {', '.join(now) or 'none'}, not {', '.join(was) or 'none'}"
        for what, now, was in (
            ("keys are", keys, one.primary_keys or as_many),
            ("event time is", table.timeseries_columns, (was_event,) if was_event else ()),
        )
        if now != was
    ]


def _unlike(one: Pinned, table: FeatureTable, has: Mapping[str, str]) -> list[str]:
    """Say which columns that ask are of another kind than what they are looked up by.

    Spark would turn one into the other, and fail at the first key that is no number. Of a float it
    would make a double that is none of those that were written: 55.68 finds nothing.
    """
    unlike = [
        f"{c} is {has[c]}, the key {k} is {table.table.column(k).type}"
        for c, k in zip(one.lookup_key, table.primary_keys, strict=True)
        if _kind(has[c]) != _kind(table.table.column(k).type)
        or (has[c], table.table.column(k).type) == ("float", "double")
    ]
    at = one.timestamp_lookup_key
    if at and _kind(has[at]) not in ("timestamp", "date"):
        unlike.append(f"{at} is {has[at]}, no instant")
    return unlike


def _kind(said: str) -> str:
    kind = said.split("(", maxsplit=1)[0]
    if kind in ("varchar", "char"):
        return "string"
    return dict.fromkeys(_NUMBERS, "number").get(kind, kind.removesuffix("_ntz"))


def column_called(name: str) -> Column:
    """Return a column by its name, whatever stands in it."""
    return F.col("`" + name.replace("`", "``") + "`")


def _doubled(names: Sequence[str]) -> list[str]:
    """Return the names that Spark could not tell apart."""
    plain = [n.casefold() for n in names]
    return sorted({n for n in names if plain.count(n.casefold()) > 1})
