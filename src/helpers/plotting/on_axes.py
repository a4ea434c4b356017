"""Recurring parts of a figure, drawn on axes that the caller made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

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
    """
    runs = np.atleast_2d(np.asarray(runs, dtype=float))
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
    """
    for row, (values, color, marker) in enumerate(
        zip(
            groups.values(),
            repeated(COLORS, len(groups)),
            repeated(MARKERS, len(groups)),
            strict=True,
        )
    ):
        values = np.ravel(values)
        offsets = row + np.linspace(-0.15, 0.15, len(values)) * (len(values) > 1)
        ax.plot(values, offsets, linestyle="none", marker=marker, color=color, alpha=0.75)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.grid(False, axis="y")
