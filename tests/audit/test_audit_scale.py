"""The audit's principle of scale: what it follows, what it measures, and that its mends hold."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.activations import ACTIVATIONS
from helpers.audit import Finding, LayerReport, audit
from helpers.device import generator
from tests.audit.auditing import floats

X = floats(64, 64)
Function = Callable[[torch.Tensor], torch.Tensor]


class Deep(nn.Module):
    """Layers of 64 units with the same function after each, and a last layer."""

    def __init__(self, phi: Function, gain: float, depth: int = 10, seed: int = 0) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(64, 64) for _ in range(depth))
        self.last, self.phi, numbers = nn.Linear(64, 5), phi, generator(seed + 10)
        for layer in [*self.hidden, self.last]:
            own = 1.0 if layer is self.last else gain
            nn.init.normal_(layer.weight, std=own / 8, generator=numbers)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = self.phi(layer(x))
        return self.last(x)


class Sum(nn.Module):
    """Residual blocks x + b(relu(a(x))) of 64 units, and a last layer."""

    def __init__(self, gain: float | None = None, depth: int = 12) -> None:
        super().__init__()
        self.a = nn.ModuleList(nn.Linear(64, 64) for _ in range(depth))
        self.b = nn.ModuleList(nn.Linear(64, 64) for _ in range(depth))
        self.last, numbers = nn.Linear(64, 5), generator(10)
        for layer in [*self.a, *self.b]:
            bound = 1 / 8 if gain is None else gain * math.sqrt(3) / 8  # torch's default without
            nn.init.uniform_(layer.weight, -bound, bound, generator=numbers)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for a, b in zip(self.a, self.b, strict=True):
            x = x + b(torch.relu(a(x)))
        return self.last(x)


def scale_of(model: nn.Module) -> Finding:
    (finding,) = (f for f in audit(model, X).findings if f.principle == "scale")
    return finding


def gravities(model: nn.Module) -> set[str]:
    return {f.gravity for f in audit(model, X).findings if f.principle == "scale"}


def mend(model: nn.Module) -> None:
    """Run the lines of each finding that is no note, twice: one can hide another."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for _ in range(2):
            for finding in audit(model, X).findings:
                if finding.gravity != "note":
                    exec(finding.mend, {"torch": torch, "model": model})


# The last layer


@pytest.mark.parametrize(("times_he", "word"), [(2.5, "grows"), (0.1, "shrinks")])
def test_a_last_layer_of_zeros_hides_no_fault_of_scale(times_he: float, word: str) -> None:
    model = Deep(torch.relu, times_he * math.sqrt(2))
    nn.init.zeros_(model.last.weight)
    finding = scale_of(model)
    assert finding.gravity == "grave"
    assert finding.layers == tuple(f"hidden.{i}" for i in range(10))
    assert f"the signal {word}" in finding.text
    assert "the gradient is not measured" in finding.text
    exec(finding.mend, {"torch": torch, "model": model})
    assert gravities(model) == set()


def test_a_last_layer_of_zeros_on_a_sound_network_is_a_note_alone() -> None:
    model = Deep(torch.relu, math.sqrt(2))
    nn.init.zeros_(model.last.weight)
    assert [(f.gravity, f.principle) for f in audit(model, X).findings] == [("note", "zeros")]


# Functions without a theory

