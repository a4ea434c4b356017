"""Curves and layers: labelled results along one dimension.

Every series has a colour, a line style and a marker. A line is the mean over seeds, its band their
range. Theory is thin, solid and grey; a level to compare with is dotted and has its name. A line
ends in a cross where a network has diverged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers._checks import check_count, check_flag, check_kind
from helpers.plotting.dimensions import labelled, on_scale, over_seeds, parts, short
from helpers.plotting.panels import (
    check_height,
    levels,
    mark_whole_numbers,
    name_series,
    set_axis,
    stacked,
)
from helpers.plotting.style import COLORS, LINES, MARKERS, PREDICTED, REFERENCE

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
    >>> from matplotlib.pyplot import close
    >>> close(figure)
    """
    values = _placed(_smoothed(labelled(values, x, hue, row), x, smooth), x, axis)
    check_height(height)
    check_flag("lines", lines)
    if theory is not None:
        own = [name for name in (hue, row) if name in getattr(theory, "dims", ())]
        theory = _placed(labelled(theory, x, *own, argument="theory"), x, axis)
    references = levels(references, axis.get("yscale"))
    panels = parts(values, row)
    figure, axes = stacked(len(panels), 0.6 + height * len(panels))
    for ax, (label, panel) in zip(axes, panels, strict=True):
        for i, (name, series) in enumerate(parts(panel, hue)):
            _line(ax, series, x, short(name), i, lines, axis)
        for own_label, predicted in parts(theory, row) if theory is not None else ():
            if own_label in ("", label):
                _predict(ax, predicted, x, hue, axis)
        for name, level in references.items():
            ax.axhline(level, **REFERENCE)
            beside = ax.get_yaxis_transform()  # right of the panel, where no line is
            ax.text(1.01, level, name, transform=beside, va="center", fontsize=10)
        set_axis(ax, {"ylabel": values.name or "", **axis})
        if row:
            ax.set_title(f"{row}: {short(label)}", loc="left")
    axes[-1].set_xlabel(axis.get("xlabel", x))
    if "xscale" not in axis:
        mark_whole_numbers(axes[-1], values[x])
    name_series(figure)
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
    check_kind("seen", seen, xr.Dataset, "an xarray.Dataset, as starts returns it")
    check_height(height)
    variables = _names_of("variables", variables, seen)
    relative = _names_of("relative", relative, seen)
    if not variables:
        raise ValueError("variables must name one or more; got none")
    axis = {"yscale": "log", **axis}
    measured = [_scaled(labelled(seen[n], "layer", hue), n in relative) for n in variables]
    figure, axes = stacked(len(variables), 0.6 + height * len(variables))
    for ax, name, values in zip(axes, variables, measured, strict=True):
        for i, (label, series) in enumerate(parts(values, hue)):
            _line(ax, series, "layer", short(label), i, False, axis)
        if (predicted := seen.data_vars.get(f"{name}_theory")) is not None:
            own = hue if hue in predicted.dims else None
            predicted = _scaled(labelled(predicted, "layer", own), name in relative)
            _predict(ax, predicted, "layer", hue, axis)
        set_axis(ax, axis)
        of_last = ", relative to the last layer" if name in relative else ""
        ax.set_title(f"{name}, mean square{of_last}", loc="left")
    axes[-1].set_xlabel("layer")
    mark_whole_numbers(axes[-1], seen.layer)
    name_series(figure)
    return figure


def _names_of(argument: str, names: str | Sequence[str], seen: xr.Dataset) -> list[str]:
    """Return a list of variables of ``seen``; a single name may stand alone."""
    names = [names] if isinstance(names, str) else names
    check_kind(argument, names, Sequence, "a list of names")
    there = ", ".join(map(str, seen.data_vars))
    for name in names:
        if not isinstance(name, str) or name not in seen.data_vars:
            raise ValueError(f"{argument}: there is no variable {name!r}; there are {there}")
    return list(names)


def _smoothed(values: xr.DataArray, x: str, smooth: int) -> xr.DataArray:
    """Return the means of neighbours; NaN where one of them is."""
    check_count("smooth", smooth)
    if smooth > values.sizes[x]:
        raise ValueError(
            f"smooth must be {values.sizes[x]} at most, as many as {x} has; got {smooth}"
        )
    return values if smooth == 1 else values.coarsen({x: smooth}, boundary="trim").reduce(np.mean)


def _line(
    ax: Axes, series: xr.DataArray, x: str, label: str, i: int, join: bool, axis: Mapping[str, Any]
) -> None:
    """Draw one series: mean, range over seeds, and a cross where it ends before the others."""
    scale = axis.get("yscale")
    mean, again = over_seeds(series), i + i // len(COLORS)  # no two of 36 series are alike
    color, line = COLORS[i % len(COLORS)], LINES[again % len(LINES)] if join else "none"
    known = np.flatnonzero(np.isfinite(mean.values))
    marker = MARKERS[again % len(MARKERS)] if len(known) <= FEW else "none"
    drawn = on_scale(mean, scale)
    ax.plot(mean[x], drawn, color=color, marker=marker, linestyle=line, label=label)
    if "seed" in series.dims:
        low, high = series.min("seed", skipna=False), series.max("seed", skipna=False)
        ax.fill_between(mean[x].values, on_scale(low, scale), high, color=color, alpha=0.15, lw=0)
    if join and len(known) and known[-1] + 1 < mean.sizes[x]:
        end = drawn[{x: known[-1:]}]
        ax.plot(end[x], end, marker="X", color=color, markersize=9, linestyle="none")


def _predict(
    ax: Axes, theory: xr.DataArray, x: str, hue: str | None, axis: Mapping[str, Any]
) -> None:
    """Draw what is predicted, with or without the labels of the series."""
    for i, (_, line) in enumerate(parts(theory, hue)):
        mean = on_scale(over_seeds(line), axis.get("yscale"))
        ax.plot(line[x], mean, **PREDICTED, label="_" if i else "theory")


def _placed(values: xr.DataArray, x: str, axis: Mapping[str, Any]) -> xr.DataArray:
    """Leave out the positions that have no place on a logarithmic axis."""
    if axis.get("xscale") != "log":
        return values
    positive = values.isel({x: values[x].values > 0})
    if positive.sizes[x] == 0:
        raise ValueError(
            f"there is nothing to draw: no {x} is above 0, and its scale is logarithmic"
        )
    return positive


def _scaled(values: xr.DataArray, relative: bool) -> xr.DataArray:
    """Return the values of each network over that of its last layer; NaN where this is 0."""
    if not relative:
        return values
    last = values.isel(layer=values.notnull().sum("layer") - 1)
    return values / last.where(last != 0)
