"""`lake features` without Spark: which tables there are, how new, what each feature means."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from features.contracts import FEATURE_VALUES_DAILY, HOURLY_LOAD_PROFILE
from lake.arrow_rows import arrow_rows
from lake.catalog import UnknownTable
from lake.cli import app
from lake.contract import Table
from lake.settings import Settings

DAY = date(2025, 3, 30)
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("ELIQ_LAKE", lake.root)

    def asked(*arguments: str) -> list[dict[str, Any]]:
        done = CliRunner().invoke(
            app, ["features", *arguments, "--format", "json"], catch_exceptions=False
        )
        assert done.exit_code == 0
        rows: list[dict[str, Any]] = json.loads(done.output)
        return rows

    return asked


def put(lake: Settings, table: Table, rows: list[dict[str, Any]]) -> None:
    write_deltalake(f"{lake.root}/{table.path}", arrow_rows(table, rows))


def test_an_empty_lake_has_its_declared_tables_without_rows(ask: Ask) -> None:
    found = {row["table"]: row for row in ask()}
    load = found["features.hourly_load_profile"]
    assert (load["rows"], load["delta_version"], load["most_drift"]) == (0, -1, None)
    assert (load["version"], load["owner"]) == (1, "data platform")
    assert "features.feature_values_daily" not in found


def test_a_table_says_how_new_it_is_what_drifts_and_what_each_feature_means(
    ask: Ask, lake: Settings
) -> None:
    at = datetime(2025, 3, 31, tzinfo=UTC)
    told = {"partner_id": "p", "location_id": "a", "local_date": DAY, "local_month": "2025-03"}
    put(lake, HOURLY_LOAD_PROFILE, [{**told, "feature_at": at, "known_at": at}])
    values = {"partner_id": "p", "table_name": "features.hourly_load_profile",
              "feature": "lag_1d_kwh", "total": 100.0}  # fmt: skip
    days = [{**values, "local_date": DAY - timedelta(days=n), "bin": 481, "rows": 200}
            for n in range(1, 20)]  # fmt: skip
    put(lake, FEATURE_VALUES_DAILY, [*days, {**values, "local_date": DAY, "bin": 640, "rows": 199}])
    load = ask()[0]
    assert (load["rows"], load["newest_event"]) == (1, "2025-03-31T00:00:00Z")
    assert (load["drifting"], load["most_drift"]) == (1, "lag_1d_kwh 1.000")
    one = {row["feature"]: row for row in ask("features.hourly_load_profile")}
    lag = one["lag_1d_kwh"]
    assert (lag["unit"], lag["rows"], lag["is_drifting"]) == ("kWh", 199, True)
    assert lag["meaning"] == "Energy in this local hour, 0 days before local_date."
    assert one["days_observed"]["rows"] is None
    of_day = ask("features.hourly_load_profile", "--day", "2025-03-20", "--partner", "p")
    assert next(r for r in of_day if r["feature"] == "lag_1d_kwh")["is_drifting"] is False
    (load, *_), (others, *_) = ask("--partner", "p"), ask("--partner", "q")
    assert [(load["rows"], load["drifting"]), (others["rows"], others["drifting"])] == [
        (1, 1), (0, None),
    ]  # fmt: skip
    nobody = ask("features.hourly_load_profile", "--partner", "q")
    assert all("rows" not in row for row in nobody)


def test_a_table_that_is_none_is_named(ask: Ask) -> None:
    with pytest.raises(UnknownTable, match=r"did you mean features\.hourly_load_profile"):
        ask("hourly_load_profile")
