"""The logs of a lake's tables -> what a run cost: rows written, rows changed, files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from lake.catalog import catalog


@dataclass(frozen=True)
class Cost:
    """What a step cost: seconds without the start of Spark; rows written and changed; files."""

    seconds: float
    rows_written: int
    rows_changed: int
    files: int

    @property
    def rows_a_change(self) -> float:
        """Rows written per row that changed; those of a compaction, which has none, left out."""
        return self.rows_written / self.rows_changed if self.rows_changed else 0.0


def versions(root: Path) -> dict[str, int]:
    """Return the version of each table of silver and gold that is there."""
    return {name: DeltaTable(path).version() for name, path in _tables(root)}


def cost(root: Path, seconds: float, *, since: Mapping[str, int]) -> Cost:
    """Add up what the logs say of the commits after some versions."""
    written = changed = files = 0
    for name, path in _tables(root):
        table = DeltaTable(path)
        files += len(table.file_uris())
        for commit in table.history():
            if commit["version"] <= since.get(name, -1):
                continue
            said = {k: int(v) for k, v in (commit.get("operationMetrics") or {}).items()
                    if str(v).isdigit()}  # fmt: skip
            if commit["operation"] == "WRITE":
                written += said.get("numOutputRows", 0)
                changed += said.get("numOutputRows", 0)
            elif commit["operation"] == "MERGE":
                put = said["numTargetRowsInserted"] + said["numTargetRowsUpdated"]
                written += put + said["numTargetRowsCopied"]
                changed += put + said["numTargetRowsDeleted"]
    return Cost(seconds, written, changed, files)


def _tables(root: Path) -> Iterator[tuple[str, str]]:
    for table in catalog().tables.values():
        path = f"{root}/{table.path}"
        if table.layer in ("silver", "gold") and DeltaTable.is_deltatable(path):
            yield table.name, path
