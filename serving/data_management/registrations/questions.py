"""What is asked of a home: each key of a profile once, with its type, who is asked, and when.

The keys and values are those of the contract; what depends on another answer is only asked, and
only taken, where that one is given. The questionnaire and the completion follow from the fields.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

_NORDIC = frozenset({"SE", "NO", "FI", "DK", "IS", "EE", "LV"})
_GAS = frozenset({"AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FR", "GB", "HR", "HU", "IE", "IT",
                  "LU", "NL", "PL", "PT", "RO", "SI", "SK", "US"})  # fmt: skip
_BOTH = frozenset({"residential", "business"})
_HOMES = frozenset({"residential"})

HouseType = Literal[
    "apartment", "house_detached", "semi_detached", "townhouse", "holiday_home", "other"
]
Heating = Literal[
    "district_heating", "radiators", "air_air_pump", "air_water_pump", "water_pan",
    "exhaust_air_heat_pump", "floor_heat", "gas_boiler", "other",
]  # fmt: skip
Count = Annotated[int, Field(strict=True, ge=0, le=100)]
# Where one of the values is common; elsewhere it is taken, but not offered.
_COMMON_IN = {"gas_boiler": _GAS, "exhaust_air_heat_pump": _NORDIC, "water_pan": _NORDIC}


@dataclass(frozen=True)
class Question:
    """Who is asked (None: in every country), and after which answer (at least so much)."""

    of: frozenset[str] = _BOTH
    countries: frozenset[str] | None = None
    after: str | None = None
    at_least: int | None = None
    needed_for: tuple[str, ...] = ()

    def follows(self, answers: Mapping[str, Any]) -> bool:
        """Tell whether the answer that it depends on is there."""
        if self.after is None:
            return True
        given = answers.get(self.after)
        if self.at_least is None:
            return given is not None
        return isinstance(given, int) and given >= self.at_least

    @property
    def condition(self) -> str:
        """The condition in words."""
        least = "is given" if self.at_least is None else f"is at least {self.at_least}"
        return f"{self.after} {least}"


class ProfileFields(BaseModel):
    """What is known of a home or business; what is not said is not known."""

    profile_type: Literal["residential", "business"] = "residential"
    house_type: Annotated[
        HouseType | None, Question(of=_HOMES, needed_for=("disaggregation", "similar_homes"))
    ] = None
    living_area_m2: Annotated[
        Annotated[float, Field(strict=True, ge=1, le=100_000)] | None,
        Question(needed_for=("similar_homes",)),
    ] = Field(default=None, description="Heated area (m2).")
    persons: Annotated[Count | None, Question(of=_HOMES)] = None
    heating_type_primary: Annotated[
        Heating | None, Question(needed_for=("disaggregation", "similar_homes"))
    ] = None
    heating_type_secondary: Annotated[Heating | None, Question(after="heating_type_primary")] = None
    electric_cars: Annotated[Count | None, Question(needed_for=("similar_homes",))] = None
    electric_car_charging: Annotated[
        Literal["home", "work", "public"] | None, Question(after="electric_cars", at_least=1)
    ] = Field(default=None, description="Where mostly.")
    stoves: Annotated[Count | None, Question(of=_HOMES)] = None
    gas_stoves: Annotated[Count | None, Question(of=_HOMES, countries=_GAS)] = None
    dishwashers: Annotated[Count | None, Question(of=_HOMES)] = None
    washing_machines: Annotated[Count | None, Question(of=_HOMES)] = None
    dryers: Annotated[Count | None, Question(of=_HOMES)] = None
    fridges: Annotated[Count | None, Question()] = None
    freezers: Annotated[Count | None, Question()] = None
    saunas: Annotated[Count | None, Question(of=_HOMES, countries=_NORDIC)] = None


QUESTIONS: Mapping[str, Question] = {
    name: question
    for name, field in ProfileFields.model_fields.items()
    for question in field.metadata
    if isinstance(question, Question)
}


def asked(profile_type: str, country: str) -> Iterator[tuple[str, Question]]:
    """Yield the keys that are asked of a kind of profile in a country."""
    for name, question in QUESTIONS.items():
        is_here = question.countries is None or country in question.countries
        if profile_type in question.of and is_here:
            yield name, question


def completion(answers: Mapping[str, Any], country: str) -> int:
    """Return how much of what is asked is answered, in percent."""
    keys = [
        name
        for name, question in asked(str(answers.get("profile_type", "residential")), country)
        if question.follows(answers)
    ]
    return round(100 * sum(answers.get(name) is not None for name in keys) / len(keys))


def questionnaire(profile_type: str, country: str) -> list[dict[str, Any]]:
    """Return what to ask in a country, in order: each key with its type, values and limits."""
    properties = ProfileFields.model_json_schema()["properties"]
    return [_shown(name, q, properties[name], country) for name, q in asked(profile_type, country)]


def _shown(name: str, question: Question, schema: dict[str, Any], country: str) -> dict[str, Any]:
    kind = next(k for k in schema["anyOf"] if k.get("type") != "null")
    offered = [v for v in kind.get("enum", ()) if country in _COMMON_IN.get(v, {country})]
    return {
        "key": name,
        "data_type": "single_select" if offered else kind["type"],
        "possible_values": offered,
        "minimum": kind.get("minimum"),
        "maximum": kind.get("maximum"),
        "asked_after": question.after,
        "asked_from": question.at_least,
        "needed_for": list(question.needed_for),
    }
