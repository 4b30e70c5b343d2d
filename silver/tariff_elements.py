"""The elements of a tariff: what each kind must say, and how it is stored with nothing left out."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import HIGHEST_AMOUNT, PEAK_WINDOWS, TARIFF_ELEMENT_KINDS

_PERIOD = (
    "weekdays: ARRAY<INT>, months: ARRAY<INT>, from: STRING, to: STRING, price_per_kwh: DOUBLE"
)
_SENT = (
    "ARRAY<STRUCT<kind: STRING, amount: DOUBLE, per: STRING, price_per_kwh: DOUBLE, "
    f"periods: ARRAY<STRUCT<{_PERIOD}>>, "
    "steps: ARRAY<STRUCT<up_to_kwh: DOUBLE, price_per_kwh: DOUBLE>>, multiplier: DOUBLE, "
    "surcharge_per_kwh: DOUBLE, price_per_kw: DOUBLE, window_minutes: INT, days: INT>>"
)
_AS_TEXT = (
    _SENT.replace("ARRAY<INT>", "STRING")
    .replace(": DOUBLE", ": STRING")
    .replace(": INT", ": STRING")
)
_CLOCK = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"
_WEEKDAYS, _MONTHS = range(1, 8), range(1, 13)


def is_said_whole(tariffs: DataFrame) -> DataFrame:
    """Add ``_elements``, typed, with the defaults, and ``_is_typed``: all that was said is read.

    Energy is priced from midnight to midnight, every day of the week and year, unless said.
    """
    typed, text = (F.from_json("elements", schema) for schema in (_SENT, _AS_TEXT))
    # A field that is of another type is null, and to_json() leaves nulls out.
    is_typed = _fields(typed) == _fields(text)
    return tariffs.withColumns(
        {
            "_elements": F.transform(typed, _with_defaults),
            "_is_typed": F.coalesce(is_typed, F.lit(True)),
        }
    )


def as_stored(elements: str) -> Column:
    """Return the elements as JSON, as TARIFF_ELEMENTS of the contract reads them."""
    return F.to_json(elements)


def is_known(elements: str) -> Column:
    """Tell whether every element is of a kind that there is."""
    return _all(F.col(elements), lambda e: e["kind"].isin(*TARIFF_ELEMENT_KINDS))


def breaks_a_rule(elements: str) -> Column:
    """Tell whether an element lacks what its kind needs, or says what cannot be."""
    return ~_all(F.col(elements), _is_complete)


def _fields(elements: Column) -> Column:
    return F.regexp_count(F.to_json(elements), F.lit('":'))


def _with_defaults(element: Column) -> Column:
    multiplier = F.coalesce(element["multiplier"], F.lit(1.0))
    return F.struct(
        *(element[name].alias(name) for name in ("kind", "amount", "per", "price_per_kwh")),
        F.transform(element["periods"], _period).alias("periods"),
        element["steps"].alias("steps"),
        _of(element, "spot", multiplier).alias("multiplier"),
        _of(element, "spot", _given(element, "surcharge_per_kwh", 0.0)).alias("surcharge_per_kwh"),
        element["price_per_kw"].alias("price_per_kw"),
        _of(element, "capacity", _given(element, "window_minutes", 60)).alias("window_minutes"),
        _of(element, "capacity", _given(element, "days", 1)).alias("days"),
    )


def _period(period: Column) -> Column:
    return F.struct(
        F.coalesce(period["weekdays"], F.array(*map(F.lit, _WEEKDAYS))).alias("weekdays"),
        F.coalesce(period["months"], F.array(*map(F.lit, _MONTHS))).alias("months"),
        _minute(F.coalesce(period["from"], F.lit("00:00"))).alias("from_minute"),
        _minute(F.coalesce(period["to"], F.lit("24:00"))).alias("to_minute"),
        period["price_per_kwh"].alias("price_per_kwh"),
    )


def _minute(clock: Column) -> Column:
    hours, minutes = F.substring(clock, 1, 2).try_cast("int"), F.substring(clock, 4, 2)
    return F.when(clock.rlike(_CLOCK), hours * 60 + minutes.try_cast("int"))


def _is_complete(element: Column) -> Column:
    complete = {
        "standing_charge": _is_price(element["amount"]) & element["per"].isin("day", "month"),
        "fixed": _is_price(element["price_per_kwh"]),
        "time_of_use": _has_some(element["periods"]) & _all(element["periods"], _is_period),
        "block": element["per"].isin("day", "month", "year") & _are_steps(element["steps"]),
        "spot": _is_price(element["multiplier"]) & _is_price(element["surcharge_per_kwh"]),
        "capacity": _is_price(element["price_per_kw"])
        & element["window_minutes"].isin(*PEAK_WINDOWS)
        & element["days"].between(1, 31),
    }
    # What is of no known kind is named by another rule.
    is_whole = F.lit(True)
    for kind, has_all in complete.items():
        is_whole = F.when(element["kind"] == kind, has_all).otherwise(is_whole)
    return is_whole


def _is_period(period: Column) -> Column:
    days = _has_some(period["weekdays"]) & _all(period["weekdays"], lambda d: d.between(1, 7))
    months = _has_some(period["months"]) & _all(period["months"], lambda m: m.between(1, 12))
    times = period["from_minute"].between(0, 1439) & period["to_minute"].isNotNull()
    return _is_price(period["price_per_kwh"]) & times & days & months


def _are_steps(steps: Column) -> Column:
    """Tell whether the steps rise from above zero, each priced, and the last one is open."""
    bounds = F.transform(steps, lambda step: step["up_to_kwh"])
    closed = F.slice(bounds, 1, F.greatest(F.size(bounds) - 1, F.lit(0)))
    rises = closed == F.array_sort(F.array_distinct(closed))
    last_is_open = F.element_at(bounds, -1).isNull()
    priced = _all(steps, lambda step: _is_price(step["price_per_kwh"]))
    above_zero = _all(closed, lambda bound: bound.between(1e-9, 1e12))
    return _has_some(steps) & F.coalesce(rises, F.lit(False)) & last_is_open & priced & above_zero


def _is_price(amount: Column) -> Column:
    return F.coalesce(amount.between(-HIGHEST_AMOUNT, HIGHEST_AMOUNT), F.lit(False))


def _has_some(listed: Column) -> Column:
    return F.coalesce(F.size(listed) > 0, F.lit(False))


def _all(listed: Column, holds: Callable[[Column], Column]) -> Column:
    every = F.forall(listed, lambda one: F.coalesce(holds(one), F.lit(False)))
    return F.coalesce(every, F.lit(True))


def _given(element: Column, name: str, default: float) -> Column:
    return F.coalesce(element[name], F.lit(default))


def _of(element: Column, kind: str, value: Column) -> Column:
    return F.when(element["kind"] == kind, value)
