"""When a feature is of: the field that every feature table has beside known_at."""

from lake.contract import Column

FEATURE_AT = Column(
    name="feature_at", type="timestamp", nullable=False,
    meaning="Event time: when what the features look at is over.",
)  # fmt: skip
