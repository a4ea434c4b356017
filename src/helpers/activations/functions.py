"""Activation functions on NumPy arrays, and the table ``ACTIVATIONS``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.special import ndtr

from helpers._checks import check_count, finite
from helpers._contracts import as_float64, elementwise
from helpers.activations import derivatives
from helpers.activations.derivatives import LARGEST, SELU_ALPHA, SELU_SCALE

if TYPE_CHECKING:
    from torch import nn


@elementwise
def identity(x: ArrayLike) -> np.ndarray:
    """Leave x as it is: the activation of a linear layer."""
    return x


@elementwise
def sigmoid(x: ArrayLike) -> np.ndarray:
    """Logistic function 1 / (1 + exp(-x)), from 0 to 1.

    Examples
    --------
    >>> sigmoid([-1000, 0, 1000])
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


@elementwise
def tanh(x: ArrayLike) -> np.ndarray:
    """Hyperbolic tangent, from -1 to 1."""
    return np.tanh(x)


@elementwise
def relu(x: ArrayLike) -> np.ndarray:
    """Rectified linear unit max(0, x).

    Examples
    --------
    >>> relu([-2, 0, 3])
    array([0., 0., 3.])
    """
    return np.maximum(x, 0)


@elementwise
def leaky_relu(x: ArrayLike, slope: float = 0.01) -> np.ndarray:
    """Leaky rectified linear unit: x above 0, slope * x below.

    Other Parameters
    ----------------
    slope
        Finite, else ValueError; 0 gives the rectified linear unit.
    """
    finite("slope", slope)
    return np.where(x > 0, x, slope * x if slope else 0.0)


@elementwise
def elu(x: ArrayLike, alpha: float = 1.0) -> np.ndarray:
    """Exponential linear unit: x above 0, alpha * (exp(x) - 1) below.

    Other Parameters
    ----------------
    alpha
        Finite, else ValueError; the function tends to -alpha on the left.
    """
    finite("alpha", alpha)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elementwise
def selu(x: ArrayLike) -> np.ndarray:
    """Scaled exponential linear unit: 1.0507 * elu(x, 1.6733).

    Notes
    -----
    The two constants make mean 0 and variance 1 a fixed point: Klambauer et al.,
    Self-normalizing neural networks, 2017, equation 14.
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


@elementwise
def gelu(x: ArrayLike) -> np.ndarray:
    """Gaussian error linear unit x * Phi(x), exact, with Phi the normal distribution function."""
    return np.maximum(x, -LARGEST) * ndtr(x)


@elementwise
def silu(x: ArrayLike) -> np.ndarray:
    """Sigmoid linear unit x * sigmoid(x), also called swish."""
    return np.maximum(x, -LARGEST) * sigmoid(x)


@elementwise
def softplus(x: ArrayLike) -> np.ndarray:
    """Smooth rectifier log(1 + exp(x)).

    Examples
    --------
    >>> softplus([-1000, 1000])
    array([   0., 1000.])
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softmax(x: ArrayLike, axis: int = -1) -> np.ndarray:
    """Probabilities exp(x) / sum(exp(x)) along an axis.

    Parameters
    ----------
    x
        Real scores of shape (..., n, ...); integers count as float64.
    axis
        The axis of the n scores that are compared.

    Returns
    -------
    numpy.ndarray
        Of the shape and dtype of ``x``; sums to 1 along ``axis``. As in torch and SciPy it is NaN
        where the n scores hold NaN or +inf, or -inf alone.

    Raises
    ------
    TypeError
        If ``x`` holds anything but real numbers.
    ValueError
        If ``x`` has no such axis, or no score along it.

    Examples
    --------
    >>> softmax([1000, 1000])
    array([0.5, 0.5])
    """
    x, dtype = as_float64(x)
    if x.ndim == 0:
        raise ValueError(f"x must have an axis of scores; got the number {x}")
    check_count("axis", axis, -x.ndim, x.ndim - 1)
    if x.shape[axis] == 0:
        raise ValueError(f"x must hold a score along axis {axis}; got the shape {x.shape}")
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):
        e = np.exp(x - x.max(axis=axis, keepdims=True))
        return (e / e.sum(axis=axis, keepdims=True)).astype(dtype)


@dataclass(frozen=True)
class Activation:
    """An activation phi(z), applied to each element, with all that the course asks of it.

    Parameters
    ----------
    name
        Its key in ``ACTIVATIONS``.
    formula
        phi(z) in LaTeX.
    function, derivative
        phi and phi' for arrays. At a kink the derivative is that from the left, so relu'(0) = 0.
    torch_name
        The class in ``torch.nn`` that computes the same.

    Examples
    --------
    >>> round(ACTIVATIONS["relu"].gain ** 2, 6)
    2.0
    """

    name: str
    formula: str
    function: Callable[[ArrayLike], np.ndarray]
    derivative: Callable[[ArrayLike], np.ndarray]
    torch_name: str

    def module(self) -> nn.Module:
        """Return a new torch module that computes the activation."""
        from torch import nn

        return getattr(nn, self.torch_name)()

    @cached_property
    def gain(self) -> float:
        """The factor 1 / sqrt(E[phi(z)^2]) for z ~ N(0, 1), by quadrature.

        Weights of variance gain^2 / fan_in keep the mean square of the signal from layer to
        layer. The integral is split at 0, where some activations have a kink.
        """

        def integrand(z: float) -> float:
            return self.function(z) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

        negative, _ = quad(integrand, -math.inf, 0, epsabs=0, epsrel=1e-10)
        positive, _ = quad(integrand, 0, math.inf, epsabs=0, epsrel=1e-10)
        return 1 / math.sqrt(negative + positive)


ACTIVATIONS: dict[str, Activation] = {
    phi.__name__: Activation(
        phi.__name__, formula, phi, getattr(derivatives, phi.__name__), torch_name
    )
    for phi, formula, torch_name in (
        (identity, r"z", "Identity"),
        (sigmoid, r"\frac{1}{1 + e^{-z}}", "Sigmoid"),
        (tanh, r"\tanh(z)", "Tanh"),
        (relu, r"\max(0, z)", "ReLU"),
        (leaky_relu, r"\max(0, z) + 0.01 \min(0, z)", "LeakyReLU"),
        (elu, r"\max(0, z) + \min(0, e^{z} - 1)", "ELU"),
        (selu, r"1.0507 (\max(0, z) + 1.6733 \min(0, e^{z} - 1))", "SELU"),
        (gelu, r"z \Phi(z)", "GELU"),
        (silu, r"\frac{z}{1 + e^{-z}}", "SiLU"),
        (softplus, r"\log(1 + e^{z})", "Softplus"),
    )
}
