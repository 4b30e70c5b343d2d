"""A home without a week of readings is told from homes like it, and knows how little it knows."""

import numpy as np
import pytest

from models.borrowed.profile import DAYS, Group, Numbers, group_of
from models.contracts import QUANTILES

WEEKEND = np.arange(DAYS) % 7 >= 5
SHAPE = 1 + 0.6 * np.sin(np.arange(24) * np.pi / 12)


@pytest.fixture
def random() -> np.random.Generator:
    """Return a generator of the test's own: what other tests draw changes nothing."""
    return np.random.default_rng(11)


def homes(
    random: np.random.Generator, count: int, days: int = DAYS, *, spread: float = 0.6
) -> Numbers:
    """Return hours of homes alike in shape, whose levels differ by factors, and noise."""
    levels = np.exp(random.normal(-1.0, spread, count))[:, None, None]
    noise = random.gamma(4, 0.25, (count, days, 24))
    made: Numbers = levels * SHAPE * noise
    return made


def nothing(count: int) -> Numbers:
    return np.full(count, np.nan)


@pytest.fixture(scope="module")
def group() -> Group:
    found = group_of(homes(np.random.default_rng(10), 40), WEEKEND, log_use=nothing(40))
    assert found
    return found


@pytest.mark.parametrize("days", [0, 1, 3, 6])
def test_four_of_five_hours_of_new_homes_are_between_p10_and_p90(
    random: np.random.Generator, group: Group, days: int
) -> None:
    new = homes(random, 200, 28)
    told, after = new[:, 14 - days : 14], new[:, 14:]
    inside = []
    for own, true in zip(told, after, strict=True):
        around = group.quantiles(group.mean(own, WEEKEND[14 - days : 14]), days=days)
        band = around[WEEKEND[14:].astype(int)]
        inside.append(((true >= band[..., 1]) & (true <= band[..., 5])).mean())
    # Forty homes tell the spread of their levels no better than this.
    assert np.mean(inside) == pytest.approx(0.8, abs=0.07 if days == 0 else 0.04)


def test_own_days_move_the_level_the_more_of_them_there_are(group: Group) -> None:
    far = 4.0 * SHAPE * np.ones((6, 24))
    levels = [group.mean(far[:days], WEEKEND[:days]).mean() for days in (0, 1, 6)]
    assert levels[0] < 1.0 < levels[1] < levels[2] < 4.1
    widths = [group.quantiles(group.mean(far[:d], WEEKEND[:d]), days=d) for d in (0, 6)]
    relative = [(w[..., 5] - w[..., 1]).sum() / w[..., 3].sum() for w in widths]
    assert relative[1] < relative[0]


def test_a_profile_that_tells_twice_the_use_doubles_what_is_told_without_days(
    random: np.random.Generator,
) -> None:
    use = np.log(random.uniform(1_000, 8_000, 30))
    kwh = np.exp(use)[:, None, None] / 8_760 * SHAPE * random.gamma(8, 1 / 8, (30, DAYS, 24))
    found = group_of(kwh, WEEKEND, log_use=use)
    assert found
    small, large = (
        found.mean(np.empty((0, 24)), np.empty(0, dtype=bool), log_use=np.log(kwh)).mean()
        for kwh in (2_000.0, 4_000.0)
    )
    assert large == pytest.approx(2 * small)
    assert small == pytest.approx(2_000 / 8_760, rel=0.1)
    # The level being told, less is left to be unsure of.
    unsure = group_of(kwh, WEEKEND, log_use=nothing(30))
    assert unsure
    assert np.ptp(found.spread[0, 12]) < 0.7 * np.ptp(unsure.spread[0, 12])


def test_no_home_is_more_than_a_fifth_of_an_hour(random: np.random.Generator) -> None:
    kwh = homes(random, 10)
    kwh[3, :, 2] = 50.0
    without = np.delete(kwh, 3, axis=0)
    found, others = (group_of(k, WEEKEND, log_use=nothing(len(k))) for k in (kwh, without))
    assert found
    assert others
    # Ten homes: one at most as much as a quarter of the nine others.
    assert found.shape[0, 2] <= 1.26 * 0.9 * others.shape[0, 2]
    # Fewer than twenty: no hour's spread is of that hour alone.
    assert (found.spread == found.spread[:, :1]).all()


def test_no_home_is_more_than_a_fifth_of_the_level(random: np.random.Generator) -> None:
    kwh = homes(random, 20)
    kwh[3] *= 1000
    without = np.delete(kwh, 3, axis=0)
    found, others = (group_of(k, WEEKEND, log_use=nothing(len(k))) for k in (kwh, without))
    assert found
    assert others
    own = np.zeros((0, 24)), np.zeros(0, dtype=bool)
    assert found.mean(*own).mean() <= 1.26 * others.mean(*own).mean()


@pytest.mark.parametrize(
    "own",
    [
        np.zeros((3, 24)),
        np.full((3, 24), 0.25),
        np.full((3, 24), np.nan),
        np.where(np.arange(24) == 7, 0.4, np.nan)[None],
        np.full((2, 24), 1e6),
    ],
    ids=["zeros", "constant", "gaps", "one reading", "impossible"],
)
def test_whatever_came_first_the_quantiles_are_finite_and_do_not_cross(
    group: Group, own: Numbers
) -> None:
    mean = group.mean(own, WEEKEND[: len(own)], log_use=-np.inf)
    around = group.quantiles(mean, days=3)
    assert np.isfinite(around).all()
    assert (np.diff(around, axis=2) >= 0).all()
    assert around.shape == (2, 24, len(QUANTILES))
    assert 0 <= mean.min() <= mean.max() < 100


def test_homes_that_are_dead_or_gone_do_not_count(random: np.random.Generator) -> None:
    kwh = homes(random, 11)
    kwh[0], kwh[1, 14:] = 0.0, np.nan
    assert group_of(kwh, WEEKEND, log_use=nothing(11), least=10) is None
    assert group_of(kwh, WEEKEND, log_use=nothing(11), least=9)


def test_panels_make_nothing_at_night(random: np.random.Generator) -> None:
    sun = np.maximum(np.sin((np.arange(24) - 6) * np.pi / 12), 0.0)
    found = group_of(homes(random, 25) / SHAPE * sun, WEEKEND, log_use=nothing(25))
    assert found
    mean = found.mean(np.empty((0, 24)), np.empty(0, dtype=bool))
    around = found.quantiles(mean, days=0)
    assert around[:, sun < 1e-9].max() < 1e-12
    assert (around[:, 12, 5] > around[:, 12, 1]).all()
