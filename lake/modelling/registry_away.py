"""What MLflow, its database and its server say when they are away -> one error with its cure."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import LakeError

_UNREACHED = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
_CLIENTS = ("sqlalchemy", "sqlite3", "requests", "urllib3")


class RegistryAway(LakeError):
    """The registry of models cannot be asked."""

    code = "registry-away"
    may_pass = True


@contextmanager
def reached(what: str = "") -> Iterator[None]:
    """Do something with the registry; RegistryAway where it was not reached, for ``what``."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        if is_connection(error):
            raise away(what, str(error)) from error
        raise


def away(what: str, why: str) -> RegistryAway:
    """Return the error: for which model, and the first line of why."""
    return RegistryAway(
        f"the registry of models cannot be asked{f' for {what}' if what else ''}: "
        f"{why.splitlines()[0][:200] if why else 'no answer'}",
        cure="try again when it answers; ELIQ_LAKE or ELIQ_CATALOG say where it is",
    )


def is_connection(error: BaseException | None) -> bool:
    """Tell whether the database or server was not reached, whatever wraps it.

    A file that is missing or a disk that is full is an OSError too, and tells itself.
    """
    while error is not None:
        module = type(error).__module__
        if isinstance(error, _UNREACHED) or module.startswith(_CLIENTS):
            return True
        error = error.__cause__ or error.__context__
    return False
