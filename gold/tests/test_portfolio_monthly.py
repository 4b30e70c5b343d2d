"""A segment is told where it is no single home's story, alone or by subtraction."""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from gold.contracts import ENERGY_MONTHLY, SMALLEST_GROUP
from gold.portfolio_monthly import needed_for, portfolio_monthly, touched_by_energy_monthly
from silver.contracts import HOME_PROFILES, LOCATIONS

pytestmark = pytest.mark.spark
Homes = list[dict[str, Any]]
Portfolio = Callable[..., list[Row]]


@pytest.fixture
def made(table: Callable[..., Any]) -> Portfolio:
    """A maker of the portfolio from homes: an id, a month, energy, and what is true of the home."""

    def make(homes: Homes, **every: Any) -> list[Row]:
        return list(frame(homes, **every).collect())

    def frame(homes: Homes, **every: Any) -> DataFrame:
        same = {"partner_id": "p", "fuel": "elec", "direction": "import", "energy_kwh": 1.0}
        same |= {"observed_intervals": 1, "expected_intervals": 1, "local_month": "2025-02"} | every
        rows = [
            {**same, **{k: v for k, v in home.items() if k in ENERGY_MONTHLY.names}}
            for home in homes
        ]
        for row in rows:
            row["local_date"] = f"{row['local_month']}-01"
        of_home = {(h.get("partner_id", "p"), h["location_id"]): h for h in homes}
        profiles = [
            {"partner_id": p, "location_id": i, "valid_from": "2020-01-01"}
            | {k: h[k] for k in ("house_type", "living_area_m2", "heating_type_primary") if k in h}
            for (p, i), h in of_home.items()
            if h.get("has_profile", True)
        ]
        places = [
            {"partner_id": p, "location_id": i}
            | {k: h[k] for k in ("country_code", "price_zone") if k in h}
            for (p, i), h in of_home.items()
        ]
        found: DataFrame = portfolio_monthly(
            table(ENERGY_MONTHLY, rows),
            table(HOME_PROFILES, profiles),
            table(LOCATIONS, places),
        )
        return found

    return make


def homes(count: int, name: str = "h", **what: Any) -> Homes:
    return [{"location_id": f"{name}{n}", **what} for n in range(count)]


def reasons(rows: list[Row], kind: str) -> dict[str, str | None]:
    return {r.segment: r.withheld_because for r in rows if r.segment_kind == kind}


def whole(rows: list[Row]) -> Row:
    (row,) = [r for r in rows if r.segment_kind == "all"]
    return row


def test_ten_homes_are_told_and_nine_are_not(made: Portfolio) -> None:
    energies = [{"location_id": f"h{n}", "energy_kwh": 10.0 + n} for n in range(11)]
    row = whole(made(energies))
    assert (row.is_withheld, row.homes, row.energy_kwh, row.mean_kwh) == (False, 11, 165.0, 15.0)
    assert (row.p25_kwh, row.p50_kwh, row.p75_kwh) == (12.5, 15.0, 17.5)
    withheld = whole(made(energies[:9]))
    assert (withheld.is_withheld, withheld.withheld_because) == (True, "too_few_homes")
    figures = ("homes", "energy_kwh", "mean_kwh", "p25_kwh", "p50_kwh", "p75_kwh", "completeness")
    assert [withheld[name] for name in figures] == [None] * 7


def test_a_home_that_is_most_of_a_group_withholds_it(made: Portfolio) -> None:
    at_the_limit = [*homes(11), {"location_id": "mill", "energy_kwh": 2.75}]
    assert not whole(made(at_the_limit)).is_withheld
    above = [*homes(11), {"location_id": "mill", "energy_kwh": 2.76}]
    assert whole(made(above)).withheld_because == "too_dominant"


