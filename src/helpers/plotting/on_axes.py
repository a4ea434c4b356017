"""Recurring parts of a figure, drawn on axes that the caller made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from helpers._checks import check_kind, check_text, real_array
from helpers.plotting.style import COLORS, MARKERS, repeated


def band(ax: Axes, x: ArrayLike, runs: ArrayLike, label: str, **style: object) -> None:
    """Draw the mean of several runs as a line, and their smallest and largest values as a band.

    Parameters
    ----------
    ax
        Where to draw.
    x
        Positions, shape ``(points,)``.
    runs
        One row for each seed, shape ``(seeds, points)``.
    label
        The series' name in the legend.
    **style
        Passed on to :meth:`matplotlib.axes.Axes.plot`.

    Raises
    ------
    TypeError
        If ``ax`` is none, ``label`` is no text, or something else than real numbers is given.
    ValueError
        If there is not one position for each point.
    """
    check_kind("ax", ax, Axes, "axes of matplotlib")
    check_text("label", label)
    x, runs = real_array("x", x), np.atleast_2d(real_array("runs", runs).astype(float))
    if x.ndim != 1 or runs.ndim != 2 or runs.shape[1] != len(x) or not runs.size:
        raise ValueError(
            "x must have the shape (points,) and runs (seeds, points); "
            f"got {x.shape} and {runs.shape}"
        )
    (line,) = ax.plot(x, runs.mean(axis=0), label=label, **style)
    ax.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=line.get_color(), alpha=0.15, lw=0)


def strip_on(ax: Axes, groups: Mapping[str, ArrayLike]) -> None:
    """Draw every single measurement of several groups as a point, one row for each group.

    Parameters
    ----------
    ax
        Where to draw. The values run along x; the first group stands at the top.
    groups
        From a group's name to its measurements, shape ``(seeds,)`` each.

    Raises
    ------
    TypeError
        If ``ax`` is none, or the groups are no mapping to real numbers.
    """
    check_kind("ax", ax, Axes, "axes of matplotlib")
    check_kind("groups", groups, Mapping, "a mapping from names to measurements")
    looks = zip(repeated(COLORS, len(groups)), repeated(MARKERS, len(groups)), strict=True)
    for row, ((name, values), (color, marker)) in enumerate(
        zip(groups.items(), looks, strict=True)
    ):
        values = real_array(f"the group {name!r}", values).ravel()
        offsets = row + np.linspace(-0.15, 0.15, len(values)) * (len(values) > 1)
        ax.plot(values, offsets, linestyle="none", marker=marker, color=color, alpha=0.75)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.grid(False, axis="y")
