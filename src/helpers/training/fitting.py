"""Train and evaluate a network on tensors that fit in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers._checks import check_count, check_flag, shown
from helpers._models import (
    Loss,
    check_data,
    check_differentiable,
    check_loss,
    check_trainable,
    check_validation,
    count_right,
    forward_on_copies,
    mean_loss,
    means,
    mode,
    random_state_kept,
)
from helpers._progress import progress_bar


@dataclass(frozen=True, eq=False)
class History:
    """What ``fit`` saw: one number per epoch in each array.

    ``loss`` and ``accuracy`` are means over the epoch's examples, each taken just before the step
    on its batch, in training mode. The validation pair is evaluated after each epoch; both of its
    arrays are NaN if there is none. An accuracy is NaN where the targets are not labels.
    ``seconds`` is the wall time of the epoch's training steps, without the validation.
    """

    loss: np.ndarray
    accuracy: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray
    seconds: np.ndarray


class Evaluation(NamedTuple):
    """Mean loss, and accuracy (the fraction of right answers), over a set of examples."""

    loss: float
    accuracy: float


def fit(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
    validation: tuple[torch.Tensor, torch.Tensor] | None = None,
    loss: Loss = cross_entropy,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` in place and return how it went.

    Parameters
    ----------
    model
        Initialized. It is trained in training mode and gets its own mode back at the end.
    x
        (n, ...) inputs on the model's device.
    y
        (n,) int64 labels, or floating-point targets of the shape of the model's output.
    optimizer
        Built by the caller over the model's parameters.
    epochs
        How often each example is seen, 1 or more.
    batch_size
        Examples per step, 1 or more; the last batch of an epoch may be smaller.
    generator
        Draws the order of the examples: one permutation per epoch.
    validation
        A pair (x, y), evaluated after each epoch.
    loss
        A function of (output, y): the mean loss of a batch.
    scheduler
        Advanced after each step.
    progress
        Whether to show a progress bar.

    Returns
    -------
    History
        A loss that is no longer finite is recorded as it is: training goes on.

    Raises
    ------
    TypeError
        If an argument has the wrong type, or labels are not int64.
    ValueError
        If a shape, device or number does not fit; the message says which.
    """
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    check_trainable(model, optimizer, generator)
    check_loss(loss)
    if scheduler is not None and not callable(getattr(scheduler, "step", None)):
        raise TypeError(
            f"scheduler must have a method step, as LRScheduler; got {shown(scheduler)}"
        )
    check_flag("progress", progress)
    check_data(model, (x, y))
    check_validation(model, validation)
    _check_last_batch(model, x, batch_size)
    steps = epochs * -(-len(x) // batch_size)
    rows = []
    with mode(model, training=True), progress_bar("training", shown=progress, total=steps) as bar:

        def after_step() -> None:
            if scheduler is not None:
                scheduler.step()
            bar.update()

        for _ in range(epochs):
            start = time.perf_counter()
            order = torch.randperm(len(x), generator=generator, device=generator.device)
            batches = order.to(x.device).split(batch_size)
            trained = _train(model, x, y, batches, optimizer, loss, after_step)
            seconds = time.perf_counter() - start
            judged = (np.nan, np.nan)
            if validation is not None:
                judged = _evaluate(model, *validation, loss, batch_size=200)
            rows.append((*trained, *judged, seconds))
    return History(*np.array(rows).T)


def evaluate(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    loss: Loss = cross_entropy,
    batch_size: int = 200,
) -> Evaluation:
    """Return the mean loss and the accuracy of ``model``, in evaluation mode.

    Parameters
    ----------
    model
        Left as it came, with its mode. Where training has diverged to NaN, the loss is NaN.
    x, y, loss
        As for ``fit``.
    batch_size
        Examples computed at once, 1 or more; the result does not depend on it. More is
        seldom faster: convolutions slow down once their outputs leave the processor's cache.

    Returns
    -------
    Evaluation
        ``loss`` and ``accuracy``; the accuracy is NaN where ``y`` holds no labels.

    Raises
    ------
    TypeError
        If an argument has the wrong type, or labels are not int64.
    ValueError
        If a shape, device or number does not fit; the message says which.
    """
    check_count("batch_size", batch_size)
    check_loss(loss)
    check_data(model, (x, y))
    return _evaluate(model, x, y, loss, batch_size)


def _check_last_batch(model: nn.Module, x: torch.Tensor, batch_size: int) -> None:
    """Raise if the last batch has one example, and the model needs more, as BatchNorm does."""
    if len(x) % batch_size != 1 and batch_size > 1:
        return
    try:
        with mode(model, training=True), random_state_kept(x.device), torch.no_grad():
            forward_on_copies(model, x[:1])
    except ValueError as error:
        raise ValueError(
            f"batch_size {batch_size} leaves a batch of one example, of {len(x)}: {error}"
        ) from error


def _train(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    batches: Sequence[torch.Tensor],
    optimizer: torch.optim.Optimizer,
    loss: Loss,
    after_step: Callable[[], None],
) -> Evaluation:
    """Take one step for each batch of indices; return the mean loss and accuracy."""
    losses, right = [], []
    for batch in batches:
        inputs, targets = x[batch], y[batch]
        output = model(inputs)
        value = mean_loss(loss, output, targets)
        check_differentiable(value)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        after_step()
        losses.append(value.detach())
        right.append(count_right(output, targets))
    return Evaluation(*means(losses, right, batches, y))


@torch.no_grad()
def _evaluate(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss: Loss, batch_size: int
) -> Evaluation:
    losses, right, batches = [], [], y.split(batch_size)
    with mode(model, training=False):
        for inputs, targets in zip(x.split(batch_size), batches, strict=True):
            output = model(inputs)
            losses.append(mean_loss(loss, output, targets))
            right.append(count_right(output, targets))
    return Evaluation(*means(losses, right, batches, y))
