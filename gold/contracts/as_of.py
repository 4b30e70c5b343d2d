"""What gold's energy tables knew at an instant, as SQL: `{at}` is the instant, `gold_now` today's.

A row of a day on which nothing was said later is exact. The days concerned are added up again from
the intervals of silver as they were known, by the sums of gold/energy.py; of months, from days.
"""

from gold.contracts.degree_days import COOLING, EUROSTAT_COOLING, EUROSTAT_HEATING, HEATING, Rule

_HOME = "partner_id, location_id"
_SERIES = f"{_HOME}, fuel, direction"
_DAY = 86_400
_LONGEST = 32 * _DAY
_DEGREE_DAYS = ("degree_days", "cooling_degree_days")
_PERIOD = "local_date, local_month, from_s, to_s"
_ADDED = (
    "min(nominal) AS nominal, sum(energy_kwh) AS energy_kwh, sum(observed) AS observed, "
    "sum(estimated) AS estimated, sum(cost) AS cost, sum(unpriced) + "
    "CASE WHEN min(currency) < max(currency) THEN 1 ELSE 0 END AS unpriced, "
    "max(currency) AS currency, "
    "CASE WHEN count(co2) = count(energy_kwh) THEN sum(co2) END AS co2, "
    "max(peak_kw) AS peak_kw, first_value(peak_at ORDER BY "
    f"peak_kw - (arrow_cast(peak_at, 'Int64') / 1000000 % {_LONGEST}) / ({_LONGEST} * 1e9) DESC "
    "NULLS LAST) AS peak_at, sum(warmth) AS warmth, sum(hours) AS hours, max(known_at) AS known_at"
)
_THEN = "known_at <= {at} AND superseded_at > {at}"


def _s(instant: str) -> str:
    return f"(arrow_cast({instant}, 'Int64') / 1000000)"


def _instant(seconds: str) -> str:
    return (
        f"arrow_cast(to_timestamp_micros(({seconds}) * 1000000), "
        "'Timestamp(Microsecond, Some(\"UTC\"))')"
    )


_LENGTH = f"({_s('e.ends_at')} - {_s('e.starts_at')})"
_NOMINAL = f"(CASE WHEN e.resolution = 'P1D' THEN {_DAY} ELSE {_LENGTH} END)"
# What an interval is counted in: a free period of longer than a day in days.
_COUNTED_IN = (
    f"(CASE WHEN e.resolution = 'P1M' OR {_LENGTH} < {_DAY} THEN {_NOMINAL} ELSE {_DAY} END)"
)
# An interval as the sum of itself.
_PART = (
    f"{_COUNTED_IN} AS nominal, e.energy_kwh, {_NOMINAL} AS observed, "
    f"CASE WHEN e.quality = 'estimated' THEN {_NOMINAL} ELSE 0 END AS estimated, "
    "e.energy_kwh * e.price_per_kwh AS cost, "
    "CASE WHEN e.price_per_kwh IS NULL THEN 1 ELSE 0 END AS unpriced, e.currency, "
    "CASE WHEN e.direction = 'import' THEN e.energy_kwh * e.co2_kg_per_kwh END AS co2, "
    f"e.energy_kwh / ({_LENGTH} / 3600.0) AS peak_kw, e.starts_at AS peak_at, "
    f"e.temperature_c * {_LENGTH} / 3600.0 AS warmth, "
    f"CASE WHEN e.temperature_c IS NOT NULL THEN {_LENGTH} / 3600.0 END AS hours, e.known_at"
)
# A day as a part of its month.
_OF_A_DAY = (
    "energy_kwh, observed_intervals * nominal AS observed, "
    "round(estimated_share * observed_intervals) * nominal AS estimated, cost, "
    # A day that was filled in alone has nothing to be priced.
    "CASE WHEN cost IS NULL AND energy_kwh IS NOT NULL THEN 1 ELSE 0 END AS unpriced, currency, "
    "co2_kg AS co2, peak_kw, "
    "peak_at, temperature_c * observed_intervals * nominal / 3600.0 AS warmth, "
    "CASE WHEN temperature_c IS NOT NULL THEN observed_intervals * nominal / 3600.0 END AS hours, "
    "known_at"
)


