"""What the tests of the audit share: a batch, its loss, and networks to audit."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers.audit import Report
from helpers.audit.measured import Measured, look
from helpers.audit.shelter import as_in_training, sheltered
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


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def mend(model: nn.Module, report: Report) -> None:
    """Run all mends of a report, the gravest first."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for finding in report.findings:
            exec(finding.mend, {"torch": torch, "model": model})


def looked(model: nn.Module, batch: Any, loss: Any = None) -> Measured:
    """Return all that an audit measures, before anything is found in it."""
    with as_in_training(model), sheltered(model):
        return look(model, batch, loss)


def everything(model: nn.Module) -> str:
    """Return all that an audit could change, in words."""
    return repr(
        [
            {name: tensor.tolist() for name, tensor in model.state_dict().items()},
            [(p.grad is None, p.requires_grad, id(p.grad)) for p in model.parameters()],
            [p.grad.tolist() for p in model.parameters() if p.grad is not None],
            [module.training for module in model.modules()],
            [
                [len(hooks) for name, hooks in sorted(vars(m).items()) if "hooks" in name]
                for m in model.modules()
            ],
            [sorted(vars(module)) for module in model.modules()],
            [
                {
                    key: value.tolist() if isinstance(value, torch.Tensor) else value
                    for key, value in vars(module).items()
                    if isinstance(value, (int, float, str, torch.Tensor))
                }
                for module in model.modules()
            ],
            [
                value.get_state().tolist()
                for module in model.modules()
                for value in vars(module).values()
                if isinstance(value, torch.Generator)
            ],
            torch.get_rng_state().tolist(),
            np.random.get_state(),  # noqa: NPY002
            random.getstate(),
            torch.backends.mha.get_fastpath_enabled(),
            torch.backends.cudnn.enabled,
            torch.is_grad_enabled(),
        ]
    )
