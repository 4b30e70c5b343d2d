"""average_prices.csv -> what households of a country pay on average, where a home has no tariff.

Half-yearly prices of households with all taxes and levies (Eurostat: nrg_pc_204, electricity, band
DC; nrg_pc_202, gas, band D2), as in its news of 6 May and 29 October 2025; those of the second half
of 2025, and of the United Kingdom (in its own money, told until the first half of 2020), as in the
data sets. The value added tax is that of the time; on a British home's energy it is 5 % (VAT Notice
701/19). The year after a country's newest half year takes its price: Eurostat tells one up to ten
months after its end. What is in neither has no average price: nothing is guessed.
"""

import csv
from datetime import date
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

CARRIED_HALF_YEARS = 2
_FILE = Path(__file__).with_name("average_prices.csv")


class AveragePrice(NamedTuple):
    """What a kWh cost in one country over a half year (half-open), value added tax included."""

    country_code: str
    fuel: str
    valid_from: date
    valid_to: date
    price_per_kwh: float
    currency: str
    vat: float


def average_prices() -> list[AveragePrice]:
    """Return the published prices."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return [
            AveragePrice(
                row["country_code"], row["fuel"],
                date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"]),
                float(row["price_per_kwh"]), row["currency"], float(row["vat"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def average_price() -> Column:
    """Return the price of ``country_code``, ``fuel`` and ``local_date``; null where none is known.

    It is a struct of ``price_per_kwh`` (without value added tax), ``vat`` (share) and ``currency``.
    """
    prices = [
        part
        for half, known in by_half_year().items()
        for part in (F.lit(half), _without_tax(known))
    ]
    first_month = F.when(F.month("local_date") <= 6, 1).otherwise(7)
    start = F.make_date(F.year("local_date"), first_month, F.lit(1))
    return F.try_element_at(
        F.create_map(*prices), F.concat_ws("/", "country_code", "fuel", start.cast("string"))
    )


def by_half_year() -> dict[str, AveragePrice]:
    """Return the price of each ``country/fuel/first day``: as published, else carried on."""
    newest_first = sorted(average_prices(), key=lambda one: one.valid_from, reverse=True)
    found = {_half(one, one.valid_from): one for one in newest_first}
    for one in newest_first:
        start = one.valid_to
        for _ in range(CARRIED_HALF_YEARS):
            found.setdefault(_half(one, start), one)
            start = date(start.year, 7, 1) if start.month == 1 else date(start.year + 1, 1, 1)
    return found


def _half(price: AveragePrice, start: date) -> str:
    return f"{price.country_code}/{price.fuel}/{start}"


def _without_tax(known: AveragePrice) -> Column:
    return F.struct(
        F.lit(known.price_per_kwh / (1 + known.vat)).alias("price_per_kwh"),
        F.lit(known.vat).alias("vat"),
        F.lit(known.currency).alias("currency"),
    )
