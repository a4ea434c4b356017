"""What the audit knows of the classes of layers: where their weights are, and how they are laid."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from helpers.activations import ACTIVATIONS
from helpers.initializers import fans

_GATES = {"LSTM": 4, "GRU": 3, "LSTMCell": 4, "GRUCell": 3}
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
_ACTIVATION_CLASSES = {
    **{phi.torch_name: name for name, phi in ACTIVATIONS.items() if name != "identity"},
    **dict.fromkeys(["NewGELUActivation", "FastGELUActivation", "QuickGELUActivation"], "gelu"),
    **dict.fromkeys(["GELUActivation", "GELUTanh", "AccurateGELUActivation"], "gelu"),
    "SiLUActivation": "silu",
    "PReLU": "leaky_relu",
}


SLOPE = 0.01
"""The slope below 0 of a leaky ReLU that names none."""


class Product(nn.Module):
    """A product with a parameter that a model computes itself, shown as if it were a layer.

    Parameters
    ----------
    own, parameter
        The parameter, and its name in the layer that holds it.
    axis
        The axis of the parameter that is summed over; None where it has no such axis.
    rows
        The weight as a matrix, each row the incoming weights of one unit.
    fans
        fan_in and fan_out.
    label, owner
        What the report calls the product, and the class of the layer that holds the parameter.
    """

    def __init__(
        self,
        own: str,
        parameter: torch.Tensor,
        axis: int | None,
        rows: torch.Tensor,
        fans: tuple[int, int],
        label: str,
        owner: str,
    ) -> None:
        super().__init__()
        self.register_parameter(own, parameter)
        self.product = own, axis, rows, fans
        self.label, self.owner = label, owner

    def matrix(self) -> Matrix:
        """Return the weight as those of other layers are given."""
        own, axis, rows, (fan_in, fan_out) = self.product
        turned = axis == 0 and self.get_parameter(own).ndim == 2
        return Matrix(own, rows, fan_in, fan_out, math.inf, transposed=turned)


class Matrix(NamedTuple):
    """A weight of a layer as (out, in, ...), each row the incoming weights of one unit.

    ``parameter`` is its name in the layer, ``transposed`` whether the layer stores it as
    (in, out, ...), ``default`` the variance of torch's own start, ``gates`` how many weights
    are stacked in it. Without ``fan_in`` it holds no incoming weights (an embedding).
    """

    parameter: str
    weight: torch.Tensor
    fan_in: int | None
    fan_out: int | None
    default: float
    gates: int = 1
    transposed: bool = False

    def candidates(self) -> dict[str, float]:
        """Return the variance of each named scheme."""
        if self.fan_in is None:
            return {}
        named = {
            "LeCun": 1 / self.fan_in,
            "Xavier": 2 / (self.fan_in + self.fan_out),
            "He": 2 / self.fan_in,
            "He (fan_out)": 2 / self.fan_out,
        }
        if self.fan_in == self.fan_out:
            return {"LeCun = Xavier": named["LeCun"], "He": named["He"]}
        return named

    def start(self) -> tuple[str, float]:
        """Return family and variance of torch's own start."""
        return "normal" if self.fan_in is None else "uniform", self.default


def kind(module: nn.Module) -> str:
    """Return ``"matrix"``, ``"recurrent"``, ``"attention"``, ``"embedding"``, ``"norm"``,
    ``"activation"``, ``"parts"`` (no parameters of its own) or ``"unknown"``.
    """  # noqa: D205
    if isinstance(module, (nn.Linear, _ConvNd, Product)) or _is_conv1d(module):
        return "matrix"
    if isinstance(module, _RECURRENT):
        return "recurrent"
    if isinstance(module, nn.MultiheadAttention):
        return "attention"
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return "embedding"
    name = type(module).__name__
    if isinstance(module, (_NormBase, nn.LayerNorm, nn.GroupNorm)) or (
        "Norm" in name and _only_scales(module)
    ):
        return "norm"
    if name in _ACTIVATION_CLASSES:
        return "activation"
    return "unknown" if any(p is not None for p in module._parameters.values()) else "parts"


