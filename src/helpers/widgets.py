"""Interactive controls: a figure that follows sliders and menus.

Where no kernel runs (on the site, or in a notebook that was just opened) the control shows a
picture of its first setting.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure


class Explorer(ipywidgets.VBox):
    """Controls above the figure that they change. Made by :func:`explore`."""

    def __init__(self, draw: Callable[..., Figure], controls: dict[str, ipywidgets.Widget]):
        self._draw = draw
        self._controls = controls
        self._image = ipywidgets.Image(format="png", layout={"max_width": "100%"})
        self._message = ipywidgets.HTML()
        super().__init__([*controls.values(), self._message, self._image])
        for control in controls.values():
            if control.has_trait("continuous_update"):
                control.continuous_update = False
            control.observe(self._update, names="value")
        self._image.value = _png(draw(**self._values()))

    def _values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self._controls.items()}

    def _update(self, _change: object) -> None:
        try:
            self._image.value = _png(self._draw(**self._values()))
            self._message.value = ""
        except ValueError as error:
            self._message.value = f"{error}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        settings = ", ".join(f"{name} = {value}" for name, value in self._values().items())
        picture = b64encode(self._image.value).decode()
        return {**bundle, "text/plain": f"Explorer: {settings}", "image/png": picture}


def explore(draw: Callable[..., Figure], **controls: ipywidgets.Widget) -> Explorer:
    """Show a figure below the controls that it depends on.

    Parameters
    ----------
    draw
        Called with one keyword argument for each control; returns the figure. A ``ValueError`` that
        it raises is shown above the figure, which stays as it was.
    **controls
        One ipywidget for each argument of ``draw``, with a ``description`` that names it. A slider
        updates the figure when it is let go.

    Returns
    -------
    Explorer
        Display it as the last expression of a cell.

    Raises
    ------
    ValueError
        If there are no controls, or one has no description.
    TypeError
        If a control is not an ipywidget with a value.
    """
    if not controls:
        raise ValueError("explore needs at least one control")
    for name, control in controls.items():
        if not isinstance(control, ipywidgets.ValueWidget):
            raise TypeError(f"{name} must be an ipywidget with a value; got {control!r}")
        if not control.description:
            raise ValueError(f"the control {name} needs a description, which labels it")
    return Explorer(draw, controls)


def _png(figure: Figure) -> bytes:
    """Render a figure and close it, so that it is not shown a second time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return buffer.getvalue()
