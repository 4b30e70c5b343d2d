"""A profile -> what such a home is expected to use by category (W, mean of a year), and when.

Means: the Household Electricity Survey (England 2010-11, 250 homes metered by appliance; Palmer et
al. 2013, "Further analysis of the Household Electricity Use Survey: electrical appliances at home",
DECC/Defra 475/09/2012; the data of "Powering the Nation", Energy Saving Trust 2012): cold 566,
audio and video 537, lighting 483, cooking 448, washing 437, ICT 207, other and unknown 993 kWh a
year, and 170 W drawn at four in the morning, of which less than half by fridges. Since then lights
became LED and fridges were labelled anew: three fifths of that (Odyssee-Mure, electrical appliances
and lighting per dwelling). What is drawn all night besides fridges is `always_on` here, so it
is taken from electronics and from what is unknown. How wide such means scatter between homes: the
survey's homes use 562 to 14,485 kWh a year.

Hot water: 46 + 26 litres a person and day, heated by 36.7 K (Energy Saving Trust 2008, "Measurement
of domestic hot water consumption in dwellings"). The hours: the survey's mean day; hot water of the
same measurement; who is at home and awake: UK Time Use Survey as in Richardson et al. 2008 (doi
10.1016/j.enbuild.2008.02.006).
"""

from dataclasses import dataclass

import numpy as np

from .home import Flags, Floats, Profile

SURVEY_PERSONS, SURVEY_AREA_M2 = 2.4, 91.0
PUMPS = ("air_air_pump", "air_water_pump", "exhaust_air_heat_pump", "ground_source_pump")
ELECTRIC = (*PUMPS, "radiators", "electric", "electric_radiators", "floor_heat", "water_pan")
NOT_ELECTRIC = ("district_heating", "gas_boiler", "gas", "oil", "wood", "pellets")
# Seasonal performance of a pump that heats water; an air to air pump does not.
_WATER_BY_PUMP = 2.5
_YEAR_H = 8.76
# A home that cooks with gas has a kettle and a microwave oven (BREDEM 2012: 138 of 275 kWh).
_BY_ELECTRICITY = {True: 0.4, False: 1.0, None: 1.0}
_DAY = {
    "awake": (15, 7, 4, 3, 3, 6, 20, 45, 60, 60, 58, 58, 60, 60, 58, 60, 65, 75, 82, 85, 85, 80,
              65, 40),
    "cooking": (5, 3, 2, 2, 3, 8, 25, 40, 40, 35, 35, 50, 65, 50, 35, 45, 80, 115, 100, 65, 40, 30,
                20, 10),
    "washing": (10, 5, 3, 3, 3, 3, 8, 25, 45, 60, 70, 68, 62, 60, 55, 50, 50, 50, 52, 55, 55, 50,
                35, 20),
    "consumer_electronics": (30, 15, 10, 10, 10, 10, 15, 25, 35, 40, 40, 40, 45, 45, 45, 50, 60,
                             70, 80, 90, 95, 95, 80, 55),
    "water_heating": (15, 8, 5, 5, 6, 15, 40, 80, 80, 65, 55, 45, 40, 38, 33, 34, 40, 55, 70, 70,
                      65, 60, 50, 30),
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """Mean power of a category (W), and how wide homes scatter around it (a share of it)."""

    watts: float
    scatter: float


def habits(
    profile: Profile, *, has_gas: bool, cooks_with_gas: bool | None = None
) -> dict[str, Expected]:
    """Return what to expect of electricity, without heating, cooling and cars.

    ``cooks_with_gas``: whether meals were seen in the gas meter; None: not known.
    """
    people = (profile.persons or 2.3) / SURVEY_PERSONS
    room = (profile.living_area_m2 or 95.0) / SURVEY_AREA_M2
    # Use grows less than the number of people, and of rooms.
    busy, large = people**0.6, room**0.5
    unsaid = 1.0 if profile.persons else 1.25
    found = {
        "always_on": Expected(100 * large, 0.6),
        "fridge_freezer": Expected(0.75 * 566 / _YEAR_H * people**0.2, 0.5),
        "lighting": Expected(0.6 * 483 / _YEAR_H * large * people**0.3, 0.55),
        "cooking": Expected(448 / _YEAR_H * busy * _BY_ELECTRICITY[cooks_with_gas], 0.4),
        "washing": Expected(437 / _YEAR_H * busy, 0.45),
        "consumer_electronics": Expected(560 / _YEAR_H * busy, 0.45),
        "other": Expected(220 / _YEAR_H * busy, 0.7),
    }
    if water := _water(profile, has_gas=has_gas):
        found["water_heating"] = water
    return {name: Expected(one.watts, one.scatter * unsaid) for name, one in found.items()}


def water_heat_watts(profile: Profile) -> float:
    """Return the heat of hot water, mean W."""
    litres = 46 + 26 * (profile.persons or 2.3)
    return litres * 4.186 * 36.7 / 86.4


def _water(profile: Profile, *, has_gas: bool) -> Expected | None:
    """Return the electricity for hot water; None where another fuel heats it."""
    heat = water_heat_watts(profile)
    if profile.heating in PUMPS and profile.heating != "air_air_pump":
        return Expected(heat / _WATER_BY_PUMP, 0.4)
    if profile.heating in ELECTRIC and not has_gas:
        return Expected(heat, 0.4)
    if profile.heating in NOT_ELECTRIC or has_gas:
        return None
    return Expected(0.3 * heat, 1.0)


def day_shape(category: str, local_hour: Floats, *, is_weekend: Flags | None = None) -> Floats:
    """Return the shape over a day, of mean 1, at local hours; between them as the crow flies."""
    hours = np.array(_DAY[category], dtype=np.float64)
    hours = hours / hours.mean()
    shape: Floats = np.interp((local_hour + 0.0) % 24, np.arange(25), np.append(hours, hours[0]))
    if is_weekend is not None and category in ("washing", "cooking", "awake"):
        shape = shape * np.where(is_weekend, 1.1, 0.96)
    return shape
