"""Curves and layers: labelled results along one dimension.

Every series has a colour, a line style and a marker. A line is the mean over seeds, its band their
range. Theory is thin, solid and grey; a level to compare with is dotted and has its name. A line
ends in a cross where a network has diverged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plotting.dimensions import check, over_seeds, part, parts
from helpers.plotting.style import COLORS, LINES, MARKERS, PREDICTED, REFERENCE, WIDTH, repeated

FEW = 32
"""Up to so many points a line has a marker at each."""


def curves(
    values: xr.DataArray,
    x: str = "step",
    *,
    hue: str | None = None,
    row: str | None = None,
    smooth: int = 1,
    theory: xr.DataArray | None = None,
    references: Mapping[str, float] | None = None,
    lines: bool = True,
    height: float = 2.6,
    **axis: Any,
) -> Figure:
    """Draw mean and range over seeds along one dimension.

    Parameters
    ----------
    values
        With the dimensions ``x``, ``hue`` and ``row``, and perhaps ``seed``.
    x
        The dimension along the axis.
    hue
        The dimension of the series.
    row
        The dimension of the panels, one below the other.
    smooth
        How many neighbours along ``x`` are drawn as their mean.
    theory
        What is predicted, with the same labels.
    references
        Levels to compare with, by the name that is written beside each.
    lines
        Whether to join the points.
    height
        Of a panel, in inches.
    **axis
        For every panel, as for :meth:`matplotlib.axes.Axes.set`: ``yscale="log"``.

    Returns
    -------
    matplotlib.figure.Figure
        Shown at the end of a notebook's cell; assign it, so that it is not shown twice.

    Raises
    ------
    ValueError
        If a dimension is missing, or one is left over; the message names it.

    Examples
    --------
    >>> steps = xr.DataArray(np.ones((2, 3, 4)), dims=("scheme", "seed", "step"))
    >>> figure = curves(steps.assign_coords(scheme=["He", "Xavier"]), hue="scheme")
    >>> len(figure.axes[0].lines)
    2
    >>> plt.close(figure)
    """
    check(values, {x, hue, row})
    if smooth > 1:
        values = values.coarsen({x: smooth}, boundary="trim").mean(skipna=False)
    panels = parts(values, row)
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 0.6 + height * len(panels)), sharex=True, squeeze=False
    )
    for ax, (name, panel) in zip(axes[:, 0], panels.items(), strict=True):
        for i, (label, series) in enumerate(parts(panel, hue).items()):
            _line(ax, series, x, label, i, lines)
        if theory is not None:
            for line in parts(part(theory, row, name), hue).values():
                ax.plot(line[x], over_seeds(line), **PREDICTED)
        _refer(ax, references)
        ax.set(**{"ylabel": values.name or "", **axis})
        if row:
            ax.set_title(f"{row}: {name}", loc="left")
    axes[-1, 0].set_xlabel(axis.get("xlabel", x))
    if hue:
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=min(len(names), 4))
    return figure


def layers(
    seen: xr.Dataset,
    variables: Sequence[str] = ("signal", "gradient"),
    *,
    hue: str | None = None,
    relative: Sequence[str] = (),
    height: float = 2.6,
    **axis: Any,
) -> Figure:
    """Draw what ``starts`` saw layer by layer, on logarithmic scales, with theory beside it.

    Parameters
    ----------
    seen
        From ``starts``, with the dimensions ``layer`` and ``hue``, and perhaps ``seed``.
    variables
        One panel for each, from top to bottom. Its theory is drawn where ``seen`` has one.
    hue
        The dimension of the series.
    relative
        Of these variables each network's values are divided by that of its last layer.
    height, **axis
        As for ``curves``.

    Returns
    -------
    matplotlib.figure.Figure
        As for ``curves``.

    Raises
    ------
    ValueError
        If a variable or a dimension is missing, or one is left over.
    """
    figure, axes = plt.subplots(
        len(variables),
        1,
        figsize=(WIDTH, 0.6 + height * len(variables)),
        sharex=True,
        squeeze=False,
    )
    for ax, name in zip(axes[:, 0], variables, strict=True):
        if name not in seen:
            raise ValueError(
                f"there is no variable {name!r}; there are {', '.join(map(str, seen))}"
            )
        check(seen[name], {"layer", hue})
        for i, (label, series) in enumerate(parts(seen[name], hue).items()):
            _line(ax, _scaled(series, name in relative), "layer", label, i, join=False)
        predicted = seen.get(f"{name}_theory")
        if predicted is not None:
            for line in parts(predicted, hue).values():
                ax.plot(line.layer, over_seeds(_scaled(line, name in relative)), **PREDICTED)
        title = f"{name}, mean square" + (
            ", relative to the last layer" if name in relative else ""
        )
        ax.set(**{"yscale": "log", **axis})
        ax.set_title(title, loc="left")
    axes[-1, 0].set_xlabel("layer")
    axes[-1, 0].locator_params("x", integer=True)
    if hue:
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=min(len(names), 4))
    return figure


def _line(ax: Axes, series: xr.DataArray, x: str, label: str, i: int, join: bool) -> None:
    """Draw one series: mean, range over seeds, and a cross where it ends before the others."""
    color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
    mean = over_seeds(series)
    known = np.flatnonzero(np.isfinite(mean.values))
    few = len(known) <= FEW
    style = {"linestyle": repeated(LINES, i + 1)[-1] if join else "none"}
    ax.plot(mean[x], mean, color=color, marker=marker if few else "none", label=label, **style)
    if "seed" in series.dims:
        low, high = series.min("seed", skipna=False), series.max("seed", skipna=False)
        ax.fill_between(mean[x].values, low, high, color=color, alpha=0.15, lw=0)
    if join and len(known) and known[-1] + 1 < mean.sizes[x]:
        last = mean[{x: known[-1]}]
        ax.plot(last[x], last, marker="X", color=color, markersize=9, linestyle="none")


def _refer(ax: Axes, references: Mapping[str, float] | None) -> None:
    for name, level in (references or {}).items():
        ax.axhline(level, **REFERENCE)
        ax.annotate(
            name,
            (1, level),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=9,
        )


def _scaled(series: xr.DataArray, relative: bool) -> xr.DataArray:
    return series / series.isel(layer=-1) if relative else series
