"""Many convolutional networks as one: their channels side by side, in the layout that is fast.

A processor convolves fastest where all channels of a pixel are neighbours in memory (*channels
last*). ``vmap`` loses this layout, and each convolution then rearranges its input and output.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import conv2d, max_pool2d

from helpers.activations import ACTIVATIONS

ELEMENTWISE = {getattr(nn, activation.torch_name) for activation in ACTIVATIONS.values()}

_CONVOLUTIONS = {nn.Conv1d, nn.Conv2d}
_POOLINGS = {nn.MaxPool1d, nn.MaxPool2d}
_MAPS = {nn.Conv1d: 1, nn.MaxPool1d: 1, nn.Conv2d: 2, nn.MaxPool2d: 2}


def is_convolutional(network: nn.Module, x: torch.Tensor) -> bool:
    """Tell whether ``run_convolutional`` runs it: convolutions, a flattening, dense layers."""
    if type(network) is not nn.Sequential or x.device.type != "cpu" or x.ndim not in {3, 4}:
        return False
    parts = list(network)
    flat = [i for i, part in enumerate(parts) if str(part) == str(nn.Flatten())]
    if type(parts[0]) not in _CONVOLUTIONS or len(flat) != 1:
        return False
    front, back = parts[: flat[0]], parts[flat[0] + 1 :]
    layers = [part for part in parts if type(part) in {nn.Linear, *_CONVOLUTIONS}]
    used = {parameter for layer in layers for parameter in layer.parameters()}
    return (
        used == set(network.parameters())
        and all(type(part) in ELEMENTWISE or _is_plain(part, x.ndim - 2) for part in front)
        and all(type(part) in {nn.Linear, *ELEMENTWISE} for part in back)
    )


def _is_plain(part: nn.Module, dimensions: int) -> bool:
    """Tell whether this is a convolution or a pooling of maps without further options."""
    if _MAPS.get(type(part)) != dimensions:
        return False
    if type(part) in _POOLINGS:
        return not part.return_indices
    return part.groups == 1 and part.padding_mode == "zeros" and not isinstance(part.padding, str)


def run_convolutional(
    network: nn.Sequential,
    stacks: dict[nn.Parameter, torch.Tensor],
    networks: int,
    inputs: torch.Tensor,
) -> torch.Tensor:
    """Run convolutional networks: one grouped convolution for each layer of all of them.

    The signal is held as (batch, networks * channels, height, width), with a height of 1 for sound,
    and after the flattening as (networks, units, batch).
    """
    signal = inputs.transpose(0, 1).flatten(1, 2)
    if signal.ndim == 3:
        signal = signal[:, :, None]
    signal = signal.contiguous(memory_format=torch.channels_last)
    groups = len(inputs)  # 1: all networks read the same
    for part in network:
        if type(part) in _CONVOLUTIONS:
            signal, groups = _convolve(part, stacks, signal, groups), networks
        elif type(part) in _POOLINGS:
            signal = _pool(part, signal)
        elif type(part) is nn.Flatten:
            signal = signal.unflatten(1, (networks, -1)).movedim(0, -1).flatten(1, -2)
        elif type(part) is nn.Linear:
            signal = dense(part, stacks, signal)
        else:
            signal = part(signal)
    return signal.mT.contiguous()


def dense(
    part: nn.Linear, stacks: dict[nn.Parameter, torch.Tensor], signal: torch.Tensor
) -> torch.Tensor:
    """Return the outputs of one dense layer of all networks, (networks, units, batch)."""
    if part.bias is None:
        return stacks[part.weight] @ signal
    return torch.baddbmm(stacks[part.bias][:, :, None], stacks[part.weight], signal)


def _convolve(
    part: nn.Conv1d | nn.Conv2d,
    stacks: dict[nn.Parameter, torch.Tensor],
    signal: torch.Tensor,
    groups: int,
) -> torch.Tensor:
    """Return the outputs of one convolution of all networks."""
    weight = stacks[part.weight].flatten(0, 1)
    bias = None if part.bias is None else stacks[part.bias].flatten()
    if weight.ndim == 3:
        weight = weight[:, :, None]
    stride, padding, dilation = part.stride, part.padding, part.dilation
    if type(part) is nn.Conv1d:
        stride, padding, dilation = (1, *stride), (0, *padding), (1, *dilation)
    return conv2d(signal, weight, bias, stride, padding, dilation, groups)


def _pool(part: nn.MaxPool1d | nn.MaxPool2d, signal: torch.Tensor) -> torch.Tensor:
    """Return the maxima of the neighbours of each channel."""
    if type(part) is nn.MaxPool2d:
        return part(signal)
    size, stride, padding, dilation = (
        value if isinstance(value, int) else value[0]
        for value in (part.kernel_size, part.stride, part.padding, part.dilation)
    )
    options = (1, size), (1, stride), (0, padding), (1, dilation)
    return max_pool2d(signal, *options, part.ceil_mode)
