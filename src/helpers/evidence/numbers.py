"""How a measured number is written: after the sign ≈, which stands before nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import xarray as xr

Measured = Any
"""A number, an array of NumPy, torch or xarray, or what ``experiments.difference`` returns."""


def about(value: Measured, digits: int = 2) -> str:
    """Write what was measured in this run: ``≈0.31``, or ``≈0.29 to ≈0.33`` for several numbers.

    Only what follows the sign ≈ may differ from run to run; everything else in a notebook's
    outputs is compared with what is stored.

    Parameters
    ----------
    value
        A number; an array, of which the smallest and the largest are written; or a difference as
        ``experiments.difference`` returns it, written with its interval and its pairs.
    digits
        Significant digits, 1 or more.

    Returns
    -------
    str
        With the sign ≈ before every number; "not finite" for NaN and infinity.

    Raises
    ------
    TypeError
        If ``value`` holds no real numbers.
    ValueError
        If it is empty, or ``digits`` is below 1.

    Examples
    --------
    >>> about(0.3141), about(58_730.0), about(3.2e-9), about([0.29, 0.31])
    ('≈0.31', '≈59,000', '≈3.2e-9', '≈0.29 to ≈0.31')
    """
    if digits < 1:
        raise ValueError(f"digits must be 1 or more; got {digits}")
    if is_difference(value):
        parts = [about(value[name], digits) for name in ("difference", "low", "high")]
        agree, pairs = (int(value[name]) for name in ("agree", "pairs"))
        return (
            f"{parts[0]} (95% interval {parts[1]} to {parts[2]}; ≈{agree} of {pairs} pairs agree)"
        )
    values = numbers(value)
    low, high = _write(float(values.min()), digits), _write(float(values.max()), digits)
    return low if low == high else f"{low} to {high}"


def numbers(value: Measured) -> np.ndarray:
    """Return what was measured as a float64 array with at least one entry.

    Raises
    ------
    TypeError
        If it holds no real numbers.
    ValueError
        If it is empty.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().double().numpy()
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        raise TypeError(f"a measurement must hold real numbers; got {value!r}") from None
    if array.size == 0:
        raise ValueError("a measurement must hold at least one number; it is empty")
    return array.astype(float)


def is_difference(value: Measured) -> bool:
    """Say whether a value is one difference, as ``experiments.difference`` returns it."""
    return isinstance(value, xr.Dataset) and {"difference", "low", "high"} <= set(value)


def is_measured(value: Measured) -> bool:
    """Say whether a bound was measured: an array was, a plain number is the author's."""
    return not isinstance(value, bool | int | float) or isinstance(value, np.generic)


def plain(bound: float) -> str:
    """Write a bound that an author chose."""
    return f"{bound:,.6g}"


def _write(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "not finite"
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0 or 1e-4 <= abs(rounded) < 1e6:
        exponent = math.floor(math.log10(abs(rounded))) if rounded else 0
        return f"≈{rounded:,.{max(0, digits - 1 - exponent)}f}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"≈{mantissa}e{int(exponent)}"
