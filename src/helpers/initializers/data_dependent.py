"""LSUV: rescale a model's layers, from the first to the last, by what one batch does in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from helpers._checks import check_count, finite
from helpers.initializers.filling import check_floating

if TYPE_CHECKING:
    import torch
    from torch import nn


def lsuv(
    model: nn.Module, batch: torch.Tensor, *, tolerance: float = 0.01, rescalings: int = 10
) -> nn.Module:
    """Rescale each layer's weights so that its output has variance 1 over a batch.

    Layer-sequential unit variance. Give the model weights first; the paper starts from orthonormal
    ones: ``lsuv(initialize(model, "orthogonal", generator=...), batch)``. Nothing here is random.

    Parameters
    ----------
    model
        Any module that takes one tensor. Its layers Linear and Conv1d to ConvTranspose3d are
        rescaled, in the order in which they are called; each must be called once. It is run in the
        mode it is in. All else is left as it was: biases, other layers, buffers, hooks, mode, and
        the random state.
    batch
        (n, ...) inputs on the model's device.
    tolerance
        Largest difference from variance 1, above 0. A layer within it is not rescaled.
    rescalings
        How often a layer may be rescaled, 1 or more. Once is enough where its biases are 0.

    Returns
    -------
    torch.nn.Module
        The model itself. The variance is that over all entries of a layer's output: examples,
        units and positions together.

    Raises
    ------
    TypeError
        If an argument is of the wrong type; the model is unchanged then.
    ValueError
        If a parameter is NaN, the batch is not finite or does not fit, or a layer cannot be
        rescaled: its output is constant or not finite, it is called twice or not at all, its
        weight is shared, or ``rescalings`` do not suffice. The message says which; the model is
        unchanged then.

    References
    ----------
    Mishkin and Matas, All you need is a good init, 2016, arXiv 1511.06422, algorithm 1.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.ones_(layer.weight)
    >>> lsuv(layer, torch.tensor([[-4.0], [4.0]])).weight.item()
    0.25
    """
    import torch

    from helpers._models import (
        check_initialized,
        check_module,
        check_tensor,
        forward_on_copies,
        random_state_kept,
    )

    check_module(model)
    layers = _layers(model)
    check_initialized(model)
    check_tensor(model, "batch", batch)
    if finite("tolerance", tolerance) <= 0:
        raise ValueError(f"tolerance must be above 0; got {tolerance!r}")
    check_count("rescalings", rescalings)
    called: set[str] = set()
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_undone_on_error(layers))
        stack.enter_context(random_state_kept(batch.device))
        for name, layer in layers.items():
            rescale = partial(_rescale, name, called, tolerance, rescalings)
            hook = layer.register_forward_hook(rescale, prepend=True, with_kwargs=True)
            stack.enter_context(hook)
        forward_on_copies(model, batch, name="batch")
        if missed := [name for name in layers if name not in called]:
            raise ValueError(
                f"the pass did not call the layer {missed[0]!r}, so it has no output to measure"
            )
    return model


def _layers(model: nn.Module) -> dict[str, nn.Module]:
    """Return the layers to rescale by name; refuse those whose weight is not theirs alone."""
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    layers, owners = {}, {}
    for name, layer in model.named_modules():
        own = dict(layer.named_parameters(recurse=False))
        rescaled = isinstance(layer, (nn.Linear, _ConvNd))
        if rescaled and "weight" not in own:
            raise ValueError(
                f"layer {name!r} computes its weight from other parameters, as weight_norm does; "
                "rescale the model before that"
            )
        if rescaled:
            check_floating(f"{name}.weight", layer.weight)
            layers[name] = layer
        for parameter in own.values():
            owners.setdefault(parameter, []).append(name)
    if not layers:
        raise ValueError("model must have a layer Linear or Conv1d to ConvTranspose3d; it has none")
    for layer in layers.values():
        if len(names := owners[layer.weight]) > 1:
            raise ValueError(
                f"the layers {names[0]!r} and {names[1]!r} share a weight; no one scale fits both"
            )
    return layers


@contextmanager
def _undone_on_error(layers: dict[str, nn.Module]) -> Iterator[None]:
    """Give the layers their weights back if anything fails."""
    before = {layer: layer.weight.clone() for layer in layers.values()}
    try:
        yield
    except BaseException:
        for layer, weight in before.items():
            layer.weight.copy_(weight)
        raise


def _rescale(
    name: str,
    called: set[str],
    tolerance: float,
    rescalings: int,
    layer: nn.Module,
    inputs: tuple[Any, ...],
    options: dict[str, Any],
    output: torch.Tensor,
) -> torch.Tensor:
    """Rescale a layer where it is called; return its new output, so that the next sees that."""
    if name in called:
        raise ValueError(f"the layer {name!r} is called twice; no one scale fits both calls")
    called.add(name)
    std = _std(name, output)
    for _ in range(rescalings):
        if abs(std**2 - 1) <= tolerance:
            break
        layer.weight.div_(std)
        output = layer.forward(*inputs, **options)
        std = _std(name, output)
    if abs(std**2 - 1) > tolerance:
        raise ValueError(
            f"after {rescalings} rescalings the output of the layer {name!r} has the variance "
            f"{std**2:.3g}, not 1: biases or rounding keep it from that. Set the biases to 0 "
            "first, or allow a larger tolerance."
        )
    return output


def _std(name: str, output: torch.Tensor) -> float:
    """Return the standard deviation of all entries; scaled first, so that no square overflows."""
    import torch

    values = output.to(torch.promote_types(output.dtype, torch.float32))
    largest = values.abs().max()
    if not largest.isfinite():
        raise ValueError(f"the output of the layer {name!r} is not finite on this batch")
    std = (largest * (values / largest).std(correction=0)).item()
    if not std > torch.finfo(output.dtype).eps * largest.item():
        raise ValueError(
            f"the output of the layer {name!r} is constant on this batch, so that no scale gives "
            "it variance 1: its input is constant (are all units below it dead?), or its weights "
            "are 0"
        )
    return std
