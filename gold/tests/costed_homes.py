"""Homes with intervals and tariffs, whose costs are computed at once: Spark plans them once."""

from collections.abc import Sequence
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
from silver.contracts import (
    ENERGY_IN_CONTEXT,
    LOCATIONS,
    METERS,
    SUBSTITUTED_ENERGY,
    TARIFFS,
)

Rows = list[dict[str, Any]]
Costs = dict[str, dict[str, list[Row]]]


class CostedHomes:
    """The homes of a file of tests."""

    def __init__(self) -> None:
        self.energy: Rows = []
        self.filled: Rows = []
        self.meters: Rows = []
        self.paid: Rows = []
        self.homes: Rows = []

    def add(
        self, told: list[Interval], *tariffs: dict[str, Any], zone: str = "Europe/Copenhagen",
        country: str | None = "DK", direction: str = "import", filled: Sequence[Interval] = (),
        supplied: str | None = None, supplied_to: str | None = None,
        exchanged: Sequence[tuple[str | None, str | None]] = (),
    ) -> str:  # fmt: skip
        """Add a home: intervals, what fills gaps, tariffs, days of supply; return its id.

        ``exchanged``: first and last days of the supply of further meters.
        """
        location_id = f"h{len(self.homes)}"
        self.homes.append({"location_id": location_id, "country_code": country, "time_zone": zone})
        for number, (start, end) in enumerate([(supplied, supplied_to), *exchanged]):
            self.meters.append({"location_id": location_id, "meter_id": f"{location_id}-{number}",
                                "direction": direction, "supply_start": start,
                                "supply_end": end})  # fmt: skip
        self.paid.extend({**one, "location_id": location_id} for one in tariffs)
        for rows, said, kind in (
            (self.energy, told, "energy_kwh"), (self.filled, filled, "substituted_kwh")
        ):  # fmt: skip
            rows.extend(
                {
                    "location_id": location_id, "direction": direction, "time_zone": zone,
                    "starts_at": at, "ends_at": at + timedelta(minutes=minutes), kind: kwh,
                    "local_date": at.astimezone(ZoneInfo(zone)).date(),
                    "local_month": f"{at.astimezone(ZoneInfo(zone)):%Y-%m}",
                    "resolution": _resolution(minutes),
                    **({"price_per_kwh": spot} if kind == "energy_kwh" else {}),
                }
                for at, minutes, kwh, spot in said
            )  # fmt: skip
        return location_id

    def costs(self, spark: SparkSession) -> Costs:
        """Return what the tables of costs, ``daily`` and ``monthly``, have of each home."""
        every = {"partner_id": "p", "fuel": "elec"}
        energy = frame(spark, ENERGY_IN_CONTEXT, self.energy, **every, currency="DKK")
        energy = energy.localCheckpoint()
        filled = frame(spark, SUBSTITUTED_ENERGY, self.filled, **every)
        paid = frame(spark, TARIFFS, self.paid, partner_id="p")
        homes = frame(spark, LOCATIONS, self.homes, partner_id="p")
        meters = frame(spark, METERS, self.meters, **every)
        hours = in_steps(energy, seconds=3600, substituted_energy=filled)
        days = in_days(hours, energy, homes, substituted_energy=filled).localCheckpoint()
        daily = cost_daily(days, energy, paid, homes, meters).localCheckpoint()
        months = in_months(days, energy, homes)
        monthly = cost_monthly(daily, days, months, peak_power_daily(energy), paid, meters)
        return {"daily": self._by_home(daily), "monthly": self._by_home(monthly)}

    def _by_home(self, found: DataFrame) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {one["location_id"]: [] for one in self.homes}
        for row in found.orderBy("local_date").collect():
            rows[row.location_id].append(row)
        return rows


def _resolution(minutes: float) -> str:
    if minutes > 1500:
        return "P1M" if minutes >= 28 * 1440 else f"PT{minutes / 60:.0f}H"
    if minutes < 1:
        return f"PT{60 * minutes:.0f}S"
    return "P1D" if minutes > 1200 else f"PT{minutes}M"
