"""What the tests of the audit share: a batch, its loss, and networks to audit."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import cross_entropy

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
