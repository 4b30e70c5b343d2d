"""Bronze -> silver and gold as zstd Parquet, by Polars: lazy, streaming, its default settings.

Only the rules that the benchmark's data exercise: kWh; blocks of one local day; 15, 30 and 60 min,
one resolution a meter; known meters; zones of whole hours. Superseded versions are not kept.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import polars as pl
import polars.selectors as cs
import typer

from benchmarks.tables import FIRST_S, KW_PER_S, Steps, bronze_files, parquet
from gold.contracts.degree_days import COOLING, EUROSTAT_COOLING, EUROSTAT_HEATING, HEATING, Rule

HOME = ["partner_id", "location_id"]
POINT = ["latitude", "longitude"]
MEASURES = ["temperature_c", "wind_speed_m_s", "irradiance_w_m2"]
DIRECTIONS = ["import", "export", "production", "consumption"]
SERIES = [*HOME, "fuel", "direction", "local_date", "local_month", "time_zone"]
# Versions of one row, the newest last.
NEWEST = ["known_at", "received_at", "source_file", "source_line"]
SECONDS = {"PT15M": 900, "PT30M": 1800, "PT1H": 3600}
EARTH_KM, FARTHEST_KM = 6371.0088, 150
MOST_KW, KW_PER_AMPERE = 100.0, 400 * 3**0.5 / 1000 * 1.25
DOCUMENT = pl.Struct(
    {
        "time_zone": pl.String,
        "price_zone": pl.String,
        "country_code": pl.String,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
        "known_at": pl.String,
        "profile": pl.Struct(
            {
                "valid_from": pl.String,
                "house_type": pl.String,
                "living_area_m2": pl.Float64,
                "persons": pl.Int32,
                "heating_type_primary": pl.String,
                "electric_cars": pl.Int32,
            }
        ),
        "meters": pl.List(
            pl.Struct(
                {
                    "meter_id": pl.String,
                    "fuel": pl.String,
                    "direction": pl.String,
                    "is_sub_meter": pl.Boolean,
                    "fuse_ampere": pl.Float64,
                }
            )
        ),
    }
)


def newest(rows: pl.DataFrame, *key: str) -> pl.DataFrame:
    """Keep the newest version of each key."""
    return rows.sort(NEWEST).unique(key, keep="last", maintain_order=True)


def instant(text: str) -> pl.Expr:
    """Read an instant with its offset; in UTC."""
    return pl.col(text).str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us", time_zone="UTC")


def local_date(instant: str, zones: Iterable[str]) -> pl.Expr:
    """Return the local day of an instant, by the row's `time_zone`."""
    local = {zone: pl.col(instant).dt.convert_time_zone(zone).dt.date() for zone in zones}
    return pl.coalesce(pl.when(time_zone=zone).then(day) for zone, day in local.items())


