"""The course's figure style: sizes, colours, line styles, markers."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from cycler import cycler

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
PREDICTED = {"color": "0.45", "linestyle": "-", "linewidth": 0.9, "marker": "none", "zorder": 1}
"""Theory: a thin solid grey line, as series are dashed, too."""
REFERENCE = {"color": "0.25", "linestyle": (0, (1, 2)), "linewidth": 1.2, "zorder": 1}
"""A level to compare with, always with its name beside it."""


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


def repeated(values: Sequence, length: int) -> list:
    """Repeat ``values`` until there are ``length`` of them."""
    return [values[i % len(values)] for i in range(length)]
