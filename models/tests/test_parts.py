"""A home put together from known parts is taken apart into them, whatever is missing or odd."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.contracts import ASSETS, CATEGORIES
from models.parts import assets as parts_assets
from models.parts.assets import assets
from models.parts.enough import lacking
from models.parts.home import Floats, Home, Profile, Steps
from models.parts.periods import by_period
from models.parts.sharing import SPREADS
from models.parts.solar import Panels
from models.parts.study import study
from models.parts.sun import elevation

ZONE, LATITUDE, LONGITUDE = "Europe/Copenhagen", 55.7, 12.6
START = int(pd.Timestamp("2024-10-01", tz=ZONE).timestamp())
HOUSE = Profile("house_detached", 120, 3, "district_heating", 0, "DK")


def cold(days: int) -> "pd.Series[float]":
    """Return a year's wave of daily means, -1 to 17 degrees, with noise."""
    rng = np.random.default_rng(4)
    when = pd.date_range("2024-09-25", periods=days + 12)
    wave = 8 - 9 * np.cos(2 * np.pi * (when.dayofyear.to_numpy() - 20) / 365)
    return pd.Series(wave + rng.normal(0, 2.5, len(when)), index=when)


def home(
    days: int = 365, *, minutes: int = 60, profile: Profile = HOUSE, extra: Floats | None = None,
    heat_w_per_k: float = 0.0, base_w: float = 150.0,
) -> Home:  # fmt: skip
    """Return a home with a base, evenings, heat below 15 degrees, and what else is given (kWh)."""
    steps = days * 24 * 60 // minutes
    starts = START + minutes * 60 * np.arange(steps, dtype=np.int64)
    local = pd.DatetimeIndex(pd.to_datetime(starts, unit="s", utc=True)).tz_convert(ZONE)
    temperature = cold(days)
    today = temperature.reindex(local.tz_localize(None).normalize()).to_numpy()
    rng = np.random.default_rng(8)
    evening = 300.0 * ((local.hour >= 17) & (local.hour < 22)) * rng.gamma(4, 0.25, steps)
    watts = base_w + evening + heat_w_per_k * np.maximum(15 - today, 0)
    kwh = watts / 1000 * minutes / 60 + (0 if extra is None else extra)
    meters = {("elec", "import"): Steps(minutes, starts, kwh, np.ones(steps, dtype=bool))}
    return Home(profile, ZONE, LATITUDE, LONGITUDE, meters, temperature)


def charges(days: int, minutes: int, *, kw: float, hours: float, every: int = 2) -> Floats:
    """Return a car's energy: from half past six in the evening, each second day."""
    a_day, step = 24 * 60 // minutes, minutes / 60
    edges = np.arange(days * a_day + 1) * step
    kwh = np.zeros(days * a_day)
    for day in range(1, days - 1, every):
        begin = 24 * day + 18.5
        inside = np.minimum(edges[1:], begin + hours) - np.maximum(edges[:-1], begin)
        kwh += kw * np.maximum(inside, 0)
    return kwh


def shares(one: Home) -> dict[str, float]:
    studied = study(one).electricity
    assert studied is not None
    parts = studied.parts
    return dict(zip(parts.categories, parts.kwh.sum(axis=0) / parts.whole_kwh.sum(), strict=True))


def test_parts_add_up_to_the_meter_in_every_hour_day_and_month_and_none_is_negative() -> None:
    extra = charges(365, 15, kw=7.4, hours=2.0)
    studied = study(home(minutes=15, extra=extra, heat_w_per_k=120)).electricity
    assert studied is not None
    parts = studied.parts
    assert (parts.kwh >= 0).all()
    np.testing.assert_allclose(parts.kwh.sum(axis=1), parts.whole_kwh, rtol=1e-9)
    for resolution in ("P1D", "P1M"):
        table = by_period(parts, resolution)
        assert table["energy_kwh"].sum() == pytest.approx(parts.whole_kwh.sum())
        assert (table["low_kwh"] <= table["energy_kwh"]).all()
        assert (table["energy_kwh"] <= table["high_kwh"]).all()
        assert table.groupby("local_date")["share"].sum().to_numpy() == pytest.approx(1)


