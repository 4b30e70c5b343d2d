"""`lake monitor` and `lake rollback`: is a model still true, and the version before it again."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from lake.settings import Settings

Day = Annotated[
    str, typer.Option(help="As on this day (YYYY-MM-DD), by the days before it. Now if left out.")
]


def monitor(
    model: Annotated[str, typer.Argument(help="A model, as load_forecasts; all if left out.")] = "",
    is_alert: Annotated[
        bool, typer.Option("--alert", help="Fail where a champion has drifted.")
    ] = False,
    day: Day = "",
) -> None:
    """List the versions of the models, and how true their forecasts were in 14 and 28 days.

    Example: lake monitor load_forecasts --alert
    """
    from lake.catalog import catalog
    from lake.modelling.monitoring import alert, watch, watched
    from lake.work import clock_of

    settings, clock = Settings(), clock_of(day)
    seen = [watch(settings, catalog(), name, clock) for name in [model] * bool(model)
            or watched(catalog())]  # fmt: skip
    rows = [one for of_model in seen for one in of_model.versions]
    names = list(dict.fromkeys(name for one in rows for name in one.figures))
    grid = Grid("model", "version", "", "trained at", "series", *names, "drift", box=None)
    for one in rows:
        trained = f"{one.trained_at:%Y-%m-%d %H:%M}" if one.trained_at else ""
        figures = [_said(one.figures.get(name)) for name in names]
        role = "champion" if one.is_champion else ""
        grid.add_row(one.model, one.version, role, trained, one.series, *figures, one.drift)
    Console(width=None if rows else 80).print(grid if rows else "no model was trained yet")
    if is_alert:
        for of_model in seen:
            alert(of_model)


def rollback(model: Annotated[str, typer.Argument(help="A model, as load_forecasts.")]) -> None:
    """Restore the previous champion: the version promoted before it scores again.

    Example: lake rollback load_forecasts
    """
    from lake.catalog import catalog
    from lake.modelling.registry import Registry

    table = catalog()[model if "." in model else catalog().resolve(model, seen_from="")]
    back = Registry(Settings()).rollback(table.noun)
    typer.echo(f"{back.label} of {back.trained_at:%Y-%m-%d} is the champion again")


def _said(figure: Any) -> str:
    if figure is None:
        return "-"
    return f"{figure:.3f}" if isinstance(figure, float) else f"{figure:,}"
