"""What gold promises of homes that make electricity."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import CURRENCY, KNOWN_AT, LOCAL_DATE, LOCAL_MONTH, LOCATION_ID


def _kwh(name: str, meaning: str) -> Column:
    return Column(
        name=f"{name}_kwh", type="double", unit="kWh", minimum=0,
        meaning=f"{meaning}, in the observed hours; empty where there is none.",
    )  # fmt: skip


def _share(name: str, whole: str) -> Column:
    return Column(
        name=f"{name}_share", type="double", unit="share", minimum=0, maximum=1,
        meaning=f"Self-consumed energy over {whole}; empty where that is nothing or unknown.",
    )  # fmt: skip


SOLAR_DAILY = Table(
    name="gold.solar_daily",
    row="what one location with metered production made, sold, bought and used on one local day",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        LOCAL_DATE,
        _kwh("production", "Electricity that the home made"),
        _kwh("export", "What it fed into the grid"),
        _kwh("import", "What it drew from the grid"),
        _kwh("consumption", "What it used: import + production - export"),
        _kwh("self_consumed", "What it made and used itself: production - export"),
        _share("self_consumption", "production"),
        _share("self_sufficiency", "consumption"),
        Column(name="savings", type="double", unit="currency",
               meaning="Self-consumed energy times spot price; empty where a price is missing."),
        CURRENCY,
        Column(name="observed_hours", type="int", unit="h", nullable=False, minimum=0,
               meaning="Hours in which import, export, production and consumption are all known."),
        Column(name="expected_hours", type="int", unit="h", nullable=False, minimum=1,
               meaning="Hours that the local day has."),
        LOCAL_MONTH,
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "local_date"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "local_date"),
    checks=(
        Check(name="observed_at_most_expected", condition="observed_hours <= expected_hours"),
        Check(name="self_consumed_is_made", condition="self_consumed_kwh <= production_kwh"),
        Check(name="energy_is_in_balance", severity="warning",
              condition="abs(import_kwh + production_kwh - export_kwh - consumption_kwh) < 0.01"),
    ),
)  # fmt: skip
