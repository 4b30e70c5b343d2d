"""Whatever shape an answer has, its reader gives rows, refusals or one error of ours."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bronze.pulls import source
from bronze.pulls.parts import Part
from bronze.pulls.rows import Refused, Unfinished, lines
from lake.errors import LakeError

NOW = datetime(2025, 10, 25, 11, tzinfo=UTC)
JUNK: tuple[Any, ...] = (
    None, True, -1, 10**30, 1e308, "", "x", "NaN", [], {}, [None], {"a": 1}, "9" * 5000,
    "2025-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
)  # fmt: skip
RECORDED = {
    "open-meteo": "openmeteo/open_meteo_archive.json",
    "met-norway": "metno/lat51.5lon-0.1altitude25_complete.json",
    "energyzero": "energyzero/electricity_hour_response.json",
    "entsoe": "entsoe_xml/BE_15M_exact4.xml",
}


def shortened(said: Any) -> Any:
    """Return a value whose lists have at most five members."""
    if isinstance(said, dict):
        return {key: shortened(value) for key, value in said.items()}
    return [shortened(value) for value in said[:5]] if isinstance(said, list) else said


def places(said: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value, to the first two of a list."""
    yield path
    keys: list[Any] = [*said] if isinstance(said, dict) else []
    if isinstance(said, list):
        keys = [*range(min(len(said), 2))]
    for key in keys:
        yield from places(said[key], (*path, key))


def changed(said: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    new = copy.copy(said)
    new[path[0]] = changed(said[path[0]], path[1:], junk)
    return new


@pytest.mark.parametrize("name", [name for name in RECORDED if name != "entsoe"])
def test_no_value_brings_a_reader_down(public_data: Path, name: str) -> None:
    said = json.loads((public_data / "formats" / RECORDED[name]).read_text())
    said = shortened(said.get("data", said))
    tried = [json.dumps(changed(said, path, junk)) for path in places(said) for junk in JUNK]
    assert len(tried) > 100
    assert all(longest(name, body.encode()) < 500 for body in tried)


def test_no_text_brings_the_reader_of_prices_down(public_data: Path) -> None:
    document = (public_data / "formats" / RECORDED["entsoe"]).read_text()
    texts = {text for text in document.replace("<", ">").split(">") if text.strip()}
    for text in texts:
        for junk in ("", "x", "-1", "1e999999", "9" * 500, "9999-12-31T23:59Z", "<a/>", "\u0661"):
            assert longest("entsoe", document.replace(text, junk).encode()) < 500


def longest(name: str, body: bytes) -> int:
    """Return the length of the longest line that an answer becomes; 0 where it becomes none."""
    reader, found = source(name), [""]
    with suppress(LakeError):
        rows = [
            r
            for r in reader.rows([body], Part("x"), NOW)
            if not isinstance(r, Refused | Unfinished)
        ]
        found += lines(reader.KIND, rows)
    return max(map(len, found))
