"""A model whose forecasts are no longer true: told, trained anew or put back, in a registry."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from lake.arrow_rows import arrow_rows
from lake.catalog import catalog
from lake.cli import app
from lake.modelling.monitoring import Drifted, NotWatched, alert, is_due, watch
from lake.modelling.registry import Registry
from lake.modelling.versions import Made
from lake.settings import Settings
from lake.work import BadArguments, Work
from models.contracts import FORECAST_SCORES_DAILY

pytestmark = pytest.mark.slow
CLOCK = datetime(2025, 3, 1, 12, tzinfo=UTC)
LOADER = """
def _load_pyfunc(path): return None
"""


class Nothing:
    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows

    def dumps(self) -> dict[str, bytes]:
        return {"nothing.txt": b""}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake in which load_forecasts has two versions; the second is the champion."""
    settings = Settings(lake=str(tmp_path / "lake"))
    loader = tmp_path / "nothing_loader.py"
    loader.write_text(LOADER)
    registry = Registry(settings)
    for day in (1, 10):
        made = Made({}, {}, CLOCK.replace(month=2, day=day), 1, {}, {}, "A card.",
                    pd.DataFrame({"kwh": [1.0]}), ("pandas",))  # fmt: skip
        version = registry.register("load_forecasts", Nothing(), loader, made)
        registry.promote("load_forecasts", version)
    return settings


def scores(settings: Settings, version: str, *, coverage: float, ratio: float, days: int = 20,
           hours: int = 200, lead: str = "day_ahead") -> None:  # fmt: skip
    """Write the figures of the days before the clock."""
    rows = [
        {"partner_id": partner, "model_version": f"load_forecasts/{version}", "fuel": "elec",
         "direction": "import", "lead": lead, "local_date": CLOCK.date() - timedelta(days=n),
         "homes": 9, "hours": hours, "banded_hours": hours, "banded_coverage": coverage,
         "naive_hours": hours, "naive_mae_kwh": 0.2, "compared_mae_kwh": 0.2 * ratio,
         "hours_14d": hours, "drift": "none", "known_at": CLOCK}
        for n in range(1, days + 1) for partner in ("north", "south")
    ]  # fmt: skip
    table = arrow_rows(FORECAST_SCORES_DAILY, rows)
    write_deltalake(f"{settings.root}/{FORECAST_SCORES_DAILY.path}", table, mode="append")


def test_a_champion_that_has_drifted_is_an_alert_and_due_for_training(settings: Settings) -> None:
    scores(settings, "1", coverage=0.5, ratio=2.0)
    scores(settings, "2", coverage=0.62, ratio=1.2)
    scores(settings, "2", coverage=0.1, ratio=9.0, lead="days_8_to_13")
    seen = watch(settings, catalog(), "load_forecasts", CLOCK)
    assert [(v.version, v.is_champion, v.drift) for v in seen.versions] == [
        ("2", True, "coverage error"), ("1", False, "coverage error")]  # fmt: skip
    figures = seen.versions[0].figures
    assert figures["coverage_14d"] == pytest.approx(0.62)
    assert figures["mae_over_naive_28d"] == pytest.approx(1.2)
    assert (figures["days_14d"], figures["days_28d"], figures["hours_14d"]) == (14, 20, 5_600)
    with pytest.raises(Drifted, match=r"load_forecasts/2 has drifted: elec import: coverage error"):
        alert(seen)
    assert is_due(settings, seen, CLOCK)
    # It was tried on the tenth of February.
    early = CLOCK.replace(month=2, day=16)
    assert not is_due(settings, seen, early)


def test_few_hours_are_no_drift_and_a_version_before_is_nobodys_concern(
    settings: Settings,
) -> None:
    scores(settings, "1", coverage=0.1, ratio=9.0)
    scores(settings, "2", coverage=0.1, ratio=9.0, hours=30)
    seen = watch(settings, catalog(), "models.load_forecasts", CLOCK)
    assert (seen.drifted, str(seen)) == ("", "load_forecasts/2 has not drifted")
    assert alert(seen) is seen
    said = Work(settings).do(["train", "load_forecasts", "--if-drifted", "--day", "2025-03-01"])
    assert said == "load_forecasts/2 has not drifted"


def test_a_task_fails_where_the_champion_has_drifted(settings: Settings) -> None:
    scores(settings, "2", coverage=0.95, ratio=0.5)
    with pytest.raises(Drifted, match=r"coverage \(coverage_14d 0\.95"):
        Work(settings).do(["monitor", "load_forecasts", "--alert", "--day", "2025-03-01"])
    with pytest.raises(BadArguments):
        Work(settings).do(["monitor", "load_forecasts", "--mend", "--day", "2025-03-01"])


def test_by_hand_the_versions_are_listed_and_the_one_before_put_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_LAKE", str(settings.root))
    monkeypatch.setenv("COLUMNS", "200")
    scores(settings, "2", coverage=0.5, ratio=0.5)
    listed = CliRunner().invoke(app, ["monitor", "--day", "2025-03-01"])
    assert listed.exit_code == 0, listed.output
    assert "champion" in listed.output
    assert "0.500" in listed.output
    failed = CliRunner().invoke(
        app, ["monitor", "load_forecasts", "--alert", "--day", "2025-03-01"]
    )
    assert isinstance(failed.exception, Drifted)
    back = CliRunner().invoke(app, ["rollback", "load_forecasts"])
    assert back.output == "load_forecasts/1 of 2025-02-01 is the champion again\n"
    assert CliRunner().invoke(app, ["monitor", "--alert", "--day", "2025-03-01"]).exit_code == 0


def test_without_a_model_there_is_nothing_to_alert(tmp_path: Path) -> None:
    seen = watch(Settings(lake=str(tmp_path)), catalog(), "load_forecasts", CLOCK)
    assert (str(alert(seen)), is_due(Settings(lake=str(tmp_path)), seen, CLOCK)) == (
        "no champion yet", False)  # fmt: skip
    with pytest.raises(NotWatched, match=r"gold\.energy_daily"):
        watch(Settings(lake=str(tmp_path)), catalog(), "gold.energy_daily", CLOCK)


def test_the_days_before_the_clock_count(settings: Settings) -> None:
    scores(settings, "2", coverage=0.1, ratio=9.0)
    before = datetime.combine(CLOCK.date() - timedelta(days=15), datetime.min.time(), UTC)
    seen = watch(settings, catalog(), "load_forecasts", before)
    assert seen.versions[0].figures["days_14d"] == 5
    assert date(2025, 2, 14) == before.date()
