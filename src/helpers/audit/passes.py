"""The one forward and one backward pass of an audit, on copies of all that a pass may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd.graph import Node

from helpers._models import first_copied
from helpers.audit.batch import copied, tensors_in
from helpers.audit.layers import Product, kind, unit_axis
from helpers.audit.products import Products
from helpers.audit.shelter import NoDropout, values_kept

Loss = Callable[[Any], torch.Tensor]
UNFIT = (RuntimeError, LookupError, TypeError, ValueError, AttributeError)
_ARGUMENTS = (
    ". Each entry of a tuple, list or dict is passed as an argument of its own: leave out labels, "
    "and put them into the loss; a model that takes the list or dict itself gets it as (batch,)"
)


@dataclass
class Call:
    """One call of a module: where it stands, what went in and what came out.

    ``entry`` and ``exit`` are the nodes of the gradient's graph that made its input and its output;
    None where no gradient runs.
    """

    name: str
    module: nn.Module
    kind: str
    input: torch.Tensor | None
    output: torch.Tensor | None
    unit_axis: int
    entry: Node | None
    exit: Node | None


@dataclass
class Pass:
    """All calls in their order, the output, the loss and every gradient of it."""

    calls: list[Call] = field(default_factory=list)
    output: Any = None
    loss: torch.Tensor | None = None
    loss_kind: str = ""
    gradients: dict[torch.Tensor, torch.Tensor | None] = field(default_factory=dict)

    def gradient(self, tensor: torch.Tensor | None) -> torch.Tensor | None:
        """Return dL/d(tensor), None where the loss does not depend on it."""
        return None if tensor is None else self.gradients.get(tensor)


def run(model: nn.Module, batch: Any, loss: Loss | None) -> Pass:
    """Run the model forward and its loss backward, once each, in the mode that it is in."""
    result = Pass()
    with values_kept(model):
        with NoDropout(), ExitStack() as hooks:
            for name, module in _watched(model):
                hook = partial(_record, result.calls, name, kind(module))
                hooks.enter_context(module.register_forward_hook(hook, with_kwargs=True))
            products = Products(model, partial(_record_product, result.calls))
            if products.owners:
                hooks.enter_context(products)
            result.output = _forward(model, batch)
            result.loss, result.loss_kind = _loss(result.output, loss)
        _understand(result.calls)
        tensors = [p for p in model.parameters() if p.requires_grad]
        for call in result.calls:
            tensors += [t for t in (call.input, call.output) if t is not None and t.requires_grad]
        tensors = list(dict.fromkeys(tensors))
        gradients = _backward(result.loss, tensors)
        result.gradients = dict.fromkeys(model.parameters())
        result.gradients |= dict(zip(tensors, gradients, strict=True))
    return result


def _watched(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the modules to watch: those with parameters of their own, and those without parts."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if "parametrizations" not in name.split(".")
        and (kind(module) != "parts" or next(module.children(), None) is None)
    ]


def _record(
    calls: list[Call],
    name: str,
    what: str,
    module: nn.Module,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    output: Any,
) -> Any:
    """Note the call; hand on a copy, so that a later in-place layer cannot overwrite it."""
    axis = unit_axis(module, calls[-1].unit_axis if calls else -1)
    given = next((t for t in tensors_in((arguments, options)) if t.is_floating_point()), None)
    entry = None if given is None else given.grad_fn
    if not isinstance(output, torch.Tensor) and not _begins_with_tensor(output):
        calls.append(Call(name, module, what, given, None, axis, entry, None))
        return output
    tensor, handed_on = first_copied(output, layer=name)
    copy = next(tensors_in(handed_on))
    if tensor.is_floating_point() and tensor.layout == torch.strided:
        calls.append(Call(name, module, what, given, tensor, axis, entry, copy.grad_fn))
    return handed_on


def _record_product(
    calls: list[Call],
    layer: str,
    product: Product,
    signal: torch.Tensor,
    output: torch.Tensor,
    unit_axis: int,
) -> torch.Tensor:
    """Note a product with a raw parameter as a call of a layer; hand on a copy."""
    copy = output.clone()
    calls.append(
        Call(layer, product, "matrix", signal, output, unit_axis, signal.grad_fn, copy.grad_fn)
    )
    return copy


def _understand(calls: list[Call]) -> None:
    """Leave out the calls of unknown layers whose every matrix was seen in a product."""
    seen = {
        p for call in calls if isinstance(call.module, Product) for p in call.module.parameters()
    }
    for call in calls:
        own = [p for p in call.module.parameters(recurse=False) if p.ndim > 1]
        if call.kind == "unknown" and own and seen.issuperset(own):
            call.kind = "parts"


def _begins_with_tensor(output: Any) -> bool:
    while isinstance(output, tuple) and output:
        output = output[0]
    return isinstance(output, torch.Tensor)


def _forward(model: nn.Module, batch: Any) -> Any:
    """Call the model on a copy: a dict as keywords, a tuple as positions, else one argument."""
    batch = copied(batch)
    named = isinstance(batch, Mapping)
    positional = type(batch) in (tuple, list)  # a named tuple, as PackedSequence, is one argument
    arguments = () if named else tuple(batch) if positional else (batch,)
    try:
        return model(*arguments, **(batch if named else {}))
    except UNFIT as error:
        if isinstance(error, (TypeError, RuntimeError)) and "not defined" in str(error):
            raise
        spread_out = isinstance(error, TypeError) and "argument" in str(error)
        hint = _ARGUMENTS if spread_out and (named or positional) else ""
        raise ValueError(f"the model cannot take this batch: {error}{hint}") from error


def _loss(output: Any, loss: Loss | None) -> tuple[torch.Tensor, str]:
    """Return the number to go backward from, and where it comes from."""
    if loss is not None:
        try:
            value, origin = loss(output), "as given"
        except UNFIT as error:
            raise ValueError(f"the loss cannot take the model's output: {error}") from error
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise TypeError(f"loss must return one number, a tensor; it returned {shape}")
    else:
        own = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
        if isinstance(own, torch.Tensor) and own.numel() == 1:
            value, origin = own, "the output's own"
        else:
            value, origin = _projection(output), "random projection"
    if value is None or not value.requires_grad:
        raise ValueError(
            f"no gradient can start from the loss ({origin}): it depends on no floating-point "
            "tensor of the model. Is the output detached, of integers, or computed under no_grad?"
        )
    return value.reshape(()), origin


def _projection(output: Any) -> torch.Tensor | None:
    """Return sum(output * signs) / sqrt(numbers), the signs a product of one sign per index.

    A mean square would send no gradient into a network whose output is 0; a plain mean would send
    one that the symmetry of a layer could cancel. The signs are always the same.
    """
    numbers = np.random.default_rng(0)
    total = None
    for tensor in tensors_in(output):
        if not (tensor.is_floating_point() and tensor.requires_grad and tensor.numel()):
            continue
        value = tensor.to(torch.promote_types(tensor.dtype, torch.float32))
        for size in reversed(tensor.shape):
            signs = torch.from_numpy(numbers.choice([-1.0, 1.0], size))
            value = value @ signs.to(value)
        value = value / tensor.numel() ** 0.5
        total = value if total is None else total + value.to(total.device)
    return total


def _backward(value: torch.Tensor, tensors: list[torch.Tensor]) -> tuple[torch.Tensor | None, ...]:
    """Return the gradients, without touching any ``.grad``."""
    try:
        return torch.autograd.grad(value, tensors, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        raise ValueError(
            "reentrant gradient checkpointing hides the gradients of single layers. For the audit "
            "use checkpoint(..., use_reentrant=False), or switch it off."
        ) from error