def test_heat_that_follows_the_weather_is_heating() -> None:
    said = replace(HOUSE, heating="radiators")
    one = home(heat_w_per_k=120, profile=said)
    true = float(np.maximum(15 - cold(365)[6:371].to_numpy(), 0).sum() * 120 * 24 / 1000)
    whole = float(one.meters["elec", "import"].kwh.sum())
    assert shares(one)["heating"] == pytest.approx(true / whole, abs=0.05)


def test_a_home_on_district_heating_is_not_told_to_heat_with_lamps() -> None:
    assert "heating" not in shares(home())


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("kw", [2.3, 7.4, 11.0, 22.0])
def test_a_car_is_found_by_its_shape_with_its_power(minutes: int, kw: float) -> None:
    hours = 9 / kw
    one = home(120, minutes=minutes, extra=charges(120, minutes, kw=kw, hours=hours))
    studied = study(replace(one, profile=replace(HOUSE, electric_cars=None))).electricity
    assert studied is not None
    assert len(studied.cars.events) == pytest.approx(59, abs=2)
    assert sum(e.energy_kwh for e in studied.cars.events) == pytest.approx(59 * 9, rel=0.1)
    car = assets(one, studied)[0]
    assert car.probability > 0.5
    # A charge that is shorter than a step shows its energy, not its power.
    if hours >= 2 * minutes / 60:
        assert car.size == pytest.approx(kw, rel=0.1)


def test_a_home_without_a_car_has_no_charges() -> None:
    studied = study(replace(home(minutes=15), profile=replace(HOUSE, electric_cars=None)))
    assert studied.electricity is not None
    assert studied.electricity.cars.events == ()
    assert studied.electricity.cars.probability < 0.1


