"""Low Carbon London: half hours labelled by their end, GMT, on local days."""

import json
from pathlib import Path

import pandas as pd
import pytest

from samples.lcl import lcl
from samples.tests.conftest import Readings


@pytest.fixture(scope="module")
def written(public_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lcl(public_data / "lcl", out=tmp_path_factory.mktemp("out")).folder


def test_sums_are_those_of_the_raw_file(
    public_data: Path, written: Path, readings: Readings
) -> None:
    raw = pd.read_csv(public_data / "lcl" / "halfhourly_2013.csv.gz", parse_dates=["tstp"])
    raw["starts_at"] = raw["tstp"].dt.tz_localize("UTC") - pd.Timedelta("30min")
    raw["meter_id"] = "lcl-" + raw["LCLid"] + "-e"
    sent = readings(written).dropna()
    both = sent.merge(raw, on=["meter_id", "starts_at"], how="outer", validate="1:1")
    pd.testing.assert_series_equal(both["energy_kwh"], both["kwh_hh"], check_names=False)


def test_whole_missing_days_show_that_stamps_label_the_end(public_data: Path) -> None:
    raw = pd.read_csv(public_data / "lcl" / "halfhourly_2013.csv.gz", parse_dates=["tstp"])
    after = raw.sort_values(["LCLid", "tstp"]).groupby("LCLid")["tstp"].diff()
    resumed = raw.loc[after.index[after > pd.Timedelta(days=1)], "tstp"]
    assert len(resumed) > 0
    assert set(resumed.dt.strftime("%H:%M")) == {"00:30"}


def test_clock_change_days_have_46_and_50_half_hours(written: Path) -> None:
    lengths: dict[str, set[int]] = {}
    for file in written.glob("readings-*.ndjson"):
        for line in file.read_text().splitlines():
            block = json.loads(line)
            lengths.setdefault(block["starts_at"][:10], set()).add(len(block["values"]))
    assert lengths.pop("2013-03-31") == {46}
    assert lengths.pop("2013-10-27") == {50}
    assert set.union(*lengths.values()) == {48}
