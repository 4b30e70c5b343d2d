"""`lake features`: the feature tables, and what is in one of them. Nothing here starts Spark."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from lake.settings import Settings
from lake.terminal import Form

if TYPE_CHECKING:
    from arro3.core import Table as Arrow

    from lake.feature_store.tables import FeatureTable
    from lake.reading import Reader

_VALUES = "feature_values_daily"


def features(
    table: Annotated[str, typer.Argument(help="One of them, to see each feature.")] = "",
    day: Annotated[str, typer.Option(help="Its values on this local day; else the newest.")] = "",
    partner: Annotated[str, typer.Option(help="Only this partner's homes.")] = "",
    form: Form = "table",
) -> None:
    """List the feature tables: version, owner, freshness, drift; or the features of one.

    Example: lake features features.hourly_load_profile --day 2018-03-01
    """
    from lake.catalog import catalog
    from lake.feature_store.tables import DECLARED, feature_table, full_name, stored, user_tables
    from lake.reading import Reader
    from lake.rows_as_text import show

    settings, every = Settings(), catalog()
    declared = [feature_table(t) for t in every.tables.values() if t.layer == DECLARED]
    users = [stored(settings, name) for name in user_tables(settings)]
    found = [t for t in (*declared, *users) if t is not None and t.known]
    reader = Reader(settings, every.tables | {t.name: t.table for t in found})
    values = every.resolve(_VALUES, seen_from=DECLARED)
    if not table:
        typer.echo(show(listed(reader, found, values, partner=partner), form))
        return
    wanted = full_name(table)
    one = next((t for t in found if t.name == wanted), None)
    if one is None:
        # With its cure, as for any other name.
        _ = every[wanted]
        return
    typer.echo(show(described(reader, one, values, day=day, partner=partner), form))


def listed(
    reader: "Reader", tables: "list[FeatureTable]", values: str, *, partner: str = ""
) -> "Arrow":
    """Return a row a feature table: how new it is, and which of its features drifts most.

    Of a ``partner`` where one is named; what is no partner's is told to each.
    """
    from lake.feature_store.statistics import statistics
    from lake.sql_values import literal

    rows: list[dict[str, object]] = []
    for one in tables:
        event = one.timeseries_column or one.known[0]
        is_cut = partner and "partner_id" in one.table
        of = f" WHERE partner_id = {literal(partner)}" if is_cut else ""
        newest = reader.rows(
            f"SELECT count(*) AS n, max({event}) AS event, max({one.known[0]}) AS known "
            f"FROM {one.name}{of}"
        )[0]
        told = statistics(reader, values, one, partner=partner)
        drifts = [s for s in told if s.drift is not None]
        most = max(drifts, key=lambda s: s.drift or 0.0, default=None)
        rows.append(
            {
                "table": one.name,
                "version": one.table.version,
                "delta_version": reader.version(one.name),
                "owner": one.owner,
                "rows": newest["n"],
                "features": len(one.features),
                "newest_event": newest["event"],
                "newest_known": newest["known"],
                "drifting": sum(s.is_drifting for s in drifts) if most else None,
                "most_drift": f"{most.feature} {most.drift:.3f}" if most else None,
            }
        )
    return _arrow(rows)


def described(
    reader: "Reader", one: "FeatureTable", values: str, *, day: str = "", partner: str = ""
) -> "Arrow":
    """Return a row a feature: what it means, and its values on a day."""
    from lake.feature_store.statistics import statistics
    from lake.work import clock_of

    on = clock_of(day).date() if day else None
    found = {s.feature: s for s in statistics(reader, values, one, day=on, partner=partner)}
    rows: list[dict[str, object]] = []
    for name in one.features:
        column = one.table.column(name)
        said: dict[str, object] = {"feature": name, "type": column.type, "unit": column.unit}
        if statistic := found.get(name):
            said |= asdict(statistic) | {"is_drifting": statistic.is_drifting}
        rows.append(said | {"meaning": column.meaning})
    return _arrow(rows)


def _arrow(rows: list[dict[str, object]]) -> "Arrow":
    import pyarrow as pa
    from arro3.core import Table as Arrow

    names = list(dict.fromkeys(n for row in rows for n in row if n != "meaning"))
    names += ["meaning"] if any("meaning" in row for row in rows) else []
    return Arrow.from_arrow(pa.table({n: [row.get(n) for row in rows] for n in names}))
