"""Quarters of an hour at hourly spot prices cost what each of them costs by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import functions as F

from gold.cost_daily import cost_daily
from gold.energy import in_days, in_steps
from gold.tests.plain_costs import element, tariff
from lake.local_clock import is_uneven
from silver.contracts import (
    CO2_INTENSITY,
    ENERGY_IN_CONTEXT,
    LOCATIONS,
    METERS,
    SPOT_PRICES,
    TARIFFS,
)
from silver.zone_grid import of_its_zone, zone_grid, zones_of

pytestmark = pytest.mark.spark
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
# The day has 25 hours.
MIDNIGHT, HOURS = datetime(2025, 10, 25, 22, tzinfo=UTC), 25
PRICES = [0.31 + n * 0.0173 - (n == 3) * 1.7 for n in range(HOURS)]
QUARTERS = [0.1 + n % 7 / 3 for n in range(4 * HOURS)]
ZONE = "Europe/Copenhagen"


def test_a_day_of_quarters_at_hourly_prices_costs_their_products(
    table: Callable[..., Any],
) -> None:
    homes = table(LOCATIONS, [{}], partner_id="p", location_id="h", country_code="DK",
                  time_zone=ZONE, price_zone="DK2")  # fmt: skip
    prices = table(SPOT_PRICES, [
        {"starts_at": MIDNIGHT + n * HOUR, "ends_at": MIDNIGHT + (n + 1) * HOUR,
         "price_per_kwh": price}
        for n, price in enumerate(PRICES)
    ], price_zone="DK2", currency="DKK")  # fmt: skip
    day = MIDNIGHT.astimezone(ZoneInfo(ZONE)).date()
    told = table(ENERGY_IN_CONTEXT, [
        {"starts_at": MIDNIGHT + n * QUARTER, "ends_at": MIDNIGHT + (n + 1) * QUARTER,
         "energy_kwh": kwh}
        for n, kwh in enumerate(QUARTERS)
    ], partner_id="p", location_id="h", fuel="elec", direction="import", resolution="PT15M",
       time_zone=ZONE, local_date=day, local_month="2025-10")  # fmt: skip
    zones = zones_of(homes)
    energy = of_its_zone(
        told.drop("price_per_kwh", "currency", "co2_kg_per_kwh")
        .crossJoin(zones)
        .withColumn("_is_off", is_uneven(3600)),
        zone_grid(prices, table(CO2_INTENSITY, []), zones),
    ).select(*ENERGY_IN_CONTEXT.names).localCheckpoint()  # fmt: skip
    days = in_days(in_steps(energy, seconds=3600), energy, homes).localCheckpoint()
    at_spot = element("spot", multiplier=1.1, surcharge_per_kwh=0.05)
    paid = table(TARIFFS, [tariff(at_spot)], partner_id="p", location_id="h")
    costs = cost_daily(days, energy, paid, homes, table(METERS, []))

    products = [kwh * PRICES[n // 4] for n, kwh in enumerate(QUARTERS)]
    (found,) = days.where("direction = 'import'").collect()
    assert (found.observed_intervals, found.currency) == (4 * HOURS, "DKK")
    assert found.cost == pytest.approx(sum(products), rel=0, abs=1e-9)
    (charged,) = costs.where(F.col("element") == "spot").collect()
    with_surcharge = 1.1 * sum(products) + 0.05 * sum(QUARTERS)
    assert charged.net_amount == pytest.approx(with_surcharge, rel=0, abs=1e-9)
