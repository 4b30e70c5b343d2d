"""Schemas of Avro events by their id: of a registry over HTTP, or of a folder of ``<id>.avsc``.

The registry is one of Confluent's API; what Azure's registry holds is given as a folder.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html#schemas: an id never
changes its schema, so what was asked once is kept as long as the process.
"""

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from lake.errors import LakeError
from lake.settings import Settings

_TIMEOUT_S = 10
_KNOWN: dict[str, dict[str, str]] = {}


class SchemasAway(LakeError):
    """The registry does not answer; nothing of the batch was taken."""

    code = "schemas-away"
    may_pass = True


class Schemas:
    """Where the schemas of a lake's events are; a registry's address may hold a login."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.schemas.get_secret_value()
        self.known = _KNOWN.setdefault(self._address, {})

    def __bool__(self) -> bool:
        return bool(self._address)

    def learn(self, schema_id: str) -> None:
        """Ask for a schema; an id that is not there stays unknown. SchemasAway where nobody says.

        A schema of another kind than Avro is as good as none.
        """
        found = self._asked(schema_id) if "://" in self._address else self._read(schema_id)
        if found:
            self.known[schema_id] = found

    def _read(self, schema_id: str) -> str:
        file = Path(self._address) / f"{schema_id}.avsc"
        try:
            return file.read_text() if file.is_file() else ""
        except OSError as error:
            raise SchemasAway(f"cannot read: {error.strerror}", where=str(file)) from error

    def _asked(self, schema_id: str) -> str:
        parts = urlsplit(self._address)
        host = parts.netloc.rpartition("@")[2]
        where = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        request = urllib.request.Request(f"{where}/schemas/ids/{schema_id}")
        if parts.username:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            request.add_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                told: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return ""
            raise SchemasAway(f"the registry answers {error.code}", where=where) from error
        except (OSError, ValueError) as error:
            raise SchemasAway(
                "the registry does not answer",
                where=where,
                cure="the events wait, and are tried again",
            ) from error
        is_avro = told.get("schemaType", "AVRO") == "AVRO"
        return str(told.get("schema", "")) if is_avro else ""
