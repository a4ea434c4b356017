"""Many networks of one architecture as one: their parameters stacked, and run as one batch."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import pad

from helpers._models import check_module
from helpers.ensemble.convolutional import (
    ELEMENTWISE,
    dense,
    is_convolutional,
    run_convolutional,
)

Forward = Callable[[torch.Tensor], torch.Tensor]

_ROW = 32
"""Numbers in a row that every processor handles alike, wherever in the stack the row stands."""


def check_networks(networks: Sequence[nn.Module]) -> None:
    """Raise unless these are networks of one architecture that can be run as one."""
    if not isinstance(networks, Sequence):
        raise TypeError(f"networks must be a list of networks; got {type(networks).__name__}")
    for i, network in enumerate(networks):
        check_module(network, f"networks[{i}]")
    if not networks:
        raise ValueError("networks must hold at least one network")
    if len(set(map(id, networks))) < len(networks):
        raise ValueError("networks must be different objects; one of them is given twice")
    first = architecture(networks[0])
    for i, network in enumerate(networks):
        if architecture(network) != first:
            raise ValueError(
                "networks must have one architecture, dtype, device and mode; "
                f"networks[{i}] differs from networks[0]"
            )
    for name, part in networks[0].named_modules():
        if isinstance(part, nn.modules.dropout._DropoutNd | nn.RReLU):
            raise ValueError(f"{name} ({part}) draws random numbers: train such networks with fit")
        if getattr(part, "track_running_stats", False):
            raise ValueError(f"{name} ({part}) keeps statistics: train such networks with fit")


def stack(
    networks: Sequence[nn.Module], x: torch.Tensor
) -> tuple[dict[str, torch.Tensor], Forward]:
    """Return the stacked parameters, and the function that runs all networks on them.

    It maps inputs (networks, batch, ...) to outputs (networks, batch, ...).
    """
    network = networks[0]
    parameters, buffers = stack_module_state(networks)
    own = dict(network.named_parameters())
    stacks = {own[name]: stack for name, stack in parameters.items()}
    if _is_dense(network, x):
        run = partial(_run_dense, network, stacks, len(networks))
    elif len(networks) == 1:
        run = partial(_run_alone, network, parameters | buffers)
    elif is_convolutional(network, x):
        run = partial(run_convolutional, network, stacks, len(networks))
    else:
        call = vmap(lambda *state_and_input: functional_call(network, *state_and_input))

        def run(inputs: torch.Tensor) -> torch.Tensor:
            return call((parameters, buffers), inputs.expand(len(networks), *inputs.shape[1:]))

    try:
        with torch.no_grad():
            run(x[None, :1])
    except RuntimeError as error:
        raise ValueError(f"these networks cannot be computed as one batch: {error}") from error
    return parameters, run


@torch.no_grad()
def write_back(stacks: dict[str, torch.Tensor], networks: Sequence[nn.Module]) -> None:
    """Copy the stacked parameters into the networks."""
    for i, network in enumerate(networks):
        for name, parameter in network.named_parameters():
            parameter.copy_(stacks[name][i])


def _run_alone(
    network: nn.Module, state: dict[str, torch.Tensor], inputs: torch.Tensor
) -> torch.Tensor:
    """Run one network as it is, without ``vmap``, which loses the layout of convolutions."""
    own = {name: stack[0] for name, stack in state.items()}
    return functional_call(network, own, (inputs[0],))[None]


def _run_dense(
    network: nn.Sequential,
    stacks: dict[nn.Parameter, torch.Tensor],
    networks: int,
    inputs: torch.Tensor,
) -> torch.Tensor:
    """Run dense networks: one ``baddbmm`` for each layer of all of them.

    The signal is held as (networks, units, batch), so that the gradient of a weight comes out in
    the layout of the weight. This takes less time than ``vmap``. The batch is filled up with
    zeros, whose outputs are dropped: processors round the rest of a row in another way.
    """
    batch = inputs.shape[1]
    signal = inputs.flatten(2)
    if batch % _ROW:
        signal = pad(signal, (0, 0, 0, -batch % _ROW))
    signal = signal.mT.expand(networks, -1, -1)
    for part in network:
        if isinstance(part, nn.Linear):
            signal = dense(part, stacks, signal)
        elif not isinstance(part, nn.Flatten):
            signal = part(signal)
    return signal[:, :, :batch].mT.contiguous()


def _is_dense(network: nn.Module, x: torch.Tensor) -> bool:
    """Tell whether the network is made of Linear and elementwise layers, after a flattening."""
    if type(network) is not nn.Sequential:
        return False
    parts = list(network)
    if str(parts[0]) == str(nn.Flatten()):
        del parts[0]
    elif x.ndim != 2:
        return False
    layers = [part for part in parts if type(part) is nn.Linear]
    used = {parameter for layer in layers for parameter in layer.parameters()}
    return used == set(network.parameters()) and all(
        type(part) in {nn.Linear, *ELEMENTWISE} for part in parts
    )


def architecture(network: nn.Module) -> tuple:
    """Return what networks have in common that can be run as one: equal for these, hashable."""
    tensors = [*network.named_parameters(), *network.named_buffers()]
    kinds = [(name, t.shape, t.dtype, t.device, t.requires_grad) for name, t in tensors]
    parts = [
        (name, type(part), part.training, *_own_values(part))
        for name, part in network.named_modules()
    ]
    return str(network), tuple(kinds), tuple(parts)


def _own_values(part: nn.Module) -> Iterator[tuple[str, bytes | int]]:
    """Yield the attributes that a module's own code may read: numbers, names, functions, arrays.

    Of the private ones, most of which are torch's, these are numbers and names.
    """
    for name, value in vars(part).items():
        private = name.startswith("_") and not isinstance(value, bool | int | float | str)
        if not private and name != "training":
            try:
                yield name, pickle.dumps(value)
            except (pickle.PicklingError, AttributeError, TypeError):
                yield name, id(value)
