"""A gap is of the meter that has it: it fills in nothing of another that ended or is not in yet."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from silver.contracts import METER_DAYS, METERS, READING_FLAGS
from silver.gap_days import DERIVED, gap_days

pytestmark = pytest.mark.spark
FIRST = date(2025, 9, 1)
ELEC, PANELS, GAS = (
    {"meter_id": "e", "fuel": "elec", "direction": "import"},
    {"meter_id": "pv", "fuel": "elec", "direction": "production"},
    {"meter_id": "g", "fuel": "gas", "direction": "import"},
)
# What an hour that electricity lacks on the 3rd, and that is followed, makes a gap of.
HOUR_OF_ELEC = {(3, "elec", "import", True), (3, "elec", DERIVED, True)}


@pytest.fixture
def gaps(table: Callable[..., Any]) -> Callable[..., set[tuple[Any, ...]]]:
    """Return a maker of the gaps of a home: ``gaps((meter, days, short days), …)``."""

    def found(*told: tuple[dict[str, Any], list[int], set[int]], left_out: int = 0) -> set[Any]:
        days = [
            {
                **{name: meter[name] for name in ELEC},
                "local_date": FIRST + timedelta(days=day - 1),
                "intervals": 23 if day in short else 24,
            }
            for meter, there, short in told
            for day in there
        ]
        flags = [{**told[0][0], "local_date": FIRST + timedelta(days=left_out - 1)}]
        home = {"partner_id": "p", "location_id": "h"}
        rows = gap_days(
            table(METER_DAYS, days, **home, expected_intervals=24, interval_s=3600),
            table(READING_FLAGS, flags if left_out else [], **home, severity="error"),
            table(METERS, [meter for meter, _, _ in told], **home),
        ).collect()
        return {(r.local_date.day, r.fuel, r["_of"], r["_resumes"]) for r in rows}

    return found


def test_a_meter_that_ended_or_is_not_in_yet_has_no_gap(gaps: Callable[..., Any]) -> None:
    elec = (ELEC, [1, 2, 3, 4], {3})
    assert gaps(elec, (GAS, [1], set())) == HOUR_OF_ELEC
    ended = {**GAS, "supply_end": date(2025, 9, 1)}
    assert gaps(elec, (ended, [1], set())) == HOUR_OF_ELEC


def test_a_silence_between_two_days_of_a_meter_is_its_own(gaps: Callable[..., Any]) -> None:
    silent = {(day, "gas", of, True) for day in (2, 3) for of in ("import", DERIVED)}
    assert gaps((ELEC, [1, 2, 3, 4], set()), (GAS, [1, 4], set())) == silent
    assert gaps((ELEC, [1, 2, 3, 4], {3}), (GAS, [1, 4], set())) == silent | HOUR_OF_ELEC
    # After its supply ended a meter has no gap.
    ended = {**GAS, "supply_end": date(2025, 9, 2)}
    assert gaps((ended, [1, 4], set())) == {row for row in silent if row[0] == 2}


def test_consumption_waits_for_all_that_it_is_made_of(gaps: Callable[..., Any]) -> None:
    elec = (ELEC, [1, 2, 3, 4], {3})
    not_yet = {(3, "elec", "import", True), (3, "elec", DERIVED, False)}
    assert gaps(elec, (PANELS, [1, 2], set())) == not_yet
    assert gaps(elec, (PANELS, [1, 2, 4], set())) == HOUR_OF_ELEC | {
        (3, "elec", "production", True)
    }
    gone = {**PANELS, "supply_end": date(2025, 9, 2)}
    assert gaps(elec, (gone, [1, 2], set())) == HOUR_OF_ELEC


def test_neither_a_sub_meter_nor_a_deleted_one_makes_a_gap(gaps: Callable[..., Any]) -> None:
    whole = (ELEC, [1, 2, 3, 4], set[int]())
    other = {**ELEC, "meter_id": "x"}
    assert gaps(whole, ({**other, "is_sub_meter": True}, [1, 3], {1})) == set()
    assert gaps(whole, ({**other, "deleted_at": "2025-09-05T00:00:00Z"}, [1, 3], {1})) == set()


def test_what_was_left_out_as_an_error_is_a_gap(gaps: Callable[..., Any]) -> None:
    assert gaps((ELEC, [1, 2, 3, 4], set()), left_out=3) == HOUR_OF_ELEC
