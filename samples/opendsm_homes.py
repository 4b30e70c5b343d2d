"""The sample files in the opendsm wheel -> the files of three UK homes, as a partner `opendsm`.

OpenDSM contributors, opendsm 1.2.7, Apache-2.0. Its dependencies weigh 1.1 GB, so the wheel is
fetched alone and not imported.
"""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from samples.instants import Floats, Seconds, seconds
from samples.writing import Homes, PartnerFiles, SampleDataError, Series, write_weather

VERSION = "1.2.7"
TITLE = "UK homes in the samples of opendsm"
SOURCE = f"opendsm {VERSION}, eemeter samples uk-*, OpenDSM contributors, Apache-2.0"

TOOLS = Path(__file__).resolve().parents[1] / ".tools"
SAMPLES = Path("opendsm", "eemeter", "samples")
LONDON = (51.51, -0.13)  # the place is not published; the weather stands at the same point


@dataclass(frozen=True)
class Sample:
    """A home's files; `labels_end`: its stamps name the end, `transposed`: day and month too."""

    home: str
    minutes: int
    meters: dict[str, str]
    labels_end: bool = False
    transposed: bool = False


ELEC, GAS = "uk-electricity-hdd-only-hourly-sample", "uk-gas-hdd-only-hourly-sample"
HOMES = (
    Sample("0", 60, {"elec": f"{ELEC}-0.csv.gz", "gas": f"{GAS}-0.csv.gz"}),
    Sample("1", 30, {"elec": f"{ELEC}-1.csv.gz"}, labels_end=True),
    Sample("2", 30, {"elec": f"{ELEC}-2.csv.gz"}, labels_end=True, transposed=True),
)
TEMPERATURES = ("uk-tempC-sample-0.csv.gz", "uk-tempC-sample-1_2.csv.gz")


def opendsm_homes(*, out: Path, cache: Path = TOOLS) -> Homes:
    """Write the three UK homes to `<out>/opendsm`; `cache` keeps the wheel's files.

    The `uk-*` files are recorded homes: mostly whole Wh, broken first and last days,
    and placeholders where the metadata of `il-*` state the loads that those were generated with, so
    `il-*` are not taken. kWh in the hour or half hour, UTC. Homes 1 and 2 are meters of Low Carbon
    London: their stamps, though in a column `start`, label the end (see samples/lcl.py: a missing
    day of home 1 runs from 00:00 to 00:30), and some are there twice with one value. In home 2 day
    and month are transposed wherever both can be: put right, its 35,444 stamps miss three, and end
    on 2014-02-28 at 00:00, as the trial did. Only that they are in the UK is known of the homes.
    """
    folder = sample_folder(cache)
    place = {"country_code": "GB", "time_zone": "Europe/London", "price_zone": "GB"}
    with PartnerFiles(out / "opendsm", partner="opendsm", source=SOURCE) as files:
        for sample in HOMES:
            location_id = f"opendsm-uk-{sample.home}"
            files.add(
                {
                    "location_id": location_id,
                    **place,
                    "latitude": LONDON[0],
                    "longitude": LONDON[1],
                },
                [
                    Series(
                        f"{location_id}-{fuel[0]}",
                        fuel,
                        "import",
                        sample.minutes,
                        *_readings(folder / name, sample),
                    )
                    for fuel, name in sample.meters.items()
                ],
                profile={},
            )
    for number, name in enumerate(TEMPERATURES):
        observed = pd.read_csv(folder / name)
        starts = seconds(pd.to_datetime(observed["dt"], utc=True))
        temperature: Floats = observed["tempC"].to_numpy()
        path = files.folder / f"weather-{number}.csv"
        write_weather(path, place=LONDON, starts=starts, temperature_c=temperature)
    return files.written(title=TITLE)


def sample_folder(cache: Path) -> Path:
    """Return the sample files' folder: an installed opendsm's, the cache's, or the wheel's."""
    installed = importlib.util.find_spec("opendsm")
    target = cache / f"opendsm-{VERSION}"
    found = (installed.submodule_search_locations or []) if installed else []
    for root in [*(Path(path).parent for path in found), target]:
        folder = root / SAMPLES
        if _is_complete(folder):
            return folder
    said = "neither uv nor pip was found"
    for command in _installers(target):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and _is_complete(target / SAMPLES):
            return target / SAMPLES
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise SampleDataError(
        f"the wheel of opendsm {VERSION} could not be fetched: {said}",
        where=str(target),
        cure="run `make setup`, which brings uv, with a package registry within reach",
    )


def _installers(target: Path) -> Iterator[list[str]]:
    """Yield commands that unpack the wheel alone: an environment made by uv has no pip."""
    wanted = ["--no-deps", "--quiet", "--upgrade", "--target", str(target), f"opendsm=={VERSION}"]
    for uv in (TOOLS / "bin" / "uv", Path(sys.prefix, "bin", "uv"), Path(shutil.which("uv") or "")):
        if uv.is_file():
            yield [str(uv), "pip", "install", "--python", sys.executable, *wanted]
    for python in (sys.executable, shutil.which("python3")):
        if python:
            yield [python, "-m", "pip", "install", "--ignore-requires-python", *wanted]


def _is_complete(folder: Path) -> bool:
    names = [*TEMPERATURES, *(name for sample in HOMES for name in sample.meters.values())]
    return all((folder / name).is_file() for name in names)


def _readings(path: Path, sample: Sample) -> tuple[Seconds, Floats]:
    rows = pd.read_csv(path).dropna().drop_duplicates()
    stamps = rows["start"]
    if sample.transposed:
        year, month, day = (stamps.str[a:b] for a, b in ((0, 4), (5, 7), (8, 10)))
        right = year + "-" + day + "-" + month + stamps.str[10:]
        stamps = stamps.where(day.astype(int) > 12, right)
    starts = seconds(pd.to_datetime(stamps, utc=True)) - sample.labels_end * sample.minutes * 60
    order = starts.argsort(kind="stable")
    energy: Floats = rows["value"].to_numpy()
    return starts[order], energy[order]
