"""Error messages shared by the helpers: what was given, what is allowed, the nearest name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import numpy as np


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
        near = get_close_matches(value.lower(), allowed, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown {argument} {value!r}.{hint} Allowed: {', '.join(allowed)}.")
    return value


def check_count(name: str, count: int) -> None:
    """Raise unless ``count`` is an integer from 1 up.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is below 1.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise TypeError(f"{name} must be an integer; got {count!r}")
    if count < 1:
        raise ValueError(f"{name} must be 1 or more; got {count}")
