"""Real homes' hours, with and without a fault put into them -> the days that anomalies are told by.

The forecast that stands in for the model is the platform's baseline that is hard to beat: quantiles
of the same hour on the days known at the issue, of four weeks. Days are in UTC: the data are GMT's
(IDEAL, LCL) or of fixed clocks, and an hour more or less in summer changes no figure here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
_LOOK_BACK, _ISSUED = 28, 2
_QUANTILES = (0.1, 0.5, 0.9)
# Days before a fault that the rules look back at, and days after it began.
BEFORE, AFTER = 100, 14
_P10_TO_P90 = 2.5631
_HEATING_BELOW_C = 15.5


@dataclass(frozen=True)
class Home:
    """Hours of one home as a matrix of days and hours (kWh, NaN: missing)."""

    home: str
    fuel: str
    direction: str
    first: pd.Timestamp
    kwh: Floats
    # Mean temperature and irradiation of each day (°C, kWh/m²); NaN: not known.
    warmth: Floats
    sun: Floats
    latitude: float

    @property
    def days(self) -> int:
        """How many there are."""
        return len(self.kwh)


def homes(data: Path) -> Iterator[Home]:
    """Yield the homes of IDEAL (electricity, gas) and LCL: consumption by the hour."""
    hours = pd.read_csv(data / "ideal/ideal_hourly.csv.gz", parse_dates=["ts"])
    warmth = pd.read_csv(
        data / "ideal/weather/hourly_temperatures_Edinburgh_data.csv", parse_dates=["timestamp"]
    )
    daily = warmth.set_index("timestamp")["temperature"].resample("D").mean()
    # A null of gas is no pulse, unless electricity is null too; 100 kWh in an hour is none.
    gas = hours["gas_Wh"].fillna(0).where(hours["elec_mean_W"].notna() | hours["gas_Wh"].notna())
    hours["gas"] = gas.where(gas <= 100_000) / 1000
    hours["elec"] = hours["elec_mean_W"] / 1000
    for home, of_home in hours.groupby("home_id"):
        for fuel in ("elec", "gas"):
            series = of_home.set_index("ts")[fuel]
            if series.notna().sum() and series.fillna(0).max() > 0:
                yield _home(f"ideal-{home}", fuel, series, daily, 55.95)
    halves = pd.read_csv(data / "lcl/halfhourly_2013.csv.gz", parse_dates=["tstp"])
    for home, of_home in halves.groupby("LCLid"):
        by_hour = of_home.set_index("tstp")["kwh_hh"].resample("h").sum(min_count=2)
        yield _home(f"lcl-{home}", "elec", by_hour, None, 51.5)


def roofs(data: Path) -> Iterator[Home]:
    """Yield the roofs of CityLearn, with irradiance, and of the EMHASS home, without."""
    stamps = pd.date_range("2016-07-31 23:00", periods=8760, freq="h")
    sky = pd.read_csv(data / "citylearn2022/weather.csv")
    # The column called diffuse is what falls on the horizontal; the other is no beam.
    level = sky["diffuse_solar_irradiance"].to_numpy(dtype=np.float64)[:8760]
    sun = pd.Series(level, stamps).resample("D").sum() / 1000
    for number in range(1, 7):
        made = pd.read_csv(data / f"citylearn2022/Building_{number}.csv")["solar_generation"]
        kwh = pd.Series(made.to_numpy(dtype=float)[:8760] / 1000, stamps)
        yield _home(f"citylearn-{number}", "elec", kwh, None, 34.1, "production", sun)
    one = pd.read_parquet(data / "emhass_home/emhass_home_30min_2024_2025.parquet")
    halves = one["pv_W"].fillna(0).where(one["load_W"].notna()).to_numpy(dtype=float) / 2000
    by_hour = pd.Series(halves, pd.DatetimeIndex(one["ts_utc"]).tz_localize(None)).resample("h")
    # Where in France the home is, the data do not say.
    yield _home("emhass", "elec", by_hour.sum(min_count=2), None, 46.0, "production")


def with_faults(home: Home, *, count: int, seed: int) -> Iterator[Home]:
    """Yield the days around some of a home's with each fault, named home#day it begins#fault."""
    last = home.days - AFTER
    if last <= BEFORE:
        return
    random = np.random.default_rng([seed, *home.home.encode(), *home.fuel.encode()])
    for day in sorted(set(random.integers(BEFORE, last, count).tolist())):
        around = slice(day - BEFORE, day + AFTER)
        part = replace(
            home, home=f"{home.home}#{home.first + pd.Timedelta(days=day):%Y-%m-%d}",
            first=home.first + pd.Timedelta(days=day - BEFORE),
            kwh=home.kwh[around], warmth=home.warmth[around], sun=home.sun[around],
        )  # fmt: skip
        for fault, kwh in _faults(part):
            yield replace(part, home=f"{part.home}#{fault}", kwh=kwh)


