"""Holidays: those of the countries with a location, by their own name and in English."""

from collections.abc import Callable
from datetime import date
from typing import Any

from silver.contracts import HOLIDAYS, LOCATIONS
from silver.holidays import FIRST_YEAR, LAST_YEAR, calendar, holidays, touched_by_locations

Make = Callable[..., Any]


def test_a_country_with_a_location_has_its_holidays_and_no_other_has(table: Make) -> None:
    homes = [{"location_id": n, "country_code": c} for n, c in enumerate(["DK", "DK", "GB", None])]
    found = holidays(table(LOCATIONS, [h | {"location_id": str(h["location_id"])} for h in homes]))
    rows = {(r.country_code, r.local_date): (r.name, r.name_en) for r in found.collect()}
    assert len(rows) == found.count()
    assert {country for country, _ in rows} == {"DK", "GB"}
    assert rows["DK", date(2025, 4, 18)] == ("Langfredag", "Good Friday")
    assert rows["GB", date(2025, 12, 26)] == ("Boxing Day", "Boxing Day")
    # Store bededag was abolished from 2024 on.
    assert ("DK", date(2023, 5, 5)) in rows
    assert ("DK", date(2024, 4, 26)) not in rows
    assert {day.year for _, day in rows} == set(range(FIRST_YEAR, LAST_YEAR + 1))


def test_only_a_new_country_or_one_that_may_be_left_is_worked_out(table: Make) -> None:
    there = table(HOLIDAYS, [{"country_code": "DK", "local_date": "2025-01-01"}])

    def touched(change: str, country: str) -> list[str]:
        changes = table(LOCATIONS, [{"country_code": country}]).selectExpr(
            "*", f"'{change}' AS _change_type"
        )
        return [row.country_code for row in touched_by_locations(changes, there).collect()]

    assert touched("insert", "DK") == []
    assert touched("insert", "SE") == ["SE"]
    assert touched("update_preimage", "DK") == ["DK"]
    assert touched("insert", "XX") == []


def test_nearly_every_day_has_an_english_name() -> None:
    known = calendar()
    assert known.num_rows > 50_000
    assert known["name_en"].null_count < known.num_rows / 100
    assert known["name"].null_count == 0
