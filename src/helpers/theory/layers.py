"""What theory predicts layer by layer: gains, and the mean squares of signal and gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from helpers._checks import check_widths, finite, one_of
from helpers.activations import Activation
from helpers.theory.gaussian import not_negative_and_finite
from helpers.theory.maps import find_activation, mean_square


class LayerMeanSquares(NamedTuple):
    """Mean squares in each layer: of pre-activations, and of gradients relative to the last."""

    q: np.ndarray
    gradient: np.ndarray


def gain(activation: str | Activation, direction: str = "forward") -> float:
    """Return the factor g for which weights of variance g^2 / fan keep a mean square.

    Parameters
    ----------
    activation
        phi.
    direction
        ``"forward"``: 1 / sqrt(E[phi(z)^2]), which with fan_in keeps that of the signal.
        ``"backward"``: 1 / sqrt(E[phi'(z)^2]), which with fan_out keeps that of the gradient.

    Returns
    -------
    float
        For pre-activations z ~ N(0, 1). For the identity and the rectifiers the two are equal.

    Raises
    ------
    TypeError, ValueError
        If an argument is not one of those.

    Notes
    -----
    He et al., Delving deep into rectifiers, 2015, equations 10 and 14: sqrt(2) for rectifiers.
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
    2010: 1 for activations that are linear near 0.

    Examples
    --------
    >>> round(gain("relu", "backward") ** 2, 6)
    2.0
    """
    phi = find_activation(activation)
    if one_of("direction", direction, ["forward", "backward"]) == "forward":
        return phi.gain
    return float(1 / np.sqrt(mean_square(phi.derivative, 1.0)))


def variance_per_layer(
    activation: str | Activation,
    widths: Sequence[int],
    weight_variance: float | Sequence[float],
    q0: float,
) -> LayerMeanSquares:
    """Predict the mean squares in each layer of a fully connected network with biases 0.

    Parameters
    ----------
    activation
        phi, after each layer but the last.
    widths
        Number of inputs, of units in each hidden layer, and of outputs: ``[784, 100, 10]``.
    weight_variance
        Variance of the weights: one for all layers, or one for each.
    q0
        Mean square of the inputs, at least 0.

    Returns
    -------
    LayerMeanSquares
        ``q`` and ``gradient``, one number per layer of weights: of the layer's outputs z, before
        the activation, and of dL/dz divided by that of the last layer.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Notes
    -----
    q_l = n_in Var[W_l] E[phi(u)^2] with u ~ N(0, q_{l-1}), and backward
    n_out Var[W_{l+1}] E[phi'(u)^2] with u ~ N(0, q_l): He et al., 2015, section 2.2. That the
    gradient does not depend on the weights it passes on the way back is an assumption, right in
    the limit of wide layers. Both hold on average over networks; a single one strays from them,
    the more the deeper and the narrower it is.

    Examples
    --------
    >>> variance_per_layer("relu", [100, 50, 50, 10], [1 / 100, 2 / 50, 2 / 50], 1.0).q.round(9)
    array([1., 1., 1.])
    """
    phi = find_activation(activation)
    variances = _variances(weight_variance, widths)
    q = [widths[0] * variances[0] * finite("q0", q0, least=0)]
    for n_in, variance in zip(widths[1:-1], variances[1:], strict=True):
        q.append(n_in * variance * mean_square(phi.function, q[-1]))
    gradient = [1.0]
    for before, n_out, variance in zip(q[-2::-1], widths[:1:-1], variances[:0:-1], strict=True):
        gradient.append(n_out * variance * mean_square(phi.derivative, before) * gradient[-1])
    return LayerMeanSquares(np.array(q), np.array(gradient[::-1]))


def _variances(weight_variance: float | Sequence[float], widths: Sequence[int]) -> np.ndarray:
    """Return one variance for each layer of weights."""
    check_widths(widths)
    variances, layers = not_negative_and_finite("weight_variance", weight_variance), len(widths) - 1
    if variances.shape not in {(), (layers,)}:
        raise ValueError(
            f"weight_variance must be one number or one for each of the {layers} layers; "
            f"got the shape {variances.shape}"
        )
    return np.broadcast_to(variances, layers)