@pytest.mark.parametrize("is_metered", [True, False])
def test_panels_are_sized_from_production_or_from_import_and_export(is_metered: bool) -> None:
    one = home()
    starts = one.meters["elec", "import"].starts
    rng = np.random.default_rng(5)
    clear = pd.Series(rng.uniform(0.2, 1.0, 365 * 24 // 24).repeat(24), index=starts)
    sky = _clear_sky(starts) * clear
    sunny = replace(one, irradiance_w_m2=sky)
    made = Panels(6.0, 0.0, 30.0, 200.0, 1.0, is_metered=True).made_kwh(sunny, starts)
    net = one.meters["elec", "import"].kwh - made
    whole = np.ones(len(starts), dtype=bool)
    meters = {("elec", "import"): Steps(60, starts, np.maximum(net, 0), whole),
              ("elec", "export"): Steps(60, starts, np.maximum(-net, 0), whole)}  # fmt: skip
    if is_metered:
        meters["elec", "production"] = Steps(60, starts, made, whole)
    roof = replace(sunny, meters=meters)
    studied = study(roof).electricity
    assert studied is not None
    panels = assets(roof, studied)[1]
    assert panels.size == pytest.approx(6.0, rel=0.1)
    assert panels.low is not None
    assert panels.high is not None
    assert panels.low <= 6.0 <= panels.high
    used = float(studied.parts.whole_kwh.sum())
    assert used == pytest.approx(float(one.meters["elec", "import"].kwh.sum()), rel=0.1)
    assert studied.parts.source == ("smart_meter" if is_metered else "pv_disagg")


def _clear_sky(starts: Any) -> "pd.Series[float]":
    height = np.maximum(elevation(starts, latitude=LATITUDE, longitude=LONGITUDE), 1e-3)
    return pd.Series(1098 * height * np.exp(-0.057 / height), index=starts)


def test_gas_is_heating_above_what_summer_burns() -> None:
    heated = home(heat_w_per_k=300, base_w=300)
    steps = heated.meters["elec", "import"]
    burns = replace(heated, meters={**home().meters, ("gas", "import"): steps})
    parts = study(burns).gas
    assert parts is not None
    np.testing.assert_allclose(parts.kwh.sum(axis=1), parts.whole_kwh, rtol=1e-9)
    true = float(np.maximum(15 - cold(365)[6:371].to_numpy(), 0).sum() * 300 * 24 / 1000)
    told = float(parts.kwh[:, parts.categories.index("heating")].sum())
    assert told / steps.kwh.sum() == pytest.approx(true / steps.kwh.sum(), abs=0.05)


def of(one: Home, **changed: Any) -> Home:
    steps = one.meters["elec", "import"]
    return replace(one, meters={("elec", "import"): replace(steps, **changed)})


def test_what_is_missing_is_named() -> None:
    fine = home(60)
    none = np.zeros(60 * 24)
    cases = {
        "": fine,
        "house_type_unknown": replace(fine, profile=replace(HOUSE, house_type=None)),
        "too_little_history": home(20),
        "no_weather": replace(fine, temperature_c=fine.temperature_c[:10]),
        "no_variation": of(fine, kwh=none),
    }
    assert {code: lacking(one, "elec") for code, one in cases.items()} == {c: c for c in cases}
    assert lacking(of(fine, kwh=none + 0.25), "elec") == "no_variation"
    empty = replace(fine, meters={})
    assert lacking(empty, "elec") == "too_little_history"
    one_reading = of(fine, starts=np.array([START]), kwh=np.array([0.3]), is_whole=np.array([True]))
    assert lacking(one_reading, "elec") == "too_little_history"
    assert all(study(one).parts == () for code, one in cases.items() if code)


def test_a_year_of_gaps_and_extreme_temperatures_still_add_up() -> None:
    rng = np.random.default_rng(1)
    one = home(heat_w_per_k=100)
    steps = one.meters["elec", "import"]
    kept = rng.random(len(steps.starts)) > 0.5
    kept[24 * 100 : 24 * 200] = False
    holed = of(one, starts=steps.starts[kept], kwh=steps.kwh[kept], is_whole=steps.is_whole[kept])
    assert lacking(holed, "elec") == "too_little_history"
    days = np.arange(len(steps.starts)) // 24
    two_of_three = days % 3 != 0
    holed = of(one, starts=steps.starts[two_of_three], kwh=steps.kwh[two_of_three],
               is_whole=steps.is_whole[two_of_three])  # fmt: skip
    extreme = replace(holed, temperature_c=holed.temperature_c.clip(-1, 2) * 25)
    studied = study(extreme).electricity
    assert studied is not None
    assert np.isfinite(studied.parts.kwh).all()
    total = studied.parts.kwh.sum()
    assert total == pytest.approx(steps.kwh[two_of_three].sum())


def test_an_impossible_profile_is_as_one_that_was_not_given() -> None:
    said = replace(HOUSE, living_area_m2=-4, persons=900, electric_cars=77)
    assert said.plausible() == replace(HOUSE, living_area_m2=None, persons=None, electric_cars=None)


def test_a_boiler_that_rests_all_summer_is_taken_apart() -> None:
    base = home(365, heat_w_per_k=60)
    (steps,) = base.meters.values()
    clock = pd.to_datetime(steps.starts, unit="s", utc=True).tz_convert(ZONE)
    is_warm = np.isin(clock.month, (4, 5, 6, 7, 8, 9))
    gas = replace(steps, kwh=np.where(is_warm, 0.0, 4 * steps.kwh))
    profile = replace(HOUSE, heating="gas_boiler")
    (parts,) = study(replace(base, meters={("gas", "import"): gas}, profile=profile)).parts
    assert np.allclose(parts.kwh.sum(axis=1), gas.kwh, atol=1e-9)


def test_a_meter_that_is_silent_but_for_a_few_days_is_not_taken_apart() -> None:
    base = home(365)
    (steps,) = base.meters.values()
    rare = replace(steps, kwh=np.where(np.arange(len(steps.kwh)) % 500 == 0, 1.0, 0.0))
    dead = replace(base, meters={("elec", "import"): rare})
    assert lacking(dead, "elec") == "no_variation"
    # Of gas weeks without any are summer, and of a home with panels no draw is sunshine.
    assert lacking(replace(base, meters={("gas", "import"): rare}), "gas") == ""
    assert lacking(replace(base, meters={**dead.meters, ("elec", "export"): steps}), "elec") == ""


def test_the_contract_knows_every_category_and_asset() -> None:
    assert set(CATEGORIES) == set(SPREADS)
    assert parts_assets.ASSETS == ASSETS
