"""What the features of weather promise: each hour as observed, or as it was forecast by then."""

from features.contracts.fields import FEATURE_AT
from lake.contract import Check, Column, Keep, Table, columns, said_by
from silver.contracts import KNOWN_AT, LATITUDE, LONGITUDE, STARTS_AT, WEATHER

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
