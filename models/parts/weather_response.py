"""Days of energy and temperature -> what follows the weather: change-point regression.

Kissock, Haberl & Claridge 2003 (ASHRAE RP-1050) and CalTRACK 2.0: energy is a base, and a slope
below a balance point and above another, which are searched for. What stands in for the mean
temperature is searched for too: that of the day, or one that walls smooth over four days (BDEW;
Ruhnau et al. 2019, doi 10.1038/s41597-019-0199-y), with or without the sun's warmth. Days far off
the line count less (Huber 1964), as those on which a house is empty or full.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from .home import Flags, Floats

HEATING_BALANCES_C = np.arange(6.0, 23.0)
# Where most homes begin to heat: degree days are counted from 15 to 15.5 °C (Eurostat nrg_chdd,
# the UK's practice); a weak prior, for homes whose days hardly say.
_BALANCE_C, _BALANCE_SCATTER_C = 15.0, 10.0
COOLING_BALANCES_C = np.arange(17.0, 27.0)
# W/m2 of daily mean irradiance that warm a home as one degree does.
_SUN_K_PER_W_M2 = (0.0, 0.01, 0.02)
_SMOOTHING = ((1.0,), (1.0, 0.5, 0.25, 0.125))
# A sharp bend, and one over a day's swing.
BEND_K = 1.5
_BENDS_K = (0.2, BEND_K)
_HUBER = 1.5
# Days resemble those before them: so many of them count as independent.
_FREE_DAYS = 0.3
_PASSES = 3
_ZERO_KWH, _SILENT_DAYS = 1e-6, 7
LEAST_DAYS = 28
_LEAST_DEGREE_DAYS = 30.0


@dataclass(frozen=True)
class Response:
    """What follows the weather: kWh a day, and the standard errors of their sums' scale."""

    heating_kwh: Floats
    cooling_kwh: Floats
    heating_balance_c: float | None
    cooling_balance_c: float | None
    heating_kwh_per_k: float
    heating_error: float
    cooling_error: float
    # How much better a heat pump's curve fits than a straight line: log of the likelihoods.
    heat_pump_log_odds: float
    # Heating's share of what the model explains beyond chance: t of its slope.
    heating_t: float
    residual_kwh: float

    def without_heating(self) -> "Response":
        """Return it without heat: it is too little to be told from chance."""
        return replace(
            self, heating_kwh=np.zeros(len(self.heating_kwh)), heating_balance_c=None,
            heating_kwh_per_k=0.0, heating_error=0.0, heat_pump_log_odds=0.0, heating_t=0.0,
        )  # fmt: skip

    def without_cooling(self) -> "Response":
        """Return it without cooling."""
        return replace(
            self, cooling_kwh=np.zeros(len(self.cooling_kwh)), cooling_balance_c=None,
            cooling_error=0.0,
        )  # fmt: skip


def heat_pump_input(temperature_c: Floats, balance_c: Floats, bend_k: float) -> Floats:
    """Return the electricity of heat below ``balance_c``, by the COP of air to radiators.

    COP = 6.08 - 0.09 dT + 0.0005 dT2, water at 40 - T degrees, after Ruhnau et al. 2019; scaled
    to 1 at 7 degrees.
    """
    lift = np.clip(np.clip(40 - temperature_c, 25, 60) - temperature_c, 15, 80)
    cop = 6.08 - 0.09 * lift + 0.0005 * lift**2
    at_seven = 6.08 - 0.09 * 26 + 0.0005 * 26**2
    load: Floats = heat_below(temperature_c, balance_c, bend_k) * at_seven / np.maximum(cop, 1.0)
    return load


def heat_below(temperature_c: Floats, balance_c: Floats, bend_k: float) -> Floats:
    """Return the degrees below ``balance_c``, rounded off at the bend by ``bend_k``.

    A day whose mean is the balance point still has a cold night: the mean over such a day of what
    is below it. (A hinge of which the daily swing is known to be a few degrees.)
    """
    with np.errstate(invalid="ignore"):  # a day without a temperature
        degrees: Floats = bend_k * np.logaddexp(0, (balance_c - temperature_c) / bend_k)
    return degrees


