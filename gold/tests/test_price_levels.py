"""Prices against what they were: the finer price holds, a day is not compared with itself."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gold.contracts import PRICE_DAILY
from gold.price_daily import needed_for as instants_for
from gold.price_daily import price_daily
from gold.price_levels import needed_for, price_levels, touched_by_price_daily
from silver.contracts import SPOT_PRICES

pytestmark = pytest.mark.spark
Make = Callable[..., Any]
FIRST = date(2024, 3, 1)


def levels(table: Make, prices: list[float | None], **every: Any) -> dict[tuple[str, date], Any]:
    """Return the levels of consecutive days (None: no price), by resolution and date."""
    days = [
        {"price_date": FIRST + timedelta(days=n), "mean_per_kwh": price, "low_per_kwh": price - 1,
         "high_per_kwh": price + 1, "priced_share": 1.0,
         "starts_at": datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=n),
         "ends_at": datetime(2024, 3, 2, tzinfo=UTC) + timedelta(days=n)}
        for n, price in enumerate(prices) if price is not None
    ]  # fmt: skip
    told = {"price_zone": "DK2", "currency": "DKK", **every}
    found = price_levels(table(PRICE_DAILY, days, **told)).collect()
    return {(row.resolution, row.price_date): row for row in found}


def test_a_price_is_low_normal_or_high_against_the_thirty_days_before(table: Make) -> None:
    last = FIRST + timedelta(days=30)
    for price, level in ((0.9, "low"), (0.91, "normal"), (1.14, "normal"), (1.15, "high")):
        day = levels(table, [*[1.0] * 30, price])["P1D", last]
        assert (day.before_30d_per_kwh, day.level_30d) == (pytest.approx(1.0), level)
        assert (day.before_12m_per_kwh, day.level_12m) == (None, None)


def test_without_nine_tenths_of_the_days_before_there_is_no_level(table: Make) -> None:
    last = FIRST + timedelta(days=30)
    assert levels(table, [*[None] * 3, *[1.0] * 28])["P1D", last].level_30d == "normal"
    assert levels(table, [*[None] * 4, *[1.0] * 27])["P1D", last].level_30d is None
    # Against a mean that is not above zero nothing is high or low.
    assert levels(table, [*[-0.1] * 30, 1.0])["P1D", last].level_30d is None


def test_a_year_before_and_a_month_of_its_own(table: Make) -> None:
    found = levels(table, [*[1.0] * 365, *[2.0] * 31])
    last = FIRST + timedelta(days=395)
    assert found["P1D", last].level_12m == "high"
    assert found["P1D", last].before_12m_per_kwh == pytest.approx((335 + 30 * 2) / 365)
    march = found["P1M", date(2025, 3, 1)]
    assert march.mean_per_kwh == pytest.approx(2.0)
    assert march.before_12m_per_kwh == pytest.approx(1.0)
    assert (march.level_30d, march.level_12m) == ("high", "high")
    ends = [at.astimezone(UTC).isoformat() for at in (march.starts_at, march.ends_at)]
    assert ends == ["2025-02-28T23:00:00+00:00", "2025-03-31T22:00:00+00:00"]


def test_a_month_is_its_days_each_by_the_time_that_has_a_price(table: Make) -> None:
    days = [
        {"price_date": FIRST, "mean_per_kwh": 1.0, "low_per_kwh": 0.0, "high_per_kwh": 2.0,
         "priced_share": 1.0, "known_at": "2024-03-03T00:00Z",
         "starts_at": "2024-02-29T23:00Z", "ends_at": "2024-03-01T23:00Z"},
        {"price_date": FIRST + timedelta(days=1), "mean_per_kwh": 4.0, "low_per_kwh": 3.0,
         "high_per_kwh": 9.0, "priced_share": 0.5, "known_at": "2024-03-02T00:00Z",
         "starts_at": "2024-03-01T23:00Z", "ends_at": "2024-03-02T23:00Z"},
    ]  # fmt: skip
    found = price_levels(table(PRICE_DAILY, days, price_zone="DK2", currency="DKK"))
    (month,) = found.where("resolution = 'P1M'").collect()
    assert month.mean_per_kwh == pytest.approx((24 * 1.0 + 12 * 4.0) / 36)
    assert (month.low_per_kwh, month.high_per_kwh) == (0.0, 9.0)
    assert month.priced_share == pytest.approx(36 / (31 * 24 - 1))  # the clocks go forward in it
    assert month.known_at.astimezone(UTC) == datetime(2024, 3, 3, tzinfo=UTC)


def test_a_day_takes_the_finer_price_and_says_how_much_of_it_has_one(table: Make) -> None:
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)  # a market day of 25 hours

    def price(minute: int, length: int, per_kwh: float) -> dict[str, Any]:
        start = midnight + timedelta(minutes=minute)
        return {"starts_at": start, "ends_at": start + timedelta(minutes=length),
                "resolution": f"PT{length}M", "price_per_kwh": per_kwh}  # fmt: skip

    hours = [price(60 * n, 60, 1.0) for n in range(20)]
    rows = table(SPOT_PRICES, [*hours, price(0, 15, 5.0)], price_zone="DK2", currency="DKK")
    (day,) = price_daily(rows).collect()
    assert (day.price_date, day.currency) == (date(2025, 10, 26), "DKK")
    assert day.mean_per_kwh == pytest.approx((79 + 5) / 80)
    assert (day.low_per_kwh, day.high_per_kwh) == (1.0, 5.0)
    assert day.priced_share == pytest.approx(0.8)


def test_a_day_and_a_month_of_two_currencies_have_no_price(table: Make) -> None:
    new_year = datetime(2025, 12, 31, 22, tzinfo=UTC)  # midnight in Sofia, the market's at 23
    rows = [
        {"starts_at": new_year + timedelta(hours=n), "ends_at": new_year + timedelta(hours=n + 1),
         "resolution": "PT60M", "price_per_kwh": 0.1, "currency": "BGN" if n < 3 else "EUR"}
        for n in range(-22, 48)
    ]  # fmt: skip
    days = price_daily(table(SPOT_PRICES, rows, price_zone="BG"))
    found = {(str(r.price_date), r.currency) for r in days.collect()}
    assert found == {("2025-12-31", "BGN"), ("2026-01-02", "EUR")}
    october = [{"price_date": f"2025-10-{n}", "currency": "DKK" if n < 15 else "EUR",
                "starts_at": f"2025-10-{n}T00:00Z", "ends_at": f"2025-10-{n + 1}T00:00Z",
                "priced_share": 1.0} for n in range(10, 20)]  # fmt: skip
    levels_of = price_levels(table(PRICE_DAILY, october, price_zone="DK2"))
    assert {(r.resolution, r.currency) for r in levels_of.collect()} == {
        ("P1D", "DKK"), ("P1D", "EUR")
    }  # fmt: skip


def test_what_is_read_for_a_changed_day_gives_what_all_would_give(table: Make) -> None:
    prices = [1.0 + (n * 37 % 11) / 10 for n in range(420)]
    whole = levels(table, list(prices))
    changed = FIRST + timedelta(days=40)
    changes = table(PRICE_DAILY, [{"price_date": changed}], price_zone="DK2")
    touched = touched_by_price_daily(changes)
    dates = {row.price_date for row in touched.collect()}
    assert dates == {changed + timedelta(days=n) for n in range(366)} | {date(2024, 4, 1)}
    needed = {row.price_date for row in needed_for(touched).collect()}
    some = [p if FIRST + timedelta(days=n) in needed else None for n, p in enumerate(prices)]
    cut = levels(table, some)
    for key in whole:
        if key[1] in dates:
            assert cut[key] == whole[key], key


def test_a_month_needs_all_of_its_days_and_the_year_before_it(table: Make) -> None:
    month = table(PRICE_DAILY, [{"price_date": "2025-05-01"}] * 2, price_zone="DK2")
    needed = [row.price_date for row in needed_for(month).collect()]
    assert (min(needed), max(needed)) == (date(2024, 5, 1), date(2025, 5, 31))
    assert len(needed) == len(set(needed))


def test_a_market_day_needs_its_own_quarters(table: Make) -> None:
    touched = table(PRICE_DAILY, [{"price_date": "2025-10-26"}], price_zone="DK2").select(
        "price_zone", "price_date"
    )
    instants = [row.starts_at for row in instants_for(touched).collect()]
    assert len(instants) == 100
    assert min(instants).astimezone(UTC) == datetime(2025, 10, 25, 22, tzinfo=UTC)
