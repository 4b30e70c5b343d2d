"""What gold promises of all homes of a partner together, where no home can be told from them."""

from bronze.contracts import PARTNER_ID
from lake.contract import Check, Column, Replace, Table, columns
from silver.contracts import CURRENCY, DIRECTION, FUEL, LOCAL_DATE, LOCAL_MONTH

# The smallest group of homes whose figures are published, and the most that one home may make up.
SMALLEST_GROUP = 10
LARGEST_SHARE = 0.2
# A month is compared with the one a year before where both are this complete.
COMPARABLE = 0.9
SEGMENT_KINDS = (
    "all", "country", "price_zone", "house_type", "heating_type_primary", "living_area",
)  # fmt: skip
# Name, from and below, in m².
LIVING_AREA_CLASSES = (
    ("under 60 m²", 0, 60),
    ("60 to 89 m²", 60, 90),
    ("90 to 119 m²", 90, 120),
    ("120 to 159 m²", 120, 160),
    ("160 m² or more", 160, 1_000_000),
)


def _of_a_home(statistic: str, meaning: str) -> Column:
    return Column(name=f"{statistic}_kwh", type="double", unit="kWh", meaning=meaning)


PORTFOLIO_MONTHLY = Table(
    name="gold.portfolio_monthly",
    row=f"the energy of one segment of a partner's homes in one local month; withheld where it has "
        f"fewer than {SMALLEST_GROUP} homes, one home is over {LARGEST_SHARE:.0%} of it, or it "
        "would tell a withheld one by subtraction",
    columns=columns(
        PARTNER_ID,
        Column(name="segment_kind", type="string", nullable=False, values=SEGMENT_KINDS,
               meaning="By what the homes are divided."),
        Column(name="segment", type="string", nullable=False,
               meaning="Which homes: the country, country/zone, house type, heating or class of "
                       f"living area ({', '.join(name for name, _, _ in LIVING_AREA_CLASSES)}), "
                       "as it was at the month's end; unknown: not registered."),
        FUEL,
        DIRECTION,
        LOCAL_DATE.meaning_here("First day of the month."),
        LOCAL_MONTH,
        Column(name="is_withheld", type="boolean", nullable=False,
               meaning="The figures are empty, to keep single homes private."),
        Column(name="withheld_because", type="string", meaning="Why it is withheld.",
               values=("too_few_homes", "too_dominant", "complement")),
        Column(name="homes", type="bigint", minimum=SMALLEST_GROUP,
               meaning="Homes with a reading of this fuel and direction in the month."),
        Column(name="energy_kwh", type="double", unit="kWh",
               meaning="Energy of all of them as reported, gaps left out."),
        _of_a_home("mean", "Mean energy of a home."),
        _of_a_home("p25", "A quarter of the homes have less."),
        _of_a_home("p50", "Half of the homes have less (median)."),
        _of_a_home("p75", "Three quarters of the homes have less."),
        Column(name="completeness", type="double", unit="share", minimum=0, maximum=1,
               meaning="Mean over the homes of observed over expected intervals."),
        Column(name="cost", type="double", unit="currency",
               meaning="Energy times spot price; empty where a price of any home is missing, or "
                       "currencies differ."),
        CURRENCY,
        Column(name="co2_kg", type="double", unit="kg",
               meaning="Emissions; empty where the intensity is not known for every home."),
        Column(name="change_share", type="double", unit="share",
               meaning="Change of the mean a home against the same month a year before (-0.1: a "
                       "tenth less), whichever homes there were then; empty where either month is "
                       f"withheld or less than {COMPARABLE:.0%} complete."),
    ),
    key=("partner_id", "segment_kind", "segment", "fuel", "direction", "local_month"),
    update=Replace(slices=("partner_id", "local_month")),
    sorted_by=("partner_id", "segment_kind", "segment", "local_month"),
    checks=(
        Check(name="withheld_rows_say_nothing",
              condition="NOT is_withheld OR coalesce(homes, energy_kwh, mean_kwh, p25_kwh, "
                        "p50_kwh, p75_kwh, completeness, cost, co2_kg, change_share) IS NULL"),
        Check(name="published_rows_have_homes", condition="is_withheld OR homes IS NOT NULL"),
    ),
)  # fmt: skip
