"""All that the principles of an audit look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from helpers.audit.graph import After
from helpers.audit.layers import Matrix, matrices
from helpers.audit.passes import Call, Pass
from helpers.audit.records import LayerReport


@dataclass(frozen=True)
class Measured:
    """All that the principles look at; the lists are of one length, one entry a call."""

    model: nn.Module
    result: Pass
    after: list[After]
    reports: list[LayerReport]
    examples_differ: bool

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
                    if gradient is not None and matrix.transposed:
                        gradient = gradient.transpose(0, 1)
                    yield f"{call.name}.{matrix.parameter}".lstrip("."), matrix, gradient
