"""What is promised of a home's parts and of what stands in it: an interval on every figure."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Replace, Table, columns
from models.contracts.fields import ISSUED_AT
from silver.contracts import FUEL, KNOWN_AT, LOCAL_DATE, LOCATION_ID, RESOLUTION

CATEGORIES = (
    "heating", "water_heating", "cooling", "always_on", "fridge_freezer", "lighting", "cooking",
    "washing", "consumer_electronics", "electric_vehicle", "sauna", "other",
)  # fmt: skip
ACCURACIES = ("high", "medium", "low")
ASSETS = ("electric_vehicle", "solar_panels", "heat_pump", "electric_heating")
_ISSUED = ISSUED_AT.meaning_here("When it was inferred; no energy known later was used.")
_VERSION = Column(
    name="model_version", type="string", nullable=False, meaning="Rule and version that made it."
)
DISAGGREGATION = Table(
    name="models.disaggregation",
    row="a home's energy of one category in one local day (the last 92) or month (the last 13)",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        RESOLUTION,
        LOCAL_DATE,
        Column(name="category", type="string", nullable=False, values=CATEGORIES,
               meaning="What the energy was used for."),
        Column(name="energy_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Energy of the category; all of a period add up to what was used in it."),
        Column(name="low_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="In 10 of 100 cases the energy was less than this."),
        Column(name="high_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="In 90 of 100 cases the energy was less than this."),
        Column(name="share", type="double", unit="share", minimum=0, maximum=1,
               meaning="Of what was used in the period; empty where that is nothing."),
        Column(name="accuracy", type="string", nullable=False, values=ACCURACIES,
               meaning="Half the interval over the energy: high to 0.2, medium to 0.5, else low."),
        Column(name="hours", type="int", unit="h", nullable=False, minimum=0,
               meaning="Hours of the period with a reading."),
        Column(name="source", type="string", nullable=False, values=("smart_meter", "pv_disagg"),
               meaning="Whether use was metered, or estimated from import, export and the sun."),
        KNOWN_AT.meaning_here("When the newest reading of the home that was used was said."),
        Column(name="issued_at", type="timestamp", nullable=False, volatile=True,
               meaning=_ISSUED.meaning),
        _VERSION,
    ),
    key=("partner_id", "location_id", "fuel", "resolution", "local_date", "category"),
    update=Replace(slices=("partner_id", "location_id")),
    sorted_by=("partner_id", "location_id", "fuel", "resolution", "local_date"),
    checks=(
        Check(name="value_is_in_its_interval",
              condition="low_kwh <= energy_kwh AND energy_kwh <= high_kwh"),
    ),
    retention="92 days of days, 13 months of months",
)  # fmt: skip
HOME_ASSETS = Table(
    name="models.home_assets",
    row="whether one asset stands in a home, and how large it is",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        Column(name="asset", type="string", nullable=False, values=ASSETS, meaning="What it is."),
        Column(name="probability", type="double", unit="share", nullable=False, minimum=0,
               maximum=1, meaning="How likely the home has it."),
        Column(name="size", type="double", minimum=0,
               meaning="Charging or electric power, peak power of panels, or energy of a year."),
        Column(name="low", type="double", minimum=0,
               meaning="In 10 of 100 cases it is smaller than this."),
        Column(name="high", type="double", minimum=0,
               meaning="In 90 of 100 cases it is smaller than this."),
        Column(name="unit", type="string", nullable=False, values=("kW", "kWp", "kWh/a"),
               meaning="Unit of size, low and high."),
        Column(name="evidence", type="string", nullable=False,
               meaning="The signs it was judged by, as JSON."),
        Column(name="since", type="date",
               meaning="First day (UTC) of the last 13 months on which it was seen."),
        KNOWN_AT.meaning_here("When the newest reading of the home that was used was said."),
        Column(name="issued_at", type="timestamp", nullable=False, volatile=True,
               meaning=_ISSUED.meaning),
        _VERSION,
    ),
    key=("partner_id", "location_id", "asset"),
    update=Replace(slices=("partner_id", "location_id")),
    sorted_by=("partner_id", "location_id"),
    checks=(
        Check(name="size_is_in_its_interval", condition="low <= size AND size <= high"),
    ),
)  # fmt: skip
