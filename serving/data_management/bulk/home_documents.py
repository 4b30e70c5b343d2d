"""A registration document -> what it says of a home and its meters, and all that is wrong with it.

The rules are those of PUT (the same models), in the words of silver where it has them. What only
PUT needs (a user, a country, an address, when supply starts) may be left out of a document, and
fields beyond the contract are welcome.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from serving.data_management.blocks.blocks import Faults
from serving.data_management.bulk.row_checks import as_number
from serving.data_management.locations import LocationSaid
from serving.data_management.max_demand_limits import MaxDemandLimitSaid
from serving.data_management.meters import MeterSaid
from serving.data_management.profiles import ProfileSaid
from serving.data_management.registrations.known_homes import Metered
from serving.data_management.requests.fields import Day, Ref, day_of
from serving.data_management.tariffs import TariffSaid

_REF, _DAY = TypeAdapter(Ref), TypeAdapter(Day)
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_INVALID, _RETYPED = "invalid", "retyped"
# What must be there; and how silver calls what is wrong with a field, or breaks a rule of it.
_LOCATION = {
    "time_zone": "unknown_time_zone", "latitude": "bad_latitude", "longitude": "bad_longitude",
}  # fmt: skip
_METER = {
    "fuel": "unknown_fuel", "direction": "unknown_direction",
    "supply_end": "supply_ends_before_it_starts",
}  # fmt: skip
_TARIFF = {
    "fuel": "unknown_fuel", "direction": "unknown_direction", "currency": "unknown_currency",
    "valid_from": "valid_from_unreadable", "valid_to": "valid_to_unreadable",
    "vat": "vat_is_no_share", "elements": "no_elements",
}  # fmt: skip
_LIMIT = dict.fromkeys(("min", "target", "max"), "not_a_number") | {"unit": "unknown_unit"}
_LIMIT_WORDS = {
    "rule": dict.fromkeys(_LIMIT, "not_min_target_max"),
    "greater_than_equal": dict.fromkeys(_LIMIT, "negative"),
}
# Of W and kW the order is the same.
_LIMIT_UNITS = {"kw": "kW", "w": "kW", "kva": "kVA"}
_RULES = {
    "gas cannot be exported": "gas_cannot_be_exported",
    "district heating is import only": "district_heating_is_import_only",
    "only electricity is exported": "only_electricity_is_exported",
}  # fmt: skip
_LOCATION_NEEDS, _METER_NEEDS = {"time_zone"}, {"fuel", "direction"}
_LIMIT_NEEDS = {"min", "target", "max"}
_TARIFF_NEEDS = {"fuel", "currency", "valid_from", "vat", "elements"}


@dataclass(frozen=True, slots=True)
class MeterOfHome:
    """A meter as a document says it, and its place in the list."""

    position: int
    said: Metered
    is_deleted: bool


@dataclass(slots=True)
class Home:
    """What a document says that is held against what is known."""

    location_id: str
    user_id: str | None = None
    meters: list[MeterOfHome] = field(default_factory=list)
    # The meters of limits in kVA, by the place of the limit.
    apparent: dict[int, str] = field(default_factory=dict)


def home_said(document: Mapping[str, Any], partner_id: str, fault: Faults) -> Home:
    """Read a document; what is wrong with it goes to ``fault``."""
    said = {name: value for name, value in document.items() if value is not None}
    location_id = _id(said.get("location_id"), "location_id", "invalid", fault)
    if said.get("partner_id") not in (None, partner_id):
        fault("partner_id", "not_your_partner", "leave it out, or name your own")
    for error in _errors(LocationSaid, _numbers(said, "latitude", "longitude"), _LOCATION_NEEDS):
        # A document needs neither a postal code nor a city.
        if error["loc"] != ("postal_code",) or error["type"] != "rule":
            _tell(error, "", _LOCATION, fault)
    home = Home(location_id, said.get("user_id") if isinstance(said.get("user_id"), str) else None)
    _profile(said.get("profile"), fault)
    is_gone = _flag(said.get("is_deleted")) is True
    for position, meter in _items(said, "meters", fault, "meter_id_missing"):
        read = _meter(position, meter, location_id, fault)
        home.meters.append(MeterOfHome(position, read, is_gone or _is_gone(meter)))
    _tariffs(said, fault)
    _limits(said, home, fault)
    return home


def _meter(position: int, meter: Mapping[str, Any], location_id: str, fault: Faults) -> Metered:
    place = f"meters.{position}."
    meter_id = _id(meter.get("meter_id"), f"{place}meter_id", "meter_id_missing", fault)
    said = _numbers(meter, "fuse_ampere", "kwh_per_m3", "register_digits")
    if "is_sub_meter" in said:
        said["is_sub_meter"] = _flag(said["is_sub_meter"])
    for error in _errors(MeterSaid, said | {"location_id": location_id or "-"}, _METER_NEEDS):
        _tell(error, place, _METER, fault)
    return Metered(
        meter_id, location_id, str(said.get("fuel")), str(said.get("direction")),
        said.get("is_sub_meter") is True, day_of(said.get("supply_start")),
        day_of(said.get("supply_end")),
    )  # fmt: skip


def _profile(profile: Any, fault: Faults) -> None:
    if profile is None:
        return
    if not isinstance(profile, dict):
        fault("profile", _RETYPED, "profile is an object")
        return
    said = {name: value for name, value in profile.items() if value is not None}
    if (day := said.pop("valid_from", None)) is not None:
        for error in _errors_of(lambda: _DAY.validate_python(day)):
            fault("profile.valid_from", _INVALID, error["msg"])
    for error in _errors(ProfileSaid, _numbers(said, *said), set()):
        _tell(error, "profile.", {}, fault)


def _tariffs(said: Mapping[str, Any], fault: Faults) -> None:
    if "tariffs" in said and not isinstance(said["tariffs"], list):
        fault("tariffs", "tariffs_are_no_list", "tariffs is a list")
        return
    series: dict[tuple[str, str], list[tuple[date, date | None, int]]] = {}
    for position, tariff in _items(said, "tariffs", fault, "tariff_id_missing"):
        place = f"tariffs.{position}."
        told = _numbers(tariff, "vat")
        _id(told.pop("tariff_id", None), f"{place}tariff_id", "tariff_id_missing", fault)
        begin, end = day_of(told.get("valid_from")), day_of(told.get("valid_to"))
        if is_withdrawn := begin is not None and begin == end:
            del told["valid_to"]
        errors = list(_errors(TariffSaid, told, _TARIFF_NEEDS))
        for error in errors:
            _tell(error, place, _TARIFF, fault)
        if begin is not None and not errors and not is_withdrawn:
            of = (str(told["fuel"]), str(told.get("direction", "import")))
            series.setdefault(of, []).append((begin, end, position))
    for spans in series.values():
        _overlaps(sorted(spans, key=lambda span: (span[0], span[2])), fault)


def _limits(said: Mapping[str, Any], home: Home, fault: Faults) -> None:
    if "max_demand_limits" in said and not isinstance(said["max_demand_limits"], list):
        fault("max_demand_limits", "max_demand_limits_are_no_list", "max_demand_limits is a list")
        return
    for position, limit in _items(said, "max_demand_limits", fault, "meter_id_missing"):
        place = f"max_demand_limits.{position}."
        meter_id = _id(limit.get("meter_id"), f"{place}meter_id", "meter_id_missing", fault)
        begins = limit.get("valid_from")
        month = day_of(begins.strip(" ") if isinstance(begins, str) else begins)
        if month is None:
            fault(f"{place}valid_from", "valid_from_unreadable", "is a date, as in 2025-01-01")
        elif month.day != 1:
            told = "is the first day of a month"
            fault(f"{place}valid_from", "not_the_first_of_a_month", told)
        if not _is_gone(limit):
            told_numbers = _numbers(limit, *_LIMIT_NEEDS)
            unit = str(limit.get("unit", "kW")).strip().lower()
            told_numbers["unit"] = _LIMIT_UNITS.get(unit, limit.get("unit"))
            if told_numbers["unit"] == "kVA":
                home.apparent[position] = meter_id
            for error in _errors(MaxDemandLimitSaid, told_numbers, _LIMIT_NEEDS):
                _tell(error, place, _LIMIT_WORDS.get(error["type"], _LIMIT), fault)


def _overlaps(spans: Sequence[tuple[date, date | None, int]], fault: Faults) -> None:
    """Name the tariffs that begin while an earlier one holds; an open one ends at the next."""
    until, last = date.min, date.min
    for begin, end, position in spans:
        if until > begin or last == begin:
            told = "another tariff of the document holds on that day"
            fault(f"tariffs.{position}.valid_from", "overlaps_another", told)
        until, last = max(until, end or date.min), begin


def _errors(model: type[BaseModel], said: Mapping[str, Any], needed: set[str]) -> Iterator[Any]:
    """Yield what is wrong with fields that a model knows; only what is needed can be missing."""
    known = {info.alias or name for name, info in model.model_fields.items()}
    fields = {name: value for name, value in said.items() if name in known}
    for error in _errors_of(lambda: model.model_validate(fields)):
        if error["type"] != "missing" or len(error["loc"]) > 1 or error["loc"][0] in needed:
            yield error


def _errors_of(validated: Callable[[], object]) -> list[ErrorDetails]:
    try:
        validated()
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


def _tell(error: ErrorDetails, place: str, words: Mapping[str, str], fault: Faults) -> None:
    name, told = str(error["loc"][0]), error["msg"]
    word = words.get(name, _INVALID)
    if error["type"] == "rule":
        word = _RULES.get(told, "ends_before_it_starts" if name == "valid_to" else word)
    elif name == "supply_end":
        word = _INVALID
    elif name == "elements" and len(error["loc"]) > 1:
        is_unknown = error["type"].startswith("union_tag")
        word = "unknown_element" if is_unknown else "element_incomplete"
    fault(place + ".".join(map(str, error["loc"])), word, told)


def _items(
    said: Mapping[str, Any], name: str, fault: Faults, word: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a list with their places, without their nulls."""
    listed = said.get(name, [])
    if not isinstance(listed, list):
        fault(name, _RETYPED, f"{name} is a list")
        return
    for position, item in enumerate(listed):
        if isinstance(item, dict):
            yield position, {n: value for n, value in item.items() if value is not None}
        else:
            fault(f"{name}.{position}", word, "is an object")


def _id(said: Any, name: str, word: str, fault: Faults) -> str:
    text = str(said) if type(said) is int else said
    if text is None:
        fault(name, word, f"{name.rpartition('.')[2]} is needed")
        return ""
    if errors := _errors_of(lambda: _REF.validate_python(text)):
        fault(name, word if text == "" else _INVALID, errors[0]["msg"])
        return ""
    return str(text)


def _numbers(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Read numbers that files say as text, as silver does."""
    found = dict(said)
    for name in names:
        value = as_number(found.get(name))
        if isinstance(value, float):
            found[name] = int(value) if value.is_integer() else value
    return found


def _flag(said: Any) -> Any:
    text = said.strip().lower() if isinstance(said, str) else said
    return True if text in _TRUE else False if text in _FALSE else said


def _is_gone(meter: Mapping[str, Any]) -> bool:
    return _flag(meter.get("is_deleted")) is True
