"""A tariff's elements -> those that leave times without a price, each with its cure.

As gold reads them: of several periods that hold the first one counts, one that crosses midnight is
of the day on which it begins, and one interval without a price makes the day's cost unknown.
"""

from calendar import day_name, month_name
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import product

from serving.data_management.registrations.tariff_elements import Element, Period, Spot, TimeOfUse

_MINUTES = 24 * 60
_WHOLE = (1 << _MINUTES) - 1
# After so many days every weekday was in every month, and on the first of it.
_ALL_DAYS = 28 * 366
_EVERY_DAY = range(1, 8)
_EVERY_MONTH = range(1, 13)
_CURE = "end with a period that says its price alone: it holds at all other times"
# A weekday, its month, and that of the day before.
_Day = tuple[int, int, int]
_Days = dict[tuple[int, int], int]


def unpriced(
    elements: Sequence[Element], *, fuel: str, price_zone: str | None, valid_from: date,
    valid_to: date | None,
) -> dict[str, str]:  # fmt: skip
    """Return the field and the error of each element that leaves times without a price."""
    errors = {}
    for n, element in enumerate(elements):
        if isinstance(element, Spot) and fuel != "elec":
            told = f"spot prices are of electricity: price {fuel} as fixed, time_of_use or block"
            errors[f"elements.{n}.spot"] = told
        elif isinstance(element, Spot) and price_zone is None:
            told = "the location has no price_zone: PUT it with one first, as in SE3"
            errors[f"elements.{n}.spot"] = told
        elif isinstance(element, TimeOfUse) and (
            hole := _hole(element.periods, valid_from, valid_to)
        ):
            errors[f"elements.{n}.time_of_use.periods"] = f"{hole} has no price: {_CURE}"
    return errors


def _hole(periods: Sequence[Period], valid_from: date, valid_to: date | None) -> str:
    """Return words for the first time at which no period holds; empty where there is none."""
    if any(_is_always(period) for period in periods):
        return ""
    own, after = _minutes(periods)
    for weekday, month, before in _days(valid_from, valid_to):
        yesterday = (weekday - 2) % 7 + 1
        missing = _WHOLE & ~(own.get((weekday, month), 0) | after.get((yesterday, before), 0))
        if missing:
            start = (missing & -missing).bit_length() - 1
            length = (~(missing >> start) & ((missing >> start) + 1)).bit_length() - 1
            first = "" if month == before else ", the first"
            span = f"from {_clock(start)} to {_clock(start + length)}"
            return f"a {day_name[weekday - 1]} in {month_name[month]}{first}, {span},"
    return ""


def _is_always(period: Period) -> bool:
    is_whole = set(period.weekdays or _EVERY_DAY) == set(_EVERY_DAY) and set(
        period.months or _EVERY_MONTH
    ) == set(_EVERY_MONTH)
    return is_whole and period.from_ in (None, "00:00") and period.to in (None, "24:00")


def _minutes(periods: Sequence[Period]) -> tuple[_Days, _Days]:
    """Return the minutes with a price by weekday and month, as bits: of that day and the next."""
    own: _Days = {}
    after: _Days = {}
    for period in periods:
        start, end = _minute(period.from_ or "00:00"), _minute(period.to or "24:00")
        is_within = start < end
        today = _bits(start, end if is_within else _MINUTES)
        tomorrow = 0 if is_within else _bits(0, end)
        for day in product(period.weekdays or _EVERY_DAY, period.months or _EVERY_MONTH):
            own[day] = own.get(day, 0) | today
            if tomorrow:
                after[day] = after.get(day, 0) | tomorrow
    return own, after


def _days(valid_from: date, valid_to: date | None) -> Iterator[_Day]:
    """Yield the days on which the tariff may hold: all, unless it says where it ends."""
    if valid_to is None or (valid_to - valid_from).days > _ALL_DAYS:
        yield from ((day, month, month) for month in _EVERY_MONTH for day in _EVERY_DAY)
        yield from ((d, m, (m - 2) % 12 + 1) for m in _EVERY_MONTH for d in _EVERY_DAY)
        return
    seen = set[_Day]()
    for n in range((valid_to - valid_from).days):
        day = valid_from + timedelta(days=n)
        found = (day.isoweekday(), day.month, (day - timedelta(days=1)).month)
        if found not in seen:
            seen.add(found)
            yield found


def _bits(start: int, end: int) -> int:
    return (1 << end) - (1 << start)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
