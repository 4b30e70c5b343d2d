"""Two rebuilds -> whether they say the same: rows, keys, every column that both have.

Doubles are the same within 1e-9 of the larger, or within 1e-12 where sums cancel out to zero;
everything else is the same exactly. What fills gaps is left out: the peers fill none.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import duckdb
import pyarrow as pa
import typer
from deltalake import DeltaTable, QueryBuilder

from benchmarks.tables import parquet
from gold import contracts as gold
from lake.contract import Table
from lake.schema import MARKING
from silver import contracts as silver

TABLES = (
    silver.QUARANTINE,
    silver.METER_READINGS,
    silver.ENERGY_IN_CONTEXT,
    gold.ENERGY_QUARTER_HOURLY,
    gold.ENERGY_HOURLY,
    gold.ENERGY_DAILY,
    gold.ENERGY_MONTHLY,
)
_SUBSTITUTED = "substituted_kwh"
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12


def main(
    one: Annotated[Path, typer.Argument(help="Folder of a rebuild.")],
    other: Annotated[Path, typer.Argument(help="Folder of another.")],
) -> None:
    """Compare two rebuilds; every difference is a line with an example, and the exit code is 1."""
    with database(one.parent) as db:
        found = [line for table in TABLES for line in differences(db, table, one, other)]
    print(*found, sep="\n", end="\n" if found else "")
    raise typer.Exit(bool(found))


@contextmanager
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with little memory, so with scratch space in a folder."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch, duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        db.execute(f"SET memory_limit = '4GB'; SET temp_directory = '{scratch}'")
        yield db


def differences(
    db: duckdb.DuckDBPyConnection, table: Table, one: Path, other: Path
) -> Iterator[str]:
    """Yield a line for missing rows and for each column that differs: how many, and an example."""
    for side, folder in (("a", one), ("b", other)):
        rows = stored(db, folder, table)
        if _SUBSTITUTED in rows.columns:
            # The peers fill no gaps, so they have no step that holds nothing else.
            rows = rows.filter("try_cast(observed_intervals AS INTEGER) IS DISTINCT FROM 0")
        rows.project("*, true AS is_there").create_view(side)
    key = ", ".join(table.key)
    wrong = {
        f"{table.name}: # rows are in {one.name} alone": "b.is_there IS NULL",
        f"{table.name}: # rows are in {other.name} alone": "a.is_there IS NULL",
    }
    values = {}
    shared = set(db.table("a").columns) & set(db.table("b").columns) - {*table.key, _SUBSTITUTED}
    for column in table.columns:
        if column.name in shared:
            differs = _differs(column.name, is_double=column.type == "double")
            if column.name == "known_at" and _SUBSTITUTED in table.names:
                # What fills a gap may be known later than what it stands beside.
                differs = f"({differs}) AND a.{_SUBSTITUTED} IS NULL AND b.{_SUBSTITUTED} IS NULL"
            what = f"{table.name}.{column.name}: # rows differ"
            wrong[what] = f"a.is_there AND b.is_there AND ({differs})"
            values[what] = f", a.{column.name}, b.{column.name}"
    counted = (
        f"coalesce(count_if({sql}), 0), any_value(ROW({key}{values.get(what, '')})) FILTER ({sql})"
        for what, sql in wrong.items()
    )
    joined, *found = db.sql(
        f"SELECT count(*), {', '.join(counted)} FROM a FULL JOIN b USING ({key})"
    ).fetchall()[0]
    in_one, in_other = (len(db.table(side)) for side in "ab")
    print(f"{table.name}: {in_one:,} rows in {one.name}, {in_other:,} in {other.name}")
    for what, count, example in zip(wrong, found[::2], found[1::2], strict=True):
        if count:
            yield f"{what.replace('#', f'{count:,}')}, as {', '.join(map(str, example))}"
    if 2 * joined != in_one + in_other + found[0] + found[2]:
        yield f"{table.name}: the key ({key}) is not unique"


def _differs(name: str, *, is_double: bool) -> str:
    one, other = f"a.{name}", f"b.{name}"
    if not is_double:
        return f"{one} IS DISTINCT FROM {other}"
    most = f"greatest({_RELATIVE} * greatest(abs({one}), abs({other})), {_ABSOLUTE})"
    return f"({one} IS NULL) <> ({other} IS NULL) OR abs({one} - {other}) > {most}"


def stored(db: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> duckdb.DuckDBPyRelation:
    """Return the rows of a table, be it a lake's or a peer's."""
    if not (folder / table.path).is_dir():
        return db.read_parquet(str(parquet(folder, table.name)))
    lakes = DeltaTable(str(folder / table.path))
    is_marked = lakes.metadata().configuration.get(MARKING[0]) == MARKING[1]
    if (found := lakes.file_uris()) and not is_marked:
        return db.read_parquet(found, hive_partitioning=True)
    # Files alone do not say which of their rows were corrected.
    query = QueryBuilder().register("stored", lakes)
    return db.from_arrow(pa.table(query.execute("SELECT * FROM stored").read_all()))


if __name__ == "__main__":
    typer.run(main)
