"""A place and a generator of chance -> a dwelling: its walls, heating, people, car and panels.

Ranges are rounded from public building statistics (TABULA/EPISCOPE for heat loss, Eurostat for size
and heating).
"""

from dataclasses import dataclass

import numpy as np

from samples.climate import Place

# Share of dwellings by main heating, a country; where a boiler burns gas, it heats water too.
HEATINGS = {
    "DK": {
        "district_heating": 0.4,
        "air_water_pump": 0.25,
        "air_air_pump": 0.1,
        "radiators": 0.1,
        "gas_boiler": 0.15,
    },
    "SE": {
        "district_heating": 0.3,
        "air_water_pump": 0.25,
        "exhaust_air_heat_pump": 0.15,
        "air_air_pump": 0.15,
        "radiators": 0.15,
    },
    "NL": {"gas_boiler": 0.7, "air_water_pump": 0.2, "district_heating": 0.1},
    "GB": {"gas_boiler": 0.75, "radiators": 0.12, "air_water_pump": 0.13},
    "FI": {"district_heating": 0.35, "radiators": 0.25, "air_water_pump": 0.2, "air_air_pump": 0.2},
    "ES": {"gas_boiler": 0.45, "air_air_pump": 0.35, "radiators": 0.2},
}
HOUSE_TYPES = {"house_detached": 0.4, "semi_detached": 0.2, "townhouse": 0.15, "apartment": 0.25}
SIZE_M2 = {"house_detached": 145, "semi_detached": 115, "townhouse": 105, "apartment": 70}
HEAT_PUMPS = ("air_air_pump", "air_water_pump", "exhaust_air_heat_pump")


@dataclass(frozen=True)
class Dwelling:
    """What is true of a home: units in the names, `pv_kw` and `ev_kw` 0 for none, degrees."""

    location_id: str
    place: Place
    latitude: float
    longitude: float
    house_type: str
    living_area_m2: int
    persons: int
    heating: str
    heat_loss_w_per_k: float
    set_point_c: float
    night_setback_c: float
    always_on_w: float
    fridges_w: float
    has_cooling: bool
    cooks_with_gas: bool
    has_sauna: bool
    ev_kw: float
    ev_kwh_per_day: float
    ev_plugs_in_at: float
    pv_kw: float
    pv_tilt: float
    pv_azimuth: float
    has_production_meter: bool


def dwelling(location_id: str, *, place: Place, rng: np.random.Generator) -> Dwelling:
    """Draw a home of that place."""
    house_type = _one_of(HOUSE_TYPES, rng)
    heating = _one_of(HEATINGS[place.country_code], rng)
    area = int(np.clip(rng.normal(SIZE_M2[house_type], 0.2 * SIZE_M2[house_type]), 35, 320))
    is_house = house_type != "apartment"
    w_per_m2_k = float(np.clip(rng.lognormal(np.log(1.15), 0.35), 0.5, 3.0)) * (
        1.0 if is_house else 0.7
    )
    has_ev = rng.random() < (0.28 if is_house else 0.06)
    has_pv = is_house and rng.random() < (0.45 if place.country_code in ("NL", "ES") else 0.25)
    return Dwelling(
        location_id=location_id,
        place=place,
        latitude=round(place.latitude + float(rng.normal(0, 0.04)), 3),
        longitude=round(place.longitude + float(rng.normal(0, 0.06)), 3),
        house_type=house_type,
        living_area_m2=area,
        persons=1 + int(rng.binomial(4, 0.42 if is_house else 0.2)),
        heating=heating,
        heat_loss_w_per_k=area * w_per_m2_k,
        set_point_c=float(rng.normal(20.7, 0.8)),
        night_setback_c=float(rng.choice([0.0, 1.0, 2.0, 3.0])),
        always_on_w=float(np.clip(rng.lognormal(np.log(85), 0.45), 25, 400)),
        fridges_w=float(rng.choice([22.0, 32.0, 55.0, 75.0])),
        has_cooling=bool(
            rng.random()
            < (0.75 if place.country_code == "ES" else 0.5 * (heating == "air_air_pump"))
        ),
        cooks_with_gas=heating == "gas_boiler" and bool(rng.random() < 0.5),
        has_sauna=bool(rng.random() < {"FI": 0.5, "SE": 0.12}.get(place.country_code, 0.0)),
        ev_kw=float(rng.choice([3.7, 7.4, 11.0], p=[0.2, 0.4, 0.4])) if has_ev else 0.0,
        ev_kwh_per_day=float(rng.uniform(3.5, 11.0)),
        ev_plugs_in_at=float(rng.choice([rng.normal(18.0, 1.0), rng.normal(23.5, 0.7)])),
        pv_kw=round(float(rng.uniform(2.0, 10.0)), 1) if has_pv else 0.0,
        pv_tilt=float(rng.uniform(15, 45)),
        pv_azimuth=float(rng.normal(0, 45)),
        has_production_meter=bool(rng.random() < 0.5),
    )


def _one_of(shares: dict[str, float], rng: np.random.Generator) -> str:
    names, weights = list(shares), np.array(list(shares.values()))
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]
