"""Any table by its name, in SQL, without Spark, always its newest version: delta-rs, DataFusion."""

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from arro3.core import Table as Arrow
from deltalake import DeltaTable, QueryBuilder

from lake.catalog import UnknownTable
from lake.contract import Column, Table
from lake.errors import LakeError
from lake.seen_tables import NoHistory, Seen, as_published, newest, stamp_of
from lake.settings import Settings
from lake.sql_values import ARROW_TYPES, BadQuery, Row, instant_of, literal, records

_NAMED = r'(?<![\w.])"?(\w+)"?\s*\.\s*"?(\w+)"?'
_NO_TABLE = re.compile(r"table '(?:datafusion\.)?(?:public\.)?([^']+)' not found")
# Quoted identifiers, literals and comments; what is in the last two names no table.
_SILENT = re.compile(r"\"[^\"]*\"|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
# Everything else (COPY writes files) is refused.
_QUESTION = re.compile(
    r"[\s(]*(?:explain\s+(?:analyze\s+|verbose\s+)*)?\(*(?:select|with|values)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class _Session:
    """A query engine in which each table stands still at one version."""

    engine: QueryBuilder
    tables: Mapping[str, Seen]


@dataclass(eq=False)
class Reader:
    """The tables of one lake for many threads.

    A table that is declared and not there yet has no rows. Each query sees the newest versions;
    one that runs while a table changes ends on the versions that it began with.
    """

    settings: Settings
    tables: Mapping[str, Table]
    # Where set, tables say what was known then: their contracts tell how (``Table.as_of``).
    at: datetime | None = None
    # Where set, tables are what they were then, whatever is known or judged otherwise now.
    published_at: datetime | None = None
    _seen: dict[str, Seen] = field(default_factory=dict)
    _session: _Session | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def as_of(self, instant: str | datetime) -> "Reader":
        """Return a reader of the same lake that says what was known at an instant; BadInstant.

        A date is the end of that day in UTC. A table that has no such history is NoHistory.
        """
        return Reader(self.settings, self.tables, instant_of(instant), _seen=self._seen)

    def published(self, instant: str | datetime) -> "Reader":
        """Return a reader of the tables as they stood at an instant, by the rules of then.

        What a rule's earlier version answered is there, for as long as files are kept (``upkeep``).
        BadInstant; a query is NoHistory where it asks for longer ago.
        """
        return Reader(self.settings, self.tables, published_at=instant_of(instant))

    def query(self, sql: str) -> Arrow:
        """Return the answer as Arrow; BadQuery, UnknownTable.

        Values go into ``sql`` by ``literal`` only.
        """
        if not _QUESTION.match(_SILENT.sub(lambda m: _blank(m[0]), sql)):
            raise BadQuery("only questions can be asked", cure="begin with SELECT, WITH or VALUES")
        try:
            return self._session_for(sql).engine.execute(sql).read_all()
        except LakeError:
            raise
        # arro3 raises nothing narrower for an error while rows are read.
        except Exception as error:
            raise self._explained(str(error)) from error

    def rows(self, sql: str) -> list[Row]:
        """Return the answer as one dictionary a row; BadQuery, UnknownTable."""
        return list(records(self.query(sql)))

    def version(self, name: str) -> int:
        """Return a table's newest version, -1 where it is not there yet; UnknownTable."""
        return self._newest(name).version

    def state(self, *names: str) -> str:
        """Return a text that changes when one of the tables does, for ETags; UnknownTable."""
        newest = [(name, self._newest(name)) for name in names]
        return ",".join(f"{name}@{seen.key}" for name, seen in newest)

    def _newest(self, name: str) -> Seen:
        if name not in self.tables:
            raise self._unknown(name)
        path = f"{self.settings.root}/{self.tables[name].path}"
        stamp = stamp_of(path)
        known = self._seen.get(name)
        if known is None or known.stamp != stamp:
            with self._lock:
                known = self._seen.get(name)
                if known is None or known.stamp != stamp:
                    seen = newest(path, stamp, self.settings.storage_options)
                    if self.published_at is not None:
                        seen = as_published(name, seen, self.published_at)
                    known = self._seen[name] = seen
        return known

    def _session_for(self, sql: str) -> _Session:
        spoken = _SILENT.sub(lambda m: _blank(m[0]), sql).lower()
        named = {f"{layer}.{noun}" for layer, noun in re.findall(_NAMED, spoken)}
        if self.at is not None:
            return self._session_then(named & self.tables.keys(), self.at)
        wanted = {name: self._newest(name) for name in sorted(named & self.tables.keys())}
        session = self._session
        if session is None or any(
            n not in session.tables or session.tables[n].key != s.key for n, s in wanted.items()
        ):
            tables = {**(session.tables if session else {}), **wanted}
            session = self._session = _Session(self._engine(tables), tables)
        return session

    def _session_then(self, named: Iterable[str], at: datetime) -> _Session:
        """Return an engine in which each table is a view of what was known at an instant."""
        views: dict[str, str] = {}
        stored: set[str] = set()

        def need(name: str) -> None:
            if name in views:
                return
            told = self.tables[name].as_of
            if told is None:
                raise NoHistory(
                    f"{name} has no history by known_at", cure="ask it without as-of, as it is now"
                )
            layer, noun = name.split(".")
            told = told.replace("{now}", f"{layer}_now.{noun}")
            for layer, noun in re.findall(_NAMED, told):
                if layer.endswith("_now"):
                    stored.add(f"{layer.removesuffix('_now')}.{noun}")
                elif f"{layer}.{noun}" in self.tables:
                    need(f"{layer}.{noun}")
            views[name] = told.replace("{at}", literal(at))

        for name in sorted(named):
            need(name)
        seen = {name: self._newest(name) for name in sorted(stored)}
        engine = self._engine(seen, schema="{}_now")
        # Columns of a union differ in their comments, which its check takes for other columns.
        engine.execute(
            "SET datafusion.execution.skip_physical_aggregate_schema_check = true"
        ).read_all()
        for layer in {name.split(".")[0] for name in views}:
            engine.execute(f"CREATE SCHEMA {layer}").read_all()
        for name, told in views.items():
            engine.execute(f"CREATE VIEW {name} AS {told}").read_all()
        return _Session(engine, seen)

    def _engine(self, tables: Mapping[str, Seen], schema: str = "{}") -> QueryBuilder:
        engine = QueryBuilder()
        for layer in {name.split(".")[0] for name in tables}:
            engine.execute(f"CREATE SCHEMA {schema.format(layer)}").read_all()
        for name, seen in tables.items():
            layer, noun = name.split(".")
            called = f"{schema.format(layer)}.{noun}"
            table = self.tables[name]
            if seen.delta is None:
                engine.execute(f"CREATE TABLE {called} AS {_no_rows(table)}").read_all()
            elif later := _later_columns(table, seen.delta):
                stored = f"{called}_as_stored"
                engine.register(stored, seen.delta)
                told = f"SELECT *, {', '.join(later)} FROM {stored}"
                engine.execute(f"CREATE VIEW {called} AS {told}").read_all()
            else:
                engine.register(called, seen.delta)
        return engine

    def _explained(self, message: str) -> LakeError:
        if missing := _NO_TABLE.search(message):
            return self._unknown(missing[1])
        line = re.sub(r"\x1b\[[\d;]*m", "", message).strip().split("\n")[0]
        return BadQuery(line[:400], where="SQL")

    def _unknown(self, name: str) -> UnknownTable:
        nouns = {known.split(".")[1]: known for known in self.tables}
        noun = name.rsplit(".", maxsplit=1)[-1]
        near = (
            [nouns[noun]]
            if noun in nouns
            else get_close_matches(name, self.tables, 1, 0.7)
            or [nouns[n] for n in get_close_matches(noun, nouns, 1, 0.7)]
        )
        cure = f"did you mean {near[0]}?" if near else "`lake tables` lists them"
        return UnknownTable(f"there is no table {name}", cure=cure)


def sql(
    query: str,
    *,
    settings: Settings,
    tables: Mapping[str, Table],
    as_of: str = "",
    published: str = "",
) -> Arrow:
    """Return the answer to one question, now or as of an instant; BadQuery, UnknownTable.

    ``as_of`` is what was known then, by the rules of now; ``published`` what the tables were then.
    """
    reader = Reader(settings, tables)
    if as_of and published:
        raise BadQuery("as of an instant and as published at one are two questions")
    if published:
        reader = reader.published(published)
    return (reader.as_of(as_of) if as_of else reader).query(query)


def _no_rows(table: Table) -> str:
    return f"SELECT {', '.join(map(_nothing, table.columns))} WHERE FALSE"


def _later_columns(table: Table, stored: DeltaTable) -> list[str]:
    """Return the contract's columns that a table written before does not have yet, as nulls."""
    has = {field.name for field in stored.schema().fields}
    return [_nothing(column) for column in table.columns if column.name not in has]


def _nothing(column: Column) -> str:
    return f"arrow_cast(NULL, '{ARROW_TYPES[column.type]}') AS \"{column.name}\""


def _blank(silent: str) -> str:
    return silent if silent.startswith('"') else "''" if silent.startswith("'") else " "
