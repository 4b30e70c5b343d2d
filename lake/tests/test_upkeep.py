"""Small files are bounded while a stream writes, and gone after upkeep; no row is another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as with_
from typing import Any

import deltalake
import pytest
from pyspark.sql import SparkSession

from lake.contract import Column, Replace, Table
from lake.hops.upkeep import bound, upkeep
from lake.hops.writing import insert, replace
from lake.settings import Settings
from lake.store import Store

pytestmark = pytest.mark.spark
DIALS = Table(
    name="gold.dials",
    row="a dial",
    columns=(
        Column(name="dial", type="int", meaning="Its number.", nullable=False),
        Column(name="local_month", type="string", meaning="Its month.", nullable=False),
        Column(name="energy_kwh", type="double", meaning="Energy."),
    ),
    key=("dial",),
    update=Replace(),
    partitioned_by=("local_month",),
)


@pytest.fixture
def store(spark: SparkSession, lake: Settings) -> Store:
    return Store(spark, lake)


def files(store: Store, table: Table) -> int:
    return len(deltalake.DeltaTable(store.path(table)).file_uris())


def test_commit_after_commit_leaves_a_bounded_number_of_files(
    store: Store, table: Callable[..., Any]
) -> None:
    counts = []
    for dial in range(7):
        insert(store, DIALS, table(DIALS, [{"dial": dial, "local_month": "2025-05"}]))
        bound(store, DIALS, most=4)
        counts.append(files(store, DIALS))
    assert counts == [1, 2, 3, 1, 2, 3, 1]
    assert store.read(DIALS).count() == 7


def test_upkeep_leaves_one_file_a_partition_and_no_change_to_read(
    store: Store, table: Callable[..., Any]
) -> None:
    assert upkeep(store, with_(DIALS, name="gold.never")) is None
    months = ("2025-05", "2025-06")
    for dial in range(4):
        rows = [{"dial": dial * 2 + n, "local_month": m} for n, m in enumerate(months)]
        insert(store, DIALS, table(DIALS, rows[: 1 if dial else 2]))
    before = store.version(DIALS)
    kept = upkeep(store, DIALS)
    assert kept is not None
    assert (kept.files_before, kept.files_after) == (5, 2)
    assert store.changes(DIALS, after=before, until=store.version(DIALS)).count() == 0
    assert sorted(r[0] for r in store.read(DIALS).select("dial").collect()) == [0, 1, 2, 4, 6]
    done = store.version(DIALS)
    assert str(upkeep(store, DIALS)) == "gold.dials: 2 files, now 2"
    # Nothing to put together: nothing is committed but that it was cleaned up.
    assert store.changes(DIALS, after=done, until=store.version(DIALS)).count() == 0


def test_a_partition_may_have_any_name(store: Store, table: Callable[..., Any]) -> None:
    names = ("o'neil", "a\\b", "c\\", "ø & å", '"')
    for dial in range(2):
        rows = [{"dial": dial, "local_month": name} for name in names]
        insert(store, DIALS, table(DIALS, rows))
    kept = upkeep(store, DIALS)
    assert kept is not None
    assert kept.files_after == len(names)
    assert store.read(DIALS).count() == 2 * len(names)


def test_a_table_may_be_marked_from_its_first_correction_on(
    store: Store, table: Callable[..., Any]
) -> None:
    def is_marked() -> bool:
        configuration = deltalake.DeltaTable(store.path(DIALS)).metadata().configuration
        return configuration.get("delta.enableDeletionVectors") == "true"

    rows = [{"dial": dial, "local_month": "2025-05", "energy_kwh": 1.0} for dial in range(3)]
    insert(store, DIALS, table(DIALS, rows))
    assert not is_marked()
    rows[0]["energy_kwh"] = 2.0
    replace(store, DIALS, table(DIALS, rows), store.read(DIALS))
    assert is_marked()
    assert sorted(r[0] for r in store.read(DIALS).select("energy_kwh").collect()) == [1.0, 1.0, 2.0]


def test_corrections_and_upkeep_at_once_both_get_done(
    store: Store, table: Callable[..., Any]
) -> None:
    for dial in range(6):
        insert(store, DIALS, table(DIALS, [{"dial": dial, "local_month": "2025-05"}]))

    def correct(kwh: float) -> None:
        rows = [{"dial": d, "local_month": "2025-05", "energy_kwh": kwh} for d in range(6)]
        replace(store, DIALS, table(DIALS, rows), store.read(DIALS))

    with ThreadPoolExecutor(2) as both:
        corrected, kept = both.submit(correct, 1.0), both.submit(upkeep, store, DIALS)
        corrected.result()
        assert kept.result() is not None
    assert {r[0] for r in store.read(DIALS).select("energy_kwh").collect()} == {1.0}
    assert store.read(DIALS).count() == 6
