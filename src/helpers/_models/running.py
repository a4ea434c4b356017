"""How a model is run: modes and random states that are kept, means over batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from helpers._checks import MISFITS, shown

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def forward(model: nn.Module, x: torch.Tensor, name: str = "x") -> torch.Tensor:
    """Return ``model(x)``; an input that the model cannot take gets a ``ValueError``."""
    try:
        return model(x)
    except (RuntimeError, IndexError) as error:
        raise ValueError(
            f"the model cannot take {name} of shape {tuple(x.shape)} and type {x.dtype}: {error}"
        ) from error


def forward_on_copies(model: nn.Module, x: torch.Tensor, name: str = "x") -> torch.Tensor:
    """Return ``model(x)``, run on copies of ``x`` and of the buffers, as either may be changed."""
    buffers = {key: buffer.clone() for key, buffer in model.named_buffers()}
    return forward(partial(functional_call, model, buffers), x.clone(), name)


def first_copied(output: Any, layer: str) -> tuple[torch.Tensor, Any]:
    """Return the first tensor of a layer's output, and the output with a copy in its place."""
    if isinstance(output, tuple):
        tensor, first = first_copied(output[0], layer)
        copied = (first, *output[1:])
        return tensor, type(output)._make(copied) if hasattr(output, "_make") else copied
    if not isinstance(output, torch.Tensor):
        raise TypeError(
            f"the layer {layer} must return a tensor or a tuple that begins with one; "
            f"it returned {type(output).__name__}"
        )
    if torch.is_grad_enabled() and output.is_floating_point() and not output.requires_grad:
        output = output.detach().requires_grad_()
    return output, output.clone()


@contextmanager
def random_state_kept(device: torch.device) -> Iterator[None]:
    """Restore the global random state, that of the CPU and of ``device``, afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        before = torch.mps.get_rng_state() if device.type == "mps" else None
        try:
            yield
        finally:
            if before is not None:
                torch.mps.set_rng_state(before)


@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Put the model into training or evaluation mode; afterwards restore each part's own."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before.items():
            module.training = was_training


def mean_loss(loss: Loss, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return ``loss(output, y)``, if it is one real number.

    Raises
    ------
    TypeError
        If it is anything else.
    ValueError
        If the function cannot take these two.
    """
    try:
        value = loss(output, y)
    except MISFITS as error:
        raise ValueError(
            f"loss fails on an output of shape {tuple(output.shape)} and y of shape "
            f"{tuple(y.shape)}: {error}"
        ) from error
    if not isinstance(value, torch.Tensor) or value.ndim > 0 or not value.is_floating_point():
        raise TypeError(
            "loss must return the mean over the batch, one real number as a tensor without axes; "
            f"it returned {shown(value)}"
        )
    return value


def count_right(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return how many labels have the largest output, unread; NaN where ``y`` holds no labels."""
    if y.is_floating_point():
        return torch.tensor(torch.nan)
    return (output.argmax(1) == y).sum()


def means(
    losses: list[torch.Tensor],
    right: list[torch.Tensor],
    batches: Sequence[torch.Tensor],
    y: torch.Tensor,
) -> tuple[float, float]:
    """Average the batches' losses and right answers over the examples in ``y``.

    Only here does the program wait for a GPU.
    """
    sizes = [len(batch) for batch in batches]
    loss = np.average(torch.stack(losses).cpu().double(), weights=sizes)
    return float(loss), torch.stack(right).sum().item() / y.numel()
