import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from arro3.core import Array, DataType
from arro3.core import Table as Arrow
from deltalake import write_deltalake

from lake.catalog import UnknownTable
from lake.contract import Column, Replace, Table, said_by
from lake.reading import Reader, sql
from lake.rows_as_text import show
from lake.seen_tables import NoHistory
from lake.settings import Settings
from lake.sql_values import BadInstant, BadQuery, instant_of, literal

NOUNS = Table(
    name="gold.nouns",
    row="a noun",
    columns=(
        Column(name="noun", type="string", meaning="."),
        Column(name="count", type="int", meaning="."),
        Column(name="at", type="timestamp", meaning="."),
        Column(name="day", type="date", meaning="."),
        Column(name="tags", type="array<string>", meaning="."),
        Column(name="share", type="double", meaning="."),
    ),
    key=("noun",),
    update=Replace(),
)
OTHERS = Table(
    name="silver.others",
    row="another",
    columns=(Column(name="noun", type="string", meaning="."),),
    key=("noun",),
    update=Replace(),
)
TABLES = {t.name: t for t in (NOUNS, OTHERS)}


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(Settings(lake=str(tmp_path)), TABLES)


def add(reader: Reader, *nouns: str, mode: Any = "append") -> None:
    rows = Arrow.from_pydict(
        {
            "noun": Array(nouns, DataType.string()),
            "count": Array(range(len(nouns)), DataType.int32()),
        }
    )
    write_deltalake(f"{reader.settings.root}/gold/nouns", rows, mode=mode)


def nouns(reader: Reader) -> list[object]:
    return [r["noun"] for r in reader.rows("SELECT noun FROM gold.nouns ORDER BY noun")]


def test_a_declared_table_that_is_not_there_has_no_rows_and_all_columns(reader: Reader) -> None:
    arrow = reader.query("SELECT * FROM gold.nouns")
    assert (arrow.num_rows, arrow.column_names) == (0, list(NOUNS.names))
    assert reader.version("gold.nouns") == -1
    assert reader.rows("SELECT count(*) AS n FROM gold.nouns JOIN silver.others USING (noun)") == [
        {"n": 0}
    ]


def test_a_table_of_an_earlier_contract_has_the_later_columns_without_values(
    reader: Reader,
) -> None:
    add(reader, "house")
    assert reader.rows("SELECT * FROM gold.nouns WHERE share IS NULL") == [
        {"noun": "house", "count": 0, "at": None, "day": None, "tags": None, "share": None}
    ]
    add(reader, "roof")
    assert nouns(reader) == ["house", "roof"]


def test_a_new_version_is_seen_at_once(reader: Reader) -> None:
    assert nouns(reader) == []
    add(reader, "meter")
    assert nouns(reader) == ["meter"]
    state = reader.state("gold.nouns", "silver.others")
    add(reader, "home")
    assert (nouns(reader), reader.version("gold.nouns")) == (["home", "meter"], 1)
    assert reader.state("gold.nouns", "silver.others") != state


def test_a_table_that_was_deleted_and_made_again_is_read_afresh(reader: Reader) -> None:
    add(reader, "meter")
    state = reader.state("gold.nouns")
    assert nouns(reader) == ["meter"]
    folder = Path(reader.settings.root) / "gold"
    folder.rename(folder.with_name("old"))
    assert nouns(reader) == []
    add(reader, "home")
    assert nouns(reader) == ["home"]
    assert reader.state("gold.nouns") != state


def test_many_threads_read_while_the_table_grows(reader: Reader) -> None:
    add(reader, "n0")
    counts: list[list[int]] = [[] for _ in range(4)]

    def look(seen: list[int]) -> None:
        seen.extend(len(nouns(reader)) for _ in range(40))

    threads = [threading.Thread(target=look, args=(seen,)) for seen in counts]
    for thread in threads:
        thread.start()
    for i in range(1, 8):
        add(reader, f"n{i}")
    for thread in threads:
        thread.join()
    assert all(len(seen) == 40 and seen == sorted(seen) for seen in counts)
    assert len(nouns(reader)) == 8


