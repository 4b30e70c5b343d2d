"""Where tables live and how they are read: by path, or by three-level name on Databricks."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import deltalake
from delta.exceptions import DeltaConcurrentModificationException
from delta.tables import DeltaTable
from deltalake.exceptions import TableNotFoundError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.contract import Table
from lake.errors import LakeError
from lake.schema import (
    MARKING,
    added_columns,
    ddl,
    empty,
    in_catalog,
    is_marked,
    registered,
    spark_schema,
)
from lake.session import for_corrections, for_few_rows, for_rewrites
from lake.settings import Settings

_CREATING = threading.Lock()
# What a commit says of how many rows it changed.
_COUNTS = {
    "WRITE": ("numOutputRows",),
    "STREAMING UPDATE": ("numOutputRows",),
    "MERGE": ("numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted"),
    "OPTIMIZE": (),
    "CREATE TABLE": (),
    "SET TBLPROPERTIES": (),
    "ADD COLUMNS": (),
}


class SchemaDiffers(LakeError):
    """A stored table has other columns than its contract; all differences are named at once."""

    code = "schema-differs"


@dataclass
class Store:
    """The lake's tables as Spark sees them."""

    spark: SparkSession
    settings: Settings
    _known: set[str] = field(default_factory=set)
    _alike: set[str] = field(default_factory=set)
    _marked: set[str] = field(default_factory=set)
    # Whether its session is one for few rows.
    of_few: bool = False
    # Where few rows are put among many, and among not so many; None: here.
    correcting: "Store | None" = None
    rewriting: "Store | None" = None

    def for_few(self) -> "Store":
        """Return the same tables as a session for few rows sees them."""
        return self._beside(
            for_few_rows(self.spark),
            of_few=True,
            correcting=self._beside(for_corrections(self.spark)),
            rewriting=self._beside(for_rewrites(self.spark)),
        )

    def _beside(self, spark: SparkSession, **more: Any) -> "Store":
        return Store(spark, self.settings, self._known, self._alike, self._marked, **more)

    def name(self, table: Table) -> str:
        """Return what stands for the table in SQL."""
        if self.settings.catalog:
            return in_catalog(self.settings.catalog, table.name)
        return f"delta.`{self.path(table)}`"

    def path(self, table: Table) -> str:
        """Return the table's folder or URL."""
        return f"{self.settings.root}/{table.path}"

    def opened(self, table: Table, *, version: int | None = None) -> deltalake.DeltaTable:
        """Return a table that is there, at a version or the newest, without Spark."""
        options = self.settings.storage_options
        return deltalake.DeltaTable(self.path(table), version=version, storage_options=options)

    def register(self, table: Table) -> None:
        """Tell the catalogue, if any, of a table that is written without Spark and is there."""
        if self.settings.catalog and not self.exists(table) and self._log(table):
            self.spark.sql(registered(name=self.name(table), location=self.path(table)))

    def exists(self, table: Table) -> bool:
        """Tell whether the table was made."""
        if table.name in self._known:
            return True
        if self.settings.catalog:
            found = self.spark.catalog.tableExists(self.name(table))
        else:
            found = deltalake.DeltaTable.is_deltatable(
                self.path(table), self.settings.storage_options
            )
        if found:
            self._known.add(table.name)
        return found

    def forget(self, table: Table) -> None:
        """Forget that a table is there: it was dropped."""
        self._known.discard(table.name)
        self._alike.discard(table.name)
        self._marked.discard(table.name)

    def create(self, table: Table) -> None:
        """Make the table where it is absent, add columns that may be empty; else SchemaDiffers.

        Of each table this is looked at once: a contract is what it was when the process started.
        """
        if not self.exists(table):
            # A catalogue keeps it where readers without Spark look for it.
            where = self.path(table) if self.settings.catalog else ""
            # Of tasks that run side by side one makes it; another process may be faster than both.
            with _CREATING:
                if not self.exists(table):
                    try:
                        self.spark.sql(ddl(table, name=self.name(table), location=where))
                    except DeltaConcurrentModificationException:
                        if not self.exists(table):
                            raise
            self._known.add(table.name)
            self._alike.add(table.name)
            return
        if table.name in self._alike:
            return
        has = {f.name: f.dataType for f in self.spark.read.table(self.name(table)).schema}
        if new := [f for f in spark_schema(table) if f.name not in has and f.nullable]:
            # What may be empty can be added; the rows that are there are empty until made again.
            self.spark.sql(added_columns(table, [f.name for f in new], name=self.name(table)))
            has |= {f.name: f.dataType for f in new}
        wants = {f.name: f.dataType for f in spark_schema(table)}
        differences = [
            *(f"no column {n}" for n in wants.keys() - has.keys()),
            *(f"undeclared column {n}" for n in has.keys() - wants.keys()),
            *(
                f"{n} is {has[n].simpleString()}, not {wants[n].simpleString()}"
                for n in wants.keys() & has.keys()
                if has[n] != wants[n]
            ),
        ]
        if differences:
            raise SchemaDiffers(
                f"{table.name} differs from its contract: {'; '.join(sorted(differences))}",
                where=self.path(table),
                cure="raise the contract's version and migrate the table, or run in a new lake",
            )
        self._alike.add(table.name)

    def bytes_of(self, table: Table, partitions: Mapping[str, Sequence[Any]]) -> int:
        """Return the size of the files in some partitions, by the values of their columns.

        Of a table by path, that is there.
        """
        files = self.opened(table).get_add_actions(flatten=True)
        sizes = [int(size) for size in files.column("size_bytes").to_pylist()]
        for name, values in partitions.items():
            are_its = [value in values for value in files.column(f"partition.{name}").to_pylist()]
            sizes = [size * is_its for size, is_its in zip(sizes, are_its, strict=True)]
        return sum(sizes)

    def to_correct(self, table: Table) -> DeltaTable:
        """Return the handle for MERGE of a table that may be marked from now on."""
        if is_marked(table) and table.name not in self._marked:
            name, on = MARKING
            found = self.delta(table).detail().select(F.col("properties")[name]).first()
            if found is None or found[0] != on:
                self.spark.sql(
                    f"ALTER TABLE {self.name(table)} SET TBLPROPERTIES ('{name}' = '{on}')"
                )
            self._marked.add(table.name)
        # A handle from before would read the table as one that has no marks.
        return self.delta(table)

    def delta(self, table: Table) -> DeltaTable:
        """Return the handle for what is no query."""
        if self.settings.catalog:
            return DeltaTable.forName(self.spark, self.name(table))
        return DeltaTable.forPath(self.spark, self.path(table))

    def version(self, table: Table) -> int:
        """Return the newest version, -1 where the table is not there yet."""
        if not self.settings.catalog:
            # Without Spark: a look at the log takes milliseconds.
            log = self._log(table)
            return log.version() if log else -1
        if not self.exists(table):
            return -1
        newest = self.delta(table).history(1).select("version").first()
        return int(newest[0]) if newest else -1

    def rows_since(self, table: Table, *, after: int, until: int) -> int | None:
        """Return how many rows the log says have changed in (after, until]; None: it does not."""
        if after >= until:
            return 0
        if self.settings.catalog or (log := self._log(table)) is None:
            return None
        found = 0
        for commit in log.history(log.version() - after):
            if commit["version"] > until:
                continue
            metrics = commit.get("operationMetrics", {})
            counted = [metrics.get(name) for name in _COUNTS.get(commit["operation"], ("",))]
            if None in counted:
                return None
            found += sum(map(int, counted))
        return found

    def is_empty(self, table: Table, *, where: str = "true") -> bool:
        """Tell whether the table is absent or holds no row for which ``where`` (SQL) is true."""
        if not self.settings.catalog:
            # Without Spark: the log knows of a table without files, as each is when it was made,
            # and counts the rows of each file; one whose rows are all marked is taken out of it.
            log = self._log(table)
            files = log.get_add_actions() if log else None
            if files is None or not files.num_rows:
                return True
            if where == "true" and any(files.column("num_records").to_pylist()):
                return False
        return self.read(table).where(where).isEmpty()

    def _log(self, table: Table) -> deltalake.DeltaTable | None:
        """Return a look at the table's log, None where there is no table yet."""
        try:
            return self.opened(table)
        except TableNotFoundError:
            return None

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        """Return the rows at a version, now where none is given; none where it is absent."""
        if version == -1 or not self.exists(table):
            return empty(self.spark, table)
        if version == 0 and not self.settings.catalog:
            # As it was made, mostly without files: that takes no look of Spark's.
            first = self.opened(table, version=0)
            if not first.file_uris():
                return empty(self.spark, table)
        reader = self.spark.read
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return (
            reader.table(self.name(table))
            if self.settings.catalog
            else reader.format("delta").load(self.path(table))
        )

    def changes(self, table: Table, *, after: int, until: int) -> DataFrame:
        """Return the rows as they were before and after each change in (after, until]."""
        reader = (
            self.spark.read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", after + 1)
            .option("endingVersion", until)
        )
        feed = (
            reader.table(self.name(table))
            if self.settings.catalog
            else reader.load(self.path(table))
        )
        return feed.select(*table.names, "_change_type")


@contextmanager
def of_their_contract(store: Store, tables: Iterable[Table]) -> Iterator[None]:
    """Read tables; SchemaDiffers where a column is asked for that an earlier version lacks."""
    try:
        yield
    except AnalysisException as error:
        older = {
            table.name: ", ".join(lacks)
            for table in tables
            if (lacks := sorted({*table.names} - {*store.read(table).columns}))
        }
        if not older:
            raise
        raise SchemaDiffers(
            "; ".join(
                f"{name} is of an earlier version: no column {n}" for name, n in older.items()
            ),
            cure=f"bring it up to date first: lake run {next(iter(older))} --again",
        ) from error


def counts(rows: DataFrame, conditions: Mapping[str, str]) -> dict[str, int]:
    """Count the rows that meet each SQL condition, in one pass."""
    found = rows.agg(*(F.count_if(F.expr(sql)).alias(n) for n, sql in conditions.items())).first()
    return {} if found is None else {name: int(found[name]) for name in conditions}
