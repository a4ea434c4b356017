"""An audit looks at a model as training begins, without chance, and leaves it as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrize import ParametrizationList
from torch.overrides import TorchFunctionMode

from helpers._models import random_state_kept

_BY_CHANCE = (_DropoutNd, nn.RReLU, nn.MultiheadAttention)
"""In training mode these draw random numbers; all else they do in evaluation mode as well."""


@contextmanager
def as_in_training(model: nn.Module) -> Iterator[None]:
    """Put the model into training mode without dropout; afterwards restore all attributes.

    Dropout that is a function is left to ``NoDropout``, around the forward pass alone. Parts that
    were put into evaluation mode, in a model that is in training mode, stay there.
    """
    before = {module: dict(vars(module)) for module in model.modules()}
    generators = [g for attributes in before.values() for g in _generators(attributes)]
    states = [generator.get_state() for generator in generators]
    fast_path = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        _train(model)
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        for module, attributes in before.items():
            vars(module).clear()
            vars(module).update(attributes)
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


@contextmanager
def sheltered(model: nn.Module) -> Iterator[None]:
    """Record gradients wherever this is called, and restore the random states afterwards.

    Those of torch, NumPy and Python, as a model or a loss may draw from any.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with random_state_kept(device), torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


@contextmanager
def values_kept(model: nn.Module) -> Iterator[None]:
    """Restore parameters, their ``.grad`` and buffers, whether overwritten or replaced."""
    tables = [t for m in model.modules() for t in (m._parameters, m._buffers, m._modules)]
    entries = [dict(table) for table in tables]
    grads = {p: (p.grad, p.requires_grad) for p in model.parameters()}
    tensors = [*model.parameters(), *model.buffers()]
    tensors += [v for m in model.modules() for v in vars(m).values() if isinstance(v, torch.Tensor)]
    tensors += [grad for grad, _ in grads.values() if grad is not None]
    values = [(tensor, tensor.detach().clone()) for tensor in tensors]
    try:
        yield
    finally:
        for table, own in zip(tables, entries, strict=True):
            table.clear()
            table.update(own)
        for parameter, (grad, requires_grad) in grads.items():
            parameter.grad = grad
            parameter.requires_grad_(requires_grad)
        for tensor, value in values:
            if not torch.equal(tensor, value):
                tensor.data.copy_(value)


def _train(model: nn.Module) -> None:
    frozen = {m for m in model.modules() if model.training and not m.training}
    computing = {
        part
        for module in model.modules()
        if isinstance(module, ParametrizationList)  # would iterate whenever its weight is read
        for part in module.modules()
    }
    for module in model.modules():
        by_chance = isinstance(module, _BY_CHANCE) or "Drop" in type(module).__name__
        module.training = not (by_chance or module in frozen or module in computing)
        module.training |= isinstance(module, nn.RNNBase)  # cuDNN has no backward pass without
        for name, value in vars(module).items():
            if "drop" in name and isinstance(value, float):
                vars(module)[name] = 0.0


def _generators(attributes: dict[str, Any]) -> list[torch.Generator]:
    return [value for value in attributes.values() if type(value) is torch.Generator]


class NoDropout(TorchFunctionMode):
    """Turn off dropout that a model applies as a function."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        if "dropout" in getattr(function, "__name__", ""):
            return args[0] if args else kwargs["input"]
        if function is F.scaled_dot_product_attention:
            args = (*args[:4], 0.0, *args[5:]) if len(args) > 4 else args
            kwargs |= {"dropout_p": 0.0} if "dropout_p" in kwargs else {}
        return function(*args, **kwargs)
