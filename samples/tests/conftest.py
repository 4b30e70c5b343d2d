"""The written readings as a table."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Readings = Callable[[Path], pd.DataFrame]


@pytest.fixture(scope="session")
def readings() -> Readings:
    """Return a function: a partner's folder -> meter_id, starts_at (UTC), energy_kwh."""

    def read(folder: Path) -> pd.DataFrame:
        files = sorted(folder.glob("readings-*.ndjson"))
        blocks = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        counts = [len(block["values"]) for block in blocks]
        steps = {block["resolution"]: pd.Timedelta(block["resolution"]) for block in blocks}
        step = np.repeat([steps[block["resolution"]].to_timedelta64() for block in blocks], counts)
        starts = pd.to_datetime([block["starts_at"] for block in blocks], utc=True).tz_localize(
            None
        )
        first = np.repeat(starts.to_numpy(), counts)
        number = np.concatenate([np.arange(count) for count in counts])
        values = [value for block in blocks for value in block["values"]]
        return pd.DataFrame(
            {
                "meter_id": np.repeat([block["meter_id"] for block in blocks], counts),
                "starts_at": pd.DatetimeIndex(first + number * step, tz="UTC"),
                "energy_kwh": pd.Series(values, dtype="float64"),
            }
        )

    return read
