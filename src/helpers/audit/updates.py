"""Beyond the start: how far the first step of training moves each weight."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from helpers._models import check_module
from helpers.audit.auditing import unwrapped
from helpers.audit.norms import rms
from helpers.audit.passes import run
from helpers.audit.shelter import as_in_training, sheltered


def first_step(
    model: nn.Module,
    batch: Any,
    loss: Callable[[Any], torch.Tensor] | None,
    optimizer: torch.optim.Optimizer,
) -> dict[str, float]:
    """Return the size of the optimizer's next update relative to each weight.

    Model, gradients and optimizer are left as they were: a copy of the optimizer moves copies.

    Parameters
    ----------
    model, batch, loss
        As :func:`helpers.audit.audit` takes them.
    optimizer
        Any optimizer of torch on parameters of this model, whose ``step`` needs no function.

    Returns
    -------
    dict
        From a parameter's name to rms(update) / rms(weight): infinite where a weight of 0 moves, 0
        where nothing does.

    Raises
    ------
    TypeError
        If ``optimizer`` is no optimizer, or its ``step`` needs a function (L-BFGS).
    ValueError
        If it holds no parameter of this model; and as the audit.

    Examples
    --------
    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = nn.init.constant_(model.weight, 0.5)
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> round(first_step(model, torch.eye(2), lambda output: output.sum(), optimizer)["weight"], 4)
    0.02
    """
    model = unwrapped(model)
    check_module(model)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer; got {optimizer!r}")
    held = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    names = {p: name for name, p in model.named_parameters() if p in held}
    if not names:
        raise ValueError("optimizer holds no parameter of this model: build it for this model")
    with as_in_training(model), sheltered(model):
        result = run(model, batch, loss)
        moved = _moved(optimizer, {parameter: result.gradient(parameter) for parameter in names})
    return {name: _relative(moved[parameter], parameter) for parameter, name in names.items()}


def _moved(
    optimizer: torch.optim.Optimizer, gradients: dict[nn.Parameter, torch.Tensor | None]
) -> dict[nn.Parameter, torch.Tensor]:
    """Return where one step moves the parameters, taken by copies."""
    copies = {}
    for parameter, gradient in gradients.items():
        copies[parameter] = nn.Parameter(parameter.detach().clone(), parameter.requires_grad)
        copies[parameter].grad = gradient
    own = {name: value for name, value in vars(optimizer).items() if name != "step"}
    twin = object.__new__(type(optimizer))  # its own __getstate__ leaves attributes out
    vars(twin).update(deepcopy(own, {id(p): copy for p, copy in copies.items()}))
    try:
        twin.step()
    except TypeError as error:
        name = type(optimizer).__name__
        raise TypeError(f"the step of {name} must need no function; it raised: {error}") from error
    return copies


def _relative(after: torch.Tensor, before: torch.Tensor) -> float:
    update, size = rms(after - before).item(), rms(before).item()
    if not update:
        return 0.0
    return update / size if size else math.inf
