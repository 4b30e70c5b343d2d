"""The rows of one cell, as Spark hands them over -> what each home that borrows is told."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.borrowed.forecasts import told_from_group

FIRST = date(2025, 3, 17)


@pytest.fixture
def random() -> np.random.Generator:
    """Return a generator of the test's own: what other tests draw changes nothing."""
    return np.random.default_rng(8)


def rows(
    random: np.random.Generator, home: str, *, days: int = 28, level: float = 1.0, **what: Any
) -> pd.DataFrame:
    """Return the hours of a home of the last ``days`` before 14 April."""
    dates = [FIRST + timedelta(days=28 - days + d) for d in range(days) for _ in range(24)]
    hours = np.tile(np.arange(24), days)
    kwh = level * (0.5 + (hours >= 18)) * random.gamma(8, 1 / 8, len(hours))
    told = {"partner_id": "p", "location_id": home, "fuel": "elec", "direction": "import",
            "cell": "[]", "basis": None, "time_zone": "UTC", "log_use": np.nan, **what}  # fmt: skip
    return pd.DataFrame({**told, "local_date": dates, "local_hour": hours, "kwh": kwh})


def new(random: np.random.Generator, home: str) -> pd.DataFrame:
    """Return the one row of a home without an hour."""
    one = rows(random, home, days=1, basis="similar_homes").head(1)
    return one.assign(local_date=None, local_hour=np.nan, kwh=np.nan)


def cell(*homes: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([row for home in homes for row in home.to_dict("records")])


@pytest.fixture
def lenders(random: np.random.Generator) -> pd.DataFrame:
    return pd.concat([rows(random, f"h{i}", level=0.5 + 0.1 * i) for i in range(12)])


def test_each_that_borrows_has_48_figures_of_each_kind(
    random: np.random.Generator, lenders: pd.DataFrame
) -> None:
    young = rows(random, "young", days=3, level=6.0, basis="similar_homes")
    told = told_from_group(cell(lenders, young, new(random, "new")))
    told = told.set_index("location_id")
    assert sorted(told.index) == ["new", "young"]
    assert told["basis"].tolist() == ["similar_homes"] * 2
    for column in ("p05_kwh", "p50_kwh", "p95_kwh", "mean_kwh"):
        assert told[column].map(len).tolist() == [48, 48]
    means = told["mean_kwh"].map(np.mean)
    assert means["new"] == pytest.approx(1.05 * 0.75, rel=0.1)
    # Homes whose levels hardly differ say that six times theirs is not to be believed at once.
    assert 2 * means["new"] < means["young"] < 6 * 0.75
    middle = told["p50_kwh"]["new"]
    assert middle[20] > 2 * middle[10]


def test_an_hour_long_ago_and_a_gap_change_nothing(
    random: np.random.Generator, lenders: pd.DataFrame
) -> None:
    old = rows(random, "h0").head(1).assign(local_date=date(2024, 1, 1), kwh=900.0)
    both = cell(lenders, new(random, "new"))
    told, same = (told_from_group(r) for r in (both, cell(old, both)))
    pd.testing.assert_frame_equal(told, same)
    assert len(told_from_group(both.drop(index=both.index[5:400]))) == 1


def test_too_few_that_live_tell_nothing(random: np.random.Generator, lenders: pd.DataFrame) -> None:
    is_dead = lenders["location_id"].isin(["h0", "h1", "h2"])
    dead = lenders.assign(kwh=lenders["kwh"].where(~is_dead, 0.0))
    assert told_from_group(cell(dead, new(random, "new"))).empty
    assert told_from_group(new(random, "new")).empty
