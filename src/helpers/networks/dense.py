"""Fully connected networks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import linear

from helpers._checks import check_widths, finite, is_list, one_of, shown
from helpers.activations import ACTIVATIONS
from helpers.networks.weightless import without_weights


class ScaledLinear(nn.Linear):
    """A dense layer with a fixed factor: ``multiplier * W @ x + b``.

    Parameters
    ----------
    n_in, n_out
        Numbers in and out.
    multiplier
        The factor of the product.
    """

    def __init__(self, n_in: int, n_out: int, multiplier: float) -> None:
        super().__init__(n_in, n_out)
        self.multiplier = multiplier

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(n, n_in)`` to ``(n, n_out)``."""
        return linear(self.multiplier * x, self.weight, self.bias)


def mlp(
    widths: Sequence[int],
    activation: str = "relu",
    *,
    multipliers: Sequence[float] | None = None,
) -> nn.Sequential:
    """Return a fully connected network without weights.

    Parameters
    ----------
    widths
        Number of inputs, of units in each hidden layer, and of outputs: ``[784, 100, 10]``.
    activation
        A name in ``ACTIVATIONS``; it stands after every layer but the last.
    multipliers
        A factor for the product of each layer, ``multiplier * W @ x + b``; None means 1.

    Returns
    -------
    nn.Sequential
        Maps a batch ``(n, ...)`` of ``widths[0]`` numbers each to ``(n, widths[-1])``. Its parts
        are ``flatten``, ``linear1``, ``relu1``, ``linear2``, ... Every parameter is NaN until
        ``initialize`` sets it.

    Raises
    ------
    TypeError
        If ``widths`` is not a sequence of integers, or ``multipliers`` not one of numbers.
    ValueError
        If there are fewer than two widths, one is below 1, the activation is unknown, or there is
        not one finite multiplier for each layer.

    Examples
    --------
    >>> [name for name, _ in mlp([784, 100, 10], "tanh").named_children()]
    ['flatten', 'linear1', 'tanh1', 'linear2']
    """
    one_of("activation", activation, ACTIVATIONS)
    check_widths(widths)
    if multipliers is not None:
        _check_multipliers(multipliers, len(widths) - 1)

    def layer(i: int, n_in: int, n_out: int) -> nn.Linear:
        if multipliers is None:
            return nn.Linear(n_in, n_out)
        return ScaledLinear(n_in, n_out, float(multipliers[i - 1]))

    def parts() -> OrderedDict[str, nn.Module]:
        layers = OrderedDict(flatten=nn.Flatten())
        for i, (n_in, n_out) in enumerate(pairwise(widths), start=1):
            layers[f"linear{i}"] = layer(i, n_in, n_out)
            if i < len(widths) - 1:
                layers[f"{activation}{i}"] = ACTIVATIONS[activation].module()
        return layers

    return without_weights(parts)


def _check_multipliers(multipliers: Sequence[float], layers: int) -> None:
    if not is_list(multipliers):
        raise TypeError(f"multipliers must be a list of numbers; got {shown(multipliers)}")
    if len(multipliers) != layers:
        raise ValueError(
            f"multipliers must be one for each of the {layers} layers; got {len(multipliers)}"
        )
    for multiplier in multipliers:
        finite("each of multipliers", multiplier)
