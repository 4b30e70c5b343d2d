"""What a home pays: each tariff valid to the next, what cannot be true with its reason."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from bronze.contracts import REGISTRATIONS
from lake.catalog import catalog
from lake.ingestion.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings
from silver.contracts import TARIFF_ELEMENT_KINDS
from silver.tariffs import tariffs

pytestmark = pytest.mark.spark
# After all that is said here.
RECEIVED = "2025-05-01T12:00:00Z"
TARIFF: dict[str, Any] = {
    "tariff_id": "a", "fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01", "vat": 0.25,
    "elements": [{"kind": "fixed", "price_per_kwh": 1.5}],
}  # fmt: skip


@pytest.fixture
def registered(table: Callable[..., Any]) -> Callable[..., DataFrame]:
    """What the table makes of documents, each a list of tariffs and when it was said."""

    def make(*documents: tuple[str, Any]) -> DataFrame:
        rows = [
            {
                "document": json.dumps({"location_id": "h", "tariffs": told, "known_at": at}),
                "source_line": line,
                "received_at": RECEIVED,
            }
            for line, (at, told) in enumerate(documents)
        ]
        return tariffs(table(REGISTRATIONS, rows, location_id="h", partner_id="p"))

    return make


def valid(found: DataFrame) -> list[tuple[Any, ...]]:
    """Return tariff, first day and end of those that are true."""
    return sorted(
        (r.tariff_id, r.valid_from.isoformat(), r.valid_to and r.valid_to.isoformat())
        for r in found.where("size(_reasons) = 0").collect()
    )


def broken(found: DataFrame) -> list[tuple[int, list[str]]]:
    rows = found.where("size(_reasons) > 0").collect()
    return sorted((r._position, sorted(r._reasons)) for r in rows)  # noqa: SLF001 - its column


def test_a_tariff_ends_where_the_next_begins_whatever_was_registered_first(
    registered: Callable[..., DataFrame],
) -> None:
    first = ("2024-12-01T00:00:00Z", [TARIFF])
    then = ("2025-05-01T00:00:00Z", [{**TARIFF, "tariff_id": "b", "valid_from": "2025-06-01"}])
    expected = [("a", "2025-01-01", "2025-06-01"), ("b", "2025-06-01", None)]
    assert valid(registered(first, then)) == valid(registered(then, first)) == expected


def test_what_was_said_last_of_a_day_wins_and_an_empty_span_takes_back(
    registered: Callable[..., DataFrame],
) -> None:
    old = ("2025-02-01T00:00:00Z", [{**TARIFF, "valid_to": "2026-01-01"}])
    new = ("2025-03-01T00:00:00Z", [{**TARIFF, "tariff_id": "b"}])
    assert valid(registered(new, old)) == [("b", "2025-01-01", None)]
    later = {**TARIFF, "tariff_id": "c", "valid_from": "2025-07-01"}
    back = ("2025-04-01T00:00:00Z", [{**later, "valid_to": "2025-07-01"}])
    found = registered(new, ("2025-03-02T00:00:00Z", [later]), back)
    assert valid(found) == [("b", "2025-01-01", None), ("c", "2025-07-01", "2025-07-01")]


def test_import_and_export_and_fuels_stand_beside_each_other(
    registered: Callable[..., DataFrame],
) -> None:
    export = {**TARIFF, "tariff_id": "sold", "direction": "export"}
    gas = {**TARIFF, "tariff_id": "gas", "fuel": "gas"}
    found = registered(("2025-01-01T00:00:00Z", [TARIFF, export, gas]))
    assert [row[0] for row in valid(found)] == ["a", "gas", "sold"]
    assert broken(found) == []


def test_overlaps_within_a_document_wait_and_the_first_stays(
    registered: Callable[..., DataFrame],
) -> None:
    year = {**TARIFF, "valid_to": "2026-01-01"}
    inside = {**TARIFF, "tariff_id": "b", "valid_from": "2025-06-01"}
    after = {**TARIFF, "tariff_id": "c", "valid_from": "2026-01-01"}
    same_day = {**after, "tariff_id": "d"}
    found = registered(("2025-01-01T00:00:00Z", [after, year, inside, same_day]))
    assert valid(found) == [("a", "2025-01-01", "2026-01-01"), ("c", "2026-01-01", None)]
    assert broken(found) == [(2, ["overlaps_another"]), (3, ["overlaps_another"])]


def test_what_is_wrong_itself_is_in_nobodys_way(registered: Callable[..., DataFrame]) -> None:
    wrong = {**TARIFF, "currency": "kr", "valid_to": "2026-01-01"}
    taken_back = {**TARIFF, "tariff_id": "b", "valid_from": "2025-06-01", "valid_to": "2025-06-01"}
    good = {**TARIFF, "tariff_id": "c", "valid_from": "2025-06-01"}
    found = registered(("2025-01-01T00:00:00Z", [wrong, good]), ("2025-01-02T00:00:00Z", [wrong]))
    assert valid(found) == [("c", "2025-06-01", None)]
    assert valid(registered(("2025-01-01T00:00:00Z", [taken_back, good])))[-1][0] == "c"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"tariff_id": None}, "tariff_id_missing"),
    ({"fuel": "coal"}, "unknown_fuel"),
    ({"direction": "consumption"}, "unknown_direction"),
    ({"direction": "export", "fuel": "gas"}, "only_electricity_is_exported"),
    ({"currency": "kr"}, "unknown_currency"),
    ({"valid_from": "soon"}, "valid_from_unreadable"),
    ({"valid_to": "later"}, "valid_to_unreadable"),
    ({"valid_to": "2024-12-31"}, "ends_before_it_starts"),
    ({"vat": 25}, "vat_is_no_share"),
    ({"vat": None}, "vat_is_no_share"),
    ({"elements": []}, "no_elements"),
    ({"elements": "free"}, "no_elements"),
    ({"elements": [{"kind": "wish"}]}, "unknown_element"),
]
INCOMPLETE: list[dict[str, Any]] = [
    {"kind": "standing_charge", "amount": 10, "per": "year"},
    {"kind": "fixed"},
    {"kind": "fixed", "price_per_kwh": "much"},
    {"kind": "fixed", "price_per_kwh": "NaN"},
    {"kind": "time_of_use", "periods": []},
    {"kind": "time_of_use", "periods": [{"from": "25:00", "price_per_kwh": 1}]},
    {"kind": "time_of_use", "periods": [{"weekdays": [0], "price_per_kwh": 1}]},
    {"kind": "time_of_use", "periods": [{"months": [13], "price_per_kwh": 1}]},
    {"kind": "time_of_use", "periods": [{"from": "07:00", "to": "22:00"}]},
    {"kind": "time_of_use", "periods": [{"weekdays": "mon", "price_per_kwh": 1}]},
    {"kind": "time_of_use", "periods": [{"weekdays": ["mon"], "price_per_kwh": 1}]},
    {"kind": "spot", "multiplier": "much"},
    {"kind": "capacity", "price_per_kw": 30, "days": 2.5},
    {"kind": "block", "per": "week", "steps": [{"price_per_kwh": 1}]},
    {"kind": "block", "per": "day", "steps": []},
    {"kind": "block", "per": "day", "steps": [{"up_to_kwh": 10, "price_per_kwh": 1}]},
    {"kind": "block", "per": "day", "steps": [
        {"up_to_kwh": 10, "price_per_kwh": 1}, {"up_to_kwh": 5, "price_per_kwh": 1},
        {"price_per_kwh": 1}]},
    {"kind": "capacity"},
    {"kind": "capacity", "price_per_kw": 30, "window_minutes": 20},
    {"kind": "capacity", "price_per_kw": 30, "days": 0},
]  # fmt: skip


def test_what_cannot_be_true_waits_with_its_reason_and_the_rest_is_taken(
    registered: Callable[..., DataFrame],
) -> None:
    wrong = [{**TARIFF, "location": n, **broken} for n, (broken, _) in enumerate(WRONG)]
    documents: list[tuple[str, Any]] = [("2025-01-01T00:00:00Z", [one]) for one in wrong]
    documents += [("2025-01-01T00:00:00Z", [{**TARIFF, "elements": [e]}]) for e in INCOMPLETE]
    documents += [("2025-01-01T00:00:00Z", "none"), ("2025-01-01T00:00:00Z", [TARIFF])]
    found = registered(*documents)
    reasons = {r.source_line: r._reasons for r in found.collect()}  # noqa: SLF001 - its column
    expected = [[reason] for _, reason in WRONG] + [["element_incomplete"]] * len(INCOMPLETE)
    assert [reasons[n] for n in range(len(reasons))] == [*expected, ["tariffs_are_no_list"], []]
    assert valid(found) == [("a", "2025-01-01", None)]


def test_elements_are_stored_with_nothing_left_out(
    registered: Callable[..., DataFrame],
) -> None:
    elements = [
        {"kind": "time_of_use", "periods": [
            {"from": "22:00", "to": "06:00", "weekdays": [6, 7], "price_per_kwh": 0},
            {"price_per_kwh": 0.4}]},
        {"kind": "spot"}, {"kind": "capacity", "price_per_kw": 30},
    ]  # fmt: skip
    (row,) = registered(("2025-01-01T00:00:00Z", [{**TARIFF, "elements": elements}])).collect()
    assert row._reasons == []  # noqa: SLF001 - its column
    night, rest = json.loads(row.elements)[0]["periods"]
    assert (night["from_minute"], night["to_minute"], night["price_per_kwh"]) == (1320, 360, 0.0)
    assert (night["weekdays"], night["months"]) == ([6, 7], list(range(1, 13)))
    assert (rest["from_minute"], rest["to_minute"]) == (0, 1440)
    assert rest["weekdays"] == list(range(1, 8))
    spot, capacity = json.loads(row.elements)[1:]
    assert (spot["multiplier"], spot["surcharge_per_kwh"]) == (1.0, 0.0)
    assert (capacity["window_minutes"], capacity["days"]) == (60, 1)


def test_the_documented_example_is_a_tariff_with_every_kind_of_element(
    registered: Callable[..., DataFrame],
) -> None:
    example = re.search(
        r'^ *"tariffs": (\[.*?)^```', Path("docs/inputs.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert example
    (row,) = registered(("2025-01-01T00:00:00Z", json.loads(example[1]))).collect()
    assert (row.tariff_id, row._reasons) == ("spot-2025", [])  # noqa: SLF001 - its column
    assert {one["kind"] for one in json.loads(row.elements)} == set(TARIFF_ELEMENT_KINDS)


def test_a_bad_tariff_waits_in_quarantine_and_nothing_else_of_its_document_is_lost(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> None:
    runner = Runner(spark, lake, catalog(), clock)

    def register(*told: dict[str, Any]) -> None:
        home = {"location_id": "h", "time_zone": "Europe/Copenhagen", "tariffs": told}
        (file := tmp_path / f"{len(list(tmp_path.iterdir()))}.ndjson").write_text(json.dumps(home))
        land(file, kind="registrations", partner="p", settings=lake, clock=clock)
        for name in ("bronze.registrations", "silver.tariffs"):
            runner.run(name)

    def ask(what: str) -> list[Any]:
        return [tuple(row.values()) for row in Reader(lake, catalog().tables).rows(what)]

    free = {**TARIFF, "tariff_id": "free", "valid_from": "2025-03-01", "currency": "kr"}
    register(TARIFF, free)
    held = "SELECT entity_id, position, reasons FROM silver.quarantine"
    kept = "SELECT tariff_id, valid_from, valid_to FROM silver.tariffs ORDER BY valid_from"
    assert ask(held) == [("h", 1, ["unknown_currency"])]
    assert ask(kept) == [("a", date(2025, 1, 1), None)]
    register({**free, "currency": "DKK"})
    assert ask(kept) == [
        ("a", date(2025, 1, 1), date(2025, 3, 1)), ("free", date(2025, 3, 1), None),
    ]  # fmt: skip
    assert ask(held) == [("h", 1, ["unknown_currency"])]
    assert runner.run("silver.tariffs", again=True).written.rows == 0
