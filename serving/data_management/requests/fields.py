"""What several resources take: ids, codes, dates, and a body that names all its errors at once."""

import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from lake.errors import LakeError
from serving.data_management.requests.asking import Answer
from serving.problems import FieldError

_LONGEST_ID = 128
# No control characters, and nothing that an address would have to escape twice.
_ID = r"^[^\x00-\x1f\x7f-\x9f/\\?#%]+$"
PLAIN = r"^[^\x00-\x1f\x7f]*$"
# ISO 3166-1 alpha-2.
_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
    GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
    VN VU WF WS YE YT ZA ZM ZW
"""
_COUNTRIES = frozenset(_CODES.split())
# Names that are no place on Earth, as silver has it.
_NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DATE.pattern + "[Tt ]")
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)

Broken = tuple[tuple[str | int, ...], str]


class Invalid(LakeError):
    """A change that breaks rules; each is named with its field."""

    code = "invalid"

    def __init__(self, errors: list[FieldError], cure: str = "mend the fields and send it again"):
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors), cure=cure)
        self.errors = errors


class InConflict(LakeError):
    """What is asked for stands against what is registered."""

    code = "in-conflict"


def refuse(errors: Mapping[str, str]) -> None:
    """Raise Invalid where there are errors, a message a field."""
    if errors:
        raise Invalid([FieldError(field=f, message=m) for f, m in errors.items()])


class Said(BaseModel):
    """A body: unknown fields are refused, and its own rules are told beside those of its fields."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_strip_whitespace=False)

    @classmethod
    def broken(cls, said: Mapping[str, Any]) -> Iterator[Broken]:
        """Yield the field and message of each rule between fields that the raw body breaks."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, said: Any, handler: Callable[[Any], Any]) -> Any:
        if not isinstance(said, Mapping):
            return handler(said)
        errors: list[InitErrorDetails] = []
        found = None
        try:
            found = handler(said)
        except ValidationError as error:
            errors += [_again(e["loc"], e["msg"], e["type"]) for e in error.errors()]
        errors += [_again(place, message, "rule") for place, message in cls.broken(said)]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return found


def _again(place: tuple[str | int, ...], message: str, kind: str) -> InitErrorDetails:
    # A message is no template: its braces stand for themselves.
    told = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=told, loc=place, input=None)


@cache
def zones() -> frozenset[str]:
    """Return the IANA time zones."""
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES


def _zone(name: str) -> str:
    if name not in zones():
        raise PydanticCustomError("time_zone", "is no IANA time zone, as in Europe/Stockholm")
    return name


def _country(code: str) -> str:
    if code not in _COUNTRIES:
        raise PydanticCustomError("country", "is no country of ISO 3166-1, as in SE")
    return code


def _as_date(raw: Any) -> Any:
    """Take no number for a date, and nothing but a date."""
    if isinstance(raw, int | float) or (isinstance(raw, str) and not _DATE.fullmatch(raw)):
        raise PydanticCustomError("date", "is no date, as in 2025-01-31")
    return raw


def _as_moment(raw: Any) -> Any:
    if isinstance(raw, int | float) or (isinstance(raw, str) and not _MOMENT.match(raw)):
        raise PydanticCustomError("moment", "is no instant with an offset, as in 2025-01-31T09:00Z")
    return raw


def _day(day: date) -> date:
    if not _EARLIEST <= day < _LATEST:
        raise PydanticCustomError("day", "is not between 1900 and 2200")
    return day


def _first(day: date) -> date:
    if day.day != 1:
        raise PydanticCustomError("month", "is not the first day of a month, as in 2025-01-01")
    return day


def _instant(at: datetime) -> datetime:
    _day(at.date())
    return at.astimezone(UTC)


def _id(what: str, example: str) -> Any:
    return Path(
        min_length=1, max_length=_LONGEST_ID, pattern=_ID, description=what, examples=[example]
    )


def day_of(raw: object) -> date | None:
    """Return a raw field as a day, None where it is none; 20250201 is none to silver."""
    try:
        return date.fromisoformat(raw) if isinstance(raw, str) and _DATE.fullmatch(raw) else None
    except ValueError:
        return None


UserId = Annotated[str, _id("Your id of the user.", "user-17")]
LocationId = Annotated[str, _id("Your id of the location.", "home-17")]
MeterId = Annotated[str, _id("Your id of the meter.", "571313180400014077")]
TariffId = Annotated[str, _id("Your id of the tariff.", "spot-2025")]
ConsentId = Annotated[str, _id("What is consented to.", "privacy_policy")]
# An id that we gave out.
OwnId = Annotated[str, Path(pattern=r"^[a-z0-9]{1,40}$", description="As it was given to you.")]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_ID, pattern=_ID)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
Country = Annotated[
    str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2."), AfterValidator(_country)
]
Zone = Annotated[str, Field(max_length=64, description="IANA time zone."), AfterValidator(_zone)]
Day = Annotated[date, BeforeValidator(_as_date), AfterValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_as_moment), AfterValidator(_instant)]
Month = Annotated[Day, AfterValidator(_first)]
Power = Annotated[float, Field(strict=True, ge=0, lt=1e9)]
Flag = Annotated[bool, Field(strict=True)]


class Registered(BaseModel):
    """What an answer about one thing says besides: when it was made, and changed last."""

    model_config = ConfigDict(from_attributes=True)
    # What changes without a word of the partner has no part in the version.
    AS_IT_IS: ClassVar[frozenset[str]] = frozenset()

    created_at: datetime
    updated_at: datetime

    @property
    def version(self) -> dict[str, Any]:
        """What the ETag is of."""
        return self.model_dump(mode="json", exclude={"created_at", "updated_at", *self.AS_IT_IS})

    def answer(self, *, is_new: bool = False) -> Answer:
        """Return the answer that shows it."""
        return Answer(self.model_dump(mode="json"), 201 if is_new else 200, self.version)


def version_of(model: type[Registered], row: Any) -> dict[str, Any] | None:
    """Return the version of a row as a model shows it; None where there is none."""
    return None if row is None else model.model_validate(row).version


def is_changed(row: Any, values: Mapping[str, Any], at: datetime) -> bool:
    """Set a row's columns and tell whether that changes any; then ``updated_at`` is set too."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.updated_at = at
    return bool(changed)
