"""Many small files -> few large ones; files that nobody can ask for any more -> gone.

Only partitions with small files are rewritten, so upkeep costs what was written since the last one.
It changes no row: readers and change feeds do not see it. A writer that is at work on the same
files wins, and upkeep tries again.
"""

import time
from collections import Counter
from dataclasses import dataclass

from lake.contract import KEPT_DAYS, Table
from lake.hops.writing import tried_again
from lake.schema import quoted
from lake.store import Store

SMALL_BYTES = 32 * 1024 * 1024
# As many small files may a partition have before its writer puts them together.
MOST_SMALL_FILES = 50


@dataclass(frozen=True)
class Kept:
    """What upkeep did to a table: its files before and after."""

    table: str
    files_before: int
    files_after: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.table}: {self.files_before} files, now {self.files_after}"


def upkeep(store: Store, table: Table) -> Kept | None:
    """Put small files together and remove what is older than its retention; None: no table yet.

    Raises what Delta does when writers were in the way each time that it tried.
    """
    began = time.monotonic()
    if not store.exists(table):
        return None
    before = _files(store, table)
    if crowded := _crowded(before):
        tried_again(lambda: _compact(store, table, crowded))
    store.delta(table).vacuum(KEPT_DAYS * 24)
    return Kept(table.name, len(before), len(_files(store, table)), time.monotonic() - began)


def bound(store: Store, table: Table, *, most: int = MOST_SMALL_FILES) -> None:
    """Put the small files of partitions that have ``most`` of them together, after a write.

    Delta's own auto compaction would do so at two files, also after a first load, which is then
    written twice. Databricks counts to 50 itself, so there it is left to it.
    """
    if store.settings.catalog or not store.exists(table):
        return
    if crowded := _crowded(_files(store, table), least=most):
        tried_again(lambda: _compact(store, table, crowded))


def _files(store: Store, table: Table) -> list[tuple[dict[str, str | None], int]]:
    """Return the partition and the size (bytes) of each file of the newest version."""
    if store.settings.catalog:
        details = store.delta(table).detail().select("numFiles").first()
        return [({}, 0)] * int(details[0] if details else 0)
    found = store.opened(table).get_add_actions()
    sizes = found.column("size_bytes").to_pylist()
    partitions: list[dict[str, str | None]] = [{} for _ in sizes]
    if table.partitioned_by:
        partitions = list(found.column("partition").to_pylist())
    return list(zip(partitions, sizes, strict=True))


def _crowded(
    files: list[tuple[dict[str, str | None], int]], *, least: int = 2
) -> list[dict[str, str | None]]:
    """Return the partitions with so many small files."""
    small = Counter(tuple(sorted(p.items())) for p, size in files if size < SMALL_BYTES)
    return [dict(partition) for partition, count in small.items() if count >= least]


def _compact(store: Store, table: Table, partitions: list[dict[str, str | None]]) -> None:
    work = store.delta(table).optimize()
    if any(partitions):
        work = work.where(" OR ".join(f"({_is(p)})" for p in partitions))
    work.executeCompaction()


def _is(partition: dict[str, str | None]) -> str:
    said = {c: "NULL" if v is None else f"'{quoted(v)}'" for c, v in partition.items()}
    return " AND ".join(f"`{column}` <=> {value}" for column, value in said.items())
