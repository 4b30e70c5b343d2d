"""What gold promises: answers a period at a time, always with how much of it was observed."""

from bronze.contracts import PARTNER_ID
from gold.price_tables import HIGH as HIGH  # noqa: PLC0414 - others read a layer by its contracts
from gold.price_tables import LOW as LOW  # noqa: PLC0414
from gold.price_tables import MARKET_TIME_ZONE as MARKET_TIME_ZONE  # noqa: PLC0414
from gold.price_tables import PRICE_DAILY, PRICE_LEVELS
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import (
    CURRENCY,
    DIRECTION,
    ENDS_AT,
    FUEL,
    KNOWN_AT,
    LATITUDE,
    LOCAL_DATE,
    LOCAL_MONTH,
    LOCATION_ID,
    LONGITUDE,
    STARTS_AT,
    TEMPERATURE_C,
    TIME_ZONE,
)

OBSERVED = Column(
    name="observed_intervals", type="int", nullable=False, minimum=0,
    meaning="Metering intervals of the period for which there is a reading.",
)  # fmt: skip
EXPECTED = Column(
    name="expected_intervals", type="int", nullable=False, minimum=1,
    meaning="Metering intervals that the whole period has.",
)  # fmt: skip
ESTIMATED = Column(
    name="estimated_share", type="double", unit="share", nullable=False, minimum=0, maximum=1,
    meaning="Share of the observed intervals that the partner estimated.",
)  # fmt: skip
ENERGY = columns(
    PARTNER_ID,
    LOCATION_ID,
    FUEL,
    DIRECTION,
    STARTS_AT,
    ENDS_AT,
    LOCAL_DATE,
    Column(name="energy_kwh", type="double", unit="kWh",
           meaning="Energy as reported, the partner's estimates included, gaps left out."),
    OBSERVED,
    EXPECTED,
    ESTIMATED,
    Column(name="substituted_kwh", type="double", unit="kWh",
           meaning="What the platform fills in for gaps, beside the energy; empty: nothing."),
    Column(name="cost", type="double", unit="currency",
           meaning="Energy times spot price; empty where a price is missing."),
    CURRENCY,
    Column(name="co2_kg", type="double", unit="kg",
           meaning="Emissions of the energy; empty where the intensity is not known."),
    Column(name="peak_kw", type="double", unit="kW",
           meaning="Highest mean power of a metering interval."),
    Column(name="peak_at", type="timestamp", meaning="Start of the interval of the peak."),
    TEMPERATURE_C.meaning_here("Mean air temperature over the observed intervals."),
    Column(name="degree_days", type="double", unit="°C·d", minimum=0,
           meaning="Heating degree days; empty below a whole local day."),
    LOCAL_MONTH,
    KNOWN_AT,
)  # fmt: skip


def _energy(period: str, row: str, *, slice_by: str = "local_date", is_long: bool = False) -> Table:
    """Return the energy table of one period; long periods are few, so they are not partitioned."""
    return Table(
        name=f"gold.energy_{period}",
        row=f"the energy of one location, fuel and direction in one {row}",
        columns=ENERGY,
        key=("partner_id", "location_id", "fuel", "direction", "starts_at"),
        update=Replace(slices=("partner_id", "location_id", slice_by)),
        partitioned_by=() if is_long else ("local_month",),
        sorted_by=("partner_id", "location_id", "fuel", "direction", "starts_at"),
        checks=(
            Check(name="observed_at_most_expected",
                  condition="observed_intervals <= expected_intervals"),
            Check(name="period_is_not_empty", condition="ends_at > starts_at"),
            Check(name="peak_within_period", condition="peak_at >= starts_at AND peak_at < ends_at",
                  severity="warning"),
        ),
    )  # fmt: skip


