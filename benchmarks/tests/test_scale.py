"""What the benchmark of thousands of homes is made of, and when it is no measurement."""

import json
from pathlib import Path

import pandas as pd
import pytest
from deltalake import write_deltalake

from benchmarks.models.scale import HomesLeftOut, check
from benchmarks.models.scale_lake import by_hour, import_alone
from models.contracts import LOAD_FORECASTS


def test_homes_keep_their_meter_of_import_and_its_hours(tmp_path: Path) -> None:
    meters = [("e", "elec", "import"), ("x", "elec", "export"), ("g", "gas", "import")]
    home = {"meters": [{"meter_id": i, "fuel": f, "direction": d} for i, f, d in meters]}
    blocks = [{"meter_id": i, "resolution": "PT15M", "values": [0.1] * 96} for i, *_ in meters]
    registration, readings = tmp_path / "registration.ndjson", tmp_path / "readings.ndjson"
    registration.write_text(json.dumps(home))
    readings.write_text("".join(json.dumps(block) + "\n" for block in blocks))
    kept = import_alone(registration)
    assert [m["meter_id"] for m in json.loads(registration.read_text())["meters"]] == ["e"]
    (hours,) = map(json.loads, by_hour(readings, kept))
    assert hours == {"meter_id": "e", "resolution": "PT1H", "values": [0.4] * 24}


def test_a_step_that_left_homes_out_is_no_measurement(tmp_path: Path) -> None:
    check(tmp_path, 3)
    write_deltalake(tmp_path / LOAD_FORECASTS.path, pd.DataFrame({"location_id": ["a", "b", "a"]}))
    check(tmp_path, 2)
    with pytest.raises(HomesLeftOut, match="tells of 2 homes, not of 3"):
        check(tmp_path, 3)
