"""All that the principles of an audit look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from helpers.audit.batch import examples_differ
from helpers.audit.constant import constant_loss
from helpers.audit.graph import After, followers
from helpers.audit.layers import Matrix, as_matrix, matrices
from helpers.audit.measures import measure, measure_parameters
from helpers.audit.passes import Call, Pass, run
from helpers.audit.records import LayerReport, ParameterReport


@dataclass(frozen=True)
class Measured:
    """All that the principles look at; the lists are of one length, one entry a call.

    ``parameters`` holds every parameter of the model. ``zero_loss`` is the loss of an output of 0,
    ``constant_loss`` that of the best output that is the same for every example, ``bias_loss`` that
    of the last layer's bias as output; each is None where it is not known.
    """

    model: nn.Module
    result: Pass
    after: list[After]
    reports: list[LayerReport]
    examples_differ: bool
    parameters: tuple[ParameterReport, ...]
    zero_loss: float | None
    constant_loss: float | None
    bias_loss: float | None

    def each(self, *kinds: str) -> Iterator[tuple[Call, After, LayerReport]]:
        """Yield the calls of these kinds."""
        for call, then, report in zip(self.result.calls, self.after, self.reports, strict=True):
            if call.kind in kinds:
                yield call, then, report

    def weights(self) -> Iterator[tuple[str, Matrix, torch.Tensor | None]]:
        """Yield each trained weight of a layer that was called: name, matrix, gradient as it is."""
        seen = set()
        for call, _, _ in self.each("matrix", "recurrent", "attention"):
            for matrix in matrices(call.module):
                parameter = getattr(call.module, matrix.parameter)
                if parameter.requires_grad and parameter not in seen and parameter.is_leaf:
                    seen.add(parameter)
                    gradient = self.result.gradient(parameter)
                    if gradient is not None:
                        gradient = as_matrix(call.module, matrix, gradient)
                    yield f"{call.name}.{matrix.parameter}".lstrip("."), matrix, gradient


def look(model: nn.Module, batch: Any, loss: Callable[[Any], torch.Tensor] | None) -> Measured:
    """Run the model once forward and once backward, and measure all that the principles need."""
    result = run(model, batch, loss)
    after = followers(result.calls, result.loss.grad_fn)
    return Measured(
        model,
        result,
        after,
        measure(result, after),
        examples_differ(batch),
        measure_parameters(model, result),
        *constant_loss(result, loss),
    )
