"""landing/registrations -> bronze.registrations: a document a location, as sent."""

from dataclasses import replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bronze import drift
from bronze.contracts import REGISTRATIONS
from bronze.drift import RESCUED, SAID
from bronze.sources import REGISTRATIONS as SOURCE
from lake.ingestion.arriving import REASON

_READ = ("location_id", "schema_version")
_JSON = ", ".join(f"{name} STRING" for name in (*_READ, "_broken"))
_LOCATION = replace(SOURCE, fields=(SOURCE["location_id"],))
_METER = tuple(field.name for field in SOURCE["meters"].of)


def registrations(landing_registrations: DataFrame) -> DataFrame:
    """Return a row a line of NDJSON; only that it names a location, and kinds, are looked at."""
    document = F.from_json("line", _JSON, {"columnNameOfCorruptRecord": "_broken"})
    location_id = F.col("location_id")
    return (
        landing_registrations.withColumn("_json", document)
        .withColumns({name: F.col(f"_json.{name}") for name in _READ})
        .withColumn("document", F.col("line"))
        .transform(drift.with_said, F.from_json("line", "map<string,variant>"))
        .withColumn(RESCUED, unknown())
        .withColumn(
            REASON,
            F.coalesce(
                drift.broken("_json"),
                F.when(location_id.isNull(), "location_id is missing"),
                drift.retyped(_LOCATION),
                drift.not_of("meters", "a list"),
                drift.not_of("profile", "an object"),
            ),
        )
        .select(*REGISTRATIONS.names, REASON, "line")
    )


def unknown() -> Column:
    """Return what a document says beyond the contract; of a meter's fields as ``meters.<name>``.

    The profile is free: whatever a home is asked for may stand in it.
    """
    meters = F.array_compact(F.from_json("line", "meters ARRAY<MAP<STRING, VARIANT>>")["meters"])
    names = F.array_except(
        F.array_distinct(F.flatten(F.transform(meters, F.map_keys))), F.array(*map(F.lit, _METER))
    )
    of_meters = F.transform(
        names,
        lambda name: F.struct(
            F.concat(F.lit("meters."), name),
            F.try_element_at(
                F.get(F.filter(meters, lambda meter: F.map_contains_key(meter, name)), F.lit(0)),
                name,
            ),
        ),
    )
    of_home = F.map_filter(F.col(SAID), lambda name, _: ~name.isin(*SOURCE.names))
    return drift.as_rescued(F.to_json(of_home), F.to_json(F.map_from_entries(of_meters)))
