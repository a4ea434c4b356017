"""What the tests of the audit share: a batch, its loss, and networks to audit."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers.audit.measured import Measured, look
from helpers.audit.passes import as_in_training, sheltered
from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import mlp


def floats(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed))


X, Y = floats(16, 32), torch.arange(16) % 5


def guess(output: torch.Tensor) -> torch.Tensor:
    return cross_entropy(output, Y)


def network(
    activation: str = "relu", scheme: str = "he_normal", depth: int = 4, **options: float
) -> nn.Module:
    model = mlp([32] * depth + [5], activation)
    return initialize(model, scheme, generator=rng(0), **options)


def looked(model: nn.Module, batch: Any, loss: Any = None) -> Measured:
    """Return all that an audit measures, before anything is found in it."""
    with as_in_training(model), sheltered(model):
        return look(model, batch, loss)
