"""The course's figure style and its recurring figures.

A figure has one message, which its caption states. Series differ by line style as well as by
colour, the colours are those of Okabe and Ito (2008), which stay apart under colour-blindness, and
the background is opaque white, so that a figure reads the same on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

BLUE, ORANGE, GREEN, PINK, BLACK, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#000000",
    "#56B4E9",
)
COLORS = (BLUE, ORANGE, GREEN, PINK, BLACK, SKY)
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 6.4
THEORY = {
    "color": "0.35",
    "linestyle": (0, (4, 3)),
    "linewidth": 1.4,
    "marker": "none",
    "zorder": 1,
}


def set_style() -> None:
    """Set the course's style for the figures to come: size, fonts, colours, line styles."""
    plt.rcParams.update(
        {
            "figure.figsize": (WIDTH, 3.6),
            "figure.dpi": 150,
            "savefig.dpi": 150,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",
            "font.size": 11,
            "axes.titlesize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "0.9",
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "legend.frameon": False,
            "image.cmap": "gray_r",
            "image.interpolation": "nearest",
            "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=LINES),
        }
    )


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


def strip(ax: Axes, groups: Mapping[str, ArrayLike]) -> None:
    """Draw every single measurement of several groups as a point, one row for each group.

    Parameters
    ----------
    ax
        Where to draw. The values run along x; the first group stands at the top.
    groups
        From a group's name to its measurements, shape ``(seeds,)`` each.
    """
    for row, (values, color, marker) in enumerate(
        zip(groups.values(), _cycle(COLORS, len(groups)), _cycle(MARKERS, len(groups)), strict=True)
    ):
        values = np.ravel(values)
        offsets = row + np.linspace(-0.15, 0.15, len(values)) * (len(values) > 1)
        ax.plot(values, offsets, linestyle="none", marker=marker, color=color, alpha=0.75)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.grid(False, axis="y")


def layers(ax: Axes, series: Mapping[str, ArrayLike], names: Sequence[str]) -> None:
    """Draw a quantity layer by layer on a logarithmic scale, one line for each start.

    Parameters
    ----------
    ax
        Where to draw.
    series
        From a start's name to the quantity, shape ``(layers,)`` or ``(seeds, layers)``; with
        several seeds the mean and the range are drawn. Zeros, which have no place on this scale,
        are left out.
    names
        The layers' names, in forward order.
    """
    positions = np.arange(len(names))
    for (label, values), marker in zip(series.items(), _cycle(MARKERS, len(series)), strict=True):
        values = np.atleast_2d(np.asarray(values, dtype=float))
        band(ax, positions, np.where(values > 0, values, np.nan), label, marker=marker)
    ax.set_yscale("log")
    ax.set_xticks(positions, names)


def image_grid(
    images: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    diverging: bool = False,
) -> Figure:
    """Show images side by side on one common scale.

    Parameters
    ----------
    images
        Shape ``(n, height, width)``.
    titles
        One line above each image.
    columns
        Images in a row.
    diverging
        Use a scale from blue (negative) through white (0) to red (positive), for weights. Otherwise
        white stands for the smallest value and black for the largest.

    Returns
    -------
    matplotlib.figure.Figure
    """
    images = np.asarray(images, dtype=float)
    if images.ndim != 3 or len(images) == 0:
        raise ValueError(f"images must have shape (n, height, width); got {images.shape}")
    rows = -(-len(images) // columns)
    cell = WIDTH / columns
    height = rows * (cell + (0.25 if titles else 0))
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    limit = np.abs(images).max()
    scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit} if diverging else {}
    scale = scale or {"vmin": images.min(), "vmax": images.max()}
    for ax in axes.flat:
        ax.axis("off")
    for number, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, **scale)
        if titles:
            ax.set_title(titles[number], fontsize=10)
    return figure


def confusion_matrix(counts: ArrayLike, classes: Sequence[str]) -> Figure:
    """Show how often each true class was predicted as each class, the errors coloured.

    Parameters
    ----------
    counts
        Shape ``(classes, classes)``; ``counts[i, j]`` is how often class ``i`` was called ``j``.
    classes
        The classes' names.

    Returns
    -------
    matplotlib.figure.Figure
    """
    counts = np.asarray(counts)
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"counts must be {len(classes)} by {len(classes)}; got {counts.shape}")
    errors = np.where(np.eye(len(classes), dtype=bool), 0, counts)
    figure, ax = plt.subplots(figsize=(WIDTH, 5.6))
    ax.imshow(errors, cmap="Oranges", vmax=max(1, 1.6 * errors.max()))
    for (i, j), count in np.ndenumerate(counts):
        if count:
            ax.text(j, i, f"{count}", ha="center", va="center", color="0.35" if i == j else "black")
    ax.set_xticks(range(len(classes)), classes)
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="predicted digit", ylabel="true digit")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return figure


def _cycle(values: Sequence, length: int) -> list:
    """Repeat ``values`` until there are ``length`` of them."""
    return [values[i % len(values)] for i in range(length)]
