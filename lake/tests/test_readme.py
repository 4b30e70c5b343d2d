"""What README.md and docs/inputs.md tell users to type is there, and does what they say."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from lake.cli import app
from lake.jobs import load, part
from lake.settings import Settings
from lake.work import Work

HERE = Path(__file__).parents[2]
README = (HERE / "README.md").read_text(encoding="utf-8")
INPUTS = (HERE / "docs/inputs.md").read_text(encoding="utf-8")
ROWS = README.split("| command | |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
OWN_HOMES = README.split("\n## Your own homes\n")[1].split("\n## ")[0]
# A Green Button file: 0.5 and 0.25 kWh of the first half hour of 2012 in New York.
USAGE = """<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="POINT"/>
<link rel="related" href="POINT/MeterReading"/>
<content><UsagePoint xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="POINT/MeterReading/1"/>
<link rel="up" href="POINT/MeterReading"/>
<link rel="related" href="POINT/MeterReading/1/IntervalBlock"/>
<link rel="related" href="/espi/ReadingType/1"/>
<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/espi/ReadingType/1"/>
<content><ReadingType xmlns="http://naesb.org/espi">
<accumulationBehaviour>4</accumulationBehaviour><flowDirection>1</flowDirection>
<intervalLength>900</intervalLength><uom>72</uom></ReadingType></content></entry>
<entry><link rel="self" href="POINT/MeterReading/1/IntervalBlock/1"/>
<link rel="up" href="POINT/MeterReading/1/IntervalBlock"/>
<content><IntervalBlock xmlns="http://naesb.org/espi">
<IntervalReading><timePeriod><duration>900</duration><start>1325394000</start></timePeriod>
<value>500</value></IntervalReading>
<IntervalReading><timePeriod><duration>900</duration><start>1325394900</start></timePeriod>
<value>250</value></IntervalReading>
</IntervalBlock></content></entry></feed>
""".replace("POINT", "/espi/RetailCustomer/1/UsagePoint/1")


@cache
def tree() -> Any:
    """Return ``lake`` with the commands of all layers."""
    for point in entry_points(group="lake.commands"):
        point.load()(app)
    return typer.main.get_command(app)


def commands(row: str) -> Iterator[Any]:
    """Return the commands that a row of README's table names."""
    for words in (said.split()[1:] for said in re.findall(r"`(lake [^`]+)`", row)):
        found = tree()
        for word in words:
            if hasattr(found, "commands") and not word.isupper():
                assert word in found.commands, f"there is no command {word}"
                found = found.commands[word]
        yield found


@pytest.mark.parametrize("row", ROWS)
def test_every_command_of_the_table_is_there_with_its_options(row: str) -> None:
    named = list(commands(row))
    assert named
    options = {o for one in named for p in one.params for o in (*p.opts, *p.secondary_opts)}
    assert set(re.findall(r"--[a-z][a-z-]*", row)) <= options
    assert [one.name for one in named if not one.help] == []


def test_every_command_is_in_the_table_or_elsewhere_in_the_readme() -> None:
    told = {one.name for row in ROWS for one in commands(row)}
    told |= set(re.findall(r"(?:lake|make) (\w+)", README))
    assert {name for name, one in tree().commands.items() if not one.hidden} - told == set()


def given() -> tuple[list[list[str]], dict[str, str]]:
    """Return README's commands for one's own homes, and the files that they are about."""
    (typed,) = re.findall(r"```sh\n(.*?)```", OWN_HOMES, re.DOTALL)
    homes, readings = re.findall(r"```json\n(.*?)```", OWN_HOMES, re.DOTALL)
    (weather,) = re.findall(r"```\n(latitude,longitude,observed_at.*?)```", INPUTS, re.DOTALL)
    files = {"homes.ndjson": homes, "readings.ndjson": readings, "weather.csv": weather,
             "usage.xml": USAGE}  # fmt: skip
    words = [shlex.split(line, comments=True) for line in typed.splitlines()]
    return [more for first, *more in words if first == "lake"], files


def bring_up(work: Work, last: str) -> None:
    """Do the part of the daily job that leads to one of its tasks."""
    job, wanted = load(HERE / "jobs.yml", "daily", {"day": ""}), {last}
    for _ in job.tasks:
        wanted |= {key for task in job.tasks if task.key in wanted for key in task.depends_on}
    tables = part(job, lambda task: task.key in wanted and task.arguments[0] == "run")
    outcomes = tables.run(lambda task: work.do(task.arguments))
    assert {o.task.key: o.said for o in outcomes if o.state != "succeeded"} == {}


@pytest.mark.spark
@pytest.mark.slow
def test_ones_own_homes_come_in_as_the_readme_says(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, files = given()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    tree()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELIQ_LAKE", str(tmp_path / "lake"))
    told = {}
    for words in lines:
        if words == ["run", "--job", "daily"]:
            bring_up(Work(Settings(), spark), "gold_energy_daily")
            continue
        ended = CliRunner().invoke(app, words)
        assert ended.exit_code == 0, (words, ended.output)
        told[" ".join(words[:2])] = ended.stdout
    assert [" ".join(words[:2]) for words in lines] == [
        "register homes.ndjson", "ingest readings.ndjson", "ingest usage.xml",
        "ingest weather.csv", "run --job", lines[-1][0] + " " + lines[-1][1],
    ]  # fmt: skip
    # What is read in the meter file, as canonical CSV; nothing of it is in the lake.
    assert "2012-01-01T05:15:00+00:00,PT15M,250,Wh,measured" in told["ingest usage.xml"]
    assert len(list((tmp_path / "lake/landing/readings").glob("*/northgrid/*"))) == 1
    # 0.12 and 0.31 kWh, of which the second was estimated; between them one is missing.
    (answer,) = [text for words, text in told.items() if words.startswith("sql")]
    assert "2025-10-26" in answer
    assert "0.43" in answer
