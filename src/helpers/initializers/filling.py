"""The torch side of the initializers: fill a tensor, set all weights of a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from helpers._checks import one_of
from helpers._contracts import INITIALIZERS, Initializer

if TYPE_CHECKING:
    import torch
    from torch import nn

_GATES = {"LSTM": 4, "GRU": 3}


def fill(
    tensor: torch.Tensor,
    name: str,
    generator: np.random.Generator | torch.Generator,
    **options: object,
) -> torch.Tensor:
    """Fill a tensor in place with weights drawn by a named scheme.

    Parameters
    ----------
    tensor
        Floating point, of a shape that the scheme takes: a weight as torch stores it.
    name
        A name in ``INITIALIZERS``.
    generator
        Where the random numbers come from; a torch generator seeds a NumPy one.
    **options
        Those of the scheme, as ``gain=2.0``.

    Returns
    -------
    torch.Tensor
        The tensor itself. Its gradient and ``requires_grad`` are as before.

    Raises
    ------
    TypeError
        If an argument is of the wrong type; the tensor is unchanged then.
    ValueError
        If the scheme, an option or the shape is not allowed; the tensor is unchanged then.

    Notes
    -----
    The numbers are drawn with NumPy and then copied to the tensor's device and dtype: with a
    generator on the CPU they are the same on every device.

    Examples
    --------
    >>> import torch
    >>> fill(torch.empty(2, 3), "constant", np.random.default_rng(0), value=0.5)
    tensor([[0.5000, 0.5000, 0.5000],
            [0.5000, 0.5000, 0.5000]])
    """
    draw = partial(INITIALIZERS[one_of("initializer", name, INITIALIZERS)], **options)
    check_floating("tensor", tensor)
    _write([tensor], [draw(tensor.shape, _numpy_generator(generator))])
    return tensor


def initialize(
    model: nn.Module,
    name: str,
    *,
    generator: np.random.Generator | torch.Generator,
    **options: object,
) -> nn.Module:
    """Set every weight of a model by a named scheme, and every bias of these layers to 0.

    Parameters
    ----------
    model
        Its layers Linear, Conv1d, Conv2d, Conv3d, RNN, LSTM and GRU are set, each gate of a
        recurrent layer as a weight of its own. All others, such as normalization layers and
        embeddings, keep what they hold.
    name
        A name in ``INITIALIZERS``.
    generator
        Where the random numbers come from; a torch generator seeds a NumPy one.
    **options
        Those of the scheme, as ``slope=0.01``; the same for all layers.

    Returns
    -------
    torch.nn.Module
        The model itself.

    Raises
    ------
    TypeError
        If an argument is of the wrong type; the model is unchanged then.
    ValueError
        If the scheme or an option is not allowed, the model has none of these layers, or the
        scheme does not fit one of them; the model is unchanged then.

    Examples
    --------
    >>> from torch import nn
    >>> initialize(nn.Linear(2, 2), "identity", generator=np.random.default_rng(0)).weight.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    draw = partial(INITIALIZERS[one_of("initializer", name, INITIALIZERS)], **options)
    weights, biases = _weights_and_biases(model)
    rng = _numpy_generator(generator)
    drawn = [_draw_gates(draw, weight.shape, gates, rng) for weight, gates in weights]
    _write([weight for weight, _ in weights], drawn)
    _write(biases, [np.zeros(bias.shape) for bias in biases])
    return model


def _draw_gates(
    draw: Initializer, shape: Sequence[int], gates: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw each gate of a weight, (out, in) each, and stack them as torch does."""
    rows, *rest = shape
    return np.concatenate([draw((rows // gates, *rest), rng) for _ in range(gates)])


def _weights_and_biases(
    model: nn.Module,
) -> tuple[list[tuple[nn.Parameter, int]], list[nn.Parameter]]:
    """List the weights to set, each with its number of gates, and the biases."""
    from torch import nn

    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")
    weights, biases = [], []
    for path, layer in model.named_modules():
        if not isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNNBase)):
            continue
        gates = _GATES.get(layer.mode, 1) if isinstance(layer, nn.RNNBase) else 1
        parameters = dict(layer.named_parameters(recurse=False))
        if parameters.keys().isdisjoint({"weight", "weight_ih_l0"}):
            raise ValueError(
                f"layer {path!r} computes its weight from other parameters, as weight_norm does; "
                "initialize the model before that"
            )
        for name, parameter in parameters.items():
            check_floating(f"{path}.{name}", parameter)
            if name.startswith("bias"):
                biases.append(parameter)
            else:
                weights.append((parameter, 1 if name.startswith("weight_hr") else gates))
    if not weights:
        raise ValueError("model must have a layer Linear, Conv1d-3d, RNN, LSTM or GRU; it has none")
    return weights, biases


def check_floating(argument: str, tensor: torch.Tensor) -> None:
    """Refuse what is no tensor of real numbers in memory."""
    import torch

    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        raise TypeError(f"{argument} must be a floating point torch.Tensor; got {kind}")
    if torch.nn.parameter.is_lazy(tensor):
        raise ValueError(f"{argument} has no shape yet: pass a batch through the model first")
    if tensor.layout != torch.strided:
        raise TypeError(f"{argument} must be a dense tensor; got {tensor.layout}")
    if tensor.is_meta:
        raise ValueError(f"{argument} is on the meta device, which holds no numbers")


def _numpy_generator(generator: np.random.Generator | torch.Generator) -> np.random.Generator:
    """Return a NumPy generator: the given one, or one seeded with a draw from torch's."""
    import torch

    if isinstance(generator, np.random.Generator):
        return generator
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            "generator must be a numpy.random.Generator or a torch.Generator, "
            f"as numpy.random.default_rng(0); got {generator!r}"
        )
    seed = torch.randint(2**63 - 1, (), generator=generator, device=generator.device)
    return np.random.default_rng(seed.item())


def _write(tensors: Sequence[torch.Tensor], drawn: Sequence[np.ndarray]) -> None:
    """Copy arrays into tensors, rounded on the CPU to their dtype; all of them or none."""
    import torch

    pairs = zip(tensors, drawn, strict=True)
    rounded = [torch.from_numpy(values).to(tensor.dtype) for tensor, values in pairs]
    for tensor, values in zip(tensors, rounded, strict=True):
        if not values.isfinite().all():
            largest = torch.finfo(tensor.dtype).max
            raise ValueError(f"weights beyond {largest:.3g} do not fit into {tensor.dtype}")
    with torch.no_grad():
        for tensor, values in zip(tensors, rounded, strict=True):
            tensor.copy_(values)
