"""A place and instants -> where the sun stands, what falls on the ground, and if it is dark."""

import numpy as np

from .home import Floats, Home, Ints

# Lights go on below about 60 W/m2 outdoors (Richardson et al. 2009, "Domestic lighting: a
# high-resolution energy demand model", doi 10.1016/j.enbuild.2009.02.010).
LIGHTS_ON_W_M2 = 60.0


def elevation(starts: Ints, *, latitude: float, longitude: float, after_s: int = 1800) -> Floats:
    """Return the sine of the sun's height, ``after_s`` after each start (Spencer 1971)."""
    at = starts + after_s
    year = 2 * np.pi * ((at / 86400.0) % 365.2425) / 365.2425
    declination = (
        0.006918 - 0.399912 * np.cos(year) + 0.070257 * np.sin(year)
        - 0.006758 * np.cos(2 * year) + 0.000907 * np.sin(2 * year)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * np.cos(year) - 0.032077 * np.sin(year)
        - 0.014615 * np.cos(2 * year) - 0.040849 * np.sin(2 * year)
    )  # fmt: skip
    solar_hour = (at % 86400) / 3600 + longitude / 15 + minutes / 60
    turn, place = np.radians(15 * (solar_hour - 12)), np.radians(latitude)
    height: Floats = np.sin(place) * np.sin(declination) + np.cos(place) * np.cos(
        declination
    ) * np.cos(turn)
    return height


def level_irradiance(home: Home, starts: Ints) -> Floats:
    """Return W/m2 on level ground: as observed, else of a clear sky (Haurwitz 1945) times 0.55."""
    height = np.maximum(elevation(starts, latitude=home.latitude, longitude=home.longitude), 1e-3)
    clear = 1098 * height * np.exp(-0.057 / height)
    usual = np.where(height > 2e-3, 0.55 * clear, 0.0)
    if home.irradiance_w_m2.empty:
        return usual
    seen = home.irradiance_w_m2.reindex(starts // 3600 * 3600).to_numpy(dtype=np.float64)
    return np.where(np.isnan(seen), usual, seen)


def darkness(irradiance_w_m2: Floats) -> Floats:
    """Return the share of lights that the sky asks for: half at LIGHTS_ON_W_M2."""
    return np.clip(1 - irradiance_w_m2 / (2 * LIGHTS_ON_W_M2), 0, 1)
