"""Bronze -> silver and gold as zstd Parquet, in SQL by DuckDB with its default memory and threads.

Only the rules that the benchmark's data exercise: kWh; blocks of one local day; 15, 30 and 60 min,
one resolution a meter; known meters; zones of whole hours. Superseded versions are not kept.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from benchmarks.tables import FIRST_S, KW_PER_S, Steps, bronze_files, parquet
from gold.contracts.degree_days import COOLING, EUROSTAT_COOLING, EUROSTAT_HEATING, HEATING, Rule

# Versions of one row, the newest first.
_NEWEST = "known_at DESC, received_at DESC, source_file DESC, source_line DESC"

_HOMES = f"""
CREATE TABLE said AS
SELECT partner_id, location_id, source_file, source_line, received_at,
       least((document->>'known_at')::TIMESTAMPTZ, received_at) AS known_at,
       from_json(document, '{{"time_zone": "VARCHAR", "price_zone": "VARCHAR",
           "country_code": "VARCHAR",
           "latitude": "DOUBLE", "longitude": "DOUBLE",
           "profile": {{"valid_from": "DATE", "house_type": "VARCHAR", "living_area_m2": "DOUBLE",
               "persons": "INTEGER", "heating_type_primary": "VARCHAR",
               "electric_cars": "INTEGER"}},
           "meters": [{{"meter_id": "VARCHAR", "fuel": "VARCHAR", "direction": "VARCHAR",
               "is_sub_meter": "BOOLEAN", "fuse_ampere": "DOUBLE"}}]}}') AS document
FROM bronze_registrations;

CREATE TABLE locations AS
SELECT partner_id, location_id, document.time_zone, document.price_zone, document.country_code,
       document.latitude,
       document.longitude
FROM said
QUALIFY row_number() OVER (PARTITION BY partner_id, location_id ORDER BY {_NEWEST}) = 1;

CREATE TABLE meters AS
SELECT partner_id, location_id, meter.meter_id, meter.fuel, meter.direction,
       coalesce(meter.is_sub_meter, false) AS is_sub_meter, time_zone,
       CASE WHEN meter.fuel = 'elec' THEN meter.fuse_ampere * 400 * sqrt(3) / 1000 * 1.25 END
           AS fuse_kw
FROM (SELECT * EXCLUDE document, unnest(document.meters) AS meter FROM said)
JOIN locations USING (partner_id, location_id)
QUALIFY row_number() OVER (PARTITION BY partner_id, meter.meter_id ORDER BY {_NEWEST}) = 1;

CREATE TABLE profiles AS
SELECT partner_id, location_id, unnest(document.profile),
       lead(document.profile.valid_from, 1, DATE '9999-12-31') OVER (
           PARTITION BY partner_id, location_id ORDER BY document.profile.valid_from
       ) AS valid_to
FROM (
    FROM said
    QUALIFY row_number() OVER (
        PARTITION BY partner_id, location_id, document.profile.valid_from ORDER BY {_NEWEST}
    ) = 1
);
"""

# Mean of what was observed in the hour, else of the newest forecast, at the nearest point.
_WEATHER = """
CREATE TABLE weather AS
SELECT latitude::DOUBLE AS latitude, longitude::DOUBLE AS longitude,
       observed_at::TIMESTAMPTZ AS observed_at, issued_at, temperature_c::DOUBLE AS temperature_c,
       wind_speed_m_s::DOUBLE AS wind_speed_m_s, irradiance_w_m2::DOUBLE AS irradiance_w_m2
FROM (SELECT * REPLACE (nullif(issued_at, '')::TIMESTAMPTZ AS issued_at) FROM bronze_weather)
QUALIFY row_number() OVER (
    PARTITION BY latitude, longitude, observed_at, issued_at
    ORDER BY coalesce(issued_at, received_at) DESC, received_at DESC, source_line DESC
) = 1;

CREATE TABLE hours AS
SELECT latitude, longitude, epoch(observed_at)::BIGINT // 3600 AS hour,
       avg(temperature_c) AS temperature_c, avg(wind_speed_m_s) AS wind_speed_m_s,
       avg(irradiance_w_m2) AS irradiance_w_m2
