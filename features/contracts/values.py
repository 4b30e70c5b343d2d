"""What the distribution of features promises: how many rows had about which value, by day."""

from bronze.contracts import PARTNER_ID
from lake.contract import Column, Replace, Table, columns
from lake.feature_store.bins import BINS_AN_OCTAVE
from silver.contracts import LOCAL_DATE

FEATURE_VALUES_DAILY = Table(
    name="features.feature_values_daily",
    row="how often a feature of a partner's homes had about one value on one local day",
    columns=columns(
        PARTNER_ID.meaning_here("The partner; empty text: of weather or prices, nobody's."),
        Column(name="table_name", type="string", nullable=False, meaning="The feature table."),
        Column(name="feature", type="string", nullable=False, meaning="Its column."),
        LOCAL_DATE.meaning_here(
            "The last local day that the features look at; of a month its first."
        ),
        Column(name="bin", type="int",
               meaning=f"Which value, {BINS_AN_OCTAVE} bins to a doubling "
                       "(lake/feature_store/bins.py); 0 is zero, below it are negative values; "
                       "empty: it was unknown."),
        Column(name="rows", type="bigint", nullable=False, minimum=1,
               meaning="Rows with such a value, each in the version known last."),
        Column(name="total", type="double",
               meaning="Sum of these values, in the feature's own unit."),
    ),
    key=("partner_id", "table_name", "feature", "local_date", "bin"),
    update=Replace(slices=("partner_id", "local_date")),
    sorted_by=("partner_id", "table_name", "feature", "local_date"),
)  # fmt: skip
