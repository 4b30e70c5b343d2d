"""Contracts -> docs/dictionary.md: every table and column in a customer's words.

``python -m lake.documents.dictionary`` renews it; a test holds the two together, so that a breaking
change of a contract shows in the diff.
"""

from collections.abc import Iterable
from pathlib import Path

from lake.contract import Append, Issue, Keep, Replace, Table, Update, Upsert


def dictionary(tables: Iterable[Table]) -> str:
    """Return the page of all tables."""
    pages = [_page(table) for table in sorted(tables, key=lambda t: t.name)]
    return "\n\n".join(["# Dictionary\n\nMade from the contracts.", *pages]) + "\n"


def _page(table: Table) -> str:
    facts = [
        f"One row is {table.row}.",
        (
            f"Key: {', '.join(table.key)}. {_kept(table.update)} Version {table.version}. "
            f"Kept {table.retention}. Owner: {table.owner}."
        ),
    ]
    if table.partitioned_by:
        facts.append(f"Partitioned by {', '.join(table.partitioned_by)}.")
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for c in table.columns:
        marks = "".join(
            mark
            for mark, holds in (
                (" Never empty.", not c.nullable),
                (f" One of: {', '.join(c.values)}.", bool(c.values)),
                (" Personal.", c.personal),
            )
            if holds
        )
        lines.append(f"| {c.name} | {c.type} | {c.unit} | {c.meaning}{marks} |")
    checks = [f"- {k.name} ({k.severity}): `{k.condition}`" for k in table.checks]
    return "\n\n".join(
        [f"## {table.name}", *facts, "\n".join(lines), *(["\n".join(checks)] if checks else [])]
    )


def _kept(update: Update) -> str:
    match update:
        case Append():
            return "Rows are only added."
        case Upsert(newest_by, revisions, filled):
            kept = f", the ones before it go to {revisions}" if revisions else ""
            left = (
                f"; without a value it leaves the {', '.join(filled)} before it" if filled else ""
            )
            return f"The newest by {', '.join(newest_by)} stands{kept}{left}."
        case Replace(()):
            return "Computed whole; only what differs is written."
        case Replace(slices):
            return f"Computed afresh for each touched {', '.join(slices)}."
        case Keep(slices):
            return f"Computed for each touched {', '.join(slices)}; versions stand side by side."
        case Issue(date):
            return f"Issued at each run; one issue a {date}."


if __name__ == "__main__":
    from lake.catalog import catalog

    Path("docs/dictionary.md").write_text(dictionary(catalog().tables.values()))
