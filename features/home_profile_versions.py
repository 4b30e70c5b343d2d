"""silver.home_profiles -> features.home_profile_versions: who lives there, as known then."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import HOME_PROFILE_VERSIONS


def home_profile_versions(home_profiles: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a version of a profile; it holds from local midnight of ``valid_from`` on."""
    zones = locations.select("partner_id", "location_id", "time_zone")
    begins = F.to_utc_timestamp(F.col("valid_from").cast("timestamp"), F.col("time_zone"))
    return (
        home_profiles.join(zones, ["partner_id", "location_id"])
        .withColumn("feature_at", begins)
        .select(*HOME_PROFILE_VERSIONS.names)
    )
