"""What the demo runs on: real homes where sample data are there, else few real and simulated."""

from datetime import timedelta
from pathlib import Path

from samples.citylearn import citylearn
from samples.ideal import ideal
from samples.lcl import lcl
from samples.opendsm_homes import opendsm_homes
from samples.simulated import simulate
from samples.writing import Homes

NEIGHBOURS, NEIGHBOURS_DAYS, NEIGHBOURS_SEED = 36, 365, 1


def homes_for_demo(*, out: Path, sample_data: Path | None) -> list[Homes]:
    """Write the homes of a demo, each source to `<out>/<partner>`, and return what was written.

    The real homes of `sample_data` that are there (folders ideal, lcl, citylearn2022); if none is,
    the real homes that the opendsm package brings, and simulated neighbours, labelled so, over the
    same last year.
    """
    importers = {"ideal": ideal, "lcl": lcl, "citylearn2022": citylearn}
    if sample_data:
        there = [name for name in importers if (sample_data / name).is_dir()]
        if there:
            return [importers[name](sample_data / name, out=out) for name in there]
    real = opendsm_homes(out=out)
    start = real.last_day - timedelta(days=NEIGHBOURS_DAYS - 1)
    neighbours = simulate(
        homes=NEIGHBOURS,
        days=NEIGHBOURS_DAYS,
        seed=NEIGHBOURS_SEED,
        start=start,
        out=out / "simulated",
    )
    return [real, neighbours]
