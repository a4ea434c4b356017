"""The panels of a figure: one below the other, with one legend above them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers._checks import check_kind, finite, real_array, shown
from helpers.plotting.style import WIDTH


def check_height(height: float) -> None:
    """Raise unless this is the height of a panel, in inches: above 0, and no more than a page's."""
    if not finite("height", height, most=100) > 0:
        raise ValueError(f"height must be above 0; got {height!r}")


def stacked(count: int, height: float) -> tuple[Figure, np.ndarray]:
    """Return a figure and its panels, from top to bottom."""
    figure, axes = plt.subplots(
        count, 1, figsize=(WIDTH, height), sharex=True, squeeze=False, layout="constrained"
    )
    return figure, axes[:, 0]


def set_axis(ax: Axes, axis: Mapping[str, Any]) -> None:
    """Set all but the name of x, which the last panel has; say so where a log scale is bare."""
    least = {"x": ax.dataLim.minposx, "y": ax.dataLim.minposy}
    bare = {w for w in least if axis.get(f"{w}scale") == "log" and not np.isfinite(least[w])}
    if bare:
        ax.update_datalim([(0.1, 0.1), (10, 10)], updatex="x" in bare, updatey="y" in bare)
        ax.text(0.5, 0.5, "nothing above 0", transform=ax.transAxes, ha="center", va="center")
    ax.set(**{name: value for name, value in axis.items() if name != "xlabel"})


def mark_whole_numbers(ax: Axes, positions: xr.DataArray) -> None:
    """Put no tick between two whole numbers, such as layers, where all positions are whole."""
    if positions.dtype.kind in "iu":
        ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


def name_series(figure: Figure) -> None:
    """Name the series above the panels, in as many columns as there is room for."""
    handles, names = figure.axes[0].get_legend_handles_labels()
    if names:
        room = max(1, min(5, 70 // (max(map(len, names)) + 7)))
        rows = -(-len(names) // room)
        columns = -(-len(names) // rows)
        figure.legend(handles, names, loc="outside upper center", ncols=columns)


def levels(references: Mapping[str, float] | None, scale: str | None) -> dict[str, float]:
    """Return the levels that have a place on a scale, by their names.

    Raises
    ------
    TypeError
        If they are no mapping, or one is no number.
    ValueError
        If one is not finite.
    """
    if references is None:
        return {}
    check_kind("references", references, Mapping, "a mapping from names to numbers")
    for name, level in references.items():
        number = real_array(f"the reference {name!r}", level)
        if number.ndim or not np.isfinite(number):
            raise ValueError(f"the reference {name!r} must be a finite number; got {shown(level)}")
    return {n: each for n, each in references.items() if each > 0 or scale != "log"}
