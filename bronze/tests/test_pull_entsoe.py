"""Day-ahead prices of ENTSO-E: A03 is filled, the coupled auction counts, days are whole."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bronze.forms import form_of
from bronze.pulls import entsoe
from bronze.pulls.asking import SourceRefused, SourceUnavailable
from bronze.pulls.days_had import remember_days
from bronze.pulls.parts import (
    NoToken,
    NotServed,
    NotThereYet,
    Part,
    UnreadableAnswer,
    Wanted,
)
from bronze.pulls.pulling import PullFailed
from bronze.pulls.rows import Price, Refused
from bronze.pulls.zones import EIC, UnknownZone, known, market_day
from lake.settings import Settings

NOW = datetime(2025, 10, 25, 11, tzinfo=UTC)
TOKEN = "b1946ac9-2492-4d23-a1e6-0123456789ab"
PART = Part("entsoe.xml")
TOMORROW = date(2025, 10, 26)
NO_DATA = b"""<?xml version="1.0" encoding="UTF-8"?>
<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0">
  <Reason><code>999</code><text>No matching data found for Data item Day-ahead Prices
  [12.1.D]</text></Reason></Acknowledgement_MarketDocument>"""


@pytest.fixture
def token(sources: Settings) -> Settings:
    return sources.model_copy(update={"entsoe_token": SecretStr(TOKEN)})


LAST_WEEK = [date(2025, 10, day) for day in range(19, 26)]


def had(settings: Settings, *days: date) -> None:
    remember_days(entsoe.__name__, "SE3", days, settings, NOW)


def test_days_that_were_had_are_kept_where_files_are(tmp_path: Path) -> None:
    url = "abfss://lake@account.dfs.core.windows.net/x"
    had(Settings(lake=url, landing=str(tmp_path)), LAST_WEEK[0])
    assert [file.name for file in (tmp_path / "_pulls").iterdir()] == ["days-entsoe-SE3.json"]


def period(start: datetime, end: datetime, resolution: str, points: dict[Any, Any]) -> str:
    told = "".join(
        f"<Point><position>{n}</position><price.amount>{p}</price.amount></Point>"
        for n, p in points.items()
    )
    edges = "".join(
        f"<{name}>{at:%Y-%m-%dT%H:%MZ}</{name}>" for name, at in (("start", start), ("end", end))
    )
    return (
        f"<Period><timeInterval>{edges}</timeInterval><resolution>{resolution}</resolution>"
        f"{told}</Period>"
    )


def series(
    *periods: str, zone: str = "SE3", curve: str = "A03", sequence: str = "", contract: str = "A01",
    currency: str = "EUR", energy: str = "MWH",
) -> str:  # fmt: skip
    name = "classificationSequence_AttributeInstanceComponent.position"
    said = f"<{name}>{sequence}</{name}>" if sequence else ""
    return (
        f"<TimeSeries><in_Domain.mRID>{EIC[zone]}</in_Domain.mRID>"
        f"<out_Domain.mRID>{EIC[zone]}</out_Domain.mRID>"
        f"<contract_MarketAgreement.type>{contract}</contract_MarketAgreement.type>"
        f"<currency_Unit.name>{currency}</currency_Unit.name>"
        f"<price_Measure_Unit.name>{energy}</price_Measure_Unit.name>{said}"
        f"<curveType>{curve}</curveType>{''.join(periods)}</TimeSeries>"
    )


def document(*of: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><Publication_MarketDocument xmlns='
        '"urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"><type>A44</type>'
        f"<createdDateTime>2025-10-25T10:57:00Z</createdDateTime>{''.join(of)}"
        "</Publication_MarketDocument>"
    ).encode()


def whole_day(day: date, resolution: str = "PT15M", **more: str) -> bytes:
    start, end = market_day(day)
    count = (end - start) // timedelta(minutes=15 if resolution == "PT15M" else 60)
    return document(
        series(period(start, end, resolution, {n + 1: n for n in range(count)}), **more)
    )


def read(body: bytes, part: Part = PART) -> tuple[list[Price], list[Refused]]:
    found = list(entsoe.rows([body], part, NOW))
    prices = [row for row in found if isinstance(row, Price)]
    return prices, [row for row in found if isinstance(row, Refused)]


def independent(file: Path) -> dict[tuple[str, int], Decimal]:
    """Read a file with nothing but regular expressions: start and seconds -> price, sequence 1."""
    found: dict[tuple[str, int], Decimal] = {}
    for one in re.findall(r"<TimeSeries>.*?</TimeSeries>", file.read_text(), re.DOTALL):
        if re.search(r"Component\.position>\s*2\s*<", one):
            continue
        for body in re.findall(r"<Period>.*?</Period>", one, re.DOTALL):
            start, end = (
                datetime.strptime(re.findall(f"<{n}>(.*?)</{n}>", body)[0], "%Y-%m-%dT%H:%M%z")
                for n in ("start", "end")
            )
            minutes = int(re.findall(r"<resolution>PT(\d+)M<", body)[0])
            at = re.findall(r"<position>(\d+)<.*?<price.amount>(.*?)<", body, re.DOTALL)
            told = {int(n): Decimal(p) for n, p in at}
            held = None
            for n in range(1, int((end - start).total_seconds() // 60 // minutes) + 1):
                held = told.get(n, held)
                assert held is not None
                begins = start + timedelta(minutes=minutes * (n - 1))
                found[begins.isoformat(), minutes * 60] = held
    return found


@pytest.mark.parametrize(
    "name", ["BE_60M", "BE_15M_exact4", "BE_15M_avg", "BE_60M_15M_mix", "DE_60M_15M_overlap"]
)
def test_prices_are_those_of_an_independent_reading(public_data: Path, name: str) -> None:
    file = public_data / "formats" / "entsoe_xml" / f"{name}.xml"
    prices, _ = read(file.read_bytes())
    assert {(p.starts_at.isoformat(), p.seconds): p.price for p in prices} == independent(file)
    assert {p.unit for p in prices} == {"EUR/MWh"}
    assert {p.price_zone for p in prices} == {"DE-LU" if name.startswith("DE") else "BE"}


def test_a_price_holds_until_the_next_that_is_told() -> None:
    start = datetime(2025, 10, 1, 22, tzinfo=UTC)
    of = period(start, start + timedelta(hours=2), "PT15M", {1: 10, 4: -5.5, 7: 0})
    prices, refused = read(document(series(of)))
    assert [float(p.price) for p in prices] == [10, 10, 10, -5.5, -5.5, -5.5, 0, 0]
    assert [p.starts_at for p in prices] == [start + n * timedelta(minutes=15) for n in range(8)]
    assert not refused


def test_what_is_not_told_of_a_whole_curve_is_a_gap() -> None:
    start = datetime(2025, 10, 1, 22, tzinfo=UTC)
    of = period(start, start + timedelta(hours=4), "PT60M", {1: 10, 3: 30})
    prices, _ = read(document(series(of, curve="A01")))
    assert [(p.starts_at.hour, int(p.price)) for p in prices] == [(22, 10), (0, 30)]


def test_nothing_holds_before_the_first_price() -> None:
    start = datetime(2025, 10, 1, 22, tzinfo=UTC)
    of = period(start, start + timedelta(hours=3), "PT60M", {2: 10})
    prices, _ = read(document(series(of)))
    assert [p.starts_at.hour for p in prices] == [23, 0]


def test_a_price_that_cannot_be_read_is_not_filled_with_another() -> None:
    start = datetime(2025, 10, 1, 22, tzinfo=UTC)
    of = period(start, start + timedelta(hours=4), "PT60M", {1: 10, 2: "n/e", 4: 40, 9: 1, "x": 2})
    prices, refused = read(document(series(of)))
    assert [(p.starts_at.hour, int(p.price)) for p in prices] == [(22, 10), (1, 40)]
    assert [r.reason for r in refused] == [
        "position 2 without a price", "position 9 of 4", "position x of 4",
    ]  # fmt: skip


def test_only_the_coupled_auction_of_the_next_day_counts() -> None:
    start, end = market_day(date(2025, 10, 2))

    def of(price: int) -> str:
        return period(start, end, "PT15M", {1: price})

    coupled = series(of(80), zone="DE-LU", sequence="1")
    earlier = series(of(90), zone="DE-LU", sequence="2")
    intraday = series(of(70), zone="DE-LU", contract="A07")
    prices, refused = read(document(earlier, coupled, intraday))
    assert {int(p.price) for p in prices} == {80}
    assert len(prices) == 96
    assert not refused
    with pytest.raises(NotThereYet, match="only the auction of sequence 2"):
        read(document(earlier))


def test_both_resolutions_stay_where_they_overlap() -> None:
    start, end = market_day(date(2025, 10, 2))
    hours = period(start, end, "PT60M", {1: 50})
    quarters = period(start, end, "PT15M", {1: 51})
    prices, _ = read(document(series(hours), series(quarters)))
    assert sorted({(p.seconds, int(p.price)) for p in prices}) == [(900, 51), (3600, 50)]
    assert len(prices) == 24 + 96


def test_a_series_that_cannot_be_meant_is_refused_and_the_others_stay() -> None:
    start, end = market_day(date(2025, 10, 2))
    of = period(start, end, "PT60M", {1: 50})
    odd = period(start, start + timedelta(minutes=70), "PT60M", {1: 1})
    body = document(
        series(of),
        series(of, energy="MTU"),
        series(of, zone="DK1"),
        series(period(start, end, "P1D", {1: 1}), odd),
        series(of, curve="A05"),
    )
    prices, refused = read(body, Part("x", zones=("SE_3",)))
    assert {p.price_zone for p in prices} == {"SE_3"}
    assert len(prices) == 24
    assert [r.reason for r in refused] == [
        "a series with an unknown unit: EUR/MTU",
        f"a series with an area that was not asked for: {EIC['DK1']}",
        "a period of unknown resolution or curve",
        "a period that is no whole number of PT60M",
        "a period of unknown resolution or curve",
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [("2025-10-26", 25), ("2025-03-30", 23), ("2025-06-01", 24)]
)
@pytest.mark.parametrize(("resolution", "an_hour"), [("PT15M", 4), ("PT60M", 1)])
def test_a_day_has_23_to_25_hours(
    server: Any, token: Settings, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]], day: str, hours: int, resolution: str, an_hour: int,
) -> None:  # fmt: skip
    of = date.fromisoformat(day)
    server.answers(whole_day(of, resolution))
    wanted = Wanted(NOW, zones=("SE3",), days=(of,))
    assert pulled("entsoe", wanted, token) == [f"entsoe-SE3-{day}.xml: {hours * an_hour} rows"]
    assert len({line.split(",")[1] for line in landed("prices")}) == hours * an_hour
    start, end = (f"{at:%Y%m%d%H%M}" for at in market_day(of))
    assert server.questions[0].query == {
        "documentType": "A44", "contract_MarketAgreement.type": "A01", "in_Domain": EIC["SE3"],
        "out_Domain": EIC["SE3"], "periodStart": start, "periodEnd": end, "securityToken": TOKEN,
    }  # fmt: skip


def test_a_wrong_count_is_said(
    server: Any, token: Settings, pulled: Callable[..., list[str]]
) -> None:
    start, end = market_day(date(2025, 10, 26))
    hours = period(start, end - timedelta(hours=1), "PT60M", {1: 7})
    server.answers(document(series(hours)))
    days = (date(2025, 10, 26), date(2025, 10, 27))
    over = Wanted(NOW + timedelta(days=7), zones=("SE3",), days=days)
    said = pulled("entsoe", over, token)[0]
    assert "SE3 2025-10-26 has 24 of 25 hours" in said
    assert "SE3 2025-10-27 is not there" in said
    with pytest.raises(NotThereYet, match="SE3 2025-10-26 has 24 of 25 hours; SE3 2025-10-27 is"):
        pulled("entsoe", Wanted(NOW, zones=("SE3",), days=days), token)


def test_half_a_day_lands_and_is_asked_for_until_it_is_whole(
    server: Any, token: Settings, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]],
) -> None:  # fmt: skip
    start, _ = market_day(TOMORROW)
    half = document(series(period(start, start + timedelta(hours=12), "PT15M", {1: 7})))
    server.answers(half, half.replace(b"T10:57", b"T10:58"), whole_day(TOMORROW))
    wanted = Wanted(NOW, zones=("SE3",), days=(TOMORROW,))
    said = pulled("entsoe", wanted, token, until=NOW + timedelta(hours=1))
    # The second half that says no more than the first is no second file.
    assert said == [
        "entsoe-SE3-2025-10-26.xml: 48 rows; SE3 2025-10-26 has 12 of 25 hours",
        "entsoe-SE3-2025-10-26.xml: 100 rows",
    ]
    assert len(server.questions) == 3
    assert len(landed("prices")) == 148


@pytest.mark.parametrize("status", [503, 200])
def test_an_outage_at_publication_is_waited_for(
    server: Any, token: Settings, reply: Any, pulled: Callable[..., list[str]], status: int
) -> None:
    """Six tries of a 503, or a page that says so, end no day: it is asked for while it may come."""
    had(token, *LAST_WEEK)
    away = reply(b"<html>maintenance</html>", status)
    server.answers(*[away] * (token.pull_attempts + 1 if status == 503 else 2), whole_day(TOMORROW))
    wanted = Wanted(NOW, zones=("SE3",))
    said = pulled("entsoe", wanted, token, until=NOW + timedelta(hours=1))
    assert said == ["entsoe-SE3-2025-10-26.xml: 100 rows"]


def test_a_day_that_was_missed_is_asked_for_on_the_next(
    server: Any, token: Settings, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    had(token, *LAST_WEEK)
    server.answers(reply(b"", 503))
    with pytest.raises(SourceUnavailable):
        pulled("entsoe", Wanted(NOW, zones=("SE3",)), token)
    server.questions.clear()
    server.answers(whole_day(TOMORROW), whole_day(date(2025, 10, 27)))
    next_day = Wanted(NOW + timedelta(days=1), zones=("SE3",))
    assert pulled("entsoe", next_day, token) == [
        "entsoe-SE3-2025-10-26.xml: 100 rows", "entsoe-SE3-2025-10-27.xml: 96 rows",
    ]  # fmt: skip
    server.answers(whole_day(date(2025, 10, 28)))
    server.questions.clear()
    pulled("entsoe", Wanted(NOW + timedelta(days=2), zones=("SE3",)), token)
    assert len(server.questions) == 1


def test_what_of_the_last_week_is_lacking_waits_for_nothing(
    server: Any, token: Settings, pulled: Callable[..., list[str]]
) -> None:
    had(token, *LAST_WEEK[1:])
    server.answers(NO_DATA)
    with pytest.raises(PullFailed, match="2 could not be had"):
        pulled("entsoe", Wanted(NOW, zones=("SE3",)), token)
    asked = [(q.query["periodStart"], q.query["periodEnd"]) for q in server.questions]
    assert asked == [
        tuple(f"{edge:%Y%m%d%H%M}" for edge in market_day(day)) for day in (LAST_WEEK[0], TOMORROW)
    ]


def test_a_zone_that_left_the_market_is_said_or_left_out(
    server: Any, token: Settings, pulled: Callable[..., list[str]]
) -> None:
    server.answers(whole_day(TOMORROW))
    zones = ("GB", "SE3")
    with pytest.raises(NotServed, match="ENTSO-E has no prices of GB since 2021-01-01"):
        pulled("entsoe", Wanted(NOW, zones=zones, days=(TOMORROW,)), token)
    homes = Wanted(NOW, zones=zones, days=(TOMORROW,), is_of_homes=True)
    said = pulled("entsoe", homes, token, until=NOW + timedelta(hours=1))
    assert said[-1] == "left out: 1 places: ENTSO-E has no prices of GB since 2021-01-01"
    assert {q.query["in_Domain"] for q in server.questions} == {EIC["SE3"]}
    old = Wanted(NOW, zones=("GB",), days=(date(2020, 12, 1),))
    server.answers(whole_day(date(2020, 12, 1), zone="GB"))
    assert pulled("entsoe", old, token) == ["entsoe-GB-2020-12-01.xml: 96 rows"]


def test_a_key_that_is_refused_is_shown_once(
    server: Any, token: Settings, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"no", 401))
    zones = ("SE1", "SE2", "SE3", "SE4")
    with pytest.raises(PullFailed, match=r"4 could not be had: HTTP 401.*3 were not asked for"):
        pulled("entsoe", Wanted(NOW, zones=zones, days=(TOMORROW,)), token,
               until=NOW + timedelta(hours=1))  # fmt: skip
    assert len(server.questions) == 1


def test_rows_are_canonical_and_bear_the_name_that_was_asked(
    server: Any, token: Settings, pulled: Callable[..., list[str]]
) -> None:
    server.answers(whole_day(date(2025, 10, 26), "PT60M"))
    pulled("entsoe", Wanted(NOW, zones=("SE_3",), days=(TOMORROW,)), token)
    (file,) = (Path(token.root) / "landing" / "prices").rglob("*.csv")
    assert form_of(file, "prices") == "csv"
    assert file.parent.name == "market"
    first = file.read_text().splitlines()[1]
    assert first == "SE_3,2025-10-25T22:00:00Z,PT1H,0,EUR/MWh,2025-10-25T10:57:00Z"


@pytest.mark.parametrize("status", [200, 400])
def test_what_is_not_published_yet_is_asked_for_until_it_is(
    server: Any, token: Settings, reply: Any, pulled: Callable[..., list[str]], status: int
) -> None:
    server.answers(*[reply(NO_DATA, status)] * 3, whole_day(date(2025, 10, 26)))
    waits: list[float] = []
    later = NOW + timedelta(hours=1)
    wanted = Wanted(NOW, zones=("SE3",), days=(TOMORROW,))
    said = pulled("entsoe", wanted, token, until=later, waits=waits)
    assert said == ["entsoe-SE3-2025-10-26.xml: 100 rows"]
    assert waits.count(token.pull_pause_seconds) == 3


def test_it_is_said_when_it_does_not_come(
    server: Any, token: Settings, pulled: Callable[..., list[str]]
) -> None:
    server.answers(NO_DATA)
    for until in (None, NOW + timedelta(seconds=0.1)):
        with pytest.raises(NotThereYet):
            pulled("entsoe", Wanted(NOW, zones=("SE3",), days=(TOMORROW,)), token, until=until)
    assert not (Path(token.root) / "landing").exists()


def test_the_token_is_in_no_message(
    server: Any, token: Settings, reply: Any, pulled: Callable[..., list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    server.answers(reply(b"Unauthorized: securityToken=" + TOKEN.encode(), 401))
    with pytest.raises(SourceRefused, match="check ELIQ_ENTSOE_TOKEN") as error:
        pulled("entsoe", Wanted(NOW, zones=("SE3",), days=(TOMORROW,)), token)
    assert server.questions[0].query["securityToken"] == TOKEN
    assert TOKEN not in str(error.value) + caplog.text
    assert "GET" in caplog.text
    assert TOKEN not in repr(token)


def test_without_a_token_nothing_is_asked(
    server: Any, sources: Settings, pulled: Callable[..., list[str]]
) -> None:
    with pytest.raises(NoToken, match="ELIQ_ENTSOE_TOKEN"):
        pulled("entsoe", Wanted(NOW, zones=("SE3",), days=(TOMORROW,)))
    assert not server.questions


@pytest.mark.parametrize(
    "bomb",
    [
        '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><b>&b;</b>',
        '<!DOCTYPE b SYSTEM "file:///etc/passwd"><b/>',
        '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>&x;</b>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declared_entities_are_refused(bomb: str, encoding: str) -> None:
    with pytest.raises(UnreadableAnswer, match="DOCTYPE"):
        read(bomb.encode(encoding))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not whole XML"),
        (whole_day(date(2025, 10, 26))[:2000], "not whole XML"),
        (b"<html><body>502</body></html>", "but a html"),
        (NO_DATA.replace(b"No matching data found", b"Too many requests"), "Too many requests"),
        (b"PK\x03\x04", "not whole XML"),
    ],
)
def test_an_answer_that_is_none_is_one_error(body: bytes, said: str) -> None:
    with pytest.raises(UnreadableAnswer, match=said):
        read(body)


def test_zones_have_one_code_and_many_spellings() -> None:
    assert len(set(EIC.values())) == len(EIC)
    # The last character checks the others (EIC reference manual, section 3.6).
    values = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
    for code in EIC.values():
        weighted = sum((16 - n) * values.index(c) for n, c in enumerate(code[:15]))
        assert code[15] == values[36 - (weighted - 1) % 37], code
    spelled = {"SE3": "SE_3", "DK1": "dk1", "DE-LU": "DE_LU", "NL": EIC["NL"], "NO2-NSL": "NO2_NSL"}
    assert {name: known(other) for name, other in spelled.items()} == {n: n for n in spelled}
    with pytest.raises(UnknownZone, match="say SE"):
        known("SE5")
