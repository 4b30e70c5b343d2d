"""How the command line ends: well by returning, else with the code that says why."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

COMMANDS = """
from lake.cli import app, main
from lake.errors import LakeError

@app.command()
def well(): print("done")

@app.command()
def stopped(): raise KeyboardInterrupt

@app.command()
def refused(): raise LakeError("it cannot be", cure="let it be")

main()
print("and the task goes on")
"""


@pytest.mark.slow
def test_a_wheel_brings_the_jobs(tmp_path: Path) -> None:
    here = Path(__file__).parents[2] / ".tools" / "bin"
    uv = shutil.which("uv") or shutil.which("uv", path=str(here))
    assert uv, "`make setup` brings it"
    built = subprocess.run(
        [uv, "build", "--wheel", "--out-dir", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "site"
    ZipFile(wheel).extractall(installed)
    told = subprocess.run(
        [sys.executable, "-c", "from lake.outcomes import jobs_file; print(jobs_file())"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert told.stdout.strip() == str(installed / "lake" / "jobs.yml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("well", 0, "done\nand the task goes on"),
        ("--help", 0, "and the task goes on"),
        ("refused", 1, "error: it cannot be"),
        ("nothing", 2, "No such command 'nothing'"),
        ("stopped", 130, ""),
    ],
)
def test_only_what_went_well_returns(command: str, code: int, said: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COMMANDS, command],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    assert said in ended.stdout + ended.stderr
    assert ("goes on" in ended.stdout) == (code == 0)
    assert "Traceback" not in ended.stderr
