"""What quality.results promises: one row a rule and run of a check."""

from lake.contract import Append, Column, Table

WHOLE_ROW = "-"
RESULTS = Table(
    name="quality.results",
    row="what one check found of one rule of a table, over the rows that had changed",
    columns=(
        Column(name="table_name", type="string", nullable=False, meaning="The table."),
        Column(name="rule", type="string", nullable=False,
               meaning="The rule: not_null, allowed_value, within_bounds, key_is_unique, or a "
                       "check of the table's contract."),
        Column(name="column_name", type="string", nullable=False,
               meaning="The column that the rule is about; - for a rule about whole rows."),
        Column(name="severity", type="string", nullable=False, values=("error", "warning"),
               meaning="An error fails the task, a warning is counted."),
        Column(name="outcome", type="string", nullable=False,
               values=("passed", "failed", "not_judged"),
               meaning="Not judged: the rule itself could not be carried out."),
        Column(name="rows_failed", type="bigint", minimum=0,
               meaning="Rows that break the rule; empty where it was not judged."),
        Column(name="rows_checked", type="bigint", nullable=False, minimum=0,
               meaning="Rows that were looked at: those that had changed."),
        Column(name="table_version", type="bigint", nullable=False,
               meaning="Version of the table that was looked at."),
        Column(name="checked_at", type="timestamp", nullable=False, meaning="Clock of the run."),
        Column(name="checked_date", type="date", nullable=False,
               meaning="Day (UTC) of checked_at."),
        Column(name="recorded_at", type="timestamp", nullable=False, volatile=True,
               meaning="When it was written down."),
    ),
    key=("table_name", "rule", "column_name", "table_version", "recorded_at"),
    update=Append(),
    written_with=("lake check",),
)  # fmt: skip