def registered(bronze: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return homes, meters and profiles (valid from `valid_from`, before `valid_to`)."""
    said = (
        bronze.with_columns(pl.col("document").str.json_decode(DOCUMENT))
        .select(*HOME, *NEWEST[1:], pl.col("document").struct.unnest())
        .with_columns(known_at=pl.min_horizontal(instant("known_at"), "received_at"))
        .collect()
    )
    homes = newest(said, *HOME).select(*HOME, "time_zone", "price_zone", "country_code", *POINT)
    meters = (
        newest(
            said.select(*HOME, *NEWEST, "meters").explode("meters").unnest("meters"),
            "partner_id",
            "meter_id",
        )
        .with_columns(
            pl.col("is_sub_meter").fill_null(False),
            most_kw=pl.when(fuel="elec")
            .then(pl.col("fuse_ampere") * KW_PER_AMPERE)
            .fill_null(MOST_KW),
        )
        .drop(*NEWEST, "fuse_ampere")
        .join(homes.select(*HOME, "time_zone"), on=HOME)
    )
    profiles = (
        newest(said.select(*HOME, *NEWEST, pl.col("profile").struct.unnest()), *HOME, "valid_from")
        .drop(NEWEST)
        .with_columns(pl.col("valid_from").str.to_date())
        .sort("valid_from")
        .with_columns(valid_to=pl.col("valid_from").shift(-1).over(HOME))
    )
    return homes, meters, profiles


def hourly(bronze: pl.LazyFrame) -> pl.DataFrame:
    """Return the weather of each point and hour: mean of the observed, else the newest forecast."""
    weather = bronze.with_columns(
        pl.col(*POINT, *MEASURES).cast(pl.Float64),
        instant("observed_at"),
        instant("issued_at"),
    ).with_columns(known_at=pl.coalesce("issued_at", "received_at"))
    return (
        newest(weather.collect(), *POINT, "observed_at", "issued_at")
        .group_by(*POINT, pl.col("observed_at").dt.truncate("1h").alias("hour"), "issued_at")
        .agg(pl.col(MEASURES).mean())
        .sort("issued_at", nulls_last=True)
        .unique([*POINT, "hour"], keep="last", maintain_order=True)
        .drop("issued_at")
    )


def near(homes: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Add the `latitude` and `longitude` of the nearest point (haversine) to each home."""
    lat, lon = pl.col("latitude").radians(), pl.col("longitude").radians()
    at, along = pl.col("at").radians(), pl.col("along").radians()
    half = ((lat - at) / 2).sin() ** 2 + lat.cos() * at.cos() * ((lon - along) / 2).sin() ** 2
    nearest = (
        homes.select(*HOME, at="latitude", along="longitude")
        .join(points, how="cross")
        .with_columns(km=(2 * EARTH_KM * pl.min_horizontal(half, 1.0).sqrt().arcsin()).round(3))
        .filter(pl.col("km") <= FARTHEST_KM)
        .sort("km", *POINT)
        .unique(HOME, keep="first", maintain_order=True)
        .select(*HOME, *POINT)
    )
    return homes.drop(POINT).join(nearest, on=HOME, how="left")


def priced(bronze: pl.LazyFrame) -> pl.DataFrame:
    """Return the price of each zone and cell of `width` 900, 1800 or 3600 s, by quarter hours.

    The finer of two prices holds; a wider cell has the mean of its quarters.
    """
    per = pl.col("unit").str.split("/")
    prices = bronze.with_columns(
        instant("starts_at"),
        known_at=pl.min_horizontal(instant("known_at"), "received_at"),
        seconds=pl.col("resolution").replace_strict(SECONDS),
        price_per_kwh=pl.col("price").cast(pl.Float64)
        / per.list.get(1).replace_strict({"MWh": 1000.0, "kWh": 1.0}),
        currency=per.list.get(0),
    )
    quarters = (
        newest(prices.collect(), "price_zone", "starts_at", "seconds")
        .with_columns(
            cell=pl.datetime_ranges(
                "starts_at",
                pl.col("starts_at") + pl.duration(seconds=pl.col("seconds")),
                "15m",
                closed="left",
            )
        )
        .explode("cell")
        .sort("seconds")
        .unique(["price_zone", "cell"], keep="first", maintain_order=True)
    )
    return pl.concat(
        quarters.group_by("price_zone", pl.col("cell").dt.truncate(f"{width}s"))
        .agg(pl.col("price_per_kwh").mean(), pl.col("currency").first())
        .with_columns(width=pl.lit(width, pl.Int64))
        for width in SECONDS.values()
    )


def judged(bronze: pl.LazyFrame, meters: pl.DataFrame) -> pl.LazyFrame:
    """Return a row a value with its `reason`, and whether its block meets another (`contested`)."""
    zones = meters["time_zone"].unique().to_list()
    count = pl.col("values").list.len()
    length = pl.duration(seconds=pl.col("seconds"))
    word = pl.col("quality")
    said = ["partner_id", "meter_id", "starts_at", "resolution", "values", "quality", "known_at"]
    blocks = (
        bronze.sort(NEWEST[1:])
        .unique(said, keep="first", maintain_order=True)
        .join(meters.lazy(), on=["partner_id", "meter_id"])
        .with_columns(
            instant("starts_at"),
            seconds=pl.col("resolution").replace_strict(SECONDS),
            known_at=pl.min_horizontal(instant("known_at"), "received_at"),
            energy_kwh=pl.col("values").cast(pl.List(pl.Float64)),
            position=pl.int_ranges(0, count),
            is_estimated=pl.when(word.str.starts_with("["))
            .then(word.str.extract_all(r"\w+").list.eval(pl.element() == "estimated"))
            .otherwise((word == "estimated").repeat_by(count)),
        )
        .with_columns(
            local_date=local_date("starts_at", zones),
            contested=pl.len().over("partner_id", "meter_id", "starts_at") > 1,
        )
        .drop("values")
        .collect()
    )
    power = pl.col("energy_kwh") * 3600 / pl.col("seconds")
    values = (
        blocks.lazy()
        .explode("energy_kwh", "position", "is_estimated")
        .filter(pl.col("energy_kwh").is_not_null())
        .with_columns(starts_at=pl.col("starts_at") + length * pl.col("position"))
    )
    return values.with_columns(
        ends_at=pl.col("starts_at") + length,
        volume_m3=pl.lit(None, pl.Float64),
        quality=pl.when("is_estimated").then(pl.lit("estimated")).otherwise(pl.lit("measured")),
        reason=pl.when(~pl.col("energy_kwh").is_finite())
        .then(pl.lit("not_a_number"))
        .when(pl.col("energy_kwh") < 0)
        .then(pl.lit("negative"))
        .when(power > pl.col("most_kw"))
        .then(pl.lit("more_than_the_fuse")),
    )


def quarantined(values: pl.LazyFrame) -> pl.LazyFrame:
    """Return silver.quarantine: the values that cannot be true."""
    return values.filter(pl.col("reason").is_not_null()).select(
        "partner_id",
        "position",
        *NEWEST[1:],
        table_name=pl.lit("silver.meter_readings"),
        entity_id="meter_id",
        reasons=pl.concat_list("reason"),
        value="energy_kwh",
    )


def settled(values: pl.LazyFrame) -> pl.LazyFrame:
    """Return silver.meter_readings: the newest good value of each interval."""
    good = values.filter(pl.col("reason").is_null())
    key = ["partner_id", "meter_id", "direction", "starts_at", "ends_at"]
    contested = good.filter("contested").sort(NEWEST).unique(key, keep="last", maintain_order=True)
    return pl.concat([good.filter(~pl.col("contested")), contested]).select(
        *HOME,
        "meter_id",
        "fuel",
        "direction",
        "is_sub_meter",
        "starts_at",
        "ends_at",
        "resolution",
        "local_date",
        pl.col("local_date").dt.strftime("%Y-%m").alias("local_month"),
        "energy_kwh",
        "volume_m3",
        "quality",
        *NEWEST,
    )


def with_consumption(readings: pl.LazyFrame, meters: pl.DataFrame) -> pl.LazyFrame:
    """Return a row an interval of a home and fuel, with the energy of each direction as a column.

    Where import is the only meter of a fuel it says that it is consumption too; else that is import
    + production - export, which is null where a part is missing or production is not metered.
    """
    ways = (
        meters.filter(~pl.col("is_sub_meter"))
        .group_by(*HOME, "fuel")
        .agg(
            meters=pl.len(),
            has_production=(pl.col("direction") == "production").any(),
            has_export=(pl.col("direction") == "export").any(),
        )
    )
    interval = [*HOME, "fuel", "starts_at", "ends_at"]
    what = ["resolution", "local_date", "local_month"]
    metered = readings.filter(~pl.col("is_sub_meter")).join(ways.lazy(), on=[*HOME, "fuel"])
    energy, way = pl.col("energy_kwh"), pl.col("direction")
    as_metered = metered.select(
        *interval,
        *what,
        "quality",
        "known_at",
        *(pl.when(way == name).then(energy).alias(name) for name in DIRECTIONS[:3]),
        consumption=pl.lit(None, pl.Float64),
        is_consumption=(way == "import") & (pl.col("meters") == 1),
    )
    balance = (
        pl.col("import")
        + pl.when("has_production").then("production").when(~pl.col("has_export")).then(0.0)
        - pl.when("has_export").then("export").otherwise(0.0)
    )
    can_be_known = pl.col("has_production") | ~pl.col("has_export")
    balanced = (
        metered.filter((pl.col("meters") > 1) & can_be_known)
        .group_by(interval)
        .agg(
            pl.col(*what, "has_production", "has_export").first(),
            pl.col("quality").min(),
            pl.col("known_at").max(),
            # One meter a direction.
            *(energy.filter(way == name).max().alias(name) for name in DIRECTIONS[:3]),
        )
        .with_columns(consumption=balance.clip(0), is_consumption=pl.lit(False))
        .drop("has_production", "has_export", *DIRECTIONS[:3])
    )
    return pl.concat([as_metered, balanced], how="diagonal")


def by_day(profiles: pl.DataFrame, last: date) -> pl.DataFrame:
    """Return the profile of each home and local day, to the last day."""
    until = pl.col("valid_to").fill_null(last + timedelta(days=1))
    days = pl.date_ranges("valid_from", until, closed="left")
    return (
        profiles.with_columns(local_date=days).explode("local_date").drop("valid_from", "valid_to")
    )


def in_context(
    energy: pl.LazyFrame,
    homes: pl.DataFrame,
    hours: pl.DataFrame,
    prices: pl.DataFrame,
    profiles: pl.DataFrame,
) -> pl.LazyFrame:
    """Return silver.energy_in_context from a row an interval with its directions as columns."""
    into = pl.col("starts_at").dt.epoch("s") % 3600
    seconds = (pl.col("ends_at") - pl.col("starts_at")).dt.total_seconds()
    width = pl.coalesce(
        pl.when(into % width + seconds <= width).then(pl.lit(width, pl.Int64))
        for width in SECONDS.values()
    )
    cell = pl.col("starts_at").dt.truncate(pl.format("{}s", "width"))
    return (
        energy.join(homes.lazy(), on=HOME)
        .with_columns(hour=pl.col("starts_at").dt.truncate("1h"), width=width)
        .with_columns(cell=cell)
        .join(hours.lazy(), on=[*POINT, "hour"], how="left")
        .join(prices.lazy(), on=["price_zone", "width", "cell"], how="left")
        .join(profiles.lazy(), on=[*HOME, "local_date"], how="left")
        .drop("hour", "width", "cell", "price_zone", "country_code", *POINT)
        .unpivot(
            DIRECTIONS,
            index=cs.exclude(DIRECTIONS),
            variable_name="direction",
            value_name="energy_kwh",
        )
        .filter(pl.col("energy_kwh").is_not_null())
        .with_columns(is_derived=pl.col("direction") == "consumption")
    )


def parts(energy_in_context: pl.LazyFrame) -> pl.LazyFrame:
    """Return what adds up, an interval a row."""
    seconds = (pl.col("ends_at") - pl.col("starts_at")).dt.total_seconds()
    return energy_in_context.with_columns(
        seconds=seconds,
        kw=pl.col("energy_kwh") * 3600 / seconds,
        cost=pl.col("energy_kwh") * pl.col("price_per_kwh"),
        warmth=pl.col("temperature_c") * seconds,
    )


def first_peak(power: str, at: str) -> pl.Expr:
    """Return when the power was highest; of equal peaks the first counts."""
    since_s = pl.col(at).dt.epoch("s") - FIRST_S
    return pl.col(at).max_by(pl.col(power) - since_s * KW_PER_S)


def added_up(parts: pl.LazyFrame, *period: pl.Expr) -> pl.LazyFrame:
    """Add up the intervals of each local day, or shorter period."""
    seconds = pl.col("seconds")
    return parts.group_by(*SERIES, *period).agg(
        pl.col("energy_kwh", "cost", "warmth").sum(),
        seconds.min(),
        observed=seconds.sum(),
        estimated=seconds.filter(pl.col("quality") == "estimated").sum(),
        warm=seconds.filter(pl.col("temperature_c").is_not_null()).sum(),
        is_priced=pl.col("price_per_kwh").is_not_null().all(),
        currency=pl.col("currency").max(),
        peak_kw=pl.col("kw").max(),
        peak_at=first_peak("kw", "starts_at"),
        known_at=pl.col("known_at").max(),
        is_consumption=pl.col("is_consumption").any(),
    )


def in_steps(parts: pl.LazyFrame, seconds: int) -> pl.LazyFrame:
    """Return energy by steps of the clock."""
    into = pl.col("starts_at").dt.epoch("s") % seconds
    step = pl.col("starts_at").dt.truncate(f"{seconds}s").alias("_from")
    return (
        parts.filter(into + pl.col("seconds") <= seconds)
        .pipe(added_up, step)
        .with_columns(
            _to=pl.col("_from") + pl.duration(seconds=seconds),
            degree_days=pl.lit(None, pl.Float64),
            cooling_degree_days=pl.lit(None, pl.Float64),
        )
        .pipe(judged_periods)
    )


def in_days(parts: pl.LazyFrame, homes: pl.DataFrame) -> pl.LazyFrame:
    """Return the sums of local days, with their degree days by the practice of the country."""

    def by_country(rules: Mapping[str, Rule], other: Rule) -> tuple[pl.Expr, pl.Expr]:
        country = pl.col("country_code")
        limit, base = (
            country.replace_strict(
                {code: rule[part] for code, rule in rules.items()},
                default=other[part],
                return_dtype=pl.Float64,
            )
            for part in (0, 1)
        )
        return limit, base

    cold, heated = by_country(HEATING, EUROSTAT_HEATING)
    hot, cooled = by_country(COOLING, EUROSTAT_COOLING)
    mean = pl.col("_mean")
    counts = pl.when(mean.is_not_null()).then(0.0)
    return (
        added_up(parts)
        .join(homes.lazy().select(*HOME, "country_code"), on=HOME)
        .with_columns(_mean=pl.when(pl.col("warm") > 0).then(pl.col("warmth") / pl.col("warm")))
        .with_columns(
            degree_days=pl.when(mean <= cold).then(heated - mean).otherwise(counts),
            cooling_degree_days=pl.when(mean >= hot).then(mean - cooled).otherwise(counts),
        )
        .drop("_mean", "country_code")
    )


def in_months(days: pl.LazyFrame) -> pl.LazyFrame:
    """Add up days to local months."""
    return (
        days.with_columns(pl.col("local_date").dt.month_start())
        .group_by(SERIES)
        .agg(
            pl.col("energy_kwh", "cost", "warmth", "warm", "observed", "estimated").sum(),
            pl.col("degree_days", "cooling_degree_days").sum(),
            pl.col("seconds").min(),
            pl.col("is_priced").all(),
            pl.col("is_consumption").any(),
            pl.col("currency", "peak_kw", "known_at").max(),
            peak_at=first_peak("peak_kw", "peak_at"),
        )
    )


def of_local(sums: pl.LazyFrame, midnights: pl.LazyFrame, length: str) -> pl.LazyFrame:
    """Add the instants at which the period of `length` from `local_date` begins and ends."""
    return (
        sums.with_columns(_last=pl.col("local_date").dt.offset_by(length))
        .join(midnights.rename({"midnight": "_from"}), on=["time_zone", "local_date"])
        .join(
            midnights.rename({"midnight": "_to", "local_date": "_last"}), on=["time_zone", "_last"]
        )
    )


def midnights_of(zones: Iterable[str], first: date, last: date) -> pl.LazyFrame:
    """Return the instant at which each local day of some zones begins, whole months of them."""
    days = pl.select(
        local_date=pl.date_range(pl.lit(first).dt.month_start(), pl.lit(last).dt.offset_by("1mo"))
    ).lazy()
    local = pl.col("local_date").cast(pl.Datetime("us"))
    return pl.concat(
        days.with_columns(
            time_zone=pl.lit(zone),
            midnight=local.dt.replace_time_zone(zone).dt.convert_time_zone("UTC"),
        )
        for zone in zones
    )


def judged_periods(sums: pl.LazyFrame) -> pl.LazyFrame:
    """Turn sums of the periods `_from` to `_to` into the columns of gold."""
    period = (pl.col("_to") - pl.col("_from")).dt.total_seconds()
    expected = (period / pl.col("seconds")).round().cast(pl.Int32)
    observed = (pl.col("observed") // pl.col("seconds")).cast(pl.Int32)
    nothing = pl.lit(None, pl.Float64)
    both = pl.lit(["import", "consumption"])
    ways = pl.when("is_consumption").then(both).otherwise(pl.concat_list("direction"))
    return sums.select(
        *HOME,
        "fuel",
        ways.alias("direction"),
        "local_date",
        "energy_kwh",
        "peak_kw",
        "peak_at",
        "degree_days",
        "cooling_degree_days",
        "local_month",
        "known_at",
        starts_at="_from",
        ends_at="_to",
        observed_intervals=pl.min_horizontal(observed, expected),
        expected_intervals=expected,
        estimated_share=pl.col("estimated") / pl.col("observed"),
        substituted_kwh=nothing,
        cost=pl.when("is_priced").then("cost"),
        currency=pl.when("is_priced").then("currency"),
        co2_kg=nothing,
        temperature_c=pl.when(pl.col("warm") > 0).then(pl.col("warmth") / pl.col("warm")),
    ).explode("direction")


def main(
    bronze: Annotated[Path, typer.Argument(help="Root of a lake with bronze.")],
    out: Annotated[Path, typer.Argument(help="Folder for silver/ and gold/.")],
) -> None:
    """Make silver and gold from the bronze of a lake."""
    steps = Steps()
    tables = {
        n: pl.scan_parquet(f, hive_partitioning=True) for n, f in bronze_files(bronze).items()
    }

    def write(table: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        file = parquet(out, table)
        rows.sink_parquet(file, compression="zstd", maintain_order=False)
        steps.done(table)
        return pl.scan_parquet(file)

    homes, meters, profiles = registered(tables["registrations"])
    hours = hourly(tables["weather"])
    homes = near(homes, hours.select(POINT).unique())
    prices = priced(tables["spot_prices"])
    values = judged(tables["meter_readings"], meters)
    steps.done("homes, weather, prices, blocks")
    write("silver.quarantine", quarantined(values))
    readings = write("silver.meter_readings", settled(values))
    first, last = (
        readings.select(
            pl.col("local_date").min().alias("first"), pl.col("local_date").max().alias("last")
        )
        .collect()
        .row(0)
    )
    energy = with_consumption(readings, meters)
    context = in_context(energy, homes, hours, prices, by_day(profiles, last))
    energy = parts(write("silver.energy_in_context", context))
    write("gold.energy_quarter_hourly", in_steps(energy, 900))
    write("gold.energy_hourly", in_steps(energy, 3600))
    days = in_days(energy, homes).collect(engine="streaming").lazy()
    midnights = midnights_of(homes["time_zone"].unique(), first, last)
    write("gold.energy_daily", judged_periods(of_local(days, midnights, "1d")))
    write("gold.energy_monthly", judged_periods(of_local(in_months(days), midnights, "1mo")))
    steps.write(out)


if __name__ == "__main__":
    typer.run(main)
