"""What the audit measures without knowing layers: every parameter, and the loss of a constant."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, prune

from helpers.audit.records import ParameterReport
from tests.audit.auditing import X, Y, floats, guess, looked, network, seeded

# Parameters


class Odd(nn.Module):
    """Parameters of every kind: raw, tied, frozen, unused, of whole numbers, a gate of 0."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(floats(32, 5))
        self.same = self.table
        self.gate = nn.Parameter(torch.zeros(()))
        self.behind = nn.Linear(32, 5, bias=False)
        self.frozen = nn.Parameter(floats(5, seed=1), requires_grad=False)
        self.spare = nn.Parameter(torch.ones(2))
        self.counts = nn.Parameter(torch.arange(3), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.table + self.frozen + self.gate * self.behind(x)


def parameters(model: nn.Module, loss: Any = guess) -> dict[str, ParameterReport]:
    return {entry.name: entry for entry in looked(model, X, loss).parameters}


def test_every_parameter_has_its_size_and_gradient() -> None:
    model = Odd()
    entries = parameters(model)
    guess(model(X)).backward()
    assert entries.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        entry = entries[name]
        assert entry.shape == tuple(parameter.shape)
        assert entry.requires_grad == parameter.requires_grad
        if parameter.is_floating_point():
            assert entry.rms == pytest.approx(parameter.square().mean().sqrt().item())
        if parameter.grad is not None:
            assert entry.gradient == pytest.approx(parameter.grad.norm().item())
    assert math.isnan(entries["counts"].rms)


def test_no_gradient_and_a_gradient_of_0_are_told_apart() -> None:
    entries = parameters(Odd())
    assert entries["behind.weight"].gradient == 0.0
    assert entries["gate"].gradient > 0
    assert entries["spare"].gradient is None
    assert entries["frozen"].gradient is None
    overflowing = parameters(network(), lambda output: guess(output) * torch.inf)
    assert not math.isfinite(overflowing["linear1.weight"].gradient)


def test_a_tied_parameter_is_one_with_all_its_names() -> None:
    entries = parameters(Odd())
    assert entries["table"].names == ("table", "same")
    assert [name for name, entry in entries.items() if entry.tied] == ["table"]


NORMED: dict[str, Callable[[nn.Module], nn.Module]] = {
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "weight norm, old": nn.utils.weight_norm,
    "spectral norm, old": nn.utils.spectral_norm,
    "pruned": lambda layer: prune.l1_unstructured(layer, "weight", 0.2),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", NORMED)
def test_what_a_weight_is_computed_from_is_marked_and_named_by_its_layer(name: str) -> None:
    model = seeded(
        lambda: nn.Sequential(NORMED[name](nn.Linear(32, 5)), nn.Tanh(), nn.Linear(5, 5))
    )
    entries = parameters(model)
    assert [key for key, entry in entries.items() if not entry.parametrized] == [
        "0.bias",
        "2.weight",
        "2.bias",
    ]
    assert {entry.layer for entry in entries.values()} == {"0", "2"}


# The loss of a constant


N = 64
LABELS = torch.arange(N) % 5
TARGETS = 2e5 + 8e4 * floats(N, 5, seed=3)
ONCE = torch.cat([torch.zeros(48), torch.ones(16)]).long()  # three of four are of class 0
PRIOR = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))


@dataclass
class Scores:
    logits: torch.Tensor
    rest: Any = None


