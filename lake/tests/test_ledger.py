"""What each run has taken in is recorded, whoever else records at the same time."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from lake.hops.ledger import Ledger

WORKERS = 4


def record(root: str, number: int, all_are_there: Barrier) -> None:
    ledger = Ledger(root)
    all_are_there.wait()
    ledger.record(f"gold.t{number}", {"a": 1}, rule_version=1, rows_written=0, seconds=0)


def test_the_first_runs_of_a_lake_that_record_at_once_all_are_recorded(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    for lake in map(str, range(3)):
        together = spawn.Barrier(WORKERS)
        root = str(tmp_path / lake)
        workers = [spawn.Process(target=record, args=(root, n, together)) for n in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [w.exitcode for w in workers] == [0] * WORKERS
        recorded = Ledger(root).history().column("table_name").to_pylist()
        assert sorted(recorded) == [f"gold.t{n}" for n in range(WORKERS)]