@pytest.mark.parametrize(
    ("question", "nearest"),
    [
        ("SELECT * FROM gold.noun", "did you mean gold.nouns?"),
        ("SELECT * FROM nouns", "did you mean gold.nouns?"),
        ("SELECT * FROM silver.nouns", "did you mean gold.nouns?"),
        ("SELECT * FROM zebra", "`lake tables` lists them"),
    ],
)
def test_an_unknown_table_names_the_nearest(reader: Reader, question: str, nearest: str) -> None:
    with pytest.raises(UnknownTable) as error:
        reader.query(question)
    assert error.value.cure == nearest


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO 'out.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'out.csv'",
        "DROP TABLE gold.nouns",
        "/* SELECT */ CREATE TABLE t AS SELECT 1",
        "-- SELECT\nSET datafusion.execution.batch_size = 1",
        "",
    ],
)
def test_only_questions_can_be_asked(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadQuery, match="only questions"):
        reader.query(statement)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("question", "refused", "why"),
    [
        ("SELECT nope FROM gold.nouns", BadQuery, "No field named nope"),
        ("SELECT 1 FRM x", BadQuery, "found: x at Line: 1, Column: 14"),
        ("SELECT 1/0", BadQuery, "Divide by zero"),
        ("SELECT 'open", BadQuery, "Unterminated string literal at Line: 1, Column: 8"),
        ("SELECT 1; SELECT 2", BadQuery, "only supports a single SQL statement"),
        ("SELECT * FROM 'secret.csv'", UnknownTable, "there is no table secret.csv"),
    ],
)
def test_an_error_in_the_sql_is_one_line_that_says_what_is_wrong(
    reader: Reader, question: str, refused: type[Exception], why: str
) -> None:
    with pytest.raises((BadQuery, UnknownTable)) as error:
        reader.query(question)
    assert type(error.value) is refused
    assert why in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "value",
    [
        "it's", "''; --", "a\\", "\\'", "line\nbreak", "%_", "$1", "é😀", "", None, True, -3, 2.5,
        1e-300, date(2025, 10, 26), datetime(2025, 10, 26, 1, 2, 3, 4, tzinfo=UTC),
    ],
)  # fmt: skip
def test_a_literal_comes_back_as_it_went_in(reader: Reader, value: Any) -> None:
    assert reader.rows(f"SELECT {literal(value)} AS said") == [{"said": value}]


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), datetime(2025, 1, 1), "a\0b"],  # noqa: DTZ001
)
def test_what_sql_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(BadQuery):
        literal(value)


def test_names_in_literals_comments_and_quoted_identifiers_are_no_tables(reader: Reader) -> None:
    add(reader, "gold.zebra")
    question = """SELECT noun AS "it's" FROM "gold"."nouns" -- gold.zebra
        WHERE noun = 'gold.zebra' /* silver.zebra */"""
    assert reader.rows(question) == [{"it's": "gold.zebra"}]


def test_answers_are_shown_as_table_csv_and_json(tmp_path: Path) -> None:
    settings = Settings(lake=str(tmp_path))
    arrow = sql(
        "SELECT 'a,b' AS noun, 12 AS n, CAST('NaN' AS DOUBLE) AS x, DATE '2025-10-26' AS day, "
        f"{literal(datetime(2025, 10, 26, tzinfo=UTC))} AS at, make_array('q') AS tags",
        settings=settings,
        tables=TABLES,
    )
    assert show(arrow, "csv") == (
        "noun,n,x,day,at,tags\n\"a,b\",12,,2025-10-26,2025-10-26T00:00:00Z,['q']"
    )
    assert show(arrow, "json") == (
        '[{"noun": "a,b", "n": 12, "x": null, "day": "2025-10-26", '
        '"at": "2025-10-26T00:00:00Z", "tags": ["q"]}]'
    )
    assert show(arrow).splitlines()[2].startswith("a,b   12     2025-10-26")
    assert show(arrow).endswith("(1 row)")
    empty = sql("SELECT * FROM gold.nouns", settings=settings, tables=TABLES)
    assert (show(empty, "json"), show(empty, "csv")) == ("[]", ",".join(NOUNS.names))
    assert show(empty).endswith("(0 rows)")


