"""Products with parameters that a model computes itself: layers that no class shows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.autograd.graph import Node
from torch.overrides import TorchFunctionMode

from helpers.audit.layers import Product, kind
from helpers.initializers import fans

_MATMULS = {"matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "baddbmm"}
_CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}
_PASSED = re.compile(
    "Alias|Clone|View|Reshape|Permute|Transpose|T$|Expand|Squeeze|Unsqueeze|ToCopy|Select|Slice"
    "|Index|Mul|Div|Neg"
)
"""Operations through which a weight is still that parameter, where they have no other input."""


class _Factors(NamedTuple):
    """Signal and weight of a product, the axis of the weight that is summed over, and the sizes."""

    signal: torch.Tensor
    weight: torch.Tensor
    axis: int
    fan_out: int
    unit_axis: int = -1


class Products(TorchFunctionMode):
    """Note each product with a parameter of a layer that is not known.

    Parameters
    ----------
    model
        Its layers of known classes are left out: they are watched as a whole.
    note
        Called with the layer's name, the product as a layer, its signal, its output and the axis of
        the units; what it returns takes the output's place.
    """

    def __init__(self, model: nn.Module, note: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.note, self.owners = note, _unknown(model)
        self.known: dict[tuple[torch.Tensor, int | None], Product] = {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        output = function(*args, **(kwargs or {}))
        for factors in _factors(getattr(function, "__name__", ""), args, kwargs or {}):
            if (parameter := self._parameter(factors.weight)) is not None:
                layer, product = self._product(parameter, factors)
                return self.note(layer, product, factors.signal, output, factors.unit_axis)
        return output

    def _product(self, parameter: torch.Tensor, factors: _Factors) -> tuple[str, Product]:
        """Return the layer's name and the product as a layer; the same one for the same weight."""
        layer, own, owner = self.owners[parameter]
        weight, fan_in = factors.weight.detach(), factors.weight.shape[factors.axis]
        axis = _axis_in(parameter, weight, factors.axis)
        if (parameter, axis) not in self.known:
            whole = weight.numel() == parameter.numel() or axis is None
            self.known[parameter, axis] = Product(
                own,
                parameter,
                axis,
                _rows(weight, factors.axis) if whole else _rows(parameter.detach(), axis),
                (fan_in, factors.fan_out),
                f"{layer}.{own}".lstrip(".") if len(_matrices(owner)) > 1 else layer,
                type(owner).__name__,
            )
        return layer, self.known[parameter, axis]

    def _parameter(self, weight: torch.Tensor) -> torch.Tensor | None:
        """Return the parameter that this weight is, or is computed from alone."""
        for tensor in (weight, weight._base):
            if tensor is not None and tensor in self.owners:
                return tensor
        found = _leaf(weight.grad_fn)
        if found not in self.owners:
            return None
        return found if weight.numel() <= found.numel() else None


def _unknown(model: nn.Module) -> dict[torch.Tensor, tuple[str, str, nn.Module]]:
    """Return parameters with two axes or more that no layer of a known class accounts for."""
    found, known = {}, set()
    for name, module in model.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            raw = kind(module) == "unknown" or (
                kind(module) == "matrix" and not own.startswith(("weight", "bias"))
            )
            if raw and "parametrizations" not in name.split("."):
                if parameter.ndim > 1:
                    found.setdefault(parameter, (name, own, module))
            else:
                known.add(parameter)
    return {parameter: owner for parameter, owner in found.items() if parameter not in known}


def _matrices(owner: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in owner.parameters(recurse=False) if parameter.ndim > 1]


def _factors(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[_Factors]:
    """Return how a call can be read as a product of a signal and a weight, the likelier first."""
    given = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
    if len(given) < 2:
        return []
    if name == "linear":
        return [_Factors(given[0], given[1], given[1].ndim - 1, given[1].shape[0])]
    if name in _CONVOLUTIONS:
        fan_out = fans(given[1].shape)[1]
        return [_Factors(given[0], given[1].flatten(1), 1, fan_out, 1)]
    if name in _MATMULS:
        first, second = given[-2:] if "add" in name else given[:2]
        if name == "__rmatmul__":
            first, second = second, first
        found = []
        if second.ndim > 1:
            found.append(_Factors(first, second, second.ndim - 2, second.shape[-1]))
        if first.ndim > 1:
            found.append(_Factors(second, first, first.ndim - 1, first.shape[-2], -2))
        return found
    if name == "einsum" and len(given) == 2 and isinstance(args[0], str):
        return _einsum(args[0].replace(" ", ""), *given)
    return []


def _einsum(equation: str, *operands: torch.Tensor) -> list[_Factors]:
    """Read a sum of two operands as a product: the weight is summed over what both share."""
    terms, _, result = equation.replace("...", "").partition("->")
    found = []
    for signal, weight in ((0, 1), (1, 0)):
        letters, others = terms.split(",")[weight], terms.split(",")[signal]
        summed = [i for i, letter in enumerate(letters) if letter not in result]
        units = [letter for letter in letters if letter in result and letter not in others]
        dots = "..." in equation.partition("->")[0].split(",")[weight]
        if dots or not (summed and units and result):
            continue
        tensor = operands[weight]
        if len(summed) > 1:
            last = tuple(range(-len(summed), 0))
            tensor = tensor.movedim(tuple(summed), last).flatten(-len(summed))
            axis = tensor.ndim - 1
        else:
            axis = summed[0]
        fan_out = math.prod(operands[weight].shape[letters.index(letter)] for letter in units)
        unit_axis = result.index(units[-1]) - len(result)
        found.append(_Factors(operands[signal], tensor, axis, fan_out, unit_axis))
    return found


def _leaf(node: Node | None) -> torch.Tensor | None:
    """Return the parameter from which these operations begin, if they have no other input."""
    while node is not None and "AccumulateGrad" not in node.name():
        inputs = [before for before, _ in node.next_functions if before is not None]
        if len(inputs) != 1 or not _PASSED.match(node.name().removesuffix("Backward0")):
            return None
        node = inputs[0]
    return None if node is None else node.variable


def _axis_in(parameter: torch.Tensor, weight: torch.Tensor, axis: int) -> int | None:
    """Return the parameter's axis that is an axis of the weight; None where it has no such."""
    mine = weight.shape[axis], weight.stride(axis)
    theirs = list(zip(parameter.shape, parameter.stride(), strict=True))
    return theirs.index(mine) if mine in theirs else None


def _rows(weight: torch.Tensor, axis: int) -> torch.Tensor:
    """Return a weight as a matrix, each row the incoming weights of one unit."""
    return weight.movedim(axis, -1).flatten(0, -2)
