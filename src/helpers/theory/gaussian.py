"""Means of functions of normal numbers: by quadrature, and in closed form where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf

from helpers._checks import MISFITS, check_function
from helpers._contracts import as_float64
from helpers.activations import derivatives, identity, leaky_relu, relu

Function = Callable[[np.ndarray], np.ndarray]


def gaussian_mean(function: Function, variance: ArrayLike) -> np.ndarray:
    """Return E[f(u)] for u ~ N(0, variance).

    Parameters
    ----------
    function
        f, for arrays; smooth but for a kink or a jump at 0.
    variance
        At least 0, of any shape.

    Returns
    -------
    numpy.ndarray
        Of the shape of ``variance``; right to a relative 1e-12 for the activations, their
        derivatives and products of them, for variances up to 1,000.

    Raises
    ------
    TypeError, ValueError
        If ``variance`` holds anything but numbers from 0 up.

    Notes
    -----
    Gauss-Hermite quadrature is slow where f has a kink, or changes within less than the distance
    of its nodes. Here each half-line gets the substitution u = exp(t - exp(-t)), and then the
    trapezoidal rule in t, whose nodes lie ever closer towards 0: Takahasi and Mori, Double
    exponential formulas for numerical integration, 1974.

    Examples
    --------
    >>> float(gaussian_mean(relu, 2 * np.pi).round(12))
    1.0
    """
    check_function("function", function)
    variance = not_negative("variance", variance)
    z, weights = _half_line()
    u = np.sqrt(variance)[..., None] * z
    with np.errstate(under="ignore"):
        return ((_values(function, u) + _values(function, -u)) @ weights)[()]


def kernel(function: Function, q: ArrayLike, c: ArrayLike) -> np.ndarray:
    """Return E[f(u) f(v)] for u and v ~ N(0, q) with correlation c.

    Parameters
    ----------
    function
        f, as for ``gaussian_mean``.
    q
        Variance, at least 0.
    c
        Correlation, from -1 to 1. Its shape and that of ``q`` are broadcast.

    Returns
    -------
    numpy.ndarray
        In closed form for the functions in ``CLOSED_FORMS``. For others by quadrature, with an
        error of 1e-12 of E[f(u)^2] for variances up to 1,000.

    Raises
    ------
    TypeError, ValueError
        If ``q`` or ``c`` holds anything but numbers in its range.

    Examples
    --------
    >>> float(kernel(relu, 1.0, 0.0) * 2 * np.pi)
    1.0
    """
    check_function("function", function)
    q, c = _broadcast(not_negative("q", q), _correlation(c))
    if function in CLOSED_FORMS:
        return CLOSED_FORMS[function](q, c)[()]
    each = np.vectorize(lambda q, c: _kernel_by_quadrature(function, q, c), otypes=[float])
    return each(q, c)[()]


def not_negative(name: str, values: ArrayLike) -> np.ndarray:
    """Return numbers as float64; refuse those below 0."""
    values, _ = as_float64(values, name)
    if not (values >= 0).all():
        raise ValueError(f"{name} must be at least 0; got {values.min()}")
    return values


def not_negative_and_finite(name: str, values: ArrayLike) -> np.ndarray:
    """Return numbers as float64; refuse those below 0, and infinity."""
    values = not_negative(name, values)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite; got {values.max()}")
    return values


def _broadcast(q: np.ndarray, c: np.ndarray) -> list[np.ndarray]:
    """Return q and c in one shape."""
    try:
        return list(np.broadcast_arrays(q, c))
    except ValueError:
        raise ValueError(f"q and c must fit together; got shapes {q.shape} and {c.shape}") from None


def _values(function: Function, u: np.ndarray) -> np.ndarray:
    """Return f(u), if it is a real number for each entry."""
    try:
        values, _ = as_float64(function(u), "what function returns")
    except MISFITS as error:
        raise ValueError(f"function fails on an array of shape {u.shape}: {error}") from error
    if values.shape != u.shape:
        raise ValueError(
            f"function must return one number for each of the {u.shape} that it is given; "
            f"it returned the shape {values.shape}"
        )
    return values


def _correlation(c: ArrayLike) -> np.ndarray:
    """Return correlations as float64; refuse those that are not between -1 and 1."""
    c, _ = as_float64(c, "c")
    if not (np.abs(c) <= 1).all():
        raise ValueError(f"c must be between -1 and 1; got {c.flat[np.abs(c).argmax()]}")
    return c


@cache
def _half_line() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes z > 0 and weights for the mean over the positive half of N(0, 1)."""
    step = 1 / 16
    t = np.arange(-4.5, 2.5, step)
    z = np.exp(t - np.exp(-t))
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return z, step * z * (1 + np.exp(-t)) * density