def weather_response(
    kwh: Floats,
    temperature_c: Floats,
    *,
    dark_hours: Floats,
    sun_w_m2: Floats,
    lighting_kwh_per_dark_hour: float,
    may_cool: bool,
) -> Response:
    """Fit daily energy (kWh; NaN: not known) on consecutive days; all zero where nothing follows.

    Lighting has a season too, so ``lighting_kwh_per_dark_hour`` is what it is expected to add.
    """
    nothing = np.zeros(len(kwh))
    known = ~np.isnan(kwh) & ~np.isnan(temperature_c) & ~silent(kwh)
    plain = Response(nothing, nothing, None, None, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if known.sum() < LEAST_DAYS or np.nanstd(kwh) < 1e-9:
        return plain
    free = kwh - lighting_kwh_per_dark_hour * dark_hours
    heat = _heating(free, temperature_c, sun_w_m2, known)
    shape = heat.column
    columns = [np.ones(len(kwh))] + ([shape] if shape is not None else [])
    cooling, cooling_balance = (None, None)
    if may_cool:
        cooling, cooling_balance = _cooling(free, temperature_c, columns, known)
    if cooling is not None:
        columns.append(cooling)
    design = np.column_stack(columns)
    weights = _weights(design, free, known)
    slopes, errors, residual = _least_squares(design, free, weights, known)
    heating_slope, heating_error = (slopes[1], errors[1]) if shape is not None else (0.0, 0.0)
    cooling_slope, cooling_error = (slopes[-1], errors[-1]) if cooling is not None else (0.0, 0.0)
    heating = heating_slope * shape if shape is not None else nothing
    return Response(
        heating_kwh=np.nan_to_num(heating),
        cooling_kwh=np.nan_to_num(cooling_slope * cooling) if cooling is not None else nothing,
        heating_balance_c=heat.balance_c,
        cooling_balance_c=cooling_balance,
        heating_kwh_per_k=float(heating_slope),
        heating_error=float(heating_error / heating_slope) if heating_slope > 0 else 0.0,
        cooling_error=float(cooling_error / cooling_slope) if cooling_slope > 0 else 0.0,
        heat_pump_log_odds=(heat.line - heat.curve) / 2 * float(known.sum()) * _FREE_DAYS,
        heating_t=float(heating_slope / heating_error) if heating_error > 0 else 0.0,
        residual_kwh=residual,
    )


def silent(kwh: Floats, *, least: int = _SILENT_DAYS) -> Flags:
    """Tell which days are of a week or more without any use: nobody lives there, or no meter.

    ``least``: how many steps in a row, where they are no days.
    """
    is_zero = np.concatenate([[0], (np.nan_to_num(kwh, nan=1.0) <= _ZERO_KWH).astype(np.int8), [0]])
    edges = np.diff(is_zero)
    found = np.zeros(len(kwh), dtype=bool)
    for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        found[first:after] = after - first >= least
    return found


@dataclass(frozen=True)
class _Heat:
    """The best column of heat, its balance point, and the log squares of both shapes."""

    column: Floats | None
    balance_c: float | None
    line: float
    curve: float


def _heating(kwh: Floats, temperature_c: Floats, sun_w_m2: Floats, known: Flags) -> _Heat:
    """Search the balance point, what the home feels, and whether heat is straight or a pump's."""
    answers = kwh[known] - kwh[known].mean()
    days = len(answers)
    unusual = ((HEATING_BALANCES_C - _BALANCE_C) / _BALANCE_SCATTER_C) ** 2 / (_FREE_DAYS * days)
    best: dict[bool, tuple[float, Floats, float]] = {}
    shapes = ((False, heat_below), (True, heat_pump_input))
    for weights in _SMOOTHING:
        smooth = _smoothed(temperature_c, weights)
        for sun in _SUN_K_PER_W_M2:
            felt = (smooth + sun * sun_w_m2)[None, :]
            for (is_pump, heat), bend in product(shapes, _BENDS_K):
                columns = heat(felt, HEATING_BALANCES_C[:, None], bend)
                seen = columns[:, known]
                off = seen - seen.mean(axis=1, keepdims=True)
                square, together = (off**2).sum(axis=1), off @ answers
                slope = together / np.maximum(square, 1e-9)
                # Heat falls with warmth, and what is left without it is not below nothing.
                fits = (together > 0) & (seen.sum(axis=1) > _LEAST_DEGREE_DAYS)
                fits &= kwh[known].mean() >= slope * seen.mean(axis=1)
                left = np.log(np.maximum((answers**2).sum() - slope * together, 1e-12) / days)
                left = np.where(fits, left + unusual, np.inf)
                at = int(left.argmin())
                if fits[at] and (is_pump not in best or left[at] < best[is_pump][0]):
                    best[is_pump] = (float(left[at]), columns[at], float(HEATING_BALANCES_C[at]))
    if not best:
        return _Heat(None, None, 0.0, 0.0)
    winner = min(best.values(), key=lambda one: one[0])
    line, curve = (best.get(is_pump, winner)[0] for is_pump in (False, True))
    flat = float(np.log(max((answers**2).mean(), 1e-12)))
    # The four numbers that were searched for cost: Schwarz 1978.
    if days * (flat - winner[0]) < 4 * np.log(days):
        return _Heat(None, None, line, curve)
    return _Heat(winner[1], winner[2], line, curve)


def _cooling(
    kwh: Floats, temperature_c: Floats, columns: list[Floats], known: Flags
) -> tuple[Floats | None, float | None]:
    base = _log_squares(np.column_stack(columns), kwh, known)
    best, column, at = base, None, None
    for balance in COOLING_BALANCES_C:
        tried = np.maximum(temperature_c - balance, 0)
        if np.nansum(tried[known]) < _LEAST_DEGREE_DAYS / 3:
            continue
        fit = _log_squares(np.column_stack([*columns, tried]), kwh, known)
        if fit < best:
            best, column, at = fit, tried, float(balance)
    if known.sum() * (base - best) < 2 * np.log(known.sum()):
        return None, None
    return column, at


def _smoothed(temperature_c: Floats, weights: tuple[float, ...]) -> Floats:
    """Return the mean with the days before; a day that is not known weighs nothing."""
    total, weight = np.zeros(len(temperature_c)), np.zeros(len(temperature_c))
    for ago, one in enumerate(weights):
        before = np.concatenate([np.full(ago, np.nan), temperature_c[: len(temperature_c) - ago]])
        there = ~np.isnan(before)
        total += np.where(there, one * np.nan_to_num(before), 0)
        weight += one * there
    return np.where(np.isnan(temperature_c), np.nan, total / np.maximum(weight, 1e-9))


def _log_squares(design: Floats, kwh: Floats, known: Flags) -> float:
    """Return the log of the mean square; huge where a slope below nothing would be best."""
    inputs, answers = design[known], kwh[known]
    slopes, *_ = np.linalg.lstsq(inputs.T @ inputs, inputs.T @ answers, rcond=None)
    if (slopes[1:] <= 0).any():
        return 1e9
    return float(np.log(np.mean((answers - inputs @ slopes) ** 2) + 1e-12))


def _weights(design: Floats, kwh: Floats, known: Flags) -> Floats:
    weights = np.ones(len(kwh))
    for _ in range(_PASSES):
        slopes, *_ = _least_squares(design, kwh, weights, known)
        off = kwh - design @ slopes
        scale = 1.4826 * np.nanmedian(np.abs(off[known])) + 1e-9
        weights = np.where(known, np.minimum(1, _HUBER * scale / (np.abs(off) + 1e-9)), 0)
    return weights


def _least_squares(
    design: Floats, kwh: Floats, weights: Floats, known: Flags
) -> tuple[Floats, Floats, float]:
    """Return slopes, their standard errors widened for days that resemble the day before."""
    inputs, answers, weight = design[known], kwh[known], weights[known]
    normal = (inputs * weight[:, None]).T @ inputs + 1e-9 * np.eye(design.shape[1])
    inverse = np.linalg.inv(normal)
    slopes = inverse @ ((inputs * weight[:, None]).T @ answers)
    off = answers - inputs @ slopes
    echo = np.clip(np.corrcoef(off[1:], off[:-1])[0, 1], 0, 0.9) if off.std() > 1e-9 else 0.0
    square = float((weight * off**2).sum() / max(len(off) - design.shape[1], 1))
    errors = np.sqrt(np.diag(inverse) * square * (1 + echo) / (1 - echo))
    return slopes, errors, float(np.sqrt(square))
