"""What training, evaluating, probing and rescaling ask of a model and of its data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from helpers._checks import check_kind, shown
from helpers._models.running import Loss, forward, mode


def check_module(model: nn.Module, name: str = "model") -> None:
    """Raise ``TypeError`` unless ``model`` is a module."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"{name} must be a torch.nn.Module; got {type(model).__name__}")


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
        raise TypeError(f"optimizer must be a torch.optim.Optimizer; got {shown(optimizer)}")
    trained = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    if trained.isdisjoint(model.parameters()):
        raise ValueError("optimizer holds no parameter of this model: build it for this model")
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator; got {shown(generator)}")


def check_tensor(model: nn.Module, name: str, tensor: torch.Tensor) -> None:
    """Raise unless ``tensor`` holds at least one example, all finite, on the model's device.

    Raises
    ------
    TypeError
        If it is not a tensor, or not one of real numbers, all of them stored.
    ValueError
        If it is empty, on another device, or holds NaN or infinity.
    """
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} must be a torch tensor; got {type(tensor).__name__}")
    if tensor.is_complex() or tensor.layout != torch.strided:
        raise TypeError(
            f"{name} must be a dense tensor of real numbers; got {tensor.dtype}, {tensor.layout}"
        )
    for part, parameter in model.named_parameters():
        if parameter.device != tensor.device:
            raise ValueError(
                f"{name} must be on the model's device; {name} is on {tensor.device}, "
                f"{part} on {parameter.device}. Move one of them with .to(device)."
            )
    if tensor.is_meta:
        raise ValueError(f"{name} must hold numbers; it is on the meta device, which has none")
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
        raise TypeError(f"loss must be a function of (output, y); got {shown(loss)}")


def check_differentiable(value: torch.Tensor) -> None:
    """Raise ``ValueError`` unless a loss can be differentiated."""
    if not value.requires_grad:
        raise ValueError("loss must depend on the output, so that it has a gradient")


def check_validation(model: nn.Module, pair: tuple[torch.Tensor, torch.Tensor] | None) -> None:
    """Check a validation pair as ``check_data`` does, if there is one."""
    if pair is not None:
        try:
            check_data(model, pair)
        except (TypeError, ValueError) as error:
            raise type(error)(f"validation: {error}") from error


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


def _batch_shape(rest: torch.Size) -> str:
    return f"({', '.join(['n', *map(str, rest)])}{'' if rest else ','})"


@contextmanager
def device_named(device: str | torch.device) -> Iterator[None]:
    """Raise ``ValueError`` where a device is of no kind, or not in this machine."""
    check_kind("device", device, str | torch.device, "a name such as cpu, or a torch.device")
    try:
        yield
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device must be cpu, cuda or mps; got {device!r} ({error})") from error
