"""The named schemes, each a few lines over ``variance_scaling``, and the fans of a shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from helpers._checks import finite, one_of, square
from helpers._contracts import Initializer, check_generator, check_shape, initializer

MODES = ("fan_in", "fan_out", "fan_avg")


def fans(shape: Sequence[int]) -> tuple[int, int]:
    r"""Count the numbers that enter one output of a layer and the outputs that one input enters.

    Parameters
    ----------
    shape
        Shape of the weight: (out, in), or (out, in / groups, \*kernel); each size at least 1. For
        a recurrent layer the shape of one gate, (hidden, in) or (hidden, hidden).

    Returns
    -------
    tuple[int, int]
        fan_in and fan_out: the second size and the first, each times the size of the kernel.

    Raises
    ------
    TypeError
        If ``shape`` is not a sequence of integers.
    ValueError
        If it has fewer than two sizes, or a size below 1.

    Notes
    -----
    The same counts as in ``torch.nn.init``. Dilation spreads a kernel without adding weights, so
    it does not change them. Of a convolution in groups, fan_in counts the inputs of one group,
    which is what enters an output; fan_out counts the outputs of all groups, though an input
    enters those of its own group alone.

    Examples
    --------
    >>> fans((64, 32, 3, 3))
    (288, 576)
    """
    sizes = check_shape(shape)
    if len(sizes) < 2 or 0 in sizes:
        raise ValueError(f"shape must be (out, in, *kernel), each size at least 1; got {sizes}")
    n_out, n_in, *kernel = sizes
    return n_in * math.prod(kernel), n_out * math.prod(kernel)


def fan_of(shape: Sequence[int], mode: str) -> float:
    """Return the fan of a shape that a mode of ``variance_scaling`` divides by."""
    fan_in, fan_out = fans(shape)
    by_mode = dict(zip(MODES, (fan_in, fan_out, (fan_in + fan_out) / 2), strict=True))
    return by_mode[one_of("mode", mode, MODES)]


def variance_scaling(scale: float, mode: str, distribution: str) -> Initializer:
    """Return the initializer with mean 0 and variance ``scale`` / fan.

    Parameters
    ----------
    scale
        At least 0. The square of the gain that the activation asks for.
    mode
        The fan: ``"fan_in"`` keeps the mean square of the signal on its way forward, ``"fan_out"``
        that of the gradient on its way back, ``"fan_avg"``, their mean, is between the two.
    distribution
        ``"normal"``, not truncated, or ``"uniform"``, between plus and minus the square root of
        3 * ``scale`` / fan.

    Returns
    -------
    Callable[..., numpy.ndarray]
        Takes (shape, rng) and returns a float64 array of this shape.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If its value is not allowed; the message says what is.

    References
    ----------
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
    2010. He et al., Delving deep into rectifiers, 2015.

    Examples
    --------
    >>> W = variance_scaling(2, "fan_in", "normal")((500, 200), np.random.default_rng(0))
    >>> round(float(W.var()), 3)
    0.01
    """
    scale = finite("scale", scale, least=0)
    one_of("mode", mode, MODES)
    one_of("distribution", distribution, ["normal", "uniform"])

    def draw(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
        check_generator(rng)
        std = math.sqrt(scale / fan_of(shape, mode))
        if distribution == "normal":
            return rng.normal(0, std, shape)
        return rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)

    return draw


@initializer
def zeros(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Set every weight to 0: no unit ever differs from its neighbours."""
    return np.zeros(shape)


@initializer
def constant(shape: Sequence[int], rng: np.random.Generator, *, value: float) -> np.ndarray:
    """Set every weight to the same finite ``value``."""
    return np.full(shape, finite("value", value))


@initializer
def sign(shape: Sequence[int], rng: np.random.Generator, *, scale: float = 0.01) -> np.ndarray:
    """Draw plus or minus ``scale`` (at least 0), each with probability 1/2."""
    return finite("scale", scale, least=0) * rng.choice([-1.0, 1.0], shape)


@initializer
def uniform(shape: Sequence[int], rng: np.random.Generator, *, limit: float = 0.05) -> np.ndarray:
    """Draw evenly between -``limit`` and ``limit`` (at least 0), whatever the fans."""
    limit = finite("limit", limit, least=0)
    return rng.uniform(-limit, limit, shape)


@initializer
def normal(shape: Sequence[int], rng: np.random.Generator, *, std: float = 0.01) -> np.ndarray:
    """Draw from N(0, ``std``^2), ``std`` at least 0, whatever the fans."""
    return rng.normal(0, finite("std", std, least=0), shape)


@initializer
def lecun_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """LeCun's scheme, uniform: ``variance_scaling(1, "fan_in", "uniform")``."""
    return variance_scaling(1, "fan_in", "uniform")(shape, rng)


@initializer
def lecun_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """LeCun's scheme, normal: ``variance_scaling(1, "fan_in", "normal")``."""
    return variance_scaling(1, "fan_in", "normal")(shape, rng)


@initializer
def xavier_uniform(
    shape: Sequence[int], rng: np.random.Generator, *, gain: float = 1.0
) -> np.ndarray:
    """Xavier, uniform: ``variance_scaling(gain**2, "fan_avg", "uniform")``, gain at least 0."""
    return variance_scaling(square("gain", gain, 0), "fan_avg", "uniform")(shape, rng)


@initializer
def xavier_normal(
    shape: Sequence[int], rng: np.random.Generator, *, gain: float = 1.0
) -> np.ndarray:
    """Xavier, normal: ``variance_scaling(gain**2, "fan_avg", "normal")``, gain at least 0."""
    return variance_scaling(square("gain", gain, 0), "fan_avg", "normal")(shape, rng)


@initializer
def he_uniform(
    shape: Sequence[int], rng: np.random.Generator, *, slope: float = 0.0, mode: str = "fan_in"
) -> np.ndarray:
    """He's scheme, uniform: ``variance_scaling(2 / (1 + slope**2), mode, "uniform")``.

    Other Parameters
    ----------------
    slope
        Slope of the leaky rectifier below 0; 0 is the rectifier.
    mode
        As in ``variance_scaling``.
    """
    return variance_scaling(2 / (1 + square("slope", slope)), mode, "uniform")(shape, rng)


@initializer
def he_normal(
    shape: Sequence[int], rng: np.random.Generator, *, slope: float = 0.0, mode: str = "fan_in"
) -> np.ndarray:
    """He's scheme, normal: ``variance_scaling(2 / (1 + slope**2), mode, "normal")``.

    Other Parameters
    ----------------
    slope
        Slope of the leaky rectifier below 0; 0 is the rectifier.
    mode
        As in ``variance_scaling``.
    """
    return variance_scaling(2 / (1 + square("slope", slope)), mode, "normal")(shape, rng)


@initializer
def orthogonal(shape: Sequence[int], rng: np.random.Generator, *, gain: float = 1.0) -> np.ndarray:
    """Draw orthonormal rows or columns, evenly among all, times ``gain`` (at least 0).

    Notes
    -----
    A kernel counts with the inputs: the weight is a matrix of out rows. A QR decomposition of
    normal numbers favours some matrices; with the signs of R's diagonal in Q it favours none.
    Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks, 2014. Mezzadri, How to generate random matrices from the classical compact groups,
    2007.
    """
    gain = finite("gain", gain, 0)
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


@initializer
def identity(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Set 1 on the diagonal and 0 elsewhere: the layer passes its inputs on. Dense shapes only."""
    if len(shape) != 2:
        raise ValueError(f"identity needs a shape (out, in); got {shape}")
    return np.eye(*shape)