def _concerned(table: str, period: str) -> str:
    """Return the days or months of homes of which something was said after the instant."""
    kind = f"{_HOME}, local_month" + (", local_date" if period == "local_date" else "")
    return (
        f"SELECT {kind} FROM gold_now.{table} WHERE known_at > {{at}} "
        f"UNION SELECT {kind} FROM silver_now.energy_revisions WHERE {_THEN}"
    )


def _exact(table: str, period: str, names: tuple[str, ...]) -> str:
    return (
        f"SELECT {', '.join(f'g.{n}' for n in names)} FROM gold_now.{table} g "
        f"LEFT ANTI JOIN concerned k ON {_same('k', 'g', period)}"
    )


def _same(a: str, b: str, period: str) -> str:
    names = ["partner_id", "location_id", "local_month"]
    names += ["local_date"] if period == "local_date" else []
    return " AND ".join(f"{a}.{n} = {b}.{n}" for n in names)


def _same_month(a: str, b: str) -> str:
    """Return the condition of one series and month."""
    names = (*_SERIES.split(", "), "local_month")
    return " AND ".join(f"{a}.{n} = {b}.{n}" for n in names)


def _consumption(rows: str, columns: str) -> str:
    """Say import that is all of the consumption a second time."""
    return (
        f"SELECT {_SERIES}, {columns} FROM {rows} UNION ALL SELECT {_HOME}, fuel, 'consumption', "
        f"{columns} FROM {rows} WHERE is_consumption"
    )


def _judged(names: tuple[str, ...], *, sums: str, degree_days: dict[str, str]) -> str:
    expected = "greatest(round((to_s - from_s) * 1.0 / nominal), 1)"
    observed = f"least(greatest(round(observed * 1.0 / nominal), 1), {expected})"
    said = {
        "starts_at": _instant("from_s"),
        "ends_at": _instant("to_s"),
        "observed_intervals": f"CAST({observed} AS INT)",
        "expected_intervals": f"CAST({expected} AS INT)",
        "estimated_share": "estimated * 1.0 / observed",
        "substituted_kwh": "CAST(NULL AS DOUBLE)",
        "cost": "CASE WHEN unpriced = 0 THEN cost END",
        "currency": "CASE WHEN unpriced = 0 THEN currency END",
        "co2_kg": "co2",
        "temperature_c": "warmth / hours",
        **degree_days,
    }
    columns = (f"{said[n]} AS {n}" if n in said else n for n in names)
    return f"SELECT {', '.join(columns)} FROM {sums}"


def steps_as_of(table: str, names: tuple[str, ...], *, seconds: int) -> str:
    """Return the SQL of energy by steps (900 or 3600 s) of the local clock, as it was known."""
    # Steps are counted from local midnight: zones may be off UTC by a part of an hour.
    into = f"(({_s('e.starts_at')} - coalesce({_s('d.starts_at')}, 0)) % {seconds})"
    parts = (
        f"SELECT e.{_SERIES.replace(', ', ', e.')}, e.local_date, e.local_month, "
        f"{_s('e.starts_at')} - {into} AS from_s, {_s('e.starts_at')} - {into} + {seconds} AS to_s,"
        f" e.is_consumption, {_PART} FROM silver.energy_in_context e "
        f"LEFT SEMI JOIN concerned k ON {_same('k', 'e', 'local_date')} "
        f"LEFT JOIN midnights d ON {_same('d', 'e', 'local_date')} "
        f"WHERE e.resolution <> 'P1D' AND {seconds} % {_LENGTH} = 0 "
        f"AND {into} + {_LENGTH} <= {seconds}"
    )
    added = _ADDED.removesuffix("known_at") + "known_at, bool_or(is_consumption) AS is_consumption"
    columns = f"{_PERIOD}, nominal, energy_kwh, observed, estimated, cost, unpriced, currency, "
    columns += "co2, peak_kw, peak_at, warmth, hours, known_at"
    none = dict.fromkeys(("degree_days", "cooling_degree_days"), "CAST(NULL AS DOUBLE)")
    return (
        f"WITH concerned AS ({_concerned(table, 'local_date')}), midnights AS ({_MIDNIGHTS}), "
        f"parts AS ({parts}), once AS (SELECT {_SERIES}, {_PERIOD}, {added} FROM parts "
        f"GROUP BY {_SERIES}, {_PERIOD}), sums AS ({_consumption('once', columns)}) "
        f"{_exact(table, 'local_date', names)} UNION ALL "
        f"{_judged(names, sums='sums', degree_days=none)}"
    )


