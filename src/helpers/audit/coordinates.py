"""The coordinate check: how a few steps change what each layer returns, at several widths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from helpers._checks import MISFITS, check_count, check_function, is_list, shown
from helpers._models import check_initialized, check_module
from helpers.audit.auditing import unwrapped
from helpers.audit.batch import check_batch, tensors_in
from helpers.audit.norms import rms
from helpers.audit.passes import Pass, run
from helpers.audit.shelter import as_in_training, sheltered

if TYPE_CHECKING:
    import xarray

MODEL = "(the model)"
"""What the output of the whole model is called among the layers."""
_NO_LAYERS = ("parts", "activation")


def coordinate_check(
    factory: Callable[[int, int], nn.Module],
    widths: Sequence[int],
    batch: Any,
    loss: Callable[[Any], torch.Tensor] | None = None,
    *,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer],
    steps: int = 4,
    seeds: Sequence[int] = (0, 1, 2),
) -> xarray.Dataset:
    """Take a few steps of training at several widths, and return how large each layer's output is.

    Where size or change grow with the width, the best learning rate falls with it; where a change
    falls, wide networks stop learning there. Under muP both are level, but for the size of the
    output at the start, which may fall.

    Parameters
    ----------
    factory
        A function of (width, seed) that returns a new model, initialized. It takes its random
        numbers from the seed: by a generator, or after ``torch.manual_seed(seed)``.
    widths
        Two or more, different.
    batch, loss
        As :func:`helpers.audit.audit` takes them. Every step is taken on this batch.
    optimizer
        A function of the model that returns an optimizer of torch for it, whose ``step`` needs no
        function: ``lambda model: torch.optim.Adam(model.parameters(), lr=0.001)``.
    steps
        Number of steps, 1 or more.
    seeds
        Of the repetitions, one or more.

    Returns
    -------
    xarray.Dataset
        With the dimensions ``width``, ``seed``, ``step`` (how many were taken) and ``layer`` (by
        name, and the model's own output last). ``size`` is the root mean square of the layer's
        output, ``change`` that of its difference from before the first step.

    Raises
    ------
    TypeError
        If an argument, or what a function returns, is of the wrong type.
    ValueError
        If a number is not allowed, a function fails, or the layers differ from width to width. The
        message says at which width and seed. And as the audit.

    Notes
    -----
    Yang et al., Tensor Programs V, 2022, arXiv 2203.03466. Their package plots the mean of the
    absolute values.

    Examples
    --------
    >>> def factory(width, seed):
    ...     torch.manual_seed(seed)
    ...     return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 1))
    >>> def adam(model):
    ...     return torch.optim.Adam(model.parameters(), lr=0.001)
    >>> seen = coordinate_check(factory, [64, 1024], torch.eye(2), torch.mean, optimizer=adam)
    >>> seen.layer.values.tolist()
    ['0', '2', '(the model)']
    >>> change = seen.change.mean("seed").sel(layer="2", step=1)
    >>> bool(change.sel(width=1024) > 8 * change.sel(width=64))
    True
    """
    import xarray as xr  # pip install "good-start[course]"

    for name, function in (("factory", factory), ("optimizer", optimizer)):
        check_function(name, function)
    _check_numbers("widths", widths, least=1, fewest=2)
    _check_numbers("seeds", seeds, least=0, fewest=1)
    check_count("steps", steps)
    check_batch(batch)
    rows, layers = [], []
    for width in widths:
        for seed in seeds:
            try:
                model = unwrapped(factory(width, seed))
                check_module(model, "what factory returns")
                check_initialized(model)
                row = _followed(model, batch, loss, optimizer, steps)
            except MISFITS as error:
                raise _at(width, seed, error) from error
            layers = layers or list(row[0])
            if list(row[0]) != layers:
                raise ValueError(
                    f"the model must have the same layers at every width; at {widths[0]} they are "
                    f"{', '.join(layers)}, at {width} {', '.join(row[0])}"
                )
            rows.append([list(each.values()) for each in row])
    found = np.reshape(rows, (len(widths), len(seeds), steps + 1, len(layers), 2))
    dimensions = ("width", "seed", "step", "layer")
    return xr.Dataset(
        {"size": (dimensions, found[..., 0]), "change": (dimensions, found[..., 1])},
        {"width": list(widths), "seed": list(seeds), "step": range(steps + 1), "layer": layers},
    )


def _check_numbers(name: str, numbers: Sequence[int], *, least: int, fewest: int) -> None:
    """Raise unless these are different integers, ``fewest`` or more, none below ``least``."""
    if not is_list(numbers):
        raise TypeError(f"{name} must be a list of integers; got {shown(numbers)}")
    for number in numbers:
        check_count(f"each of {name}", number, least=least)
    if len(set(numbers)) < max(fewest, len(numbers)):
        raise ValueError(f"{name} must be {fewest} or more, all different; got {shown(numbers)}")


def _followed(
    model: nn.Module,
    batch: Any,
    loss: Callable[[Any], torch.Tensor] | None,
    optimizer: Callable[[nn.Module], torch.optim.Optimizer],
    steps: int,
) -> list[dict[str, tuple[float, float]]]:
    """Return size and change of each layer's output before the first step and after each."""
    rows, first = [], {}
    with as_in_training(model), sheltered(model):
        own = _own_optimizer(optimizer, model)
        for step in range(steps + 1):
            result = run(model, batch, loss)
            outputs = _outputs(result)
            first = first or outputs
            rows.append(
                {name: (rms(z).item(), rms(z - first[name]).item()) for name, z in outputs.items()}
            )
            if step < steps:
                for parameter in model.parameters():
                    parameter.grad = result.gradient(parameter)
                own.step()
    return rows


def _own_optimizer(
    optimizer: Callable[[nn.Module], torch.optim.Optimizer], model: nn.Module
) -> torch.optim.Optimizer:
    made = optimizer(model)
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"optimizer must return a torch.optim.Optimizer; it returned {shown(made)}")
    held = {parameter for group in made.param_groups for parameter in group["params"]}
    if held.isdisjoint(model.parameters()):
        raise ValueError("the optimizer holds no parameter of the model that it was given")
    return made


def _outputs(result: Pass) -> dict[str, torch.Tensor]:
    """Return what each layer with parameters returned at its first call, and the model."""
    found: dict[str, torch.Tensor] = {}
    for call in result.calls:
        if call.name and call.kind not in _NO_LAYERS and call.output is not None:
            found.setdefault(call.name, call.output.detach())
    own = next((t for t in tensors_in(result.output) if t.is_floating_point()), None)
    return found if own is None else found | {MODEL: own.detach()}


def _at(width: int, seed: int, error: Exception) -> Exception:
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"at width {width}, seed {seed}: {error}")
