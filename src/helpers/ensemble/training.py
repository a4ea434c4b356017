"""Train many networks of one architecture at once, as one batched computation.

The parameters of the networks are stacked: one tensor with a first axis for the network. A small
network leaves most of the processor idle; 32 of them in one multiplication do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers._checks import check_count, one_of, shown
from helpers._models import (
    Loss,
    check_data,
    check_differentiable,
    check_initialized,
    check_loss,
    check_validation,
    mode,
)
from helpers._progress import progress
from helpers.ensemble.judging import judge, judge_all
from helpers.ensemble.stacks import check_networks, stack, write_back
from helpers.ensemble.updates import OPTIMIZERS, learning_rates


@dataclass(frozen=True, eq=False)
class EnsembleHistory:
    """What ``train_ensemble`` saw: one column per network in each array.

    ``loss`` and ``accuracy``, of shape (steps, networks), are those of each batch just before the
    step on it. ``validation_loss`` and ``validation_accuracy`` have one row for each evaluation,
    and ``validation_step`` says after how many steps it was made; without a validation pair they
    have no rows. An accuracy is NaN where the targets are not labels.
    """

    loss: np.ndarray
    accuracy: np.ndarray
    validation_step: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray


def train_ensemble(
    networks: Sequence[nn.Module],
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    lr: float | Sequence[float] | torch.Tensor,
    steps: int,
    batch_size: int,
    generator: torch.Generator | Sequence[torch.Generator],
    optimizer: str = "sgd",
    validation: tuple[torch.Tensor, torch.Tensor] | None = None,
    validate_every: int | None = None,
    loss: Loss = cross_entropy,
) -> EnsembleHistory:
    """Train the networks in place, all in the same steps, and return how it went.

    Each network goes the way that ``fit`` would take it, up to rounding. None sees another: one
    that diverges does not disturb the rest.

    Parameters
    ----------
    networks
        Initialized, of one architecture, without dropout and batch statistics.
    x, y
        As for ``fit``: (n, ...) inputs, and (n,) int64 labels or floating-point targets.
    lr
        Learning rate, at least 0: one for all networks, or one for each.
    steps
        Number of optimizer steps, 1 or more. An epoch has n / batch_size of them, rounded up.
    batch_size
        Examples per step, 1 or more; the last batch of an epoch may be smaller.
    generator
        Draws the order of the examples, one permutation per epoch: the same for all networks, or
        a sequence of generators, one for each.
    optimizer
        ``"sgd"``, ``"momentum"`` (SGD with momentum 0.9), ``"adagrad"`` or ``"adam"``; all else
        as torch has it by default.
    validation
        A pair (x, y), evaluated every ``validate_every`` steps and after the last one.
    validate_every
        Steps from one evaluation to the next, 1 or more; None means after the last one only.
    loss
        A function of (output, y): the mean loss of one network's batch.

    Returns
    -------
    EnsembleHistory
        A loss that is no longer finite is recorded as it is: training goes on.

    Raises
    ------
    TypeError
        If an argument has the wrong type, or labels are not int64.
    ValueError
        If the networks differ in architecture, cannot be trained together, or hold NaN, or if a
        shape, device or number does not fit; the message says which.
    """
    return train_in_steps(
        networks,
        x,
        y,
        lr=lr,
        steps=steps,
        batch_size=batch_size,
        generator=generator,
        optimizer=optimizer,
        validation=validation,
        validate_every=validate_every,
        loss=loss,
        counter=partial(progress, description="training"),
    )


def train_in_steps(
    networks: Sequence[nn.Module],
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    lr: float | Sequence[float] | torch.Tensor,
    steps: int,
    batch_size: int,
    generator: torch.Generator | Sequence[torch.Generator],
    optimizer: str,
    validation: tuple[torch.Tensor, torch.Tensor] | None,
    validate_every: int | None,
    loss: Loss,
    counter: Callable[[range], Iterable[int]],
) -> EnsembleHistory:
    """Train as ``train_ensemble`` does; ``counter`` yields the steps, and may stop the training."""
    check_count("steps", steps)
    check_count("batch_size", batch_size)
    check_count("validate_every", steps if validate_every is None else validate_every)
    one_of("optimizer", optimizer, OPTIMIZERS)
    check_loss(loss)
    check_networks(networks)
    for network in networks:
        check_initialized(network)
    check_data(networks[0], (x, y))
    check_validation(networks[0], validation)
    batches = _batches(generator, len(networks), len(x), batch_size)
    parameters, forward = stack(networks, x)
    trained = [parameter for parameter in parameters.values() if parameter.requires_grad]
    if not trained:
        raise ValueError("networks must have parameters that require gradients; all are frozen")
    update = OPTIMIZERS[optimizer](trained, learning_rates(lr, len(networks)))
    at_once = 1000 if len(networks) > 1 else 200  # one network alone is larger: see ``evaluate``
    rows, judged, judged_after = [], [], []
    with mode(networks[0], training=True):
        for step in counter(range(1, steps + 1)):
            batch = next(batches).to(x.device)
            losses, accuracies = judge(forward, x[batch], y[batch], loss)
            check_differentiable(losses)
            update(torch.autograd.grad(losses.sum(), trained, materialize_grads=True))
            rows.append(torch.stack([losses.detach(), accuracies]))
            if validation and (step == steps or step % (validate_every or steps) == 0):
                judged.append(judge_all(networks[0], forward, *validation, loss, at_once))
                judged_after.append(step)
    write_back(parameters, networks)
    losses, accuracies = torch.stack(rows, dim=1).cpu().double().numpy()
    validated = np.array(judged).reshape(-1, 2, len(networks))
    after = np.array(judged_after, dtype=int)
    return EnsembleHistory(losses, accuracies, after, validated[:, 0], validated[:, 1])


def _batches(
    generator: torch.Generator | Sequence[torch.Generator],
    networks: int,
    examples: int,
    batch_size: int,
) -> Iterator[torch.Tensor]:
    """Return the indices of one batch after another, without end: (1 or networks, batch)."""
    generators = generator if isinstance(generator, Sequence) else [generator]
    if not all(isinstance(each, torch.Generator) for each in generators):
        raise TypeError(
            f"generator must be a torch.Generator, or a list of them; got {shown(generator)}"
        )
    if len(generators) not in {1, networks}:
        raise ValueError(
            f"generator must be one, or one for each of the {networks} networks; "
            f"got {len(generators)}"
        )

    def order() -> torch.Tensor:
        drawn = [torch.randperm(examples, generator=g, device=g.device) for g in generators]
        return torch.stack(drawn)

    return (batch for _ in count() for batch in order().split(batch_size, dim=1))