ENERGY_QUARTER_HOURLY = _energy("quarter_hourly", "quarter of an hour")
ENERGY_HOURLY = _energy("hourly", "hour")
ENERGY_DAILY = _energy("daily", "local day of 23, 24 or 25 hours", is_long=True)
ENERGY_MONTHLY = _energy("monthly", "local month", slice_by="local_month", is_long=True)
DATA_QUALITY_DAILY = Table(
    name="gold.data_quality_daily",
    row="how complete the data of one location, fuel and direction is on one local day",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE,
        OBSERVED,
        EXPECTED,
        ESTIMATED,
        Column(name="completeness", type="double", unit="share", nullable=False, minimum=0,
               maximum=1, meaning="Observed over expected intervals."),
        Column(name="has_price", type="boolean", nullable=False, meaning="Every interval has one."),
        Column(name="has_temperature", type="boolean", nullable=False,
               meaning="The day has a temperature."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
)  # fmt: skip
TEMPERATURE_DAILY = Table(
    name="gold.temperature_daily",
    row="the temperature of one weather point on one local day of the homes around it",
    columns=columns(
        LATITUDE.meaning_here("Latitude of the weather point.").required(),
        LONGITUDE.meaning_here("Longitude of the weather point.").required(),
        TIME_ZONE,
        LOCAL_DATE.meaning_here("The day in the homes' own time zone."),
        TEMPERATURE_C.meaning_here(
            "Mean air temperature as observed; a day that lacks a quarter has no row."
        ).required(),
    ),
    key=("latitude", "longitude", "time_zone", "local_date"),
    update=Replace(slices=("latitude", "longitude", "local_date")),
    sorted_by=("latitude", "longitude", "time_zone", "local_date"),
)
_MODELLED = ("fitted", "too_few_days", "too_few_temperatures", "month_without_temperatures",
             "no_variation")  # fmt: skip
WEATHER_MODELS = Table(
    name="gold.weather_models",
    row="how the energy of one location, fuel and direction follows the temperature, or why not",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        Column(name="outcome", type="string", nullable=False, values=_MODELLED,
               meaning="fitted, or what is missing; without a fit the model's columns are empty."),
        Column(name="model_type", type="string",
               values=("constant", "heating", "cooling", "heating_and_cooling"),
               meaning="What the energy follows."),
        Column(name="heating_balance_c", type="double", unit="°C",
               meaning="Mean temperature of the day below which the home heats."),
        Column(name="cooling_balance_c", type="double", unit="°C",
               meaning="Mean temperature of the day above which the home cools."),
        Column(name="base_kwh_per_day", type="double", unit="kWh/d", minimum=0,
               meaning="Energy of a day that is neither heated nor cooled."),
        Column(name="heating_kwh_per_degree_day", type="double", unit="kWh/(°C·d)", minimum=0,
               meaning="More energy for each degree below the heating balance point."),
        Column(name="cooling_kwh_per_degree_day", type="double", unit="kWh/(°C·d)", minimum=0,
               meaning="More energy for each degree above the cooling balance point."),
        Column(name="r2", type="double", unit="share", maximum=1,
               meaning="Share of the days' variation that the model explains."),
        Column(name="adjusted_r2", type="double", unit="share", maximum=1,
               meaning="The same, less what any slope would explain by chance."),
        Column(name="residual_kwh", type="double", unit="kWh/d", minimum=0,
               meaning="Standard deviation of a day from the model."),
        Column(name="cvrmse", type="double", unit="share", minimum=0,
               meaning="residual_kwh over the mean energy of a day."),
        Column(name="residual_autocorrelation", type="double", minimum=0,
               meaning="How a day's deviation resembles that of the day before."),
        Column(name="days_used", type="int", nullable=False, minimum=0, maximum=365,
               meaning="Days of the baseline with energy and temperature."),
        Column(name="baseline_start", type="date", nullable=False,
               meaning="First local day of the baseline with a reading."),
        Column(name="baseline_end", type="date", nullable=False,
               meaning="Last local day of the baseline, at most 365 days."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction"),
    update=Replace(slices=("partner_id", "location_id")),
    sorted_by=("partner_id", "location_id", "fuel", "direction"),
)  # fmt: skip
WEATHER_NORMALISED_MONTHLY = Table(
    name="gold.weather_normalised_monthly",
    row="the energy of one location, fuel and direction in a month, and under normal weather",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE,
        LOCAL_MONTH,
        Column(name="energy_kwh", type="double", unit="kWh", meaning="Energy as reported."),
        OBSERVED,
        EXPECTED,
        TEMPERATURE_C.meaning_here("Mean air temperature over the observed intervals."),
        Column(name="normal_temperature_c", type="double", unit="°C",
               meaning="Mean temperature of this month of the year over all years at hand."),
        Column(name="years", type="int", nullable=False, minimum=0,
               meaning="Years of temperatures at hand for this month of the year."),
        Column(name="normalised_kwh", type="double", unit="kWh", minimum=0,
               meaning="Energy of the whole month as it would be under normal weather."),
        Column(name="low_kwh", type="double", unit="kWh", minimum=0,
               meaning="In 5 of 100 cases it would be lower than this."),
        Column(name="high_kwh", type="double", unit="kWh", minimum=0,
               meaning="In 5 of 100 cases it would be higher than this."),
        Column(name="outcome", type="string", nullable=False,
               values=("normalised", "no_normal_year", *_MODELLED[1:]),
               meaning="normalised, or what is missing; then the normal figures are empty."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_month"),
    update=Replace(slices=("partner_id", "location_id")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    checks=(
        Check(name="interval_holds_the_estimate",
              condition="low_kwh <= normalised_kwh AND normalised_kwh <= high_kwh"),
    ),
)  # fmt: skip
BASE_LOAD_DAILY = Table(
    name="gold.base_load_daily",
    row="what one location draws all the time, of one fuel, on one local day",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        DIRECTION,
        LOCAL_DATE,
        Column(name="base_load_kw", type="double", unit="kW", minimum=0,
               meaning="Mean power that nine of ten hours of the day exceed; empty below 3/4 of "
                       "the day's hours."),
        Column(name="base_load_kwh", type="double", unit="kWh", minimum=0,
               meaning="base_load_kw over the whole local day."),
        Column(name="base_load_share", type="double", unit="share", minimum=0, maximum=1,
               meaning="Part of the energy of the observed hours; empty where there was none."),
        Column(name="observed_hours", type="int", nullable=False, minimum=0,
               meaning="Hours of the day that were metered whole."),
        Column(name="expected_hours", type="int", nullable=False, minimum=1,
               meaning="Hours that the local day has."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
)  # fmt: skip

TABLES = (
    ENERGY_QUARTER_HOURLY,
    ENERGY_HOURLY,
    ENERGY_DAILY,
    ENERGY_MONTHLY,
    DATA_QUALITY_DAILY,
    TEMPERATURE_DAILY,
    WEATHER_MODELS,
    WEATHER_NORMALISED_MONTHLY,
    BASE_LOAD_DAILY,
    PRICE_DAILY,
    PRICE_LEVELS,
)
