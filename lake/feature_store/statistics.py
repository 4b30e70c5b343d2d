"""features.feature_values_daily -> count, null share, mean, quantiles and drift of each feature.

Drift is the Jensen-Shannon divergence of a day's values from those of the 28 days before (of a
month from those of the three before), in bits: 0 where they are alike, 1 where no value is (Lin
1991, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37). Unlike the
population stability index it needs no rule for empty bins; where little moved it is an eighth of
that index in nats, so that the index's customary bound of 0.25 (Siddiqi 2006, "Credit Risk
Scorecards") is 0.045 bits here. What two samples of one distribution differ by, by chance, is said
beside it. Nothing here starts Spark.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from lake.feature_store.bins import BINS_AN_OCTAVE, middle
from lake.feature_store.tables import FeatureTable
from lake.reading import Reader
from lake.sql_values import Row, literal

REFERENCE_DAYS = 28
# Of a table that has a row a month.
_REFERENCE_OF_MONTHS = 92
# Of the rows of the day before: so many has a day that is over, but for homes that are late.
_WHOLE = 0.9
# 0.25 / (8 ln 2).
MUCH_DRIFT_BITS = 0.045
# Drift is told by half octaves: finer bins of few rows differ by chance alone.
_COARSE = BINS_AN_OCTAVE // 2
Bins = Mapping[int | None, int]


@dataclass(frozen=True)
class Statistics:
    """A feature's values on one day; quantiles are within 2.2 %, null where nothing was known."""

    feature: str
    local_date: date
    rows: int
    null_share: float
    mean: float | None
    p10: float | None
    p50: float | None
    p90: float | None
    # Bits, and what chance alone makes of them; null where the 28 days before have no rows.
    drift: float | None
    drift_by_chance: float | None

    @property
    def is_drifting(self) -> bool:
        """Tell whether the day differs by more than the bound, and much more than by chance."""
        if self.drift is None or self.drift_by_chance is None:
            return False
        return self.drift > MUCH_DRIFT_BITS and self.drift > 3 * self.drift_by_chance


def statistics(
    reader: Reader, values: str, table: FeatureTable, *, day: date | None = None,
    partner: str = "",
) -> list[Statistics]:  # fmt: skip
    """Return the statistics of each feature of a table on a day.

    Where none is given it is the newest that is not yet under way: the hours of a morning are no
    change of the day's. ``values`` names the table of bins; ``partner`` "": of all partners
    together. What is no partner's is told to each.
    """
    of = f"table_name = {literal(table.name)}"
    of += f" AND partner_id IN ({literal(partner)}, '')" if partner else ""
    if day is None:
        counted = reader.rows(
            f"SELECT local_date, sum(rows) AS n FROM {values} WHERE {of} "
            f"GROUP BY 1 ORDER BY 1 DESC LIMIT {REFERENCE_DAYS}"
        )
        if (day := _newest_whole(counted)) is None:
            return []
    is_monthly = any(column.month_of for column in map(table.table.column, table.table.key))
    since = day - timedelta(days=_REFERENCE_OF_MONTHS if is_monthly else REFERENCE_DAYS)
    rows = reader.rows(
        f"SELECT feature, bin, local_date = {literal(day)} AS is_day, sum(rows) AS n, "
        f"sum(total) AS total FROM {values} WHERE {of} AND local_date BETWEEN {literal(since)} "
        f"AND {literal(day)} GROUP BY 1, 2, 3 ORDER BY feature"
    )
    features = sorted({str(row["feature"]) for row in rows})
    return [_of(name, day, [r for r in rows if r["feature"] == name]) for name in features]


def _newest_whole(counted: list[Row]) -> date | None:
    """Return the newest day that has about as many rows as the one before; None without days."""
    for row, before in pairwise(counted):
        if _count(row) >= _WHOLE * _count(before):
            return _day(row)
    # One day alone, or each with fewer than the one before.
    return _day(counted[0]) if counted else None


def _day(row: Row) -> date:
    day = row["local_date"]
    assert isinstance(day, date)
    return day


def divergence(day: Bins, before: Bins) -> float:
    """Return the Jensen-Shannon divergence of two counts, in bits."""
    rows, others = sum(day.values()), sum(before.values())
    found = 0.0
    for one in {*day, *before}:
        p, q = day.get(one, 0) / rows, before.get(one, 0) / others
        middle_of_both = (p + q) / 2
        found += sum(share / 2 * math.log2(share / middle_of_both) for share in (p, q) if share)
    return found


def by_chance(day: Bins, before: Bins) -> float:
    """Return the divergence to be expected of two samples of one distribution, in bits.

    Where little differs it is an eighth of the chi-square distance (in nats), whose mean for two
    samples of one distribution is its degrees of freedom times the sum of one over their sizes.
    """
    bins = len({*day, *before})
    return (bins - 1) * (1 / sum(day.values()) + 1 / sum(before.values())) / (8 * math.log(2))


def quantile(bins: Iterable[tuple[int, int]], share: float) -> float | None:
    """Return the value below which a share of the rows is; null where there are none."""
    ordered = sorted(bins)
    wanted, seen = share * sum(n for _, n in ordered), 0
    for number, count in ordered:
        seen += count
        if seen >= wanted:
            return middle(number)
    return None


def _of(feature: str, day: date, rows: list[Row]) -> Statistics:
    today = [r for r in rows if r["is_day"]]
    counted = sum(_count(r) for r in today)
    known = [(int(str(r["bin"])), _count(r)) for r in today if r["bin"] is not None]
    there = sum(n for _, n in known)
    total = sum(float(str(r["total"])) for r in today if r["total"] is not None)
    now, before = _coarse(today), _coarse(r for r in rows if not r["is_day"])
    is_compared = bool(now and before)
    return Statistics(
        feature=feature,
        local_date=day,
        rows=counted,
        null_share=1 - there / counted if counted else 0.0,
        mean=total / there if there else None,
        p10=quantile(known, 0.1),
        p50=quantile(known, 0.5),
        p90=quantile(known, 0.9),
        drift=divergence(now, before) if is_compared else None,
        drift_by_chance=by_chance(now, before) if is_compared else None,
    )


def _coarse(rows: Iterable[Row]) -> Counter[int | None]:
    found: Counter[int | None] = Counter()
    for row in rows:
        number = row["bin"]
        found[None if number is None else _half_octave(int(str(number)))] += _count(row)
    return found


def _half_octave(number: int) -> int:
    return int(math.copysign((abs(number) - 1) // _COARSE + 1, number)) if number else 0


def _count(row: Row) -> int:
    return int(str(row["n"]))
