"""Conditions: what a measurement must keep to, and how both are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from helpers._checks import shown
from helpers.evidence.numbers import (
    Measured,
    about,
    ends,
    is_difference,
    is_measured,
    numbers,
    paired,
    plain,
    rounded,
)


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
        The value must lie above or below these, or between them.

    A plain number, expected or as a bound, is shown as "allowed". An array, or a number of NumPy,
    is the other side of a comparison, and is shown as measured. Arrays are compared entry by
    entry, labelled ones label by label.

    Returns
    -------
    Condition
        Its text shows what was measured after the sign ≈, and what was allowed.

    Raises
    ------
    TypeError
        If nothing is demanded, or too much, or a value holds no real numbers.
    ValueError
        If a value is empty, a bound or the tolerance is not finite, the tolerance is negative, no
        number lies between the bounds, or shapes or labels differ.

    Examples
    --------
    >>> condition("loss", 0.3141, above=0.25, below=0.37)
    ✓ loss: ≈0.31 (allowed 0.25 to 0.37)
    >>> condition("accuracy, He against Xavier", np.array([0.46]), above=np.array([0.21]))
    ✓ accuracy, He against Xavier: ≈0.46 above ≈0.21
    >>> condition("slope of ReLU at 0", 0, 0)
    ✓ slope of ReLU at 0: exactly 0
    """
    bounds = {
        side: bound for side, bound in (("above", above), ("below", below)) if bound is not None
    }
    _check_statement(statement)
    if (expected is None) == (not bounds):
        raise TypeError(f"{statement!r} needs either an expected value, or above, below or both")
    try:
        if isinstance(value, str) or isinstance(expected, str):
            held, text = _same(value, expected)
        elif expected is not None:
            held, text = _near(value, expected, tolerance)
        elif tolerance:
            raise TypeError("a tolerance needs an expected value")
        else:
            held, text = _between(value, bounds)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{statement!r}: {error}") from error
    return Condition(statement, held, f"{statement}: {text}")


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
        As for ``condition``; and if a value without bounds is no truth value.

    Examples
    --------
    >>> check("the variance of a uniform law on [-1, 1]", 0.3334, 1 / 3, 0.001)
    ✓ the variance of a uniform law on [-1, 1]: ≈0.3334 (allowed 0.332333 to 0.334333)
    """
    _check_statement(statement)
    if expected is above is below is None and not tolerance:
        held = Condition(statement, _true(statement, value), statement)
    else:
        held = condition(statement, value, expected, tolerance, above=above, below=below)
    if not held.holds:
        raise EvidenceError(str(held))
    print(held)


def _check_statement(statement: str) -> None:
    if not isinstance(statement, str) or not statement.strip():
        raise TypeError(f"a statement must say what is measured; got {shown(statement)}")


def _true(statement: str, value: Measured) -> bool:
    truths = numbers(value)
    if not np.isin(truths, (0, 1)).all():
        raise TypeError(f"{statement!r} needs bounds, or a truth value; got {about(value)}")
    return bool(truths.all())


def _same(value: str, expected: str | None) -> tuple[bool, str]:
    if not (isinstance(value, str) and isinstance(expected, str)):
        raise TypeError(f"a text needs a text that is expected; got {value!r} and {expected!r}")
    held = str(value) == str(expected)
    return held, repr(str(value)) + ("" if held else f" (allowed {str(expected)!r})")


def _near(value: Measured, expected: Measured, tolerance: float) -> tuple[bool, str]:
    width = numbers(tolerance, "the tolerance")
    if width.size > 1 or not 0 <= width.item() < math.inf:
        raise ValueError(f"the tolerance must be finite and 0 or larger; got {shown(tolerance)}")
    allowed = width.item()
    measured, wanted = paired(value, expected, "the expected value")
    with np.errstate(invalid="ignore", over="ignore"):  # not finite is not near to anything
        distance = np.abs(measured - wanted)
    held = bool(np.all(distance <= allowed))
    if is_measured(expected):
        both = "" if wanted.size > 1 else f"{about(value)} against {about(expected)}, "
        return held, f"{both}largest distance {about(distance.max())} (allowed {plain(allowed)})"
    center = _finite("the expected value", wanted.item())
    if allowed == 0:
        exactly = plain(center, 15)
        text = f"{about(value, _digits(value, [center]))} (allowed {exactly})"
        return held, f"exactly {exactly}" if held else text
    low, high = center - allowed, center + allowed
    bounds = f"{plain(low)} to {plain(high)}"
    if allowed < 1e-4 * abs(center):
        bounds = f"{plain(center, 15)} \u00b1 {plain(allowed)}"
    return held, f"{about(value, _digits(value, [low, high]))} (allowed {bounds})"


def _between(value: Measured, bounds: dict[str, Measured]) -> tuple[bool, str]:
    low, high = (value.low, value.high) if is_difference(value) else (value, value)
    sides = {"above": (low, np.greater), "below": (high, np.less)}
    held = all(
        np.all(order(*paired(end, bounds[side], side)))
        for side, (end, order) in sides.items()
        if side in bounds
    )
    typed = {side: _finite(side, bound) for side, bound in bounds.items() if not is_measured(bound)}
    if len(typed) == 2 and typed["above"] >= typed["below"]:
        raise ValueError(f"no number lies above {typed['above']} and below {typed['below']}")
    others = {side: bound for side, bound in bounds.items() if side not in typed}
    digits = _digits(value, list(typed.values()), others.values())
    text = about(value, digits)
    text += "".join(f" {side} {about(other, digits)}" for side, other in others.items())
    if len(typed) == 2:
        return held, f"{text} (allowed {plain(typed['above'])} to {plain(typed['below'])})"
    return held, text + "".join(f" (allowed {side} {plain(typed[side])})" for side in typed)


def _finite(name: str, bound: float) -> float:
    if not math.isfinite(bound):
        raise ValueError(f"{name} must be finite; got {bound}")
    return bound


def _digits(value: Measured, typed: list[float], others: Iterable[Measured] = ()) -> int:
    """Return how many digits show on which side of each bound a value lies."""
    digits = 2
    if len(typed) == 2:
        size, width = (max(each, 1e-300) for each in (max(map(abs, typed)), typed[1] - typed[0]))
        digits = min(12, 2 + max(0, math.floor(math.log10(size) - math.log10(width))))
    measured = [end for other in others for end in ends(other)]

    def sides(shown: int) -> np.ndarray:
        bounds = [*typed, *(rounded(end, shown) for end in measured)]
        with np.errstate(invalid="ignore", over="ignore"):
            return np.sign(np.subtract.outer([rounded(end, shown) for end in ends(value)], bounds))

    true = sides(17)
    while digits < 17 and not np.array_equal(sides(digits), true, equal_nan=True):
        digits += 1
    return digits
