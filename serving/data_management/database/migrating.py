"""migrations/ -> the tables of the state, at every start; only one process at a time makes them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from serving.data_management.database.state import State, StateUnavailable

_FOLDER = Path(__file__).with_name("migrations")
_ONE_AT_A_TIME = {
    "postgresql": "SELECT pg_advisory_xact_lock(7161317)",
    "mssql": "EXEC sp_getapplock 'migrations', 'Exclusive', 'Transaction'",
}


def upgrade(state: State) -> tuple[str, ...]:
    """Make or renew the tables and return the newest migrations; StateUnavailable.

    A topic's migrations may be a branch of their own: all heads are run.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    writing = state.engine.execution_options(begins_with="BEGIN IMMEDIATE")
    try:
        with writing.begin() as connection:
            if lock := _ONE_AT_A_TIME.get(connection.dialect.name):
                connection.exec_driver_sql(lock)
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
    except SQLAlchemyError as error:
        raise StateUnavailable(
            f"the state cannot be opened: {type(error).__name__}", cure="look at ELIQ_STATE"
        ) from error
    return tuple(sorted(ScriptDirectory.from_config(config).get_heads()))
