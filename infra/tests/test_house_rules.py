"""Each house rule finds what it forbids, and nothing else."""

import json
from pathlib import Path

import pytest

from infra.house_rules import broken_notebooks, broken_rules


def written(root: Path, name: str, source: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return root


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("seen = F.current_timestamp()", "current_timestamp"),
        ("seen = F.expr('date_sub(current_date(), 1)')", "current_date"),
        ("rows.where(f'{column} < now()')", "now()"),
        ("seen = datetime.now(UTC)", "now()"),
        ("seen = datetime.datetime.utcnow()", "utcnow()"),
        ("seen = date.today()", "today()"),
        ("seen = time.time()", "time()"),
        ("spark = SparkSession.builder.getOrCreate()", "getOrCreate"),
        ("home = os.environ['HOME']", "environ"),
        ("home = getenv('HOME')", "getenv"),
        ("rows.cache()", "cache()"),
        ("first = rows.collect()[0]", "collect()"),
        ("rows.toPandas()", "toPandas()"),
        ("@F.udf\ndef double(x): ...", "udf"),
        ("@pandas_udf('double')\ndef double(x): ...", "pandas_udf"),
    ],
)
def test_a_forbidden_use_is_found(tmp_path: Path, source: str, what: str) -> None:
    written(tmp_path, "gold/energy.py", source)
    assert [(broken.line, broken.what) for broken in broken_rules(tmp_path)] == [(1, what)]


def test_a_use_at_the_end_of_a_chain_is_found_on_its_own_line(tmp_path: Path) -> None:
    written(tmp_path, "silver/meters.py", "rows = (\n    meters.select('a')\n    .collect()\n)\n")
    assert str(broken_rules(tmp_path)[0]).startswith("silver/meters.py:3: collect(): ")


@pytest.mark.parametrize(
    "source",
    [
        "def run(now: datetime) -> datetime:\n    return now",
        '"""Never now() nor current_timestamp here."""',
        "noon = time(12)",
        "from functools import cache\n@cache\ndef zones(): ...",
        "rows.collect()  # house-rule: five rows of the gate's verdict",
    ],
)
def test_what_is_allowed_or_excused_passes(tmp_path: Path, source: str) -> None:
    assert broken_rules(written(tmp_path, "models/load_forecasts.py", source)) == []


def test_an_excuse_needs_a_reason(tmp_path: Path) -> None:
    assert broken_rules(written(tmp_path, "gold/energy.py", "rows.collect()  # house-rule:"))


def test_tests_are_free_and_serving_may_look_at_the_clock(tmp_path: Path) -> None:
    written(tmp_path, "gold/tests/test_energy.py", "rows.collect()")
    written(tmp_path, "serving/tokens.py", "expires = datetime.now(UTC)")
    assert broken_rules(tmp_path) == []


def test_serving_reads_no_environment(tmp_path: Path) -> None:
    assert broken_rules(written(tmp_path, "serving/app.py", "os.environ['ELIQ_LAKE']"))


def test_a_long_file_is_found(tmp_path: Path) -> None:
    written(tmp_path, "gold/energy.py", "\n" * 301)
    assert [broken.what for broken in broken_rules(tmp_path)] == ["301 lines"]


def test_a_notebook_keeps_no_answer_and_names_no_folder_of_a_machine(tmp_path: Path) -> None:
    cells = [
        {"source": ["import pandas\n", "x = 1 / 2"], "outputs": [], "execution_count": None},
        {"source": ["x = 3"], "outputs": [{"text": "3"}], "execution_count": None},
        {"source": ["x"], "outputs": [], "execution_count": 7},
        {"source": ["rows = read('/home/ada/lake')"]},
        {"source": ["See https://example.org/home/ and `abfss://lake@a.net/tmp/`."]},
    ]
    written(tmp_path, "notebooks/look.ipynb", json.dumps({"cells": cells}))
    found = [(broken.line, broken.what) for broken in broken_notebooks(tmp_path)]
    assert found == [(2, "an answer was kept"), (3, "an answer was kept"), (4, "/home/")]


def test_around_the_layers_only_the_length_is_a_rule(tmp_path: Path) -> None:
    written(tmp_path, "lake/session.py", "import os\nprint(os.environ)\n" + "\n" * 300)
    assert [broken.what for broken in broken_rules(tmp_path)] == ["302 lines"]


def test_this_project_keeps_its_rules() -> None:
    here = Path(__file__).parents[2]
    assert [*broken_rules(here), *broken_notebooks(here)] == []