_MIDNIGHTS = (
    f"SELECT DISTINCT {_HOME}, local_month, local_date, starts_at, ends_at "
    "FROM gold_now.energy_daily"
)
_MONTHS = f"SELECT DISTINCT {_HOME}, local_month, starts_at, ends_at FROM gold_now.energy_monthly"


def days_as_of(names: tuple[str, ...]) -> str:
    """Return the SQL of energy by local day, as it was known."""
    columns = (
        "local_date, local_month, from_s, to_s, country_code, nominal, energy_kwh, observed, "
        "estimated, cost, unpriced, currency, co2, peak_kw, peak_at, warmth, hours, known_at"
    )
    parts = (
        f"SELECT e.{_SERIES.replace(', ', ', e.')}, e.local_date, e.local_month, "
        f"{_s('d.starts_at')} AS from_s, {_s('d.ends_at')} AS to_s, l.country_code, "
        f"e.is_consumption, {_PART} FROM silver.energy_in_context e "
        f"LEFT SEMI JOIN concerned k ON {_same('k', 'e', 'local_date')} "
        f"JOIN midnights d ON {_same('d', 'e', 'local_date')} "
        "JOIN silver_now.locations l ON l.partner_id = e.partner_id "
        f"AND l.location_id = e.location_id WHERE {_NOMINAL} <= {_DAY}"
    )
    warmth = "(warmth / hours)"
    degree_days = {
        "degree_days": _degree_days(warmth, "<=", "{base} - " + warmth, HEATING, EUROSTAT_HEATING),
        "cooling_degree_days": _degree_days(
            warmth, ">=", warmth + " - {base}", COOLING, EUROSTAT_COOLING
        ),
    }
    return (
        f"WITH concerned AS ({_concerned('energy_daily', 'local_date')}), "
        f"midnights AS ({_MIDNIGHTS}), parts AS ({parts}), "
        f"said AS ({_consumption('parts', columns)}), "
        f"sums AS (SELECT {_SERIES}, {_PERIOD}, country_code, {_ADDED} FROM said "
        f"GROUP BY {_SERIES}, {_PERIOD}, country_code) "
        f"{_exact('energy_daily', 'local_date', names)} UNION ALL "
        f"{_judged(names, sums='sums', degree_days=degree_days)}"
    )


