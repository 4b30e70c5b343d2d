"""What the watch over forecasts promises: each day that came true against what was said of it."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import DIRECTION, FUEL, KNOWN_AT, LOCAL_DATE, LOCATION_ID

LEADS = ("day_ahead", "days_3_to_7", "days_8_to_13")
# A model is judged by the days of so long, where so many of them and so many hours were scored.
WINDOW_DAYS, DAYS_NEEDED, HOURS_NEEDED = 14, 7, 1_000
# P10 to P90 should hold 80 %.
COVERAGE = (0.70, 0.90)
DRIFTS = ("none", "coverage", "error", "coverage_and_error", "too_little")
LEAD = Column(
    name="lead", type="string", nullable=False, values=LEADS,
    meaning="How long before the day it was forecast: day_ahead, the newest issue of the 36 hours "
            "before the day; else the newest of one day, which goes round: of the bands of days 3 "
            "to 7 and 8 to 13 another one for each local day.",
)  # fmt: skip
_VERSION = Column(
    name="model_version", type="string", nullable=False,
    meaning="Registered model and version that made the forecast.",
)  # fmt: skip


def _count(name: str, meaning: str) -> Column:
    return Column(name=name, type="bigint", unit="h", nullable=False, minimum=0, meaning=meaning)


def _sum(name: str, meaning: str) -> Column:
    return Column(name=name, type="double", unit="kWh", nullable=False, minimum=0, meaning=meaning)


def _mean(name: str, meaning: str) -> Column:
    return Column(name=name, type="double", unit="kWh", minimum=0, meaning=meaning)


def _share(name: str, meaning: str) -> Column:
    return Column(name=name, type="double", unit="share", minimum=0, maximum=1, meaning=meaning)


_HOURS = _count("hours", "Hours that were forecast and metered whole.")
_NAIVE_HOURS = _count(
    "naive_hours", "Hours of them whose seasonal naive forecast was known at the issue."
)
_BANDED = _count(
    "banded_hours", "Hours of them with P10 above zero: a band from zero is never missed below."
)
FORECAST_OUTCOMES_DAILY = Table(
    name="models.forecast_outcomes_daily",
    row="what came of the forecast of one location, fuel, direction and local day, by lead",
    columns=columns(
        *(PARTNER_ID, LOCATION_ID, FUEL, DIRECTION, LOCAL_DATE, LEAD),
        Column(name="issued_at", type="timestamp", nullable=False, meaning="When it was forecast."),
        _VERSION,
        _HOURS,
        _count("expected_hours", "Hours that the local day has."),
        _sum("actual_kwh", "Energy of the scored hours."),
        _sum("expected_kwh", "Sum of their medians as forecast."),
        _sum("spread_kwh", "Standard deviation of that sum, were the errors of the hours normal "
                           "and apart from each other: a scale, which the home's own past days "
                           "turn into a band."),
        _sum("error_kwh", "Sum of the hours' absolute errors of the median."),
        _sum("pinball_kwh", "Sum of the hours' pinball losses, mean over the quantiles."),
        _count("inside_hours", "Hours with the energy between P10 and P90."),
        _BANDED,
        _count("banded_inside_hours", "Banded hours with the energy between P10 and P90."),
        _NAIVE_HOURS,
        _sum("naive_error_kwh", "Sum of the naive forecast's absolute errors in naive_hours: the "
                                "same local hour a week before, or two for what is issued 7 days "
                                "ahead and more."),
        _sum("compared_error_kwh", "Sum of the model's absolute errors in naive_hours."),
        KNOWN_AT,
    ),
    key=("partner_id", "location_id", "fuel", "direction", "local_date", "lead"),
    update=Replace(slices=("partner_id", "location_id", "local_date")),
    sorted_by=("partner_id", "location_id", "fuel", "direction", "local_date"),
    checks=(
        Check(name="inside_hours_are_scored", condition="inside_hours <= hours"),
        Check(name="issued_before_the_day",
              condition="issued_at <= CAST(local_date AS TIMESTAMP) + INTERVAL 12 HOURS"),
    ),
)  # fmt: skip
FORECAST_SCORES_DAILY = Table(
    name="models.forecast_scores_daily",
    row="how good a model version's forecasts were of a partner's homes, by fuel, direction, lead "
        "and local day, and whether they have drifted",
    columns=columns(
        *(PARTNER_ID, _VERSION, FUEL, DIRECTION, LEAD, LOCAL_DATE),
        Column(name="homes", type="bigint", nullable=False, minimum=1, meaning="Homes scored."),
        _HOURS,
        _mean("mae_kwh", "Mean absolute error of an hour's median."),
        _mean("pinball_kwh", "Mean pinball loss of an hour over the quantiles."),
        _share("coverage", "Share of the hours with the energy between P10 and P90: 0.8 is true."),
        _BANDED,
        _share("banded_coverage", "The same of banded_hours."),
        _NAIVE_HOURS,
        _mean("naive_mae_kwh", "Mean absolute error of the seasonal naive in naive_hours."),
        _mean("compared_mae_kwh", "Mean absolute error of the model in naive_hours."),
        _count("hours_14d", f"Banded hours of the {WINDOW_DAYS} days to local_date."),
        _share("coverage_14d", "Their coverage."),
        _share("coverage_worst_tenth_14d",
               "A tenth of the homes have a lower coverage of theirs."),
        Column(name="mae_over_naive_14d", type="double", minimum=0,
               meaning=f"Absolute errors over those of the seasonal naive, of {WINDOW_DAYS} days."),
        Column(name="drift", type="string", nullable=False, values=DRIFTS,
               meaning=f"coverage: coverage_14d is not {COVERAGE[0]:.0%} to {COVERAGE[1]:.0%}; "
                       "error: mae_over_naive_14d is above 1; too_little: fewer than "
                       f"{DAYS_NEEDED} days or {HOURS_NEEDED:,} hours to tell by."),
        KNOWN_AT,
    ),
    key=("partner_id", "model_version", "fuel", "direction", "lead", "local_date"),
    update=Replace(slices=("partner_id", "local_date")),
    sorted_by=("partner_id", "local_date", "model_version"),
)  # fmt: skip


def health(days: int) -> str:
    """Return the SQL of each version's day-ahead figures of the ``days`` before {day}.

    Of all partners together, by fuel and direction: ``model_version, series, days, hours,
    coverage, mae_over_naive, drift`` (words; empty: none, or too little to tell).
    """
    coverage = "sum(banded_coverage * banded_hours) / sum(banded_hours)"
    ratio = "sum(compared_mae_kwh * naive_hours) / nullif(sum(naive_mae_kwh * naive_hours), 0)"
    sums = (
        f"SELECT model_version, fuel || ' ' || direction AS series, "
        f"count(DISTINCT local_date) AS days, sum(banded_hours) AS hours, "
        f"sum(naive_hours) AS naive_hours, {coverage} AS coverage, {ratio} AS mae_over_naive "
        "FROM models.forecast_scores_daily "
        f"WHERE lead = 'day_ahead' AND local_date >= {{day}} - INTERVAL '{days}' DAY "
        "AND local_date < {day} GROUP BY model_version, fuel, direction"
    )
    low, high = COVERAGE
    is_enough = f"days >= {DAYS_NEEDED}"
    covered = f"{is_enough} AND hours >= {HOURS_NEEDED} AND NOT coverage BETWEEN {low} AND {high}"
    worse = f"{is_enough} AND naive_hours >= {HOURS_NEEDED} AND mae_over_naive > 1"
    return (
        "SELECT model_version, series, days, hours, coverage, mae_over_naive, "
        f"CASE WHEN {covered} THEN 'coverage ' ELSE '' END || "
        f"CASE WHEN {worse} THEN 'error' ELSE '' END AS drift FROM ({sums}) "
        "ORDER BY model_version, series"
    )
