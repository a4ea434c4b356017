"""Where the maps of length and correlation lead, and how fast."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from helpers.activations import Activation
from helpers.theory.gaussian import gaussian_mean, kernel, not_negative_and_finite
from helpers.theory.maps import (
    check_sigmas,
    chi,
    correlation_map,
    find_activation,
    length_map,
    mean_square,
)

_SMALLEST, _LARGEST, _ROUNDING = 1e-12, 1e100, 1e-12


class FixedPoint(NamedTuple):
    """What the maps lead to, layer after layer: q* from q = 1, c* from c = 0."""

    q: float
    c: float


class DepthScale(NamedTuple):
    """Layers in which the distance from the fixed point falls by a factor e: xi_q and xi_c."""

    q: float
    c: float


def fixed_point(
    activation: str | Activation, *, sigma_w: float, sigma_b: float = 0.0
) -> FixedPoint:
    """Return q* and c*, to which the maps lead.

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As for ``length_map``.

    Returns
    -------
    FixedPoint
        q* is 0 where signals vanish, infinite where they grow without bound, and 1 where every
        length is kept. c* is 1 where inputs become alike; it is below 1 in the chaotic phase.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Examples
    --------
    >>> round(fixed_point("relu", sigma_w=1.0, sigma_b=1.0).q, 12)
    2.0
    """
    check_sigmas(sigma_w, sigma_b)
    q = _length_fixed_point(activation, sigma_w, sigma_b)
    if not 0 < q < math.inf or chi(activation, q, sigma_w=sigma_w) <= 1 + _ROUNDING:
        return FixedPoint(q, 1.0)

    def excess(c: float) -> float:
        return correlation_map(c, q, activation, sigma_w=sigma_w, sigma_b=sigma_b) - c

    if excess(0) <= 0:
        return FixedPoint(q, 0.0)
    below_one = 1 - 1e-7
    if excess(below_one) >= 0:
        return FixedPoint(q, 1.0)
    return FixedPoint(q, brentq(excess, 0, below_one, xtol=1e-15))


def depth_scale(
    activation: str | Activation, *, sigma_w: float, sigma_b: float = 0.0
) -> DepthScale:
    """Return the number of layers over which q and c approach their fixed point by a factor e.

    Signals keep what tells two inputs apart over a small multiple of ``c`` layers.

    Parameters
    ----------
    activation, sigma_w, sigma_b
        As for ``length_map``, ``sigma_w`` above 0.

    Returns
    -------
    DepthScale
        -1 / ln(slope of the map at its fixed point): infinite where the slope is 1, as for c on
        the edge of chaos and where q* is 0 or infinite; 0 where the slope is 0; negative where
        lengths grow without bound.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Notes
    -----
    Schoenholz et al., 2017, give both. The slope of the correlation map is
    sigma_w^2 E[phi'(u) phi'(v)] at c*, that of the length map sigma_w^2 E[u phi(u) phi'(u)] / q*.

    Examples
    --------
    >>> depth_scale("relu", sigma_w=2**0.5)
    DepthScale(q=inf, c=inf)
    """
    phi = find_activation(activation)
    q, c = fixed_point(phi, sigma_w=sigma_w, sigma_b=sigma_b)
    if not 0 < q < math.inf:
        return DepthScale(_layers(chi(phi, q, sigma_w=sigma_w)), math.inf)

    def integrand(u: np.ndarray) -> np.ndarray:
        return u * phi.function(u) * phi.derivative(u)

    slope_of_q = sigma_w**2 * gaussian_mean(integrand, q) / q
    slope_of_c = sigma_w**2 * kernel(phi.derivative, q, c)
    return DepthScale(_layers(slope_of_q), _layers(slope_of_c))


def critical_line(activation: str | Activation, q: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return sigma_w and sigma_b on the edge of chaos, where chi is 1 and q* is ``q``.

    Parameters
    ----------
    activation
        phi.
    q
        Mean squares above 0 and finite, of any shape: each gives one point of the line.

    Returns
    -------
    tuple of numpy.ndarray
        sigma_w and sigma_b, of the shape of ``q``; sigma_b is NaN where no network has this q*.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of those, or not in its range.

    Examples
    --------
    >>> [float(sigma.round(12)) for sigma in critical_line("relu", 2.0)]
    [1.414213562373, 0.0]
    """
    phi, q = find_activation(activation), not_negative_and_finite("q", q)
    sigma_w = 1 / np.sqrt(mean_square(phi.derivative, q))
    bias_variance = q - sigma_w**2 * mean_square(phi.function, q)
    bias_variance = np.where(np.abs(bias_variance) < _ROUNDING * q, 0.0, bias_variance)
    return sigma_w, np.sqrt(np.where(bias_variance < 0, np.nan, bias_variance))[()]


def _length_fixed_point(phi: Activation, sigma_w: float, sigma_b: float) -> float:
    """Go from q = 1 by factors of 2, up or down, until the map crosses the diagonal.

    With biases it does so above sigma_b^2.
    """

    def excess(q: float) -> float:
        return length_map(q, phi, sigma_w=sigma_w, sigma_b=sigma_b) / q - 1

    q, at_start = 1.0, excess(1.0)
    if abs(at_start) < _ROUNDING:
        return q
    factor = 2.0 if at_start > 0 else 0.5
    while excess(q) * at_start > 0:
        q *= factor
        if sigma_b == 0 and q < _SMALLEST:
            return 0.0
        if q > _LARGEST:
            return math.inf
    return brentq(excess, q, q / factor, xtol=1e-300, rtol=1e-14)


def _layers(slope: float) -> float:
    """Return -1 / ln(slope)."""
    distance = abs(float(slope))
    if abs(distance - 1) < _ROUNDING:
        return math.inf
    return -1 / math.log(distance) if distance > 0 else 0.0
