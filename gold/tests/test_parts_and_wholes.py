"""Parts sum to the whole over all clock changes of ten hard time zones, 2010 to 2030."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.energy import in_days, in_months, in_steps
from gold.energy_weekly import energy_weekly
from gold.energy_yearly import energy_yearly
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS

pytestmark = [pytest.mark.spark, pytest.mark.slow]
HALF_HOUR_SHIFT = "Australia/Lord_Howe"
ZONES = (
    "Europe/Stockholm", "Europe/London", "Europe/Lisbon", "America/New_York", HALF_HOUR_SHIFT,
    "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kolkata",
)  # fmt: skip
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The energy of an interval in 1/64 kWh, so that sums are exact; None is a gap.
PATTERN = st.lists(st.none() | st.integers(0, 640), min_size=1, max_size=12)
HOME = st.tuples(st.sampled_from([15, 30, 60, None]), PATTERN)
FIGURES = ("energy_kwh", "observed_intervals", "expected_intervals", "peak_kw", "peak_at")


def changes(zone: ZoneInfo) -> list[datetime]:
    """Return the instants of 2010 to 2030 at which a clock changes, or one where it never does."""
    hours = [datetime(2010, 1, 1, tzinfo=UTC) + n * HOUR for n in range(21 * 8766)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    changed = [h for h, o, before in zip(hours[1:], offsets[1:], offsets, strict=False)
               if o != before]  # fmt: skip
    return changed or [datetime(2024, 2, 29, 12, tzinfo=UTC)]


@dataclass(frozen=True)
class Home:
    name: str
    zone: ZoneInfo
    minutes: int | None
    told: list[tuple[datetime, datetime, float]]

    def midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def rows(self) -> list[dict[str, Any]]:
        length = "PT1H" if self.minutes == 60 else f"PT{self.minutes}M"
        return [
            {
                "location_id": self.name,
                "time_zone": self.zone.key,
                "starts_at": start,
                "ends_at": end,
                "energy_kwh": kwh,
                "resolution": length if self.minutes else "P1D",
                "local_date": start.astimezone(self.zone).date(),
                "local_month": f"{start.astimezone(self.zone):%Y-%m}",
            }
            for start, end, kwh in self.told
        ]

    def expected(self) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """Return the figures of each period, from the intervals and the zone alone."""
        parts: dict[tuple[str, date, date], list[Any]] = defaultdict(list)
        for said in self.told:
            for name, first, after in periods(said[0].astimezone(self.zone).date()):
                parts[(name, first, after)].append(said)
        unit = timedelta(minutes=self.minutes or 1440)
        found = {}
        for (name, first, after), of_period in parts.items():
            length = self.midnight(after) - self.midnight(first)
            power, since = max((kwh / ((e - s) / HOUR), -s.timestamp()) for s, e, kwh in of_period)
            found[(self.name, name, first)] = (
                sum(kwh for *_, kwh in of_period), len(of_period), round(length / unit),
                pytest.approx(power), -since,
            )  # fmt: skip
        return found


def periods(day: date) -> list[tuple[str, date, date]]:
    month, year = day.replace(day=1), day.replace(month=1, day=1)
    monday = day - DAY * day.weekday()
    return [
        ("day", day, day + DAY),
        ("week", monday, monday + 7 * DAY),
        ("month", month, (month + 31 * DAY).replace(day=1)),
        ("year", year, year.replace(year=year.year + 1)),
    ]


def home(name: str, zone: ZoneInfo, change: datetime, said: tuple[int | None, Any]) -> Home:
    """Return a home whose readings begin on the day before a change and end on that after it."""
    minutes, pattern = said
    if zone.key == HALF_HOUR_SHIFT and minutes == 60:
        minutes = 30  # no whole number of hours fills its day
    made = Home(name, zone, minutes, [])
    first = (change - timedelta(seconds=1)).astimezone(zone).date()
    last = change.astimezone(zone).date()
    edges = [made.midnight(first + n * DAY) for n in range((last - first).days + 2)]
    if minutes:
        count = (edges[-1] - edges[0]) // timedelta(minutes=minutes)
        edges = [edges[0] + n * timedelta(minutes=minutes) for n in range(count + 1)]
    for start, end, part in zip(edges, edges[1:], cycle(pattern), strict=False):
        if part is not None and end > start:  # Samoa left out a whole day
            made.told.append((start, end, part / 64))
    return made


@pytest.fixture(scope="module")
def homes(examples: Callable[..., list[Any]]) -> list[Home]:
    at = [(ZoneInfo(zone), change) for zone in ZONES for change in changes(ZoneInfo(zone))]
    said = cycle(examples(HOME, 100))
    return [home(f"h{n}", *where, next(said)) for n, where in enumerate(at)]


def labelled(periods: DataFrame, name: str) -> DataFrame:
    return periods.select(
        "location_id", F.lit(name), "local_date", *FIGURES[:-1], F.unix_seconds("peak_at")
    )


def test_parts_add_up_to_days_weeks_months_and_years(
    table: Callable[..., Any], homes: list[Home]
) -> None:
    same = {"partner_id": "p", "fuel": "elec", "direction": "import"}
    energy = table(ENERGY_IN_CONTEXT, [r for h in homes for r in h.rows()], **same)
    places = table(
        LOCATIONS, [{"location_id": h.name, "time_zone": h.zone.key} for h in homes],
        partner_id="p", country_code="SE",
    )  # fmt: skip
    hours = in_steps(energy, seconds=3600).localCheckpoint()
    days = in_days(hours, energy, places).localCheckpoint()
    months = in_months(days, energy, places)
    made = {
        "day": days,
        "week": energy_weekly(days, places),
        "month": months,
        "year": energy_yearly(months, places),
    }
    rows = reduce(DataFrame.unionAll, (labelled(p, n) for n, p in made.items())).collect()
    found = {tuple(row[:3]): tuple(row[3:]) for row in rows}
    expected = {key: figures for h in homes for key, figures in h.expected().items()}
    assert len(homes) > 250
    assert found == expected