FROM weather
GROUP BY latitude, longitude, hour, issued_at
QUALIFY row_number() OVER (
    PARTITION BY latitude, longitude, hour ORDER BY issued_at DESC NULLS FIRST
) = 1;

CREATE TABLE homes AS
WITH distances AS (
    SELECT partner_id, location_id, point.latitude, point.longitude,
           round(2 * 6371.0088 * asin(sqrt(least(1.0,
               sin(radians(point.latitude - home.latitude) / 2) ** 2
               + cos(radians(point.latitude)) * cos(radians(home.latitude))
                 * sin(radians(point.longitude - home.longitude) / 2) ** 2
           ))), 3) AS km
    FROM locations home, (SELECT DISTINCT latitude, longitude FROM hours) point
), nearest AS (
    FROM distances WHERE km <= 150
    QUALIFY row_number() OVER (
        PARTITION BY partner_id, location_id ORDER BY km, latitude, longitude
    ) = 1
)
SELECT partner_id, location_id, time_zone, price_zone, country_code, nearest.latitude,
       nearest.longitude
FROM locations LEFT JOIN nearest USING (partner_id, location_id);
"""

# Prices by quarter of an hour, the finer interval first; a wider cell has the mean of its quarters.
_PRICES = f"""
CREATE TABLE spot_prices AS
SELECT price_zone, starts_at::TIMESTAMPTZ AS starts_at,
       CASE resolution WHEN 'PT15M' THEN 900 WHEN 'PT1H' THEN 3600 END AS seconds,
       price::DOUBLE / CASE split_part(unit, '/', 2) WHEN 'MWh' THEN 1000 WHEN 'kWh' THEN 1 END
           AS price_per_kwh,
       split_part(unit, '/', 1) AS currency
FROM (SELECT * REPLACE (least(known_at::TIMESTAMPTZ, received_at) AS known_at)
      FROM bronze_spot_prices)
QUALIFY row_number() OVER (PARTITION BY price_zone, starts_at, resolution ORDER BY {_NEWEST}) = 1;

CREATE TABLE prices AS
WITH quarters AS (
    SELECT price_zone, start, arg_min(price_per_kwh, seconds) AS price_per_kwh,
           arg_min(currency, seconds) AS currency
    FROM (SELECT *, epoch(starts_at)::BIGINT AS first,
                 unnest(range(first, first + seconds, 900)) AS start FROM spot_prices)
    GROUP BY ALL
)
SELECT price_zone, grid, start // grid AS cell, avg(price_per_kwh) AS price_per_kwh,
       any_value(currency) AS currency
FROM quarters, (VALUES (900), (1800), (3600)) grids(grid)
GROUP BY ALL;
"""

# What is said twice counts once. Only blocks of a meter that start together may repeat a reading.
_BLOCKS = """
CREATE TABLE blocks AS
SELECT partner_id, location_id, meter_id, fuel, direction, is_sub_meter, time_zone,
       coalesce(fuse_kw, 100.0) AS most_kw, epoch(starts_at::TIMESTAMPTZ)::BIGINT AS start,
       CASE resolution WHEN 'PT15M' THEN 900 WHEN 'PT30M' THEN 1800 WHEN 'PT1H' THEN 3600 END
           AS seconds,
       resolution, values::DOUBLE[] AS numbers, quality,
       CASE WHEN quality LIKE '[%' THEN from_json(quality, '["VARCHAR"]') END AS words,
       least(known_at::TIMESTAMPTZ, received_at) AS known_at, received_at, source_file,
       source_line, count(*) OVER (PARTITION BY partner_id, meter_id, start) > 1 AS is_contested,
       timezone(time_zone, to_timestamp(start))::DATE AS local_date
FROM (
    FROM bronze_meter_readings
    QUALIFY row_number() OVER (
        PARTITION BY partner_id, meter_id, starts_at, resolution, values, quality, known_at
        ORDER BY received_at, source_file, source_line
    ) = 1
) JOIN meters USING (partner_id, meter_id);

