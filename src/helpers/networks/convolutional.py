"""Convolutional networks for images and for speech, in sizes that a laptop trains."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from helpers._checks import check_count, check_kind, is_list, one_of, shown
from helpers.activations import ACTIVATIONS
from helpers.networks.weightless import without_weights


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


def cifar_cnn(
    activation: str = "relu", *, channels: Sequence[int] = (8, 16, 32), size: int = 16
) -> nn.Sequential:
    """Return a convolutional network for square colour images, without weights.

    Convolutions (3 by 3, zeros beyond the border), each followed by 2 by 2 max pooling; then dense
    layers of 64 and 10 units.

    Parameters
    ----------
    activation
        A name in ``ACTIVATIONS``; it stands after every layer but the last.
    channels
        Output channels of each convolution.
    size
        Height and width of the images. Each pooling halves it, rounded down; at least 1 must be
        left.

    Returns
    -------
    nn.Sequential
        Maps images ``(n, 3, size, size)`` to logits ``(n, 10)``. Its parts are ``conv1``,
        ``relu1``, ``pool1``, ``conv2``, ..., ``flatten``, ``dense1``, ``relu4``, ``dense2``. Every
        parameter is NaN until ``initialize`` sets it.

    Raises
    ------
    TypeError
        If ``channels`` is not a sequence of integers, or the size not an integer.
    ValueError
        If the activation is unknown, a number is below 1, or the images are too small.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in cifar_cnn().parameters())
    14938
    """
    one_of("activation", activation, ACTIVATIONS)
    if not is_list(channels) or len(channels) == 0:
        raise TypeError(f"channels must be integers such as (8, 16, 32); got {shown(channels)}")
    for count in channels:
        check_count("each number of channels", count)
    check_count("size", size)
    left = size // 2 ** len(channels)
    if left < 1:
        raise ValueError(
            f"size must be at least {2 ** len(channels)} for {len(channels)} poolings; got {size}"
        )

    def parts() -> OrderedDict[str, nn.Module]:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for i, (n_in, n_out) in enumerate(pairwise([3, *channels]), start=1):
            layers[f"conv{i}"] = nn.Conv2d(n_in, n_out, 3, padding=1)
            layers[f"{activation}{i}"] = ACTIVATIONS[activation].module()
            layers[f"pool{i}"] = nn.MaxPool2d(2)
        return _with_dense_layers(layers, activation, channels[-1] * left**2, 10)

    return without_weights(parts)


def speech_cnn(activation: str = "relu", *, depth: int = 2) -> nn.Sequential:
    """Return a convolutional network for the utterances of Japanese Vowels, without weights.

    Convolutions over time (3 frames, zeros beyond the ends) with 32 channels each; max pooling of
    2 frames follows the first and the last of them. Then dense layers of 64 and 9 units.

    Parameters
    ----------
    activation
        A name in ``ACTIVATIONS``; it stands after every layer but the last.
    depth
        Number of convolutions, 2 or more.

    Returns
    -------
    nn.Sequential
        Maps utterances ``(n, 12, 29)``, coefficients by frames, to logits ``(n, 9)``. Its parts
        are ``conv1``, ``relu1``, ``pool1``, ``conv2``, ``relu2``, ``pool2``, ``flatten``,
        ``dense1``, ``relu3``, ``dense2``. Every parameter is NaN until ``initialize`` sets it.

    Raises
    ------
    TypeError
        If the depth is not an integer.
    ValueError
        If the activation is unknown, or the depth is below 2.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in speech_cnn().parameters())
    19273
    """
    one_of("activation", activation, ACTIVATIONS)
    check_count("depth", depth, least=2, most=10_000)

    def parts() -> OrderedDict[str, nn.Module]:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for i in range(1, depth + 1):
            layers[f"conv{i}"] = nn.Conv1d(12 if i == 1 else 32, 32, 3, padding=1)
            layers[f"{activation}{i}"] = ACTIVATIONS[activation].module()
            if i in {1, depth}:
                layers[f"pool{1 if i == 1 else 2}"] = nn.MaxPool1d(2)
        return _with_dense_layers(layers, activation, 32 * 7, 9)

    return without_weights(parts)


def _with_dense_layers(
    layers: OrderedDict[str, nn.Module], activation: str, n_in: int, n_out: int
) -> OrderedDict[str, nn.Module]:
    """Add a dense layer of 64 units and the output layer after the convolutions."""
    convolutions = sum(name.startswith("conv") for name in layers)
    layers["flatten"] = nn.Flatten()
    layers["dense1"] = nn.Linear(n_in, 64)
    layers[f"{activation}{convolutions + 1}"] = ACTIVATIONS[activation].module()
    layers["dense2"] = nn.Linear(64, n_out)
    return layers


def pool_first(model: nn.Sequential) -> nn.Sequential:
    """Return the same layers with each max pooling before the activation that it follows.

    The largest of the activations is the activation of the largest number, if the function never
    falls: sigmoid, tanh, ReLU. Then both networks compute the same, and this one computes a quarter
    of the activations.

    Parameters
    ----------
    model
        Its layers are shared, not copied, and keep their names; the order of names changes.

    Returns
    -------
    nn.Sequential
        A network with the parameters of ``model``.

    Raises
    ------
    TypeError
        If ``model`` is no ``nn.Sequential``.

    Examples
    --------
    >>> [name for name, layer in pool_first(mnist_cnn()).named_children()][:3]
    ['conv1', 'pool1', 'relu1']
    """
    check_kind("model", model, nn.Sequential, "an nn.Sequential")
    parts = OrderedDict(model.named_children())
    names = list(parts)
    for i, name in enumerate(names):
        if i and isinstance(parts[name], nn.MaxPool2d):
            names[i - 1], names[i] = names[i], names[i - 1]
    return nn.Sequential(OrderedDict((name, parts[name]) for name in names))
