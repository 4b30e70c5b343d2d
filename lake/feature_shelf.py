"""The feature tables of a lake by name: what each is, and its rows at a version."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Catalog
from lake.feature_lookups import NEWEST
from lake.feature_tables import (
    DECLARED,
    PROPERTY,
    USER,
    FeatureTable,
    NoFeatureTable,
    feature_table,
    from_properties,
    stored,
    user_tables,
)
from lake.feature_writing import fields_of
from lake.store import Store


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
        made = self.store.spark.sql(f"SHOW TABLES IN `{catalog}`.{USER}").collect()
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
        spark, in_sql = self.store.spark, f"{self.store.settings.catalog}.{name}"
        if not spark.catalog.tableExists(in_sql):
            return None
        said = spark.sql(f"SHOW TBLPROPERTIES {in_sql}").where(F.col("key") == PROPERTY).first()
        columns = fields_of(spark.read.table(in_sql).schema)
        return from_properties(name, columns, {PROPERTY: said["value"]} if said else {})

    def read(self, name: str, version: int) -> tuple[FeatureTable, DataFrame]:
        """Return a table and its rows at a version; NoFeatureTable."""
        table = self.table(name)
        at = None if version == NEWEST else version
        return table, self.store.read(table.table, version=at)
