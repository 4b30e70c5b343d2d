"""Day-ahead prices of EnergyZero: electricity only, without VAT, in each shape that it had."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bronze.pulls import energyzero
from bronze.pulls.asking import SourceRefused
from bronze.pulls.parts import NotThereYet, Part, UnreadableAnswer, Wanted
from bronze.pulls.rows import Price
from bronze.pulls.zones import market_day
from lake.settings import Settings

NOW = datetime(2025, 12, 15, 13, tzinfo=UTC)
PART = Part("energyzero.json")
QUARTER = timedelta(minutes=15)


def of_day(day: date) -> list[dict[str, Any]]:
    start, end = market_day(day)
    stamps = [start + QUARTER * n for n in range((end - start) // QUARTER + 1)]
    return [
        {"start": a.isoformat(), "end": b.isoformat(), "price": {"value": "0.1"}}
        for a, b in pairwise(stamps)
    ]


def read(body: bytes) -> list[Price]:
    return [row for row in energyzero.rows([body], PART, NOW) if isinstance(row, Price)]


@pytest.mark.parametrize(("name", "seconds", "count"), [("hour", 3600, 72), ("quarter", 900, 288)])
def test_the_price_is_the_one_without_vat(
    public_data: Path, name: str, seconds: int, count: int
) -> None:
    file = public_data / "formats" / "energyzero" / f"electricity_{name}_response.json"
    said = json.loads(file.read_text())
    prices = read(file.read_bytes())
    assert len(prices) == count
    assert {(p.seconds, p.unit, p.price_zone) for p in prices} == {(seconds, "EUR/kWh", "NL")}
    assert sum(p.price for p in prices) == sum(Decimal(b["price"]["value"]) for b in said["base"])


def test_a_day_is_asked_for_and_lands(
    public_data: Path, server: Any, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]],
) -> None:  # fmt: skip
    file = public_data / "formats" / "energyzero" / "electricity_quarter_response.json"
    server.answers(file.read_bytes())
    wanted = Wanted(NOW, zones=("SE3", "nl"), days=(date(2025, 12, 16), date(2025, 12, 17)))
    assert pulled("energyzero", wanted) == [
        "energyzero-2025-12-16.json: 96 rows",
        "energyzero-2025-12-17.json: 96 rows; was there already",
    ]
    assert server.questions[0].path == "/public/v1/prices"
    assert server.questions[0].query == {
        "energyType": "ENERGY_TYPE_ELECTRICITY", "date": "16-12-2025",
        "interval": "INTERVAL_QUARTER",
    }  # fmt: skip
    lines = sorted(landed("prices"))
    assert lines[0] == "nl,2025-12-15T23:00:00Z,PT15M,0.07994,EUR/kWh,"
    assert lines[-1].startswith("nl,2025-12-17T22:45:00Z,")
    assert len(lines) == 2 * 96


def test_tomorrow_is_not_there_before_its_own_prices_are(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    """Before publication the answer holds the day before, as the window that it always gives."""
    today, tomorrow = (of_day(date(2025, 12, day)) for day in (15, 16))
    server.answers(json.dumps({"base": today}).encode())
    wanted = Wanted(NOW, days=(date(2025, 12, 16),))
    with pytest.raises(NotThereYet, match="not there yet, other days are"):
        pulled("energyzero", wanted)
    assert not landed("prices")
    server.answers(
        json.dumps({"base": today}).encode(), json.dumps({"base": [*today, *tomorrow]}).encode()
    )
    said = pulled("energyzero", wanted, until=NOW + timedelta(hours=1))
    assert said == ["energyzero-2025-12-16.json: 96 rows"]


def test_a_price_that_is_corrected_back_is_the_newest(
    server: Any, pulled: Callable[..., list[str]], sources: Settings
) -> None:
    first = datetime(2025, 12, 15, 23, tzinfo=UTC)
    edges = [(first + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(25)]
    answers = [
        json.dumps(
            {
                "base": [
                    {"start": a, "end": b, "price": {"value": value}} for a, b in pairwise(edges)
                ]
            }
        ).encode()
        for value in ("0.1", "0.1", "0.2", "0.1")
    ]
    server.answers(*answers)
    for hours in range(len(answers)):
        pulled("energyzero", Wanted(NOW + timedelta(hours=hours), days=(date(2025, 12, 16),)))
    files = Path(sources.root, "landing", "prices").glob("*/*/*.csv")
    prices = [f.read_text().split(",")[-3] for f in sorted(files, key=lambda f: f.stat().st_mtime)]
    assert prices == ["0.1", "0.2", "0.1"]


def test_gas_is_no_electricity(public_data: Path) -> None:
    file = public_data / "formats" / "energyzero" / "gas_day_response.json"
    with pytest.raises(UnreadableAnswer, match="those of gas"):
        read(file.read_bytes())


def test_an_error_is_said_in_its_words(
    public_data: Path, server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    body = (public_data / "formats" / "energyzero" / "error_response.json").read_bytes()
    with pytest.raises(UnreadableAnswer, match=r"EnergyZero says: invalid DailyEnergyPrices"):
        read(body)
    server.answers(reply(body, 400))
    with pytest.raises(SourceRefused, match=r"HTTP 400: .*invalid DailyEnergyPrices"):
        pulled("energyzero", Wanted(NOW, days=(date(2025, 12, 16),)))


@pytest.mark.parametrize("data", [None, {"energyMarketPrices": None}, []])
def test_an_error_of_the_graph_is_said_in_its_words(data: Any) -> None:
    body = json.dumps({"errors": [{"message": "internal_server_error"}], "data": data}).encode()
    with pytest.raises(UnreadableAnswer, match=r"^EnergyZero says: internal_server_error$"):
        read(body)
    with pytest.raises(NotThereYet):
        read(b'{"data": []}')


def test_no_prices_yet(server: Any, reply: Any, pulled: Callable[..., list[str]]) -> None:
    for answer in (reply(b'{"code": 5, "message": "not found"}', 404), reply(b'{"base": []}')):
        server.answers(answer)
        with pytest.raises(NotThereYet):
            pulled("energyzero", Wanted(NOW, days=(date(2025, 12, 16),)))


def test_older_shapes_are_read_too(sources: Settings) -> None:
    readings = {
        "Prices": [{"price": 0.1, "readingDate": "2022-12-06T23:00:00Z"}],
        "intervalType": 4, "average": 0.1,
    }  # fmt: skip
    assert [(p.seconds, p.price) for p in read(json.dumps(readings).encode())] == [
        (3600, Decimal("0.1"))
    ]
    one = {
        "energyPriceExcl": 0.107, "energyPriceIncl": 0.12947, "isAverage": False,
        "from": "2025-05-30T22:00:00Z", "till": "2025-05-30T23:00:00Z", "type": "Electricity",
    }  # fmt: skip
    graph = {"data": {"energyMarketPrices": {"prices": [one, {**one, "isAverage": True}]}}}
    assert [p.price for p in read(json.dumps(graph).encode())] == [Decimal("0.107")]
    one["type"] = "Gas"
    with pytest.raises(UnreadableAnswer, match="prices of Gas"):
        read(json.dumps(graph).encode())
    with pytest.raises(UnreadableAnswer, match="not by the hour"):
        read(json.dumps({**readings, "intervalType": 2}).encode())


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'{"base": [{"start": 1}]}', b'{"base": 3}', b"{"])
def test_an_answer_that_is_none_is_one_error(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        read(body)
