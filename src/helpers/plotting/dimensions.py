"""The dimensions of labelled results, as the figures take them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from helpers._checks import check_kind, check_text


def over_seeds(values: xr.DataArray) -> xr.DataArray:
    """Return the mean over seeds; NaN where one of them is."""
    return values.mean("seed", skipna=False) if "seed" in values.dims else values


def parts(values: xr.DataArray, dimension: str | None) -> list[tuple[Any, xr.DataArray]]:
    """Return the labels of a dimension and the part of each; without the dimension the whole."""
    if dimension is None or dimension not in values.dims:
        return [("", values)]
    labels = values[dimension].values
    return [(label, values.isel({dimension: i})) for i, label in enumerate(labels)]


def short(label: Any) -> str:
    """Write a label as it stands in a figure: 0.03, and 3e-5 for a small number."""
    if not isinstance(label, float | np.floating):
        return str(label)
    mantissa, _, exponent = f"{label:e}".partition("e")
    small = 0 < abs(label) < 1e-3
    return f"{float(mantissa):g}e{int(exponent)}" if small else f"{label:g}"


def labelled(values: xr.DataArray, *wanted: str | None, argument: str = "values") -> xr.DataArray:
    """Return floats with a label for every position, if the dimensions are those wanted.

    Raises
    ------
    TypeError
        If it is no array with names, or holds no real numbers; or if a name is no text.
    ValueError
        If a dimension is missing, or named twice, or one is left over besides the seeds, or it is
        empty.
    """
    check_kind(argument, values, xr.DataArray, "an xarray.DataArray, such as runs.loss")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{argument} must hold real numbers; got {values.dtype}")
    there = [str(each) for each in values.dims]
    names = [each for each in wanted if each is not None]
    for name in names:
        check_text("the name of a dimension", name)
    for name in names:
        if name not in there:
            raise ValueError(
                f"there is no dimension {name!r}; there are {', '.join(there) or 'none'}"
            )
        if name == "seed" or names.count(name) > 1:
            use = "is averaged over" if name == "seed" else "is named twice"
            raise ValueError(f"the dimension {name!r} {use}; name another one, or rename it")
    for name in there:
        if name not in {*names, "seed"}:
            raise ValueError(f"choose one label of {name!r} with .sel, or name it for the figure")
        if values.sizes[name] == 0:
            raise ValueError(f"there is nothing to draw: the dimension {name!r} is empty")
    return values.astype(float).assign_coords({name: values[name] for name in values.dims})


def on_scale(values: xr.DataArray, scale: str | None) -> xr.DataArray:
    """Leave out zeros and negative numbers where the scale is logarithmic: they have no place."""
    return values.where(values > 0) if scale == "log" else values
