"""Groups of networks that are trained as one: which they are, and whether they can be."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from helpers._checks import check_count, one_of
from helpers._models import Loss, check_data, mode
from helpers.ensemble.stacks import architecture
from helpers.ensemble.training import train_in_steps
from helpers.ensemble.updates import OPTIMIZERS, learning_rates

Pair = tuple[torch.Tensor, torch.Tensor]
Measure = Callable[[nn.Module], Mapping[str, Any]]

MEMORY = 2**29
"""Bytes that the training of one group may take, by a rough count."""
LARGEST = 32
"""Networks in a group: benchmarks/sweeps.py finds no gain in time beyond it."""
SMALL = 15 * 10**6
"""Multiplications in a step up to which a group may be three times as large: each operation on so
small networks costs more than its arithmetic."""
ALONE = 5 * 10**7
"""Multiplications in a step from which a network is trained alone: it fills a core by itself."""
KEPT = 2**30
"""Bytes of networks that are kept from the check of all until they are trained."""


class Options(NamedTuple):
    """The options of a training."""

    data: Pair
    lr: float
    steps: int
    batch_size: int
    optimizer: str
    validation: Pair | None
    validate_every: int | None
    loss: Loss

    def check(self) -> None:
        """Raise unless these are options of a training, whatever the network."""
        for name in ("data", "validation"):
            pair = getattr(self, name)
            if pair is not None or name == "data":
                _check_pair(name, pair)
        for name in ("steps", "batch_size", "validate_every"):
            count = getattr(self, name)
            if count is not None or name != "validate_every":
                check_count(name, count)
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        learning_rates(self.lr, 1)

    def shared(self) -> tuple:
        """Return what networks that are trained together have in common."""
        tensors = [id(tensor) for pair in (self.data, self.validation) for tensor in pair or ()]
        own = (self.steps, self.batch_size, self.optimizer, self.validate_every, id(self.loss))
        return *own, len(tensors), *tensors


@dataclass(frozen=True)
class Group:
    """Networks of one architecture with the options of their training; ``members`` are points."""

    members: list[int]
    networks: list[nn.Module]
    seeds: list[int]
    rates: list[float]
    options: Options
    measure: Measure | None
    names: list[str]

    def describe(self) -> str:
        """Name the settings of the first network, and how many there are."""
        more = f" and {len(self.names) - 1} more" if len(self.names) > 1 else ""
        return f"{self.names[0]}{more}"


class Size(NamedTuple):
    """How much a network takes: how many fit into one group, and the work of its training."""

    limit: int
    work: int


def groups(
    build: Callable[[int], nn.Module],
    options: Sequence[Options],
    seeds: Sequence[int],
    names: Sequence[str],
    measure: Measure | None,
    jobs: int,
) -> Iterator[Group]:
    """Build every network once, to check it; then yield those that are trained together.

    No group is more than its share of the work if ``jobs`` divide it, and the longest come first,
    so that no one waits long for the last.
    """
    alike: dict[tuple, list[int]] = defaultdict(list)
    sizes: dict[tuple, Size] = {}
    kept, room = {}, KEPT
    for i, each in enumerate(options):
        network = build(i)
        key = architecture(network), each.shared()
        alike[key].append(i)
        if key not in sizes:
            _rehearse(network, each, names[i])
            sizes[key] = size(network, each)
        room -= sum(p.numel() * p.element_size() for p in network.parameters())
        if room > 0:
            kept[i] = network
    for members in _pieces([(alike[key], sizes[key]) for key in alike], jobs):
        yield Group(
            members,
            [kept.pop(i, None) or build(i) for i in members],
            [seeds[i] for i in members],
            [options[i].lr for i in members],
            options[members[0]],
            measure,
            [names[i] for i in members],
        )


def _pieces(alike: Sequence[tuple[list[int], Size]], jobs: int) -> list[list[int]]:
    """Cut the members that are alike into groups; the longest first."""
    share = sum(len(members) * own.work for members, own in alike) / jobs
    found = []
    for members, own in alike:
        limit = max(1, min(own.limit, math.ceil(share / own.work)))
        pieces = np.array_split(members, -(-len(members) // limit))
        found += [(len(piece) * own.work, piece.tolist()) for piece in pieces]
    return [piece for _, piece in sorted(found, key=lambda each: -each[0])]


def size(network: nn.Module, options: Options) -> Size:
    """Return how many such networks fit into one group by memory, and the work of one."""
    entries, products = [], []
    x = options.data[0][:1]

    def note(part: nn.Module, _: Any, output: Any) -> None:
        entries.append(_entries(output))
        weights = sum(parameter.numel() for parameter in part.parameters(recurse=False))
        mapped = isinstance(output, torch.Tensor) and output.ndim > 1
        positions = output[0, 0].numel() if mapped else 1
        products.append(weights * positions)

    hooks = [part.register_forward_hook(note) for part in network.modules()]
    with torch.no_grad(), mode(network, training=False):
        network(x)
    for hook in hooks:
        hook.remove()
    weights = sum(parameter.numel() for parameter in network.parameters())
    moments = {"sgd": 0, "adam": 2}.get(options.optimizer, 1)
    copies = 3 + moments  # weights twice, gradients
    signal = options.batch_size * (2 * sum(entries) + x.numel())
    step = options.batch_size * max(1, sum(products))
    limit = min(_most(step), MEMORY // (4 * (copies * weights + signal)))
    return Size(limit, options.steps * step)


def _most(step: int) -> int:
    """Return how many networks are worth training as one, from the multiplications of a step."""
    return 1 if step >= ALONE else max(LARGEST, min(3 * LARGEST, SMALL // step))


def _rehearse(network: nn.Module, options: Options, name: str) -> None:
    """Raise unless the network can be trained so: take one step with a copy of it."""
    try:
        if options.validation is not None:
            check_data(network, options.validation)
        train_in_steps(
            [deepcopy(network)],
            *options.data,
            lr=options.lr,
            steps=1,
            batch_size=options.batch_size,
            generator=torch.Generator(),
            optimizer=options.optimizer,
            validation=None,
            validate_every=None,
            loss=options.loss,
            counter=iter,
        )
    except Exception as error:
        raise ValueError(f"the network cannot be trained at {name}: {error}") from error


def _check_pair(name: str, pair: Any) -> None:
    """Raise unless this is a pair of tensors, before its device is asked for."""
    tensors = pair if isinstance(pair, tuple | list) else ()
    if len(tensors) != 2 or not all(isinstance(each, torch.Tensor) for each in tensors):
        raise TypeError(
            f"{name} must be a pair of tensors (x, y), a mapping from names to pairs, or a "
            f"function of settings that returns one; got {type(pair).__name__}"
        )


def _entries(output: Any) -> int:
    """Count the numbers in what a layer returns."""
    if isinstance(output, torch.Tensor):
        return output.numel()
    return sum(map(_entries, output)) if isinstance(output, Sequence) else 0
