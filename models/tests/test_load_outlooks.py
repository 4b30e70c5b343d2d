"""Outlooks are of what was known at the clock, on the home's own days, and one with its hours."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.modelling.registry import Champion, Registry
from lake.modelling.versions import Made
from lake.schema import empty
from lake.settings import Settings
from models import load_outlooks as outlooks
from models.coherent.outlooks import coherent
from models.contracts import LOAD_FORECASTS, LOAD_OUTLOOKS, QUANTILES, quantile_column
from models.load_outlooks import load_outlooks, training

pytestmark = [pytest.mark.spark, pytest.mark.slow]
CLOCK = datetime(2025, 10, 20, 9, 20, tzinfo=UTC)
FIRST = date(2025, 6, 1)
ZONE = "Europe/Copenhagen"
Tables = dict[str, DataFrame]


@pytest.fixture(scope="module")
def champion(questions: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Champion:
    registry = Registry(Settings(lake=str(tmp_path_factory.mktemp("lake"))))
    made = Made({}, {}, CLOCK - timedelta(days=1), outlooks.MODEL_VERSION, {}, {}, "A card.",
                outlooks.example(questions), outlooks.REQUIRES)  # fmt: skip
    model = outlooks.fit(questions[questions["location_id"].isin(["h1", "h2", "h3", "h4", "h5"])])
    registry.promote(
        "load_outlooks", registry.register("load_outlooks", model, outlooks.LOADER, made)
    )
    found = registry.champion("load_outlooks")
    assert found
    assert len(found.load().predict(outlooks.example(questions))) == 3 * (31 + 13)
    return found


@pytest.fixture
def tables(spark: SparkSession) -> Tables:
    """Home a imports alone, b exports too; days to 19 October, with weather and without."""
    series = [("a", "import"), ("b", "import"), ("b", "export")]
    begin = datetime.combine(FIRST, datetime.min.time(), UTC)
    days = []
    for home, direction in series:
        for n in range(145):
            day = FIRST + timedelta(days=n)
            end, known = (begin + timedelta(days=n, hours=h) for h in (22, 30))
            days.append(
                ("p", home, "elec", direction, day, f"{day:%Y-%m}", end, known, 8.0 + n % 7)
            )
    point = "latitude double, longitude double"
    series_ = "partner_id string, location_id string, fuel string, direction string"
    return {
        "daily_load": spark.createDataFrame(
            days,
            f"{series_}, local_date date, local_month string, feature_at timestamp, "
            "known_at timestamp, day_kwh double",
        ),
        "load_forecasts": empty(spark, LOAD_FORECASTS),
        "temperature_daily": spark.createDataFrame(
            [(55.0, 12.0, ZONE, FIRST - timedelta(days=300 - n), 9.0) for n in range(440)],
            f"{point}, time_zone string, local_date date, temperature_c double",
        ),
        "location_weather": spark.createDataFrame(
            [("p", "a", 55.0, 12.0)], f"partner_id string, location_id string, {point}"
        ),
        "silver_weather": spark.createDataFrame(
            [], f"{point}, observed_at timestamp, issued_at timestamp, temperature_c double"
        ),
        "locations": spark.createDataFrame(
            [("p", home, ZONE, 55.0) for home in ("a", "b")],
            "partner_id string, location_id string, time_zone string, latitude double",
        ),
        "meters": spark.createDataFrame(
            [("p", home, "elec", direction, False, None) for home, direction in series],
            f"{series_}, is_sub_meter boolean, deleted_at timestamp",
        ),
    }  # fmt: skip


def test_days_and_months_of_each_series_on_its_own_clock_and_one_with_the_hours(
    tables: Tables, champion: Champion
) -> None:
    outlook = load_outlooks(**tables, clock=CLOCK, model=champion).localCheckpoint()
    assert outlook.columns == list(LOAD_OUTLOOKS.names)
    found = outlook.toPandas()
    sizes = found.groupby(["location_id", "direction", "resolution"]).size().unstack()
    assert (sizes == [31, 13]).all().all()
    assert set(sizes.index) == {
        ("a", "import"), ("a", "consumption"), ("b", "import"), ("b", "export"),
    }  # fmt: skip
    assert set(found.groupby("location_id")["method"].unique().map(tuple)) == {
        ("other_homes_year",), ("other_homes_year_without_weather",),
    }  # fmt: skip
    one = found[(found["location_id"] == "a") & (found["direction"] == "import")]
    days = one[one["resolution"] == "P1D"].set_index("local_date").sort_index()
    hours = (days["ends_at"] - days["starts_at"]).dt.total_seconds() / 3600
    # The clocks go back on the 26th.
    assert hours[date(2025, 10, 26)] == 25
    assert hours.drop(date(2025, 10, 26)).eq(24).all()
    assert days.index[0] == date(2025, 10, 20)
    month = one[one["resolution"] == "P1M"].set_index("local_date").sort_index()
    october = days[days.index < date(2025, 11, 1)]["mean_kwh"].sum()
    now = month.loc[date(2025, 10, 1)]
    assert october + now["observed_kwh"] == pytest.approx(now["mean_kwh"])
    assert month.index[-1] == date(2026, 10, 1)


def test_a_day_that_the_hours_cover_has_their_mean_and_so_has_its_month(
    spark: SparkSession,
) -> None:
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)
    series = ("p", "a", "elec", "import")
    named = "partner_id string, location_id string, fuel string, direction string"
    bounds = [quantile_column(q) for q in QUANTILES]
    rows = [
        (*series, "P1D", date(2025, 10, 26), start, start + timedelta(hours=25), 20.0, 0.0),
        (*series, "P1D", date(2025, 10, 27), start + timedelta(hours=25),
         start + timedelta(hours=49), 20.0, 0.0),
        (*series, "P1M", date(2025, 10, 1), start, start, 600.0, 500.0),
        (*series, "P1M", date(2025, 11, 1), start, start, 600.0, 0.0),
    ]  # fmt: skip
    said = spark.createDataFrame(
        rows,
        f"{named}, resolution string, local_date date, starts_at timestamp, ends_at timestamp, "
        "mean_kwh double, observed_kwh double",
    ).select("*", *(F.lit(19.0 + n).alias(name) for n, name in enumerate(bounds)))
    hours = spark.createDataFrame(
        [(*series, ZONE, start + timedelta(hours=n),
          start + timedelta(hours=n + 1), 2.0) for n in range(40)],
        f"{named}, time_zone string, starts_at timestamp, ends_at timestamp, mean_kwh double",
    )  # fmt: skip
    found = {(row.resolution, row.local_date): row for row in coherent(said, hours).collect()}
    whole, part = (found["P1D", date(2025, 10, day)] for day in (26, 27))
    assert (whole.mean_kwh, part.mean_kwh) == (50.0, 20.0)
    assert (whole.p05_kwh, whole.p95_kwh, part.p95_kwh) == (19.0, 50.0, 25.0)
    assert found["P1M", date(2025, 10, 1)].mean_kwh == 630.0
    assert found["P1M", date(2025, 11, 1)].mean_kwh == 600.0


def test_what_is_said_after_the_clock_changes_nothing(tables: Tables, champion: Champion) -> None:
    later = F.col("known_at") > F.lit(CLOCK)
    other = tables["daily_load"].withColumn(
        "day_kwh", F.when(later, 99.0).otherwise(F.col("day_kwh"))
    )
    is_late = F.col("local_date") >= F.lit(CLOCK.date())
    warmer = F.when(is_late, 30.0).otherwise(F.col("temperature_c"))
    weather = tables["temperature_daily"].withColumn("temperature_c", warmer)
    keys = ["location_id", "direction", "resolution", "starts_at"]
    known, altered = (
        load_outlooks(**given, clock=CLOCK, model=champion)
        .toPandas()
        .sort_values(keys, ignore_index=True)
        for given in (tables, {**tables, "daily_load": other, "temperature_daily": weather})
    )
    pd.testing.assert_frame_equal(known, altered)


def test_training_asks_as_it_would_have_been_asked_then(tables: Tables) -> None:
    given = {name: table for name, table in tables.items() if name != "load_forecasts"}
    learned: Callable[..., DataFrame] = training
    frame = learned(**given, clock=CLOCK).toArrow().to_pandas()
    assert len(frame) > 300
    row = frame[frame["location_id"] == "a"].sort_values("asked_at").iloc[-1]
    assert list(row["days_ago"]) == sorted(row["days_ago"])
    assert row["days_ago"][0] in {1, 2}
    day = date(1970, 1, 1) + timedelta(days=int(row["first_day"]))
    newest = day - timedelta(days=int(row["days_ago"][0]))
    assert row["kwh"][0] == 8.0 + (newest - FIRST).days % 7
    # What came true ends with the last day that is known at the clock.
    assert list(row["true_kwh"]) == [8.0 + (day - FIRST).days % 7]
    assert frame["true_kwh"].map(len).between(1, 397).all()


def test_without_a_champion_there_is_no_row(tables: Tables) -> None:
    assert load_outlooks(**tables, clock=CLOCK, model=None).isEmpty()
