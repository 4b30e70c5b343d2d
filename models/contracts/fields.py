"""When something was expected or refused: fields of every table of models."""

from lake.contract import Column

ISSUED_AT = Column(
    name="issued_at", type="timestamp", nullable=False,
    meaning="When it was forecast; nothing known later was used.",
)  # fmt: skip
ISSUED_DATE = Column(
    name="issued_date", type="date", nullable=False, meaning="Day (UTC) of issued_at."
)
