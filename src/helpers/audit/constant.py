"""What the loss is where the output is the same for every example: that of knowing nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch.autograd.graph import Node
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from helpers.audit.batch import replaced, tensors_in
from helpers.audit.graph import nodes
from helpers.audit.passes import UNFIT, Pass

ENOUGH = 8
"""Fewer outputs than this for each constant are met by chance."""
STEPS = 10
"""Steps of L-BFGS: a squared error needs three, the cross-entropy of ten classes five."""
_NETWORK = re.compile("Convolution|Addmm|Mm|Bmm|Mv")


class ConstantLoss(NamedTuple):
    """The loss of outputs of 0, of the best constant ones, and of the last layer's bias alone.

    Each is None where it is not known.
    """

    zero: float | None = None
    best: float | None = None
    bias: float | None = None


def constant_loss(result: Pass, loss: Callable[[Any], torch.Tensor] | None) -> ConstantLoss:
    """Return the loss of outputs that do not depend on the example.

    The loss itself is asked, so that none has to be recognised: it is computed on constant outputs,
    one constant for each unit, or one for all where the batch has fewer outputs than units. Not
    known without a loss of the user's own, nor where it multiplies matrices, as a critic does.
    """
    axis = result.calls[-1].unit_axis if result.calls else -1
    rows = {
        output: _constants(output, axis)
        for output in tensors_in(result.output)
        if output.is_floating_point() and output.requires_grad
    }
    few = any(output.numel() < ENOUGH * row.numel() for output, row in rows.items())
    if loss is None or not rows or few or _is_network(result.loss.grad_fn, rows):
        return ConstantLoss()

    def at_constants() -> torch.Tensor:
        new = {t: row.to(t.dtype).expand(t.shape).clone() for t, row in rows.items()}
        return loss(replaced(result.output, new))

    try:
        values = _minimized(at_constants, list(rows.values()))
    except UNFIT:
        return ConstantLoss()
    best = min(filter(math.isfinite, values), default=None)
    zero = values[0] if math.isfinite(values[0]) else None
    return ConstantLoss(zero, best, _at_bias(result, rows, at_constants))


def _at_bias(
    result: Pass, rows: dict[torch.Tensor, torch.Tensor], value: Callable[[], torch.Tensor]
) -> float | None:
    """Return the loss where every output is the bias of the layer that makes it."""
    if len(rows) != 1:
        return None
    ((output, row),) = rows.items()
    biases = [getattr(c.module, "bias", None) for c in result.calls if c.exit is output.grad_fn]
    bias = biases[-1] if biases else None
    if not isinstance(bias, torch.Tensor) or bias.numel() != row.numel():
        return None
    with torch.no_grad():
        row.copy_(bias.reshape(row.shape))
        found = value().item()
    return found if math.isfinite(found) else None


def _constants(output: torch.Tensor, unit_axis: int) -> torch.Tensor:
    """Return zeros that stand for the whole output, with one axis longer than 1 at most."""
    shape = [1] * output.ndim
    if output.ndim > 1 and output.shape[unit_axis] ** 2 <= output.numel():
        shape[unit_axis] = output.shape[unit_axis]
    dtype = torch.promote_types(output.dtype, torch.float32)
    return torch.zeros(shape, dtype=dtype, device=output.device, requires_grad=True)


def _is_network(root: Node | None, outputs: Iterable[torch.Tensor]) -> bool:
    """Say whether the way from the output to the loss leads through products of matrices."""
    way = nodes(root, until={output.grad_fn for output in outputs})
    return any(_NETWORK.match(node.name()) for node in way)


def _minimized(value: Callable[[], torch.Tensor], rows: list[torch.Tensor]) -> list[float]:
    """Move the rows from 0 to where the value is least; return every value on the way."""
    values: list[float] = []

    def value_and_slope(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        with torch.no_grad():
            vector_to_parameters(torch.from_numpy(numbers).to(rows[0]), rows)
        now = value().reshape(())
        slopes = torch.autograd.grad(now, rows, allow_unused=True, materialize_grads=True)
        values.append(now.item())
        unit = abs(values[0]) or 1.0  # its tolerances are made for values of about 1
        return values[-1] / unit, parameters_to_vector(slopes).cpu().double().numpy() / unit

    start = np.zeros(sum(row.numel() for row in rows))
    options = {"maxiter": STEPS, "maxfun": 4 * STEPS, "gtol": 0}
    minimize(value_and_slope, start, jac=True, method="L-BFGS-B", options=options)
    return values
