"""Judge many networks of one architecture at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.func import vmap
from torch.nn.functional import cross_entropy, mse_loss

from helpers._checks import check_count
from helpers._models import Loss, check_data, check_loss, mean_loss, mode
from helpers.ensemble.stacks import Forward, check_networks, stack


class EnsembleEvaluation(NamedTuple):
    """Mean loss, and accuracy (the fraction of right answers), of each network."""

    loss: np.ndarray
    accuracy: np.ndarray


def evaluate_ensemble(
    networks: Sequence[nn.Module],
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    loss: Loss = cross_entropy,
    batch_size: int = 1000,
) -> EnsembleEvaluation:
    """Return the mean loss and the accuracy of each network, in evaluation mode.

    Parameters
    ----------
    networks
        As for ``train_ensemble``; left as they came.
    x, y, loss
        As for ``fit``.
    batch_size
        Examples computed at once, 1 or more; the result does not depend on it.

    Returns
    -------
    EnsembleEvaluation
        ``loss`` and ``accuracy``, of shape (networks,). A network that diverged has the loss NaN;
        an accuracy is NaN where ``y`` holds no labels.

    Raises
    ------
    TypeError
        If an argument has the wrong type, or labels are not int64.
    ValueError
        If the networks differ in architecture or cannot be run together, or a shape, device or
        number does not fit; the message says which.
    """
    check_count("batch_size", batch_size)
    check_loss(loss)
    check_networks(networks)
    check_data(networks[0], (x, y))
    _, forward = stack(networks, x)
    return judge_all(networks[0], forward, x, y, loss, batch_size)


def judge(
    forward: Forward, inputs: torch.Tensor, targets: torch.Tensor, loss: Loss
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean loss and the accuracy of each network on one batch, unread."""
    outputs = forward(inputs)
    targets = targets.expand(len(outputs), *targets.shape[1:])
    losses = _mean_losses(loss, outputs, targets)
    if targets.is_floating_point():
        return losses, torch.full_like(losses, torch.nan)
    right = outputs.detach().argmax(2) == targets
    return losses, right.flatten(1).to(losses.dtype).mean(1)


def _mean_losses(loss: Loss, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean loss of each network.

    The usual loss of labels, and that of numbers, are computed for all networks as one batch:
    ``vmap`` takes many times as long, which is a fifth of a step of small networks.
    """
    if loss is (mse_loss if targets.is_floating_point() else cross_entropy):
        losses = loss(outputs.flatten(0, 1), targets.flatten(0, 1), reduction="none")
        return losses.view(len(outputs), -1).mean(1)
    return vmap(partial(mean_loss, loss))(outputs, targets)


@torch.no_grad()
def judge_all(
    network: nn.Module,
    forward: Forward,
    x: torch.Tensor,
    y: torch.Tensor,
    loss: Loss,
    batch_size: int,
) -> EnsembleEvaluation:
    """Return the mean loss and the accuracy of each network over all examples."""
    batches = list(zip(x[None].split(batch_size, 1), y[None].split(batch_size, 1), strict=True))
    with mode(network, training=False):
        rows = [torch.stack(judge(forward, *batch, loss)) for batch in batches]
    sizes = [inputs.shape[1] for inputs, _ in batches]
    means = np.average(torch.stack(rows).cpu().double(), axis=0, weights=sizes)
    return EnsembleEvaluation(*means)
