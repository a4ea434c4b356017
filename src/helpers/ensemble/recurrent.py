"""Train many recurrent networks at once, each gradient clipped to a norm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from helpers._checks import MISFITS, check_count, check_function, check_kind, finite, shown
from helpers._progress import progress
from helpers.ensemble.updates import OPTIMIZERS, learning_rates


def train_recurrent(
    parameters: Sequence[torch.Tensor],
    losses: Callable[[], torch.Tensor],
    *,
    lr: float | Sequence[float] | torch.Tensor,
    steps: int,
    clip: float = 1.0,
) -> np.ndarray:
    """Train many networks in place by Adam, each gradient clipped to a norm.

    Parameters
    ----------
    parameters
        Tensors with one network along the first axis of each, which require gradients.
    losses
        Called before each step. Draws a batch, and returns the loss of each network, (networks,).
    lr
        Learning rate, at least 0: one for all networks, or one for each.
    steps
        Number of steps, 1 or more.
    clip
        Largest norm of a network's gradient, above 0, taken over all of its parameters. A longer
        one is shortened to it.

    Returns
    -------
    numpy.ndarray
        (steps, networks): the losses before each step. Those that are no longer finite are
        recorded as they are.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If a number is not allowed, or ``losses`` fails.
    """
    check_count("steps", steps)
    check_function("losses", losses)
    _check_parameters(parameters)
    clip = finite("clip", clip)
    if clip <= 0:
        raise ValueError(f"clip must be above 0; got {clip}")
    update = OPTIMIZERS["adam"](parameters, learning_rates(lr, len(parameters[0])))
    rows = []
    for _ in progress(range(steps), "training"):
        loss = _loss_of_each(losses, len(parameters[0]))
        gradients = torch.autograd.grad(loss.sum(), parameters)
        norm = torch.sqrt(sum(gradient.flatten(1).square().sum(1) for gradient in gradients))
        factor = (clip / norm).clamp(max=1)
        update([g * factor.view(-1, *[1] * (g.ndim - 1)) for g in gradients])
        rows.append(loss.detach())
    return torch.stack(rows).cpu().double().numpy()


def _check_parameters(parameters: Sequence[torch.Tensor]) -> None:
    """Raise unless these are tensors to train, with one network along the first axis of each."""
    if not isinstance(parameters, Sequence) or not parameters:
        raise TypeError(f"parameters must be a list of tensors; got {shown(parameters)}")
    for i, each in enumerate(parameters):
        check_kind(f"parameters[{i}]", each, torch.Tensor, "a torch tensor")
        if not (each.requires_grad and each.ndim):
            raise ValueError(
                f"parameters[{i}] must require a gradient and have an axis of networks; "
                f"got {shown(each)}"
            )
        if len(each) != len(parameters[0]):
            raise ValueError(
                f"parameters must have one number of networks; parameters[{i}] has {len(each)}, "
                f"parameters[0] has {len(parameters[0])}"
            )


def _loss_of_each(losses: Callable[[], torch.Tensor], networks: int) -> torch.Tensor:
    """Return what ``losses`` returns, if it is one number for each network."""
    try:
        loss = losses()
    except MISFITS as error:
        raise ValueError(f"losses fails: {error}") from error
    check_kind("what losses returns", loss, torch.Tensor, "a torch tensor")
    if loss.shape != (networks,) or not loss.requires_grad:
        raise ValueError(
            f"losses must return the loss of each network, a tensor of shape ({networks},) with a "
            f"gradient; it returned {shown(loss)}"
        )
    return loss
