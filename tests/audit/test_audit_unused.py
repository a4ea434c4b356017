"""Parameters without a gradient: heads that nobody uses, and halves that a detach cuts off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from helpers.audit import audit
from helpers.audit.trials import TRIES
from tests.audit.auditing import X, floats, guess, network, seeded


class Halves(nn.Module):
    """Two halves of a network, what lies between them, and a head that nobody uses."""

    def __init__(self, between: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        whole = network(depth=5)
        self.first, self.second, self.between = whole[:4], whole[4:], between
        self.head = nn.Linear(32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.between(self.first, x)
        self.head(h)
        return self.second(h)


def joined(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return first(x)


def detached(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return torch.relu(first(x).detach() - 0.1)


def without_grad(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return first(x)


def rounded(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(first(x).detach().numpy())


def straight_through(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    h = first(x)
    return h + (h.sign() - h).detach()


def noisy(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return first(x) + 0.1 * torch.randn(x.shape)


def noisy_by_numpy(first: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return first(x) + torch.from_numpy(np.random.normal(size=x.shape)).float()  # noqa: NPY002


def said(model: nn.Module, batch: Any = X) -> dict[tuple[str, str], set[str]]:
    """Return the names in each finding on parameters without a gradient, by what it is."""
    found = audit(model, batch, guess).findings
    named = ("unused", "detached")
    return {(f.gravity, f.principle): set(f.layers) for f in found if f.principle in named}


HEAD = {("note", "unused"): {"head.weight", "head.bias"}}


@pytest.mark.parametrize("between", [detached, without_grad, rounded])
def test_a_half_that_the_loss_depends_on_without_a_gradient_is_a_warning(
    between: Callable[..., torch.Tensor],
) -> None:
    model = seeded(lambda: Halves(between))
    first = {f"first.{name}" for name, _ in model.first.named_parameters()}
    assert said(model) == {("warning", "detached"): first, **HEAD}


@pytest.mark.parametrize("between", [joined, straight_through, noisy, noisy_by_numpy])
def test_a_head_that_nobody_uses_stays_a_note(between: Callable[..., torch.Tensor]) -> None:
    assert said(seeded(lambda: Halves(between))) == HEAD


def test_a_half_that_is_frozen_is_no_fault() -> None:
    model = seeded(lambda: Halves(detached))
    model.first.requires_grad_(False)
    assert said(model) == HEAD


def test_of_many_layers_before_a_detach_all_are_named() -> None:
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = network(depth=TRIES + 3)[:-1], nn.Linear(32, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(self.first(x).detach())

    model = seeded(Cut)
    first = {f"first.{name}" for name, _ in model.first.named_parameters()}
    assert len(first) > 2 * TRIES
    assert said(model) == {("warning", "detached"): first}


class Tokens(nn.Module):
    """Two layers, each for all tokens but the first; then the first alone is read, or all are."""

    def __init__(self, read: slice, bias: float = 0.0) -> None:
        super().__init__()
        self.first, self.others = nn.Linear(32, 32), nn.Linear(32, 32)
        self.last, self.read = nn.Linear(32, 5), read
        nn.init.constant_(self.others.bias, bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.tanh(self.first(x))
        others = self.others(h[:, 1:]).clamp(-9, 9)
        return self.last(torch.cat([h[:, :1], others], 1)[:, self.read].mean(1))


TOKENS = X[:, None] + floats(16, 4, 32)


def test_what_the_output_leaves_out_is_unused() -> None:
    (finding,) = (f for f in audit(seeded(lambda: Tokens(slice(1))), TOKENS, guess).findings)
    assert (finding.gravity, finding.principle) == ("note", "unused")
    assert finding.layers == ("others.weight",)
    assert "leaves out" in finding.text
    assert audit(seeded(lambda: Tokens(slice(None))), TOKENS, guess).findings == ()


def test_what_a_bound_cuts_off_is_not_called_unused() -> None:
    model = seeded(lambda: Tokens(slice(None), bias=20.0))
    assert ("warning", "zeros") in [
        (f.gravity, f.principle) for f in audit(model, TOKENS, guess).findings
    ]
