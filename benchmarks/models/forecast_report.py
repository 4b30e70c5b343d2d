"""What was scored -> the table of docs/models.md."""

from collections.abc import Iterator

import pandas as pd

from benchmarks.models.forecast import BASELINES, Scored, coverage, ratios

KINDS = {
    "IDEAL electricity": ("ideal", "elec", ("import",)),
    "IDEAL gas": ("ideal", "gas", ("import",)),
    "LCL electricity": ("lcl", "elec", ("import",)),
    "CityLearn consumption": ("citylearn", "elec", ("consumption",)),
    "CityLearn import, export": ("citylearn", "elec", ("import", "export")),
    "CityLearn PV": ("citylearn", "elec", ("production",)),
    "EMHASS consumption": ("emhass", "elec", ("consumption",)),
    "EMHASS PV": ("emhass", "elec", ("production",)),
}
PV = ("CityLearn PV", "EMHASS PV")


def figures(found: Scored) -> pd.DataFrame:
    """Return a row a kind of series and part of the homes: median ratios, coverage, bias."""
    return pd.DataFrame(_rows(found.hours))


def _rows(hours: pd.DataFrame) -> Iterator[dict[str, object]]:
    for title, (partner, fuel, directions) in KINDS.items():
        of_kind = hours[
            (hours["partner_id"] == partner)
            & (hours["fuel"] == fuel)
            & hours["direction"].isin(directions)
        ]
        for part, rows in (("", of_kind), (", unseen homes", of_kind[of_kind["is_unseen"]])):
            if len(rows) and (not part or of_kind["is_unseen"].nunique() > 1):
                yield _row(title + part, rows)
    homes = hours[hours["partner_id"].isin(("ideal", "lcl"))]
    yield _row("IDEAL and LCL", homes)
    yield _row("IDEAL and LCL, unseen homes", homes[homes["is_unseen"]])
    yield _row("all but PV", hours[hours["direction"] != "production"])


def _row(title: str, rows: pd.DataFrame) -> dict[str, object]:
    share, worst = coverage(rows)
    series = rows.groupby(["location_id", "fuel", "direction"], observed=True).ngroups
    over = {f"/ {baseline}": float(ratios(rows, baseline).median()) for baseline in BASELINES}
    # As if no weather had been forecast: the hardest baseline of loads, and that of panels.
    over |= {f"blind / {name}": float(ratios(rows, name, side="blind").median())
             for name in ("median_28d", "persistence")}  # fmt: skip
    bias = float(rows["mean_kwh"].sum() / rows["energy_kwh"].sum() - 1)
    return {
        "homes and fuel": title, "series": series, "hours": len(rows), **over,
        "P10-P90": share, "worst tenth": worst, "mean's bias": bias,
    }  # fmt: skip
