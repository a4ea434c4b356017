"""An audit's report as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt  # pip install "good-start[course]"
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import plotting
from helpers.audit.report.words import printable

if TYPE_CHECKING:
    from helpers.audit.report.report import Report

_NAMED = 16
_LEAST = 100.0
"""A panel spans at least this factor, so that small changes look small."""


def figure(report: Report) -> Figure:
    """Draw signal and gradient of each measured layer on logarithmic scales."""
    layers = [layer for layer in report.layers if not math.isnan(layer.signal)]
    with plt.rc_context():
        plotting.set_style()
        drawn, (above, below) = plt.subplots(2, 1, figsize=(plotting.WIDTH, 5.2), sharex=True)
        _line(
            above,
            [layer.predicted for layer in layers],
            "theory",
            **plotting.PREDICTED | {"zorder": 3},
        )
        _line(above, [layer.signal for layer in layers], "signal, rms", marker="o")
        _line(above, [layer.spread for layer in layers], "spread over examples", marker="s")
        above.set_ylabel("output")
        gradient = [layer.gradient for layer in layers]
        _line(below, gradient, "gradient, norm", marker="^", color=plotting.GREEN)
        below.set(ylabel="dL / d(output)", xlabel="layer, in the order of the forward pass")
        for ax in (above, below):
            _widen(ax)
            ax.legend(loc="best")
        if len(layers) <= _NAMED:
            names = [printable(layer.name).replace("$", r"\$") or "model" for layer in layers]
            below.set_xticks(range(len(layers)), names, rotation=45, ha="right")
        interactive = plt.isinteractive()
    plt.interactive(interactive)  # a notebook's backend, loaded at its first figure, switches it on
    return drawn


def _line(ax: Axes, values: Sequence[float], label: str, **style: object) -> None:
    """Draw the values that a logarithmic scale has a place for."""
    shown = [value if 0 < value < math.inf else math.nan for value in values]
    ax.plot(range(len(shown)), shown, label=label, **style)
    if any(not math.isnan(value) for value in shown):
        ax.set_yscale("log")


def _widen(ax: Axes) -> None:
    """Let a logarithmic axis span a factor of at least ``_LEAST`` about its middle."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log" and high < _LEAST * low:
        middle = math.sqrt(low * high)
        ax.set_ylim(middle / math.sqrt(_LEAST), middle * math.sqrt(_LEAST))
