"""Interactive controls: a figure that follows sliders and menus.

Where no kernel runs (on the site, or in a notebook that was just opened) the control shows a
picture of its first setting.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import ipywidgets  # pip install "good-start[course]"
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import Dropdown, FloatLogSlider, IntSlider
from matplotlib.figure import Figure

from helpers import plotting
from helpers._checks import MISFITS, check_count, check_function, check_kind, finite, one_of, square
from helpers.activations import ACTIVATIONS
from helpers.device import rng
from helpers.initializers import INITIALIZERS
from helpers.theory import LayerMeanSquares, variance_per_layer

SCHEMES = tuple(name for name in INITIALIZERS if name not in {"zeros", "constant", "identity"})


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
        self._image.value = self._picture()

    def _values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self._controls.items()}

    def _picture(self) -> bytes:
        figure = self._draw(**self._values())
        check_kind("what draw returns", figure, Figure, "a figure of matplotlib")
        return _png(figure)

    def _update(self, _change: object) -> None:
        try:
            self._image.value = self._picture()
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
        If there are no controls, one has no description, or ``draw`` fails at once.
    TypeError
        If ``draw`` is no function, or a control is not an ipywidget with a value.
    """
    check_function("draw", draw)
    if not controls:
        raise ValueError("explore needs at least one control")
    for name, control in controls.items():
        if not isinstance(control, ipywidgets.ValueWidget):
            raise TypeError(f"{name} must be an ipywidget with a value; got {control!r}")
        if not control.description:
            raise ValueError(f"the control {name} needs a description, which labels it")
    try:
        return Explorer(draw, controls)
    except MISFITS as error:
        raise ValueError(f"draw fails at the first setting: {error}") from error


def explore_start(
    *,
    scheme: str = "xavier_normal",
    activation: str = "tanh",
    scale: float = 1.0,
    depth: int = 10,
    seed: int = 0,
) -> Explorer:
    """Show what a start does to the signal and to the gradient, with a control for each choice.

    Parameters
    ----------
    scheme, activation, scale, depth, seed
        The first setting; see ``start_mean_squares``. The scale goes from 0.1 to 10, the depth
        from 2 to 50, the seed from 0 to 9.

    Returns
    -------
    Explorer
        Display it as the last expression of a cell.

    Raises
    ------
    TypeError
        If the scheme or the activation is not a name, or another setting not a number.
    ValueError
        If a setting is not among those that its control offers.
    """
    one_of("scheme", scheme, SCHEMES)
    one_of("activation", activation, ACTIVATIONS)
    finite("scale", scale, 0.1, 10)
    check_count("depth", depth, 2, 50)
    check_count("seed", seed, 0, 9)
    return explore(
        _draw_start,
        scheme=Dropdown(options=SCHEMES, value=scheme, description="scheme"),
        activation=Dropdown(options=list(ACTIVATIONS), value=activation, description="activation"),
        scale=FloatLogSlider(scale, min=-1, max=1, step=0.05, description="scale"),
        depth=IntSlider(depth, 2, 50, description="depth"),
        seed=IntSlider(seed, 0, 9, description="seed"),
    )


def start_mean_squares(
    scheme: str, activation: str, scale: float, depth: int, seed: int, width: int = 100
) -> tuple[LayerMeanSquares, LayerMeanSquares]:
    """Run random inputs up, and a random gradient down, a network at its start.

    Parameters
    ----------
    scheme
        A name in ``INITIALIZERS``.
    activation
        A name in ``ACTIVATIONS``; it stands between the layers.
    scale
        Factor of all weights.
    depth
        Number of layers of weights.
    seed
        Of the weights, of the 100 standard normal inputs, and of the gradient that enters above.
    width
        Number of inputs and of units in every layer.

    Returns
    -------
    measured, predicted
        Mean squares in each layer, of z and of the gradient relative to the last layer; predicted
        by ``variance_per_layer`` from the mean square of each layer's weights.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Examples
    --------
    >>> measured, predicted = start_mean_squares("orthogonal", "identity", 1.0, 3, seed=0)
    >>> (measured.gradient / predicted.gradient).round(6)
    array([1., 1., 1.])
    """
    one_of("scheme", scheme, INITIALIZERS)
    square("scale", scale)
    check_count("depth", depth, most=10_000)
    check_count("width", width, most=10_000)
    random, phi = rng(seed), ACTIVATIONS[one_of("activation", activation, ACTIVATIONS)]
    a = random.normal(size=(100, width))
    q0 = np.mean(a**2)
    W = [scale * INITIALIZERS[scheme]((width, width), random) for _ in range(depth)]
    z = []
    for weights in W:
        z.append(a @ weights.T)
        a = phi.function(z[-1])
    gradient = [random.normal(size=(100, width))]
    for weights, below in zip(W[:0:-1], z[-2::-1], strict=True):
        gradient.append(gradient[-1] @ weights * phi.derivative(below))
    sizes = np.array([np.mean(layer**2) for layer in gradient[::-1]])
    measured = LayerMeanSquares(np.array([np.mean(layer**2) for layer in z]), sizes / sizes[-1])
    squares = [np.mean(weights**2) for weights in W]
    return measured, variance_per_layer(activation, [width] * (depth + 1), squares, q0)


def _draw_start(scheme: str, activation: str, scale: float, depth: int, seed: int) -> Figure:
    measured, predicted = start_mean_squares(scheme, activation, scale, depth, seed)
    figure, ax = plt.subplots()
    number = np.arange(1, depth + 1)
    for label, marker, each, theory in zip(
        ("signal z", "gradient, relative to the last layer"), "os", measured, predicted, strict=True
    ):
        ax.plot(number, each, label=label, marker=marker)
        ax.plot(number, theory, **plotting.PREDICTED)
    ax.set(yscale="log", xlabel="layer", ylabel="mean square")
    ax.locator_params("x", integer=True)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _png(figure: Figure) -> bytes:
    """Render a figure and close it, so that it is not shown a second time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return buffer.getvalue()
