"""What a function returns at every combination of named settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from helpers._checks import check_function, shown
from helpers.experiments.settings import (
    call,
    check_taken,
    describe,
    labelled,
    labels,
    points,
    split,
)


def tabulate(function: Callable[..., Any], **settings: Any) -> xr.DataArray:
    """Call a function at every combination of the settings, and label what it returns.

    Parameters
    ----------
    function
        A function of the settings that returns a number, an array or an ``xarray.DataArray``.
    **settings
        As for ``sweep``: a list is an axis, a mapping gives its values names.

    Returns
    -------
    xarray.DataArray
        With the axes as first dimensions, then those of the results. Its name is that of the
        function, unless the results have one.

    Raises
    ------
    TypeError
        If the function takes a setting that is not given, or a value needs a name.
    ValueError
        If the function fails at some settings; the message says at which, and why.

    Examples
    --------
    >>> from helpers.device import rng
    >>> def spread(n, seed):
    ...     return rng(seed).normal(size=n).std()
    >>> tabulate(spread, n=[10, 1000], seed=range(5)).sizes
    Frozen({'n': 2, 'seed': 5})
    """
    check_function("function", function)
    axes, fixed = split(settings)
    check_taken(settings, [function])
    rows = []
    for point, where in zip(points(axes, fixed), labels(axes), strict=True):
        try:
            found = xr.DataArray(call(function, point))
            if found.dtype.kind not in "biuf":
                raise TypeError(f"it must return real numbers; got {shown(found.values)}")
        except Exception as error:
            name = getattr(function, "__name__", "the function")
            raise ValueError(f"{name} fails at {describe(where)}: {error}") from error
        rows.append(found)
    name = rows[0].name or getattr(function, "__name__", None)
    return labelled([row.to_dataset(name="value") for row in rows], axes)["value"].rename(name)
