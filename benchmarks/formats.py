"""Large meter files, made here: how many MB a second one core reads, beside what else reads them.

NEM12 beside nemreader (MIT), Green Button beside lxml that only looks at each start and value. All
sides of a file must find as many values and the same sum.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.measure import Measured, measured

_ESPI = 'xmlns="http://naesb.org/espi"'
_POINT = "/espi/1_1/resource/RetailCustomer/1/UsagePoint"
_TYPE = "/espi/1_1/resource/ReadingType/1"
_STEP_S, _A_DAY = 900, 96
_FIRST_S = 1_577_836_800  # 2020-01-01


@dataclass(frozen=True)
class Read:
    """What a side took for one file, how large that is (10^6 bytes), and what it found there."""

    took: Measured
    size_mb: float
    values: int
    total: float

    @property
    def mb_a_second(self) -> float:
        """The rate, start-up of the process included."""
        return self.size_mb / self.took.seconds


def parsed(folder: Path, *, meters: int, days: int) -> dict[str, dict[str, Read]]:
    """Return what each side took, by file; CommandFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        # Text of a tenth of the size.
        "nem12": ("nem12.csv", nem12(meters * 10, days), ("lake", "nemreader")),
        "green-button, a block a day": (
            "days.xml", green_button(meters * days, _A_DAY), ("lake", "lxml"),
        ),
        "green-button, one block": (
            "block.xml", green_button(1, meters * days * _A_DAY), ("lake", "lxml"),
        ),
    }  # fmt: skip
    found: dict[str, dict[str, Read]] = {}
    for what, (name, lines, sides) in files.items():
        file = folder / name
        with file.open("w") as out:
            out.writelines(lines)
        found[what] = {side: _read(folder, file, side) for side in sides}
    return found


def nem12(meters: int, days: int) -> Iterator[str]:
    """Yield a NEM12 file of quarters of an hour."""
    yield "100,NEM12,202501010000,MDP,RETAILER\n"
    for meter in range(meters):
        yield f"200,NMI{meter:07},E1,E1,E1,,SERIAL{meter},KWH,15,\n"
        for day in range(days):
            values = ",".join(f"{_value(day * _A_DAY + i):.3f}" for i in range(_A_DAY))
            when = date(2020, 1, 1) + timedelta(days=day)
            yield f"300,{when:%Y%m%d},{values},A,,,20250101000000,\n"
    yield "900\n"


def green_button(blocks: int, readings: int) -> Iterator[str]:
    """Yield an Atom feed of one meter in so many blocks of quarters of an hour, in Wh."""
    reading, block = f"{_POINT}/1/MeterReading/1", f"{_POINT}/1/MeterReading/1/IntervalBlock"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield _entry(f"{_POINT}/1", f"{_POINT}/1/MeterReading") + (
        f"<UsagePoint {_ESPI}><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>{_END}"
    )
    yield _entry(reading, _TYPE, block) + f"<MeterReading {_ESPI}/>{_END}"
    yield _entry(_TYPE) + (
        f"<ReadingType {_ESPI}><accumulationBehaviour>4</accumulationBehaviour>"
        "<commodity>1</commodity><flowDirection>1</flowDirection>"
        f"<intervalLength>{_STEP_S}</intervalLength><powerOfTenMultiplier>0</powerOfTenMultiplier>"
        f"<uom>72</uom></ReadingType>{_END}"
    )
    for number in range(blocks):
        start = _FIRST_S + number * readings * _STEP_S
        yield _entry(f"{block}/{number}") + (
            f"<IntervalBlock {_ESPI}><interval><duration>{readings * _STEP_S}</duration>"
            f"<start>{start}</start></interval>\n"
        )
        for i in range(readings):
            yield (
                f"<IntervalReading>\n<timePeriod>\n<duration>{_STEP_S}</duration>\n"
                f"<start>{start + i * _STEP_S}</start>\n</timePeriod>\n"
                f"<value>{_value(number * readings + i) * 1000:.0f}</value>\n</IntervalReading>\n"
            )
        yield f"</IntervalBlock>{_END}"
    yield "</feed>\n"


_END = "</content></entry>\n"


def _entry(itself: str, *related: str) -> str:
    links = "".join(f'<link rel="related" href="{one}"/>' for one in related)
    up = itself.rpartition("/")[0]
    return (
        f'<entry><id>{itself}</id><link rel="self" href="{itself}"/><link rel="up" href="{up}"/>'
        f"{links}<title/><published>2025-01-01T00:00:00Z</published>"
        "<updated>2025-01-01T00:00:00Z</updated><content>"
    )


def _value(number: int) -> float:
    return number * 7 % 977 / 1000


def _read(folder: Path, file: Path, side: str) -> Read:
    log = folder / f"{file.stem}-{side}.json"
    took = measured([sys.executable, "-m", "benchmarks.formats_sides", side, str(file)], log=log)
    found = json.loads(log.read_text())
    return Read(took, file.stat().st_size / 1e6, found["values"], found["total"])
