"""Fully connected networks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from helpers._checks import check_widths, one_of
from helpers.activations import ACTIVATIONS
from helpers.networks.weightless import without_weights


def mlp(widths: Sequence[int], activation: str = "relu") -> nn.Sequential:
    """Return a fully connected network without weights.

    Parameters
    ----------
    widths
        Number of inputs, of units in each hidden layer, and of outputs: ``[784, 100, 10]``.
    activation
        A name in ``ACTIVATIONS``; it stands after every layer but the last.

    Returns
    -------
    nn.Sequential
        Maps a batch ``(n, ...)`` of ``widths[0]`` numbers each to ``(n, widths[-1])``. Its parts
        are ``flatten``, ``linear1``, ``relu1``, ``linear2``, ... Every parameter is NaN until
        ``initialize`` sets it.

    Raises
    ------
    TypeError
        If ``widths`` is not a sequence of integers.
    ValueError
        If there are fewer than two widths, one is below 1, or the activation is unknown.

    Examples
    --------
    >>> [name for name, _ in mlp([784, 100, 10], "tanh").named_children()]
    ['flatten', 'linear1', 'tanh1', 'linear2']
    """
    one_of("activation", activation, ACTIVATIONS)
    check_widths(widths)

    def parts() -> OrderedDict[str, nn.Module]:
        layers = OrderedDict(flatten=nn.Flatten())
        for i, (n_in, n_out) in enumerate(pairwise(widths), start=1):
            layers[f"linear{i}"] = nn.Linear(n_in, n_out)
            if i < len(widths) - 1:
                layers[f"{activation}{i}"] = ACTIVATIONS[activation].module()
        return layers

    return without_weights(parts)