def _only_scales(module: nn.Module) -> bool:
    """Say whether a module has no parts and no parameter of more than one axis."""
    if next(module.children(), None) is not None:
        return False
    return all(p.ndim <= 1 for p in module.parameters(recurse=False))


def activation_of(module: nn.Module) -> str | None:
    """Return the name in ``ACTIVATIONS`` of what a module without weights computes."""
    return _ACTIVATION_CLASSES.get(type(module).__name__)


def slope_of(module: nn.Module) -> float:
    """Return the slope below 0 of a leaky ReLU; of many their root mean square."""
    if isinstance(module, nn.PReLU):
        return module.weight.detach().float().square().mean().sqrt().item()
    return getattr(module, "negative_slope", SLOPE)


def matrices(module: nn.Module) -> list[Matrix]:
    """Return the weights of a layer of a known kind; of an unknown one none."""
    if isinstance(module, Product):
        return [module.matrix()]
    what = kind(module)
    if what == "matrix":
        return [_matrix(module)]
    if what == "embedding":
        return [Matrix("weight", _rows(module), None, None, 1.0)]
    own = dict(module.named_parameters(recurse=False))
    names = [name for name in own if "weight" in name and own[name].ndim == 2]
    if what == "recurrent":
        gates = _GATES.get(getattr(module, "mode", type(module).__name__), 1)
        default = 1 / (3 * module.hidden_size)
        return [_dense(n, own[n], default, 1 if "_hr_" in n else gates) for n in names]
    if what == "attention":
        found = [_dense(n, own[n], 2 / sum(own[n].shape)) for n in names]
        return [matrix._replace(gates=3 if "in_" in matrix.parameter else 1) for matrix in found]
    return []


def as_matrix(module: nn.Module, matrix: Matrix, tensor: torch.Tensor) -> torch.Tensor | None:
    """Return what has the stored shape of a weight, as its gradient, laid out as the matrix is."""
    if isinstance(module, Product):
        axis = module.product[1]
        return None if axis is None else tensor.movedim(axis, -1).flatten(0, -2)
    return tensor.transpose(0, 1) if matrix.transposed else tensor


def is_parametrized(model: nn.Module, name: str) -> bool:
    """Say whether a weight is computed from this parameter of the model.

    ``torch.nn.utils.parametrize`` keeps it in a module of its own; the older functions and pruning
    keep ``weight_g`` or ``weight_orig`` beside a ``weight`` that is a mere tensor.
    """
    layer, _, own = name.rpartition(".")
    module, computed = model.get_submodule(layer), own.rpartition("_")[0]
    beside = vars(module).get(computed) if computed else None
    return "parametrizations" in layer.split(".") or isinstance(beside, torch.Tensor)


def unit_axis(module: nn.Module, before: int) -> int:
    """Return the axis of a layer's output along which its units lie."""
    if isinstance(module, (_ConvNd, _NormBase, nn.GroupNorm)):
        return 1
    return before if kind(module) in ("activation", "parts") else -1


def _is_conv1d(module: nn.Module) -> bool:
    """Say whether a module is the dense layer of the package transformers, stored as (in, out)."""
    return type(module).__name__ == "Conv1D" and hasattr(module, "nf")


def _matrix(module: nn.Module) -> Matrix:
    weight = module.weight.detach()
    stored_fan_in = fans(weight.shape)[0]
    if _is_conv1d(module):
        return _dense("weight", weight.T, math.inf)._replace(transposed=True)
    transposed = isinstance(module, _ConvTransposeNd)
    if transposed:
        weight = weight.transpose(0, 1)
    return _dense("weight", weight, 1 / (3 * stored_fan_in))._replace(transposed=transposed)


def _dense(name: str, weight: torch.Tensor, default: float, gates: int = 1) -> Matrix:
    rows, *rest = weight.shape
    fan_in, fan_out = fans((rows // gates, *rest))
    return Matrix(name, weight.detach(), fan_in, fan_out, default, gates)


def _rows(module: nn.Module) -> torch.Tensor:
    """Return an embedding without the row of its padding, which is 0."""
    weight, padding = module.weight.detach(), getattr(module, "padding_idx", None)
    if padding is None or len(weight) < 2:
        return weight
    return weight[padding + 1 :] if padding < len(weight) / 2 else weight[:padding]