def test_one_withheld_segment_withholds_the_smallest_other(made: Portfolio) -> None:
    rows = made(
        [
            *homes(3, "a", house_type="apartment"),
            *homes(12, "t", house_type="townhouse"),
            *homes(20, "d", house_type="house_detached"),
        ]
    )
    assert reasons(rows, "house_type") == {
        "apartment": "too_few_homes", "townhouse": "complement", "house_detached": None,
    }  # fmt: skip
    # Kinds in which all homes are alike have nothing to hide.
    assert reasons(rows, "living_area") == {"unknown": None}


def test_enough_withheld_homes_need_no_further_segment(made: Portfolio) -> None:
    rows = made(
        [
            *homes(5, "a", house_type="apartment"),
            *homes(5, "t", house_type="townhouse"),
            *homes(20, "d", house_type="house_detached"),
        ]
    )
    assert reasons(rows, "house_type") == {
        "apartment": "too_few_homes", "townhouse": "too_few_homes", "house_detached": None,
    }  # fmt: skip


def test_a_zone_is_hidden_within_its_country(made: Portfolio) -> None:
    rows = made(
        [
            *homes(3, "w", country_code="DK", price_zone="DK1"),
            *homes(30, "e", country_code="DK", price_zone="DK2"),
            *homes(12, "s", country_code="SE", price_zone="SE3"),
        ]
    )
    assert set(reasons(rows, "country").values()) == {None}
    assert reasons(rows, "price_zone") == {
        "DK/DK1": "too_few_homes", "DK/DK2": "complement", "SE/SE3": None,
    }  # fmt: skip