CREATE VIEW judged AS
WITH unfolded AS (
    SELECT * EXCLUDE (numbers, words, start), unnest(numbers) AS energy_kwh, unnest(words) AS word,
           unnest(range(len(numbers))) AS position, start + position * seconds AS start
    FROM blocks
)
SELECT partner_id, location_id, meter_id, fuel, direction, is_sub_meter,
       to_timestamp(start) AS starts_at, to_timestamp(start + seconds) AS ends_at, resolution,
       local_date, energy_kwh, NULL::DOUBLE AS volume_m3,
       CASE WHEN coalesce(word, quality) = 'estimated' THEN 'estimated' ELSE 'measured' END
           AS quality,
       known_at, source_file, source_line, received_at, position, is_contested,
       CASE WHEN NOT isfinite(energy_kwh) THEN 'not_a_number'
            WHEN energy_kwh < 0 THEN 'negative'
            WHEN energy_kwh * 3600 / seconds > most_kw THEN 'more_than_the_fuse' END AS reason
FROM unfolded WHERE energy_kwh IS NOT NULL;
"""

_QUARANTINE = """
SELECT 'silver.meter_readings' AS table_name, partner_id, meter_id AS entity_id, position,
       [reason] AS reasons, energy_kwh AS value, source_file, source_line, received_at
FROM judged WHERE reason IS NOT NULL
"""

_METER_READINGS = f"""
WITH good AS NOT MATERIALIZED (
    SELECT * EXCLUDE (position, reason), strftime(local_date, '%Y-%m') AS local_month
    FROM judged WHERE reason IS NULL
)
SELECT * EXCLUDE is_contested FROM good WHERE NOT is_contested
UNION ALL BY NAME
SELECT * EXCLUDE is_contested FROM good WHERE is_contested
QUALIFY row_number() OVER (
    PARTITION BY partner_id, meter_id, direction, starts_at, ends_at ORDER BY {_NEWEST}
) = 1
"""

# Where import is the only meter of a fuel it says that it is consumption too; else that is import
# + production - export, which is null, so left out, where a part is missing or not metered.
_ENERGY_IN_CONTEXT = """
WITH ways AS (
    SELECT partner_id, location_id, fuel, count(*) AS meters,
           list_contains(list(direction), 'production') AS has_production,
           list_contains(list(direction), 'export') AS has_export
    FROM meters WHERE NOT is_sub_meter GROUP BY ALL
), metered AS NOT MATERIALIZED (
    SELECT partner_id, location_id, fuel, direction, starts_at, ends_at, resolution, local_date,
           local_month, energy_kwh, quality, known_at, meters, has_production, has_export
    FROM silver_meter_readings JOIN ways USING (partner_id, location_id, fuel)
    WHERE NOT is_sub_meter
), metered_so AS (
    SELECT * EXCLUDE (direction, energy_kwh, meters, has_production, has_export),
           CASE direction WHEN 'import' THEN energy_kwh END AS import,
           CASE direction WHEN 'export' THEN energy_kwh END AS export,
           CASE direction WHEN 'production' THEN energy_kwh END AS production,
           meters = 1 AND direction = 'import' AS is_consumption
    FROM metered
), balanced AS (
    SELECT partner_id, location_id, fuel, starts_at, ends_at, any_value(resolution) AS resolution,
           any_value(local_date) AS local_date, any_value(local_month) AS local_month,
           min(quality) AS quality, max(known_at) AS known_at,
           sum(energy_kwh) FILTER (direction = 'import')
               + CASE WHEN has_production
                      THEN sum(energy_kwh) FILTER (direction = 'production') ELSE 0 END
               - CASE WHEN has_export
                      THEN sum(energy_kwh) FILTER (direction = 'export') ELSE 0 END AS balance,
           CASE WHEN balance < 0 THEN 0 ELSE balance END AS consumption, false AS is_consumption
    FROM metered WHERE meters > 1 AND (has_production OR NOT has_export)
    GROUP BY partner_id, location_id, fuel, starts_at, ends_at, has_production, has_export
), energy AS (
    SELECT *, epoch(starts_at)::BIGINT AS start, epoch(ends_at)::BIGINT - start AS seconds,
           CASE WHEN start % 900 + seconds <= 900 THEN 900
                WHEN start % 1800 + seconds <= 1800 THEN 1800
                WHEN start % 3600 + seconds <= 3600 THEN 3600 END AS width
    FROM (FROM metered_so UNION ALL BY NAME SELECT * EXCLUDE balance FROM balanced)
), in_context AS (
    SELECT energy.* EXCLUDE (start, seconds, width), time_zone, price_per_kwh, currency,
           temperature_c, wind_speed_m_s, irradiance_w_m2, house_type, living_area_m2, persons,
           heating_type_primary, electric_cars
    FROM energy
    JOIN homes USING (partner_id, location_id)
    LEFT JOIN hours
        ON hours.latitude = homes.latitude AND hours.longitude = homes.longitude
        AND hour = start // 3600
    LEFT JOIN prices
        ON prices.price_zone = homes.price_zone AND grid = width AND cell = start // width
    LEFT JOIN profiles
        ON profiles.partner_id = energy.partner_id AND profiles.location_id = energy.location_id
        AND local_date >= valid_from AND local_date < valid_to
)
SELECT *, direction = 'consumption' AS is_derived
FROM in_context
UNPIVOT (energy_kwh FOR direction IN (import, export, production, consumption))
"""

# What adds up, an interval a row.
_PARTS = """
CREATE VIEW parts AS
SELECT *, epoch(starts_at)::BIGINT AS start, epoch(ends_at)::BIGINT - start AS seconds,
       energy_kwh * 3600 / seconds AS kw
