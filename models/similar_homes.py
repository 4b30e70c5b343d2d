"""features.home_signatures + profiles -> models.similar_homes: how a home compares with its like.

Homes are grouped by match cell first (models.similar.cells); large cells are cut into blocks of
homes of like size, and only within a block all pairs are looked at (similar/neighbours.py). So time
grows with the homes, not with their square: 1 M homes are some 500 blocks of 2,000 a month, fuel
and period. A partner is in every cell, so nobody is compared with another partner's homes.
"""

import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from models.contracts import SIMILAR_HOMES
from models.similar.cells import CELL, MATCHED_ON, candidates, matched
from models.similar.changed import said_anew
from models.similar.neighbours import COMPARED, PROFILE, SHAPE, compared
from silver.contracts import HOME

# 3: what cannot be true of a home is not known of it.
RULE_VERSION = 3
_BLOCK = 2_000
_INPUTS = ("location_id", "energy_kwh", "own_share", "is_asking", *PROFILE, *SHAPE)
_RESULT = ", ".join(
    [f"{name} string" for name in (*CELL, "location_id")]
    + ["own_kwh double", "completeness double"]
    + [f"{n} {'int' if n in ('contributors', 'own_decile') else 'double'}" for n in COMPARED]
)


def similar_homes(
    home_signatures: DataFrame, home_profiles: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a home, fuel, month and period (kWh) whose group may be told.

    Why others have none says models.insight_refusals.
    """
    blocks = in_blocks(matched(candidates(home_signatures, home_profiles, locations)))
    return (
        blocks.groupBy(*CELL, "_block")
        .applyInPandas(_compared, _RESULT)
        .withColumns(
            {n: F.nanvl(n, F.lit(None).cast("double")) for n in COMPARED if n.endswith("_kwh")}
        )
        .withColumn("local_date", F.concat("local_month", F.lit("-01")).cast("date"))
        .select(*SIMILAR_HOMES.names)
    )


def touched_by_home_profiles(changes: DataFrame, home_signatures: DataFrame) -> DataFrame:
    """Return all months of the homes whose profile is another, for all homes of their partner."""
    columns = ["valid_to", *MATCHED_ON]
    return _months_of(
        said_anew(changes, key=[*HOME, "valid_from"], columns=columns), home_signatures
    )


def touched_by_locations(changes: DataFrame, home_signatures: DataFrame) -> DataFrame:
    """Return all months of the homes that came, were deleted, or are in another country."""
    columns = ["country_code", "deleted_at"]
    return _months_of(said_anew(changes, key=HOME, columns=columns), home_signatures)


def _months_of(homes: DataFrame, home_signatures: DataFrame) -> DataFrame:
    months = home_signatures.join(homes.select(*HOME), on=HOME, how="left_semi")
    return months.select("partner_id", "local_month").distinct()


def in_blocks(cells: DataFrame) -> DataFrame:
    """Cut cells into blocks of like size, so that those near in area and people stay together.

    In no order that a partner could choose: what is equal goes by a hash.
    """
    in_cell = Window.partitionBy(*CELL)
    ordered = in_cell.orderBy(
        F.col("living_area_m2").isNull(), "living_area_m2", "persons", F.xxhash64(*HOME), *HOME
    )
    blocks = F.ceil(F.count(F.lit(1)).over(in_cell) / _BLOCK)
    place = F.row_number().over(ordered) - 1
    block = F.floor(place * blocks / F.count(F.lit(1)).over(in_cell))
    return cells.withColumn("_place", place).withColumn("_block", block).select(
        *CELL, "_block", "_place", "location_id",
        F.col("energy").alias("energy_kwh"),
        F.col("share_observed").alias("own_share"),
        "is_asking",
        F.col("degree_days_a_day").alias("degree_days"),
        *(F.col(name).cast("double") for name in (*PROFILE, *SHAPE) if name != "degree_days"),
    )  # fmt: skip


def _compared(homes: pd.DataFrame) -> pd.DataFrame:
    """Compare the homes of one block; at most 2,000, whatever the number of homes."""
    homes = homes.sort_values("_place", ignore_index=True)
    rows = compared(homes[list(_INPUTS)])
    own = homes.set_index("location_id").loc[rows["location_id"]]
    rows["own_kwh"] = own["energy_kwh"].to_numpy()
    rows["completeness"] = own["own_share"].to_numpy()
    for name in CELL:
        rows[name] = homes[name].iloc[0]
    return rows[[*CELL, "location_id", "own_kwh", "completeness", *COMPARED]]
