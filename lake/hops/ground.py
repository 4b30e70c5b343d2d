"""What a hop stands on: the tables of a lake at a clock, in a session for many rows or for few."""

from datetime import datetime
from typing import Protocol

from lake.catalog import Catalog
from lake.store import Store


class Ground(Protocol):
    """What a hop takes of its runner."""

    store: Store
    catalog: Catalog
    clock: datetime

    @property
    def store_of_few(self) -> Store:
        """The same tables in a session for few rows."""
        ...
