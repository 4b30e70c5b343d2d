"""What one run of a table did."""

from dataclasses import dataclass, field
from datetime import datetime

from lake.hops.writing import Written


@dataclass(frozen=True)
class Report:
    """Rows and seconds of one run; ``note`` says why there was nothing to do.

    ``alert`` is what somebody has to see; ``oldest`` when the oldest row that came in arrived.
    """

    table: str
    seconds: float
    written: Written = field(default_factory=Written)
    quarantined: int = 0
    rejected: int = 0
    note: str = ""
    alert: str = ""
    oldest: datetime | None = None
