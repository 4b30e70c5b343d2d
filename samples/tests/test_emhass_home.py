"""The EMHASS home: half hours, and nights without a word from the inverter are zero."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from samples.emhass_home import FILE, emhass_home, nights
from samples.tests.conftest import Readings
from samples.writing import SampleDataError


def test_what_was_measured_is_sent_as_it_is(
    public_data: Path, tmp_path: Path, readings: Readings
) -> None:
    made = emhass_home(public_data / "emhass_home", out=tmp_path)
    assert (made.partner, made.homes, made.is_simulated) == ("emhass", 1, False)
    sent = readings(made.folder).dropna().groupby("meter_id")["energy_kwh"]
    raw = pd.read_parquet(public_data / "emhass_home" / FILE)
    for meter, column in (("consumption", "load_W"), ("production", "pv_W")):
        assert sent.sum()[f"emhass-1-{meter}"] == pytest.approx(raw[column].sum() / 2000, rel=1e-9)
    assert sent.count()["emhass-1-consumption"] == raw["load_W"].notna().sum()
    assert sent.count()["emhass-1-production"] > 1.9 * raw["pv_W"].notna().sum()


def test_a_gap_between_two_dusks_is_night_and_any_other_stays_a_gap() -> None:
    none = np.nan
    power = np.array([none, 60.0, none, none, 40.0, 900.0, none, 950.0, none])
    assert nights(power).tolist() == [False, False, True, True, False, False, False, False, False]


def test_absent_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(SampleDataError, match="not there"):
        emhass_home(tmp_path, out=tmp_path)