OTHERS: dict[str, Function] = {
    "hardtanh": F.relu6,
    "hardswish": F.hardswish,
    "mish": F.mish,
    "celu": F.celu,
    "rreluwithnoise": F.rrelu,
    "sin": torch.sin,
    "atan": torch.atan,
    "clamp": lambda z: z.clamp(min=0),
    "maximum": lambda z: torch.maximum(z, torch.zeros(())),
    "where": lambda z: torch.where(z > 0, z, 0.0),
    "threshold": lambda z: F.threshold(z, 0.0, 0.0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_function_without_a_theory_is_followed_and_named(name: str) -> None:
    model = Deep(OTHERS[name], 0.1)
    report = audit(model, X)
    assert {row.follows for row in report.layers[:-1]} == {name}
    assert all(math.isnan(row.critical) for row in report.layers)
    finding = scale_of(model)
    assert finding.gravity == "grave"
    assert f"does not know what {name} asks for" in finding.text
    assert "asks for 1" not in finding.text
    assert "last" not in finding.mend
    exec(finding.mend, {"torch": torch, "model": model})
    assert gravities(model) == set()


@pytest.mark.parametrize("name", OTHERS)
def test_a_function_without_a_theory_makes_no_finding_of_he_s_start(name: str) -> None:
    for seed in range(3):
        assert gravities(Deep(OTHERS[name], math.sqrt(2), seed=seed)) == set()


def test_the_first_function_is_the_one_that_asks() -> None:
    after = audit(Deep(lambda z: torch.relu(z.clamp(-9, 9)), 1.4), X).layers[0]
    before = audit(Deep(lambda z: torch.relu(z).clamp(max=9), 1.4), X).layers[0]
    assert (after.follows, before.follows) == ("clamp", "relu")


# Slopes

SLOPES: dict[str, tuple[Callable[[], Function], float]] = {
    "module": (lambda: nn.LeakyReLU(0.5), 0.5),
    "function": (lambda: lambda z: F.leaky_relu(z, 0.5), 0.5),
    "in place": (lambda: nn.LeakyReLU(0.5, inplace=True), 0.5),
    "default": (nn.LeakyReLU, 0.01),
    "learned": (nn.PReLU, 0.25),
    "learned, many": (lambda: nn.PReLU(64, 0.4), 0.4),
}


@pytest.mark.parametrize("name", SLOPES)
def test_a_leaky_relu_asks_by_its_own_slope(name: str) -> None:
    make, slope = SLOPES[name]
    asked = math.sqrt(2 / (1 + slope**2))
    model = Deep(make(), asked, depth=30)
    rows: tuple[LayerReport, ...] = audit(model, X).layers
    assert [row.critical for row in rows[:-1]] == pytest.approx([asked] * 30)
    assert rows[1].predicted == pytest.approx(rows[1].signal, rel=0.15)
    assert gravities(model) == set()
    for layer in model.hidden:
        nn.init.normal_(layer.weight, std=3 / 8, generator=generator(1))
    assert f"a={slope:.3g}," in scale_of(model).mend
    mend(model)
    assert gravities(model) == set()


def test_theory_follows_the_gains_alone_whether_phi_is_a_module_or_a_function() -> None:
    predicted = [
        [row.predicted for row in audit(Deep(phi, 1.4), X).layers]
        for phi in (torch.relu, nn.ReLU())
    ]
    assert predicted[0] == predicted[1]
    expected = predicted[0][0] * math.prod(
        row.gain / math.sqrt(2) for row in audit(Deep(torch.relu, 1.4), X).layers[1:]
    )
    assert predicted[0][-1] == pytest.approx(expected)


# Mends


DEEP = [
    (name, depth)
    for name in ACTIVATIONS
    for depth in (10, 30)
    if (name, depth) != ("sigmoid", 30)  # no gain carries both signal and gradient so far
]


@pytest.mark.parametrize("gain", [0.1, 3.0])
@pytest.mark.parametrize(("name", "depth"), DEEP)
def test_a_mend_leaves_nothing_grave(name: str, depth: int, gain: float) -> None:
    model = Deep(ACTIVATIONS[name].module(), gain, depth)
    assert audit(model, X).findings
    mend(model)
    assert audit(model, X).grave == ()


# Sums


def test_torch_s_default_in_residual_blocks_is_no_note() -> None:
    assert audit(Sum(), X).findings == ()
    without_sum = Deep(torch.relu, 1 / math.sqrt(3), depth=4)
    assert scale_of(without_sum).gravity in ("warning", "note")


@pytest.mark.parametrize("gain", [1.1, math.sqrt(2), 4.0])
def test_a_sum_that_grows_is_mended_where_its_branches_end(gain: float) -> None:
    model = Sum(gain)
    finding = scale_of(model)
    assert finding.gravity == "grave"
    assert {f"b.{i}" for i in range(12)} <= set(finding.layers)
    assert "Branches that are added: 12." in finding.text
    assert "1/sqrt(12)" in finding.text
    assert ("relu asks for 1.4" in finding.text) == (gain == 4.0)
    assert "a linear layer" not in finding.text
    assert finding.chapter == "derivations/variance"
    assert "'b.11.weight'" in finding.mend
    assert ("'a." in finding.mend) == (gain == 4.0)
    exec(finding.mend, {"torch": torch, "model": model})
    assert gravities(model) == set()


def test_branches_that_end_in_zeros_keep_the_sum_level() -> None:
    model = Sum(math.sqrt(2))
    for layer in model.b:
        nn.init.zeros_(layer.weight)
    assert gravities(model) == set()


class Closed(nn.Module):
    """A layer, a small branch of it behind a factor, and a last layer."""

    def __init__(self, factor: float | nn.Parameter) -> None:
        super().__init__()
        self.first, self.a, self.b, self.last = (nn.Linear(64, 64) for _ in range(4))
        self.norm, self.factor = nn.LayerNorm(64), factor
        for layer in (self.first, self.a, self.b, self.last):
            nn.init.normal_(layer.weight, std=1 / 8, generator=generator(10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        stream = self.first(self.norm(x))
        inner = stream + self.a(stream)
        return self.last(stream + self.factor * self.b(inner))


@pytest.mark.parametrize("factor", [1e-6, nn.Parameter(torch.full((64,), 1e-6))])
def test_a_gradient_that_comes_past_a_closed_branch_does_not_grow_in_it(
    factor: float | nn.Parameter,
) -> None:
    assert gravities(Closed(factor)) == set()


class Added(nn.Module):
    """A layer that adds little, or all, to a normalized signal, and a last layer."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.first, self.added, self.last = (nn.Linear(64, 64) for _ in range(3))
        self.norm = nn.LayerNorm(64)
        for layer in (self.first, self.last):
            nn.init.normal_(layer.weight, std=1 / 8, generator=generator(10))
        nn.init.normal_(self.added.weight, std=gain / 8, generator=generator(11))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        stream = self.norm(self.first(x))
        return self.last(stream + self.added(0.01 * stream))


def test_what_is_added_to_a_large_signal_does_not_make_it_grow() -> None:
    assert gravities(Added(gain=1.0)) == set()
    assert gravities(Added(gain=1e4)) == {"grave"}


# Sentences


def test_the_sentence_on_scale_says_which_way_is_which() -> None:
    text = scale_of(Deep(torch.relu, 0.1)).text
    assert text.startswith("on its way to the last of 11 layers the signal shrinks to ")
    assert ", and on its way back the gradient shrinks to " in text
    assert ". In 10 of them the gain sqrt(fan_in E[W^2]) is 0.0" in text
    assert text.endswith("; relu asks for 1.4")


def test_what_is_no_number_is_not_called_level() -> None:
    batch = X.clone()
    batch[0, 0] = math.inf
    texts = [f.text for f in audit(Deep(torch.tanh, 0.1), batch).findings]
    assert not any("keeps its size" in text for text in texts)
