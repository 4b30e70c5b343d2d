"""What a home draws all the time: seen through peaks and gaps, and not without most of a day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gold.base_load_daily import base_load_daily
from gold.contracts import ENERGY_DAILY, ENERGY_HOURLY

pytestmark = pytest.mark.spark
Make = Callable[..., Any]
MIDNIGHT = datetime(2025, 5, 1, tzinfo=UTC)
SERIES = {
    "location_id": "h",
    "fuel": "elec",
    "direction": "consumption",
    "local_date": "2025-05-01",
}


@pytest.fixture
def base(table: Make) -> Callable[..., Any]:
    """A maker of the base load of a day from its hours (None: not metered)."""

    def make(energy: list[float | None], start: datetime = MIDNIGHT, **every: Any) -> Any:
        hours = [
            {
                "starts_at": start + timedelta(hours=n),
                "ends_at": start + timedelta(hours=n + 1),
                "energy_kwh": kwh,
                "observed_intervals": 4,
            }
            for n, kwh in enumerate(energy)
            if kwh is not None
        ]
        day = {"starts_at": start, "ends_at": start + timedelta(hours=len(energy))}
        told = {**SERIES, "expected_intervals": 4, **every}
        found = base_load_daily(
            table(ENERGY_HOURLY, hours, **told), table(ENERGY_DAILY, [day], **told)
        )
        return found.collect()

    return make


def test_the_base_load_lies_below_what_people_do(base: Callable[..., Any]) -> None:
    quiet: list[float | None] = [0.2] * 8
    (day,) = base([*quiet, *[0.6, 1.4, 0.9, 0.5] * 4])
    assert day.base_load_kw == pytest.approx(0.2)
    assert day.base_load_kwh == pytest.approx(4.8)
    assert day.base_load_share == pytest.approx(4.8 / (1.6 + 4 * 3.4))
    assert (day.observed_hours, day.expected_hours) == (24, 24)


def test_one_odd_hour_does_not_make_it_and_the_time_of_day_does_not_matter(
    base: Callable[..., Any],
) -> None:
    (by_night,) = base([0.0, *[0.3] * 9, *[1.0] * 14])
    (by_day,) = base([*[1.0] * 14, *[0.3] * 9, 0.0])
    assert by_night.base_load_kw == pytest.approx(0.3)
    assert by_day.base_load_kw == by_night.base_load_kw


def test_gaps_are_left_out_until_a_quarter_of_the_day_is_missing(
    base: Callable[..., Any],
) -> None:
    (enough,) = base([*[None] * 6, *[0.3] * 6, *[1.0] * 12])
    assert (enough.base_load_kw, enough.observed_hours) == (pytest.approx(0.3), 18)
    assert enough.base_load_kwh == pytest.approx(0.3 * 24)
    (few,) = base([*[None] * 7, *[0.3] * 5, *[1.0] * 12])
    assert [few.base_load_kw, few.base_load_kwh, few.base_load_share] == [None] * 3
    assert (few.observed_hours, few.expected_hours) == (17, 24)
    # An hour of which a part is missing says nothing of its power.
    assert base([0.3] * 24, expected_intervals=5)[0].observed_hours == 0


def test_a_day_of_25_hours_has_25_and_nothing_used_has_no_share(base: Callable[..., Any]) -> None:
    (long,) = base([0.2] * 25)
    assert (long.base_load_kwh, long.base_load_share) == (pytest.approx(5.0), pytest.approx(1.0))
    (off,) = base([0.0] * 24, fuel="gas", direction="import")
    assert (off.base_load_kw, off.base_load_share) == (0.0, None)
    assert base([0.2] * 24, fuel="district_heating") == []
    assert base([0.2] * 24, direction="export") == []


def test_the_base_load_of_a_day_that_is_flat_but_for_one_hour_is_all_of_it(
    base: Callable[..., Any],
) -> None:
    (flat,) = base([0.0, *[0.223] * 23])
    assert (flat.base_load_kw, flat.base_load_share) == (pytest.approx(0.223), 1.0)


def test_a_day_is_known_when_the_last_of_its_hours_is(table: Make) -> None:
    hours = [
        {
            "starts_at": MIDNIGHT + timedelta(hours=n),
            "ends_at": MIDNIGHT + timedelta(hours=n + 1),
            "energy_kwh": 0.2,
            "known_at": MIDNIGHT + timedelta(days=1, hours=n == 5),
        }
        for n in range(24)
    ]
    day = {"starts_at": MIDNIGHT, "ends_at": MIDNIGHT + timedelta(days=1)}
    (found,) = base_load_daily(
        table(ENERGY_HOURLY, hours, **SERIES), table(ENERGY_DAILY, [day], **SERIES)
    ).collect()
    assert found.known_at.astimezone(UTC) == MIDNIGHT + timedelta(days=1, hours=1)
