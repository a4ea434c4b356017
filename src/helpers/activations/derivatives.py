"""Derivatives of the activations, each in a form that keeps its digits in the tails.

At a kink the derivative is that from the left, as in torch: that of the rectifier at 0 is 0.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, ndtr

from helpers._checks import finite
from helpers._contracts import elementwise

LARGEST = np.finfo(np.float64).max
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@elementwise
def identity(x: np.ndarray) -> np.ndarray:
    """Differentiate the identity: 1."""
    return np.ones_like(x)


@elementwise
def sigmoid(x: np.ndarray) -> np.ndarray:
    """Differentiate the sigmoid s: s(x) (1 - s(x)), where 1 - s(x) = s(-x)."""
    e = np.exp(-np.abs(x))
    return e / (1 + e) ** 2


@elementwise
def tanh(x: np.ndarray) -> np.ndarray:
    """Differentiate the hyperbolic tangent: 1 - tanh(x)^2 = 1 / cosh(x)^2."""
    e = np.exp(-np.abs(x))
    return (2 * e / (1 + e * e)) ** 2


@elementwise
def relu(x: np.ndarray) -> np.ndarray:
    """Differentiate the rectifier: 1 above 0, else 0."""
    return np.where(x > 0, 1.0, 0.0)


@elementwise
def leaky_relu(x: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """Differentiate the leaky rectifier: 1 above 0, else the slope."""
    finite("slope", slope)
    return np.where(x > 0, 1.0, slope)


@elementwise
def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Differentiate the exponential linear unit: 1 above 0, else alpha * exp(x)."""
    finite("alpha", alpha)
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


@elementwise
def selu(x: np.ndarray) -> np.ndarray:
    """Differentiate the scaled exponential linear unit."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


@elementwise
def gelu(x: np.ndarray) -> np.ndarray:
    """Differentiate x Phi(x): Phi(x) + x phi(x), with phi the normal density."""
    x = np.clip(x, -LARGEST, LARGEST)
    return ndtr(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


@elementwise
def silu(x: np.ndarray) -> np.ndarray:
    """Differentiate x s(x) with the sigmoid s: s(x) (1 + x (1 - s(x)))."""
    x = np.clip(x, -LARGEST, LARGEST)
    return expit(x) * (1 + x * expit(-x))


@elementwise
def softplus(x: np.ndarray) -> np.ndarray:
    """Differentiate log(1 + exp(x)): the sigmoid."""
    return expit(x)
