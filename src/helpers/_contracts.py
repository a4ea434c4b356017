"""What every activation and every initializer asks of its arguments, and says so in its help."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from inspect import cleandoc, signature
from operator import index

import numpy as np
from numpy.typing import ArrayLike

from helpers._checks import one_of, real_array, shown

Initializer = Callable[..., np.ndarray]

LARGEST_WEIGHT = 10**12
"""Entries of a weight: more of them fit into no memory."""

INITIALIZERS: dict[str, Initializer] = {}

_ELEMENTWISE = """
Parameters
----------
x
    Real numbers of any shape: float16, float32 or float64; integers count as float64.

Returns
-------
numpy.ndarray
    The values, of the shape and dtype of ``x``; a scalar for a scalar. NaN where ``x`` is NaN.

Raises
------
TypeError
    If ``x`` holds anything but real numbers, or masked entries.
"""

_INITIALIZER = """
Parameters
----------
shape
    Shape of the weight as torch stores it: (out, in), or (out, in / groups, \\*kernel).
rng
    Where the random numbers come from.

Returns
-------
numpy.ndarray
    The drawn weight, of this shape and dtype float64.

Raises
------
TypeError
    If an argument is of the wrong type.
ValueError
    If its value is not allowed; the message says what is.
"""


def _document(wrapper: Callable, function: Callable, contract: str) -> None:
    """Give the wrapper the docstring of the function, with the contract after its first line."""
    summary, _, rest = cleandoc(function.__doc__ or "").partition("\n\n")
    wrapper.__doc__ = f"{summary}\n{contract}\n{rest}".strip()


def as_float64(x: ArrayLike, name: str = "x") -> tuple[np.ndarray, np.dtype]:
    """Return ``x`` in float64, and the dtype that the result is to have."""
    x = real_array(name, x)
    dtype = np.dtype(np.float64) if x.dtype.kind in "biu" else x.dtype
    if dtype not in (np.float16, np.float32, np.float64):
        raise TypeError(f"{name} must be float16, float32 or float64; got dtype {x.dtype}")
    return x.astype(np.float64), dtype


def elementwise(formula: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let a formula for float64 arrays take any real numbers.

    The formula is computed in float64 and rounded once. What is too small for the dtype becomes 0
    and what is too large becomes infinite, without a warning.
    """

    @wraps(formula)
    def function(x: ArrayLike, *args: float, **kwargs: float) -> np.ndarray:
        x, dtype = as_float64(x)
        with np.errstate(under="ignore", over="ignore"):
            values = np.where(np.isnan(x), x, formula(x, *args, **kwargs))
            return values.astype(dtype)[()]

    _document(function, formula, _ELEMENTWISE)
    return function


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """Return ``shape`` as a tuple of one or more integers, none of them negative."""
    wrong = TypeError(f"shape must be a sequence of integers; got {shown(shape)}")
    if isinstance(shape, bytes):
        raise wrong
    try:
        sizes = tuple(map(index, shape))
    except TypeError:
        raise wrong from None
    if not sizes or min(sizes) < 0:
        raise ValueError(f"shape must have at least one size and none negative; got {sizes}")
    if math.prod(sizes) > LARGEST_WEIGHT:
        raise ValueError(f"shape must have {LARGEST_WEIGHT:,} entries at most; got {sizes}")
    return sizes


def check_generator(rng: np.random.Generator) -> None:
    """Refuse anything but a NumPy generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            "rng must be a numpy.random.Generator, as numpy.random.default_rng(0); "
            f"got {shown(rng)}"
        )


def initializer(draw: Initializer) -> Initializer:
    """Check the arguments of a named scheme before it draws, and enter it in ``INITIALIZERS``."""
    name = draw.__name__
    keywords = [p.name for p in signature(draw).parameters.values() if p.kind is p.KEYWORD_ONLY]

    @wraps(draw)
    def scheme(shape: Sequence[int], rng: np.random.Generator, **options: object) -> np.ndarray:
        check_generator(rng)
        for option in options:
            one_of(f"option of {name}", option, keywords or ["no options"])
        weight = draw(check_shape(shape), rng, **options)
        if not np.isfinite(weight).all():
            raise ValueError(f"{name} draws weights too large for float64; its options: {options}")
        return weight

    _document(scheme, draw, _INITIALIZER)
    INITIALIZERS[name] = scheme
    return scheme
