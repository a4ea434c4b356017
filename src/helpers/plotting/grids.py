"""Heat maps and strips: labelled results by one or two of their dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt  # pip install "good-start[course]"
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from helpers.plotting.dimensions import check, over_seeds, parts, short
from helpers.plotting.style import COLORS, MARKERS, REFERENCE, WIDTH


def heat_map(
    values: xr.DataArray,
    x: str,
    y: str,
    *,
    col: str | None = None,
    label: str = "",
    text: str = "{:.2g}",
    limits: tuple[float, float] | None = None,
    height: float = 3.2,
) -> Figure:
    """Draw the mean over seeds as coloured cells, each with its number; a cross where one diverged.

    Parameters
    ----------
    values
        With the dimensions ``x``, ``y`` and ``col``, and perhaps ``seed``.
    x, y
        The dimensions along the axes; every label is one column or row.
    col
        The dimension of the panels, side by side.
    label
        Of the colours.
    text
        How a number is written in its cell.
    limits
        The values at the ends of the colours; by default the smallest and the largest.
    height
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        As for ``curves``.

    Raises
    ------
    ValueError
        If a dimension is missing, or one is left over.
    """
    check(values, {x, y, col})
    means = over_seeds(values)
    low, high = limits or (float(means.min()), float(means.max()))
    panels = parts(means, col)
    figure, axes = plt.subplots(1, len(panels), figsize=(WIDTH, height), sharey=True, squeeze=False)
    for ax, (name, panel) in zip(axes[0], panels.items(), strict=True):
        cells = panel.transpose(y, x)
        image = ax.imshow(cells, cmap="cividis", vmin=low, vmax=high, aspect="auto", origin="lower")
        for (i, j), value in np.ndenumerate(cells.values):
            bright = np.isnan(value) or (value - low) > 0.5 * (high - low)
            shown = "\u00d7" if np.isnan(value) else text.format(value)
            ax.text(j, i, shown, ha="center", va="center", color="black" if bright else "white")
        ax.set_xticks(range(cells.sizes[x]), [short(each) for each in cells[x].values])
        ax.set_yticks(range(cells.sizes[y]), [short(each) for each in cells[y].values])
        ax.set_xlabel(x)
        ax.grid(False)
        if col:
            ax.set_title(f"{col}: {name}", loc="left")
    axes[0, 0].set_ylabel(y)
    figure.colorbar(image, ax=list(axes[0]), label=label or str(values.name or ""))
    return figure


def strip(
    values: xr.DataArray,
    y: str,
    *,
    row: str | None = None,
    references: Mapping[str, float] | None = None,
    height: float = 0.45,
    **axis: Any,
) -> Figure:
    """Draw every single measurement as a point, one line of points for each label.

    Parameters
    ----------
    values
        With the dimensions ``y`` and ``row``, and perhaps ``seed``.
    y
        The dimension whose labels stand below each other.
    row
        The dimension of the panels, one below the other.
    references
        Levels to compare with, by the name that is written beside each.
    height
        Of a line of points, in inches.
    **axis
        For every panel, as for :meth:`matplotlib.axes.Axes.set`: ``xlabel="accuracy"``.

    Returns
    -------
    matplotlib.figure.Figure
        As for ``curves``.

    Raises
    ------
    ValueError
        If a dimension is missing, or one is left over.
    """
    check(values, {y, row})
    panels = parts(values, row)
    names = [str(each) for each in values[y].values]
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(WIDTH, 0.9 + (0.3 + height * len(names)) * len(panels)),
        sharex=True,
        squeeze=False,
    )
    for ax, (name, panel) in zip(axes[:, 0], panels.items(), strict=True):
        for i, points in enumerate(parts(panel, y).values()):
            own = np.atleast_1d(points.values)
            offsets = i + np.linspace(-0.15, 0.15, len(own)) * (len(own) > 1)
            color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
            ax.plot(own, offsets, linestyle="none", marker=marker, color=color, alpha=0.75)
        for text, level in (references or {}).items():
            ax.axvline(level, **REFERENCE)
            ax.text(level, -0.5, text, ha="center", va="bottom", fontsize=9)
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.set(**axis)
        if row:
            ax.set_title(f"{row}: {name}", loc="left")
    if "xlabel" not in axis:
        axes[-1, 0].set_xlabel(str(values.name or ""))
    return figure
