"""The maps that take mean squares and correlations from one layer to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from helpers._checks import one_of, shown, square
from helpers.activations import ACTIVATIONS, Activation
from helpers.theory.gaussian import (
    CLOSED_FORMS,
    Function,
    gaussian_mean,
    kernel,
    not_negative,
    not_negative_and_finite,
)


def length_map(
    q: ArrayLike, activation: str | Activation, *, sigma_w: float, sigma_b: float = 0.0
) -> np.ndarray:
    """Return q of the next layer: sigma_w^2 E[phi(u)^2] + sigma_b^2 for u ~ N(0, q).

    Parameters
    ----------
    q
        Mean square of the pre-activations, at least 0; of any shape.
    activation
        phi.
    sigma_w, sigma_b
        Standard deviations, at least 0: of the weights times sqrt(fan_in), and of the biases.

    Returns
    -------
    numpy.ndarray
        Of the shape of ``q``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Examples
    --------
    >>> float(length_map(3.0, "relu", sigma_w=2**0.5).round(12))
    3.0
    """
    check_sigmas(sigma_w, sigma_b)
    return sigma_w**2 * mean_square(find_activation(activation).function, q) + sigma_b**2


def correlation_map(
    c: ArrayLike,
    q: ArrayLike,
    activation: str | Activation,
    *,
    sigma_w: float,
    sigma_b: float = 0.0,
) -> np.ndarray:
    """Return c of the next layer: (sigma_w^2 E[phi(u) phi(v)] + sigma_b^2) / its q.

    Parameters
    ----------
    c
        Correlation of u and v, from -1 to 1.
    q
        Variance of both, finite and above 0; usually the q* of ``fixed_point``. Shapes are
        broadcast.
    activation, sigma_w, sigma_b
        As for ``length_map``; not both sigmas 0.

    Returns
    -------
    numpy.ndarray
        From -1 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Examples
    --------
    >>> float((correlation_map(0.0, 1.0, "relu", sigma_w=1.0) * np.pi).round(12))
    1.0
    """
    check_sigmas(sigma_w, sigma_b)
    if (not_negative_and_finite("q", q) == 0).any():
        raise ValueError(f"q must be above 0; got {shown(q)}")
    if sigma_w == sigma_b == 0:
        raise ValueError("sigma_w and sigma_b must not both be 0: no signal is left")
    products = kernel(find_activation(activation).function, q, c)
    q_next = length_map(q, activation, sigma_w=sigma_w, sigma_b=sigma_b)
    c_next = (sigma_w**2 * products + sigma_b**2) / q_next
    return np.clip(c_next, -1, 1)  # rounding may lead beyond


def chi(activation: str | Activation, q: ArrayLike, *, sigma_w: float) -> np.ndarray:
    """Return the factor of the mean square gradient per layer: sigma_w^2 E[phi'(u)^2].

    At q* it is also the slope of the correlation map at c = 1: above 1 inputs drift apart.

    Parameters
    ----------
    activation, sigma_w
        As for ``length_map``.
    q
        Variance of u, at least 0; of any shape.

    Returns
    -------
    numpy.ndarray
        Of the shape of ``q``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Examples
    --------
    >>> float(chi("relu", 5.0, sigma_w=2**0.5).round(12))
    1.0
    """
    check_sigmas(sigma_w, 0.0)
    return sigma_w**2 * mean_square(find_activation(activation).derivative, q)


def find_activation(activation: str | Activation) -> Activation:
    """Return the activation of this name, or the activation itself."""
    if isinstance(activation, Activation):
        return activation
    return ACTIVATIONS[one_of("activation", activation, ACTIVATIONS)]


def mean_square(function: Function, q: ArrayLike) -> np.ndarray:
    """Return E[f(u)^2] for u ~ N(0, q)."""
    q = not_negative("q", q)
    if function in CLOSED_FORMS:
        return kernel(function, q, 1.0)
    return gaussian_mean(lambda u: function(u) ** 2, q)


def check_sigmas(sigma_w: float, sigma_b: float) -> None:
    """Refuse standard deviations below 0, and those without a finite square."""
    square("sigma_w", sigma_w, least=0)
    square("sigma_b", sigma_b, least=0)