def test_the_zones_of_a_withheld_country_are_withheld(made: Portfolio) -> None:
    rows = made(
        [
            *homes(3, "n", country_code="NO", price_zone="NO1"),
            *homes(11, "w", country_code="DK", price_zone="DK1"),
            *homes(12, "e", country_code="DK", price_zone="DK2"),
            *homes(40, "s", country_code="SE", price_zone="SE3"),
        ]
    )
    assert reasons(rows, "country") == {"NO": "too_few_homes", "DK": "complement", "SE": None}
    assert reasons(rows, "price_zone") == {
        "NO/NO1": "too_few_homes", "DK/DK1": "complement", "DK/DK2": "complement", "SE/SE3": None,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_subtraction_never_tells_of_a_small_or_dominated_group(made: Portfolio, seed: int) -> None:
    pick = random.Random(seed)
    sent: Homes = [
        {
            "location_id": f"h{n}",
            "energy_kwh": pick.choice([1.0, 2.0, 3.0, 30.0]),
            "country_code": pick.choice(["DK", "SE"]),
            "price_zone": pick.choice(["1", "2", "3", "4"]),
            "house_type": pick.choice(["apartment"] * 6 + ["townhouse"] * 2 + ["other"]),
            "living_area_m2": pick.choice([40.0, 100.0, 100.0, 180.0]),
        }
        for n in range(90)
    ]
    rows = made(sent)
    everybody = {h["location_id"]: h for h in sent}
    of_area = {40.0: "under 60 m²", 100.0: "90 to 119 m²", 180.0: "160 m² or more"}
    places: dict[str, Callable[[dict[str, Any]], str]] = {
        "country": lambda h: h["country_code"],
        "price_zone": lambda h: f"{h['country_code']}/{h['price_zone']}",
        "house_type": lambda h: h["house_type"],
        "living_area": lambda h: of_area[h["living_area_m2"]],
    }
    assert not whole(rows).is_withheld
    left: dict[str, list[float]] = defaultdict(list)
    for kind, place in places.items():
        published = {r.segment for r in rows if r.segment_kind == kind and not r.is_withheld}
        for home in everybody.values():
            if place(home) in published:
                continue
            left[kind].append(home["energy_kwh"])
            if kind == "price_zone" and not whole_country_is_withheld(rows, home):
                left[f"zones of {home['country_code']}"].append(home["energy_kwh"])
    assert left
    for what, energies in left.items():
        assert len(energies) >= SMALLEST_GROUP, what
        assert max(energies) <= 0.2 * sum(energies), what


def whole_country_is_withheld(rows: list[Row], home: dict[str, Any]) -> bool:
    return reasons(rows, "country")[home["country_code"]] is not None


def test_classes_of_living_area_and_what_is_not_registered(made: Portfolio) -> None:
    rows = made(
        [
            *homes(10, "a", living_area_m2=59.9),
            *homes(10, "b", living_area_m2=60),
            *homes(10, "c", has_profile=False),
        ]
    )
    assert reasons(rows, "living_area") == {
        "under 60 m²": None,
        "60 to 89 m²": None,
        "unknown": None,
    }


def test_the_profile_of_the_months_end_counts(table: Callable[..., Any]) -> None:
    ids = [f"h{n}" for n in range(10)]
    months = [{"location_id": i, "local_month": m, "local_date": f"{m}-01", "energy_kwh": 1.0,
               "expected_intervals": 1} for i in ids for m in ("2025-01", "2025-02")]  # fmt: skip
    versions = [
        version
        for i in ids
        for version in (
            {"location_id": i, "valid_from": "2020-01-01", "valid_to": "2025-02-10",
             "heating_type_primary": "radiators"},
            {"location_id": i, "valid_from": "2025-02-10", "heating_type_primary": "floor_heat"},
        )
    ]  # fmt: skip
    found = portfolio_monthly(
        table(ENERGY_MONTHLY, months),
        table(HOME_PROFILES, versions),
        table(LOCATIONS, [{"location_id": i} for i in ids]),
    ).where("segment_kind = 'heating_type_primary'")
    assert {(r.local_month, r.segment, r.homes) for r in found.collect()} == {
        ("2025-01", "radiators", 10), ("2025-02", "floor_heat", 10),
    }  # fmt: skip


def test_a_partner_is_a_portfolio_of_its_own(made: Portfolio) -> None:
    rows = made([*homes(9, partner_id="p"), *homes(10, partner_id="q")])
    told = {r.partner_id: r.homes for r in rows if r.segment_kind == "all"}
    assert told == {"p": None, "q": 10}


def test_cost_is_told_where_it_is_known_of_every_home_in_one_currency(made: Portfolio) -> None:
    known = homes(10, cost=2.0, currency="DKK")
    row = whole(made(known))
    assert (row.cost, row.currency) == (20.0, "DKK")
    for other in ({"cost": None, "currency": None}, {"cost": 1.0, "currency": "EUR"}):
        row = whole(made([*known, {"location_id": "x", **other}]))
        assert (row.homes, row.cost, row.currency) == (11, None, None)


def test_a_month_is_compared_with_the_same_month_a_year_before(made: Portfolio) -> None:
    sent = [
        *homes(10, local_month="2024-02", energy_kwh=2.0),
        *homes(12, local_month="2025-02", energy_kwh=1.5),
        *homes(10, local_month="2024-03", energy_kwh=2.0),
        *homes(10, local_month="2025-03", energy_kwh=1.0, expected_intervals=2),
        *homes(9, local_month="2024-04", energy_kwh=2.0),
        *homes(10, local_month="2025-04", energy_kwh=1.0),
        *homes(10, local_month="2026-04", energy_kwh=1.0),
    ]
    changes = {r.local_month: r.change_share for r in made(sent) if r.segment_kind == "all"}
    assert changes == {
        "2024-02": None, "2025-02": -0.25, "2024-03": None, "2025-03": None,
        "2024-04": None, "2025-04": None, "2026-04": 0.0,
    }  # fmt: skip


def test_a_changed_month_touches_itself_and_the_one_a_year_later(
    table: Callable[..., Any],
) -> None:
    changes = table(ENERGY_MONTHLY, [{"partner_id": "p", "local_month": "2024-02"}] * 2)
    touched = touched_by_energy_monthly(changes)
    assert {tuple(r) for r in touched.collect()} == {("p", "2024-02"), ("p", "2025-02")}
    needed = needed_for(touched)
    assert {r.local_month for r in needed.collect()} == {"2023-02", "2024-02", "2025-02"}
