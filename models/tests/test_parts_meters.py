"""What meters say in odd ways, and what is odd in when it is drawn, is taken apart all the same."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.backtests.parts import rows_of
from models.parts.assets import assets
from models.parts.electricity import Study
from models.parts.enough import lacking
from models.parts.home import Floats, Home, Steps, hourly
from models.parts.model import PartsOfHomes, parts_of
from models.parts.solar import Panels
from models.parts.study import study
from models.parts.sun import elevation
from models.tests.test_parts import HOUSE, LATITUDE, LONGITUDE, charges, home, shares

DAY = 24 * 4


def of_meters(one: Home, kwh: Mapping[str, Floats], *, minutes: int = 15) -> Home:
    """Return the home with these meters; NaN: no reading."""
    starts = one.meters["elec", "import"].starts
    meters = {}
    for way, values in kwh.items():
        there = ~np.isnan(values)
        steps = Steps(15, starts[there], values[there], np.ones(int(there.sum()), dtype=bool))
        meters["elec", way] = steps if minutes == 15 else hourly(steps)
    return replace(one, meters=meters)


def sunny(from_day: int, *, days: int = 365) -> tuple[Home, dict[str, Floats]]:
    """Return a home with panels from a day on: what it used, drew, fed in and made by quarters."""
    one = home(days, minutes=15)
    used = one.meters["elec", "import"]
    height = elevation(used.starts, latitude=LATITUDE, longitude=LONGITUDE)
    there = np.arange(len(used.starts)) >= from_day * DAY
    made = np.maximum(height, 0) * there
    flows = {
        "consumption": np.where(there, np.nan, used.kwh),
        "import": np.maximum(used.kwh - made, 0),
        "export": np.where(there, np.maximum(made - used.kwh, 0), np.nan),
        "production": np.where(there, made, np.nan),
    }
    return one, flows


def told_of(one: Home) -> Study:
    found = study(one).electricity
    assert found is not None
    return found


def sun_share(one: Home) -> float:
    return assets(one, told_of(one))[1].evidence["self_consumption_share"]


@pytest.mark.parametrize("has_consumption", [True, False])
@pytest.mark.parametrize("from_day", [10, 200, 330])
def test_a_home_that_gets_panels_is_told_of_all_its_days(
    from_day: int, has_consumption: bool
) -> None:
    one, flows = sunny(from_day)
    ways = ("consumption", "import", "export") if has_consumption else ("import", "export")
    roof = of_meters(one, {way: flows[way] for way in ways})
    assert lacking(roof, "elec") == ""
    studied = told_of(roof)
    assert len(studied.parts.hours.days) == 365
    assert studied.parts.source == "pv_disagg"
    # Until then what was drawn was used, and it is told as it was metered.
    before = from_day * 24
    used = hourly(one.meters["elec", "import"]).kwh
    np.testing.assert_allclose(studied.parts.whole_kwh[:before], used[:before])
    since = from_day * DAY
    true = 1 - flows["export"][since:].sum() / flows["production"][since:].sum()
    assert sun_share(roof) == pytest.approx(true, abs=0.12)


def test_production_that_is_metered_later_than_export_is_told_before_it_too() -> None:
    one, flows = sunny(0)
    late = np.arange(len(flows["export"])) >= 150 * DAY
    production = np.where(late, flows["production"], np.nan)
    ways = {"import": flows["import"], "export": flows["export"]}
    roof = of_meters(one, ways | {"production": production})
    studied = told_of(roof)
    assert len(studied.parts.hours.days) == 365
    used = hourly(one.meters["elec", "import"]).kwh
    np.testing.assert_allclose(studied.parts.whole_kwh[150 * 24 :], used[150 * 24 :])
    fed, made = flows["export"][late].sum(), flows["production"][late].sum()
    assert sun_share(roof) == pytest.approx(1 - fed / made, abs=1e-3)
    # A gap within it stays a gap.
    production[200 * DAY : 210 * DAY] = np.nan
    assert len(told_of(of_meters(one, ways | {"production": production})).parts.hours.days) == 355


def test_a_home_that_makes_and_feeds_nothing_in_used_what_it_drew_and_made() -> None:
    one, flows = sunny(0, days=60)
    drawn = of_meters(one, {way: flows[way] for way in ("import", "production")})
    used = flows["import"] + flows["production"]
    assert told_of(drawn).parts.whole_kwh.sum() == pytest.approx(used.sum())


def test_import_by_the_hour_and_export_by_quarters_are_brought_together() -> None:
    one, flows = sunny(0)
    ways = {way: flows[way] for way in ("import", "export")}
    alike = of_meters(one, ways, minutes=60)
    finer = of_meters(one, ways)
    mixed = {**alike.meters, ("elec", "export"): finer.meters["elec", "export"]}
    wanted = told_of(alike)
    told = told_of(replace(one, meters=mixed))
    np.testing.assert_allclose(told.parts.kwh, wanted.parts.kwh)
    # Also where hours begin at half past.
    later = {key: replace(steps, starts=steps.starts + 1800) for key, steps in mixed.items()}
    told = told_of(replace(one, meters=later, time_zone="Asia/Kolkata"))
    np.testing.assert_allclose(told.usage.net.kwh, wanted.usage.net.kwh, atol=1e-9)


@pytest.mark.parametrize("by_the_hour", [1, 5, 30, 200])
def test_a_meter_that_is_read_by_quarters_from_a_day_on_is_told_whole(by_the_hour: int) -> None:
    one = home(minutes=15)
    steps = one.meters["elec", "import"]
    is_finer = np.arange(len(steps.starts)) >= by_the_hour * DAY
    quarters = of_meters(one, {"import": np.where(is_finer, steps.kwh, np.nan)})
    hours = of_meters(one, {"import": steps.kwh}, minutes=60)
    rows = pd.concat([rows_of([(("p", "h"), each)]) for each in (hours, quarters)])
    told = PartsOfHomes().predict(rows).query("resolution == 'P1M'")
    by_month = told.groupby("local_date")["energy_kwh"].sum()
    wanted = parts_of(hours).query("resolution == 'P1M'").groupby("local_date")["energy_kwh"].sum()
    np.testing.assert_allclose(by_month, wanted)


@pytest.mark.parametrize(
    ("minutes", "tick_kwh"), [(60, 0.001), (60, 0.1), (60, 1.0), (15, 0.1), (15, 1.0)]
)
def test_a_step_that_a_coarse_counter_did_not_move_in_is_no_gap(
    minutes: int, tick_kwh: float
) -> None:
    heated = home(minutes=minutes, heat_w_per_k=60, profile=replace(HOUSE, heating="radiators"))
    steps = heated.meters["elec", "import"]
    counter = np.floor(np.concatenate([[0], np.cumsum(steps.kwh)]) / tick_kwh + 1e-9) * tick_kwh
    coarse = replace(heated, meters={("elec", "import"): replace(steps, kwh=np.diff(counter))})
    assert shares(coarse)["heating"] == pytest.approx(shares(heated)["heating"], abs=0.04)


def test_hours_without_a_draw_are_a_gap_where_the_meter_counts_finely() -> None:
    one = home()
    steps = one.meters["elec", "import"]
    is_lost = np.random.default_rng(2).random(len(steps.kwh)) < 0.2
    holed = replace(steps, kwh=np.where(is_lost, 0.0, steps.kwh))
    told = told_of(replace(one, meters={("elec", "import"): holed})).usage
    np.testing.assert_array_equal(told.hours.is_whole, ~is_lost)


@pytest.mark.parametrize("shift_s", [1800, 2700])
def test_a_car_is_told_in_zones_off_by_half_an_hour(shift_s: int) -> None:
    car = replace(HOUSE, electric_cars=1)
    one = home(120, profile=car, extra=charges(120, 60, kw=7.4, hours=2.5))
    steps = one.meters["elec", "import"]
    odd = replace(one, meters={("elec", "import"): replace(steps, starts=steps.starts + shift_s)})
    assert shares(odd)["electric_vehicle"] == pytest.approx(shares(one)["electric_vehicle"], 0.02)


def nightly(kw: float, hours: float, *, nights: float = 1.0, at: float = 0.5, alike: int = 6,
            days: int = 200, seed: int = 0) -> Floats:  # fmt: skip
    """Return energy by quarters of what is switched on at the same time for ``hours`` or so."""
    rng = np.random.default_rng(seed)
    edges, kwh = np.arange(days * DAY + 1) / 4, np.zeros(days * DAY)
    for day in range(1, days - 1):
        lasts = max(float(rng.gamma(alike, hours / alike)), 0.3)
        if rng.random() < nights:
            begin = 24 * day + at
            inside = np.minimum(edges[1:], begin + lasts) - np.maximum(edges[:-1], begin)
            kwh += kw * np.maximum(inside, 0)
    return kwh


def car_share(extra: Floats, cars: int | None) -> float:
    one = home(200, minutes=15, extra=extra, profile=replace(HOUSE, electric_cars=cars))
    return shares(one).get("electric_vehicle", 0.0)


@pytest.mark.parametrize("nights", [0.7, 0.85, 1.0])
@pytest.mark.parametrize("charger", [(7.4, 2.0), (11.0, 1.2), (3.7, 3.0)])
def test_a_car_that_a_timer_charges_nearly_every_night_is_told_as_one(
    charger: tuple[float, float], nights: float
) -> None:
    kwh = nightly(*charger, nights=nights)
    true = kwh.sum() / home(200, minutes=15, extra=kwh).meters["elec", "import"].kwh.sum()
    assert car_share(kwh, 1) == pytest.approx(true, abs=0.03)


def test_a_tank_that_is_heated_every_night_is_no_car_and_hides_none() -> None:
    tank = nightly(3.0, 2.2, at=1.0, alike=15)
    assert car_share(tank, 0) == 0
    assert car_share(tank, None) < 0.1
    car = nightly(7.4, 2.0, at=18.0, nights=0.5, seed=3)
    true = car.sum() / home(200, minutes=15, extra=tank + car).meters["elec", "import"].kwh.sum()
    assert car_share(tank + car, 1) == pytest.approx(true, abs=0.03)
    # What a timer switches for the same time each night may be a pump.
    assert car_share(nightly(2.2, 8.0, at=9.0, alike=10**6), None) == 0


@pytest.mark.parametrize("is_metered", [True, False])
def test_panels_south_of_the_equator_look_north(is_metered: bool) -> None:
    one = replace(home(), latitude=-33.9, longitude=2.0)
    steps = one.meters["elec", "import"]
    height = np.maximum(elevation(steps.starts, latitude=-33.9, longitude=2.0), 1e-3)
    cloud = np.random.default_rng(5).uniform(0.2, 1.0, 365).repeat(24)
    sky = pd.Series(1098 * height * np.exp(-0.057 / height) * cloud, index=steps.starts)
    roof = replace(one, irradiance_w_m2=sky)
    made = Panels(5.0, 0.0, 25.0, 10.0, 1.0, is_metered=True).made_kwh(roof, steps.starts)
    net = steps.kwh - made
    meters: dict[Any, Steps] = {
        ("elec", "import"): replace(steps, kwh=np.maximum(net, 0)),
        ("elec", "export"): replace(steps, kwh=np.maximum(-net, 0)),
    }
    if is_metered:
        meters["elec", "production"] = replace(steps, kwh=made)
    found = told_of(replace(roof, meters=meters)).usage.panels
    assert found is not None
    assert found.kwp == pytest.approx(5.0, rel=0.05)
    assert min(found.azimuth, 360 - found.azimuth) <= 22.5
