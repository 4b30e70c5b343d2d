"""What goes wrong outside: a full disk, a read-only lake, a line without end, two files at once."""

import gzip
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from bronze.commands import add
from bronze.intake import take
from infra.lacking import lacking
from lake.catalog import catalog
from lake.hops.report import Report
from lake.hops.writing import Written
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import CannotWrite, land
from lake.outcomes import fail, one_line, said
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

BLOCK = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00Z", "resolution": "PT1H", "unit": "kWh"}
NEM12 = (
    "100,NEM12,202506010000,M,R\n200,6123456789,E1,1,E1,N1,METER1,kWh,720,\n"
    "300,20250530,1.5,2.25,A,,,20250531020304,\n900\n"
)
Mount = Callable[[str], None]


def readings(folder: Path, lines: int, name: str = "r.ndjson") -> Path:
    """Write a file of distinct lines, about 300 bytes each."""
    file = folder / name
    blocks = ({**BLOCK, "values": [n / 7 + h for h in range(24)]} for n in range(lines))
    file.write_text("".join(json.dumps(b) + "\n" for b in blocks))
    return file


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Mount]]:
    """A small disk of its own, with a way to mount it anew with other options."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if said.returncode:
            lacking("disk", said.stderr.strip())

    mount("size=1m")
    yield place, lambda options: mount(f"remount,{options}")
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_takes_nothing_in_and_says_so(
    disk: tuple[Path, Mount], tmp_path: Path, clock: datetime
) -> None:
    place, remount = disk
    lake, file = Settings(lake=str(place / "lake")), readings(tmp_path, 5000)
    with pytest.raises(CannotWrite, match="No space left"):
        land(file, kind="readings", partner="p", settings=lake, clock=clock)
    assert [f for f in place.rglob("*") if f.is_file()] == []
    remount("size=4m")
    assert land(file, kind="readings", partner="p", settings=lake, clock=clock).is_new


def test_a_lake_that_may_only_be_read_says_so(
    disk: tuple[Path, Mount], tmp_path: Path, clock: datetime
) -> None:
    place, remount = disk
    remount("ro")
    with pytest.raises(CannotWrite, match="Read-only file system"):
        land(
            readings(tmp_path, 1),
            kind="readings",
            partner="p",
            settings=Settings(lake=str(place / "lake")),
            clock=clock,
        )


@pytest.mark.spark
def test_a_run_that_fills_the_disk_is_run_again_and_loses_nothing(
    spark: SparkSession, disk: tuple[Path, Mount], tmp_path: Path, clock: datetime
) -> None:
    place, remount = disk
    file = readings(tmp_path, 8000)
    remount(f"size={file.stat().st_size + 200_000}")
    lake = Settings(lake=str(place / "lake"))
    land(file, kind="readings", partner="p", settings=lake, clock=clock)
    runner = Runner(spark, lake, catalog(), clock)
    with pytest.raises(Exception) as full:  # noqa: PT011 - Spark's, and what the user sees is below
        runner.run("bronze.meter_readings")
    assert one_line(full.value).startswith("the disk is full; free space and run it again")
    remount("size=64m")
    assert runner.run("bronze.meter_readings").written.inserted == 8000
    found = Reader(lake, catalog().tables).rows(
        "SELECT count(*) AS n, count(DISTINCT source_line) AS lines FROM bronze.meter_readings"
    )
    assert found == [{"n": 8000, "lines": 8000}]


@pytest.mark.spark
def test_whatever_a_file_is_called_it_arrives_in_bronze(
    spark: SparkSession, tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    names = ("a.deflate", "a.bz2", "a.zst", "a.snappy", "a.lz4", "a.ndjson._COPYING_", "a.gzip",
             "at 10:30.ndjson", "h\xe6'%+ .txt")  # fmt: skip
    for n, name in enumerate(names):
        file = readings(tmp_path, n + 1, name)
        take(file, partner="northgrid", settings=lake, clock=clock)
    (packed := tmp_path / "packed").write_bytes(gzip.compress(file.read_bytes() * 2))
    take(packed, partner="northgrid", settings=lake, clock=clock)
    # One that is read on its way into landing lies there under its own name too.
    (meter_file := tmp_path / "usage 10:30.zst").write_text(NEM12)
    take(meter_file, partner="northgrid", settings=lake, clock=clock)
    report = Runner(spark, lake, catalog(), clock).run("bronze.meter_readings")
    counts = [*range(1, len(names) + 1), 2 * len(names), 1]
    assert (report.written.inserted, report.rejected) == (sum(counts), 0)
    found = Reader(lake, catalog().tables).rows(
        "SELECT source_file, count(*) AS n FROM bronze.meter_readings GROUP BY 1"
    )
    assert Counter(row["n"] for row in found) == Counter(counts)
    for row in found:
        assert Path(lake.root, "landing", str(row["source_file"])).is_file()


def test_a_line_of_2_gb_is_refused_by_its_number_without_being_read(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    file = readings(tmp_path, 3)
    with file.open("a") as opened:
        for _ in range(40):
            opened.write("x" * 1024 * 1024)
    with pytest.raises(UnreadableFile, match="longer than 16 MiB") as refused:
        land(file, kind="readings", partner="p", settings=lake, clock=clock)
    assert "line 4" in str(refused.value)
    # 2 GB that take no room on the disk.
    (endless := tmp_path / "endless.ndjson").touch()
    with endless.open("r+b") as opened:
        opened.truncate(2 * 1024**3)
    with pytest.raises(UnreadableFile):
        land(endless, kind="readings", partner="p", settings=lake, clock=clock)
    assert not Path(lake.root).exists()


def test_files_that_come_at_once_all_land_once(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    files = [readings(tmp_path, n + 1, f"{n}.ndjson") for n in range(4)]
    start = threading.Barrier(8)

    def put(file: Path) -> Path:
        start.wait()
        return land(file, kind="readings", partner="p", settings=lake, clock=clock).path

    with ThreadPoolExecutor(8) as pool:
        landed = list(pool.map(put, files * 2))
    assert len(set(landed)) == 4
    here = [f for f in Path(lake.root, "landing").rglob("*") if f.is_file()]
    assert sorted(here) == sorted(set(landed))
    assert {f.read_text() for f in here} == {f.read_text() for f in files}


@pytest.mark.parametrize("text", ["data[/old]/[red]x.csv", "[bold]", "a\x1b[2J\x07\nb"])
def test_what_went_wrong_is_said_as_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    fail(text)
    plain = text.replace("\x1b", "\\x1b").replace("\x07", "\\x07").replace("\n", "\\n")
    assert capsys.readouterr().err == f"error: {plain}\n"
    console = Console(width=200, force_terminal=False)
    with console.capture() as captured:
        console.print(said(UnreadableFile(text)))
        console.print(said(Report("a.b", 0, Written(), note=text, alert=text)))
    assert captured.get() == f"{plain}\n{plain} ({plain})\n"


@pytest.mark.parametrize("name", ["a[bold]b:x:.csv", "a\x1b[2J.csv"])
def test_a_file_is_named_as_text(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_LAKE", str(tmp_path / "lake"))
    (tmp_path / name).write_text("meter_id,starts_at,resolution,value\n")
    commands = Typer()
    add(commands)
    said = CliRunner().invoke(commands, ["ingest", str(tmp_path / name), "--partner", "p"])
    assert (said.exit_code, "\x1b" in said.output) == (0, False)
    assert name.replace("\x1b", "\\x1b") + ": taken" in said.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ingest", "absent.csv", "--partner", "p"), "absent.csv"),
        (("run", "silver.nothing"), "there is no table silver.nothing"),
        (("run", "--job", "nightly"), "there is no job nightly"),
        (("sql", "SELEC 1"), "only questions can be asked; begin with SELECT"),
        (("sql", "SELECT * FROM nowhere"), "nowhere"),
        (("sql", "SELECT 1 FRM x"), "Expected: end of statement, found: x"),
        (("run", "bronze.weather", "--day", "tomorrow"), "tomorrow is not a day"),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    command = [sys.executable, "-c", "from lake.cli import main; main()", *arguments]
    ended: Any = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ELIQ_LAKE": str(tmp_path / "lake")},
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"error: .+\n", ended.stderr)
    assert said in ended.stderr
