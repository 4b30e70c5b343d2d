"""A group is near, never holds the home itself, and tells of no single home."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gold.contracts import LARGEST_SHARE, SMALLEST_GROUP
from models.contracts import DECILES, DECILES_FROM, LARGEST_GROUP, decile_column
from models.similar.neighbours import COMPARED, PROFILE, SHAPE, compared, group_size, undominated


def cell(energy: Any, **features: Any) -> pd.DataFrame:
    """Return a cell of homes that all ask, alike but for what is given."""
    rows = len(energy)
    same = dict.fromkeys((*PROFILE, *SHAPE), 1.0)
    return pd.DataFrame(
        {"location_id": [f"h{n}" for n in range(rows)], "energy_kwh": energy, "is_asking": True}
        | same
        | features
    )


def test_the_home_itself_is_never_in_its_group() -> None:
    found = compared(cell([*[100.0] * 10, 150.0])).set_index("location_id")
    assert list(found["contributors"]) == [10] * 11
    assert found.loc["h10", "mean_kwh"] == 100.0
    assert found.loc["h0", "mean_kwh"] == 105.0


@pytest.mark.parametrize(("others", "told"), [(SMALLEST_GROUP - 1, 0), (SMALLEST_GROUP, 11)])
def test_a_group_below_the_smallest_is_not_told(others: int, told: int) -> None:
    found = compared(cell([100.0] * (others + 1)))
    assert len(found) == told
    assert list(found.columns) == ["location_id", *COMPARED]


def test_no_home_is_over_a_fifth_of_the_group() -> None:
    mill = cell([100.0] * 30 + [5_000.0], living_area_m2=[100.0] * 30 + [100.0])
    found = compared(mill).set_index("location_id")
    assert found.loc["h0", "mean_kwh"] == 100.0
    rng = np.random.default_rng(1)
    for _ in range(200):
        kept = undominated(rng.lognormal(0, 3, rng.integers(1, 40)))
        assert not len(kept) or kept.max() <= LARGEST_SHARE * kept.sum()


def test_dropping_a_mill_from_ten_leaves_too_few() -> None:
    assert "h0" not in set(compared(cell([100.0] * 10 + [5_000.0]))["location_id"])


def test_the_nearest_by_profile_are_taken() -> None:
    small, large = [60.0] * 40, [200.0] * 40
    homes = cell([100.0] * 40 + [300.0] * 40, living_area_m2=small + large)
    found = compared(homes)
    assert list(found["contributors"]) == [group_size(79)] * 80
    assert list(found["mean_kwh"]) == [100.0] * 40 + [300.0] * 40


def test_a_group_is_not_chosen_by_how_much_its_homes_use() -> None:
    rng = np.random.default_rng(2)
    shape = {name: rng.normal(size=60) for name in (*PROFILE, *SHAPE)}
    homes = cell(rng.lognormal(5, 0.5, 60), **shape)
    less = homes.assign(energy_kwh=homes["energy_kwh"] * np.where(homes.index == 7, 0.5, 1.0))
    found, moved = (compared(c).set_index("location_id").loc[["h7"]] for c in (homes, less))
    own = "own_decile"
    pd.testing.assert_frame_equal(found.drop(columns=own), moved.drop(columns=own))
    assert moved[own].item() <= found[own].item()


def test_deciles_are_in_order_and_told_of_large_groups_alone() -> None:
    rng = np.random.default_rng(3)
    columns = [decile_column(d) for d in DECILES]
    large = compared(cell(rng.lognormal(5, 0.4, 200))).iloc[0]
    assert large["contributors"] >= DECILES_FROM
    assert (np.diff(large[columns].to_numpy(dtype=float)) >= 0).all()
    assert large["efficient_kwh"] < large["p20_kwh"]
    small = compared(cell(rng.lognormal(5, 0.2, 12))).iloc[0]
    assert small["contributors"] < DECILES_FROM
    assert list(small[columns].dropna().index) == ["p50_kwh"]
    assert np.isnan(small["efficient_kwh"])


@pytest.mark.parametrize("kwh", [0.0, 250.0])
def test_equal_homes_are_in_the_first_tenth(kwh: float) -> None:
    found = compared(cell([kwh] * 12))
    assert list(found["mean_kwh"]) == [kwh] * 12
    assert set(found["own_decile"]) == {1}


def test_the_own_decile_counts_those_that_use_less() -> None:
    found = compared(cell([float(n + 50) for n in range(11)])).set_index("location_id")
    assert list(found["own_decile"]) == [1, 1, 2, 3, 4, 5, 7, 8, 9, 10, 10]


def test_the_own_decile_is_the_place_among_the_deciles_that_are_told() -> None:
    rng = np.random.default_rng(4)
    # Rounded, so that some use as much as a decile does.
    homes = cell(rng.lognormal(3, 0.4, 300).round())
    found = compared(homes)
    deciles = found[[decile_column(d) for d in DECILES]]
    below = deciles.lt(homes["energy_kwh"], axis=0).sum(axis=1)
    assert list(found["own_decile"]) == list(below + 1)
    assert set(found["own_decile"]) == set(range(1, 11))


def test_what_is_not_known_of_a_home_does_not_set_it_apart() -> None:
    unknown = cell([100.0] * 30, living_area_m2=np.nan, persons=[np.nan, *[3.0] * 29])
    assert len(compared(unknown)) == 30
    wild = cell([100.0] * 30, living_area_m2=[-5.0, 1e9, *[90.0] * 28], persons=[1e6, *[2.0] * 29])
    assert np.isfinite(compared(wild)["mean_kwh"]).all()


def test_groups_grow_slower_than_cells_and_end() -> None:
    sizes = [group_size(n) for n in (9, 10, 40, 90, 1_000, 1_000_000)]
    assert sizes == [9, 10, 20, 30, 100, LARGEST_GROUP]


def test_only_those_that_ask_are_answered_and_an_empty_cell_has_no_row() -> None:
    homes = cell([100.0] * 12)
    assert list(compared(homes.assign(is_asking=homes.index == 3))["location_id"]) == ["h3"]
    assert compared(homes.head(0)).empty
    assert compared(homes.head(1)).empty