LOSSES: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], float, float]] = {
    "cross-entropy": (lambda z: F.cross_entropy(z, LABELS), math.log(5), 1.609),
    "summed": (lambda z: F.cross_entropy(z, LABELS, reduction="sum"), N * math.log(5), N * 1.609),
    "unequal classes": (lambda z: F.cross_entropy(z[:, :2], ONCE), math.log(2), PRIOR),
    "squared error": (
        lambda z: F.mse_loss(z, TARGETS),
        TARGETS.square().mean().item(),
        TARGETS.var(0, correction=0).mean().item(),
    ),
    "summed squares": (
        lambda z: (z - TARGETS).square().sum(),
        TARGETS.square().sum().item(),
        N * TARGETS.var(0, correction=0).sum().item(),
    ),
    "binary": (
        lambda z: F.binary_cross_entropy_with_logits(z[:, 0], ONCE.float()), math.log(2), PRIOR
    ),
    "own": (lambda z: -F.logsigmoid(z[:, 0]).mean(), math.log(2), 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_a_constant_is_found_whatever_the_loss(name: str) -> None:
    loss, zero, best = LOSSES[name]
    measured = looked(nn.Linear(32, 5), floats(N, 32), loss)
    assert measured.zero_loss == pytest.approx(zero, rel=1e-5)
    assert measured.constant_loss == pytest.approx(best, rel=1e-2, abs=1e-2)


CONTAINERS: dict[str, tuple[Callable[..., Any], Callable[[Any], torch.Tensor]]] = {
    "tuple": (lambda z: (z, None), lambda output: output[0]),
    "list": (lambda z: ["scores", z], lambda output: output[1]),
    "dict": (lambda z: {"logits": z, "n": 3}, lambda output: output["logits"]),
    "dataclass": (Scores, lambda output: output.logits),
    "nested": (lambda z: Scores(None, {"deep": (z,)}), lambda output: output.rest["deep"][0]),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_output_may_be_a_container(name: str) -> None:
    wrap, unwrap = CONTAINERS[name]

    class Wrapped(nn.Linear):
        def forward(self, x: torch.Tensor) -> Any:
            return wrap(super().forward(x))

    measured = looked(Wrapped(32, 5), floats(N, 32), lambda o: F.cross_entropy(unwrap(o), LABELS))
    assert measured.constant_loss == pytest.approx(math.log(5), rel=1e-3)


def test_images_have_one_constant_a_channel() -> None:
    target = torch.stack([torch.full((8, 6, 6), value) for value in (1.0, 5.0, 9.0)], dim=1)
    model = nn.Conv2d(3, 3, 3, padding=1)
    measured = looked(model, floats(8, 3, 6, 6), lambda z: F.mse_loss(z, target))
    assert measured.constant_loss == pytest.approx(0, abs=1e-3)


def test_with_fewer_outputs_than_classes_no_label_is_learned_by_heart() -> None:
    labels = torch.arange(16)
    measured = looked(nn.Linear(32, 100), X, lambda z: F.cross_entropy(z, labels))
    assert measured.constant_loss == pytest.approx(math.log(100))


class Critic(nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z @ torch.ones(5, 1)).mean()


def refuses(z: torch.Tensor) -> torch.Tensor:
    if bool((z[:1] == z[1:2]).all()):
        raise ValueError("collapsed")
    return z.square().mean()


UNKNOWN = {
    "no loss": (X, None),
    "few outputs": (X[:1], lambda z: F.mse_loss(z, torch.ones(1, 5))),
    "a critic": (X, Critic()),
    "a loss that refuses": (X, refuses),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_where_no_constant_can_be_tried_its_loss_is_not_known(name: str) -> None:
    measured = looked(nn.Linear(32, 5), *UNKNOWN[name])
    assert measured.constant_loss is None
    assert measured.zero_loss is None


def test_a_loss_that_is_no_number_has_no_constant() -> None:
    measured = looked(nn.Linear(32, 5), X, lambda z: z.mean() * torch.nan)
    assert measured.constant_loss is None


def test_the_search_for_a_constant_leaves_gradients_alone() -> None:
    model = network()
    looked(model, X, lambda z: F.cross_entropy(z, Y))
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("size", [0.1, 10.0])
def test_a_gate_alone_is_asked_for_no_gain(size: float) -> None:
    """A gate of small weights hardly changes the signal: no gain of it keeps its size."""

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.gate, self.last = nn.LayerNorm(32), nn.Linear(32, 32), nn.Linear(32, 5)
            self.gate.weight.data *= 1e-6
            self.norm.weight.data.fill_(size)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.norm(x) * torch.sigmoid(self.gate(x)))

    rows = {row.name: row for row in looked(seeded(Gated), X).reports}
    assert math.isnan(rows["gate"].critical)
