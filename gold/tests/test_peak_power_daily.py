"""The highest window of a day is what a plain loop over its readings finds."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame

from gold.peak_power_daily import peak_power_daily
from silver.contracts import ENERGY_IN_CONTEXT, PEAK_WINDOWS

pytestmark = pytest.mark.spark
Told = tuple[datetime, int, float]
DAY = ("partner_id", "location_id", "direction", "local_date", "window_minutes")


@pytest.fixture
def peaks(table: Callable[..., Any]) -> Callable[..., dict[tuple[Any, ...], tuple[Any, ...]]]:
    """What the table says of intervals (start, minutes, kWh): peak and its instant, by window."""

    def make(*told: Told, zone: str = "Europe/Copenhagen", **every: Any) -> dict[Any, Any]:
        rows = []
        for start, minutes, kwh in told:
            local = start.astimezone(ZoneInfo(zone))
            rows.append({
                "starts_at": start, "ends_at": start + timedelta(minutes=minutes),
                "resolution": f"PT{minutes}M", "energy_kwh": kwh, "local_date": local.date(),
                "local_month": f"{local:%Y-%m}",
            })  # fmt: skip
        same = {"location_id": "h", "fuel": "elec", "direction": "import", "time_zone": zone}
        found: DataFrame = peak_power_daily(table(ENERGY_IN_CONTEXT, rows, **{**same, **every}))
        return {
            (row.local_date.isoformat(), row.window_minutes, row.direction): (
                pytest.approx(row.peak_kw),
                row.peak_at.astimezone(UTC),
                (row.observed_intervals, row.expected_intervals),
            )
            for row in found.collect()
        }

    return make


def every(minutes: int, start: datetime, energies: list[float]) -> list[Told]:
    return [(start + timedelta(minutes=minutes * n), minutes, e) for n, e in enumerate(energies)]


def plainly(told: list[Told], zone: str) -> dict[Any, Any]:
    """Find the peaks by a loop: windows of the wall clock that the readings fill."""
    found: dict[Any, Any] = {}
    for window in PEAK_WINDOWS:
        cells: dict[datetime, list[Told]] = defaultdict(list)
        for start, minutes, kwh in told:
            if window % minutes == 0:
                local = start.astimezone(ZoneInfo(zone))
                into = timedelta(minutes=(local.hour * 60 + local.minute) % window)
                if into % timedelta(minutes=minutes) == timedelta():
                    cells[start - into].append((start, minutes, kwh))
        for start in sorted(cells):
            if sum(m for _, m, _ in cells[start]) != window:
                continue
            kw = sum(kwh for *_, kwh in cells[start]) * 60 / window
            day = start.astimezone(ZoneInfo(zone)).date().isoformat()
            if kw > found.get((day, window, "import"), (-1,))[0] + 1e-12:
                found[day, window, "import"] = (kw, start)
    return found


@pytest.mark.parametrize("minutes", [6, 10, 15, 30, 60])
@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_every_window_is_what_a_plain_loop_finds(
    peaks: Callable[..., Any], minutes: int, zone: str
) -> None:
    # The clocks of Copenhagen go back on 26 October, those of Lord Howe on 6 April.
    for month, day in ((10, 25), (4, 5)):
        start = datetime(2025, month, day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        energies = [(n * 7919 % 101) / 50 for n in range(2 * 24 * 60 // minutes)]
        told = every(minutes, start, energies)
        del told[9:13]
        found = peaks(*told, zone=zone)
        assert {key: value[:2] for key, value in found.items()} == plainly(told, zone)


def test_a_window_has_a_value_only_where_intervals_that_divide_it_cover_it_whole(
    peaks: Callable[..., Any],
) -> None:
    midnight = datetime(2025, 5, 1, 22, tzinfo=UTC)
    windows = {
        minutes: {window for _, window, _ in peaks((midnight, minutes, 1.0), *more)}
        for minutes, more in {
            60: (),
            30: every(30, midnight + timedelta(minutes=30), [1.0]),
            15: every(15, midnight + timedelta(minutes=15), [1.0] * 3),
            10: every(10, midnight + timedelta(minutes=10), [1.0] * 5),
            6: every(6, midnight + timedelta(minutes=6), [1.0] * 9),
            1440: (),
        }.items()
    }
    assert windows == {
        60: {60}, 30: {30, 60}, 15: {15, 30, 60}, 10: {10, 30, 60}, 6: {6, 30, 60}, 1440: set(),
    }  # fmt: skip
    three_quarters = peaks(*every(15, midnight, [1.0, 3.0, 1.0]))
    assert {window: kw for (_, window, _), (kw, *_) in three_quarters.items()} == {15: 12, 30: 8}


def test_of_equal_peaks_the_first_counts_and_what_was_metered_is_counted(
    peaks: Callable[..., Any],
) -> None:
    autumn = datetime(2025, 10, 25, 22, tzinfo=UTC)  # midnight in Copenhagen; 25 hours
    found = peaks(*every(60, autumn, [1, 2, 2, 2, 1]))
    assert found == {("2025-10-26", 60, "import"): (2.0, autumn + timedelta(hours=1), (5, 25))}


def test_import_that_is_consumption_is_said_under_both_names(peaks: Callable[..., Any]) -> None:
    midnight = datetime(2025, 5, 1, 22, tzinfo=UTC)
    found = peaks((midnight, 60, 3.0), is_consumption=True)
    assert set(found) == {("2025-05-02", 60, "import"), ("2025-05-02", 60, "consumption")}
    export = peaks((midnight, 60, 3.0), direction="export")
    assert set(export) == {("2025-05-02", 60, "export")}
