"""Price zones: their EIC codes, and the market day with its 23, 24 or 25 hours."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bronze.pulls.rows import Price
from lake.errors import LakeError

# The coupled day-ahead market trades days of Central European time everywhere, in Helsinki too.
MARKET_TIME = ZoneInfo("Europe/Brussels")
_QUARTER = 900

# ENTSO-E Transparency Platform, RESTful API guide, appendix "Areas" (bidding zones).
EIC = {
    "AL": "10YAL-KESH-----5",
    "AT": "10YAT-APG------L",
    "BA": "10YBA-JPCC-----D",
    "BE": "10YBE----------2",
    "BG": "10YCA-BULGARIA-R",
    "CH": "10YCH-SWISSGRIDZ",
    "CZ": "10YCZ-CEPS-----N",
    "DE-AT-LU": "10Y1001A1001A63L",
    "DE-LU": "10Y1001A1001A82H",
    "DK1": "10YDK-1--------W",
    "DK2": "10YDK-2--------M",
    "EE": "10Y1001A1001A39I",
    "ES": "10YES-REE------0",
    "FI": "10YFI-1--------U",
    "FR": "10YFR-RTE------C",
    "GB": "10YGB----------A",
    "GR": "10YGR-HTSO-----Y",
    "HR": "10YHR-HEP------M",
    "HU": "10YHU-MAVIR----U",
    "IE-SEM": "10Y1001A1001A59C",
    "IT-CALABRIA": "10Y1001C--00096J",
    "IT-CENTRE-NORTH": "10Y1001A1001A70O",
    "IT-CENTRE-SOUTH": "10Y1001A1001A71M",
    "IT-NORTH": "10Y1001A1001A73I",
    "IT-SARDINIA": "10Y1001A1001A74G",
    "IT-SICILY": "10Y1001A1001A75E",
    "IT-SOUTH": "10Y1001A1001A788",
    "LT": "10YLT-1001A0008Q",
    "LV": "10YLV-1001A00074",
    "MD": "10Y1001A1001A990",
    "ME": "10YCS-CG-TSO---S",
    "MK": "10YMK-MEPSO----8",
    "NL": "10YNL----------L",
    "NO1": "10YNO-1--------2",
    "NO2": "10YNO-2--------T",
    "NO2-NSL": "50Y0JVU59B4JWQCU",
    "NO3": "10YNO-3--------J",
    "NO4": "10YNO-4--------9",
    "NO5": "10Y1001A1001A48H",
    "PL": "10YPL-AREA-----S",
    "PT": "10YPT-REN------W",
    "RO": "10YRO-TEL------P",
    "RS": "10YCS-SERBIATSOV",
    "SE1": "10Y1001A1001A44P",
    "SE2": "10Y1001A1001A45N",
    "SE3": "10Y1001A1001A46L",
    "SE4": "10Y1001A1001A47J",
    "SI": "10YSI-ELES-----O",
    "SK": "10YSK-SEPS-----K",
    "UA": "10Y1001C--00003F",
    "XK": "10Y1001C--00100H",
}
_NAMES = {code: name for name, code in EIC.items()}
# How others write them: dashes and underscores left out.
_ALSO = {"DE": "DE-LU", "LU": "DE-LU", "GER": "DE-LU", "TEL": "RO", "IE": "IE-SEM", "SEM": "IE-SEM",
         "ITNORD": "IT-NORTH", "ITCNOR": "IT-CENTRE-NORTH", "ITCSUD": "IT-CENTRE-SOUTH",
         "ITSUD": "IT-SOUTH", "ITSICI": "IT-SICILY", "ITSARD": "IT-SARDINIA",
         "ITCALA": "IT-CALABRIA"}  # fmt: skip
_PLAIN = {name.replace("-", ""): name for name in EIC} | _ALSO


class UnknownZone(LakeError):
    """A name that is no price zone which the source knows."""

    code = "unknown-zone"


def known(name: str) -> str:
    """Return the usual name of a zone: SE_3 and 10Y1001A1001A46L are SE3; UnknownZone."""
    if name in _NAMES:
        return _NAMES[name]
    plain = name.strip().upper().replace("_", "").replace("-", "")
    if plain in _PLAIN:
        return _PLAIN[plain]
    near = get_close_matches(plain, EIC, 3, 0.5)
    meant = " or ".join(near) or "SE3, DK1 or NL, as an example"
    raise UnknownZone(f"{name!r} is no price zone", cure=f"say {meant}")


def named(zones: Sequence[str], usual: str) -> str:
    """Return the name among zones that means one zone, else its usual name."""
    for zone in zones:
        with suppress(UnknownZone):
            if known(zone) == usual:
                return zone
    return usual


def market_day(day: date) -> tuple[datetime, datetime]:
    """Return start and end (UTC) of a day of delivery, 23 to 25 hours long."""
    start, end = (
        datetime(d.year, d.month, d.day, tzinfo=MARKET_TIME).astimezone(UTC)
        for d in (day, day + timedelta(days=1))
    )
    return start, end


class Lack(NamedTuple):
    """A day of a zone without some or all of its prices."""

    zone: str
    day: date
    said: str
    is_all: bool

    def __str__(self) -> str:
        return f"{self.zone} {self.day} {self.said}"


def is_to_come(day: date, clock: datetime) -> bool:
    """Tell whether a day of delivery is not over, so that its prices may still be told."""
    return market_day(day)[1] > clock


def lacks(prices: Iterable[Price], zones: Sequence[str], days: Sequence[date]) -> Iterator[Lack]:
    """Yield the zones and days of which the prices do not cover every quarter of an hour."""
    covered: dict[str, set[int]] = {zone: set() for zone in zones}
    for price in prices:
        start = int(price.starts_at.timestamp())
        cells = range(start, start + price.seconds, _QUARTER)
        covered.setdefault(price.price_zone, set()).update(cells)
    for zone, cells_of in covered.items():
        for day in days:
            start, end = (int(edge.timestamp()) for edge in market_day(day))
            expected = range(start, end, _QUARTER)
            found = sum(cell in cells_of for cell in expected)
            if not found:
                yield Lack(zone, day, "is not there", is_all=True)
            elif found < len(expected):
                hours = f"has {found / 4:g} of {len(expected) // 4} hours"
                yield Lack(zone, day, hours, is_all=False)
