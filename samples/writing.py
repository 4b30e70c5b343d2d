"""A home's series -> the files that its partner would send: canonical NDJSON and CSV."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import pandas as pd

from lake.errors import LakeError
from samples.instants import Floats, Seconds, local_day, local_days, utc

_DAY_S, _PUBLISHED_S = 86_400, 6 * 3_600


class SampleDataError(LakeError):
    """Sample data that are not there, or not as their source describes them."""

    code = "sample-data"


@dataclass(frozen=True)
class Homes:
    """What a source wrote: `readings` counts the values that are numbers, days are local days.

    `busy_until` is the last day on which most homes (four fifths of the most at once) have
    readings.
    """

    partner: str
    folder: Path
    homes: int
    readings: int
    first_day: date
    last_day: date
    busy_until: date
    is_simulated: bool
    title: str
    source: str


@dataclass(frozen=True)
class Series:
    """One meter's kWh in the `minutes` from each start (seconds since 1970); NaN is missing."""

    meter_id: str
    fuel: str
    direction: str
    minutes: int
    starts: Seconds
    energy_kwh: Floats


class PartnerFiles:
    """Writes a partner's homes one by one into `folder`, `homes_a_file` to a readings file.

    `source` is whose data they are, with the licence: each home's profile names it.
    """

    def __init__(self, folder: Path, *, partner: str, source: str, homes_a_file: int = 50) -> None:
        self.folder, self.partner, self.homes_a_file = folder, partner, homes_a_file
        self.source = source
        self.homes = self.readings = 0
        self.spans: list[tuple[date, date]] = []
        self.file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Make the folder; readings of an earlier call go, since there may be fewer files now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("readings-[0-9][0-9][0-9][0-9].ndjson"):
            old.unlink()
        self.registration = (self.folder / "registration.ndjson").open("w", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        self.registration.close()
        if self.file:
            self.file.close()

    def add(
        self,
        location: Mapping[str, object],
        series: Sequence[Series],
        *,
        profile: Mapping[str, object],
    ) -> None:
        """Write one home; profile and meters are valid from the first local day with readings."""
        zone = str(location["time_zone"])
        if self.homes % self.homes_a_file == 0:
            if self.file:
                self.file.close()
            name = f"readings-{self.homes // self.homes_a_file + 1:04d}.ndjson"
            self.file = (self.folder / name).open("w", encoding="utf-8")
        assert self.file
        meters, valid_from, days = [], "", set[date]()
        for one in series:
            first, last = (local_day(int(one.starts[i]), zone) for i in (0, -1))
            days |= {first, last}
            self.file.writelines(day_blocks(one, partner=self.partner, zone=zone))
            self.readings += int(np.count_nonzero(~np.isnan(one.energy_kwh)))
            valid_from = min(valid_from or first.isoformat(), first.isoformat())
            meters.append(
                {
                    "meter_id": one.meter_id,
                    "fuel": one.fuel,
                    "direction": one.direction,
                    "supply_start": first.isoformat(),
                }
            )
        if days:
            self.spans.append((min(days), max(days)))
        said = {"valid_from": valid_from, "data_source": self.source, **profile}
        home = {**location, "profile": said, "meters": meters}
        self.registration.write(json.dumps(home) + "\n")
        self.homes += 1

    def written(self, *, title: str, is_simulated: bool = False) -> Homes:
        """Return what was written so far."""
        if not self.spans:
            raise SampleDataError(
                "no home was written", where=str(self.folder), cure="ask for at least one home"
            )
        first, last = min(s[0] for s in self.spans), max(s[1] for s in self.spans)
        ends = sorted({end for _, end in self.spans})
        at_once = {day: sum(begin <= day <= end for begin, end in self.spans) for day in ends}
        busy = max(day for day in ends if at_once[day] >= 0.8 * max(at_once.values()))
        return Homes(
            self.partner,
            self.folder,
            self.homes,
            self.readings,
            first,
            last,
            busy,
            is_simulated,
            title,
            self.source,
        )


def day_blocks(series: Series, *, partner: str, zone: str) -> Iterator[str]:
    """Yield an NDJSON line for each local day with a value: its 23 to 25 hours from midnight."""
    step = series.minutes * 60
    days = local_days(zone, *(local_day(int(series.starts[i]), zone) for i in (0, -1)))
    midnights = np.array([day.midnight for day in days], dtype=np.int64)
    if np.any((series.starts - midnights[0]) % step) or np.any(np.diff(midnights) % step):
        raise SampleDataError(
            f"{series.meter_id}: starts are not whole {series.minutes} minutes from local midnight"
        )
    edges = (midnights - midnights[0]) // step
    values = np.full(edges[-1], np.nan)
    values[(series.starts - midnights[0]) // step] = series.energy_kwh
    measured = np.add.reduceat((~np.isnan(values)).astype(np.int64), edges[:-1])
    resolution = "PT1H" if series.minutes == 60 else f"PT{series.minutes}M"
    ids = f'"partner_id": {json.dumps(partner)}, "meter_id": {json.dumps(series.meter_id)}'
    head = f'{{{ids}, "starts_at": "'
    middle = f'", "resolution": "{resolution}", "unit": "kWh", "values": '
    for day, start, end, count in zip(days, edges, edges[1:], measured, strict=False):
        if count:
            block = values[start:end].tolist()
            text, quality = json.dumps(block), '"measured"'
            if count < len(block):
                text = text.replace("NaN", "null")
                quality = json.dumps(["missing" if isnan(value) else "measured" for value in block])
            tail = f', "quality": {quality}, "known_at": "{day.known_at}"}}\n'
            yield f"{head}{day.starts_at}{middle}{text}{tail}"


def write_weather(
    path: Path, *, place: tuple[float, float], starts: Seconds, **measured: Floats
) -> None:
    """Write observations of the hours from each start at a point (degrees); never `issued_at`."""
    weather_table(place, starts, issued_at=[""] * len(starts), **measured).to_csv(
        path, index=False, lineterminator="\n"
    )


def weather_table(
    place: tuple[float, float], starts: Seconds, *, issued_at: Sequence[str], **measured: Floats
) -> pd.DataFrame:
    """Return weather in its canonical columns (W/m2 on the level); unmeasured is empty."""
    names = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")
    columns = {name: measured.get(name) for name in names}
    rounded = {
        name: None if column is None else np.round(column, 2) for name, column in columns.items()
    }
    point = {
        "latitude": place[0],
        "longitude": place[1],
        "observed_at": utc(starts),
        "issued_at": issued_at,
    }
    # Observed days are published the next morning, as readings are; a forecast is as it is issued.
    mornings = utc((starts // _DAY_S + 1) * _DAY_S + _PUBLISHED_S)
    known = ["" if issue else at for issue, at in zip(issued_at, mornings, strict=True)]
    return pd.DataFrame({**point, **rounded, "known_at": known})


def write_prices(
    path: Path, *, zone: str, starts: Seconds, minutes: int, price: Floats, unit: str
) -> None:
    """Write prices that hold for `minutes` from each start, in `unit` (as EUR/MWh or USD/kWh)."""
    resolution = "PT1H" if minutes == 60 else f"PT{minutes}M"
    columns = {
        "price_zone": zone,
        "starts_at": utc(starts),
        "resolution": resolution,
        "price": price,
        "unit": unit,
    }
    pd.DataFrame(columns).to_csv(path, index=False, lineterminator="\n")


def write_intensity(path: Path, *, zone: str, starts: Seconds, kg_per_kwh: Floats) -> None:
    """Write the grid's carbon intensity (kg CO2 per kWh) of the hours from each start."""
    columns = {"price_zone": zone, "starts_at": utc(starts), "resolution": "PT1H"}
    table = pd.DataFrame({**columns, "co2": np.round(kg_per_kwh * 1000, 6), "unit": "g/kWh"})
    table.to_csv(path, index=False, lineterminator="\n")