FROM silver_energy_in_context
"""
_SERIES = "partner_id, location_id, fuel, direction, local_date, local_month, time_zone"


def _first_peak(power: str, at: str) -> str:
    return f"arg_max({at}, {power} - ({at} - {FIRST_S}) * {KW_PER_S})"


_ADDED_UP = f"""
       sum(energy_kwh) AS energy_kwh, min(seconds) AS seconds, sum(seconds)::BIGINT AS observed,
       coalesce(sum(seconds) FILTER (quality = 'estimated'), 0)::BIGINT AS estimated,
       sum(energy_kwh * price_per_kwh) AS cost, bool_and(price_per_kwh IS NOT NULL) AS is_priced,
       max(currency) AS currency, max(kw) AS peak_kw,
       {_first_peak("kw", "start")} AS peak_at,
       sum(temperature_c * seconds) AS warmth,
       (sum(seconds) FILTER (temperature_c IS NOT NULL))::BIGINT AS warm, max(known_at) AS known_at,
       bool_or(is_consumption) AS is_consumption
"""


def _by_country(rules: Mapping[str, Rule], other: Rule, part: int) -> str:
    """Return the SQL of a country's limit (0) or base (1)."""
    cases = " ".join(f"WHEN '{code}' THEN {rule[part]!r}" for code, rule in rules.items())
    return f"CASE country_code {cases} ELSE {other[part]!r} END"


_HEATING = [_by_country(HEATING, EUROSTAT_HEATING, part) for part in (0, 1)]
_COOLING = [_by_country(COOLING, EUROSTAT_COOLING, part) for part in (0, 1)]
_DAYS = f"""
CREATE TABLE days AS
SELECT * EXCLUDE (country_code, mean),
       CASE WHEN mean <= {_HEATING[0]} THEN {_HEATING[1]} - mean
            WHEN mean IS NOT NULL THEN 0 END AS degree_days,
       CASE WHEN mean >= {_COOLING[0]} THEN mean - {_COOLING[1]}
            WHEN mean IS NOT NULL THEN 0 END AS cooling_degree_days
FROM (SELECT {_SERIES}, {_ADDED_UP}, warmth / warm AS mean FROM parts GROUP BY ALL)
JOIN (SELECT partner_id, location_id, country_code FROM homes) USING (partner_id, location_id)
"""
_MONTHS = f"""
SELECT partner_id, location_id, fuel, direction, date_trunc('month', local_date) AS local_date,
       local_month, time_zone, sum(energy_kwh) AS energy_kwh, min(seconds) AS seconds,
       sum(observed)::BIGINT AS observed, sum(estimated)::BIGINT AS estimated, sum(cost) AS cost,
       bool_and(is_priced) AS is_priced, max(currency) AS currency, max(peak_kw) AS peak_kw,
       {_first_peak("peak_kw", "peak_at")} AS peak_at,
       sum(warmth) AS warmth, sum(warm)::BIGINT AS warm, max(known_at) AS known_at,
       sum(degree_days) AS degree_days, sum(cooling_degree_days) AS cooling_degree_days,
       bool_or(is_consumption) AS is_consumption
FROM days GROUP BY ALL
"""


