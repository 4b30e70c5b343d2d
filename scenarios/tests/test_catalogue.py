"""The catalogue of rules, the stories and their folders name each other; nothing is run."""

import re
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
# Whatever lies here is a story, whether it is listed, whole or neither.
STORIES = sorted(p.name for p in HERE.iterdir() if p.is_dir() and p.name[0] not in "._")
STORIES.remove("tests")
LAYERS = ("landed", "silver", "gold", "api")


def listed() -> list[tuple[str, str]]:
    """Return each story of the table in README.md with its rule."""
    page = (HERE / "README.md").read_text(encoding="utf-8")
    rows: list[tuple[str, str]] = re.findall(r"^\| (\w+) \| ([\w, ]+) \|$", page, re.MULTILINE)
    return [(story, rule) for rule, stories in rows[1:] for story in stories.split(", ")]


def page_of(story: str) -> str:
    return (HERE / story / "README.md").read_text(encoding="utf-8")


def test_every_rule_has_a_story_and_every_story_a_rule() -> None:
    named = {s: re.findall(r"^Rule: (\w+)$", page_of(s), re.MULTILINE) for s in STORIES}
    assert {story: rules for story, rules in named.items() if len(rules) != 1} == {}
    assert dict(listed()) == {story: rule for story, (rule,) in named.items()}


def test_a_story_and_a_rule_are_listed_once() -> None:
    page = (HERE / "README.md").read_text(encoding="utf-8")
    rules = re.findall(r"^\| (\w+) \|", page, re.MULTILINE)
    assert [rule for rule, n in Counter(rules).items() if n > 1] == []
    assert [story for story, n in Counter(story for story, _ in listed()).items() if n > 1] == []


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_told_in_every_layer_or_says_why_not(story: str) -> None:
    told = {layer for layer in LAYERS if any((HERE / story / layer).glob("*"))}
    silent = re.findall(r"^Nothing in (\w+): \S.*\.$", page_of(story), re.MULTILINE)
    assert sorted([*told, *silent]) == sorted(LAYERS)
    assert {"landed"} <= told
