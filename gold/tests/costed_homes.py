"""Homes with intervals and tariffs, whose costs are computed at once: Spark plans them once."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, Row, SparkSession

from gold.cost_daily import cost_daily
from gold.cost_monthly import cost_monthly
from gold.energy import in_days, in_months, in_steps
from gold.peak_power_daily import peak_power_daily
from gold.tests.plain_costs import Interval
from lake.testing import frame
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS, TARIFFS

Rows = list[dict[str, Any]]
Costs = dict[str, dict[str, list[Row]]]


class CostedHomes:
    """The homes of a file of tests."""

    def __init__(self) -> None:
        self.energy: Rows = []
        self.paid: Rows = []
        self.homes: Rows = []

    def add(
        self, told: list[Interval], *tariffs: dict[str, Any], zone: str = "Europe/Copenhagen",
        country: str | None = "DK", direction: str = "import",
    ) -> str:  # fmt: skip
        """Add a home with its intervals and tariffs; return its id."""
        location_id = f"h{len(self.homes)}"
        self.homes.append({"location_id": location_id, "country_code": country, "time_zone": zone})
        self.paid.extend({**one, "location_id": location_id} for one in tariffs)
        self.energy.extend(
            {
                "location_id": location_id, "direction": direction, "time_zone": zone,
                "starts_at": at, "ends_at": at + timedelta(minutes=minutes), "energy_kwh": kwh,
                "price_per_kwh": spot, "local_date": at.astimezone(ZoneInfo(zone)).date(),
                "local_month": f"{at.astimezone(ZoneInfo(zone)):%Y-%m}",
                "resolution": _resolution(minutes),
            }
            for at, minutes, kwh, spot in told
        )  # fmt: skip
        return location_id

    def costs(self, spark: SparkSession) -> Costs:
        """Return what the tables of costs, ``daily`` and ``monthly``, have of each home."""
        every = {"partner_id": "p", "fuel": "elec", "currency": "DKK"}
        energy = frame(spark, ENERGY_IN_CONTEXT, self.energy, **every).localCheckpoint()
        paid = frame(spark, TARIFFS, self.paid, partner_id="p")
        homes = frame(spark, LOCATIONS, self.homes, partner_id="p")
        days = in_days(in_steps(energy, seconds=3600), energy, homes).localCheckpoint()
        daily = cost_daily(days, energy, paid, homes).localCheckpoint()
        months = in_months(days, energy, homes)
        monthly = cost_monthly(daily, months, peak_power_daily(energy), paid)
        return {"daily": self._by_home(daily), "monthly": self._by_home(monthly)}

    def _by_home(self, found: DataFrame) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {one["location_id"]: [] for one in self.homes}
        for row in found.orderBy("local_date").collect():
            rows[row.location_id].append(row)
        return rows


def _resolution(minutes: int) -> str:
    if minutes > 1500:
        return "P1M"
    return "P1D" if minutes > 1200 else f"PT{minutes}M"
