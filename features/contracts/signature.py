"""What the signature of a home promises: how much, when and after what it uses, month by month."""

from bronze.contracts import PARTNER_ID
from features.contracts.fields import FEATURE_AT
from lake.contract import Check, Column, Keep, Table, columns, said_by
from silver.contracts import FUEL, KNOWN_AT, LOCAL_DATE, LOCAL_MONTH, LOCATION_ID

# A month counts from this share of its intervals on.
LEAST_COMPLETE = 0.5


def share_column(hour: int) -> str:
    """Name the share of a local hour of the day: 7 is ``hour_07_share``."""
    return f"hour_{hour:02d}_share"


_SHARES = tuple(
    Column(name=share_column(hour), type="double", unit="share", minimum=0,
           meaning=f"Part of a mean day that is used from {hour:02d}:00 local time, for an hour.")
    for hour in range(24)
)  # fmt: skip
HOME_SIGNATURES = Table(
    name="features.home_signatures",
    row="how one location uses one fuel, at the end of one local month, as known at one time",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        LOCAL_DATE.meaning_here("First day of the month."),
        LOCAL_MONTH,
        FEATURE_AT.meaning_here("Event time: the end of the month."),
        KNOWN_AT.meaning_here("When the last of what went in was known."),
        Column(name="energy_kwh", type="double", unit="kWh", nullable=False,
               meaning="Consumption of the month; gaps count as the mean of the rest."),
        Column(name="completeness", type="double", unit="share", nullable=False,
               minimum=LEAST_COMPLETE, maximum=1,
               meaning="Observed over expected intervals of the month."),
        Column(name="degree_days", type="double", unit="°C·d", minimum=0,
               meaning="Heating degree days of the month by the country's practice."),
        Column(name="base_load_kw", type="double", unit="kW", minimum=0,
               meaning="Median of the daily base loads of the month."),
        _SHARES,
        Column(name="peak_hour", type="int", minimum=0, maximum=23,
               meaning="Local hour with the largest share; the first of several."),
        Column(name="weekend_ratio", type="double", minimum=0,
               meaning="Mean hour of Saturdays and Sundays over that of the other days."),
        Column(name="annual_kwh", type="double", unit="kWh",
               meaning="Consumption of the 12 months that end with this one; empty where one of "
                       "them is missing."),
        Column(name="annual_completeness", type="double", unit="share", minimum=0, maximum=1,
               meaning="Observed over expected intervals of these 12 months."),
        Column(name="annual_degree_days", type="double", unit="°C·d", minimum=0,
               meaning="Heating degree days of these 12 months by the country's practice."),
        Column(name="heating_share", type="double", unit="share", minimum=0, maximum=1,
               meaning="Part of annual_kwh that goes with the months' degree days (least squares, "
                       "Fels 1986)."),
        Column(name="heating_balance_c", type="double", unit="°C",
               meaning="Mean temperature of the day below which the home heats: gold's weather "
                       "model, where its baseline ends in this month."),
        Column(name="cooling_balance_c", type="double", unit="°C",
               meaning="The same, above which it cools."),
        Column(name="heating_kwh_per_degree_day", type="double", unit="kWh/(°C·d)", minimum=0,
               meaning="More energy a degree below the heating balance point, from that model."),
        Column(name="cooling_kwh_per_degree_day", type="double", unit="kWh/(°C·d)", minimum=0,
               meaning="More energy a degree above the cooling balance point, from that model."),
        Column(name="has_pv", type="boolean", nullable=False,
               meaning="Source: production or export metered in these 12 months."),
    ),
    key=("partner_id", "location_id", "fuel", "local_month", "known_at"),
    # A correction adds a version with a later known_at; the version before it stays.
    update=Keep(slices=("partner_id", "location_id", "local_month")),
    sorted_by=("partner_id", "location_id", "fuel", "local_month"),
    checks=(
        Check(name="a_year_is_told_with_its_completeness",
              condition="annual_kwh IS NULL OR annual_completeness IS NOT NULL"),
    ),
    as_of=said_by("known_at"),
)  # fmt: skip
