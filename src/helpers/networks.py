"""The course's networks. They come without weights: all parameters are NaN until initialized."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import nn

from helpers._char_rnn import char_rnn
from helpers._checks import one_of
from helpers._convolutional import cifar_cnn, speech_cnn, without_weights
from helpers.activations import ACTIVATIONS


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
    _check_widths(widths)

    def parts() -> OrderedDict[str, nn.Module]:
        layers = OrderedDict(flatten=nn.Flatten())
        for i, (n_in, n_out) in enumerate(pairwise(widths), start=1):
            layers[f"linear{i}"] = nn.Linear(n_in, n_out)
            if i < len(widths) - 1:
                layers[f"{activation}{i}"] = ACTIVATIONS[activation].module()
        return layers

    return without_weights(parts)


def mnist_cnn(activation: str = "relu") -> nn.Sequential:
    """Return the convolutional network of the MNIST chapters, without weights.

    Three convolutions (3 by 3, no padding) with 32, 64 and 64 channels, the first two followed
    by 2 by 2 max pooling; then dense layers of 64 and 10 units: 93,322 parameters.

    Parameters
    ----------
    activation
        A name in ``ACTIVATIONS``; it stands after every layer but the last.

    Returns
    -------
    nn.Sequential
        Maps images ``(n, 1, 28, 28)`` to logits ``(n, 10)``. Its parts are ``conv1``, ``relu1``,
        ``pool1``, ``conv2``, ``relu2``, ``pool2``, ``conv3``, ``relu3``, ``flatten``, ``dense1``,
        ``relu4``, ``dense2``. Every parameter is NaN until ``initialize`` sets it.

    Raises
    ------
    ValueError
        If the activation is unknown.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in mnist_cnn().parameters())
    93322
    """
    one_of("activation", activation, ACTIVATIONS)
    phi = ACTIVATIONS[activation].module

    def parts() -> OrderedDict[str, nn.Module]:
        return OrderedDict(
            [
                ("conv1", nn.Conv2d(1, 32, 3)),
                (f"{activation}1", phi()),
                ("pool1", nn.MaxPool2d(2)),
                ("conv2", nn.Conv2d(32, 64, 3)),
                (f"{activation}2", phi()),
                ("pool2", nn.MaxPool2d(2)),
                ("conv3", nn.Conv2d(64, 64, 3)),
                (f"{activation}3", phi()),
                ("flatten", nn.Flatten()),
                ("dense1", nn.Linear(64 * 3 * 3, 64)),
                (f"{activation}4", phi()),
                ("dense2", nn.Linear(64, 10)),
            ]
        )

    return without_weights(parts)


def _check_widths(widths: Sequence[int]) -> None:
    if not isinstance(widths, Sequence) or not all(isinstance(w, int | np.integer) for w in widths):
        raise TypeError(
            f"widths must be a sequence of integers such as [784, 100, 10]; got {widths!r}"
        )
    if len(widths) < 2:
        raise ValueError(
            f"widths needs at least two numbers, the inputs and the outputs; got {widths!r}"
        )
    if min(widths) < 1:
        raise ValueError(f"every width must be 1 or more; got {widths!r}")


__all__ = ["char_rnn", "cifar_cnn", "mlp", "mnist_cnn", "speech_cnn"]
