"""Energy between reads of registers: differences, roll-over, reset, tariffs, split stretches."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from silver.contracts import LOCATIONS, METER_DAYS, METERS, REGISTER_ENERGY, REGISTER_READS
from silver.register_energy import register_energy
from silver.said_once import lengths_of

pytestmark = pytest.mark.spark
HOME = {"partner_id": "p", "location_id": "home", "fuel": "elec", "direction": "import"}
Told = dict[tuple[str, str, str], tuple[float | None, str | None]]
Reads = dict[str, dict[str, dict[str, float]]]


def frame(
    table: Callable[..., Any],
    reads: Reads,
    *,
    days: list[dict[str, Any]] | None = None,
    **registered: dict[str, Any],
) -> Any:
    """Return the energy of meters: ``{meter: {register: {local day or instant: reading}}}``.

    A register may be ``total@device``.
    """
    rows = [
        {"meter_id": meter, "register": register, "read_at": instant(at), "reading": reading,
         "unit": "m3" if meter == "gas" else "kWh", "quality": "estimated" if reading % 1 else
         "measured", "device": device}
        for meter, registers in reads.items()
        for (register, _, device), said in ((r.partition("@"), s) for r, s in registers.items())
        for at, reading in said.items()
    ]  # fmt: skip
    meters = [{"meter_id": m, "is_sub_meter": False, **registered.get(m, {})} for m in reads]
    return register_energy(
        table(REGISTER_READS, rows, last_digit=1.0, known_at="2025-06-01T00:00Z",
              source_file="registers/2025-06-01/p/f.csv", **HOME),
        table(METER_DAYS, days or [], **HOME),
        table(METERS, meters, **HOME),
        table(LOCATIONS, [{"time_zone": "UTC"}], partner_id="p", location_id="home"),
    )  # fmt: skip


def instant(at: str) -> str:
    """Return an instant of 2025: a month and day, or an hour of it too."""
    return f"2025-{at}:00Z" if "T" in at else f"2025-{at}T00:00Z"


def told(energy: Any) -> Told:
    """Return ``(meter, from, to) -> (energy, reason)``."""

    def day(at: datetime) -> str:
        return at.astimezone(UTC).strftime("%m-%dT%H" if at.astimezone(UTC).hour else "%m-%d")

    rows = energy.collect()
    keys = {(r.meter_id, day(r.starts_at), day(r.ends_at)): r for r in rows}
    assert len(keys) == len(rows)
    return {
        k: (None if r.energy_kwh is None else round(r.energy_kwh, 6), r.reason)
        for k, r in keys.items()
    }


def test_a_drop_is_a_roll_over_or_a_reset_and_costs_its_stretch_alone(
    table: Callable[..., Any],
) -> None:
    total = {
        "plain": {"01-01": 100.0, "02-01": 350.0, "03-01": 350.0},
        "guessed": {"01-01": 99_900.0, "02-01": 150.0, "03-01": 400.0},
        # Far from the end of its digits, or to far beyond it: the counter began anew.
        "reset": {"01-01": 60_000.0, "02-01": 10.0, "03-01": 200.0},
        "jump": {"01-01": 99_900.0, "02-01": 80_000.0},
        "short": {"01-01": 950.0, "02-01": 10.0},
        # The same drop, where so many digits are registered.
        "said": {"01-01": 80_000.0, "02-01": 9_000.0},
        "said_six": {"01-01": 99_900.0, "02-01": 150.0},
        # No home draws that in an hour.
        "hour": {"01-01T00": 99_000.0, "01-01T01": 5.0, "01-01T02": 900.0},
        "gas": {"01-01": 9_990.0, "02-01": 15.0},
    }
    found = frame(
        table, {meter: {"total": reads} for meter, reads in total.items()},
        said={"register_digits": 5}, said_six={"register_digits": 6},
        gas={"fuel": "gas", "kwh_per_m3": 11.0},
    )  # fmt: skip
    first = ("01-01", "02-01")
    assert told(found) == {
        ("plain", *first): (250.0, None),
        ("plain", "02-01", "03-01"): (0.0, None),
        ("guessed", *first): (250.0, None),
        ("guessed", "02-01", "03-01"): (250.0, None),
        ("reset", *first): (None, "register_reset"),
        ("reset", "02-01", "03-01"): (190.0, None),
        ("jump", *first): (None, "register_reset"),
        ("short", *first): (None, "register_reset"),
        ("said", *first): (29_000.0, None),
        ("said_six", *first): (None, "register_reset"),
        ("hour", "01-01", "01-01T01"): (None, "register_reset"),
        ("hour", "01-01T01", "01-01T02"): (None, "more_than_the_fuse"),
        ("gas", *first): (275.0, None),
    }
    rolled = {r.meter_id for r in found.where("is_rolled_over").collect()}
    assert rolled == {"guessed", "said", "gas"}
    assert [r.volume_m3 for r in found.where("volume_m3 IS NOT NULL").collect()] == [25.0]


def test_both_sides_of_an_exchange_at_one_instant_keep_their_energy(
    table: Callable[..., Any],
) -> None:
    old, new = {"01-01": 1000.0, "02-01": 1500.0}, {"02-01": 0.0, "03-01": 800.0}
    found = frame(table, {
        "named": {"total@b": old, "total@a": new},
        "tariffs": {"day@b": old, "night@b": old, "day@a": new, "night@a": new},
        "to_a_total": {"day@b": old, "night@b": old, "total@a": new},
        # Only the last read of the old one was sent.
        "end_only": {"total@b": {"02-01": 1500.0}, "total@a": new},
        # Nobody read the new one at once: what passed until then is not known.
        "gap": {"total@b": old, "total@a": {"02-10": 1600.0, "03-01": 1700.0}},
        "twice": {"total@b": old, "total@a": {"02-01": 0.0, "02-10": 30.0},
                  "total@c": {"02-10": 5.0, "03-01": 12.0}},
        # Sent again with the device, or later without: one register all the same.
        "again": {"total": {"01-01": 1000.0, "02-01": 0.0, "03-01": 800.0, "04-01": 900.0},
                  "total@b": old, "total@a": new},
        "nameless": {"total": {"01-01": 1000.0, "03-01": 1800.0}, "total@a": {"02-01": 1500.0}},
    })  # fmt: skip
    first, then = ("01-01", "02-01"), ("02-01", "03-01")
    assert told(found) == {
        ("named", *first): (500.0, None),
        ("named", *then): (800.0, None),
        ("tariffs", *first): (1000.0, None),
        ("tariffs", *then): (1600.0, None),
        ("to_a_total", *first): (1000.0, None),
        ("to_a_total", *then): (800.0, None),
        ("end_only", *then): (800.0, None),
        ("gap", *first): (500.0, None),
        ("gap", "02-01", "02-10"): (None, "register_reset"),
        ("gap", "02-10", "03-01"): (100.0, None),
        ("twice", *first): (500.0, None),
        ("twice", "02-01", "02-10"): (30.0, None),
        ("twice", "02-10", "03-01"): (7.0, None),
        ("again", *first): (500.0, None),
        ("again", *then): (800.0, None),
        ("again", "03-01", "04-01"): (100.0, None),
        ("nameless", *first): (500.0, None),
        ("nameless", *then): (300.0, None),
    }


def test_tariffs_are_added_up_where_all_are_read_and_never_with_the_total(
    table: Callable[..., Any],
) -> None:
    found = frame(table, {
        "both": {"day": {"01-01": 10.0, "02-01": 30.0}, "night": {"01-01": 5.0, "02-01": 10.0},
                 "total": {"01-01": 15.0, "02-01": 40.0, "03-01": 60.0}},
        # In between only one of them was read: the sum spans it.
        "one_missing": {"day": {"01-01": 10.0, "01-20": 15.0, "02-01": 30.0},
                        "night": {"01-01": 5.0, "02-01": 10.0}},
        # Last only the day was read: no sum, no part of it.
        "late": {"day": {"01-01": 10.0, "02-01": 30.0}, "night": {"01-01": 5.0}},
        # A reset of one tells nothing of the sum, but the total does.
        "helped": {"day": {"01-01": 500.0, "02-01": 3.0}, "night": {"01-01": 5.0, "02-01": 10.0},
                   "total": {"01-01": 500.0, "02-01": 540.0}},
        # A register that begins later tells nothing of the time before.
        "added": {"total": {"01-01": 0.0, "02-01": 20.0, "03-01": 50.0},
                  "day": {"02-01": 0.0, "03-01": 20.0}, "night": {"02-01": 0.0, "03-01": 10.0}},
    })  # fmt: skip
    assert told(found) == {
        ("both", "01-01", "02-01"): (25.0, None),
        ("both", "02-01", "03-01"): (20.0, None),
        ("one_missing", "01-01", "02-01"): (25.0, None),
        ("helped", "01-01", "02-01"): (40.0, None),
        ("added", "01-01", "02-01"): (20.0, None),
        ("added", "02-01", "03-01"): (30.0, None),
    }
    registers = {(r.meter_id, tuple(r.registers)) for r in found.collect()}
    assert ("both", ("day", "night")) in registers
    assert ("helped", ("total",)) in registers


def test_a_stretch_counts_in_the_day_or_month_that_holds_it_and_is_named_by_its_length(
    table: Callable[..., Any],
) -> None:
    total = {
        "month": {"02-01": 0.0, "03-01": 1.0},
        "day": {"02-01": 0.0, "02-02": 0.5},
        "hour": {"02-01T03": 0.0, "02-01T04": 1.0},
        "free": {"02-02": 0.0, "03-03": 1.0},
        "year": {"01-01": 0.0, "12-01": 1.0},
        "over_the_month": {"01-31T12": 0.0, "02-28T12": 1.0},
        "over_midnight": {"02-01T12": 0.0, "02-02T12": 1.0},
        "sub": {"02-01": 0.0, "03-01": 1.0},
        "other_way": {"02-01": 0.0, "03-01": 1.0},
    }
    found = frame(
        table, {meter: {"total": reads} for meter, reads in total.items()},
        sub={"is_sub_meter": True}, other_way={"direction": "export"},
    ).collect()  # fmt: skip
    assert {r.meter_id: (r.resolution, r.is_counted) for r in found} == {
        "month": ("P1M", True),
        "day": ("P1D", True),
        "hour": ("PT1H", True),
        "free": ("PT2505600S", True),
        "year": ("PT28857600S", False),
        "over_the_month": ("PT2419200S", False),
        "over_midnight": ("PT86400S", False),
        "sub": ("P1M", False),
        "other_way": ("P1M", False),
    }
    quality = {r.meter_id: r.quality for r in found}
    assert {m for m, q in quality.items() if q == "estimated"} == {"day"}


def test_a_stretch_of_a_day_that_readings_tell_whole_does_not_count(
    table: Callable[..., Any],
) -> None:
    told_whole = {"meter_id": "m", "local_date": "2025-02-01", "intervals": 24}
    told_in_part = {"meter_id": "m", "local_date": "2025-02-02", "intervals": 20}
    of_hours = {"expected_intervals": 24, "interval_s": 3600, "longest_interval_s": 3600}
    days = [{**day, **of_hours, "is_sub_meter": False} for day in (told_whole, told_in_part)]
    reads = {"02-01": 0.0, "02-02": 1.0, "02-03": 2.0, "02-04": 3.0, "03-05": 4.0}
    found = frame(table, {"m": {"total": reads}}, days=days)
    counted = {(r.starts_at.day, r.is_counted) for r in found.collect()}
    assert counted == {(1, False), (2, True), (3, True), (4, True)}
    of_registers = table(REGISTER_ENERGY, [r.asDict() for r in found.where("is_counted").collect()])
    known = lengths_of(table(METER_DAYS, days, **HOME), of_registers).collect()
    # The days between two reads that are more than a day apart have no length of their own.
    assert {r.local_date.day: (r.shortest, r.longest) for r in known} == {
        1: (3600, 3600), 2: (3600, 86_400), 3: (86_400, 86_400),
    }  # fmt: skip
