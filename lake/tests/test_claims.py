"""A lock is one worker's, as long as it lives."""

import os
import threading
import time
from pathlib import Path

from lake.ingestion.claims import claimed


def test_a_second_worker_is_told_that_it_is_held(tmp_path: Path) -> None:
    with claimed(tmp_path / "a" / "x.lock") as mine:
        assert mine is not None
        assert mine.is_held()
        with claimed(tmp_path / "a" / "x.lock") as other:
            assert other is None
        with claimed(tmp_path / "a" / "y.lock") as another:
            assert another is not None
    assert not mine.is_held()
    assert list((tmp_path / "a").iterdir()) == []


def test_a_living_workers_lock_stays_its_own_beyond_the_expiry(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with claimed(lock, expiry_s=4) as mine:
        # As if the last heartbeat had been long ago; the next one comes within a second.
        os.utime(lock, (1e9, 1e9))
        deadline = time.monotonic() + 60
        while lock.stat().st_mtime <= 1e9 and time.monotonic() < deadline:
            time.sleep(0.05)
        with claimed(lock, expiry_s=30) as other:
            assert other is None
        assert mine is not None
        assert mine.is_held()


def test_of_many_that_see_a_dead_worker_one_takes_over(tmp_path: Path) -> None:
    for turn in range(20):
        lock = tmp_path / f"{turn}.lock"
        lock.write_text("dead 1 x\n")
        os.utime(lock, (1e9, 1e9))
        holders: list[bool] = []
        start, tried = threading.Barrier(8), threading.Barrier(8)

        def work(
            lock: Path = lock,
            holders: list[bool] = holders,
            start: threading.Barrier = start,
            tried: threading.Barrier = tried,
        ) -> None:
            start.wait()
            with claimed(lock, expiry_s=30) as claim:
                holders.append(claim is not None)
                tried.wait()  # nobody lets it go before all have tried

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(holders) == 1
    assert list(tmp_path.iterdir()) == []


def test_who_slept_too_long_has_lost_it_and_takes_nothing_away(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with claimed(lock, expiry_s=1000) as slow:
        os.utime(lock, (1e9, 1e9))
        with claimed(lock, expiry_s=1) as quick:
            assert quick is not None
            assert slow is not None
            assert not slow.is_held()
            assert quick.is_held()
    with claimed(lock, expiry_s=1000) as first:
        os.utime(lock, (1e9, 1e9))
        second = claimed(lock, expiry_s=1)
        held = second.__enter__()
    assert held is not None
    assert held.is_held(), "the end of the first one's block is not the end of the second's"
    second.__exit__(None, None, None)
    assert first is not None
