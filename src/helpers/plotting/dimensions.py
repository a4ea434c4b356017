"""The dimensions of labelled results, as the figures take them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr


def over_seeds(values: xr.DataArray) -> xr.DataArray:
    """Return the mean over seeds; NaN where one of them is."""
    return values.mean("seed", skipna=False) if "seed" in values.dims else values


def parts(values: xr.DataArray, dimension: str | None) -> dict[str, xr.DataArray]:
    """Return the parts of an array by the labels of a dimension; without one the whole."""
    if dimension is None or dimension not in values.dims:
        return {"": values}
    return {short(each): values.sel({dimension: each}) for each in values[dimension].values}


def part(values: xr.DataArray, dimension: str | None, name: str) -> xr.DataArray:
    """Return the part of one label; the whole where it has no such dimension."""
    return parts(values, dimension).get(name, values)


def short(label: Any) -> str:
    """Write a label as it stands in a figure."""
    return f"{label:g}" if isinstance(label, float | np.floating) else str(label)


def check(values: xr.DataArray, wanted: set[str | None]) -> None:
    """Raise unless the dimensions are those wanted, and perhaps the seeds."""
    names = {str(name) for name in values.dims}
    if missing := sorted({str(name) for name in wanted if name} - names):
        raise ValueError(f"there is no dimension {missing[0]!r}; there are {', '.join(names)}")
    if rest := sorted(names - wanted - {"seed"}):
        raise ValueError(
            f"choose one label of {rest[0]!r} with .sel, or name it as hue, row or col"
        )