@cache
def _unit_interval() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights for the integral from 0 to 1, by x = 1 / (1 + exp(-pi sinh(t)))."""
    step = 1 / 16
    t = step * np.arange(-53, 54)
    s = math.pi / 2 * np.sinh(t)
    weights = step * math.pi / 4 * np.cosh(t) / np.cosh(s) ** 2
    return 1 / (1 + np.exp(-2 * s)), weights


def _kernel_by_quadrature(function: Function, q: float, c: float) -> float:
    """Integrate in polar coordinates: kinks at u = 0 and v = 0 are then at fixed angles.

    With c = cos(angle), u = r cos(alpha) and v = r cos(alpha - angle). The signs of u and v are
    opposite in a sector of width ``angle`` and its mirror image, equal in one of width
    pi - ``angle`` and its mirror image. Along a sector |v| takes the values of |u| backwards.
    """
    z, weights = _half_line()
    radial = math.sqrt(2 * math.pi) * z * weights
    x, angular = _unit_interval()
    angle = math.acos(c)

    def sector(width: float, sign: int) -> float:
        u = math.sqrt(q) * np.sin(width * x)[:, None] * z
        up, down = _values(function, u), _values(function, -u)
        backwards = (up if sign > 0 else down)[::-1], (down if sign > 0 else up)[::-1]
        return width * angular @ (up * backwards[0] + down * backwards[1]) @ radial

    with np.errstate(under="ignore"):
        return (sector(angle, -1) + sector(math.pi - angle, +1)) / (2 * math.pi)


def _identity_kernel(q: np.ndarray, c: np.ndarray) -> np.ndarray:
    return q * c


def _relu_kernel(q: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Arc-cosine kernel of order 1: Cho and Saul, 2009."""
    return q / (2 * math.pi) * (np.sqrt(1 - c * c) + (math.pi - np.arccos(c)) * c)


def _step_kernel(q: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Arc-cosine kernel of order 0, of the rectifier's derivative: Cho and Saul, 2009."""
    return (math.pi - np.arccos(c)) / (2 * math.pi)


def _leaky_relu_kernel(q: np.ndarray, c: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """For slope z + (1 - slope) relu(z), with E[u relu(v)] = q c / 2."""
    return slope * q * c + (1 - slope) ** 2 * _relu_kernel(q, c)


def _leaky_step_kernel(q: np.ndarray, c: np.ndarray, slope: float = 0.01) -> np.ndarray:
    return slope + (1 - slope) ** 2 * _step_kernel(q, c)


def _erf_kernel(q: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Arc-sine kernel: Williams, Computing with infinite networks, 1997."""
    return 2 / math.pi * np.arcsin(2 * q * c / (1 + 2 * q))


CLOSED_FORMS: dict[Function, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    identity: _identity_kernel,
    relu: _relu_kernel,
    leaky_relu: _leaky_relu_kernel,
    derivatives.relu: _step_kernel,
    derivatives.leaky_relu: _leaky_step_kernel,
    erf: _erf_kernel,
}
