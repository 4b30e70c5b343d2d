"""Simulated homes: the same by seed, parts that add up to the meters, and labelled as such."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from samples.simulated import simulate
from samples.tests.conftest import Readings
from samples.writing import SampleDataError

ELEC = {
    *("heating", "water_heating", "cooling", "always_on", "fridge_freezer", "lighting", "cooking"),
    *("washing", "consumer_electronics", "electric_vehicle", "sauna", "other"),
}
GAS = {"heating", "water_heating", "cooking"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    return simulate(homes=120, days=10, seed=7, start=date(2025, 10, 20), out=out).folder


def truth(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth" / f"{name}.parquet")


def by_home_and_hour(table: pd.DataFrame, suffix: str) -> "pd.Series[float]":
    one = table[table["meter_id"].str.endswith(suffix)]
    home = one["meter_id"].str.removesuffix(suffix).rename("location_id")
    return one["energy_kwh"].groupby([home, one["starts_at"].dt.floor("h")]).sum()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(homes=8, days=2, seed=seed, out=tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 9
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
        assert (tmp_path / "a" / file).read_bytes() != (tmp_path / "c" / file).read_bytes()


def test_a_home_is_the_same_among_few_and_many(tmp_path: Path) -> None:
    for name, homes in (("few", 3), ("many", 6)):
        simulate(homes=homes, days=2, seed=3, out=tmp_path / name)
    few, many = (tmp_path / name / "registration.ndjson" for name in ("few", "many"))
    assert many.read_text().startswith(few.read_text())
    few, many = (tmp_path / name / "readings-0001.ndjson" for name in ("few", "many"))
    assert many.read_text().startswith(few.read_text())


def test_fewer_homes_leave_no_readings_of_an_earlier_call(tmp_path: Path) -> None:
    simulate(homes=60, days=1, seed=3, out=tmp_path)
    simulate(homes=2, days=1, seed=3, out=tmp_path)
    assert [path.name for path in tmp_path.glob("readings*")] == ["readings-0001.ndjson"]


def test_the_parts_add_up_to_the_meters_in_every_hour(written: Path, readings: Readings) -> None:
    sent, parts = readings(written), truth(written, "categories")
    made = truth(written, "production").set_index(["location_id", "starts_at"])["energy_kwh"]
    sums = parts.groupby(["fuel", "location_id", "starts_at"])["energy_kwh"].sum()
    net = by_home_and_hour(sent, "-e").sub(by_home_and_hour(sent, "-export"), fill_value=0)
    used = net.add(made, fill_value=0)
    for whole, fuel in ((used, "elec"), (by_home_and_hour(sent, "-g"), "gas")):
        wanted = sums.loc[fuel]
        assert len(whole) == len(wanted) > 0
        np.testing.assert_allclose(whole.sort_index(), wanted.sort_index(), atol=1e-9)
    pv = by_home_and_hour(sent, "-pv")
    np.testing.assert_allclose(pv, made.loc[pv.index], atol=1e-9)
    assert (sent["energy_kwh"] >= 0).all()
    assert (parts["energy_kwh"] >= 0).all()


def test_categories_are_those_of_the_insights_contract(written: Path) -> None:
    names = truth(written, "categories").groupby("fuel")["category"].unique()
    assert set(names["elec"]) <= ELEC
    assert set(names["gas"]) == GAS


def test_a_car_is_charged_by_its_events(written: Path) -> None:
    parts, events = truth(written, "categories"), truth(written, "charging")
    cars = parts[parts["category"] == "electric_vehicle"].groupby("location_id")["energy_kwh"].sum()
    charged = events.groupby("location_id")["energy_kwh"].sum()
    np.testing.assert_allclose(cars[charged.index], charged, atol=0.05)
    hours = (events["ends_at"] - events["starts_at"]).dt.total_seconds() / 3600
    np.testing.assert_allclose(hours * events["power_kw"], events["energy_kwh"], rtol=1e-6)


def test_a_simulated_home_says_so(written: Path) -> None:
    lines = (written / "registration.ndjson").read_text().splitlines()
    homes = [json.loads(line) for line in lines]
    assert all(home["location_id"].startswith("sim-") for home in homes)
    assert all(home["profile"]["simulated"] is True for home in homes)
    assert {home["country_code"] for home in homes} == {"DK", "SE", "NL", "GB", "FI", "ES"}


def test_the_day_of_25_hours_is_there(written: Path) -> None:
    counts = {
        (block["resolution"], len(block["values"]))
        for file in written.glob("readings-*.ndjson")
        for block in map(json.loads, file.read_text().splitlines())
        if block["starts_at"].startswith("2025-10-26")
    }
    assert counts == {("PT15M", 100), ("PT30M", 50), ("PT1H", 25)}


def test_forecasts_are_issued_before_their_hours_and_err(written: Path) -> None:
    keys = ["latitude", "longitude", "observed_at"]
    instants = ["observed_at", "issued_at"]
    ahead = pd.read_csv(written / "weather-forecasts.csv", parse_dates=instants)
    lead = ahead["observed_at"] - ahead["issued_at"]
    assert lead.min() == pd.Timedelta(0)
    assert lead.max() == pd.Timedelta(hours=47)
    seen = pd.read_csv(written / "weather.csv", parse_dates=["observed_at"])
    assert seen["issued_at"].isna().all()
    both = ahead.merge(seen, on=keys, suffixes=("_ahead", "_seen"))
    error = (both["temperature_c_ahead"] - both["temperature_c_seen"]).abs()
    assert 0.1 < error.mean() < 2


def test_prices_cover_every_instant_once(written: Path) -> None:
    prices = pd.read_csv(written / "prices.csv", parse_dates=["starts_at"])
    for _, zone in prices.groupby("price_zone"):
        ends = zone["starts_at"] + pd.to_timedelta(zone["resolution"])
        assert (ends.iloc[:-1].to_numpy() == zone["starts_at"].iloc[1:].to_numpy()).all()


@pytest.mark.parametrize("wrong", [{"homes": 0}, {"days": 0}, {"zones": ["XX"]}])
def test_a_simulation_of_nothing_is_refused(wrong: dict[str, object], tmp_path: Path) -> None:
    arguments: dict[str, object] = {"homes": 1, "days": 1, "seed": 1, "out": tmp_path, **wrong}
    with pytest.raises(SampleDataError):
        simulate(**arguments)  # type: ignore[arg-type]


def test_prices_turn_into_quarter_hours_in_october_2025_but_not_in_britain(tmp_path: Path) -> None:
    simulate(homes=1, days=4, seed=1, start=date(2025, 9, 29), out=tmp_path)
    prices = pd.read_csv(tmp_path / "prices.csv")
    kinds = prices.groupby("price_zone")["resolution"].agg(lambda each: sorted(set(each)))
    assert kinds.pop("GB") == ["PT1H"]
    assert all(kind == ["PT15M", "PT1H"] for kind in kinds)
