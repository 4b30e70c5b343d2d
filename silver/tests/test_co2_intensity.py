"""Carbon intensities are judged as prices are, and share their grid."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import functions as F

from bronze.contracts import CO2_INTENSITY as AS_SENT
from lake.hops.quarantine import REASONS
from lake.local_clock import is_uneven
from silver.co2_intensity import co2_intensity
from silver.contracts import CO2_INTENSITY, ENERGY_IN_CONTEXT, LOCATIONS, SPOT_PRICES
from silver.zone_grid import of_its_zone, zone_grid, zones_of

pytestmark = pytest.mark.spark
AT = "2025-05-01T{}:00+00:00"


def test_units_become_kg_per_kwh_and_what_cannot_be_true_has_a_reason(
    table: Callable[..., Any],
) -> None:
    told = [
        ("200", "g/kWh", 0.2, []),
        ("0.2", "KG/kWh", 0.2, []),
        ("200", "kg/MWh", 0.2, []),
        ("0.2", "t/MWh", 0.2, []),
        ("0", "g/kWh", 0.0, []),
        ("200", "kg/kWh", 200.0, ["implausible"]),
        ("-1", "g/kWh", -0.001, ["negative"]),
        ("much", "g/kWh", None, ["not_a_number"]),
        ("200", "lb/MWh", None, ["unknown_unit"]),
    ]
    rows = [
        {"co2": co2, "unit": unit, "source_line": line} for line, (co2, unit, *_) in enumerate(told)
    ]
    sent = table(AS_SENT, rows, price_zone="Z", starts_at="2025-05-01T00:00Z", resolution="PT15M")
    found = sorted(co2_intensity(sent).collect(), key=lambda r: r.source_line)
    assert [(r.co2_kg_per_kwh, r[REASONS]) for r in found] == [
        (pytest.approx(kg) if kg is not None else None, why) for *_, kg, why in told
    ]
    assert {(r.resolution, r.ends_at.minute - r.starts_at.minute) for r in found} == {("PT15M", 15)}


def test_price_and_intensity_are_joined_by_containment_each_where_it_is_known(
    table: Callable[..., Any],
) -> None:
    def of(start: str, end: str, **more: Any) -> dict[str, Any]:
        return {"starts_at": AT.format(start), "ends_at": AT.format(end), **more}

    prices = table(SPOT_PRICES, [
        of("00:00", "01:00", price_per_kwh=0.5), of("03:00", "03:45", price_per_kwh=0.5),
        of("04:00", "05:00", price_per_kwh=0.5),
        of("04:15", "04:30", price_per_kwh=0.1, currency="EUR"),
    ], price_zone="Z", currency="DKK")  # fmt: skip
    intensities = table(CO2_INTENSITY, [
        of("00:00", "01:00", co2_kg_per_kwh=0.2), of("00:15", "00:30", co2_kg_per_kwh=0.6),
        of("01:00", "02:00", co2_kg_per_kwh=0.4), of("03:30", "04:00", co2_kg_per_kwh=0.4),
    ], price_zone="Z")  # fmt: skip
    zones = zones_of(table(LOCATIONS, [{"price_zone": "Z", "time_zone": "UTC"}]))
    told = [
        (of("00:00", "00:15", fuel="elec"), (0.5, "DKK", 0.2)),
        (of("00:15", "00:30", fuel="elec"), (0.5, "DKK", 0.6)),
        (of("00:00", "01:00", fuel="elec"), (0.5, "DKK", 0.3)),
        # Neither is that of gas or heat, which nobody buys there.
        (of("00:00", "01:00", fuel="gas"), (None, None, None)),
        (of("00:00", "01:00", fuel="district_heating"), (None, None, None)),
        (of("01:00", "02:00", fuel="elec"), (None, None, 0.4)),
        (of("02:00", "03:00", fuel="elec"), (None, None, None)),
        # What is known of a part is not known of the whole; two currencies have no mean.
        (of("03:00", "04:00", fuel="elec"), (None, None, None)),
        (of("03:00", "03:30", fuel="elec"), (0.5, "DKK", None)),
        (of("03:30", "04:00", fuel="elec"), (None, None, 0.4)),
        (of("04:00", "05:00", fuel="elec"), (None, None, None)),
        (of("04:15", "04:30", fuel="elec"), (0.1, "EUR", None)),
    ]
    rows = table(ENERGY_IN_CONTEXT, [row for row, _ in told])
    plain = rows.drop("price_per_kwh", "currency", "co2_kg_per_kwh")
    energy = plain.crossJoin(zones).withColumn("_is_off", F.lit(False))
    found = of_its_zone(energy, zone_grid(prices, intensities, zones)).collect()

    def key(start: str, end: str, fuel: str) -> tuple[str, str, str]:
        return start[11:16], end[11:16], fuel

    wanted = {key(r["starts_at"], r["ends_at"], r["fuel"]): says for r, says in told}
    got = {
        key(r.starts_at.isoformat(), r.ends_at.isoformat(), r.fuel): (
            r.price_per_kwh, r.currency, r.co2_kg_per_kwh
        )
        for r in found
    }  # fmt: skip
    assert {k: tuple(v) for k, v in got.items()} == {
        k: tuple(pytest.approx(x) if isinstance(x, float) else x for x in v)
        for k, v in wanted.items()
    }


def test_hours_of_clocks_off_that_of_utc_have_the_mean_of_their_quarters(
    table: Callable[..., Any],
) -> None:
    prices = [(0, 1.0), (1, 2.0), (2, 6.0)]
    prices = table(SPOT_PRICES, [
        {"starts_at": AT.format(f"0{hour}:00"), "ends_at": AT.format(f"0{hour + 1}:00"),
         "price_per_kwh": price}
        for hour, price in prices
    ], price_zone="Z", currency="EUR")  # fmt: skip
    told: dict[str, dict[tuple[str, str], float | None]] = {
        # By the hour and half hour of UTC, as everywhere.
        "Europe/London": {
            ("00:00", "01:00"): 1.0, ("00:30", "01:00"): 1.0, ("00:30", "01:30"): None,
        },
        "Asia/Kolkata": {
            ("00:30", "01:30"): 1.5, ("01:30", "02:30"): 4.0, ("01:30", "02:00"): 2.0,
            # Of a part there is no price.
            ("02:30", "03:30"): None,
        },
        "America/St_Johns": {("00:30", "01:30"): 1.5},
        # Halves and hours begin at quarters of UTC; what is shorter lies in them, as everywhere.
        "Asia/Kathmandu": {
            ("00:15", "01:15"): 1.25, ("00:45", "01:15"): 1.5, ("00:45", "01:00"): 1.0,
            ("00:25", "00:35"): 1.0,
        },
        # Half of the year it is half an hour off.
        "Australia/Lord_Howe": {("00:30", "01:30"): 1.5, ("00:00", "01:00"): 1.0},
    }  # fmt: skip
    for clock, intervals in told.items():
        zones = zones_of(table(LOCATIONS, [{"price_zone": "Z", "time_zone": clock}]))
        rows = [
            {"starts_at": AT.format(start), "ends_at": AT.format(end)} for start, end in intervals
        ]
        told_here = table(ENERGY_IN_CONTEXT, rows, time_zone=clock)
        plain = told_here.drop("price_per_kwh", "currency", "co2_kg_per_kwh")
        energy = plain.withColumn("_is_off", is_uneven(3600))
        grid = zone_grid(prices, table(CO2_INTENSITY, []), zones)
        found = of_its_zone(energy.crossJoin(zones), grid).collect()
        got = {
            (f"{r.starts_at:%H:%M}", f"{r.ends_at:%H:%M}"): r.price_per_kwh for r in found
        }  # fmt: skip
        assert (clock, got) == (clock, intervals)
