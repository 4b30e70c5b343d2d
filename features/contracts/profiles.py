"""What the features of a home's profile promise: who lives there, as known at one time."""

from bronze.contracts import PARTNER_ID
from features.contracts.fields import FEATURE_AT
from lake.contract import Keep, Table, columns, said_by
from silver.contracts import HOME_PROFILES, KNOWN_AT, LOCATION_ID

_PROFILE = ("house_type", "living_area_m2", "persons", "heating_type_primary", "electric_cars")

HOME_PROFILE_VERSIONS = Table(
    name="features.home_profile_versions",
    row="what was true of a home from one instant on, as known at one time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FEATURE_AT.meaning_here("Event time: when the first day begins on which it holds."),
        KNOWN_AT.meaning_here("When it was said."),
        (HOME_PROFILES.column(name) for name in _PROFILE),
    ),
    key=("partner_id", "location_id", "feature_at", "known_at"),
    # What is said later of the same day is a version; the one before it stays.
    update=Keep(slices=("partner_id", "location_id")),
    as_of=said_by("known_at"),
)