def months_as_of(names: tuple[str, ...]) -> str:
    """Return the SQL of energy by local month, as it was known: days, and what they do not fill."""
    first = "CAST(date_trunc('month', e.local_date) AS DATE)"
    edges = f"{_s('m.starts_at')} AS from_s, {_s('m.ends_at')} AS to_s"
    columns = (
        f"{_PERIOD}, nominal, energy_kwh, observed, estimated, cost, unpriced, currency, co2, "
        "peak_kw, peak_at, warmth, hours, known_at"
    )
    days = (
        f"SELECT e.*, {first} AS month, {edges}, {_LENGTH} AS day_s, CASE "
        f"WHEN e.expected_intervals = 1 AND {_LENGTH} > 3600 THEN {_DAY} "
        f"ELSE CAST(round({_LENGTH} * 1.0 / e.expected_intervals) AS BIGINT) END AS nominal "
        "FROM gold.energy_daily e "
        f"LEFT SEMI JOIN concerned k ON {_same('k', 'e', 'local_month')} "
        f"JOIN edges m ON {_same('m', 'e', 'local_month')}"
    )
    of_days = (
        f"SELECT {_SERIES}, month AS local_date, local_month, from_s, to_s, nominal, {_OF_A_DAY} "
        f"FROM days d LEFT ANTI JOIN replaced r ON {_same_month('r', 'd')} AND r.day = d.local_date"
    )
    long = (
        f"SELECT e.{_SERIES.replace(', ', ', e.')}, {first} AS local_date, e.local_month, {edges}, "
        f"{_s('e.starts_at')} AS long_from, {_s('e.ends_at')} AS long_to, "
        f"e.is_consumption, {_PART} FROM silver.energy_in_context e "
        f"LEFT SEMI JOIN concerned k ON {_same('k', 'e', 'local_month')} "
        f"JOIN edges m ON {_same('m', 'e', 'local_month')} WHERE {_NOMINAL} > {_DAY}"
    )
    of_month = f"{_SERIES}, local_month"
    # As gold/long_readings.py has it: what of a day is within a long reading for sure.
    read = "CASE WHEN d.observed_intervals > 0 THEN least(d.observed_intervals * d.nominal, day_s) "
    read += "ELSE day_s END"
    day_from, day_to = _s("d.starts_at"), _s("d.ends_at")
    shared = f"greatest(least(l.long_to, {day_to}) - greatest(l.long_from, {day_from}), 0)"
    pairs = (
        f"SELECT l.{of_month.replace(', ', ', l.')}, l.long_from, l.long_to, d.local_date AS day, "
        f"d.observed_intervals > 0 AS is_read, {read} AS known, "
        f"greatest({read} - (d.day_s - {shared}), 0) AS within "
        f"FROM long_said l JOIN days d ON {_same_month('l', 'd')}"
    )
    span = "a.long_from = l.long_from AND a.long_to = l.long_to"
    needed = (
        f"SELECT l.* FROM long_said l LEFT JOIN (SELECT {of_month}, long_from, long_to, "
        "sum(CASE WHEN is_read THEN within ELSE 0 END) AS covered FROM pairs "
        f"GROUP BY {of_month}, long_from, long_to) a ON {_same_month('a', 'l')} AND {span} "
        "WHERE coalesce(a.covered < least(l.long_to, l.to_s) - l.long_from - 3600, TRUE)"
    )
    replaced = (
        f"SELECT DISTINCT a.{of_month.replace(', ', ', a.')}, a.day FROM pairs a "
        f"JOIN needed l ON {_same_month('a', 'l')} AND {span} WHERE a.within * 2 > a.known"
    )
    warm = (
        f"SELECT {of_month}, {', '.join(f'sum({n}) AS {n}' for n in _DEGREE_DAYS)} FROM days d "
        f"LEFT ANTI JOIN needed l ON {_same_month('l', 'd')} GROUP BY {of_month}"
    )
    return (
        f"WITH concerned AS ({_concerned('energy_monthly', 'local_month')}), "
        f"edges AS ({_MONTHS}), days AS ({days}), long AS ({long}), "
        f"long_said AS ({_consumption('long', f'{columns}, long_from, long_to')}), "
        f"pairs AS ({pairs}), needed AS ({needed}), replaced AS ({replaced}), warm AS ({warm}), "
        f"said AS ({of_days} UNION ALL SELECT {_SERIES}, {columns} FROM needed), "
        f"added AS (SELECT {_SERIES}, {_PERIOD}, {_ADDED} FROM said "
        f"GROUP BY {_SERIES}, {_PERIOD}), "
        f"sums AS (SELECT s.*, {', '.join(f'w.{n}' for n in _DEGREE_DAYS)} FROM added s "
        f"LEFT JOIN warm w ON {_same_month('w', 's')}) "
        f"{_exact('energy_monthly', 'local_month', names)} UNION ALL "
        f"{_judged(names, sums='sums', degree_days={})}"
    )


def quality_as_of(names: tuple[str, ...]) -> str:
    """Return the SQL of how complete each day was, as it was known."""
    said = {
        "completeness": "observed_intervals * 1.0 / expected_intervals",
        "has_price": "cost IS NOT NULL",
        "has_temperature": "temperature_c IS NOT NULL",
    }
    columns = ", ".join(f"{said[n]} AS {n}" if n in said else n for n in names)
    return f"SELECT {columns} FROM gold.energy_daily"


def _degree_days(
    warmth: str, beyond: str, lacking: str, rules: "dict[str, Rule] | object", other: Rule
) -> str:
    """Return the degree days of a mean temperature by the practice of ``country_code``."""
    assert isinstance(rules, dict)
    cases = ""
    for rule in sorted(set(rules.values())):
        codes = ", ".join(f"'{code}'" for code, of in sorted(rules.items()) if of == rule)
        counted = _counted(warmth, beyond, lacking, rule)
        cases += f"WHEN country_code IN ({codes}) THEN {counted} "
    return f"CASE {cases}ELSE {_counted(warmth, beyond, lacking, other)} END"


def _counted(warmth: str, beyond: str, lacking: str, rule: Rule) -> str:
    amount = lacking.replace("{base}", repr(rule.base_c))
    return (
        f"CASE WHEN {warmth} {beyond} {rule.limit_c!r} THEN {amount} "
        f"WHEN {warmth} IS NOT NULL THEN 0.0 END"
    )
