"""Day blocks: their count of values on clock-change days, missing values, when they are known."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from samples.instants import local_midnights
from samples.writing import SampleDataError, Series, day_blocks

CLOCK_CHANGES = [
    ("Europe/London", date(2013, 3, 31), 23),
    ("Europe/London", date(2013, 10, 27), 25),
    ("America/Los_Angeles", date(2016, 11, 6), 25),
    ("America/Los_Angeles", date(2017, 3, 12), 23),
    ("Europe/Helsinki", date(2025, 3, 30), 23),
    ("Europe/Helsinki", date(2025, 10, 26), 25),
]


def series(zone: str, *, first: date, days: int, minutes: int) -> Series:
    midnights = local_midnights(zone, first=first, days=days)
    starts = np.arange(midnights[0], midnights[-1], minutes * 60, dtype=np.int64)
    return Series("m-1", "elec", "import", minutes, starts, np.ones(len(starts)))


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize(("zone", "day", "hours"), CLOCK_CHANGES)
def test_a_clock_change_day_has_the_hours_that_it_has(
    zone: str, day: date, hours: int, minutes: int
) -> None:
    meter = series(zone, first=day - timedelta(days=1), days=3, minutes=minutes)
    blocks = [json.loads(line) for line in day_blocks(meter, partner="p", zone=zone)]
    assert [len(block["values"]) * minutes / 60 for block in blocks] == [24, hours, 24]
    assert [block["starts_at"][:19] for block in blocks] == [
        f"{day + timedelta(days=i)}T00:00:00" for i in (-1, 0, 1)
    ]


def test_a_block_is_known_at_six_on_the_next_local_morning() -> None:
    meter = series("Europe/London", first=date(2013, 3, 30), days=1, minutes=30)
    (block,) = (json.loads(line) for line in day_blocks(meter, partner="p", zone="Europe/London"))
    assert block["starts_at"] == "2013-03-30T00:00:00+00:00"
    assert block["known_at"] == "2013-03-31T05:00:00Z"


def test_missing_values_are_null_and_say_so_and_an_empty_day_is_not_sent() -> None:
    meter = series("Europe/London", first=date(2013, 1, 1), days=3, minutes=60)
    meter.energy_kwh[24:48] = np.nan
    meter.energy_kwh[3] = np.nan
    first, last = (
        json.loads(line) for line in day_blocks(meter, partner="p", zone="Europe/London")
    )
    assert first["values"][2:5] == [1.0, None, 1.0]
    assert first["quality"][2:5] == ["measured", "missing", "measured"]
    assert (last["starts_at"], last["quality"]) == ("2013-01-03T00:00:00+00:00", "measured")


def test_starts_beside_the_grid_are_refused() -> None:
    meter = series("Europe/London", first=date(2013, 1, 1), days=1, minutes=60)
    meter.starts[:] += 60
    with pytest.raises(SampleDataError, match="whole 60 minutes"):
        list(day_blocks(meter, partner="p", zone="Europe/London"))
