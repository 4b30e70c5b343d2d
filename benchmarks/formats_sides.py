"""`python -m benchmarks.formats_sides SIDE FILE`: read a meter file; say values and their sum."""

import json
import sys
from collections.abc import Callable
from pathlib import Path


def lake(file: Path) -> tuple[int, float]:
    """Read it by the reader that `lake ingest` finds, in the file's own unit."""
    from bronze.formats import form, form_of  # noqa: PLC0415 - a side loads what is its own
    from bronze.formats.opened import contents  # noqa: PLC0415
    from bronze.formats.records import NOTHING_TOLD, Block  # noqa: PLC0415

    values, total = 0, 0.0
    for content in contents(file):
        for record in form(form_of(content)).records(content.stream, NOTHING_TOLD):
            if isinstance(record, Block):
                values += len(record.values)
                total += sum(float(value) for value in record.values if value is not None)
    return values, total


def nemreader(file: Path) -> tuple[int, float]:
    """Read NEM12 by https://pypi.org/project/nemreader."""
    from nemreader import read_nem_file  # noqa: PLC0415

    read = read_nem_file(str(file))
    channels = [each for of_meter in read.readings.values() for each in of_meter.values()]
    every = [one.read_value for each in channels for one in each]
    return len(every), sum(every)


def lxml(file: Path) -> tuple[int, float]:
    """Look at each start and value, and at nothing else of the feed."""
    from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415

    values, total = 0, 0.0
    space = "{http://naesb.org/espi}"
    for _, one in etree.iterparse(str(file), tag=f"{space}IntervalReading"):
        int(one.findtext(f"{space}timePeriod/{space}start"))
        values, total = values + 1, total + float(one.findtext(f"{space}value"))
        one.clear()
        while one.getprevious() is not None:
            del one.getparent()[0]
    return values, total


SIDES: dict[str, Callable[[Path], tuple[int, float]]] = {
    "lake": lake, "nemreader": nemreader, "lxml": lxml,
}  # fmt: skip


if __name__ == "__main__":
    found_values, found_total = SIDES[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps({"values": found_values, "total": found_total}))
