"""Quarters of an hour add up to it, and stray as they did lately."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.coherent.quarter_hour_forecasts import split_hours
from models.coherent.quarter_hours import LEAST_DAYS, Numbers, enough, in_parts, own_shares
from models.contracts import QUANTILES

HOURS = np.arange(24)


@pytest.fixture
def random() -> np.random.Generator:
    """Return a generator of the test's own: what other tests draw changes nothing."""
    return np.random.default_rng(4)


def days(random: np.random.Generator, count: int, parts: int = 4) -> Numbers:
    """Return hours with a third of the energy in their last part, each part with its own noise."""
    share = np.r_[np.full(parts - 1, (2 / 3) / (parts - 1)), 1 / 3]
    level = 0.3 + 0.2 * np.sin(HOURS * np.pi / 12)
    noise = random.gamma(2.0, 0.5, (count, 24, parts))
    made: Numbers = level[None, :, None] * share * noise
    return made


def hourly(random: np.random.Generator, recent: Numbers) -> tuple[Numbers, Numbers]:
    """Return a forecast of the hours that is true of days like these."""
    true = days(random, 4_000, recent.shape[2]).sum(axis=2)
    return np.quantile(true, QUANTILES, axis=0).T, true.mean(axis=0)


@pytest.mark.parametrize("parts", [4, 2])
def test_means_add_up_and_four_of_five_quarters_are_between_p10_and_p90(
    random: np.random.Generator, parts: int
) -> None:
    recent = days(random, 28, parts)
    quantiles, mean = hourly(random, recent)
    told, means = in_parts(recent, HOURS, quantiles, mean)
    assert means.sum(axis=1) == pytest.approx(mean)
    assert (np.diff(told, axis=2) >= 0).all()
    true = days(random, 400, parts)
    inside = (true >= told[..., 1]) & (true <= told[..., 5])
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
    # An hour split evenly is far too sure of itself.
    even = (true >= quantiles[:, 1:2] / parts) & (true <= quantiles[:, 5:6] / parts)
    assert even.mean() < inside.mean() - 0.1


def test_an_hour_forecast_twice_as_high_has_quarters_twice_as_high(
    random: np.random.Generator,
) -> None:
    recent = days(random, 28)
    quantiles, mean = hourly(random, recent)
    told, _ = in_parts(recent, HOURS, quantiles, mean)
    more, _ = in_parts(recent, HOURS, 2 * quantiles, 2 * mean)
    assert more == pytest.approx(2 * told)


def test_shares_that_differ_by_chance_alone_are_drawn_to_even_ones(
    random: np.random.Generator,
) -> None:
    even = random.gamma(0.5, 1.0, (28, 24, 4))
    seen = even.sum(axis=0) / even.sum(axis=(0, 2))[:, None]
    assert np.abs(own_shares(even) - 0.25).mean() < 0.5 * np.abs(seen - 0.25).mean()
    assert own_shares(days(random, 28))[:, 3] == pytest.approx(1 / 3, abs=0.08)


def test_a_kettle_in_one_quarter_is_in_its_upper_quantiles_alone() -> None:
    recent = np.full((28, 24, 4), 0.05)
    recent[::5, 7, [0, 3, 1, 3, 2, 3]] = 0.3
    hours = recent.sum(axis=2)
    quantiles = np.quantile(hours, QUANTILES, axis=0).T
    told, _ = in_parts(recent, HOURS, quantiles, hours.mean(axis=0))
    assert told[7, :, 3].max() < 0.07
    assert told[7, :, 6].max() > 0.1
    assert told[18, :, 6].max() < 0.06


@pytest.mark.parametrize("kwh", [0.0, 0.25])
def test_zeros_and_constants_are_split_evenly(kwh: float) -> None:
    recent = np.full((28, 24, 4), kwh)
    told, means = in_parts(recent, HOURS, np.full((24, 7), 4 * kwh), np.full(24, 4 * kwh))
    assert told == pytest.approx(kwh)
    assert means == pytest.approx(kwh)


def test_gaps_are_left_out_and_too_many_are_told(random: np.random.Generator) -> None:
    recent = days(random, 28)
    quantiles, mean = hourly(random, recent)
    recent[3, 5, 2] = np.nan
    recent[10:, 18] = np.nan
    assert enough(recent)
    told, means = in_parts(recent, HOURS, quantiles, mean)
    assert np.isfinite(told).all()
    assert means.sum(axis=1) == pytest.approx(mean)
    recent[LEAST_DAYS - 1 :, 18, 0] = np.nan
    assert not enough(recent)
    assert not enough(np.full((28, 24, 4), np.nan))


def test_the_hours_of_a_series_come_back_as_their_quarters_in_order(
    random: np.random.Generator,
) -> None:
    recent = days(random, 20)
    quantiles, mean = hourly(random, recent)
    first = pd.Timestamp("2025-04-14T10:00")
    starts = first + pd.to_timedelta(np.arange(48), unit="h")
    hour = starts.hour.to_numpy()
    series = {"partner_id": "p", "location_id": "a", "fuel": "elec", "direction": "import",
              "basis": "own_history", "model_version": "m/1"}  # fmt: skip
    told = {f"p{round(q * 100):02d}_kwh": quantiles[hour, n] for n, q in enumerate(QUANTILES)}
    asked = pd.DataFrame(
        {**series, "starts_at": starts, "local_hour": hour, "mean_kwh": mean[hour], **told}
    )
    known = pd.DataFrame(
        [
            (date(2025, 3, 25) + timedelta(days=d), h, *recent[d, h])
            for d in range(20)
            for h in range(24)
        ],
        columns=["local_date", "local_hour", "_q0", "_q1", "_q2", "_q3"],
    )
    found = split_hours(asked.sample(frac=1.0, random_state=1), known)
    assert len(found) == 4 * 48
    assert (found["starts_at"].diff().dropna() == pd.Timedelta(minutes=15)).all()
    assert found["starts_at"].iloc[0] == first
    sums = found["mean_kwh"].to_numpy().reshape(48, 4).sum(axis=1)
    assert sums == pytest.approx(mean[hour])
    assert split_hours(asked, known[known["local_hour"] != 4]).empty
    assert split_hours(asked, known.head(0)).empty