def test_a_table_steers_no_terminal(tmp_path: Path) -> None:
    steers = "\x1b]0;mine\x07\x1b[2J\u202e\n=1+1"
    arrow = sql(f"SELECT {literal(steers)} AS \"\x1b[31m\"", settings=Settings(lake=str(tmp_path)),
                tables=TABLES)  # fmt: skip
    said = r"\x1b]0;mine\x07\x1b[2J\u202e\n=1+1"
    assert show(arrow).splitlines() == [r"\x1b[31m", "-" * len(said), said, "(1 row)"]
    assert json.loads(show(arrow, "json")) == [{"\x1b[31m": steers}]


def test_a_process_that_asked_ends_cleanly_and_without_the_heavy_libraries(tmp_path: Path) -> None:
    code = f"""
import sys
from lake.reading import Reader, sql
from lake.rows_as_text import show
from lake.settings import Settings
print(show(sql("SELECT 1 AS one", settings=Settings(lake={str(tmp_path)!r}), tables={{}}), "csv"))
assert not {{"pyspark", "pandas", "pyarrow"}} & sys.modules.keys()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "one\n1\n", "")


def test_a_table_says_what_it_knew_at_an_instant(tmp_path: Path) -> None:
    said = replace(NOUNS, as_of=said_by("at"))
    reader = Reader(Settings(lake=str(tmp_path)), {said.name: said, OTHERS.name: OTHERS})
    at = [datetime(2025, 5, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    rows = pa.table({"noun": ["a", "b", "c"], "at": pa.array(at, pa.timestamp("us", "UTC"))})
    write_deltalake(f"{tmp_path}/gold/nouns", rows)
    asked = {
        "2025-05-02T12:00:00Z": ["a", "b"],
        "2025-05-02T14:00:00+03:00": ["a"],
        "2025-05-02": ["a", "b"],
        "2025-04-30": [],
    }
    for instant, wanted in asked.items():
        assert nouns(reader.as_of(instant)) == wanted
    assert nouns(reader) == ["a", "b", "c"]
    with pytest.raises(NoHistory, match=r"silver\.others has no history by known_at"):
        reader.as_of("2025-05-02").rows("SELECT * FROM silver.others")


def test_a_table_is_what_was_published_at_an_instant(reader: Reader) -> None:
    before = datetime.now(UTC)
    add(reader, "a", mode="overwrite")
    first = datetime.now(UTC)
    time.sleep(0.01)
    add(reader, "b", mode="overwrite")
    assert nouns(reader) == ["b"]
    assert nouns(reader.published(first)) == ["a"]
    assert nouns(reader.published(before)) == []
    assert nouns(reader.published(datetime.now(UTC))) == ["b"]
    tables, settings, select = reader.tables, reader.settings, "SELECT noun FROM gold.nouns"
    then = sql(select, settings=settings, tables=tables, published=first.isoformat())
    assert then["noun"].to_pylist() == ["a"]
    with pytest.raises(BadQuery, match="two questions"):
        sql(select, settings=settings, tables=tables, as_of="2025-05-02", published="2025-05-02")


def test_what_is_kept_no_longer_says_so(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    add(reader, "a", mode="overwrite")
    first = datetime.now(UTC)
    time.sleep(0.01)
    add(reader, "b", mode="overwrite")
    monkeypatch.setattr("lake.seen_tables.KEPT_DAYS", 0)
    with pytest.raises(NoHistory, match="is not kept"):
        nouns(reader.published(first))


@pytest.mark.parametrize("said", ["2025-05-02T12:00:00", "soon", "2999-01-01", ""])
def test_an_instant_that_is_none_or_yet_to_come_is_refused(said: str) -> None:
    with pytest.raises(BadInstant):
        instant_of(said)