def tables(home: Home) -> dict[str, pd.DataFrame]:
    """Return the home's rows of forecast_outcomes_daily, energy_daily and base_load_daily."""
    kwh, dates = home.kwh, pd.date_range(home.first, periods=home.days, freq="D")
    whole = ~np.isnan(kwh).any(axis=1)
    starts = dates.tz_localize("UTC")
    same = {
        "partner_id": "real", "location_id": home.home, "fuel": home.fuel,
        "direction": home.direction, "local_date": dates.date,
        "known_at": starts + pd.Timedelta(days=1),
    }  # fmt: skip
    cold = np.maximum(_HEATING_BELOW_C - home.warmth, 0)
    total = np.nansum(kwh, axis=1)
    energy = pd.DataFrame(
        {**same, "starts_at": starts, "ends_at": starts + pd.Timedelta(days=1),
         "energy_kwh": total, "peak_kw": np.nan_to_num(kwh, nan=0).max(axis=1),
         "peak_at": starts, "observed_intervals": (~np.isnan(kwh)).sum(axis=1),
         "expected_intervals": 24, "estimated_share": 0.0, "degree_days": cold,
         "cooling_degree_days": np.full(len(kwh), np.nan), "sun_kwh_m2": home.sun,
         "latitude": home.latitude}
    )  # fmt: skip
    base = pd.DataFrame({**same, "base_load_kw": np.quantile(np.nan_to_num(kwh), 0.1, axis=1)})
    low, middle, high = _forecast(kwh)
    spread = np.sqrt((((high - low) / _P10_TO_P90) ** 2).sum(axis=1))
    scored = pd.DataFrame(
        {**same, "lead": "day_ahead", "issued_at": starts - pd.Timedelta(hours=12),
         "model_version": "baseline", "hours": 24, "expected_hours": 24, "actual_kwh": total,
         "expected_kwh": middle.sum(axis=1), "spread_kwh": spread}
    )  # fmt: skip
    told = {"outcomes": scored[whole & ~np.isnan(spread)], "energy": energy, "base": base[whole]}
    return {name: rows.reset_index(drop=True) for name, rows in told.items()}


def _faults(home: Home) -> Iterator[tuple[str, Floats]]:
    """Yield each fault that this home may have, as its hours with it, beside those without."""
    yield "nothing", home.kwh
    if home.direction == "production":
        yield "pv_less_30", _changed(home.kwh, AFTER, lambda k: 0.7 * k)
        return
    yield "more_50_3d", _changed(home.kwh, 3, lambda k: 1.5 * k)
    if home.fuel == "elec":
        yield "leak_200w", _changed(home.kwh, AFTER, lambda k: k + 0.2)
        before = home.kwh[BEFORE - 1]
        stuck = float(np.nanmean(before)) if (~np.isnan(before)).any() else 0.1
        yield "stuck_3d", _changed(home.kwh, 3, lambda k: np.full_like(k, stuck))
        yield "spike_10kw", _changed(home.kwh, 1, _with_spike)


def _with_spike(kwh: Floats) -> Floats:
    spiked = kwh.copy()
    spiked[:, 18] = 10.0
    return spiked


def _changed(kwh: Floats, days: int, how: Callable[[Floats], Floats]) -> Floats:
    changed = kwh.copy()
    changed[BEFORE : BEFORE + days] = how(changed[BEFORE : BEFORE + days])
    return changed


def _forecast(kwh: Floats) -> tuple[Floats, Floats, Floats]:
    """Return P10, P50 and P90 of each hour, of the days that were known at noon the day before."""
    padded = np.vstack([np.full((_LOOK_BACK + _ISSUED - 1, 24), np.nan), kwh])
    seen = np.lib.stride_tricks.sliding_window_view(padded, _LOOK_BACK, axis=0)[: len(kwh)]
    # In order, what is missing last.
    ordered, counts = np.sort(seen, axis=-1), (~np.isnan(seen)).sum(axis=-1)
    low, middle, high = (
        np.where(counts >= _LOOK_BACK / 2, _at(ordered, (counts - 1) * share), np.nan)
        for share in _QUANTILES
    )
    return low, middle, high


def _at(ordered: Floats, place: Floats) -> Floats:
    """Return the value at a place between two of the last axis."""
    below = np.clip(np.floor(place).astype(int), 0, ordered.shape[-1] - 1)
    above = np.minimum(below + 1, ordered.shape[-1] - 1)
    first, second = (
        np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (below, above)
    )
    part = place - below
    found: Floats = np.where(part > 0, first + part * (second - first), first)
    return found


def _home(
    name: str, fuel: str, hours: "pd.Series[float]", warmth: "pd.Series[float] | None",
    latitude: float, direction: str = "consumption", sun: "pd.Series[float] | None" = None,
) -> Home:  # fmt: skip
    hours = hours[~hours.index.duplicated()].sort_index()
    first, last = hours.index[0].ceil("D"), hours.index[-1].floor("D")
    stamps = pd.date_range(first, last, freq="h", inclusive="left")
    kwh = np.asarray(hours.reindex(stamps), dtype=np.float64).reshape(-1, 24)
    days = pd.date_range(first, periods=len(kwh), freq="D")
    none = pd.Series(np.nan, days)
    of_days: list[Floats] = [
        np.asarray(none if one is None else one.reindex(days), dtype=np.float64)
        for one in (warmth, sun)
    ]
    return Home(name, fuel, direction, first, kwh, of_days[0], of_days[1], latitude)
