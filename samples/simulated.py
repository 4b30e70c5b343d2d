"""Homes, days and a seed -> simulated homes as a partner sends them, and `truth/` about them."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from samples.climate import PLACES, Place, forecasts, observations, weather
from samples.dwellings import Dwelling, dwelling
from samples.loads import Energy, energy
from samples.spot import spot_prices
from samples.ticks import Clock, clock
from samples.truth import Truth, hourly, local_hours
from samples.writing import Homes, PartnerFiles, SampleDataError, Series

TITLE = "Simulated homes"
SOURCE = "simulated (samples/simulated.py) from physics and standard profiles: no real homes"


def simulate(
    *,
    homes: int,
    days: int,
    seed: int,
    out: Path,
    start: date = date(2025, 1, 1),
    zones: Sequence[str] | None = None,
    partner: str = "simulated",
) -> Homes:
    """Write `homes` homes over `days` local days to `out`; the same arguments give the same bytes.

    Home i is the same however many there are. Homes stand in the price zones `zones` (all of
    PLACES, if None), with meters of 15, 30 or 60 minutes, gas by the hour. `truth/`, hours in UTC:
    categories.parquet (what the home used, so import + production - export, and gas),
    production.parquet (PV), charging.parquet (the car's events), homes.parquet.
    """
    if homes < 1 or days < 1:
        raise SampleDataError(
            f"cannot simulate {homes} homes over {days} days", cure="ask for at least one of each"
        )
    places = [place for place in PLACES if zones is None or place.price_zone in zones]
    if not places:
        raise SampleDataError(
            f"no such zones: {zones}", cure=f"take of {[place.price_zone for place in PLACES]}"
        )
    out.mkdir(parents=True, exist_ok=True)
    clocks = _skies(places, seed=seed, start=start, days=days, out=out)
    shares = np.array([place.weight for place in places]) / sum(place.weight for place in places)
    drawn: list[Dwelling] = []
    with PartnerFiles(out, partner=partner, source=SOURCE) as files, Truth(out / "truth") as truth:
        for number in range(1, homes + 1):
            rng = np.random.default_rng([seed, 1, number])
            place = places[int(rng.choice(len(places), p=shares))]
            home, ticks = dwelling(f"sim-{seed}-{number:05d}", place=place, rng=rng), clocks[place]
            used = energy(home, ticks, rng)
            files.add(_location(home), _meters(home, ticks, used), profile=_profile(home))
            truth.add(home, ticks, used)
            drawn.append(home)
    table = pd.DataFrame([vars(home) for home in drawn])
    table["place"] = [home.place.price_zone for home in drawn]
    table.rename(columns={"place": "price_zone"}).to_parquet(
        out / "truth" / "homes.parquet", index=False
    )
    return files.written(title=TITLE, is_simulated=True)


def _skies(
    places: Iterable[Place], *, seed: int, start: date, days: int, out: Path
) -> dict[Place, Clock]:
    """Write each place's weather, forecasts and prices, and return its clock."""
    clocks, seen, ahead, prices = {}, [], [], []
    for place in places:
        rng = np.random.default_rng([seed, 0, PLACES.index(place)])
        sky = weather(place, start=start, days=days, rng=rng)
        seen.append(observations(place, sky, start=start, days=days))
        ahead.append(forecasts(place, sky, start=start, days=days, rng=rng))
        prices += spot_prices(place, sky, start=start, days=days, rng=rng)
        clocks[place] = clock(place, sky, start=start, days=days)
    for name, tables in (("weather", seen), ("weather-forecasts", ahead), ("prices", prices)):
        pd.concat(tables).to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
    return clocks


def _location(home: Dwelling) -> dict[str, object]:
    place = home.place
    zones = {
        "country_code": place.country_code,
        "time_zone": place.time_zone,
        "price_zone": place.price_zone,
    }
    return {
        "location_id": home.location_id,
        **zones,
        "latitude": home.latitude,
        "longitude": home.longitude,
    }


def _profile(home: Dwelling) -> dict[str, object]:
    return {
        "simulated": True,
        "house_type": home.house_type,
        "living_area_m2": home.living_area_m2,
        "persons": home.persons,
        "heating_type_primary": home.heating,
        "electric_cars": int(home.ev_kw > 0),
    }


def _meters(home: Dwelling, ticks: Clock, used: Energy) -> list[Series]:
    """Meter import; with panels export, and in some homes production; gas by the hour."""
    minutes, name = home.place.minutes, home.location_id
    net = np.round(sum(used.elec.values(), -used.production), 6)
    meters = [Series(f"{name}-e", "elec", "import", minutes, ticks.starts, np.maximum(net, 0))]
    if home.pv_kw:
        meters.append(
            Series(f"{name}-export", "elec", "export", minutes, ticks.starts, np.maximum(-net, 0))
        )
        if home.has_production_meter:
            meters.append(
                Series(f"{name}-pv", "elec", "production", minutes, ticks.starts, used.production)
            )
    if used.gas:
        gas = np.round(sum(used.gas.values(), np.zeros(len(ticks.starts))), 6)
        meters.append(
            Series(
                f"{name}-g",
                "gas",
                "import",
                60,
                local_hours(ticks),
                np.round(hourly(gas, minutes), 6),
            )
        )
    return meters