def in_steps(seconds: int) -> str:
    """Return the SQL of energy by steps of the clock."""
    sums = f"""
        SELECT {_SERIES}, start // {seconds} AS step, NULL::DOUBLE AS degree_days,
               NULL::DOUBLE AS cooling_degree_days,
               {_ADDED_UP}
        FROM parts WHERE start % {seconds} + seconds <= {seconds} GROUP BY ALL
    """
    start = f"to_timestamp(step * {seconds})"
    return judged(sums, start=start, end=f"{start} + INTERVAL {seconds} SECONDS")


def midnight(later: str = "INTERVAL 0 DAY") -> str:
    """Return the SQL of the instant at which a local day begins, or one so much later."""
    return f"timezone(time_zone, local_date + {later})"


def judged(sums: str, *, start: str, end: str) -> str:
    """Return the SQL that turns sums of periods into the columns of gold."""
    return f"""
        SELECT partner_id, location_id, fuel,
               unnest(CASE WHEN is_consumption THEN ['import', 'consumption'] ELSE [direction] END)
                   AS direction,
               {start} AS starts_at, {end} AS ends_at,
               local_date, energy_kwh,
               round((epoch(ends_at) - epoch(starts_at)) / seconds)::INTEGER AS expected_intervals,
               least(observed // seconds, expected_intervals)::INTEGER AS observed_intervals,
               estimated / observed AS estimated_share, NULL::DOUBLE AS substituted_kwh,
               CASE WHEN is_priced THEN cost END AS cost,
               CASE WHEN is_priced THEN currency END AS currency, NULL::DOUBLE AS co2_kg, peak_kw,
               to_timestamp(peak_at) AS peak_at, warmth / warm AS temperature_c,
               degree_days, cooling_degree_days, local_month, known_at
        FROM ({sums})
    """


def main(
    bronze: Annotated[Path, typer.Argument(help="Root of a lake with bronze.")],
    out: Annotated[Path, typer.Argument(help="Folder for silver/ and gold/.")],
) -> None:
    """Make silver and gold from the bronze of a lake."""
    steps = Steps()
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    db.execute("SET enable_progress_bar = false")
    for noun, files in bronze_files(bronze).items():
        db.read_parquet(files, hive_partitioning=True).create_view(f"bronze_{noun}")

    def write(table: str, query: str) -> None:
        file = parquet(out, table)
        db.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        db.read_parquet(str(file)).create_view(table.replace(".", "_"))
        steps.done(table)

    db.execute(_HOMES + _WEATHER + _PRICES + _BLOCKS)
    steps.done("homes, weather, prices, blocks")
    write("silver.quarantine", _QUARANTINE)
    write("silver.meter_readings", _METER_READINGS)
    write("silver.energy_in_context", _ENERGY_IN_CONTEXT)
    db.execute(_PARTS)
    write("gold.energy_quarter_hourly", in_steps(900))
    write("gold.energy_hourly", in_steps(3600))
    db.execute(_DAYS)
    write(
        "gold.energy_daily", judged("FROM days", start=midnight(), end=midnight("INTERVAL 1 DAY"))
    )
    write(
        "gold.energy_monthly", judged(_MONTHS, start=midnight(), end=midnight("INTERVAL 1 MONTH"))
    )
    steps.write(out)


if __name__ == "__main__":
    typer.run(main)
