"""A mutant differs in one thing of its logic, and stands in for the module that it is made from."""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.mutants import JUDGED_BY, StandIn
from infra.mutating import difference, mutants, mutated


def changes(source: str) -> list[tuple[str, str]]:
    return [difference(source, mutant.number) for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("a < b", "a <= b"),
        ("a == b", "a != b"),
        ("a + b", "a - b"),
        ("a & b", "a | b"),
        ("a and b", "a or b"),
        ("~a", "a"),
        ("not a", "a"),
        ("-a", "a"),
        ("9", "10"),
        ("0.5", "1.5"),
        ("True", "False"),
        ("F.greatest(a, b)", "F.least(a, b)"),
        ("F.coalesce(a, b)", "F.coalesce(a)"),
        ("a.isNull()", "a.isNotNull()"),
        ("rows.where(a)", "rows"),
        ("F.when(a, b).otherwise(c)", "F.when(a, b)"),
        ("rows.join(other, on=key, how='inner')", "rows.join(other, on=key, how='left')"),
    ],
)
def test_a_mutant_has_one_other_sign_number_or_step(was: str, now: str) -> None:
    ((before, after),) = changes(f"x = {was}")
    assert (before, after) == (f"x = {was}"[-len(before) :], f"x = {now}"[-len(after) :])
    assert ast.unparse(mutated(f"x = {was}", 0)) == f"x = {now}"


def test_a_condition_in_sql_has_a_mutant_for_each_of_its_signs() -> None:
    source = "x = rows.where('NOT a AND b >= c')"
    assert [ast.unparse(mutated(source, mutant.number)) for mutant in mutants(source)] == [
        "x = rows",
        "x = rows.where('a AND b >= c')",
        "x = rows.where('NOT a OR b >= c')",
        "x = rows.where('NOT a AND b > c')",
    ]


@pytest.mark.parametrize(
    "source",
    [
        '"""More than 3 < 4."""',
        "from a import b",
        "def f(a: int | None) -> list[int] | None: ...",
        "@cached(3)\ndef f(): ...",
        "name = 'a < b'",
        "rows = F.count(F.lit(1))",
    ],
)
def test_what_is_no_logic_has_no_mutant(source: str) -> None:
    assert changes(source) == []


def test_a_mutant_knows_its_line_and_the_lines_of_its_statement() -> None:
    (mutant,) = mutants("def f(a):\n    return (\n        a\n        + a\n    )\n")
    assert (mutant.line, mutant.lines) == (3, range(2, 6))


@pytest.fixture
def imported() -> Iterator[None]:
    """Leave no trace in what is imported."""
    path, modules = [*sys.meta_path], {**sys.modules}
    yield
    sys.meta_path[:] = path
    sys.modules.clear()
    sys.modules.update(modules)


def test_a_stand_in_is_imported_in_the_place_of_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, imported: None
) -> None:
    (tmp_path / "gold.py").write_text("limit = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for known in [name for name in sys.modules if name.split(".")[0] == "gold"]:
        del sys.modules[known]
    assert importlib.import_module("gold").limit == 1
    StandIn("gold.py", mutated("limit = 1", 0)).stand_in()
    gold = importlib.import_module("gold")
    assert (gold.limit, gold.__file__) == (2, str(tmp_path / "gold.py"))


def test_each_file_and_each_test_that_judges_it_exists() -> None:
    root = Path(__file__).parents[2]
    tests = {test.partition("::")[0] for tests in JUDGED_BY.values() for test in tests}
    assert [name for name in {*JUDGED_BY, *tests} if not (root / name).is_file()] == []
