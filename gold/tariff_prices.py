"""A tariff's elements -> what the energy of an interval or a day costs, without tax."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_HOUR = 3600


def by_time_of_use(periods: Column) -> Column:
    """Return the price per kWh of an interval; of several periods that hold the first one counts.

    Null where no period holds, where the interval straddles a change of price, and where it is
    longer than an hour: nothing is split finer than it was metered. A period that crosses midnight
    belongs to the weekday and month on which it begins.
    """
    zone = F.col("time_zone")
    first = F.from_utc_timestamp("starts_at", zone)
    last = F.from_utc_timestamp(F.col("ends_at") - F.expr("INTERVAL 1 MINUTE"), zone)
    at_first, at_last = _price_at(first, periods), _price_at(last, periods)
    length_s = F.unix_seconds("ends_at") - F.unix_seconds("starts_at")
    return F.when((length_s <= _HOUR) & (at_first == at_last), at_first)


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


def _price_at(local: Column, periods: Column) -> Column:
    minute = F.hour(local) * 60 + F.minute(local)
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
