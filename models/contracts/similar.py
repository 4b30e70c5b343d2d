"""What a comparison with similar homes promises: a group that tells of no home."""

from bronze.contracts import PARTNER_ID
from gold.contracts import COMPARABLE, LARGEST_SHARE, SMALLEST_GROUP
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import FUEL, LOCAL_DATE, LOCAL_MONTH, LOCATION_ID

DECILES = (10, 20, 30, 40, 50, 60, 70, 80, 90)
# From so many homes on no tenth of them is a single one, and the best fifth is four.
DECILES_FROM = 2 * SMALLEST_GROUP
LARGEST_GROUP = 100
# Other homes of a match that is not widened further: the nearest 20 of 40 have deciles.
ENOUGH = DECILES_FROM**2 // SMALLEST_GROUP
# What homes are matched on, the first ones always; the last is left out first, until there are
# ENOUGH. A home of which the area or the climate is not known is not matched on it.
ALWAYS_MATCHED = ("country_code", "heating_type_primary")
WIDENED = ("house_type", "electric_cars", "pv", "climate", "living_area")


def decile_column(decile: int) -> str:
    """Name the column of a decile: 10 is ``p10_kwh``."""
    return f"p{decile}_kwh"


_DECILES = tuple(
    Column(name=decile_column(d), type="double", unit="kWh", minimum=0, nullable=d != 50,
           meaning=f"{d} % of the group use less"
                   + ("." if d == 50 else f"; empty below {DECILES_FROM} homes."))
    for d in DECILES
)  # fmt: skip
_ABOVE = " + ".join(f"CAST(own_kwh > {decile_column(d)} AS INT)" for d in DECILES)
SIMILAR_HOMES = Table(
    name="models.similar_homes",
    row=f"how the use of one location compares with {SMALLEST_GROUP} or more homes like it, of the "
        "same partner, in one local month or the year that ends with it",
    columns=columns(
        PARTNER_ID,
        LOCATION_ID,
        FUEL,
        Column(name="period", type="string", nullable=False, values=("P1M", "P1Y"),
               meaning="P1M: the month; P1Y: the twelve months that end with it."),
        LOCAL_DATE.meaning_here("First day of the month."),
        LOCAL_MONTH,
        Column(name="filters", type="string", nullable=False,
               meaning="What the homes of the group have in common with this one, by commas."),
        Column(name="contributors", type="int", nullable=False, minimum=SMALLEST_GROUP,
               maximum=LARGEST_GROUP,
               meaning="Homes of the group, this one not among them; none is over "
                       f"{LARGEST_SHARE:.0%} of their energy."),
        Column(name="mean_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Mean consumption of the group."),
        _DECILES,
        Column(name="efficient_kwh", type="double", unit="kWh", minimum=0,
               meaning="Mean of the fifth of the group that uses least; empty below "
                       f"{DECILES_FROM} homes."),
        Column(name="own_kwh", type="double", unit="kWh", nullable=False, minimum=0,
               meaning="Consumption of this home, scaled up to the whole period: the gaps of a "
                       "month count as the mean of its rest. What was metered in a month is this "
                       "times its completeness."),
        Column(name="own_decile", type="int", nullable=False, minimum=1, maximum=10,
               meaning="One more than the deciles of the group that this home uses more than: 1: "
                       "at most the first, 10: more than the ninth. So also of a small group, "
                       "of which the median alone is told."),
        Column(name="completeness", type="double", unit="share", nullable=False,
               minimum=COMPARABLE, maximum=1,
               meaning="Observed over expected intervals of this home."),
    ),
    key=("partner_id", "location_id", "fuel", "period", "local_month"),
    update=Replace(slices=("partner_id", "local_month")),
    version=2,
    sorted_by=("partner_id", "location_id", "fuel", "period", "local_month"),
    checks=(
        Check(name="deciles_do_not_cross",
              condition="p10_kwh <= p20_kwh AND p20_kwh <= p30_kwh AND p30_kwh <= p40_kwh AND "
                        "p40_kwh <= p50_kwh AND p50_kwh <= p60_kwh AND p60_kwh <= p70_kwh AND "
                        "p70_kwh <= p80_kwh AND p80_kwh <= p90_kwh"),
        Check(name="small_groups_have_no_deciles",
              condition=f"contributors >= {DECILES_FROM} OR "
                        "coalesce(p10_kwh, p90_kwh, efficient_kwh) IS NULL"),
        Check(name="own_decile_counts_the_deciles_below",
              condition="CASE WHEN p10_kwh IS NULL THEN (own_decile > 5) = (own_kwh > p50_kwh) "
                        f"ELSE own_decile = 1 + {_ABOVE} END"),
    ),
)  # fmt: skip
