"""The audit itself: one pass through the network, then its principles."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from helpers._models import check_module
from helpers.audit.batch import check_batch
from helpers.audit.findings import findings, never_initialized
from helpers.audit.layers import kind
from helpers.audit.measured import look
from helpers.audit.measures import unmeasured
from helpers.audit.report import Report
from helpers.audit.shelter import as_in_training, sheltered


def audit(
    model: nn.Module, batch: Any, loss: Callable[[Any], torch.Tensor] | None = None
) -> Report:
    """Examine the start of a model: one forward and one backward pass, nothing changed.

    Where something is found, its mends are tried on copies of the model, each with a pass of its
    own, and the first that helps is in the report.

    Parameters
    ----------
    model
        Any module, on any device; of one that is compiled, or wrapped for several devices, the
        module inside. It is left as it was: parameters, their ``.grad``, buffers, attributes, mode,
        hooks, and the random states of torch, NumPy and Python. It is examined as training begins:
        in training mode (unless a part of a model in training mode was put into evaluation mode,
        as in fine-tuning), but with dropout off.
    batch
        Its input: a dict is passed as keywords, a tuple or list as positional arguments, anything
        else as the one argument. Eight examples or more that differ show most.
    loss
        A function of the model's output that returns the mean loss, a tensor of one number; labels
        are in it: ``lambda output: cross_entropy(output, labels)``. Without it the output's own
        ``loss`` is taken where it has one, else a fixed random projection of the output: enough to
        see how a gradient travels.

    Returns
    -------
    Report
        Of each layer, and what was found, the gravest first.

    Raises
    ------
    TypeError
        If ``model`` is no module, or ``loss`` no function that returns one number.
    ValueError
        If a parameter has no shape or no numbers yet, the batch holds NaN or does not fit, the
        loss cannot take the output, or no gradient can start from it. The message says which.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> for parameter in model.parameters():
    ...     _ = nn.init.zeros_(parameter)
    >>> audit(model, torch.eye(2)).findings[0].principle
    'zeros'
    """
    model = unwrapped(model)
    check_module(model)
    _check_parameters(model)
    check_batch(batch)
    if loss is not None and not callable(loss):
        raise TypeError(
            f"loss must be a function of the model's output; got {type(loss).__name__}. Labels go "
            "into it: lambda output: cross_entropy(output, labels)"
        )
    with as_in_training(model), sheltered(model):
        return _audit(model, batch, loss)


_SHOWN = ("matrix", "recurrent", "attention", "embedding", "norm", "unknown")


def _audit(model: nn.Module, batch: Any, loss: Callable[[Any], torch.Tensor] | None) -> Report:
    total = sum(p.numel() for p in model.parameters())
    layers = [
        (name, module)
        for name, module in model.named_modules()
        if kind(module) in _SHOWN and "parametrizations" not in name.split(".")
    ]
    if faults := never_initialized(model):
        reports = [unmeasured(name, module) for name, module in layers]
        return Report(type(model).__name__, total, None, "", tuple(reports), faults)
    again = partial(look, batch=batch, loss=loss)
    measured = again(model)
    result = measured.result
    called = {call.name for call in result.calls}
    reports = [r for _, _, r in measured.each(*_SHOWN)]
    reports += [unmeasured(name, module) for name, module in layers if name not in called]
    value = result.loss.item()
    shown = tuple(report for report in reports if report.laws)
    found = findings(measured, again)
    return Report(type(model).__name__, total, value, result.loss_kind, shown, found)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model inside ``torch.compile`` and the wrappers for several devices."""
    wrappers = nn.DataParallel, nn.parallel.DistributedDataParallel
    while hasattr(model, "_orig_mod") or isinstance(model, wrappers):
        model = model.module if isinstance(model, wrappers) else model._orig_mod
    return model


def _check_parameters(model: nn.Module) -> None:
    """Refuse a model that cannot run yet."""
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError("model must not be a scripted one: its layers cannot be watched")
    for name, parameter in model.named_parameters():
        if torch.nn.parameter.is_lazy(parameter):
            raise ValueError(
                f"the parameter {name} has no shape yet: pass a batch through the model first"
            )
        if parameter.is_meta:
            raise ValueError(
                f"the parameter {name} is on the meta device, which holds no numbers: "
                'call model.to_empty(device="cpu") and initialize it first'
            )
