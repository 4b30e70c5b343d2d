"""ENTSO-E Transparency Platform -> day-ahead prices (documentType A44, Energy Prices 12.1.D).

RESTful API guide and IEC 62325-451-3 publication document 7. Position n of a period is the n-th
interval from its start. Curve A01 has every position; in A03 a price holds until the next position
that is told, or the period's end. The price is that of the coupled auction: sequence 1, or none;
sequence 2 (DE-LU, AT) is an earlier auction of one exchange. Intervals of 60 and 15 min in one
document are rows of both: silver keeps both, and gold takes the finer where they overlap.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

from bronze.pulls.days_had import days_of_prices
from bronze.pulls.parts import (
    NoToken,
    NotServed,
    NotThereYet,
    Part,
    Request,
    Secret,
    UnreadableAnswer,
    Wanted,
    spans,
)  # fmt: skip
from bronze.pulls.rows import PRICES, Price, Refused, instant, is_currency, number
from bronze.pulls.zones import EIC, MARKET_TIME, known, market_day
from lake.errors import LakeError
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = PRICES, "market", "zones", 1
# An answer has at most 100 series, a day may have two.
_MOST_DAYS = 30
_SECONDS = {"PT15M": 900, "PT30M": 1800, "PT60M": 3600, "PT1H": 3600}
_UNITS = {"MWH": "MWh", "KWH": "kWh"}
_COUPLED = "1"
_DAY_AHEAD = "A01"
_EACH, _UNTIL_NEXT = "A01", "A03"
_NO_DATA = "No matching data found"
# Day from which a zone has no prices: Great Britain left the coupled market (entsoe-py #256, #393).
_ENDED = {"GB": date(2021, 1, 1)}
Intervals = dict[datetime, Decimal]


class _NoDoctype(ElementTree.TreeBuilder):
    """Builds no tree of a document that declares entities: some expand to gigabytes."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise UnreadableAnswer("an XML document with a DOCTYPE")


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a zone and month; NoToken, UnknownZone.

    Without days it is tomorrow and what is lacking.
    """
    if not settings.entsoe_token.get_secret_value():
        raise NoToken("ENTSO-E wants a security token", cure="set ELIQ_ENTSOE_TOKEN")
    secret = Secret(settings.entsoe_token, parameter="securityToken", setting="ELIQ_ENTSOE_TOKEN")
    today = wanted.clock.astimezone(MARKET_TIME).date()
    for zone in wanted.zones:
        days = days_of_prices(__name__, (zone,), wanted, settings)
        # What is there does not wait for what is not published yet.
        of_now = spans([day for day in days if day <= today], _MOST_DAYS)
        for first, last in (*of_now, *spans([day for day in days if day > today], _MOST_DAYS)):
            params = {
                "documentType": "A44",
                "contract_MarketAgreement.type": _DAY_AHEAD,
                "in_Domain": EIC[known(zone)],
                "out_Domain": EIC[known(zone)],
                "periodStart": f"{market_day(first)[0]:%Y%m%d%H%M}",
                "periodEnd": f"{market_day(last)[1]:%Y%m%d%H%M}",
            }
            request = Request(
                settings.entsoe_url, params, secret=secret,
                is_missing=lambda _, body: _NO_DATA.encode() in body,
            )  # fmt: skip
            in_it = tuple(day for day in days if first <= day <= last)
            ended = _ENDED.get(known(zone))
            error = None
            if ended and first >= ended:
                error = NotServed(f"ENTSO-E has no prices of {zone} since {ended}")
            name = _name(zone, first, last)
            yield Part(name, (request,), zones=(zone,), days=in_it, error=error)


def rows(bodies: Sequence[bytes], part: Part, answered_at: datetime) -> Iterator[Price | Refused]:
    """Yield a row a zone and interval of the coupled auction."""
    document = _document(bodies[0])
    known_at = instant(_text(document, "createdDateTime"))
    names = {EIC[known(zone)]: zone for zone in part.zones}
    prices: dict[tuple[str, str, int], Intervals] = {}
    left_out: Counter[str] = Counter()
    for series in _children(document, "TimeSeries"):
        contract = _text(series, "contract_MarketAgreement.type", _DAY_AHEAD)
        sequence = _text(series, "classificationSequence_AttributeInstanceComponent.position")
        if contract != _DAY_AHEAD:
            left_out[f"agreement {contract}"] += 1
        elif sequence not in ("", _COUPLED):
            left_out[f"sequence {sequence}"] += 1
        else:
            try:
                zone, unit = _zone(series, names), _unit(series)
            except UnreadableAnswer as error:
                yield Refused(f"a series with {error.what}")
                continue
            for period in _children(series, "Period"):
                yield from _period(period, series, prices, zone, unit)
    if not prices and left_out:
        raise NotThereYet(f"{part.name} has only the auction of {', '.join(left_out)}")
    for (zone, unit, seconds), intervals in prices.items():
        for start, price in sorted(intervals.items()):
            yield Price(zone, start, seconds, price, unit, known_at)


def _period(
    period: ElementTree.Element, series: ElementTree.Element,
    prices: dict[tuple[str, str, int], Intervals], zone: str, unit: str,
) -> Iterator[Refused]:  # fmt: skip
    """Add the prices of a period to those of its zone and resolution; yield what is refused."""
    interval = next(_children(period, "timeInterval"), None)
    start, end = (
        instant(_text(interval, edge)) if interval is not None else None
        for edge in ("start", "end")
    )
    resolution = _text(period, "resolution")
    seconds = _SECONDS.get(resolution)
    curve = _text(series, "curveType", _EACH)
    if not seconds or curve not in (_EACH, _UNTIL_NEXT):
        yield Refused("a period of unknown resolution or curve", f"{resolution} {curve}")
        return
    if start is None or end is None or (end - start).total_seconds() % seconds or end <= start:
        yield Refused(f"a period that is no whole number of {resolution}")
        return
    count = int((end - start).total_seconds()) // seconds
    told: dict[int, Decimal | None] = {}
    for point in _children(period, "Point"):
        said = _text(point, "position")
        position = int(said) if said.isdecimal() and len(said) < 9 else 0
        if not 1 <= position <= count:
            yield Refused(f"position {said} of {count}", _text(point, "price.amount"))
            continue
        price = number(_text(point, "price.amount"))
        if price is None:
            yield Refused(f"position {said} without a price", _text(point, "price.amount"))
        if told.setdefault(position, price) != price:
            yield Refused(f"position {said} appears twice with different values")
            told[position] = None
    into = prices.setdefault((zone, unit, seconds), {})
    length = timedelta(seconds=seconds)
    for position, price in _held(told, count if curve == _UNTIL_NEXT else 0):
        at = start + (position - 1) * length
        if into.setdefault(at, price) != price:
            yield Refused("two series have another price", f"{zone} {at.isoformat()}")


def _held(told: dict[int, Decimal | None], count: int) -> Iterator[tuple[int, Decimal]]:
    """Yield the price of each position; one that is told holds up to the next one, or ``count``."""
    last: Decimal | None = None
    for position in range(1, count + 1) if count else sorted(told):
        last = told.get(position, last)
        if last is not None:
            yield position, last


def _document(body: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(body)
        document: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableAnswer(f"not whole XML: {error}") from error
    kind = _local(document)
    if kind == "Acknowledgement_MarketDocument":
        reasons = [_text(reason, "text") for reason in _children(document, "Reason")]
        said = " ".join(" ".join(reasons).split())
        if _NO_DATA in said:
            raise NotThereYet("no prices are published for this zone and day yet")
        raise UnreadableAnswer(f"ENTSO-E says: {said[:200]}")
    if kind != "Publication_MarketDocument" or _text(document, "type", "A44") != "A44":
        raise UnreadableAnswer(f"no day-ahead prices, but a {kind}")
    return document


def _zone(series: ElementTree.Element, names: dict[str, str]) -> str:
    areas = {_text(series, f"{way}_Domain.mRID") for way in ("in", "out")}
    if len(areas) > 1:
        raise UnreadableAnswer(f"two areas: {', '.join(sorted(areas))}")
    code = areas.pop()
    if code in names:
        return names[code]
    if names:
        raise UnreadableAnswer(f"an area that was not asked for: {code}")
    try:
        return known(code)
    except LakeError as error:
        raise UnreadableAnswer(f"an unknown area: {code}") from error


def _unit(series: ElementTree.Element) -> str:
    currency, energy = _text(series, "currency_Unit.name"), _text(series, "price_Measure_Unit.name")
    if not is_currency(currency) or energy.upper() not in _UNITS:
        raise UnreadableAnswer(f"an unknown unit: {currency}/{energy}")
    return f"{currency.upper()}/{_UNITS[energy.upper()]}"


def _name(zone: str, first: object, last: object) -> str:
    days = f"{first}" if first == last else f"{first}-{last}"
    return f"entsoe-{zone}-{days}.xml"


def _children(parent: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in parent if _local(child) == name)


def _text(parent: ElementTree.Element, name: str, otherwise: str = "") -> str:
    child = next(_children(parent, name), None)
    return (child.text or "").strip() if child is not None else otherwise


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
