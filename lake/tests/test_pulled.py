"""What was pulled is remembered by source and name, and how far."""

import multiprocessing
from pathlib import Path

import pytest

from lake.ingestion.landing import CannotWrite
from lake.ingestion.pulled import Pulled, Pulls


def test_each_source_has_a_memory_of_its_own(tmp_path: Path) -> None:
    north, south = Pulls(str(tmp_path), "north"), Pulls(str(tmp_path), "south")
    assert (north.known(), north.position()) == ([], "")
    first, second = Pulled("a", 1, 2, "x", "t"), Pulled("a", 3, 4, "y", "t", refused="no")
    north.add(first)
    north.add(second, Pulled("b", 1, 2, "x", "t"))
    south.reached("10")
    south.reached("11")
    assert north.known("a") == [first, second]
    assert [p.name for p in north.known()] == ["a", "a", "b"]
    assert (south.known(), south.position(), north.position()) == ([], "11", "")


def write(root: str, number: int) -> None:
    for n in range(3):
        Pulls(root, "s").add(Pulled(f"{number}-{n}", 1, 1, "x", "t"))


def test_workers_that_write_at_once_all_are_remembered(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=write, args=(str(tmp_path), n)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0, 0]
    assert len(Pulls(str(tmp_path), "s").known()) == 6


def test_a_lake_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "_ledger").write_text("in the way")
    with pytest.raises(CannotWrite, match="cannot write to the lake"):
        Pulls(str(tmp_path), "s").reached("1")
