"""settings.state -> the database of what partners registered: its engine, types and transactions.

Tables are declared in the file of the resource that owns them, on ``Base``; ``migrations/`` makes
them. What is written is serializable, on every database: a change may run again, and sees no other.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import OperationalError as DatabaseFails
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from lake.errors import LakeError
from lake.settings import Settings

_FILE = "_state/management.db"
_ATTEMPTS = 12
# What databases say of two changes that met: PostgreSQL (SQLSTATE), Azure SQL (error number).
_MET = ("40001", "40P01", "1205", "3960")
_WAIT_S = 30
_JITTER = random.SystemRandom()
Result = TypeVar("Result")


class StateUnavailable(LakeError):
    """The database of registrations is not there, or does not answer."""

    code = "state-unavailable"
    headers = {"Retry-After": "5"}  # noqa: RUF012


class Met(LakeError):
    """Other changes of the same things came first, again and again."""

    code = "in-conflict"


class Base(DeclarativeBase):
    """All tables of the state; names of constraints are the same on every database."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """An instant in UTC, aware in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the database UTC."""
        del dialect
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read UTC, which SQLite does not say."""
        del dialect
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


# SQLite counts by itself only in its own INTEGER.
Counted = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True)
class State:
    """The database; every read and every change is one transaction."""

    engine: Engine
    # SQLite has one writer at a time; who waits here does not have to look again and again.
    _turn: Lock = field(default_factory=Lock)

    def read(self, question: Callable[[Session], Result]) -> Result:
        """Return what a question finds; StateUnavailable."""
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                return question(session)
        except (DatabaseFails, InterfaceError, PoolTimeout) as error:
            raise _unavailable() from error

    def write(self, change: Callable[[Session], Result], *, keeps: bool = True) -> Result:
        """Make one change whole or not at all, again where another came between.

        Without ``keeps`` it is tried and taken back. StateUnavailable, or what the change raises.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._turn if self.engine.dialect.name == "sqlite" else nullcontext():
                    return self._written(change, keeps)
            except (DBAPIError, PoolTimeout) as error:
                if not _has_met(error):
                    raise _unavailable() from error
            time.sleep(_JITTER.uniform(0.002, 0.01) * 2 ** min(attempt, 6))
        raise Met("others change the same at the same time", cure="send it again")

    def _written(self, change: Callable[[Session], Result], keeps: bool) -> Result:
        options = {"begins_with": "BEGIN IMMEDIATE"}
        if self.engine.dialect.name != "sqlite":  # which is always serializable
            options["isolation_level"] = "SERIALIZABLE"
        writing = self.engine.execution_options(**options)
        with Session(writing, expire_on_commit=False) as session:
            found = change(session)
            session.flush()
            if keeps:
                session.commit()
            else:
                session.rollback()
            return found


def opened(settings: Settings) -> State:
    """Return the database of a lake, made where it is a file; StateUnavailable."""
    url = settings.state.get_secret_value() or _of_lake(settings)
    try:
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return State(create_engine(address, pool_pre_ping=True, pool_size=10))
        engine = create_engine(address, connect_args={"timeout": _WAIT_S})
    except (ArgumentError, ImportError) as error:
        # The address may hold a password: it is not repeated.
        raise StateUnavailable(
            "ELIQ_STATE is no address of a database that can be used",
            cure="postgresql+psycopg://user:password@host/name, with its driver installed",
        ) from error
    event.listen(engine, "connect", _as_file)
    event.listen(engine, "begin", _begins)
    return State(engine)


def _of_lake(settings: Settings) -> str:
    if "://" in settings.root:
        raise StateUnavailable(
            "a lake in the cloud has no file for the state", cure="set ELIQ_STATE to a database"
        )
    file = Path(settings.root) / _FILE
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Personal data: for its owner only; SQLite's other files take the mode of this one.
        file.touch(mode=0o600)
    except OSError as error:
        raise StateUnavailable(
            f"cannot write the state: {error.strerror}", where=str(file.parent)
        ) from error
    return f"sqlite:///{file}"


def _as_file(connection: Any, _: object) -> None:
    """Set SQLite to many readers beside one writer, and to lose nothing that was committed."""
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        _patiently(connection, f"PRAGMA {pragma}")


def _patiently(connection: Any, statement: str) -> None:
    """Run a statement again while others hold the file: SQLite does not wait to change to WAL."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_JITTER.uniform(0.002, 0.05))
        else:
            return


def _begins(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begins_with", "BEGIN"))


def _has_met(error: Exception) -> bool:
    if isinstance(error, IntegrityError):
        return True
    driver = getattr(error, "orig", None)
    said = getattr(driver, "sqlstate", None) or ""
    with suppress(IndexError, AttributeError):
        said = said or str(driver.args[0])  # type: ignore[union-attr]
    return any(code == said or f"({code})" in str(driver) for code in _MET)


def _unavailable() -> StateUnavailable:
    return StateUnavailable("the database of registrations does not answer", cure="try again later")
