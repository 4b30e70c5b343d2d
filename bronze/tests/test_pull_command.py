"""`lake pull SOURCE`: a line a file, one clear error, and places from the lake itself."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import typer
from deltalake import write_deltalake
from typer.testing import CliRunner

from bronze.commands import add
from bronze.pulls import SOURCES, source
from bronze.pulls.parts import Point, spans
from bronze.pulls.places import NoPlaces, points, zones
from lake.settings import Settings


@pytest.fixture
def lake_pull(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Return the command, with sources that are on this machine: exit code, output and error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELIQ_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("ELIQ_CONTACT", "ops@example.org")
    for name in Settings.model_fields:
        if name.endswith("_url"):
            monkeypatch.setenv(f"ELIQ_{name.upper()}", server.url)
    app = typer.Typer()
    add(app)

    def run(*arguments: str) -> tuple[int, str]:
        said = CliRunner().invoke(app, ["pull", *arguments])
        return said.exit_code, said.output + str(said.exception or "")

    return run


def gb(day: str) -> bytes:
    one = {"from": f"{day}T00:00Z", "to": f"{day}T00:30Z", "intensity": {"actual": 50}}
    return json.dumps({"data": [one]}).encode()


def test_every_source_is_whole_and_named_in_the_help(lake_pull: Callable[..., Any]) -> None:
    code, listed = lake_pull("--help")
    assert code == 0
    for name in SOURCES:
        assert f" {name} " in listed
        module = source(name)
        assert module.KIND in ("weather", "prices", "co2")
        assert ("weather" if module.KIND == "weather" else "market") == module.PARTNER
        assert module.VERSION >= 1
        assert callable(module.parts)
        assert callable(module.rows)
        code, said = lake_pull(name, "--help")
        assert f"lake pull {name} --" in said


def test_a_pull_says_a_line_a_file(server: Any, lake_pull: Callable[..., Any]) -> None:
    server.answers(gb("2025-10-24"))
    code, said = lake_pull("carbon-intensity", "--from", "2025-10-24", "--to", "2025-10-25")
    assert (code, said) == (0, "carbon-intensity-2025-10-24-2025-10-25.json: 1 rows\n")


def test_a_saved_answer_is_taken_as_if_it_came_now(
    server: Any, tmp_path: Path, lake_pull: Callable[..., Any]
) -> None:
    (saved := tmp_path / "saved.json").write_bytes(gb("2025-10-24"))
    code, said = lake_pull("carbon-intensity", "--file", str(saved))
    assert (code, said) == (0, "saved.json: 1 rows\n")
    assert not server.questions
    (kept,) = (tmp_path / "lake" / "landing" / "files").glob("*/market/*")
    assert kept.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nordpool", "--zones", "XX9"], "'XX9' is no price zone"),
        (["nordpool", "--points", "1,2"], "asked for zones"),
        (["met-norway", "--zones", "SE3"], "asked for weather points"),
        (["met-norway", "--points", "1,200"], "is not on Earth"),
        (["met-norway", "--points", "no-such-file"], "neither a file nor a point"),
        (["met-norway"], "there are no points to ask for"),
        (["nordpool"], "there are no zones to ask for"),
        (["entsoe", "--zones", "SE3"], "ELIQ_ENTSOE_TOKEN"),
        (["open-meteo", "--points", "1,2", "--day", "yesterday"], "yesterday is not a day"),
        (["open-meteo", "--points", "1,2", "--from", "2025-02-02", "--to", "2025-02-01"],
         "2025-02-02 is after 2025-02-01"),
        (["open-meteo", "--points", "1,2", "--day", "2025-02-02", "--back", "2"],
         "given in two ways"),
        (["nordpool", "--zones", "SE3", "--until", "noon"], "noon is not a time"),
        (["nordpool", "--zones", "SE3", "--until", "25:00"], "25:00 is not a time"),
        (["energyzero", "--file", "nowhere.json"], "cannot read the file"),
        (["energyzero", "--zones", "NL", "--day", "2025-10-26"], "HTTP 400"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_clear_error(
    server: Any, reply: Any, lake_pull: Callable[..., Any], arguments: list[str], said: str
) -> None:
    server.answers(reply(b"bad request", 400))
    code, output = lake_pull(*arguments)
    assert code == 1
    assert said in output


def test_days_back_end_yesterday(server: Any, lake_pull: Callable[..., Any]) -> None:
    server.answers(json.dumps({"hourly": {"time": []}}).encode())
    lake_pull("open-meteo", "--points", "1,2", "--back", "3")
    query = server.questions[0].query
    first, last = (date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
    today = datetime.now(UTC).date()
    assert (today - first).days in (3, 4)
    assert (today - last).days in (0, 1)


def test_points_come_from_a_file_or_a_list(tmp_path: Path, lake: Settings) -> None:
    (file := tmp_path / "points.csv").write_text(
        "latitude,longitude\n59.33,18.07\n# Aarhus\n56.16, 10.20\n\n59.33,18.07\n"
    )
    expected = (Point(59.33, 18.07), Point(56.16, 10.2))
    assert points(str(file), lake) == expected
    assert points("59.33,18.07; 56.16,10.2", lake) == expected
    assert points("-0.00001,0", lake) == (Point(0, 0),)


def test_where_no_home_is_there_is_nothing_to_ask_for(lake: Settings) -> None:
    for find in (points, zones):
        with pytest.raises(NoPlaces, match="register homes first"):
            find("homes", lake)


def test_homes_tell_their_zones_and_only_about_where_they_are(lake: Settings) -> None:
    homes = {
        "latitude": [59.3293, 59.3341, -0.01, None],
        "longitude": [18.0686, 18.0712, 0.04, 5.0],
        "price_zone": ["SE_3", "SE_3", "XX9", None],
    }
    write_deltalake(f"{lake.root}/silver/locations", pyarrow.table(homes))
    assert points("homes", lake) == (Point(0, 0), Point(59.3, 18.1))
    assert zones("homes", lake) == ("SE_3",)


def test_homes_where_a_source_has_nothing_end_no_run(
    server: Any, tmp_path: Path, lake_pull: Callable[..., Any]
) -> None:
    homes = {"latitude": [51.5], "longitude": [-0.1], "price_zone": ["GB"]}
    write_deltalake(f"{tmp_path}/lake/silver/locations", pyarrow.table(homes))
    code, said = lake_pull("smhi")
    assert (code, said) == (0, "left out: 1 places: no forecast of SMHI at 51.5,-0.1\n")
    code, said = lake_pull("nordpool")
    assert (code, said) == (0, "left out: 1 places: Nord Pool has no prices of GB\n")
    assert lake_pull("nordpool", "--zones", "GB")[0] == 1
    assert not server.questions


def test_days_are_cut_into_runs() -> None:
    days = [date(2025, 1, n) for n in (1, 2, 3, 4, 7, 8)]
    assert [(a.day, b.day) for a, b in spans(days, 3)] == [(1, 3), (4, 4), (7, 8)]
    assert not list(spans([], 3))


def test_a_source_that_there_is_not_is_a_misuse(lake_pull: Callable[..., Any]) -> None:
    code, output = lake_pull("smoke-signals")
    assert code == 2
    assert "No such command 'smoke-signals'" in output
