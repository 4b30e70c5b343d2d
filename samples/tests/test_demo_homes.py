"""The homes of a demo: public ones where they are, else opendsm's and simulated neighbours."""

import json
from pathlib import Path

import pandas as pd
import pytest

from infra.lacking import lacking
from samples.demo_homes import homes_for_demo
from samples.opendsm_homes import TOOLS, opendsm_homes, sample_folder
from samples.tests.conftest import Readings
from samples.writing import SampleDataError


@pytest.fixture(scope="module")
def wheel() -> Path:
    try:
        return sample_folder(TOOLS)
    except SampleDataError as error:
        lacking("samples", error)


def test_public_homes_come_first(public_data: Path, tmp_path: Path) -> None:
    sources = homes_for_demo(out=tmp_path, sample_data=public_data)
    assert [source.partner for source in sources] == ["ideal", "lcl", "citylearn"]
    assert not any(source.is_simulated for source in sources)


@pytest.mark.usefixtures("wheel")
def test_without_them_opendsm_brings_real_homes_and_neighbours_are_simulated(
    tmp_path: Path,
) -> None:
    real, neighbours = homes_for_demo(out=tmp_path, sample_data=tmp_path / "absent")
    assert (real.partner, real.homes, real.is_simulated) == ("opendsm", 3, False)
    assert (neighbours.partner, neighbours.is_simulated) == ("simulated", True)
    assert neighbours.last_day == real.last_day


def test_opendsm_homes_add_up_to_the_wheels_files(
    wheel: Path, tmp_path: Path, readings: Readings
) -> None:
    folder = opendsm_homes(out=tmp_path).folder
    sums = readings(folder).groupby("meter_id")["energy_kwh"].agg(["sum", "count"])
    for meter, name in (("0-e", "electricity"), ("0-g", "gas"), ("1-e", "electricity")):
        file = wheel / f"uk-{name}-hdd-only-hourly-sample-{meter[0]}.csv.gz"
        raw = pd.read_csv(file).drop_duplicates()["value"]
        assert sums.loc[f"opendsm-uk-{meter}", "sum"] == pytest.approx(raw.sum(), rel=1e-9)
        assert sums.loc[f"opendsm-uk-{meter}", "count"] == len(raw)


@pytest.mark.usefixtures("wheel")
def test_transposed_dates_are_put_right(tmp_path: Path, readings: Readings) -> None:
    sent = readings(opendsm_homes(out=tmp_path).folder)
    one = sent[(sent["meter_id"] == "opendsm-uk-2-e") & sent["energy_kwh"].notna()]
    steps = one["starts_at"].diff().dropna()
    assert (steps == pd.Timedelta("30min")).sum() == len(steps) - 3
    assert one["starts_at"].iloc[-1] == pd.Timestamp("2014-02-27T23:30Z")


@pytest.mark.usefixtures("wheel")
def test_opendsm_homes_are_registered(tmp_path: Path) -> None:
    lines = (opendsm_homes(out=tmp_path).folder / "registration.ndjson").read_text().splitlines()
    meters = [meter["fuel"] for line in lines for meter in json.loads(line)["meters"]]
    assert meters == ["elec", "gas", "elec", "elec"]
