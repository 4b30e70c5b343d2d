"""CityLearn: instants from local clock columns, net import and export, and PV."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from samples.citylearn import ZONE, citylearn, wall_clock_rows
from samples.tests.conftest import Readings

ROWS = 8760


@pytest.fixture(scope="module")
def written(public_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return citylearn(public_data / "citylearn2022", out=tmp_path_factory.mktemp("out")).folder


def local_hours() -> tuple[pd.DatetimeIndex, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]:
    starts, rows = wall_clock_rows(ROWS)
    return pd.DatetimeIndex(starts.astype("datetime64[s]"), tz="UTC").tz_convert(ZONE), rows


def test_in_autumn_the_second_one_o_clock_has_no_row() -> None:
    hours, rows = local_hours()
    day = hours.strftime("%Y-%m-%d") == "2016-11-06"
    assert day.sum() == 25
    assert np.isnan(rows[day]).tolist() == [False, False, True] + [False] * 22


def test_in_spring_the_row_of_two_o_clock_has_no_hour() -> None:
    hours, rows = local_hours()
    day = hours.strftime("%Y-%m-%d") == "2017-03-12"
    assert (rows[day] % 24).tolist() == [0, 1, *range(3, 24)]


def test_rows_stand_at_the_hour_and_day_that_their_columns_name(public_data: Path) -> None:
    building = pd.read_csv(public_data / "citylearn2022" / "Building_1.csv")
    hours, rows = local_hours()
    there = ~np.isnan(rows)
    at = building.iloc[rows[there].astype(int)]
    wall = hours[there].tz_localize(None)
    assert (at["hour"].to_numpy() % 24 == wall.hour).all()
    # Month and weekday of the hour called 24 are still those of the day before.
    named = wall - pd.to_timedelta((at["hour"] == 24).to_numpy().astype(int), unit="h")
    assert (at["month"].to_numpy() == named.month).all()
    assert (at["day_type"].to_numpy() == named.dayofweek + 1).all()


def test_the_sun_is_highest_at_its_noon_in_every_season(public_data: Path) -> None:
    weather = pd.read_csv(public_data / "citylearn2022" / "weather.csv")
    hours, _ = local_hours()
    light = weather["diffuse_solar_irradiance"].to_numpy()
    middles = hours.tz_convert("Etc/GMT+8") + pd.Timedelta("30min")
    at = middles.hour + middles.minute / 60
    for month in range(1, 13):
        inside = middles.month == month
        assert np.average(at[inside], weights=light[inside]) == pytest.approx(11.9, abs=0.5)


def test_energy_adds_up_to_the_raw_files(
    public_data: Path, written: Path, readings: Readings
) -> None:
    schema = json.loads((public_data / "citylearn2022" / "schema.json").read_text())["buildings"]
    sums = readings(written).groupby("meter_id")["energy_kwh"].sum()
    no_such_hour = (pd.Timestamp("2017-03-12 02:00") - pd.Timestamp("2016-08-01")).total_seconds()
    for file in (public_data / "citylearn2022").glob("Building_*.csv"):
        raw = pd.read_csv(file).drop(index=int(no_such_hour // 3600))
        name = f"citylearn-{file.stem.removeprefix('Building_')}"
        pv = raw["solar_generation"].sum() / 1000
        pv *= schema[file.stem]["pv"]["attributes"]["nominal_power"]
        used = sums[f"{name}-import"] + sums[f"{name}-production"] - sums[f"{name}-export"]
        assert sums[f"{name}-production"] == pytest.approx(pv, abs=1e-5)
        assert used == pytest.approx(raw["non_shiftable_load"].sum(), abs=1e-5)


def test_the_peak_price_is_from_four_to_nine_on_the_wall_clock(written: Path) -> None:
    prices = pd.read_csv(written / "prices.csv", parse_dates=["starts_at"])
    local = prices["starts_at"].dt.tz_convert(ZONE)
    is_peak = prices["price"] > 0.4
    assert set(local.dt.hour[is_peak]) == {16, 17, 18, 19, 20}
    assert set(is_peak.groupby(local.dt.date).sum()) == {0, 5}
    assert (local.diff().dropna() == pd.Timedelta("1h")).all()
