"""What was known at any time is told by what is known now and by the revisions."""

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from silver.balance import by_direction, ways
from silver.contracts import (
    LOCATIONS,
    METER_READING_REVISIONS,
    METER_READINGS,
    METERS,
    QUARANTINE,
    READING_FLAGS,
    READING_RULES,
)
from silver.energy_revisions import energy_revisions
from silver.meter_days import meter_days
from silver.said_once import lengths, said_once

pytestmark = pytest.mark.spark
MIDNIGHT = datetime(2025, 5, 1, tzinfo=UTC)
KNOWN = [MIDNIGHT + timedelta(days=n) for n in range(1, 6)]
LENGTHS = {900: "PT15M", 1800: "PT30M", 3600: "PT1H", 86_400: "P1D"}
# The main meters of a home, and the lengths that each speaks in.
HOMES: dict[str, list[tuple[str, str, tuple[int, ...]]]] = {
    "alone": [("m", "import", (3600,))],
    "quarters": [("m", "import", (900, 3600))],
    "totals": [("m", "import", (3600, 86_400))],
    "two": [("m1", "import", (3600,)), ("m2", "import", (3600,))],
    "panels": [(d, d, (3600,)) for d in ("import", "export", "production")],
    "uneven": [("import", "import", (900,)), ("export", "export", (3600,)),
               ("production", "production", (1800,))],
    "exchanged": [("old", "import", (3600,)), ("new", "import", (3600,))],
}  # fmt: skip
Said = dict[str, Any]


def told(seed: int) -> list[Said]:
    """Return what was said in a random history, in a random order: a few hours, a few times."""
    rng = random.Random(seed)
    found = []
    for home, meters in HOMES.items():
        for meter, direction, spoken in meters:
            for seconds in spoken:
                starts = range(0, 86_400 if seconds == 86_400 else 3 * 3600, seconds)
                for start in starts:
                    for known_at in rng.sample(KNOWN, rng.choice([0, 1, 1, 1, 2, 3])):
                        found.append(  # noqa: PERF401 - four loops deep
                            {"location_id": home, "meter_id": f"{home}-{meter}",
                             "direction": direction, "known_at": known_at,
                             "starts_at": MIDNIGHT + timedelta(seconds=start),
                             "ends_at": MIDNIGHT + timedelta(seconds=start + seconds),
                             "resolution": LENGTHS[seconds], "energy_kwh": rng.choice([1.0, 2, 3]),
                             "quality": rng.choice(["measured", "estimated"])}
                        )  # fmt: skip
    rng.shuffle(found)
    return found


def settled(said: list[Said]) -> tuple[list[Said], list[Said]]:
    """Return the readings that hold, and those that were superseded, as silver has them."""
    versions: dict[Any, list[Said]] = {}
    for one in sorted(said, key=lambda r: r["known_at"]):
        key = (one["partner_id"], one["meter_id"], one["starts_at"], one["ends_at"])
        found = versions.setdefault(key, [])
        same = ("energy_kwh", "quality")
        if not found or any(found[-1][n] != one[n] for n in same):
            found.append(one)
    pairs = [(a, b) for found in versions.values() for a, b in itertools.pairwise(found)]
    return (
        [found[-1] for found in versions.values()],
        [{**a, "superseded_at": b["known_at"]} for a, b in pairs],
    )


