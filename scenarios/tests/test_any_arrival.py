"""In any order, in any parts, said once or twice: what has arrived makes the same tables."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.settings import Settings
from lake.work import Work

pytestmark = [pytest.mark.spark, pytest.mark.slow]
# Local days in Copenhagen: the second has 25 hours.
DAYS = [datetime(2025, 10, day, tzinfo=UTC) - timedelta(hours=2) for day in (25, 26)]
FIRST, CLOCK = datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 11, 20, 12, tzinfo=UTC)
HOPS = (
    "bronze.registrations", "bronze.meter_readings", "silver.locations", "silver.meters",
    "silver.meter_readings", "silver.meter_days", "silver.reading_flags",
    "silver.energy_in_context", "silver.energy_revisions", "gold.energy_hourly",
    "gold.energy_daily", "gold.energy_monthly",
)  # fmt: skip
TABLES = (
    "silver.meter_readings", "silver.meter_reading_revisions", "silver.meter_days",
    "silver.energy_in_context", "silver.energy_revisions", "silver.quarantine",
    "gold.energy_hourly", "gold.energy_daily", "gold.energy_monthly",
)  # fmt: skip
# When and by which file a line came is no part of what it says.
OF_ARRIVAL = {"received_at", "received_date", "source_file", "source_line", "payload"}
VALUE = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 1.5, 3.0, -1.0]))
LINE = st.builds(
    lambda day, hours, step, values, word: {
        "starts_at": (DAYS[day] + timedelta(hours=hours)).isoformat(),
        "resolution": {15: "PT15M", 30: "PT30M", 60: "PT1H"}[step],
        "values": values,
        "quality": word,
    },
    st.integers(0, 1),
    st.sampled_from([0, 1, 2, 20]),
    st.sampled_from([15, 30, 60, 60]),
    st.lists(VALUE, min_size=1, max_size=8),
    st.sampled_from(["measured", "estimated"]),
)
HOME = st.lists(st.tuples(st.sampled_from(["import", "export"]), LINE), min_size=8, max_size=16)


@pytest.fixture
def sent(examples: Callable[..., list[Any]]) -> tuple[list[str], list[str]]:
    """Return registrations and readings: homes whose lines contradict each other at will."""
    homes, lines = [], []
    for number, told in enumerate(examples(HOME, 12)):
        meters = [
            {"meter_id": f"m{number}-{way}", "fuel": "elec", "direction": way}
            for way in ("import", "export")
        ]
        home = {"location_id": f"h{number}", "time_zone": "Europe/Copenhagen", "meters": meters}
        homes.append(json.dumps(home))
        for n, (way, line) in enumerate(told):
            known_at = (FIRST + timedelta(hours=n)).isoformat()
            lines.append(json.dumps({"meter_id": f"m{number}-{way}", "known_at": known_at} | line))
    return homes, lines


class Told:
    """A lake that is told something, and then brought up to date."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        """Begin with an empty one."""
        self.settings = Settings(lake=str(root))
        self.work = Work(self.settings, spark)
        self.files = root.parent / f"{root.name}-sent"
        self.files.mkdir()

    def tell(self, kind: str, lines: list[str]) -> None:
        """Land a file of lines."""
        file = self.files / f"{kind}-{len(list(self.files.iterdir()))}.ndjson"
        file.write_text("\n".join(lines) + "\n")
        land(file, kind=kind, partner="p", settings=self.settings, clock=CLOCK)

    def bring_up(self) -> int:
        """Run the tables one after the other; return the rows that were written."""
        runner = self.work.runner(CLOCK)
        return sum(runner.run(name).written.rows for name in HOPS)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """Return what a table says, in order."""
        of_row = catalog()[name].columns
        names = [c.name for c in of_row if c.name not in OF_ARRIVAL and not c.volatile]
        found = Reader(self.settings, catalog().tables).rows(f"SELECT * FROM {name}")
        return sorted((tuple(_plain(row[n]) for n in names) for row in found), key=str)


def _plain(value: Any) -> Any:
    """Leave out the last bits, in which sums in another order differ."""
    return round(value, 9) if isinstance(value, float) else value


def test_any_order_and_any_parts_make_the_same_tables_and_a_repetition_none(
    spark: SparkSession, sent: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    homes, lines = sent
    whole = Told(spark, tmp_path / "whole")
    whole.tell("registrations", homes)
    whole.tell("readings", lines)
    assert whole.bring_up() > 0
    parts = Told(spark, tmp_path / "parts")
    shuffled = random.Random(7).sample(lines, len(lines))
    half = len(lines) // 2
    # The first part waits for meters that are registered with the second.
    parts.tell("readings", shuffled[:half])
    parts.bring_up()
    parts.tell("registrations", homes)
    parts.tell("readings", shuffled[half : half + half // 2])
    parts.bring_up()
    parts.tell("readings", shuffled[half + half // 2 :])
    parts.bring_up()
    for name in TABLES:
        assert parts.rows(name) == whole.rows(name), name
    assert whole.rows("silver.meter_reading_revisions")
    assert whole.rows("silver.energy_revisions")
    # In quarantine each line waits by itself, whatever it says.
    said = [name for name in TABLES if name != "silver.quarantine"]
    before = {name: whole.rows(name) for name in said}
    whole.tell("readings", random.Random(8).sample(lines, len(lines)))
    whole.bring_up()
    for name in said:
        assert whole.rows(name) == before[name], name
