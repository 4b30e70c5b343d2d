"""What silver promises of homes, their meters, profiles and tariffs."""

from dataclasses import replace

from bronze.contracts import PARTNER_ID
from lake.contract import AS_IT_IS, Check, Column, Replace, Table, Upsert, columns
from silver.contracts.fields import (
    CURRENCY,
    DELETED_AT,
    DIRECTION,
    FUEL,
    KNOWN_AT,
    LINE,
    LOCATION_ID,
    METER_ID,
    NEWEST,
    PRICE_ZONE,
    PROFILE,
    TIME_ZONE,
)

LOCATIONS = Table(
    name="silver.locations",
    row="a home or site as its partner registered it last",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        Column(name="country_code", type="string", meaning="Country (ISO 3166-1 alpha-2)."),
        TIME_ZONE,
        Column(name="latitude", type="double", unit="°", minimum=-90, maximum=90, personal=True,
               meaning="Latitude of the home (WGS 84)."),
        Column(name="longitude", type="double", unit="°", minimum=-180, maximum=180, personal=True,
               meaning="Longitude of the home (WGS 84)."),
        PRICE_ZONE,
        DELETED_AT,
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "location_id"),
    update=Upsert(newest_by=NEWEST),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip
METERS = Table(
    name="silver.meters",
    row="a meter as its partner registered it last",
    columns=columns(
        PARTNER_ID,
        METER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        Column(name="is_sub_meter", type="boolean", nullable=False,
               meaning="Meters a part of the home (heat pump, charger), never added to the whole."),
        Column(name="supply_start", type="date", meaning="First local day of supply."),
        Column(name="supply_end", type="date", meaning="Last local day of supply."),
        Column(name="fuse_ampere", type="double", unit="A", minimum=0,
               meaning="Main fuse; bounds the power that can be true."),
        Column(name="kwh_per_m3", type="double", unit="kWh/m³", minimum=0,
               meaning="Conversion of gas volume to energy."),
        Column(name="register_digits", type="int", minimum=0,
               meaning="Digits of its registers before the decimal point, in kWh or m³; after "
                       "these they begin again at zero."),
        DELETED_AT,
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "meter_id"),
    update=Upsert(newest_by=NEWEST),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip
HOME_PROFILES = Table(
    name="silver.home_profiles",
    row="what was true of a home from one day on, until the next version",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        Column(name="valid_from", type="date", nullable=False, meaning="First day it holds."),
        Column(name="valid_to", type="date", meaning="Day it no longer holds; empty: still does."),
        PROFILE,
        Column(name="document", type="string", personal=True,
               meaning="The whole profile as JSON, with what has no column."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "valid_from"),
    update=Replace(slices=("partner_id", "location_id")),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip
TARIFF_DIRECTIONS = ("import", "export")
TARIFF_ELEMENT_KINDS = (
    "standing_charge", "fixed", "time_of_use", "block", "spot", "capacity",
)  # fmt: skip
PEAK_WINDOWS = (6, 10, 15, 30, 60)
# The column `elements` of silver.tariffs, as from_json reads it: every default is filled in, times
# are minutes of the local day. What is not of its kind is null.
TARIFF_ELEMENTS = (
    "ARRAY<STRUCT<kind: STRING, amount: DOUBLE, per: STRING, price_per_kwh: DOUBLE, "
    "periods: ARRAY<STRUCT<weekdays: ARRAY<INT>, months: ARRAY<INT>, from_minute: INT, "
    "to_minute: INT, price_per_kwh: DOUBLE>>, "
    "steps: ARRAY<STRUCT<up_to_kwh: DOUBLE, price_per_kwh: DOUBLE>>, multiplier: DOUBLE, "
    "surcharge_per_kwh: DOUBLE, price_per_kw: DOUBLE, window_minutes: INT, days: INT>>"
)
TARIFFS = Table(
    name="silver.tariffs",
    row="what a home pays for one fuel and direction from one day on, until the next tariff",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        replace(DIRECTION, values=TARIFF_DIRECTIONS,
                meaning="Import is paid for; the energy of an export is credited."),
        Column(name="tariff_id", type="string", nullable=False,
               meaning="The partner's id of the tariff."),
        CURRENCY.required(),
        Column(name="valid_from", type="date", nullable=False, meaning="First local day it holds."),
        Column(name="valid_to", type="date",
               meaning="Local day it no longer holds; empty: still does. valid_from: withdrawn."),
        Column(name="vat", type="double", unit="share", nullable=False, minimum=0, maximum=1,
               meaning="Value added tax on the prices, which are without it."),
        Column(name="elements", type="string", nullable=False,
               meaning="What the price is made of (JSON): standing charge, energy at a fixed "
                       "price, by time of use, in blocks or at spot, capacity."),
        KNOWN_AT,
        LINE,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "valid_from"),
    update=Replace(slices=("partner_id", "location_id")),
    checks=(Check(name="does_not_end_before_it_starts", condition="valid_to >= valid_from"),),
    as_of=AS_IT_IS,
    releasable=(),
)  # fmt: skip