def flagged(current: list[Said]) -> list[Said]:
    """Return flags of some readings of the odd seeds as they are: of all versions, or of peaks."""
    rng = random.Random(1)
    odd = [r for r in current if int(r["partner_id"].split("-")[0][1:]) % 2]
    found = []
    for one in rng.sample(odd, len(odd) // 6):
        flag = {n: one[n] for n in ("partner_id", "location_id", "meter_id", "direction",
                                    "resolution", "starts_at", "ends_at")}  # fmt: skip
        # Those who said less than this before were right then.
        bound = 0.9 * power(one)
        rules = {"unit_change": "error", "peak_out_of_reach": "error", "spike": "warning"}
        rule = rng.choice(list(rules))
        found.append(flag | {"rule": rule, "severity": rules[rule], "bound": bound})
    return found


def power(one: Said) -> float:
    hours: float = (one["ends_at"] - one["starts_at"]) / timedelta(hours=1)
    return float(one["energy_kwh"]) / hours


def is_wrong(one: Said, flags: list[Said]) -> bool:
    """Tell whether a flag says so of a reading, in whatever lake it is."""
    key = ("location_id", "meter_id", "direction", "resolution", "starts_at")
    return any(
        all(flag[n] == one[n] for n in key)
        and flag["partner_id"].split("-")[0] == one["partner_id"].split("-")[0]
        and (flag["rule"] == "unit_change" or power(one) > flag["bound"])
        for flag in flags
        if flag["severity"] == "error"
    )


def rows(frame: Any) -> dict[Any, Any]:
    """Return what is said of each interval."""
    names = ("energy_kwh", "quality", "is_derived", "is_consumption")
    return {
        (r["partner_id"], r["location_id"], r["direction"], r["starts_at"], r["ends_at"]): tuple(
            round(r[n], 9) if isinstance(r[n], float) else r[n] for n in names
        )
        for r in frame
    }


SEEDS = range(2)
# A lake that was told no more than was known at a time is a partner of its own.
LAKES = {at: [f"p{seed}-{n}" for seed in SEEDS] for n, at in enumerate(KNOWN)}
PARTNERS = [p for lakes in LAKES.values() for p in lakes]


@pytest.fixture
def registered(table: Callable[..., Any]) -> tuple[Any, Any]:
    homes = [
        {"partner_id": p, "location_id": h, "time_zone": "UTC"} for p in PARTNERS for h in HOMES
    ]
    meters = [
        {"partner_id": partner, "location_id": home, "meter_id": f"{home}-{m}",
         "direction": d, "fuel": "elec", "is_sub_meter": False,
         "supply_start": "2025-04-30" if m == "new" else "2020-01-01"}
        for partner in PARTNERS for home, of in HOMES.items() for m, d, _ in of
    ]  # fmt: skip
    return table(METERS, meters), table(LOCATIONS, homes)


def test_what_was_known_then_is_what_a_lake_knew_that_was_told_no_more(
    table: Callable[..., Any], registered: tuple[Any, Any]
) -> None:
    said = [
        {**one, "partner_id": lake}
        for at, lakes in LAKES.items()
        for seed, lake in zip(SEEDS, lakes, strict=True)
        for one in told(seed)
        if one["known_at"] <= at
    ]
    day = {"fuel": "elec", "local_date": "2025-05-01", "local_month": "2025-05"}
    current, superseded = settled(said)
    readings = table(METER_READINGS, current, **day)
    of_days = lengths(readings)
    whole = set(LAKES[KNOWN[-1]])
    flags = flagged([r for r in current if r["partner_id"] in whole])
    right = table(METER_READINGS, [r for r in current if not is_wrong(r, flags)], **day)
    energy = by_direction(said_once(right, of_days), ways(*registered), of_days).collect()
    now_said = table(METER_READINGS, [r for r in current if r["partner_id"] in whole], **day)
    revisions = energy_revisions(
        now_said,
        table(METER_READING_REVISIONS, [r for r in superseded if r["partner_id"] in whole], **day),
        meter_days(now_said, table(QUARANTINE, []), registered[1]),
        table(READING_FLAGS, flags, **day),
        *registered,
        computed=lambda frame: frame.localCheckpoint(),
    ).collect()
    assert len(revisions) > 30
    now = [row for row in energy if row["partner_id"] in whole]
    for at, lakes in LAKES.items():
        # Spark gives instants back without a zone.
        then = at.replace(tzinfo=None)
        found = rows(r for r in now if r["known_at"] <= then)
        found |= rows(r for r in revisions if r["known_at"] <= then < r["superseded_at"])
        wanted = {
            (partner, *key[1:]): value
            for lake, partner in zip(lakes, LAKES[KNOWN[-1]], strict=True)
            for key, value in rows(r for r in energy if r["partner_id"] == lake).items()
        }
        assert {k: v for k, v in found.items() if v[0] is not None} == wanted


@pytest.mark.parametrize(
    ("rule", "told", "known"),
    [
        ("peak_out_of_reach", [100, 200], []),
        ("peak_out_of_reach", [1, 200], [1]),
        ("peak_out_of_reach", [100, 1, 200], [1]),
        ("unit_change", [1, 200], []),
        ("spike", [1, 200], [1]),
        # The flag went with the correction.
        (None, [200, 1], [200]),
    ],
)
def test_what_is_an_error_today_was_never_known(
    table: Callable[..., Any], rule: str | None, told: list[float], known: list[float]
) -> None:
    same = {"partner_id": "p", "location_id": "h", "meter_id": "m", "fuel": "elec",
            "direction": "import", "resolution": "PT1H", "starts_at": MIDNIGHT,
            "ends_at": MIDNIGHT + timedelta(hours=1), "local_date": "2025-05-01",
            "local_month": "2025-05"}  # fmt: skip
    said = [
        {**same, "energy_kwh": kwh, "known_at": at}
        for kwh, at in zip(told, KNOWN, strict=False)
    ]  # fmt: skip
    (now,), superseded = settled(said)
    readings = table(METER_READINGS, [now])
    places = table(LOCATIONS, [{}], partner_id="p", location_id="h", time_zone="UTC")
    severity = READING_RULES[rule] if rule else None
    flag = {**same, "rule": rule, "severity": severity, "bound": 24}
    found = energy_revisions(
        readings,
        table(METER_READING_REVISIONS, superseded),
        meter_days(readings, table(QUARANTINE, []), places),
        table(READING_FLAGS, [flag] if rule else []),
        table(METERS, [{n: same[n] for n in ("partner_id", "location_id", "meter_id", "fuel",
                                            "direction")}]),
        places,
        computed=lambda frame: frame.localCheckpoint(),
    )  # fmt: skip
    assert [row["energy_kwh"] for row in found.orderBy("known_at").collect()] == known
