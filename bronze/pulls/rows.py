"""What a source says -> rows of the canonical CSV of weather, prices and carbon intensity."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard

WEATHER, PRICES, CO2 = "weather", "prices", "co2"
_MOST_DIGITS = 20
_LONGEST_NAME = 40
_PAYLOAD = 120


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather at a point and hour; ``issued_at`` is empty for what was observed.

    The row of an hour says what holds from its start on: instants at the start, sums and means
    over the hour that begins there.
    """

    latitude: float
    longitude: float
    observed_at: datetime
    issued_at: datetime | None = None
    temperature_c: Decimal | None = None
    wind_speed_m_s: Decimal | None = None
    irradiance_w_m2: Decimal | None = None
    relative_humidity_percent: Decimal | None = None
    cloud_cover_percent: Decimal | None = None
    precipitation_mm: Decimal | None = None

    def is_empty(self) -> bool:
        """Tell whether nothing is said that silver takes."""
        return (self.temperature_c, self.wind_speed_m_s, self.irradiance_w_m2) == (None,) * 3


@dataclass(frozen=True, slots=True)
class Price:
    """A day-ahead price without tax; ``unit`` is as in EUR/MWh."""

    price_zone: str
    starts_at: datetime
    seconds: int
    price: Decimal
    unit: str
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Intensity:
    """What a kWh from the grid emits, in g of CO2 equivalents."""

    price_zone: str
    starts_at: datetime
    seconds: int
    co2: Decimal
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of an answer that cannot be read, and why."""

    reason: str
    payload: str = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.payload[:_PAYLOAD]}" if self.payload else self.reason


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What of an answer its source may still change: it lands, and is asked for again."""

    zone: str
    said: str

    def __str__(self) -> str:
        return f"{self.zone} {self.said}"


Row = Weather | Price | Intensity

HEADERS = {
    WEATHER: "latitude,longitude,observed_at,issued_at,temperature_c,wind_speed_m_s,"
    "irradiance_w_m2,relative_humidity_percent,cloud_cover_percent,precipitation_mm",
    PRICES: "price_zone,starts_at,resolution,price,unit,known_at",
    CO2: "price_zone,starts_at,resolution,co2,unit,known_at",
}


def lines(kind: str, rows: Iterable[Row]) -> Iterable[str]:
    """Yield the lines of a CSV with its header."""
    yield HEADERS[kind]
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(_cells(row))
        yield line.getvalue()


def loaded(body: bytes) -> Any:
    """Read JSON with its numbers as they were written (Decimal); ValueError for what is none."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def number(said: object) -> Decimal | None:
    """Return a finite number of a sane size; None for anything else."""
    if isinstance(said, bool) or not isinstance(said, int | str | Decimal):
        return None
    try:
        read = Decimal(said)
    except (InvalidOperation, ValueError):
        return None
    if not read.is_finite() or (read and abs(read.adjusted()) > _MOST_DIGITS):
        return None
    return read


def instant(said: object) -> datetime | None:
    """Return an ISO 8601 instant with its offset in UTC; None for anything else."""
    if not isinstance(said, str):
        return None
    try:
        read = datetime.fromisoformat(said.strip())
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None


def is_currency(said: object) -> TypeGuard[str]:
    """Tell whether a text can be a currency (ISO 4217)."""
    return isinstance(said, str) and len(said) == 3 and said.isascii() and said.isalpha()


def is_name(said: str) -> bool:
    """Tell whether a text can be a zone: it goes into names of files, and into every row."""
    return 0 < len(said) <= _LONGEST_NAME and said.replace("-", "").replace("_", "").isalnum()


def _cells(row: Row) -> tuple[str, ...]:
    match row:
        case Weather():
            measured = (
                row.temperature_c, row.wind_speed_m_s, row.irradiance_w_m2,
                row.relative_humidity_percent, row.cloud_cover_percent, row.precipitation_mm,
            )  # fmt: skip
            place = (degrees(row.latitude), degrees(row.longitude))
            return (*place, _at(row.observed_at), _at(row.issued_at), *map(_plain, measured))
        case Price():
            return (row.price_zone, _at(row.starts_at), duration(row.seconds), _plain(row.price),
                    row.unit, _at(row.known_at))  # fmt: skip
        case Intensity():
            return (row.price_zone, _at(row.starts_at), duration(row.seconds), _plain(row.co2),
                    "g/kWh", _at(row.known_at))  # fmt: skip


def degrees(angle: float) -> str:
    """Write a coordinate with at most four decimals, the same text for the same place."""
    # Adding 0.0 takes the sign off minus zero.
    return f"{round(angle, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def duration(seconds: int) -> str:
    """Name a length in s as ISO 8601: PT15M, PT1H."""
    return f"PT{seconds // 3600}H" if seconds % 3600 == 0 else f"PT{seconds // 60}M"


def _at(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _no_number(said: str) -> None:
    raise ValueError(f"{said} is no number")
