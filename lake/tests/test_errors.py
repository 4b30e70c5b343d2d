"""Errors that pass are tried again, others are said once, in one line."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lake.catalog import UnknownTable
from lake.hops.alone import Busy
from lake.hops.ledger import Ledger
from lake.jobs import Job, Task, load
from lake.outcomes import one_line
from lake.settings import Settings
from lake.streaming import NotStreamed, streamed


@pytest.mark.parametrize(("error", "tries"), [(Busy("another run"), 3), (UnknownTable("t"), 1)])
def test_only_an_error_that_may_pass_is_tried_again(error: Exception, tries: int) -> None:
    tried: list[str] = []

    def work(task: Task) -> Any:
        tried.append(task.key)
        raise error

    (outcome,) = Job("j", (Task("a", ("a",), (), 2, 0),)).run(work)
    assert (outcome.said, len(tried)) == (error, tries)


def test_a_setting_that_is_wrong_is_named_and_never_its_value() -> None:
    with pytest.raises(ValidationError) as error:
        Settings(events_a_batch="secret")  # type: ignore[arg-type]
    assert one_line(error.value).startswith("a setting is wrong: ELIQ_EVENTS_A_BATCH: ")
    assert "secret" not in one_line(error.value)


@pytest.mark.parametrize("table", ["models.load_forecasts", "bronze.rejected"])
def test_a_table_that_no_round_makes_is_not_streamed_to(table: str) -> None:
    with pytest.raises(NotStreamed, match=table):
        streamed(load(Path("jobs.yml"), "daily", {}), table)


def test_a_clock_that_was_ahead_hides_no_later_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(days=3650)

    def recorded(version: int) -> None:
        ledger = Ledger(str(tmp_path))
        ledger.seen("gold.t")
        ledger.record("gold.t", {"silver.s": version}, rule_version=1, rows_written=0, seconds=0)

    with monkeypatch.context() as patched:
        patched.setattr("lake.hops.ledger.datetime", Ahead)
        recorded(1)
    for version in (2, 3):
        recorded(version)
        assert Ledger(str(tmp_path)).seen("gold.t").versions == {"silver.s": version}
