"""What a price is made of, as silver.tariffs reads it: each kind with what it must say.

Prices are without VAT, in the tariff's currency; zero and less than zero are prices too.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from serving.data_management.requests.fields import Said
from silver.contracts import HIGHEST_AMOUNT

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_CLOCK_TO = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
Price = Annotated[float, Field(strict=True, ge=-HIGHEST_AMOUNT, le=HIGHEST_AMOUNT)]
Weekday = Annotated[int, Field(strict=True, ge=1, le=7)]
Month = Annotated[int, Field(strict=True, ge=1, le=12)]


class StandingCharge(Said):
    """An amount a day or month, whatever is used."""

    kind: Literal["standing_charge"]
    amount: Price
    per: Literal["day", "month"]


class Fixed(Said):
    """One price for all energy."""

    kind: Literal["fixed"]
    price_per_kwh: Price


class Period(Said):
    """A price at some times: from midnight to midnight, every day and month, unless said."""

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = Field(
        default=None, description="1 is Monday."
    )
    months: Annotated[list[Month], Field(min_length=1, max_length=12)] | None = None
    from_: Annotated[str, Field(pattern=_CLOCK)] | None = Field(
        default=None, alias="from", description="Local time, as in 06:00."
    )
    to: Annotated[str, Field(pattern=_CLOCK_TO)] | None = Field(
        default=None, description="Local time, excluded; 24:00 is the end of the day."
    )
    price_per_kwh: Price


class TimeOfUse(Said):
    """Prices by weekday, month and time of day."""

    kind: Literal["time_of_use"]
    periods: Annotated[list[Period], Field(min_length=1, max_length=200)] = Field(
        description="The first that holds counts; together they hold at all times. One that "
        "crosses midnight is of the day on which it begins."
    )


class Step(Said):
    """A price up to an amount of energy; the last step has no end."""

    up_to_kwh: Annotated[float, Field(strict=True, ge=1e-9, le=1e12)] | None = None
    price_per_kwh: Price


def _rises(steps: list[Step]) -> list[Step]:
    bounds = [step.up_to_kwh for step in steps[:-1]]
    told = [bound for bound in bounds if bound is not None]
    if len(told) < len(bounds) or told != sorted(set(told)) or steps[-1].up_to_kwh is not None:
        raise PydanticCustomError("steps", "up_to_kwh rises, and only the last step has none")
    return steps


class Block(Said):
    """Prices by how much was used since the day, month or year began."""

    kind: Literal["block"]
    per: Literal["day", "month", "year"]
    steps: Annotated[list[Step], Field(min_length=1, max_length=50), AfterValidator(_rises)]


class Spot(Said):
    """The spot price of the location's price zone, times a multiplier, plus a surcharge.

    Of electricity only; the location says its price zone.
    """

    kind: Literal["spot"]
    multiplier: Price = 1.0
    surcharge_per_kwh: Price = 0.0


class Capacity(Said):
    """A price for the highest power of a month, or the mean of the highest of some days."""

    kind: Literal["capacity"]
    price_per_kw: Price
    window_minutes: Literal[6, 10, 15, 30, 60] = 60
    days: Annotated[int, Field(strict=True, ge=1, le=31)] = 1


Element = Annotated[
    StandingCharge | Fixed | TimeOfUse | Block | Spot | Capacity, Field(discriminator="kind")
]
Elements = Annotated[list[Element], Field(min_length=1, max_length=50)]


def as_told(elements: list[Any]) -> list[dict[str, Any]]:
    """Return elements as a registration says them: without what is not said."""
    return [e.model_dump(mode="json", by_alias=True, exclude_none=True) for e in elements]
