"""Public and simulated homes -> a row a home and fuel: its year, profile, climate and shape.

Of IDEAL few homes have twelve whole months, so the year is that of a degree-day model of each home
(Fels 1986, "PRISM") in the weather of July 2017 to June 2018: base load and slope, none negative,
of 180 days or more with 30 cold ones and 30 mild. Heating is known for all (gas), the area and cars
of none, the house type as flat or house alone.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from samples.ideal import HOUSE_TYPES
from samples.simulated import simulate

BASE_C = 15.5
EUROSTAT_LIMIT_C, EUROSTAT_BASE_C = 15.0, 18.0
_YEAR = (date(2017, 7, 1), date(2018, 7, 1))
_HOURS_A_DAY, _DAYS, _COLD, _MILD = 12, 180, 30, 30
_HIGHEST_GAS_KWH = 100.0
_PLAIN = {"living_area_m2": np.nan, "electric_cars": 0.0, "has_pv": 0.0, "partner_id": "ideal"}


def ideal_homes(data: Path) -> pd.DataFrame:
    """Return a row a home and fuel of IDEAL whose year can be told; kWh."""
    hours = pd.read_csv(
        data / "ideal_hourly.csv.gz",
        usecols=["home_id", "ts", "elec_mean_W", "gas_Wh"],
        parse_dates=["ts"],
    )
    local = hours["ts"].dt.tz_localize("UTC").dt.tz_convert("Europe/London")
    hours = hours.assign(
        elec=hours["elec_mean_W"] / 1000,
        # No pulse is no gas, unless the home was not heard at all.
        gas=np.where(hours["gas_Wh"].isna() & hours["elec_mean_W"].notna(), 0, hours["gas_Wh"])
        / 1000,
        day=local.dt.date,
        hour=local.dt.hour,
        is_weekend=local.dt.dayofweek >= 5,
    )
    hours.loc[hours["gas"] > _HIGHEST_GAS_KWH, "gas"] = np.nan
    # One climate for all: the five areas lie within 40 km.
    sky = pd.read_csv(
        data / "weather" / "hourly_temperatures_Edinburgh_data.csv", parse_dates=["timestamp"]
    )
    mean_c = sky.groupby(sky["timestamp"].dt.date)["temperature"].mean()
    survey = pd.read_csv(data / "home_metadata.csv").set_index("homeid")
    rows = []
    for home_id, one in hours.groupby("home_id"):
        profile = _profile(survey.loc[[int(str(home_id))]].iloc[0], f"ideal-{home_id}")
        years = (_year_of(one, fuel, mean_c) for fuel in ("elec", "gas"))
        rows += [year | profile for year in years if year is not None]
    return pd.DataFrame(rows)


def simulated_homes(folder: Path, *, homes: int, seed: int) -> pd.DataFrame:
    """Return a row a home and fuel of `lake simulate`, from its truth: no real home."""
    out = folder / f"simulated-{homes}-{seed}"
    if not (out / "truth" / "homes.parquet").exists():
        simulate(homes=homes, days=366, seed=seed, out=out, start=date(2024, 1, 1))
    truth = pd.read_parquet(out / "truth" / "categories.parquet")
    used = truth.groupby(["location_id", "fuel"], observed=True)["energy_kwh"].sum().reset_index()
    known = pd.read_parquet(out / "truth" / "homes.parquet").rename(
        columns={"heating": "heating_type_primary"}
    )
    known = known.assign(electric_cars=(known["ev_kw"] > 0) * 1.0, partner_id="simulated")
    columns = ["location_id", "partner_id", "house_type", "heating_type_primary",
               "living_area_m2", "persons", "electric_cars", "price_zone"]  # fmt: skip
    rows = used.merge(known[columns], on="location_id")
    rows = rows.rename(columns={"energy_kwh": "annual_kwh"})
    rows["degree_days"] = rows["price_zone"].map(_zone_degree_days(out, known))
    return rows[rows["annual_kwh"] > 0].assign(heating_share=np.nan, weekend_ratio=1.0)


def _year_of(one: pd.DataFrame, fuel: str, mean_c: "pd.Series[float]") -> dict[str, object] | None:
    days = one.groupby("day")[fuel].agg(["mean", "count"])
    days = days[days["count"] >= _HOURS_A_DAY]
    temperature = mean_c.reindex(days.index)
    kwh, temperature = days["mean"][temperature.notna()] * 24, temperature.dropna()
    lacks = np.maximum(BASE_C - temperature.to_numpy(), 0)
    if len(kwh) < _DAYS or (lacks > 8).sum() < _COLD or (lacks < 3).sum() < _MILD:
        return None
    base, slope = _line(lacks, kwh.to_numpy())
    year = mean_c[(mean_c.index >= _YEAR[0]) & (mean_c.index < _YEAR[1])].to_numpy()
    heated = slope * np.maximum(BASE_C - year, 0).sum()
    annual = base * len(year) + heated
    by_hour = one.groupby("hour")[fuel].mean()
    share = by_hour / max(by_hour.sum(), 1e-9)
    means = one.groupby("is_weekend")[fuel].mean()
    counted = np.where(year <= EUROSTAT_LIMIT_C, EUROSTAT_BASE_C - year, 0)
    return {
        "fuel": fuel,
        "annual_kwh": float(annual),
        "heating_share": float(heated / annual) if annual > 0 else 0.0,
        "weekend_ratio": float(means.get(True, np.nan) / max(means.get(False, np.nan), 1e-9)),
        "degree_days": float(counted.sum()),
        "night_share": float(share[share.index < 6].sum()),
        "day_share": float(share[(share.index >= 9) & (share.index < 16)].sum()),
        "evening_share": float(share[(share.index >= 17) & (share.index < 22)].sum()),
    }


def _line(lacks: np.ndarray, kwh: np.ndarray) -> tuple[float, float]:
    """Return base and slope by least squares, none of them negative."""
    slope, base = np.polyfit(lacks, kwh, 1)
    if slope < 0:
        return float(kwh.mean()), 0.0
    if base < 0:
        return 0.0, float((lacks @ kwh) / (lacks @ lacks))
    return float(base), float(slope)


def _profile(home: "pd.Series[str]", location_id: str) -> dict[str, object]:
    persons = int(home["residents"])
    return _PLAIN | {
        "location_id": location_id,
        "house_type": HOUSE_TYPES[str(home["hometype"])],
        "heating_type_primary": "gas_boiler",
        "persons": float(persons) if persons > 0 else np.nan,
    }


def _zone_degree_days(out: Path, known: pd.DataFrame) -> dict[str, float]:
    """Return the degree days by Eurostat's rule of the weather nearest to each zone's homes."""
    sky = pd.read_csv(out / "weather.csv", usecols=["latitude", "longitude", "observed_at",
                                                    "temperature_c"])  # fmt: skip
    sky["day"] = sky["observed_at"].str[:10]
    mean_c = sky.groupby(["latitude", "longitude", "day"])["temperature_c"].mean()
    counted = (EUROSTAT_BASE_C - mean_c).where(mean_c <= EUROSTAT_LIMIT_C, 0.0)
    of_point = counted.groupby(["latitude", "longitude"]).sum()
    found = {}
    for zone, homes in known.groupby("price_zone"):
        here = homes[["latitude", "longitude"]].mean()
        nearest = min(
            of_point.index, key=lambda p: (p[0] - here.iloc[0]) ** 2 + (p[1] - here.iloc[1]) ** 2
        )
        found[str(zone)] = float(of_point[nearest])
    return found
