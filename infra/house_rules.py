"""Source of the layers and around -> the lines that break a house rule, with file and number.

Layer code gets its session, its settings and the clock as arguments, and leaves rows in Spark.
``# house-rule: REASON`` at the end of a line excuses that line; on line 1 it excuses the length.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LAYERS = ("bronze", "silver", "gold", "features", "models", "serving")
# What is around the layers starts sessions and reads settings and clocks for them.
AROUND = ("lake", "samples", "infra")
LONGEST = 300
EXCUSE = re.compile(r"#\s*house-rule:\s*\S")

SETTINGS = "settings come in as arguments; lake.settings reads them"
CLOCK = "the clock comes in as an argument, so that a past day can be run as it was"
SESSION = "the session comes in with the tables; lake.session starts it"
ROWS = "rows stay in Spark; a layer returns a DataFrame"
EXPRESSION = "a column expression does it, without sending each row to Python"

MENTIONED = {
    "environ": SETTINGS,
    "getenv": SETTINGS,
    "current_date": CLOCK,
    "current_timestamp": CLOCK,
    "getOrCreate": SESSION,
    "udf": EXPRESSION,
    "pandas_udf": EXPRESSION,
}
CALLED = {
    "now": CLOCK,
    "utcnow": CLOCK,
    "today": CLOCK,
    "cache": "memory is the runner's business; write a table instead",
    "collect": ROWS,
    "toPandas": ROWS,
}
STORED = (
    "a notebook is stored as it is before it runs; `lake notebook NAME --run` keeps what it says"
)
# Where somebody's files are: a notebook runs on any lake.
MACHINE = re.compile(
    r"(?<![\w.:/])(?:~|/(?:home|Users|root|tmp|work|mnt|dbfs|Volumes))/|[A-Z]:\\\\"
)
SQL_CLOCK = re.compile(r"\bcurrent_(?:timestamp|date)\b|\bnow\s*\(\s*\)", re.IGNORECASE)


class Broken(NamedTuple):
    """One line that breaks a rule."""

    path: Path
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}: {self.why}"


def broken_rules(root: Path) -> list[Broken]:
    """Return what the layers under a folder break; their tests may do as they like."""
    files = (path for top in (*LAYERS, *AROUND) for path in sorted((root / top).rglob("*.py")))
    return [
        broken
        for path in files
        if "tests" not in path.relative_to(root).parts
        for broken in broken_in(path, root=root)
    ]


def broken_in(path: Path, *, root: Path) -> list[Broken]:
    """Return what one file breaks; serving, which has no Spark, answers as of now.

    Around the layers only the length is looked at.
    """
    name, source = path.relative_to(root), path.read_text()
    lines = source.splitlines()
    found = set(uses(ast.parse(source, str(path)))) if name.parts[0] in LAYERS else set()
    if name.parts[0] == "serving":
        found = {use for use in found if use[2] == SETTINGS}
    if len(lines) > LONGEST:
        found.add((1, f"{len(lines)} lines", f"a file over {LONGEST} is split by noun"))
    return [
        Broken(name, line, what, why)
        for line, what, why in sorted(found)
        if not EXCUSE.search(lines[line - 1])
    ]


def broken_notebooks(root: Path) -> list[Broken]:
    """Return what is wrong with the notebooks: answers that were kept, paths of a machine."""
    files = sorted((root / "notebooks").glob("*.ipynb"))
    return [broken for file in files for broken in broken_in_notebook(file, root=root)]


def broken_in_notebook(path: Path, *, root: Path) -> Iterator[Broken]:
    """Yield what is wrong with one notebook, by the number of its cell, from 1."""
    for number, cell in enumerate(json.loads(path.read_text())["cells"], start=1):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield Broken(path.relative_to(root), number, "an answer was kept", STORED)
        if found := MACHINE.search("".join(cell["source"])):
            yield Broken(path.relative_to(root), number, found[0], SETTINGS)


def uses(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and reason of each use, in code and in SQL text, but not in docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in MENTIONED:
                # The end: a chain of calls starts many lines above the name.
                yield node.end_lineno or 0, name, MENTIONED[name]
            case ast.Call(func=(ast.Name(id=name) | ast.Attribute(attr=name)) as called):
                if name in CALLED:
                    yield called.end_lineno or 0, f"{name}()", CALLED[name]
                # With arguments it is a time of day.
                if name == "time" and not node.args and not node.keywords:
                    yield called.end_lineno or 0, "time()", CLOCK
            case ast.Constant(value=str(text)) if id(node) not in prose:
                if clock := SQL_CLOCK.search(text):
                    yield node.end_lineno or 0, clock[0], CLOCK
            case _:
                pass


if __name__ == "__main__":
    here = Path(__file__).parents[1]
    broken = [*broken_rules(here), *broken_notebooks(here)]
    print(*broken, sep="\n", end="\n" if broken else "")
    sys.exit(bool(broken))
