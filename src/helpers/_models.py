"""What training, evaluating, probing and rescaling share: checks, modes, means over batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def check_module(model: nn.Module) -> None:
    """Raise ``TypeError`` unless ``model`` is a module."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")


def check_initialized(model: nn.Module) -> None:
    """Raise unless ``model`` is a module whose parameters hold numbers.

    Raises
    ------
    TypeError
        If it is not a module.
    ValueError
        If a parameter is NaN: the network was never initialized, or its training diverged.
    """
    check_module(model)
    for name, parameter in model.named_parameters():
        if not parameter.is_meta and parameter.isnan().any():
            raise ValueError(
                f"the parameter {name} is NaN: the network was never initialized, or its training "
                'diverged. Call initialize(model, "he_normal", generator=...) first.'
            )


def check_trainable(
    model: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> None:
    """Raise unless the model has weights and the optimizer trains at least one of them.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If a parameter is NaN, or none of the model's is in the optimizer.
    """
    check_initialized(model)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer; got {optimizer!r}")
    trained = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    if trained.isdisjoint(model.parameters()):
        raise ValueError("optimizer holds no parameter of this model: build it for this model")
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator; got {generator!r}")


def check_tensor(model: nn.Module, name: str, tensor: torch.Tensor) -> None:
    """Raise unless ``tensor`` holds at least one example, all finite, on the model's device.

    Raises
    ------
    TypeError
        If it is not a tensor.
    ValueError
        If it is empty, on another device, or holds NaN or infinity.
    """
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} must be a torch tensor; got {type(tensor).__name__}")
    for part, parameter in model.named_parameters():
        if parameter.device != tensor.device:
            raise ValueError(
                f"{name} must be on the model's device; {name} is on {tensor.device}, "
                f"{part} on {parameter.device}. Move one of them with .to(device)."
            )
    if tensor.ndim == 0 or tensor.numel() == 0:
        raise ValueError(
            f"{name} must hold at least one example; got the shape {tuple(tensor.shape)}"
        )
    if not torch.stack([tensor.min(), tensor.max()]).isfinite().all():
        raise ValueError(f"{name} must be finite; it holds NaN or infinity")


def check_pair(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    """Raise unless ``x`` and ``y`` are inputs and targets of one length on the model's device.

    Raises
    ------
    TypeError
        If one is not a tensor, or ``y`` is neither int64 nor floating point.
    ValueError
        If one is empty, not finite or on another device, or if the lengths differ.
    """
    check_tensor(model, "x", x)
    check_tensor(model, "y", y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length; got {len(x)} and {len(y)}")
    if y.dtype != torch.int64 and not y.is_floating_point():
        raise TypeError(
            f"y must be int64 (labels) or floating point (targets); got {y.dtype}. "
            "Labels become int64 with y.long()."
        )


def check_targets(output: torch.Tensor, y: torch.Tensor) -> None:
    """Raise unless the targets ``y`` fit the model's ``output`` (their lengths may differ).

    Raises
    ------
    TypeError
        If the output is not a tensor.
    ValueError
        If a label is not among the output's classes, or a shape does not fit.
    """
    if not isinstance(output, torch.Tensor):
        raise TypeError(f"the model must return a tensor; it returned {type(output).__name__}")
    if y.is_floating_point():
        if y.shape[1:] != output.shape[1:]:
            raise ValueError(
                f"floating-point y must have the shape of the model's output, "
                f"{_batch_shape(output.shape[1:])}; got {_batch_shape(y.shape[1:])}. "
                "Labels must be int64."
            )
        return
    if output.ndim < 2 or y.shape[1:] != output.shape[2:]:
        raise ValueError(
            f"labels must have shape {_batch_shape(output.shape[2:])} for an output of shape "
            f"{_batch_shape(output.shape[1:])}; got {_batch_shape(y.shape[1:])}"
        )
    low, high, classes = int(y.min()), int(y.max()), output.shape[1]
    if low < 0 or high >= classes:
        raise ValueError(
            f"labels must lie in 0 to {classes - 1}, for the model's {classes} outputs; "
            f"got {low if low < 0 else high}"
        )


def check_loss(loss: Loss) -> None:
    """Raise ``TypeError`` unless ``loss`` can be called."""
    if not callable(loss):
        raise TypeError(f"loss must be a function of (output, y); got {loss!r}")


def check_data(model: nn.Module, pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Check a pair (x, y), and on its first example that the model takes it.

    Raises
    ------
    TypeError
        If it is not a pair; and as ``check_pair`` and ``check_targets``.
    ValueError
        As ``check_pair`` and ``check_targets``, or if the model cannot take ``x``.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"data must be a pair of tensors (x, y); got {type(pair).__name__}")
    x, y = pair
    check_module(model)
    check_pair(model, x, y)
    with mode(model, training=False), torch.no_grad():
        check_targets(forward(model, x[:1]), y)


def forward(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return ``model(x)``; an input that the model cannot take gets a ``ValueError``."""
    try:
        return model(x)
    except (RuntimeError, IndexError) as error:
        raise ValueError(
            f"the model cannot take x of shape {tuple(x.shape)} and type {x.dtype}: {error}"
        ) from error


def forward_on_copies(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return ``model(x)``, run on copies of ``x`` and of the buffers, as either may be changed."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    return forward(partial(functional_call, model, buffers), x.clone())


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


def _batch_shape(rest: torch.Size) -> str:
    return f"({', '.join(['n', *map(str, rest)])}{'' if rest else ','})"
