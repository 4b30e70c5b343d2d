"""What lies in landing becomes lines: each file, however old; each line, whatever its bytes are."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lake.catalog import catalog
from lake.ingestion.landed import as_lines, is_partner_id, with_names, with_numbers
from lake.ingestion.landing import land
from lake.running import Runner
from lake.settings import Settings

pytestmark = pytest.mark.spark
BLOCK = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00Z", "resolution": "PT1H", "values": [1]}
HEADER = "meter_id,value"
Read = Callable[[dict[str, bytes]], dict[str, list[tuple[int, str, Any]]]]


@pytest.fixture
def read(spark: SparkSession, tmp_path: Path) -> Read:
    """A reader of files in blocks of 64 bytes: of each the numbers, texts and headers of lines."""
    beside = spark.newSession()
    beside.conf.set("spark.sql.files.maxPartitionBytes", "64")
    beside.conf.set("spark.sql.files.openCostInBytes", "1")
    folder = tmp_path / "landing" / "readings" / "2025-06-01" / "p"
    folder.mkdir(parents=True)

    def lines(files: dict[str, bytes]) -> dict[str, list[tuple[int, str, Any]]]:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        text = beside.read.format("text").load(str(folder))
        rows = with_numbers(with_names(as_lines(text), landing=tmp_path / "landing"))
        found: dict[str, list[tuple[int, str, Any]]] = {name: [] for name in files}
        # Of what is collected Python would mend it.
        assert rows.where(~F.is_valid_utf8("line")).isEmpty()
        for row in rows.orderBy("source_line").collect():
            name = row.source_file.rpartition("/")[2]
            found[name].append((row.source_line, row.line, row.header))
        return found

    return lines


def test_a_file_of_a_past_day_is_taken_after_one_of_a_later_day(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    taken = []
    for number, days in enumerate((0, 3650, -3650)):
        (file := tmp_path / f"{number}.ndjson").write_text(json.dumps({**BLOCK, "n": number}))
        at = clock + timedelta(days=days)
        land(file, kind="readings", partner="p", settings=lake, clock=at)
        report = Runner(spark, lake, catalog(), at).run("bronze.meter_readings")
        taken.append(report.written.inserted)
    assert taken == [1, 1, 1]


def test_the_header_is_the_first_line_that_is_not_blank(read: Read) -> None:
    rows = "".join(f"meter-{n:02},1\n" for n in range(12))
    header, blank = ["meter_id", "value"], "   \n" * 40
    found = read(
        {
            "a.csv": f"\n\r\n \t\n{HEADER}\r\n\n{rows}".encode(),
            "b.csv": f"\ufeff\n{blank}{HEADER}\n{rows}".encode(),
            "c.csv": f"\ufeff{HEADER}\n{rows}".encode(),
            "d.ndjson": b'\n \n\t{"a": 1}\n{"a": 2}\n',
            "e.csv": b"\n \n",
            "f.csv.gz": gzip.compress(f"\n{HEADER}\nm,1\n".encode()),
        }
    )
    said = [line for line in rows.splitlines() if line]
    assert found["a.csv"] == [(n, line, header) for n, line in enumerate(said, 6)]
    assert found["b.csv"] == [(n, line, header) for n, line in enumerate(said, 43)]
    assert found["c.csv"] == [(n, line, header) for n, line in enumerate(said, 2)]
    assert found["d.ndjson"] == [(3, '\t{"a": 1}', None), (4, '{"a": 2}', None)]
    assert found["e.csv"] == []
    assert found["f.csv.gz"] == [(3, "m,1", header)]


def test_bytes_that_are_no_utf_8_do_not_come_beyond_landing(read: Read) -> None:
    found = read({"a.csv": HEADER.encode() + b"\nm\xe9ter,1\nm\xc3\xb8,2\n"})["a.csv"]
    assert [line for _, line, _ in found] == ["m\ufffdter,1", "mø,2"]


def test_a_partner_is_called_as_landing_takes_it(spark: SparkSession) -> None:
    said = {
        "northgrid": True, "n": True, "ø-1.b_c": True, "-": True, "x" * 128: True,
        "": False, " ": False, "o'neil": False, "Müller & Co": False, "a/b": False, "_a": False,
        ".a": False, "a\n": False, '{"a":1}': False, "x" * 129: False, "ø" * 101: False,
    }  # fmt: skip
    rows = spark.createDataFrame([(name,) for name in said], "name STRING")
    judged = rows.select("name", is_partner_id(F.col("name")).alias("is_it")).collect()
    assert {row["name"]: row["is_it"] for row in judged} == said
