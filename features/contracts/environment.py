"""What the features of weather, prices and the calendar promise: what was known of it by then."""

from features.contracts.fields import FEATURE_AT
from lake.contract import Check, Column, Keep, Table, columns, said_by
from silver.contracts import (
    CURRENCY,
    HOLIDAYS,
    KNOWN_AT,
    LATITUDE,
    LONGITUDE,
    PRICE_ZONE,
    SPOT_PRICES,
    STARTS_AT,
    WEATHER,
)

WEATHER_HOURLY = Table(
    name="features.weather_hourly",
    row="the weather of one fixed point and hour, observed or forecast, as known at one time",
    columns=columns(
        LATITUDE.meaning_here("Latitude of the weather point.").required(),
        LONGITUDE.meaning_here("Longitude of the weather point.").required(),
        STARTS_AT.meaning_here("Start of the hour that the weather is of, which may be to come."),
        FEATURE_AT.meaning_here(
            "Event time: the end of an observed hour; of a forecast its issue, at the latest the "
            "start of the hour, so that what was observed goes before it."
        ),
        KNOWN_AT.meaning_here("When the forecast was issued, or the observation was known."),
        Column(name="is_observed", type="boolean", nullable=False,
               meaning="Source: observed, else forecast."),
        WEATHER.column("temperature_c").meaning_here("Mean air temperature of the hour."),
        WEATHER.column("wind_speed_m_s").meaning_here("Mean wind speed of the hour."),
        WEATHER.column("irradiance_w_m2").meaning_here(
            "Mean global horizontal irradiance of the hour."
        ),
        WEATHER.column("observed_date").meaning_here("Day (UTC) of the hour."),
        WEATHER.column("observed_month").meaning_here("Month (UTC) of the hour."),
    ),
    key=("latitude", "longitude", "starts_at", "known_at"),
    # A newer forecast, or a correction, is a version with a later known_at; those before it stay.
    update=Keep(slices=("latitude", "longitude", "observed_date")),
    partitioned_by=("observed_month",),
    sorted_by=("latitude", "longitude", "starts_at"),
    checks=(
        Check(name="a_forecast_is_not_newer_than_it_was_known",
              condition="is_observed OR feature_at <= known_at"),
    ),
    as_of=said_by("known_at"),
    asked_by=("starts_at",),
)  # fmt: skip
SPOT_PRICES_HOURLY = Table(
    name="features.spot_prices_hourly",
    row="the spot price of one zone and hour, as known at one time",
    columns=columns(
        PRICE_ZONE.required(),
        STARTS_AT.meaning_here("Start of the hour that the price is of, which may be to come."),
        FEATURE_AT.meaning_here("Event time: when it was known, at the latest the hour's start."),
        KNOWN_AT.meaning_here("When the last price that went in was known."),
        SPOT_PRICES.column("price_per_kwh").meaning_here(
            "Day-ahead price without tax; the mean of the hour's quarters."
        ),
        CURRENCY.required(),
        Column(name="price_date", type="date", nullable=False, meaning="Day (UTC) of the hour."),
    ),
    key=("price_zone", "starts_at", "known_at"),
    # A price that was corrected is a version with a later known_at; the version before it stays.
    update=Keep(slices=("price_zone", "price_date")),
    sorted_by=("price_zone", "starts_at"),
    checks=(
        Check(name="no_event_after_its_hour_began", condition="feature_at <= starts_at"),
    ),
    as_of=said_by("known_at"),
    asked_by=("starts_at",),
)  # fmt: skip
CALENDAR_DAYS = Table(
    name="features.calendar_days",
    row="what kind of day one day is in one country, as known at one time",
    columns=columns(
        HOLIDAYS.column("country_code"),
        HOLIDAYS.column("local_date").meaning_here("The day, on the country's own clock."),
        FEATURE_AT.meaning_here("Event time: when the year before begins, a year ahead."),
        KNOWN_AT.meaning_here(
            "The same; of what was told otherwise later, when it was met here first."
        ),
        Column(name="weekday", type="int", nullable=False, minimum=0, maximum=6,
               meaning="0 is Monday, 6 is Sunday."),
        Column(name="kind_of_day", type="string", nullable=False,
               values=("workday", "saturday", "sunday", "holiday"),
               meaning="Holidays go before weekdays."),
        Column(name="holiday_name", type="string",
               meaning="Its name in the country's language; empty: no holiday."),
        Column(name="holiday_name_en", type="string",
               meaning="Its name in English, where there is one."),
        Column(name="is_bridge_day", type="boolean", nullable=False,
               meaning="A workday between two days that are none."),
        Column(name="is_before_holiday", type="boolean", nullable=False,
               meaning="The next day is a holiday."),
        Column(name="is_after_holiday", type="boolean", nullable=False,
               meaning="The day before was a holiday."),
    ),
    key=("country_code", "local_date", "known_at"),
    # What is told otherwise later is a version; the one before it stays.
    update=Keep(slices=("country_code",)),
    sorted_by=("country_code", "local_date"),
    as_of=said_by("known_at"),
    asked_by=("local_date",),
)  # fmt: skip
