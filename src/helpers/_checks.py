"""Error messages shared by the helpers: what was given, what is allowed, the nearest name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


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
