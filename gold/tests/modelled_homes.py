"""Homes with days and weather, modelled all at once: Spark plans them once."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame, Row, SparkSession

from gold.contracts import ENERGY_DAILY, ENERGY_MONTHLY, TEMPERATURE_DAILY, WEATHER_MODELS
from gold.weather_models import weather_models
from gold.weather_normalised_monthly import weather_normalised_monthly
from lake.contract import Table
from lake.testing import frame
from silver.contracts import LOCATION_WEATHER, LOCATIONS

Floats = npt.NDArray[np.float64]
Rows = list[dict[str, Any]]
END = date(2025, 6, 30)
_OF_ALL = {"partner_id": "p", "longitude": 12.0, "time_zone": "Europe/Copenhagen"}
_GAS = {
    "base_kwh_per_day": 5.0, "heating_balance_c": 15.0, "heating_kwh_per_degree_day": 2.0,
    "residual_kwh": 1.0, "residual_autocorrelation": 0.0, "days_used": 365, "outcome": "fitted",
    "model_type": "heating", "baseline_start": date(2024, 7, 1), "baseline_end": END,
}  # fmt: skip


class ModelledHomes:
    """The homes of some tests, each with weather of its own."""

    def __init__(self) -> None:
        self.homes: Rows = []
        self.seen: Rows = []
        self.days: Rows = []
        self.months: Rows = []
        self.models: Rows = []

    def add(
        self, dates: list[date], warmth: Floats, energy: Floats, fuel: str = "elec", **every: Any
    ) -> str:
        """Add a home by its days, one metered otherwise by ``every``; return its id."""
        home = self._home(zip(dates, warmth, strict=True))
        whole = {"observed_intervals": 24, "expected_intervals": 24, "estimated_share": 0.0}
        told = {**home, "fuel": fuel, "direction": "import", **whole, **every}
        self.days.extend(
            {"local_date": d, "energy_kwh": e, **told} for d, e in zip(dates, energy, strict=True)
        )
        return str(home["location_id"])

    def add_model(self, seen: Iterable[tuple[date, float]], **model: Any) -> str:
        """Add a gas home with a model, and 300 kWh in May and in August 2025; return its id."""
        home = self._home(seen)
        series = {**home, "fuel": "gas", "direction": "import"}
        self.months.extend(
            {"local_date": date(2025, m, 1), "local_month": f"2025-{m:02d}", **series}
            for m in (5, 8)
        )
        self.models.append({**series, **_GAS, **model})
        return str(home["location_id"])

    def modelled(self, spark: SparkSession) -> dict[str, dict[str, Any]]:
        """Return the one model of each home that was added by its days."""
        days = _frame(spark, ENERGY_DAILY, self.days)
        rows = _by_home(weather_models(days, *self._weather(spark)))
        return {home: dict(row.asDict()) for home, (row,) in rows.items()}

    def normalised(self, spark: SparkSession) -> dict[str, list[Row]]:
        """Return the months in normal weather of each home that was added with a model."""
        months = _frame(spark, ENERGY_MONTHLY, self.months, energy_kwh=300.0)
        models = _frame(spark, WEATHER_MODELS, self.models)
        return _by_home(weather_normalised_monthly(months, models, *self._weather(spark)))

    def _weather(self, spark: SparkSession) -> tuple[DataFrame, DataFrame, DataFrame]:
        return (
            _frame(spark, TEMPERATURE_DAILY, self.seen),
            _frame(spark, LOCATION_WEATHER, self.homes),
            _frame(spark, LOCATIONS, [{"location_id": h["location_id"]} for h in self.homes]),
        )

    def _home(self, seen: Iterable[tuple[date, float]]) -> dict[str, Any]:
        """Add a home at a point of its own, where these temperatures were seen."""
        number = len(self.homes)
        self.homes.append({"location_id": f"h{number}", "latitude": float(number)})
        self.seen.extend(
            {"local_date": day, "temperature_c": warmth, "latitude": float(number)}
            for day, warmth in seen
            if not np.isnan(warmth)
        )
        return {"location_id": f"h{number}"}


def _frame(spark: SparkSession, table: Table, rows: Rows, **every: Any) -> DataFrame:
    shared = {name: value for name, value in _OF_ALL.items() if name in table}
    return frame(spark, table, rows, **shared, **every)


def _by_home(found: DataFrame) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for row in found.collect():
        rows.setdefault(row.location_id, []).append(row)
    return rows
