"""IDEAL: what is written adds up to what is in the raw files."""

import json
from pathlib import Path

import pandas as pd
import pytest

from samples.ideal import ideal
from samples.tests.conftest import Readings
from samples.writing import SampleDataError


@pytest.fixture(scope="module")
def raw(public_data: Path) -> pd.DataFrame:
    return pd.read_csv(public_data / "ideal" / "ideal_hourly.csv.gz", parse_dates=["ts"])


@pytest.fixture(scope="module")
def written(public_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ideal(public_data / "ideal", out=tmp_path_factory.mktemp("out")).folder


@pytest.fixture(scope="module")
def sent(written: Path, readings: Readings) -> pd.DataFrame:
    return readings(written)


def local_months(instants: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Period]":
    local = instants.dt.tz_convert("Europe/London").dt.tz_localize(None)
    return local.dt.to_period("M")


def test_monthly_sums_are_those_of_the_raw_file(raw: pd.DataFrame, sent: pd.DataFrame) -> None:
    sums = sent.groupby(["meter_id", local_months(sent["starts_at"])])["energy_kwh"].agg(
        ["sum", "count"]
    )
    keys = [raw["home_id"], local_months(raw["ts"].dt.tz_localize("UTC"))]
    elec = raw["elec_mean_W"].groupby(keys).agg(["sum", "count"])
    gas = raw["gas_Wh"].fillna(0).where(raw["gas_Wh"].notna() | raw["elec_mean_W"].notna())
    for letter, kwh in (("e", elec), ("g", gas.groupby(keys).agg(["sum", "count"]))):
        wanted = kwh[kwh["count"] > 0]
        wanted.index = pd.MultiIndex.from_tuples(
            [(f"ideal-{h}-{letter}", m) for h, m in wanted.index]
        )
        there = sums[sums["count"] > 0].loc[wanted.index]
        pd.testing.assert_series_equal(
            there["sum"], wanted["sum"] / 1000, rtol=1e-9, check_names=False, check_index_type=False
        )
        assert there["count"].tolist() == wanted["count"].tolist()


def test_impossible_gas_hours_are_sent_as_they_are(raw: pd.DataFrame, sent: pd.DataFrame) -> None:
    assert (sent["energy_kwh"] > 100).sum() == (raw["gas_Wh"] > 100_000).sum() > 0


def test_every_home_is_registered_with_its_area_and_profile(
    raw: pd.DataFrame, written: Path
) -> None:
    homes = [
        json.loads(line) for line in (written / "registration.ndjson").read_text().splitlines()
    ]
    assert len(homes) == raw["home_id"].nunique()
    assert {home["profile"]["house_type"] for home in homes} == {"apartment", "house_detached"}
    for home in homes:
        fuels = [(meter["fuel"], meter["direction"]) for meter in home["meters"]]
        assert fuels == [("elec", "import"), ("gas", "import")]


def test_a_limit_takes_the_first_homes(public_data: Path, tmp_path: Path) -> None:
    few = ideal(public_data / "ideal", out=tmp_path, homes=3)
    assert few.homes == len((tmp_path / "ideal/registration.ndjson").read_text().splitlines()) == 3


def test_a_folder_without_the_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(SampleDataError, match="ideal_hourly"):
        ideal(tmp_path, out=tmp_path)
