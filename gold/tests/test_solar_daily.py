"""What a home does with what its roof makes: shares over hours in which all is known."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gold.contracts import ENERGY_DAILY, ENERGY_HOURLY
from gold.solar_daily import solar_daily

pytestmark = pytest.mark.spark
START = datetime(2025, 5, 1, tzinfo=UTC)
DAY = {"partner_id": "p", "fuel": "elec", "local_date": "2025-05-01", "local_month": "2025-05"}
WAYS = ("production", "export", "import", "consumption")


def hours_of(home: str, *told: tuple[float | None, ...], price: float | None = 0.5) -> Any:
    """Return rows of hours told as production, export, import, consumption."""
    return [
        {
            "location_id": home, "direction": way, "energy_kwh": kwh,
            "starts_at": START + timedelta(hours=n), "ends_at": START + timedelta(hours=n + 1),
            "observed_intervals": 1, "expected_intervals": 1,
            "cost": None if price is None else kwh * price,
            "currency": None if price is None else "DKK",
        }
        for n, values in enumerate(told)
        for way, kwh in zip(WAYS, values, strict=True)
        if kwh is not None
    ]  # fmt: skip


def days_of(homes: list[str]) -> Any:
    end = START + timedelta(days=1)
    return [{"location_id": h, "direction": "production", "starts_at": START, "ends_at": end}
            for h in homes]  # fmt: skip


def made(table: Callable[..., Any], homes: dict[str, Any]) -> dict[str, Any]:
    rows = [row for of_home in homes.values() for row in of_home]
    hourly, daily = (
        table(ENERGY_HOURLY, rows, **DAY),
        table(ENERGY_DAILY, days_of(list(homes)), **DAY),
    )
    return {r.location_id: r for r in solar_daily(hourly, daily).collect()}


def test_only_hours_count_in_which_all_is_known(table: Callable[..., Any]) -> None:
    half = hours_of("half", (4.0, 1.0, 0.0, 3.0), (2.0, 1.0, 0.0, 1.0))
    half[4]["expected_intervals"] = 4  # production of the second hour
    found = made(table, {
        "whole": hours_of("whole", (4.0, 1.0, 0.0, 3.0), (0.0, 0.0, 1.0, 1.0)),
        # Export has a gap in the second hour, so consumption is not derived there either.
        "gap": hours_of("gap", (4.0, 1.0, 0.0, 3.0), (9.0, None, 0.0, None)),
        "half": half,
        "no export": hours_of("no export", (4.0, None, 1.0, 5.0)),
        "metered": hours_of("metered", (4.0, 1.0, 2.0, None)),
        "dark": hours_of("dark", (0.0, 0.0, 2.0, 2.0)),
        "unpriced": hours_of("unpriced", (4.0, 1.0, 0.0, 3.0), price=None),
        "two currencies": [
            *hours_of("two currencies", (4.0, 1.0, 0.0, 3.0)),
            *(row | {"currency": "EUR", "starts_at": START + timedelta(hours=1)}
              for row in hours_of("two currencies", (4.0, 1.0, 0.0, 3.0))),
        ],
        "battery": hours_of("battery", (1.0, 2.0, 0.0, 0.0)),
        "unknown": [],
    })  # fmt: skip
    sums = {
        home: (r.production_kwh, r.self_consumed_kwh, r.self_consumption_share,
               r.self_sufficiency_share, r.savings, r.observed_hours)
        for home, r in found.items()
    }  # fmt: skip
    assert sums == {
        "whole": (4.0, 3.0, 0.75, 0.75, 1.5, 2),
        "gap": (4.0, 3.0, 0.75, 1.0, 1.5, 1),
        "half": (4.0, 3.0, 0.75, 1.0, 1.5, 1),
        "no export": (4.0, 4.0, 1.0, 0.8, 2.0, 1),
        "metered": (4.0, 3.0, 0.75, 0.6, 1.5, 1),
        "dark": (0.0, 0.0, None, 0.0, 0.0, 1),
        "unpriced": (4.0, 3.0, 0.75, 1.0, None, 1),
        "two currencies": (8.0, 6.0, 0.75, 1.0, None, 2),
        "battery": (1.0, 0.0, 0.0, None, -0.5, 1),
        "unknown": (None, None, None, None, None, 0),
    }
    assert {r.expected_hours for r in found.values()} == {24}
    assert (found["whole"].currency, found["unpriced"].currency) == ("DKK", None)


def test_a_home_without_metered_production_has_no_day(table: Callable[..., Any]) -> None:
    day = days_of(["flat"])[0]
    hourly = table(ENERGY_HOURLY, hours_of("flat", (None, None, 1.0, 1.0)), **DAY)
    others = table(ENERGY_DAILY, [day | {"direction": "import"}, day | {"fuel": "gas"}], **DAY)
    assert solar_daily(hourly, others).collect() == []


def test_energy_is_in_balance_and_shares_are_shares_of_any_home(table: Callable[..., Any]) -> None:
    chance = random.Random(2025)
    homes = {}
    for n in range(40):
        told: list[tuple[float | None, ...]] = []
        for _ in range(24):
            produced, used = chance.choice([0.0, chance.uniform(0, 5)]), chance.uniform(0, 4)
            net = used - produced
            hour: list[float | None] = [produced, max(-net, 0.0), max(net, 0.0), used]
            # Metered, derived, or with a gap in any of the four.
            if n % 3:
                hour[chance.randrange(4)] = None
            told.append(tuple(hour))
        homes[f"h{n}"] = hours_of(f"h{n}", *told)
    for r in made(table, homes).values():
        assert r.observed_hours
        balance = r.import_kwh + r.production_kwh - r.export_kwh
        assert balance == pytest.approx(r.consumption_kwh, abs=1e-9)
        assert 0 <= r.self_consumption_share <= 1
        assert 0 <= r.self_sufficiency_share <= 1
        assert r.self_consumed_kwh <= r.consumption_kwh + 1e-9
