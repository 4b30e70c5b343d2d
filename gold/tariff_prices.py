"""A tariff's elements -> what the energy of an interval or a day costs, without tax."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_HOUR = 3600
_MINUTES_OF_DAY = 1440


def by_time_of_use(periods: Column) -> Column:
    """Return the price per kWh of an interval; of several periods that hold the first one counts.

    Null where no period holds, where the interval straddles a change of price, and where it is
    longer than an hour: nothing is split finer than it was metered. A period that crosses midnight
    belongs to the weekday and month on which it begins.
    """
    first_s, end_s = F.unix_seconds("starts_at"), F.unix_seconds("ends_at")
    price = _price_at(_local(first_s), periods)
    is_one = (price == _price_at(_local(end_s - 1), periods)) & _is_same_within(periods, price)
    return F.when((end_s - first_s <= _HOUR) & is_one, price)


def at_spot(element: Column) -> Column:
    """Return the price per kWh: multiplier times spot, and the surcharge.

    Null where the spot price is missing or in another currency than the tariff's.
    """
    spot = F.when(F.col("spot_currency") == F.col("currency"), F.col("price_per_kwh"))
    return spot * element["multiplier"] + element["surcharge_per_kwh"]


def in_blocks(steps: Column, *, before_kwh: Column, until_kwh: Column) -> Column:
    """Return what the energy between two sums of the period's energy costs, step by step."""
    nothing = F.lit(0.0)

    def added(sofar: Column, step: Column) -> Column:
        # least() passes the null of the open step.
        upper = F.least(until_kwh, step["up_to_kwh"])
        part = F.greatest(upper - F.greatest(before_kwh, sofar["from_kwh"]), nothing)
        return F.struct(
            F.coalesce(step["up_to_kwh"], sofar["from_kwh"]).alias("from_kwh"),
            (sofar["cost"] + part * step["price_per_kwh"]).alias("cost"),
        )

    begin = F.struct(nothing.alias("from_kwh"), nothing.alias("cost"))
    return F.aggregate(steps, begin, added, lambda sofar: sofar["cost"])


def _is_same_within(periods: Column, price: Column) -> Column:
    """Tell whether no period that begins or ends within the interval changes its price."""
    first_s, end_s = F.unix_seconds("starts_at"), F.unix_seconds("ends_at")
    first = _minute(_local(first_s))
    edges = F.flatten(F.transform(periods, lambda p: F.array(p["from_minute"], p["to_minute"])))
    # Counted from the beginning of the interval, over midnight too.
    after = F.transform(edges, lambda edge: F.pmod(edge - first, F.lit(_MINUTES_OF_DAY)))
    within = F.filter(after, lambda minutes: (minutes > 0) & (first_s + minutes * 60 < end_s))
    same = F.forall(
        within, lambda minutes: _price_at(_local(first_s + minutes * 60), periods) == price
    )
    return F.when(F.size(within) == 0, True).otherwise(F.coalesce(same, F.lit(False)))


def _local(seconds: Column) -> Column:
    return F.from_utc_timestamp(F.timestamp_seconds(seconds), F.col("time_zone"))


def _minute(local: Column) -> Column:
    return F.hour(local) * 60 + F.minute(local)


def _price_at(local: Column, periods: Column) -> Column:
    minute = _minute(local)
    yesterday = F.date_sub(F.to_date(local), 1)

    def holds(period: Column) -> Column:
        start, end = period["from_minute"], period["to_minute"]
        today = _is_on(F.to_date(local), period) & (minute >= start)
        since_yesterday = _is_on(yesterday, period) & (minute < end)
        return F.when(start < end, today & (minute < end)).otherwise(today | since_yesterday)

    return F.get(F.filter(periods, holds), 0)["price_per_kwh"]


def _is_on(day: Column, period: Column) -> Column:
    is_weekday = F.array_contains(period["weekdays"], F.weekday(day) + 1)
    return is_weekday & F.array_contains(period["months"], F.month(day))
