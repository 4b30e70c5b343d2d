"""What one run of a table did."""

from dataclasses import dataclass, field

from lake.writing import Written


@dataclass(frozen=True)
class Report:
    """Rows and seconds of one run; ``note`` says why there was nothing to do."""

    table: str
    seconds: float
    written: Written = field(default_factory=Written)
    quarantined: int = 0
    rejected: int = 0
    note: str = ""
