"""The feature tables of a lake by name: what each is, and its rows at a version."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Catalog
from lake.errors import LakeError
from lake.feature_store.lookups import NEWEST
from lake.feature_store.tables import (
    DECLARED,
    PROPERTY,
    USER,
    FeatureTable,
    NoFeatureTable,
    feature_table,
    from_properties,
    full_name,
    said_in_properties,
    stored,
    user_tables,
)
from lake.feature_store.writing import fields_of
from lake.schema import added_columns, ddl, in_catalog, told_anew
from lake.spark.java import files_of, java
from lake.store import Store


class NotYours(LakeError):
    """A table that the platform makes was to be written by hand."""

    code = "not-yours"


@dataclass(frozen=True)
class Shelf:
    """Those that are declared, and those that users made."""

    store: Store
    tables: Catalog

    def names(self) -> list[str]:
        """Return the names of all, the declared ones first."""
        declared = [
            t.name for t in self.tables.tables.values()
            if t.layer == DECLARED and feature_table(t).known
        ]  # fmt: skip
        catalog = self.store.settings.catalog
        if not catalog:
            return [*declared, *user_tables(self.store.settings)]
        spark = self.store.spark
        if not spark.catalog.databaseExists(f"`{catalog}`.{USER}"):
            return declared
        made = spark.sql(f"SHOW TABLES IN `{catalog}`.{USER}").collect()
        return [*declared, *(f"{USER}.{row['tableName']}" for row in made)]

    def table(self, name: str) -> FeatureTable:
        """Return what a table is, by schema and noun; NoFeatureTable."""
        table = self.found(name)
        if table is None:
            raise NoFeatureTable(
                f"there is no feature table {name}", cure="`lake features` lists them"
            )
        return table

    def found(self, name: str) -> FeatureTable | None:
        """Return what a table is; None where it is not there, or knows no versions."""
        if name.startswith(f"{DECLARED}."):
            declared = self.tables.tables.get(name)
            table = feature_table(declared) if declared else None
            return table if table and table.known else None
        if not self.store.settings.catalog:
            return stored(self.store.settings, name)
        spark, in_sql = self.store.spark, in_catalog(self.store.settings.catalog, name)
        if not spark.catalog.tableExists(in_sql):
            return None
        said = spark.sql(f"SHOW TBLPROPERTIES {in_sql}").where(F.col("key") == PROPERTY).first()
        columns = fields_of(spark.read.table(in_sql).schema)
        return from_properties(name, columns, {PROPERTY: said["value"]} if said else {})

    def users_own(self, name: str) -> str:
        """Return schema and noun of a user's table; NotYours, BadFeatureTable."""
        called = full_name(name, catalog=self.store.settings.catalog)
        if not called.startswith(f"{USER}."):
            raise NotYours(
                f"{called} is of the platform's own schema",
                cure=f"`lake run {called}` makes a declared table; yours are {USER}.<noun>",
            )
        return called

    def make(self, table: FeatureTable) -> None:
        """Make a user's table, without rows."""
        catalog, name = self.store.settings.catalog, self.store.name(table.table)
        if catalog:
            self.store.spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{catalog}`.{USER}")
        # Without a location: of a table that the catalogue keeps, rows go when it is dropped.
        self.store.spark.sql(ddl(table.table, name=name, more=said_in_properties(table)))

    def widen(self, table: FeatureTable, new: Sequence[str]) -> None:
        """Add columns that a user's table does not have yet."""
        name = self.store.name(table.table)
        # First, so that who is cut short finds that what is there is new.
        self.store.spark.sql(told_anew(said_in_properties(table), name=name))
        self.store.spark.sql(added_columns(table.table, new, name=name))

    def drop(self, table: FeatureTable) -> None:
        """Delete a user's table with its history."""
        spark, store = self.store.spark, self.store
        if store.settings.catalog:
            spark.sql(f"DROP TABLE {store.name(table.table)}")
        else:
            path = java(spark).org.apache.hadoop.fs.Path(store.path(table.table))
            files_of(spark, path).delete(path, True)
            # Delta remembers a log for an hour; of the next table of that name it is another.
            java(spark).org.apache.spark.sql.delta.DeltaLog.clearCache()
        # Whether a table is there is remembered.
        store.forget(table.table)

    def read(self, name: str, version: int) -> tuple[FeatureTable, DataFrame]:
        """Return a table and its rows at a version; NoFeatureTable."""
        table = self.table(name)
        at = None if version == NEWEST else version
        return table, self.store.read(table.table, version=at)
