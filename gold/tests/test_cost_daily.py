"""A day costs what a plain computation, one interval after the other, says."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import Row, SparkSession

from gold.average_prices import average_prices, by_half_year
from gold.tests.costed_homes import CostedHomes, Costs
from gold.tests.plain_costs import (
    daily_costs,
    element,
    intervals,
    period,
    tariff,
)

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


HOMES = CostedHomes()
home = HOMES.add


@pytest.fixture(scope="module")
def costs(spark: SparkSession) -> Costs:
    """What the tables of costs have of each home that this file adds."""
    return HOMES.costs(spark)


def net(found: list[Row]) -> dict[tuple[str, str], Any]:
    return {(r.local_date.isoformat(), r.element): r.net_amount for r in found}


CHANGES = [
    (CPH, "2025-03-28", "2025-04-01", 60),
    (CPH, "2025-10-24", "2025-10-28", 15),
    ("America/New_York", "2025-10-31", "2025-11-04", 30),
    ("Australia/Lord_Howe", "2025-04-04", "2025-04-08", 30),
]
CHANGED = {
    (zone, start, end, minutes): intervals(
        local(start, zone), local(end, zone), minutes, lambda n: 0.1 + n % 7 / 10
    )
    for zone, start, end, minutes in CHANGES
}
OF_A_CHANGE = {key: home(told, tariff(*ALL), zone=key[0]) for key, told in CHANGED.items()}


@pytest.mark.parametrize(("zone", "start", "end", "minutes"), CHANGES)
def test_a_clock_change_is_priced_by_the_wall_clock(
    costs: Costs, zone: str, start: str, end: str, minutes: int
) -> None:
    told = CHANGED[zone, start, end, minutes]
    found = net(costs["daily"][OF_A_CHANGE[zone, start, end, minutes]])
    assert found == pytest.approx(daily_costs(told, zone, [tariff(*ALL)]))


FOUR_DAYS = intervals(local("2025-10-24"), local("2025-10-28"), 60, lambda n: 1 + n % 3)
OF_FOUR_DAYS = home(FOUR_DAYS, tariff(*ALL))


def test_elements_add_up_to_the_total_and_the_tax_to_the_whole(costs: Costs) -> None:
    total = 1.25 * sum(daily_costs(FOUR_DAYS, CPH, [tariff(*ALL)]).values())
    for rows in (costs["daily"][OF_FOUR_DAYS], costs["monthly"][OF_FOUR_DAYS]):
        assert sum(r.total_amount for r in rows) == pytest.approx(total)
        assert all(r.vat_amount == pytest.approx(0.25 * r.net_amount) for r in rows)
        assert {(r.currency, r.tariff_id, r.is_fallback) for r in rows} == {("DKK", "t", False)}


OCTOBER = intervals(local("2025-10-01"), local("2025-11-01"), 60, lambda n: 0.5 + n % 5 / 4)
DEAR = element("fixed", price_per_kwh=2.0)
TWO_TARIFFS = [
    tariff(*ALL, valid_to="2025-10-16"),
    tariff(ALL[0], DEAR, start="2025-10-16", tariff_id="u"),
]
OF_TWO_TARIFFS = home(OCTOBER, *TWO_TARIFFS)
OF_EACH = [home(OCTOBER, tariff(*t)) for t in (ALL, (ALL[0], DEAR))]


def test_a_month_is_the_sum_of_its_days_and_a_change_in_it_two_halves(costs: Costs) -> None:
    daily = net(costs["daily"][OF_TWO_TARIFFS])
    plain = daily_costs(OCTOBER, CPH, TWO_TARIFFS)
    assert daily == pytest.approx(plain)
    months: dict[tuple[str, str], float] = defaultdict(float)
    for (day, kind), amount in plain.items():
        months[day[:8] + "01", kind] += amount
    assert net(costs["monthly"][OF_TWO_TARIFFS]) == pytest.approx(months)
    whole = [net(costs["daily"][one]) for one in OF_EACH]
    halves = {k: v for k, v in whole[0].items() if k[0] < "2025-10-16"}
    halves |= {k: v for k, v in whole[1].items() if k[0] >= "2025-10-16"}
    assert daily == pytest.approx(halves)


HALF_PAST = tariff(element("time_of_use", periods=[
    period(17 * 60 + 30, 21 * 60, 0.9), period(0, 24 * 60, 0.4)]))  # fmt: skip
DAY = local("2025-05-01"), local("2025-05-02")
ONE = intervals(*DAY, 60, lambda n: 1.0)
IN_HOURS = home(ONE, HALF_PAST)
IN_HALVES = home(intervals(*DAY, 30, lambda n: 0.5), HALF_PAST)
AS_A_DAY = home([(local("2025-05-01"), 1440, 24.0, 0.2)], HALF_PAST)
# Dear for a part of an hour, at whose ends it is cheap; on a Saturday never.
DEAR_HALF = period(17 * 60 + 15, 17 * 60 + 45, 0.9, weekdays=[1, 2, 3, 4, 5])
IN_BETWEEN = tariff(element("time_of_use", periods=[DEAR_HALF, period(0, 24 * 60, 0.4)]))
OVER_A_PEAK = home(
    intervals(local("2025-05-02"), local("2025-05-04"), 60, lambda n: 1.0), IN_BETWEEN
)


def test_an_interval_over_a_change_of_price_and_a_day_of_one_reading_are_refused(
    costs: Costs,
) -> None:
    key = ("2025-05-01", "time_of_use")
    assert net(costs["daily"][IN_HOURS]) == {key: None}
    assert net(costs["daily"][AS_A_DAY]) == {key: None}
    assert net(costs["daily"][IN_HALVES]) == {key: pytest.approx(3.5 * 0.9 + 20.5 * 0.4)}
    assert net(costs["daily"][OVER_A_PEAK]) == {
        ("2025-05-02", "time_of_use"): None,
        ("2025-05-03", "time_of_use"): pytest.approx(24 * 0.4),
    }


TWO_DAYS = intervals(local("2025-05-01"), local("2025-05-03"), 60, lambda n: 1.0)
SPOT = element("spot", multiplier=1, surcharge_per_kwh=0)
UNPRICED = home(
    [(at, m, e, None if n == 30 else p) for n, (at, m, e, p) in enumerate(TWO_DAYS)],
    tariff(SPOT, element("time_of_use", periods=[period(17 * 60, 21 * 60, 0.9)])),
)
IN_EURO = home(TWO_DAYS, tariff(SPOT, currency="EUR"))
FREE = home(TWO_DAYS, tariff(element("fixed", price_per_kwh=0.0)))


def test_a_missing_price_is_null_and_never_zero(costs: Costs) -> None:
    daily = net(costs["daily"][UNPRICED])
    assert daily["2025-05-01", "spot"] is not None
    assert daily["2025-05-02", "spot"] is None
    assert daily["2025-05-01", "time_of_use"] is None
    assert net(costs["monthly"][UNPRICED])["2025-05-01", "spot"] is None
    assert set(net(costs["daily"][IN_EURO]).values()) == {None}
    assert set(net(costs["daily"][FREE]).values()) == {0.0}


SECONDS = home(intervals(DAY[0], local("2025-05-01T18:00"), 0.5, lambda n: 1 / 120), HALF_PAST)


def test_readings_of_half_a_minute_have_their_price_by_time_of_use(costs: Costs) -> None:
    expected = {("2025-05-01", "time_of_use"): pytest.approx(0.5 * 0.9 + 17.5 * 0.4)}
    assert net(costs["daily"][SECONDS]) == expected


SEPTEMBER = intervals(local("2025-09-25"), local("2025-10-01"), 60, lambda n: 1.0)
LOST = [one for one in SEPTEMBER if one[0].astimezone(ZoneInfo(CPH)).day == 29]
LACKS_A_DAY = home(
    [one for one in SEPTEMBER if one not in LOST], tariff(*ALL[:-1]), filled=LOST
)  # fmt: skip


def test_a_day_that_was_filled_in_alone_costs_nothing_and_leaves_its_month_the_rest(
    costs: Costs,
) -> None:
    daily, monthly = net(costs["daily"][LACKS_A_DAY]), net(costs["monthly"][LACKS_A_DAY])
    read = [one for one in SEPTEMBER if one not in LOST]
    assert daily == pytest.approx(daily_costs(read, CPH, [tariff(*ALL[:-1])]))
    assert monthly["2025-09-01", "fixed"] == pytest.approx(5 * 24 * 0.7)
    assert monthly["2025-09-01", "standing_charge"] == pytest.approx(5 * (31 / 30 + 0.5))
    assert monthly["2025-09-01", "spot"] is not None


STEPS = [
    {"up_to_kwh": 10.0, "price_per_kwh": 1.0}, {"up_to_kwh": 700.0, "price_per_kwh": 2.0},
    {"up_to_kwh": None, "price_per_kwh": 3.0},
]  # fmt: skip
TWO_MONTHS = intervals(local("2025-10-01"), local("2025-12-01"), 60, lambda n: 1.0)
IN_BLOCKS = {
    per: home(TWO_MONTHS, tariff(element("block", per=per, steps=STEPS), start="2025-10-01"))
    for per in ("day", "month", "year")
}


@pytest.mark.parametrize(("per", "kwh"), [("day", 24), ("month", 31 * 24), ("year", 61 * 24)])
def test_blocks_count_the_energy_of_their_period(costs: Costs, per: str, kwh: int) -> None:
    daily = net(costs["daily"][IN_BLOCKS[per]])

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


FIRST_DAY = [{"up_to_kwh": 24.0, "price_per_kwh": 1.0}, {"up_to_kwh": None, "price_per_kwh": 2.0}]
YEARLY = element("block", per="year", steps=FIRST_DAY)
ANEW = home(
    intervals(local("2025-05-01"), local("2025-05-04"), 60, lambda n: 1.0),
    tariff(YEARLY, start="2025-05-01", valid_to="2025-05-03"), tariff(YEARLY, start="2025-05-03"),
)  # fmt: skip


def test_a_block_begins_anew_with_a_tariff(costs: Costs) -> None:
    daily = net(costs["daily"][ANEW])
    assert [daily[f"2025-05-0{n}", "block"] for n in (1, 2, 3)] == [24, 48, 24]


MAY = intervals(local("2025-05-01"), local("2025-05-05"), 60, lambda n: 1.0)
OF_THE_SECOND = [one for one in MAY if one[0].astimezone(ZoneInfo(CPH)).day == 2]
BUT_THE_SECOND = [one for one in MAY if one not in OF_THE_SECOND]
SINCE_LONG = tariff(YEARLY)
METERED_SINCE_MAY = home(MAY, SINCE_LONG)
SUPPLIED_SINCE_MAY = home(MAY, SINCE_LONG, supplied="2025-05-01")
WITH_A_GAP = home(BUT_THE_SECOND, SINCE_LONG, supplied="2025-05-01")
WITH_A_FILLED_GAP = home(
    BUT_THE_SECOND, SINCE_LONG, filled=OF_THE_SECOND, supplied="2025-05-01"
)  # fmt: skip
SUPPLIED_FROM_THE_THIRD = home(MAY, tariff(YEARLY, start="2025-05-01"), supplied="2025-05-03")


SUPPLIED_AGAIN = home(
    [one for one in MAY if one not in OF_THE_SECOND], SINCE_LONG,
    supplied="2020-01-01", supplied_to="2025-05-01", exchanged=[("2025-05-03", None)],
)  # fmt: skip
EXCHANGED = home(
    MAY, SINCE_LONG, supplied="2025-05-01", supplied_to="2025-05-02",
    exchanged=[("2025-05-03", None)],
)  # fmt: skip


def test_what_was_read_before_the_supply_began_is_none_of_its_block(costs: Costs) -> None:
    found = net(costs["daily"][SUPPLIED_FROM_THE_THIRD])
    assert [found[f"2025-05-0{n}", "block"] for n in (1, 2, 3, 4)] == [24, 48, 24, 48]
    again = net(costs["daily"][SUPPLIED_AGAIN])
    # Of the year before May nothing is known.
    assert [again[f"2025-05-0{n}", "block"] for n in (1, 3, 4)] == [None, 24, 48]
    # A meter that follows another is the same supply.
    exchanged = net(costs["daily"][EXCHANGED])
    assert [exchanged[f"2025-05-0{n}", "block"] for n in (1, 2, 3, 4)] == [24, 48, 48, 48]


def test_a_block_is_known_where_all_that_was_used_before_it_is(costs: Costs) -> None:
    def of_days(location: str) -> dict[str, float | None]:
        found = net(costs["daily"][location])
        return {day[8:]: amount for (day, _), amount in found.items()}

    assert of_days(METERED_SINCE_MAY) == {"01": None, "02": None, "03": None, "04": None}
    assert of_days(SUPPLIED_SINCE_MAY) == {"01": 24, "02": 48, "03": 48, "04": 48}
    # What was used on the second is not known: was the first step used up before the third?
    assert of_days(WITH_A_GAP) == {"01": 24, "03": None, "04": None}
    assert of_days(WITH_A_FILLED_GAP) == {"01": 24, "03": 48, "04": 48}
    assert net(costs["monthly"][WITH_A_GAP]) == {("2025-05-01", "block"): None}


APRIL = intervals(
    local("2025-04-01"), local("2025-05-01"), 60, lambda n: float(n == 5) + n // 24
)  # fmt: skip
THREE_DAYS, ONE_DAY, ONE_QUARTER = (
    element("capacity", price_per_kw=30.0, window_minutes=m, days=d)
    for m, d in ((60, 3), (60, 1), (15, 1))
)
BY_CAPACITY = home(APRIL, tariff(THREE_DAYS))
IN_TWO_HALVES = home(
    APRIL, tariff(ONE_DAY, valid_to="2025-04-16"), tariff(ONE_DAY, start="2025-04-16")
)
BY_QUARTERS = home(APRIL, tariff(ONE_QUARTER))


def test_capacity_is_paid_for_the_mean_of_the_highest_days(costs: Costs) -> None:
    key, monthly = ("2025-04-01", "capacity"), costs["monthly"]
    assert net(costs["daily"][BY_CAPACITY]) == {}
    assert net(monthly[BY_CAPACITY]) == {key: pytest.approx(30 * 28)}
    assert net(monthly[IN_TWO_HALVES]) == {key: pytest.approx(15 * 14 + 15 * 29)}
    assert net(monthly[BY_QUARTERS]) == {key: None}


LAST_THREE = intervals(local("2025-04-28"), local("2025-05-01"), 60, lambda n: 1.0 + n // 24)
FIRST_TWO = intervals(local("2025-04-01"), local("2025-04-03"), 60, lambda n: 1.0 + n // 24)
MOVED_IN_WITH_A_TARIFF = home(LAST_THREE, tariff(THREE_DAYS, start="2025-04-28"))
MOVED_IN = home(LAST_THREE, tariff(THREE_DAYS), supplied="2025-04-28")
METERED_SINCE = home(LAST_THREE, tariff(THREE_DAYS))
MOVED_OUT = home(FIRST_TWO, tariff(THREE_DAYS), supplied="2020-01-01", supplied_to="2025-04-02")
# A day of 20 kW before the supply is none of its peaks.
PEAK = intervals(local("2025-04-27"), local("2025-04-28"), 60, lambda n: 20.0)
PEAK_BEFORE = home([*PEAK, *LAST_THREE], tariff(THREE_DAYS), supplied="2025-04-28")
# The first has no end, and was exchanged; the second ended.
EXCHANGED_AND_ENDED = home(
    FIRST_TWO, tariff(THREE_DAYS), supplied="2020-01-01", exchanged=[("2025-03-01", "2025-04-02")]
)
WITH_A_PAUSE = home(
    LAST_THREE, tariff(THREE_DAYS), supplied="2020-01-01", supplied_to="2024-06-30",
    exchanged=[("2025-04-28", None)],
)  # fmt: skip
SUPPLIED_LATER = home(LAST_THREE, tariff(THREE_DAYS), supplied="2025-05-01")


def test_capacity_is_paid_for_the_share_of_the_month_with_the_tariff_and_supply(
    costs: Costs,
) -> None:
    key, monthly = ("2025-04-01", "capacity"), costs["monthly"]
    mean_of_three, mean_of_two = 2.0, 1.5
    for moved_in in (MOVED_IN_WITH_A_TARIFF, MOVED_IN, PEAK_BEFORE, WITH_A_PAUSE):
        assert net(monthly[moved_in]) == {key: pytest.approx(30 * mean_of_three * 3 / 30)}
    for moved_out in (MOVED_OUT, EXCHANGED_AND_ENDED):
        assert net(monthly[moved_out]) == {key: pytest.approx(30 * mean_of_two * 2 / 30)}
    # Nothing is said of its supply: the rest of the month is a gap of the readings.
    assert net(monthly[METERED_SINCE]) == {key: pytest.approx(30 * mean_of_three)}
    assert net(monthly[SUPPLIED_LATER]) == {}


FIVE_DAYS = intervals(local("2025-04-26"), local("2025-05-01"), 60, lambda n: 1.0)
A_MONTH = (local("2025-04-01"), 30 * 1440, 600.0, None)
METERED_LATE = home([A_MONTH, *FIVE_DAYS], tariff(element("fixed", price_per_kwh=1.0), ONE_DAY))
A_BILL = (local("2025-04-01"), 25 * 1440, 600.0, None)
BILLED_BEFORE = home([A_BILL, *FIVE_DAYS], tariff(element("fixed", price_per_kwh=1.0), ONE_DAY))
# What the days within it fill up is not needed.
BILLED_TOO = home(
    [(local("2025-04-27"), 3 * 1440, 90.0, None), *FIVE_DAYS],
    tariff(element("fixed", price_per_kwh=1.0)),
)


def test_days_that_do_not_fill_a_month_said_as_a_whole_are_not_its_cost(costs: Costs) -> None:
    assert sum(net(costs["daily"][METERED_LATE]).values()) == pytest.approx(5 * 24)
    found = costs["monthly"][METERED_LATE]
    assert {(r.element, r.net_amount, r.observed_intervals) for r in found} == {
        ("fixed", None, 1), ("capacity", None, 1)}  # fmt: skip
    assert set(net(costs["monthly"][BILLED_BEFORE]).values()) == {None}
    assert net(costs["monthly"][BILLED_TOO]) == {("2025-04-01", "fixed"): 5 * 24}


SOLD = tariff(
    element("fixed", price_per_kwh=0.5), element("standing_charge", amount=2, per="day"),
    direction="export", vat=0.0,
)  # fmt: skip
SELLS = home(ONE, SOLD, direction="export")
SELLS_FOR_NOTHING = home(ONE, direction="export")
CONSUMES = home(ONE, SOLD, direction="consumption")


def test_what_is_sold_is_credited_and_its_standing_charge_is_paid(costs: Costs) -> None:
    day = "2025-05-01"
    assert net(costs["daily"][SELLS]) == {(day, "fixed"): -12.0, (day, "standing_charge"): 2.0}
    # An export without a tariff has no price at all, and consumption is not what is paid for.
    assert net(costs["daily"][SELLS_FOR_NOTHING]) == {}
    assert net(costs["daily"][CONSUMES]) == {}


TURN = intervals(local("2025-06-30"), local("2025-07-02"), 60, lambda n: 1.0)
WITHOUT, ELSEWHERE = home(TURN), home(TURN, country=None)
LONG_AFTER = home(intervals(local("2026-12-31"), local("2027-01-02"), 60, lambda n: 1.0))
LATER = home(TURN, tariff(element("fixed", price_per_kwh=1.0), start="2025-07-01"))


def test_a_day_without_a_tariff_has_the_average_price_of_its_country_where_one_is_known(
    costs: Costs,
) -> None:
    june, july = costs["daily"][WITHOUT]
    assert (june.element, june.is_fallback, june.currency) == ("average_price", True, "EUR")
    assert june.total_amount == pytest.approx(24 * 0.3485)
    assert june.net_amount == pytest.approx(24 * 0.3485 / 1.25)
    assert july.total_amount == pytest.approx(24 * 0.3312)
    assert net(costs["daily"][LATER]) == {
        ("2025-06-30", "average_price"): pytest.approx(24 * 0.3485 / 1.25),
        ("2025-07-01", "fixed"): pytest.approx(24.0),
    }


def test_the_newest_average_price_holds_for_a_year_more_and_then_there_is_none(
    costs: Costs,
) -> None:
    carried, beyond = costs["daily"][LONG_AFTER]
    assert (carried.total_amount, carried.is_fallback) == (pytest.approx(24 * 0.3312), True)
    for none in (beyond, *costs["daily"][ELSEWHERE]):
        told = (none.element, none.is_fallback, none.net_amount, none.total_amount, none.currency)
        assert told == ("average_price", False, None, None, None)
    december, january = costs["monthly"][LONG_AFTER]
    assert [december.is_fallback, january.is_fallback] == [True, False]
    assert [december.currency, january.currency] == ["EUR", None]


def test_average_prices_do_not_overlap_and_name_their_source() -> None:
    known = average_prices()
    assert len({(p.country_code, p.fuel, p.valid_from) for p in known}) == len(known) > 10
    for one in known:
        assert (one.valid_to - one.valid_from).days in (181, 182, 184)
        assert one.valid_from.month in (1, 7)
        assert 0.02 < one.price_per_kwh < 0.5
        assert 0.05 <= one.vat <= 0.27
    lines = (Path("gold") / "average_prices.csv").read_text().splitlines()[1:]
    assert all(" nrg_pc_20" in line for line in lines)


@pytest.mark.parametrize(
    ("half", "price"),
    [
        ("GB/elec/2017-01-01", 0.152), ("GB/gas/2018-01-01", 0.0409),
        ("GB/elec/2020-07-01", 0.1927), ("GB/elec/2021-01-01", 0.1927),
        ("GB/elec/2021-07-01", None), ("GB/elec/2007-01-01", None),
        ("DK/elec/2025-01-01", 0.3485), ("US/elec/2017-01-01", None),
    ],
)  # fmt: skip
def test_a_half_year_has_its_own_price_else_that_of_the_year_before(
    half: str, price: float | None
) -> None:
    known = by_half_year().get(half)
    assert (known and known.price_per_kwh) == price


TWICE = tariff(*(element("fixed", price_per_kwh=p) for p in (0.5, 0.25)))
OF_TWICE = home(ONE, TWICE)


def test_elements_of_one_kind_are_one_row(costs: Costs) -> None:
    assert json.loads(TWICE["elements"])[0]["kind"] == "fixed"
    assert net(costs["daily"][OF_TWICE]) == {("2025-05-01", "fixed"): 18.0}
