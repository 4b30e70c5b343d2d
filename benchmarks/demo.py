"""`lake demo` into a fresh lake, and the same again on that lake: how long each takes."""

import re
import shutil
import sys
from pathlib import Path

from benchmarks.measure import measured
from benchmarks.report import Side, console

BAR_S = 240.0
_STEP = re.compile(r"^ *seconds (.+?) +([\d.]+) *$", re.MULTILINE)


def demos(folder: Path) -> dict[str, Side]:
    """Run the demo twice; the steps are those of its own summary."""
    lake = folder / "demo"
    shutil.rmtree(lake, ignore_errors=True)
    lake.mkdir(parents=True)
    command = [str(Path(sys.executable).with_name("lake")), "demo", "--no-serve"]
    sides = {}
    for name in ("first", "again"):
        log = folder / f"demo-{name}.log"
        with console.status(f"demo, {name} …"):
            took = measured(command, log=log, settings={"ELIQ_LAKE": str(lake / "lake")})
        sides[name] = Side(took, steps_of(log.read_text()))
    return sides


def steps_of(summary: str) -> dict[str, float]:
    """Return the seconds of each step as the demo prints them, the sum left out."""
    return {step: float(s) for step, s in _STEP.findall(summary) if step != "in all"}
