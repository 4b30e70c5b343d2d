"""A day costs what a plain computation, one interval after the other, says."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame

from gold.average_prices import average_prices
from gold.cost_daily import cost_daily
from gold.cost_monthly import cost_monthly
from gold.energy import in_days, in_months, in_steps
from gold.peak_power_daily import peak_power_daily
from gold.tests.plain_costs import (
    Interval,
    daily_costs,
    element,
    intervals,
    period,
    tariff,
)
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS, TARIFFS

pytestmark = pytest.mark.spark
CPH = "Europe/Copenhagen"
TIME_OF_USE = element("time_of_use", periods=[
    period(17 * 60, 21 * 60, 0.9, weekdays=[1, 2, 3, 4, 5], months=[1, 2, 3, 10, 11, 12]),
    period(22 * 60, 3 * 60, 0.1, weekdays=[5, 6]),
    period(60, 3 * 60, 0.2),
    period(0, 24 * 60, 0.4),
])  # fmt: skip
ALL = (
    element("standing_charge", amount=31.0, per="month"),
    element("standing_charge", amount=0.5, per="day"),
    element("fixed", price_per_kwh=0.7),
    element("spot", multiplier=1.1, surcharge_per_kwh=0.05),
    TIME_OF_USE,
)


def local(text: str, zone: str = CPH) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.fixture
def costs(table: Callable[..., Any]) -> Callable[..., dict[str, DataFrame]]:
    """What the tables of costs make of intervals of one home and its tariffs."""

    def make(
        told: list[Interval], *tariffs: dict[str, Any], zone: str = CPH, country: str | None = "DK",
        **every: Any,
    ) -> dict[str, DataFrame]:  # fmt: skip
        rows = [
            {
                "starts_at": at, "ends_at": at + timedelta(minutes=minutes), "energy_kwh": kwh,
                "price_per_kwh": spot, "local_date": at.astimezone(ZoneInfo(zone)).date(),
                "local_month": f"{at.astimezone(ZoneInfo(zone)):%Y-%m}",
                "resolution": "P1D" if minutes > 1200 else f"PT{minutes}M",
            }
            for at, minutes, kwh, spot in told
        ]  # fmt: skip
        home = {"partner_id": "p", "location_id": "h"}
        same = {"fuel": "elec", "direction": "import", "time_zone": zone, "currency": "DKK"}
        energy = table(ENERGY_IN_CONTEXT, rows, **{**home, **same, **every})
        paid = table(TARIFFS, list(tariffs), **home)
        homes = table(LOCATIONS, [{"country_code": country, "time_zone": zone}], **home)
        days = in_days(in_steps(energy, seconds=3600), energy, homes)
        daily = cost_daily(days, energy, paid, homes)
        months = in_months(days, energy, homes)
        monthly = cost_monthly(daily, months, peak_power_daily(energy), paid)
        return {"daily": daily, "monthly": monthly}

    return make


def net(found: DataFrame) -> dict[tuple[str, str], Any]:
    return {(r.local_date.isoformat(), r.element): r.net_amount for r in found.collect()}


@pytest.mark.parametrize(
    ("zone", "start", "end", "minutes"),
    [
        (CPH, "2025-03-28", "2025-04-01", 60),
        (CPH, "2025-10-24", "2025-10-28", 15),
        ("America/New_York", "2025-10-31", "2025-11-04", 30),
        ("Australia/Lord_Howe", "2025-04-04", "2025-04-08", 30),
    ],
)
def test_a_clock_change_is_priced_by_the_wall_clock(
    costs: Callable[..., dict[str, DataFrame]], zone: str, start: str, end: str, minutes: int
) -> None:
    told = intervals(local(start, zone), local(end, zone), minutes, lambda n: 0.1 + n % 7 / 10)
    found = net(costs(told, tariff(*ALL), zone=zone)["daily"])
    assert found == pytest.approx(daily_costs(told, zone, [tariff(*ALL)]))


def test_elements_add_up_to_the_total_and_the_tax_to_the_whole(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    told = intervals(local("2025-10-24"), local("2025-10-28"), 60, lambda n: 1 + n % 3)
    found = costs(told, tariff(*ALL))
    total = 1.25 * sum(daily_costs(told, CPH, [tariff(*ALL)]).values())
    for rows in (found["daily"].collect(), found["monthly"].collect()):
        assert sum(r.total_amount for r in rows) == pytest.approx(total)
        assert all(r.vat_amount == pytest.approx(0.25 * r.net_amount) for r in rows)
        assert {(r.currency, r.tariff_id, r.is_fallback) for r in rows} == {("DKK", "t", False)}


def test_a_month_is_the_sum_of_its_days_and_a_change_in_it_two_halves(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    told = intervals(local("2025-10-01"), local("2025-11-01"), 60, lambda n: 0.5 + n % 5 / 4)
    dear = element("fixed", price_per_kwh=2.0)
    changed = [
        tariff(*ALL, valid_to="2025-10-16"),
        tariff(ALL[0], dear, start="2025-10-16", tariff_id="u"),
    ]
    found = costs(told, *changed)
    plain = daily_costs(told, CPH, changed)
    assert net(found["daily"]) == pytest.approx(plain)
    months: dict[tuple[str, str], float] = defaultdict(float)
    for (day, kind), amount in plain.items():
        months[day[:8] + "01", kind] += amount
    assert net(found["monthly"]) == pytest.approx(months)
    whole = [net(costs(told, tariff(*t))["daily"]) for t in (ALL, (ALL[0], dear))]
    halves = {k: v for k, v in whole[0].items() if k[0] < "2025-10-16"}
    halves |= {k: v for k, v in whole[1].items() if k[0] >= "2025-10-16"}
    assert net(found["daily"]) == pytest.approx(halves)


def test_an_interval_over_a_change_of_price_and_a_day_of_one_reading_are_refused(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    half_past = tariff(element("time_of_use", periods=[
        period(17 * 60 + 30, 21 * 60, 0.9), period(0, 24 * 60, 0.4)]))  # fmt: skip
    hours = intervals(local("2025-05-01"), local("2025-05-02"), 60, lambda n: 1.0)
    halves = intervals(local("2025-05-01"), local("2025-05-02"), 30, lambda n: 0.5)
    day = [(local("2025-05-01"), 1440, 24.0, 0.2)]
    key = ("2025-05-01", "time_of_use")
    assert net(costs(hours, half_past)["daily"]) == {key: None}
    assert net(costs(day, half_past)["daily"]) == {key: None}
    assert net(costs(halves, half_past)["daily"]) == {key: pytest.approx(3.5 * 0.9 + 20.5 * 0.4)}


def test_a_missing_price_is_null_and_never_zero(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    told = intervals(local("2025-05-01"), local("2025-05-03"), 60, lambda n: 1.0)
    gap = [(at, m, e, None if n == 30 else p) for n, (at, m, e, p) in enumerate(told)]
    evening = element("time_of_use", periods=[period(17 * 60, 21 * 60, 0.9)])
    paid = tariff(element("spot", multiplier=1, surcharge_per_kwh=0), evening)
    found = costs(gap, paid)
    daily = net(found["daily"])
    assert daily["2025-05-01", "spot"] is not None
    assert daily["2025-05-02", "spot"] is None
    assert daily["2025-05-01", "time_of_use"] is None
    assert net(found["monthly"])["2025-05-01", "spot"] is None
    euro = net(costs(told, tariff(element("spot", multiplier=1, surcharge_per_kwh=0),
                                  currency="EUR"))["daily"])  # fmt: skip
    assert set(euro.values()) == {None}
    free = net(costs(told, tariff(element("fixed", price_per_kwh=0.0)))["daily"])
    assert set(free.values()) == {0.0}


@pytest.mark.parametrize(("per", "kwh"), [("day", 24), ("month", 31 * 24), ("year", 61 * 24)])
def test_blocks_count_the_energy_of_their_period(
    costs: Callable[..., dict[str, DataFrame]], per: str, kwh: int
) -> None:
    told = intervals(local("2025-10-01"), local("2025-12-01"), 60, lambda n: 1.0)
    steps = [
        {"up_to_kwh": 10.0, "price_per_kwh": 1.0}, {"up_to_kwh": 700.0, "price_per_kwh": 2.0},
        {"up_to_kwh": None, "price_per_kwh": 3.0},
    ]  # fmt: skip
    daily = net(costs(told, tariff(element("block", per=per, steps=steps)))["daily"])

    def priced(energy: float) -> float:
        first, second = min(energy, 10), max(min(energy, 700) - 10, 0)
        return first + 2 * second + 3 * max(energy - 700, 0)

    # The clocks go back on 26 October: that day has 25 hours.
    starts = {"day": "2025-10-01", "month": "2025-10-01", "year": "2025-10-01"}
    ends = {"day": "2025-10-02", "month": "2025-11-01", "year": "2025-12-01"}
    span = [v for (day, _), v in daily.items() if starts[per] <= day < ends[per]]
    assert sum(span) == pytest.approx(priced(kwh + (per != "day")))
    assert daily["2025-10-01", "block"] == pytest.approx(10 + 2 * 14)
    first_of_november = {"day": 10 + 2 * 14, "month": 10 + 2 * 14, "year": 3 * 24}
    assert daily["2025-11-01", "block"] == pytest.approx(first_of_november[per])


def test_a_block_begins_anew_with_a_tariff(costs: Callable[..., dict[str, DataFrame]]) -> None:
    told = intervals(local("2025-05-01"), local("2025-05-04"), 60, lambda n: 1.0)
    steps = [{"up_to_kwh": 24.0, "price_per_kwh": 1.0}, {"up_to_kwh": None, "price_per_kwh": 2.0}]
    block = element("block", per="year", steps=steps)
    found = costs(told, tariff(block, valid_to="2025-05-03"), tariff(block, start="2025-05-03"))
    assert [net(found["daily"])[f"2025-05-0{n}", "block"] for n in (1, 2, 3)] == [24, 48, 24]


def test_capacity_is_paid_for_the_mean_of_the_highest_days(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    told = intervals(
        local("2025-04-01"), local("2025-05-01"), 60, lambda n: float(n == 5) + n // 24
    )
    charge = element("capacity", price_per_kw=30.0, window_minutes=60, days=3)
    found = costs(told, tariff(charge))
    assert net(found["daily"]) == {}
    assert net(found["monthly"]) == {("2025-04-01", "capacity"): pytest.approx(30 * 28)}
    one = element("capacity", price_per_kw=30.0, window_minutes=60, days=1)
    halves = costs(told, tariff(one, valid_to="2025-04-16"), tariff(one, start="2025-04-16"))
    expected = {("2025-04-01", "capacity"): pytest.approx(15 * 14 + 15 * 29)}
    assert net(halves["monthly"]) == expected
    quarter = element("capacity", price_per_kw=30.0, window_minutes=15, days=1)
    unknown = net(costs(told, tariff(quarter))["monthly"])
    assert unknown == {("2025-04-01", "capacity"): None}


def test_what_is_sold_is_credited_and_its_standing_charge_is_paid(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    told = intervals(local("2025-05-01"), local("2025-05-02"), 60, lambda n: 1.0)
    sold = tariff(
        element("fixed", price_per_kwh=0.5), element("standing_charge", amount=2, per="day"),
        direction="export", vat=0.0,
    )  # fmt: skip
    found = costs(told, sold, direction="export")
    day = "2025-05-01"
    assert net(found["daily"]) == {(day, "fixed"): -12.0, (day, "standing_charge"): 2.0}
    # An export without a tariff has no price at all, and consumption is not what is paid for.
    assert net(costs(told, direction="export")["daily"]) == {}
    assert net(costs(told, sold, direction="consumption")["daily"]) == {}


def test_a_day_without_a_tariff_has_the_average_price_of_its_country_where_one_is_published(
    costs: Callable[..., dict[str, DataFrame]],
) -> None:
    told = intervals(local("2025-06-30"), local("2025-07-02"), 60, lambda n: 1.0)
    june, july = costs(told)["daily"].orderBy("local_date").collect()
    assert (june.element, june.is_fallback, june.currency) == ("average_price", True, "EUR")
    assert june.total_amount == pytest.approx(24 * 0.3485)
    assert june.net_amount == pytest.approx(24 * 0.3485 / 1.25)
    assert (july.is_fallback, july.net_amount, july.currency) == (True, None, None)
    (elsewhere, _) = costs(told, country=None)["daily"].collect()
    assert elsewhere.total_amount is None
    later = tariff(element("fixed", price_per_kwh=1.0), start="2025-07-01")
    assert net(costs(told, later)["daily"]) == {
        ("2025-06-30", "average_price"): pytest.approx(24 * 0.3485 / 1.25),
        ("2025-07-01", "fixed"): pytest.approx(24.0),
    }


def test_average_prices_do_not_overlap_and_name_their_source() -> None:
    known = average_prices()
    assert len({(p.country_code, p.fuel, p.valid_from) for p in known}) == len(known) > 10
    for one in known:
        assert (one.valid_to - one.valid_from).days in (181, 182, 184)
        assert 0.05 < one.price_per_kwh < 0.5
        assert 0.05 <= one.vat <= 0.27
    lines = (Path("gold") / "average_prices.csv").read_text().splitlines()[1:]
    assert all(" nrg_pc_20" in line for line in lines)


def test_elements_of_one_kind_are_one_row(costs: Callable[..., dict[str, DataFrame]]) -> None:
    told = intervals(local("2025-05-01"), local("2025-05-02"), 60, lambda n: 1.0)
    twice = tariff(*(element("fixed", price_per_kwh=p) for p in (0.5, 0.25)))
    assert json.loads(twice["elements"])[0]["kind"] == "fixed"
    assert net(costs(told, twice)["daily"]) == {("2025-05-01", "fixed"): 18.0}
