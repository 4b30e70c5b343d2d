"""Registers that are renamed or fall away, and reads that are some seconds from midnight."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from silver.contracts import LOCATIONS, METER_DAYS, METERS, REGISTER_READS
from silver.register_energy import register_energy

pytestmark = pytest.mark.spark
HOME = {"partner_id": "p", "location_id": "h"}


@pytest.fixture
def energy(table: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Return a maker of the stretches of a meter in UTC+1: ``{register: {instant: reading}}``."""

    def made(registers: Mapping[str, Mapping[str, float]]) -> list[Any]:
        reads = [
            {"register": register, "read_at": f"2025-{at}Z", "reading": reading}
            for register, said in registers.items()
            for at, reading in said.items()
        ]
        meter = {"meter_id": "m", "fuel": "elec", "direction": "import"}
        rows = register_energy(
            table(REGISTER_READS, reads, **HOME, **meter, unit="kWh", last_digit=1.0,
                  source_file="registers/2025-06-01/p/f.csv"),
            table(METER_DAYS, []),
            table(METERS, [meter], **HOME, is_sub_meter=False),
            table(LOCATIONS, [{"time_zone": "Etc/GMT-1"}], **HOME),
        )  # fmt: skip
        return rows.orderBy("starts_at").collect()

    return made


def of_months(readings: Mapping[int, float]) -> dict[str, float]:
    return {f"{month:02}-01T00:00": reading for month, reading in readings.items()}


def told(stretches: list[Any]) -> list[tuple[Any, ...]]:
    return [
        (r.starts_at.astimezone(UTC).month, r.ends_at.astimezone(UTC).month, r.energy_kwh, r.reason)
        for r in stretches
    ]


def test_energy_goes_on_after_registers_were_renamed(energy: Callable[..., Any]) -> None:
    before, after = {1: 10.0, 2: 20.0}, {3: 50.0, 4: 53.0, 5: 57.0}
    named = [("day", before), ("night", before), ("tariff_1", after), ("tariff_2", after)]
    renamed = {name: of_months(readings) for name, readings in named}
    assert told(energy(renamed)) == [
        (1, 2, 20.0, None),
        (2, 3, None, "registers_change"),
        (3, 4, 6.0, None),
        (4, 5, 8.0, None),
    ]
    # One instant tells nothing yet: the registers may be late.
    first = {name: {at: n for at, n in said.items() if at < "04"} for name, said in renamed.items()}
    assert told(energy(first)) == [(1, 2, 20.0, None)]


def test_energy_goes_on_after_a_register_fell_away_but_not_while_it_is_late(
    energy: Callable[..., Any],
) -> None:
    day = of_months({1: 10.0, 2: 20.0, 3: 35.0, 4: 36.0})
    night = of_months({1: 5.0, 2: 6.0})
    assert told(energy({"day": day, "night": night})) == [
        (1, 2, 11.0, None),
        (2, 3, None, "registers_change"),
        (3, 4, 1.0, None),
    ]
    late = night | of_months({5: 9.0})
    assert told(energy({"day": day | of_months({5: 40.0}), "night": late})) == [
        (1, 2, 11.0, None),
        (2, 5, 23.0, None),
    ]


def test_a_register_that_is_new_tells_why_its_first_stretch_has_no_energy(
    energy: Callable[..., Any],
) -> None:
    day = of_months({1: 10.0, 2: 20.0, 3: 35.0})
    assert told(energy({"day": day, "night": of_months({2: 5.0, 3: 6.0})})) == [
        (1, 2, None, "registers_change"),
        (2, 3, 16.0, None),
    ]


def test_reads_some_seconds_from_midnight_make_days(energy: Callable[..., Any]) -> None:
    late = {"02-01T23:00:05": 1.0, "02-02T23:00:40": 2.0, "02-03T22:59:10": 4.0}
    found = energy({"day": late, "night": {at[:-2] + "20": n for at, n in late.items()}})
    assert [(r.starts_at.astimezone(UTC), r.resolution, r.is_counted) for r in found] == [
        (datetime(2025, 2, day, 23, tzinfo=UTC), "P1D", True) for day in (1, 2)
    ]
    assert [r.energy_kwh for r in found] == [2.0, 4.0]


def test_of_several_reads_about_midnight_one_is_of_it(energy: Callable[..., Any]) -> None:
    found = energy({"total": {"02-01T22:59:40": 1.0, "02-01T23:00:10": 2.0, "02-01T23:01:30": 4.0}})
    assert [(f"{r.starts_at.astimezone(UTC):%H:%M:%S}", r.energy_kwh) for r in found] == [
        ("22:59:40", 1.0), ("23:00:00", 2.0)]  # fmt: skip
