"""Evidence as the chapters use it that are not yet in the new form; it goes with the last.

from helpers.evidence import old_form as evidence
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers.evidence.cards import claim, reproduction
from helpers.evidence.conditions import EvidenceError

__all__ = ["EvidenceError", "check", "claim", "reproduction"]


def check(
    statement: str, value: ArrayLike, expected: ArrayLike = True, tolerance: float = 0.0
) -> None:
    """Hold a sentence to a number as ``check`` does, and print what was allowed alone.

    Parameters
    ----------
    statement
        What the text says, in a few words.
    value
        What was measured: a number, a truth value or an array.
    expected
        What it should be; by default ``True``, for a value that is a comparison.
    tolerance
        The largest absolute difference allowed. Not negative.

    Raises
    ------
    EvidenceError
        If any element of ``value`` is farther than ``tolerance`` from ``expected``, or is NaN.
    ValueError
        If ``tolerance`` is negative or NaN, or ``value`` is empty.

    Examples
    --------
    >>> check("the variance of a uniform law on [-a, a] is a^2/3", 0.3334, 1 / 3, 0.001)
    ✓ the variance of a uniform law on [-a, a] is a^2/3 (0.333 ± 0.001)
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be 0 or larger; got {tolerance!r}")
    measured = np.asarray(value, dtype=float)
    if measured.size == 0:
        raise ValueError(f"there is nothing to check in {statement!r}: value is empty")
    if not np.all(np.abs(measured - np.asarray(expected, dtype=float)) <= tolerance):
        raise EvidenceError(f"{statement}: expected {expected} ± {tolerance:g}, measured {value}")
    print(f"✓ {statement}{_allowed(expected, tolerance)}")


def _allowed(expected: ArrayLike, tolerance: float) -> str:
    """Say what is allowed, with as many digits as the tolerance justifies."""
    if isinstance(expected, (bool, np.bool_)) or np.ndim(expected):
        return ""
    if tolerance == 0:
        return f" ({expected:g})"
    digits = max(0, -int(np.floor(np.log10(tolerance))))
    if not np.isclose(round(tolerance, digits), tolerance, rtol=0.01, atol=0):
        digits += 1
    return f" ({expected:.{digits}f} ± {tolerance:.{digits}f})"
