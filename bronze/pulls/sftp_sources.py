"""The file that ELIQ_SFTP names (YAML) -> the folders on SFTP servers that are read, each checked.

A list of sources, as in::

    - name: northgrid-meters
      host: sftp.northgrid.example
      user: eliq
      known_hosts: known_hosts        # as OpenSSH writes it; paths are relative to this file
      key: id_ed25519                 # or `password`: the name of a secret
      folder: out/readings
      patterns: ["*.csv", "*.xml"]
      partner: northgrid
      format: detect                  # or the name of a form of meter files
      zone: Europe/Brussels           # of stamps without an offset
      then: {move: done}              # what was taken; or `leave` (and remember), `delete`
      settles_s: 300                  # an upload that stalls for less is not deleted
"""

import posixpath
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from bronze.formats import FORMS, MAPPING
from bronze.formats.local_time import LocalTime
from bronze.formats.records import Told
from lake.errors import LakeError
from lake.ingestion.names import PARTNER_ID

DETECT = "detect"
# What is still being written, by the names that SFTP clients and editors give it.
_HALF_WRITTEN = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".swp", "~")
_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$"


class BadSource(LakeError):
    """A source is declared in a way that cannot be read."""

    code = "bad-source"


class Move(BaseModel):
    """A file that was taken is moved to a folder, relative to the one it was in."""

    model_config = ConfigDict(extra="forbid")

    move: Annotated[str, Field(min_length=1)]


class Source(BaseModel):
    """One folder on one server, and what its files are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=_NAME)]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: Annotated[str, Field(min_length=1)]
    known_hosts: Path
    key: Path | None = None
    passphrase: str = ""
    password: str = ""
    folder: str = "."
    patterns: Annotated[list[str], Field(min_length=1)] = ["*"]
    partner: Annotated[str, Field(pattern=f"^{PARTNER_ID}$")]
    format: str = DETECT
    zone: str = ""
    meter_id: str = ""
    mapping: Path | None = None
    then: Literal["leave", "delete"] | Move = "leave"
    # Size and modification time must stay the same for so long, between two looks.
    quiet_s: Annotated[float, Field(ge=0)] = 5
    # And by the server's modification time it must be so old.
    older_than_s: Annotated[float, Field(ge=0)] = 0
    # What was taken is deleted once it was seen the same for so long: half a file is taken again
    # when it has grown, but what is written to it after it went is lost.
    settles_s: Annotated[float, Field(ge=0)] = 300
    largest_mb: Annotated[float, Field(gt=0)] = 4096

    @model_validator(mode="after")
    def _fits(self) -> "Source":
        if bool(self.key) == bool(self.password):
            raise ValueError("needs either a key or a password")
        if self.format not in (DETECT, MAPPING, *FORMS):
            raise ValueError(f"there is no format {self.format}: {', '.join((DETECT, *FORMS))}")
        if (self.format == MAPPING) != bool(self.mapping):
            raise ValueError("a mapping goes with `format: mapping`")
        if isinstance(self.then, Move):
            target = posixpath.join(self.folder, self.then.move)
            if posixpath.normpath(target) == posixpath.normpath(self.folder):
                raise ValueError("what was taken cannot be moved to where it is")
        if self.zone:
            LocalTime(self.zone)
        return self

    @property
    def form(self) -> str:
        """The form of its files; empty: found out from each."""
        return "" if self.format == DETECT else self.format

    @property
    def told(self) -> Told:
        """What the files do not say themselves."""
        return Told(zone=self.zone, meter_id=self.meter_id, mapping=self.mapping)

    def wants(self, name: str) -> bool:
        """Tell whether a file of this name is read: whole by its name, and of a pattern."""
        lower = name.lower()
        if lower.startswith(".") or lower.endswith(_HALF_WRITTEN):
            return False
        return any(fnmatchcase(lower, p.lower()) for p in self.patterns)


def sources(file: Path | None, name: str = "") -> list[Source]:
    """Return the declared sources, or the one of that name; BadSource says all that is wrong."""
    if file is None:
        raise BadSource("no SFTP source is declared", cure="set ELIQ_SFTP to a file that does")
    try:
        declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSource(f"cannot read the file: {error.strerror}", where=str(file)) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadSource("not YAML", where=f"{file}{line}") from error
    found = [_source(file, place, one) for place, one in enumerate(_list(file, declared), 1)]
    names = [s.name for s in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise BadSource(f"two sources are named {', '.join(twice)}", where=str(file))
    if name and name not in names:
        raise BadSource(
            f"there is no source {name}", where=str(file), cure=f"use {', '.join(names)}"
        )
    return [s for s in found if name in ("", s.name)]


def _list(file: Path, declared: object) -> list[object]:
    if not isinstance(declared, list) or not declared:
        raise BadSource("not a list of sources", where=str(file), cure="begin with `- name: …`")
    return declared


def _source(file: Path, place: int, declared: Any) -> Source:
    name = declared.get("name") if isinstance(declared, dict) else None
    where = f"{file}, source {name or place}"
    try:
        source = TypeAdapter(Source).validate_python(declared)
    except ValidationError as error:
        # Without what was written there: it may be a password.
        found = error.errors(include_input=False, include_url=False, include_context=False)
        said = "; ".join(_said(list(one["loc"]), one["msg"]) for one in found)
        raise BadSource(
            said, where=where, cure="the fields are those of bronze/pulls/sftp_sources.py"
        ) from error
    except LakeError as error:
        raise BadSource(error.what, where=where, cure=error.cure) from error
    beside = {
        n: file.parent / path.expanduser()
        for n in ("known_hosts", "key", "mapping")
        if (path := getattr(source, n)) is not None
    }
    for field, path in beside.items():
        if not path.is_file():
            raise BadSource(f"{field}: there is no such file", where=f"{where}: {path}")
    return source.model_copy(update=beside)


def _said(field: list[object], message: str) -> str:
    name = ".".join(map(str, field))
    plain = message.removeprefix("Value error, ")
    return f"{name}: {plain}" if name else plain
