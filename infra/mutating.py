"""Source of a module -> its mutants: the same tree with one small thing of its logic changed.

What is no logic stays as it is: imports, annotations, texts (but for conditions in SQL), and what
``F.count`` counts. Two mutants of one place are two mutants.
"""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

_COMPARED: Final = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
_COUNTED: Final = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_PAIRS: Final = (
    ("min", "max"), ("min_by", "max_by"), ("array_min", "array_max"), ("least", "greatest"),
    ("lead", "lag"), ("floor", "ceil"), ("date_add", "date_sub"), ("isNull", "isNotNull"),
)  # fmt: skip
_NAMES: Final = dict(_PAIRS) | {b: a for a, b in _PAIRS}
_JOINS: Final = {
    "inner": "left", "left": "inner", "left_semi": "left_anti", "left_anti": "left_semi",
}  # fmt: skip
_SQL: Final = {
    "IS NOT NULL": "IS NULL", "IS NULL": "IS NOT NULL", "AND": "OR", "OR": "AND", "NOT ": "",
    "<>": "=", "<=": "<", ">=": ">", "<": "<=", ">": ">=", "=": "<>",
}  # fmt: skip
_IN_SQL: Final = re.compile(r"IS NOT NULL|IS NULL|\bAND\b|\bOR\b|\bNOT (?!NULL)|<>|<=|>=|<|>|=")
_TAKES_SQL: Final = ("where", "filter", "expr")
# Steps of a chain: without the step, the chain is what it was before it.
_STEPS: Final = ("where", "filter", "distinct", "when", "otherwise")
# So much code is shown before a change and after it.
_AROUND: Final = 24


class Mutant(NamedTuple):
    """The place of a change; ``lines`` are those of the whole statement."""

    number: int
    line: int
    lines: range


def mutants(source: str) -> list[Mutant]:
    """Return the mutants of a module's source, in the order of its tree."""
    found = enumerate(_changes(ast.parse(source)))
    return [Mutant(number, node.lineno, lines) for number, (node, _, lines) in found]


def mutated(source: str, number: int) -> ast.Module:
    """Return the tree of a module with the mutant of this number in it."""
    tree = ast.parse(source)
    node, changed, _ = list(_changes(tree))[number]
    _Swap(node, ast.copy_location(changed, node)).visit(tree)
    return ast.fix_missing_locations(tree)


def difference(source: str, number: int) -> tuple[str, str]:
    """Return the code that the mutant of this number changes, and what it makes of it."""
    was, now = ast.unparse(ast.parse(source)), ast.unparse(mutated(source, number))
    same = _same(was, now)
    same_after = _same(was[same:][::-1], now[same:][::-1])
    before = was[:same].rpartition("\n")[2][-_AROUND:]
    after = was[len(was) - same_after :].partition("\n")[0][:_AROUND]
    changed = (text[same : len(text) - same_after] for text in (was, now))
    first, second = (" ".join(f"{before}{part}{after}".split()) for part in changed)
    return first, second


def _same(a: str, b: str) -> int:
    """Return how many first letters of two texts are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


class _Swap(ast.NodeTransformer):
    """Puts another expression in the place of one."""

    def __init__(self, node: ast.expr, by: ast.expr) -> None:
        self._node, self._by = node, by

    def visit(self, node: ast.AST) -> ast.AST:
        found: ast.AST = self._by if node is self._node else self.generic_visit(node)
        return found


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr, range]]:
    """Yield each expression with what it could be, and the lines of its statement."""
    return _below(tree, range(0))


def _below(node: ast.AST, lines: range) -> Iterator[tuple[ast.expr, ast.expr, range]]:
    if isinstance(node, ast.expr):
        lines = lines or range(node.lineno, (node.end_lineno or node.lineno) + 1)
        yield from ((node, changed, lines) for changed in _other(node))
    for field, child in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or _is_count(node):
            continue
        for one in child if isinstance(child, list) else [child]:
            if isinstance(one, ast.stmt):
                is_simple = not hasattr(one, "body")
                whole = range(one.lineno, (one.end_lineno or one.lineno) + 1)
                yield from _below(one, whole if is_simple else range(0))
            elif isinstance(one, ast.AST):
                yield from _below(one, lines)


def _is_count(node: ast.AST) -> bool:
    """Tell whether it is F.count(...): one row counts as one, whatever stands there."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "F.count"


def _other(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what an expression could be instead, one thing changed."""
    match node:
        case ast.Compare(left, [sign], right) if type(sign) in _COMPARED:
            yield ast.Compare(left, [_COMPARED[type(sign)]()], right)
        case ast.BinOp(left, op, right) if type(op) in _COUNTED:
            yield ast.BinOp(left, _COUNTED[type(op)](), right)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Invert() | ast.Not() | ast.USub(), operand):
            yield operand
        case ast.Constant(bool(known)):
            yield ast.Constant(not known)
        case ast.Constant(int(number) | float(number)):
            yield ast.Constant(number + 1)
        case ast.Constant(str(text)) if text in _JOINS:
            yield ast.Constant(_JOINS[text])
        case ast.Attribute(of, name) if name in _NAMES:
            yield ast.Attribute(of, _NAMES[name], ast.Load())
        case ast.Call(ast.Attribute() as called, arguments):
            yield from _other_call(node, called, arguments)


def _other_call(node: ast.Call, called: ast.Attribute, args: list[ast.expr]) -> Iterator[ast.expr]:
    is_of_functions = isinstance(called.value, ast.Name) and called.value.id == "F"
    if called.attr in _STEPS and not is_of_functions:
        yield called.value
    if called.attr == "coalesce" and len(args) > 1:
        yield ast.Call(called, args[:1], [])
    match args:
        case [ast.Constant(str(text))] if called.attr in _TAKES_SQL:
            for sign in _IN_SQL.finditer(text):
                other = text[: sign.start()] + _SQL[sign[0]] + text[sign.end() :]
                yield ast.Call(called, [ast.Constant(other)], node.keywords)
