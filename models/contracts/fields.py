"""When something was expected or refused, and by which quantiles: fields that models share."""

from lake.contract import Check, Column

ISSUED_AT = Column(
    name="issued_at", type="timestamp", nullable=False,
    meaning="When it was forecast; nothing known later was used.",
)  # fmt: skip
ISSUED_DATE = Column(
    name="issued_date", type="date", nullable=False, meaning="Day (UTC) of issued_at."
)
QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)


def quantile_column(quantile: float) -> str:
    """Name the column of a quantile: 0.05 is ``p05_kwh``."""
    return f"p{round(quantile * 100):02d}_kwh"


QUANTILE_COLUMNS = tuple(
    Column(name=quantile_column(q), type="double", unit="kWh", nullable=False, minimum=0,
           meaning=f"In {q:.0%} of the cases the energy stays below this.")
    for q in QUANTILES
)  # fmt: skip
QUANTILES_DO_NOT_CROSS = Check(
    name="quantiles_do_not_cross",
    condition="p05_kwh <= p10_kwh AND p10_kwh <= p25_kwh AND p25_kwh <= p50_kwh AND "
    "p50_kwh <= p75_kwh AND p75_kwh <= p90_kwh AND p90_kwh <= p95_kwh",
)
