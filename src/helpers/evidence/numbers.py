"""How a measured number is written: after the sign ≈, which stands before nothing else."""

from __future__ import annotations

import math
from reprlib import repr as shortened
from typing import Any

import numpy as np
import torch
import xarray as xr

from helpers._checks import check_count

Measured = Any
"""A number, an array of NumPy, torch or xarray, or what ``experiments.difference`` returns."""
DIFFERENCE = {"difference", "low", "high", "agree", "pairs"}


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
        If ``value`` holds no real numbers, or ``digits`` is no integer.
    ValueError
        If it is empty, or ``digits`` is below 1.

    Examples
    --------
    >>> about(0.3141), about(58_730.0), about(3.2e-9), about([0.29, 0.31])
    ('≈0.31', '≈59,000', '≈3.2e-9', '≈0.29 to ≈0.31')
    """
    check_count("digits", digits)
    if is_difference(value):
        mean, low, high = (about(value[name], digits) for name in ("difference", "low", "high"))
        agree, pairs = about(value["agree"], 6), value["pairs"].item()
        return f"{mean} (95% interval {low} to {high}; {agree} of {pairs} pairs agree)"
    values = _real(value)
    low, high = (_write(end, digits, values.dtype.kind != "f") for end in ends(value))
    return low if low == high else f"{low} to {high}"


def numbers(value: Measured, name: str = "a measurement") -> np.ndarray:
    """Return what was measured as a float64 array with at least one entry.

    Raises
    ------
    TypeError
        If it holds no real numbers.
    ValueError
        If it is empty.
    """
    return _real(value, name).astype(float)


def ends(value: Measured) -> tuple[float, float]:
    """Return the smallest and the largest number; of a difference the ends of its interval."""
    if is_difference(value):
        return float(value.low), float(value.high)
    values = numbers(value)
    return float(values.min()), float(values.max())


def paired(
    one: Measured, other: Measured, name: str = "a measurement"
) -> tuple[np.ndarray, np.ndarray]:
    """Return two measurements to compare entry by entry; a single number goes with every entry.

    ``name`` is what the caller calls the other one.

    Raises
    ------
    TypeError, ValueError
        As for ``numbers``, and if shapes differ, or dimensions or labels of labelled arrays.
    """
    labelled = [each for each in (one, other) if isinstance(each, xr.DataArray) and each.ndim]
    if len(labelled) == 2:
        other = _ordered(other, like=one)
    first, second = numbers(one), numbers(other, name)
    if first.size > 1 and second.size > 1 and first.shape != second.shape:
        raise ValueError(f"a value of shape {first.shape} against {second.shape}")
    return first, second


def is_difference(value: Measured) -> bool:
    """Say whether a value is one difference, as ``experiments.difference`` returns it."""
    return isinstance(value, xr.Dataset) and set(value) >= DIFFERENCE and not value.sizes


def is_measured(value: Measured) -> bool:
    """Say whether a bound was measured: an array was, a plain number is the author's."""
    return not isinstance(value, bool | int | float) or isinstance(value, np.generic)


def plain(bound: float, digits: int = 6) -> str:
    """Write a bound that an author chose."""
    whole = float(bound).is_integer() and abs(bound) < 1e15
    return f"{bound:,.0f}" if whole else f"{bound:,.{digits}g}"


def rounded(value: float, digits: int) -> float:
    """Round a number to significant digits, as ``about`` writes it."""
    return float(f"{value:.{digits - 1}e}")


def _write(value: float, digits: int, whole: bool) -> str:
    if not math.isfinite(value):
        return "not finite"
    shown = rounded(value, digits) or 0.0  # no minus sign before 0
    if shown == 0 or 1e-4 <= abs(shown) < 1e6:
        exponent = math.floor(math.log10(abs(shown))) if shown else 0
        return f"≈{shown:,.{0 if whole else max(0, digits - 1 - exponent)}f}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"≈{mantissa}e{int(exponent)}"


def _real(value: Measured, name: str = "a measurement") -> np.ndarray:
    """Return what was measured as an array of real numbers that is not empty."""
    array = value
    try:
        if isinstance(value, torch.Tensor):
            array = value.detach().cpu()
            array = (array.double() if array.is_floating_point() else array).numpy()
        array = np.asarray(array)
        if array.dtype.kind not in "biuf" or np.ma.is_masked(value):
            raise TypeError
    except (TypeError, ValueError, NotImplementedError):
        hint = "; choose one variable, or one difference" if isinstance(value, xr.Dataset) else ""
        raise TypeError(f"{name} must hold real numbers; got {shortened(value)}{hint}") from None
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one number; it is empty")
    return array


def _ordered(other: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Return an array with its dimensions and labels in the order of another one."""
    if extra := sorted(map(str, set(like.dims) ^ set(other.dims))):
        raise ValueError(f"one side has the dimension {extra[0]!r}, the other has not")
    for name in like.dims:
        mine, yours = (set(each[name].values.tolist()) for each in (like, other))
        if alone := sorted(mine ^ yours, key=str):
            raise ValueError(f"one side has the {name} {alone[0]!r}, the other has not")
    return other.reindex_like(like).transpose(*like.dims)
