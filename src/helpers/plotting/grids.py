"""Heat maps and strips: labelled results by one or two of their dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib  # pip install "good-start[course]"
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from helpers._checks import check_text, real_array, shown
from helpers.plotting.dimensions import labelled, on_scale, over_seeds, parts, short
from helpers.plotting.panels import check_height, levels, set_axis, stacked
from helpers.plotting.style import COLORS, MARKERS, REFERENCE


def heat_map(
    values: xr.DataArray,
    x: str,
    y: str,
    *,
    row: str | None = None,
    label: str = "",
    limits: tuple[float, float] | None = None,
    height: float = 1.9,
) -> Figure:
    """Draw the mean over seeds as coloured cells, each with its number; a cross where one diverged.

    Parameters
    ----------
    values
        With the dimensions ``x``, ``y`` and ``row``, and perhaps ``seed``.
    x, y
        The dimensions along the axes; every label is one column or row.
    row
        The dimension of the panels, one below the other.
    label
        Of the colours.
    limits
        The values at the ends of the colours; by default the smallest and the largest.
    height
        Of a panel, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        As for ``curves``.

    Raises
    ------
    ValueError
        If a dimension is missing, or one is left over.
    """
    means = over_seeds(labelled(values, x, y, row))
    check_height(height)
    check_text("label", label)
    means = means.where(np.isfinite(means))
    low, high = _limits(limits) if limits is not None else (float(means.min()), float(means.max()))
    if low == high:
        low, high = low - 0.5, high + 0.5
    panels = parts(means, row)
    figure, axes = stacked(len(panels), 0.5 + height * len(panels))
    colors = matplotlib.colormaps["cividis"].with_extremes(bad="0.92")
    for ax, (name, panel) in zip(axes, panels, strict=True):
        cells = panel.transpose(y, x)
        image = ax.imshow(cells, cmap=colors, vmin=low, vmax=high, aspect="auto", origin="lower")
        for (i, j), value in np.ndenumerate(cells.values):
            shown = "\u00d7" if np.isnan(value) else _in_cell(value)
            color = "white" if _is_dark(image.to_rgba(value)) else "black"
            ax.text(j, i, shown, ha="center", va="center", color=color, fontsize=9)
        ax.set_xticks(range(cells.sizes[x]), [short(each) for each in cells[x].values], fontsize=9)
        ax.set_yticks(range(cells.sizes[y]), [short(each) for each in cells[y].values])
        ax.set_ylabel(y)
        ax.grid(False)
        if row:
            ax.set_title(f"{row}: {short(name)}", loc="left")
    axes[-1].set_xlabel(x)
    figure.colorbar(image, ax=list(axes), label=label or str(values.name or ""))
    return figure


def _limits(limits: tuple[float, float]) -> tuple[float, float]:
    """Return the values at the ends of the colours, if they are two numbers in their order."""
    ends = real_array("limits", limits)
    if ends.shape != (2,) or not np.isfinite(ends).all() or ends[0] > ends[1]:
        raise ValueError(f"limits must be two numbers, the smaller one first; got {shown(limits)}")
    return float(ends[0]), float(ends[1])


def _in_cell(value: float) -> str:
    """Write a number in the room of a cell: 0.31, 42, 3k."""
    size = abs(value)
    if 999.5 <= size < 1e6:
        return f"{value / 1000:.0f}k"
    if 9.995 <= size < 999.5:
        return f"{value:.0f}"
    return f"{value:.2f}" if size == 0 or 0.00995 <= size < 9.995 else f"{value:.2g}"


def _is_dark(color: tuple[float, float, float, float]) -> bool:
    """Say whether white can be read on a colour better than black."""
    return float(np.dot(np.array(color[:3]) ** 2.2, (0.2126, 0.7152, 0.0722))) < 0.18


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
    values = labelled(values, y, row)
    check_height(height)
    references = levels(references, axis.get("xscale"))
    panels = parts(values, row)
    names = [short(each) for each in values[y].values]
    figure, axes = stacked(len(panels), 0.9 + (0.3 + height * len(names)) * len(panels))
    for ax, (label, panel) in zip(axes, panels, strict=True):
        for i, (_, points) in enumerate(parts(panel, y)):
            own = np.atleast_1d(on_scale(points, axis.get("xscale")).values)
            offsets = i + np.linspace(-0.15, 0.15, len(own)) * (len(own) > 1)
            color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
            ax.plot(own, offsets, linestyle="none", marker=marker, color=color, alpha=0.75)
            if lost := int(np.isnan(points).sum()):
                beside = ax.get_yaxis_transform()
                ax.text(1.01, i, f"{lost} diverged", transform=beside, va="center", fontsize=10)
        for text, level in references.items():
            ax.axvline(level, **REFERENCE)
            ax.text(level, -0.5, text, ha="center", va="bottom", fontsize=10)
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.grid(False, axis="y")
        set_axis(ax, axis)
        if row:
            above = {"pad": 18} if references else {}  # their names stand between
            ax.set_title(f"{row}: {short(label)}", loc="left", **above)
    axes[-1].set_xlabel(axis.get("xlabel", str(values.name or "")))
    return figure
