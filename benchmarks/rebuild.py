"""Readings, bronze to gold: this lake, DuckDB and Polars, which must give the same answer."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Measured, measured
from benchmarks.report import Side, console
from benchmarks.tables import BRONZE
from lake.errors import LakeError

LAKE, PEERS = "lake", ("duckdb", "polars")


class AnswersDiffer(LakeError):
    """Two sides of a benchmark do not say the same."""

    code = "answers-differ"


@dataclass(frozen=True)
class Rebuild:
    """One size of the benchmark, and where its files are kept."""

    folder: Path
    readings: int
    days: int

    @property
    def bronze(self) -> Path:
        """The lake that is the input: landing and bronze."""
        return self.folder / "bronze"

    @property
    def lake(self) -> Path:
        """The lake that the last run made."""
        return self.folder / LAKE

    @property
    def is_rebuilt(self) -> bool:
        """Whether that run came to its end."""
        return (self.lake / "steps.json").exists()

    def prepare(self) -> dict[str, int]:
        """Make the input where it is not there yet; return its homes, readings and lines."""
        sent = self.bronze / "sent.json"
        if not sent.exists():
            shutil.rmtree(self.bronze, ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            with console.status("making the input, once …"):
                size = ["--readings", str(self.readings), "--days", str(self.days)]
                self._run("rebuild_data", str(self.bronze), *size)
        found: dict[str, int] = json.loads(sent.read_text())
        return found

    def measure(self, name: str) -> Side:
        """Run one side in a process of its own."""
        out = self.folder / name
        shutil.rmtree(out, ignore_errors=True)
        # All sides find the input in the memory of the machine.
        for table in BRONZE:
            for file in (self.bronze / table.path).rglob("*.parquet"):
                file.read_bytes()
        with console.status(f"{name} …"):
            took = self._run(f"rebuild_{name}", str(self.bronze), str(out))
        return Side(took, json.loads((out / "steps.json").read_text()))

    def differences(self, name: str) -> str:
        """Say how the answer of a side differs from the lake's; nothing where they are the same."""
        with console.status(f"comparing {name} with the lake …"):
            return self.differs(self.lake, self.folder / name)

    @staticmethod
    def differs(one: Path, other: Path) -> str:
        """Say how two folders differ; nothing where they hold the same."""
        compared = subprocess.run(
            [sys.executable, "-m", "benchmarks.rebuild_same", one, other],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        return f"{compared.stdout}{compared.stderr}" if compared.returncode else ""

    def _run(self, module: str, *arguments: str) -> Measured:
        command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        return measured(command, log=self.folder / f"{module}.log")
