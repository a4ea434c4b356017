"""Parametrizations: how start, multiplier and rate of a layer follow the width of a network."""

from __future__ import annotations

import math
from typing import NamedTuple

from helpers._checks import check_count, finite, one_of

ROLES = ("input", "hidden", "output")


class Scaling(NamedTuple):
    """What a layer starts with and learns with, as ``multiplier * W @ x + b``.

    ``std`` is the standard deviation of W at the start, ``rate`` the factor of the learning rate
    of W. A bias has the factor 1.
    """

    std: float
    multiplier: float
    rate: float


def mup(role: str, fan_in: int, *, base: int, gain: float = 1.0) -> Scaling:
    """Return the scaling of a dense layer under muP, the maximal update parametrization, for Adam.

    Between a network and its base, a narrower one with the same rates, the number of units in the
    hidden layers changes and nothing else. At the base every scaling is the standard one:
    std = gain / sqrt(fan_in), and the factors are 1.

    Parameters
    ----------
    role
        ``"input"`` for a layer from inputs to units: its fan-in does not change. ``"hidden"`` for
        one from units to units, ``"output"`` for one from units to outputs.
    fan_in
        Of the layer.
    base
        Fan-in of the same layer in the base. With ``base=fan_in`` the scaling is the standard one.
    gain
        Of the activation function before the layer, at least 0: the square root of 2 for ReLU.

    Returns
    -------
    Scaling
        ``std``, ``multiplier`` and ``rate``.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If the role is unknown, a fan-in is below 1, the gain negative or not finite, or the base
        of an input layer is not its fan-in.

    Notes
    -----
    Yang et al., Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter
    Transfer, 2022, arXiv 2203.03466, table 8; its table 3 says the same without multipliers. For
    SGD the rates are others. A start of zeros for the output layer, which they recommend, is muP
    as well.

    Examples
    --------
    >>> mup("hidden", 1024, base=64)
    Scaling(std=0.03125, multiplier=1.0, rate=0.0625)
    >>> mup("output", 1024, base=64)
    Scaling(std=0.125, multiplier=0.0625, rate=1.0)
    """
    one_of("role", role, ROLES)
    check_count("fan_in", fan_in)
    check_count("base", base)
    gain = finite("gain", gain, least=0)
    if role == "input" and base != fan_in:
        raise ValueError(
            f"an input layer has the same fan-in at every width: base must be {fan_in}; got {base}"
        )
    wider = fan_in / base
    if role == "output":
        return Scaling(gain / math.sqrt(base), 1 / wider, 1.0)
    return Scaling(gain / math.sqrt(fan_in), 1.0, 1 / wider)
