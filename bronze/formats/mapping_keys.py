"""A mapping (YAML) -> its checked keys: how the columns of a CSV are to be read."""

import codecs
import re
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bronze.formats.opened import UTF_8
from lake.ingestion.files import UnreadableFile

FROM_STAMPS = "from the stamps"
_FORMATS = ("iso", "excel", "epoch", "epoch-ms")
_RESOLUTION = re.compile(r"PT\d{1,8}[HMS]|P1D|P7D|P1M|P1Y")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_Mark = Annotated[str, Field(min_length=1, max_length=1)]
Word = Literal["measured", "estimated", "missing"]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stamp(_Keys):
    """Where the stamps stand and what they say."""

    column: str = ""
    columns: list[str] = Field(default=[], max_length=3)
    number: str = ""
    pattern: str = ""
    format: str = "iso"
    months: list[str] = []
    labels: Literal["start", "end"] = "start"
    midnight: Literal["", "same_day", "next_day"] = ""
    zone: str = ""
    offset: str = ""
    newest_first: bool = False

    @field_validator("format")
    @classmethod
    def _tells_no_name(cls, form: str) -> str:
        if "%Z" in form:
            # strptime reads the name of a zone and forgets it.
            raise ValueError(
                "%Z tells no offset: write UTC as it stands there, and the zone in zone"
            )
        if "%" not in form and form not in _FORMATS:
            raise ValueError(f"{', '.join(_FORMATS)}, or as %d.%m.%Y %H:%M")
        return form

    @field_validator("pattern")
    @classmethod
    def _has_group(cls, pattern: str) -> str:
        if pattern and not re.compile(_pattern(pattern)).groups:
            raise ValueError("put the part that is the stamp into brackets")
        return pattern

    @field_validator("months")
    @classmethod
    def _are_twelve(cls, months: list[str]) -> list[str]:
        if len(months) not in (0, 12):
            raise ValueError("name all twelve, as %b stands for them")
        return months

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {zone}") from error
        return zone

    @field_validator("offset")
    @classmethod
    def _is_offset(cls, offset: str) -> str:
        if offset and not _OFFSET.fullmatch(offset):
            raise ValueError("an offset is written as +01:00")
        return offset

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.column) == bool(self.columns):
            raise ValueError("give either column or columns (date and time)")
        if self.zone and self.offset:
            raise ValueError("give either zone or offset")
        if self.number and self.labels == "end":
            raise ValueError("number tells the interval itself: leave labels out")
        if self.midnight and self.labels != "end":
            raise ValueError("midnight is of stamps that label the end")
        return self

    @property
    def fixed(self) -> tzinfo | None:
        """The zone of a fixed offset."""
        if not (match := _OFFSET.fullmatch(self.offset)):
            return None
        away = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-away if match[1] == "-" else away)


class Meter(_Keys):
    """Where the meter id stands, or the meter of all rows."""

    column: str = ""
    id: str = ""


class Rule(_Keys):
    """What a text in the direction's column means; the first rule that matches holds."""

    match: str
    suffix: str = Field(default="", pattern=r"^[a-z0-9-]*$")
    register_: str = Field(default="", alias="register")
    ignore: bool = False

    @field_validator("match")
    @classmethod
    def _is_pattern(cls, match: str) -> str:
        return _pattern(match)


class Direction(_Keys):
    """The column that tells directions and registers."""

    column: str
    rules: list[Rule] = Field(min_length=1)


class Quality(_Keys):
    """The column of the quality and what its words mean."""

    column: str
    words: dict[str, Word]
    otherwise: Word = "measured"

    def word(self, text: str) -> Word:
        """Return what a word of the file means, in upper or lower case."""
        known = {word.lower(): meaning for word, meaning in self.words.items()}
        return known.get(text.lower(), self.otherwise)


class ValueColumn(_Keys):
    """A column of values, by its name or a pattern whose group, where it has one, is the meter."""

    name: str = ""
    pattern: str = ""
    meter: str = ""
    suffix: str = Field(default="", pattern=r"^[a-z0-9-]*$")
    register_: str = Field(default="", alias="register")
    unit: str = ""

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        return _pattern(pattern)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.name) == bool(self.pattern):
            raise ValueError("give either name or pattern")
        return self


class Day(_Keys):
    """A row a day: the first column of values, how many there are, and where an hour comes again.

    ``repeated`` is the first column of the second of the two hours of autumn.
    """

    first: str
    count: int = Field(ge=1, le=1500)
    repeated: str = ""


class Mapping(_Keys):
    """All that a mapping may say."""

    separator: str = Field(default="", max_length=3)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    missing: list[str] = []
    encoding: str = ""
    skip_rows: int = Field(default=0, ge=0, le=10_000)
    header: bool = True
    stamp: Stamp
    resolution: str = FROM_STAMPS
    meter: Meter = Meter()
    kind: Literal["interval", "cumulative"] = "interval"
    unit: str = "kWh"
    unit_column: str = ""
    direction: Direction | None = None
    quality: Quality | None = None
    value: str = ""
    columns: list[ValueColumn] = []
    day: Day | None = None

    @field_validator("separator")
    @classmethod
    def _is_separator(cls, separator: str) -> str:
        if separator == "tab":
            return "\t"
        if len(separator) > 1 or separator in ('"', "\n", "\r"):
            raise ValueError("one mark, or tab")
        return separator

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, encoding: str) -> str:
        if not encoding:
            return encoding
        try:
            found = codecs.lookup(encoding).name
            "".encode(found)
        except LookupError as error:
            raise ValueError(f"there is no encoding {encoding}") from error
        return UTF_8 if found == "utf-8" else found

    @field_validator("resolution")
    @classmethod
    def _is_resolution(cls, resolution: str) -> str:
        if resolution != FROM_STAMPS and not _RESOLUTION.fullmatch(resolution):
            raise ValueError(f"PT15M, PT1H, P1D, P1M or {FROM_STAMPS!r}")
        return resolution

    @field_validator("missing")
    @classmethod
    def _in_lower_case(cls, words: list[str]) -> list[str]:
        return [word.strip().lower() for word in words]

    @property
    def has_registers(self) -> bool:
        """Whether the values of an interval may be parts of one."""
        rules = self.direction.rules if self.direction else []
        return any(r.register_ for r in rules) or any(c.register_ for c in self.columns)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum((bool(self.value), bool(self.columns), self.day is not None)) != 1:
            raise ValueError("give one of value (a row a value), columns, or day (a row a day)")
        if self.day and (not self.resolution.startswith("PT") or self.kind != "interval"):
            raise ValueError("day needs a resolution (PT15M) and values by interval")
        if self.stamp.number and (not self.resolution.startswith("PT") or self.day):
            raise ValueError("stamp.number needs a resolution (PT1H) and a row a value")
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("thousands and decimal are the same mark")
        return self


def mapping_of(file: Path | None) -> Mapping:
    """Read a mapping; UnreadableFile names the key that is wrong and what it may be."""
    if file is None:
        raise UnreadableFile("no mapping is given", cure="describe the file with --mapping FILE")
    try:
        return Mapping.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()[:5]
        )
        raise UnreadableFile(
            f"the mapping is wrong: {wrong}", where=str(file), cure="see bronze/formats/README.md"
        ) from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError, RecursionError) as error:
        said = getattr(error, "problem", None) or getattr(error, "strerror", None) or error
        raise UnreadableFile(f"cannot read the mapping: {said}", where=str(file)) from error


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text
