"""Checks at the doors of the helpers: each error says what was given and what is allowed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

MISFITS = (TypeError, ValueError, RuntimeError, IndexError, AttributeError)
"""What a caller's function raises if it does not fit; other errors are its own affair."""
LARGEST_COUNT = 10**9
"""Steps, layers or units: more of them fit into no lifetime and into no memory."""


def shown(value: Any) -> str:
    """Write a value for a message: in full where that is short, else its type and shape.

    Examples
    --------
    >>> shown("relu"), shown(np.zeros((50, 2)))
    ("'relu'", 'ndarray of shape (50, 2)')
    """
    text = repr(value)
    if len(text) <= 80 and "\n" not in text:
        return text
    shape = getattr(value, "shape", None)
    return type(value).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")


def one_of(argument: str, value: str, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``allowed``.

    Parameters
    ----------
    argument
        What the caller names the value, for the message: ``"activation"``.
    value
        The name that was given.
    allowed
        The names that exist.

    Raises
    ------
    TypeError
        If ``value`` is not a string.
    ValueError
        If ``value`` is not among ``allowed``; the message lists them and suggests the nearest.

    Examples
    --------
    >>> one_of("activation", "relu", ["relu", "tanh"])
    'relu'
    """
    allowed = list(allowed)
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be a name, one of {', '.join(allowed)}; got {value!r}")
    if value not in allowed:
        hint = did_you_mean(value, allowed)
        raise ValueError(f"unknown {argument} {value!r}.{hint} Allowed: {', '.join(allowed)}.")
    return value


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Ask for the allowed name that is most like another, capitals aside; "" where none is near.

    Examples
    --------
    >>> did_you_mean("Reul", ["relu", "tanh"])
    " Did you mean 'relu'?"
    """
    own = {each.lower(): each for each in allowed}
    near = get_close_matches(name.lower(), own, n=1)
    return f" Did you mean {own[near[0]]!r}?" if near else ""


def check_count(name: str, count: int, least: int = 1, most: int = LARGEST_COUNT) -> None:
    """Raise unless ``count`` is an integer from ``least`` to ``most``.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is below ``least``, or above ``most``.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise TypeError(f"{name} must be an integer; got {shown(count)}")
    if count < least:
        raise ValueError(f"{name} must be {least} or more; got {count}")
    if count > most:
        raise ValueError(f"{name} must be {most:,} at most; got {count}")


def check_kind(name: str, value: Any, kind: Any, what: str) -> None:
    """Raise ``TypeError`` unless ``value`` is of a kind, which ``what`` puts into words."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {what}; got {shown(value)}")


def check_flag(name: str, value: bool) -> None:
    """Raise ``TypeError`` unless ``value`` is a truth value."""
    check_kind(name, value, bool | np.bool_, "True or False")


def check_text(name: str, value: str) -> None:
    """Raise ``TypeError`` unless ``value`` is a text."""
    check_kind(name, value, str, "a text")


def check_function(name: str, value: Any) -> None:
    """Raise ``TypeError`` unless ``value`` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function; got {shown(value)}")


def is_list(value: Any) -> bool:
    """Tell whether a value is a sequence or an array with one axis, and no text."""
    if isinstance(value, np.ndarray):
        return value.ndim == 1
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def check_widths(widths: Sequence[int]) -> None:
    """Raise unless these are the widths of a dense network: of its inputs and of its layers.

    Raises
    ------
    TypeError
        If ``widths`` is not a sequence of integers.
    ValueError
        If there are fewer than two, or one is below 1 or too large.
    """
    if not is_list(widths) or not all(isinstance(width, int | np.integer) for width in widths):
        raise TypeError(
            f"widths must be a sequence of integers such as [784, 100, 10]; got {shown(widths)}"
        )
    if len(widths) < 2:
        raise ValueError(
            f"widths needs at least two numbers, the inputs and the outputs; got {shown(widths)}"
        )
    if not (min(widths) >= 1 and max(widths) <= LARGEST_COUNT):
        raise ValueError(
            f"every width must be 1 or more, and {LARGEST_COUNT:,} at most; "
            f"widths is {shown(widths)}"
        )


def finite(argument: str, value: float, least: float = -math.inf, most: float = math.inf) -> float:
    """Return ``value`` if it is a finite real number from ``least`` to ``most``."""
    if not isinstance(value, Real):
        raise TypeError(f"{argument} must be a real number; got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and least <= number <= most):
        bound = f" and at least {least}" if least > -math.inf else ""
        bound += f" and at most {most}" if most < math.inf else ""
        raise ValueError(f"{argument} must be finite{bound}; got {value!r}")
    return number


def square(argument: str, value: float, least: float = -math.inf) -> float:
    """Return the square of a finite number, if it is finite, too."""
    try:
        return finite(argument, value, least) ** 2
    except OverflowError:
        raise ValueError(f"{argument} must have a finite square; got {value!r}") from None


def real_array(name: str, values: ArrayLike) -> np.ndarray:
    """Return real numbers as an array, in the dtype that they have.

    Raises
    ------
    TypeError
        If ``values`` holds anything else, or what NumPy cannot read as it is: rows of different
        length, masked entries, a tensor with a gradient or on another device.
    """
    try:
        array = np.asarray(values)
        wrong = "" if array.dtype.kind in "biuf" else f"dtype {array.dtype}"
        wrong = "masked entries" if np.ma.is_masked(values) else wrong
    except (TypeError, ValueError, RuntimeError) as error:
        wrong = str(error)
    if wrong:
        raise TypeError(f"{name} must hold real numbers; got {shown(values)} ({wrong})")
    return array


def patience(limit: float) -> float:
    """Return a limit of time, stretched by the factor in COURSE_PATIENCE, for a slow machine.

    Raises
    ------
    ValueError
        If the factor is not a positive, finite number.
    """
    text = os.environ.get("COURSE_PATIENCE", "1")
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise ValueError(f"COURSE_PATIENCE must be a number above 0, such as 4; got {text!r}")
    return limit * factor
