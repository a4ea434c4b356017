"""What a network does to its signal: activations and gradients of each layer, in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.conv import _ConvNd

from helpers._models import (
    Loss,
    check_initialized,
    check_loss,
    check_pair,
    check_targets,
    check_tensor,
    first_copied,
    forward_on_copies,
    mean_loss,
    random_state_kept,
)

BOUNDS = {nn.Sigmoid: (0.0, 1.0), nn.Tanh: (-1.0, 1.0)}
_FEATURES_LAST = (nn.Linear, nn.RNNBase, nn.Embedding, nn.LayerNorm)


class Moments(NamedTuple):
    """Mean, standard deviation and mean square over all entries of a tensor."""

    mean: float
    std: float
    mean_square: float


@dataclass(frozen=True)
class LayerStatistics:
    """What one call of a layer did to the signal.

    Parameters
    ----------
    name, kind
        The layer's name in the model, and the name of its class.
    activation
        Moments of the layer's output.
    gradient
        Moments of dL/d(output), L being the mean loss of the batch; None without targets.
    dead
        Fraction of the output's units that are 0 on the whole batch. A unit of a convolution is a
        channel, at all positions; a unit of a recurrent layer is a state, at all times.
    saturated
        Fraction of the output's entries that lie within 5% of the range from one of its bounds:
        below 0.05 or above 0.95 for the sigmoid, beyond ±0.9 for tanh; NaN for other layers.
    weight, weight_gradient
        Moments of the layer's weights W, and of dL/dW; None where there are none. A recurrent
        layer's matrices count together, biases do not. dL/dW sums over all calls of the layer.
    """

    name: str
    kind: str
    activation: Moments
    gradient: Moments | None
    dead: float
    saturated: float
    weight: Moments | None
    weight_gradient: Moments | None


def probe(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor | None = None, loss: Loss = cross_entropy
) -> list[LayerStatistics]:
    """Return the statistics of every layer, from one forward and one backward pass.

    The model is left as it was: its parameters and their ``.grad``, its buffers, its mode, its
    hooks and the random state. It is run in the mode it is in. A layer is a module without parts.

    Parameters
    ----------
    model
        Any module that maps one tensor to one tensor; for activations alone, to anything.
    x
        (n, ...) inputs on the model's device.
    y
        (n,) int64 labels, or floating-point targets of the shape of the model's output. Without
        them there is no backward pass.
    loss
        A function of (output, y): the mean loss of a batch.

    Returns
    -------
    list of LayerStatistics
        One for each call of a layer, in the order of the forward pass. Of a layer with several
        outputs, such as an LSTM, it describes the first.

    Raises
    ------
    TypeError
        If an argument has the wrong type, labels are not int64, or a layer returns no tensor.
    ValueError
        If a shape, device or number does not fit; the message says which.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Tanh())
    >>> _ = nn.init.ones_(model[0].weight)
    >>> [layer.activation.mean for layer in probe(model, torch.zeros(4, 2))]
    [0.0, 0.0]
    """
    check_initialized(model)
    check_loss(loss)
    if y is None:
        check_tensor(model, "x", x)
    else:
        check_pair(model, x, y)
    calls: list[_Call] = []
    gradients: dict[torch.Tensor, torch.Tensor | None] = {}
    with _state_kept(model, x.device), torch.set_grad_enabled(y is not None):
        output = _forward(model, x, calls)
        if y is not None:
            check_targets(output, y)
            gradients = _backward(mean_loss(loss, output, y), calls)
    return [_statistics(call, gradients) for call in calls]


class _Call(NamedTuple):
    """One call of a layer: its output in the graph, and what is already known of it."""

    name: str
    module: nn.Module
    output: torch.Tensor
    activation: Moments
    unit_axis: int


@contextmanager
def _state_kept(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore the random state after; let recurrent layers run backward in evaluation mode."""
    with ExitStack() as stack:
        stack.enter_context(random_state_kept(device))
        if any(isinstance(part, nn.RNNBase) and not part.training for part in model.modules()):
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


def _forward(model: nn.Module, x: torch.Tensor, calls: list[_Call]) -> Any:
    """Run the model once on copies of ``x`` and of its buffers; append every call to ``calls``."""
    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if next(module.children(), None) is None:
                hook = partial(_record, calls, name)
                hooks.enter_context(module.register_forward_hook(hook))
        return forward_on_copies(model, x)


def _record(calls: list[_Call], name: str, module: nn.Module, _: Any, output: Any) -> Any:
    """Note the call; hand on a copy, so that a later in-place layer cannot overwrite it."""
    kind = type(module).__name__
    tensor, copy = first_copied(output, layer=f"{name} ({kind})")
    unit_axis = calls[-1].unit_axis if calls else 1
    if isinstance(module, _FEATURES_LAST):
        unit_axis = -1
    elif isinstance(module, _ConvNd):
        unit_axis = 1
    calls.append(_Call(name, module, tensor, _moments(tensor), unit_axis))
    return copy


def _backward(value: torch.Tensor, calls: list[_Call]) -> dict[torch.Tensor, torch.Tensor | None]:
    """Return the gradients of the loss with respect to all outputs and weights."""
    tensors = [call.output for call in calls]
    tensors += [weight for call in calls for weight in _weights(call.module)]
    tensors = list(dict.fromkeys(tensor for tensor in tensors if tensor.requires_grad))
    return dict(zip(tensors, torch.autograd.grad(value, tensors, allow_unused=True), strict=True))


def _statistics(call: _Call, gradients: dict[torch.Tensor, torch.Tensor | None]) -> LayerStatistics:
    weights = _weights(call.module)
    return LayerStatistics(
        name=call.name,
        kind=type(call.module).__name__,
        activation=call.activation,
        gradient=_joint_moments([gradients.get(call.output)]),
        dead=_dead(call.output, call.unit_axis),
        saturated=_saturated(call.output, call.module),
        weight=_joint_moments(weights),
        weight_gradient=_joint_moments([gradients.get(weight) for weight in weights]),
    )


def _weights(module: nn.Module) -> list[nn.Parameter]:
    own = module.named_parameters(recurse=False)
    return [parameter for name, parameter in own if name.startswith("weight")]


def _joint_moments(tensors: Sequence[torch.Tensor | None]) -> Moments | None:
    present = [tensor.flatten() for tensor in tensors if tensor is not None]
    return _moments(torch.cat(present)) if present else None


@torch.no_grad()
def _moments(tensor: torch.Tensor) -> Moments:
    """Scale by the largest entry first: squares of vanishing gradients would underflow."""
    values = tensor.to(torch.promote_types(tensor.dtype, torch.float32))
    scale = torch.linalg.vector_norm(values, torch.inf)
    if not 0 < scale < torch.inf:
        scale = torch.ones_like(scale)
    values = values / scale
    moments = [values.mean(), values.std(correction=0), values.square().mean()]
    mean, std, mean_square = torch.stack(moments).tolist()
    unit = scale.item()
    return Moments(unit * mean, unit * std, unit * unit * mean_square)


def _dead(output: torch.Tensor, unit_axis: int) -> float:
    units = output if output.ndim > 1 else output.reshape(-1, 1)
    zero = (units == 0).movedim(unit_axis, 0).flatten(1)
    return zero.all(1).float().mean().item()


def _saturated(output: torch.Tensor, module: nn.Module) -> float:
    if type(module) not in BOUNDS:
        return float("nan")
    low, high = BOUNDS[type(module)]
    margin = 0.05 * (high - low)
    return ((output < low + margin) | (output > high - margin)).float().mean().item()
