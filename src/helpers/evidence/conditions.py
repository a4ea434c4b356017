"""Conditions: what a measurement must keep to, and how both are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from helpers.evidence.numbers import Measured, about, is_difference, is_measured, numbers, plain


class EvidenceError(AssertionError):
    """A measurement contradicts the statement that it should support."""


@dataclass(frozen=True)
class Condition:
    """A statement about a measurement, whether it holds, and both as a line of text."""

    statement: str
    holds: bool
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.holds else '✗'} {self.text}"

    def __repr__(self) -> str:
        return str(self)


def condition(
    statement: str,
    value: Measured | str,
    expected: Measured | str | None = None,
    tolerance: float = 0.0,
    *,
    above: Measured | None = None,
    below: Measured | None = None,
) -> Condition:
    """State what a measurement must keep to.

    Parameters
    ----------
    statement
        What is measured, in a few words: ``"loss after 20 layers"``.
    value
        What was measured: a number, an array all of whose entries must keep to it, a difference
        from ``experiments.difference``, whose whole interval must, or a text.
    expected, tolerance
        The value must not differ from ``expected`` by more than ``tolerance``.
    above, below
        The value must lie above or below these, or between them. A plain number is a bound, and
        is shown as "allowed"; an array is the other side of a comparison, and is shown as
        measured. Arrays are compared entry by entry, labelled ones label by label.

    Returns
    -------
    Condition
        Its text shows what was measured after the sign ≈, and what was allowed.

    Raises
    ------
    TypeError
        If nothing is demanded, or too much, or a value holds no real numbers.
    ValueError
        If a value is empty, the tolerance is negative or not finite, or shapes or labels differ.

    Examples
    --------
    >>> condition("loss", 0.3141, above=0.25, below=0.37)
    ✓ loss: ≈0.31 (allowed 0.25 to 0.37)
    >>> condition("accuracy, He against Xavier", np.array([0.46]), above=np.array([0.21]))
    ✓ accuracy, He against Xavier: ≈0.46 above ≈0.21
    >>> condition("slope of ReLU at 0", 0, 0)
    ✓ slope of ReLU at 0: exactly 0
    """
    if (expected is None) == (above is None and below is None):
        raise TypeError(f"{statement!r} needs either an expected value, or above, below or both")
    if not (0 <= tolerance < math.inf):
        raise ValueError(f"tolerance must be finite and 0 or larger; got {tolerance!r}")
    try:
        if isinstance(value, str) or isinstance(expected, str):
            return Condition(statement, value == expected, f"{statement}: {value!r}")
        if expected is not None:
            return _near(statement, value, expected, tolerance)
        return _between(statement, value, above, below)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{statement!r}: {error}") from error


def check(
    statement: str,
    value: Measured | str,
    expected: Measured | str | None = None,
    tolerance: float = 0.0,
    *,
    above: Measured | None = None,
    below: Measured | None = None,
) -> None:
    """Hold a sentence of the text to a number: print the condition, or raise where it fails.

    Parameters
    ----------
    statement, value, expected, tolerance, above, below
        As for ``condition``. With nothing but a value, this must be true, in every entry.

    Raises
    ------
    EvidenceError
        If the value does not keep to the condition, or is NaN; the message shows what it is.
    TypeError, ValueError
        As for ``condition``.

    Examples
    --------
    >>> check("the variance of a uniform law on [-1, 1]", 0.3334, 1 / 3, 0.001)
    ✓ the variance of a uniform law on [-1, 1]: ≈0.3334 (allowed 0.332333 to 0.334333)
    """
    if expected is None and above is None and below is None:
        held = Condition(statement, bool(numbers(value).all()), statement)
    else:
        held = condition(statement, value, expected, tolerance, above=above, below=below)
    if not held.holds:
        raise EvidenceError(str(held))
    print(held)


def _near(statement: str, value: Measured, expected: Measured, tolerance: float) -> Condition:
    measured, wanted = numbers(value), numbers(expected)
    if wanted.shape not in {(), measured.shape}:
        raise ValueError(f"a value of shape {measured.shape} against {wanted.shape}")
    distance = np.abs(measured - wanted)
    holds = bool(np.all(distance <= tolerance))
    if wanted.ndim:
        text = f"largest distance {about(distance.max())} (allowed {plain(tolerance)})"
    elif tolerance == 0:
        shown = plain(float(wanted))
        text = f"exactly {shown}" if holds else f"{about(measured, 6)} (allowed {shown})"
    else:
        low, high = float(wanted) - tolerance, float(wanted) + tolerance
        text = f"{_resolved(measured, low, high)} (allowed {plain(low)} to {plain(high)})"
    return Condition(statement, holds, f"{statement}: {text}")


def _between(
    statement: str, value: Measured, above: Measured | None, below: Measured | None
) -> Condition:
    low, high = (value.low, value.high) if is_difference(value) else (value, value)
    holds = (above is None or _all_above(low, above)) and (below is None or _all_above(below, high))
    bounds = {"above": above, "below": below}
    given = {side: bound for side, bound in bounds.items() if bound is not None}
    typed = {side: bound for side, bound in given.items() if not is_measured(bound)}
    others = " and ".join(f"{side} {about(given[side])}" for side in given if side not in typed)
    text = f"{_text(value, typed)} {others}".strip()
    if len(typed) == 2:
        text += f" (allowed {plain(above)} to {plain(below)})"
    elif typed:
        text += "".join(f" (allowed {side} {plain(bound)})" for side, bound in typed.items())
    return Condition(statement, holds, f"{statement}: {text}")


def _text(value: Measured, typed: dict[str, float]) -> str:
    if is_difference(value):
        return about(value)
    if len(typed) == 2:
        return _resolved(numbers(value), typed["above"], typed["below"])
    return about(value)


def _resolved(measured: np.ndarray, low: float, high: float) -> str:
    """Write a value with enough digits to be seen between its bounds."""
    size = max(abs(low), abs(high), 1e-300)
    digits = 2 + max(0, math.floor(math.log10(size / max(high - low, 1e-12 * size))))
    return about(measured, min(digits, 12))


def _all_above(upper: Measured, lower: Measured) -> bool:
    """Compare entry by entry; a plain number with each."""
    if isinstance(upper, xr.DataArray) and isinstance(lower, xr.DataArray):
        upper, lower = xr.align(upper, lower, join="exact")
        extra = set(upper.dims) ^ set(lower.dims)
        if extra and upper.ndim and lower.ndim:
            raise ValueError(f"one side has the dimension {extra.pop()!r}, the other has not")
        if upper.ndim and lower.ndim:
            lower = lower.transpose(*upper.dims)
    one, other = numbers(upper), numbers(lower)
    if one.size > 1 and other.size > 1 and one.shape != other.shape:
        raise ValueError(f"a value of shape {one.shape} against {other.shape}")
    return bool(np.all(one > other))
