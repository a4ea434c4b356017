"""Faults that people reported of real networks, built anew: named by cause, and mended."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    linear,
    mse_loss,
    one_hot,
    relu,
    softplus,
)

from helpers.audit import Finding, Report, audit
from tests.audit.auditing import X, Y, floats, guess, mend, network, seeded


def kinds(report: Report) -> set[tuple[str, str]]:
    return {(f.gravity, f.principle) for f in report.findings if f.principle != "unknown"}


def only(report: Report, principle: str) -> Finding:
    (finding,) = (f for f in report.findings if f.principle == principle)
    return finding


# Zeros and missing gradients


class Adapted(nn.Linear):
    """A frozen layer with a low-rank addition in parameters of its own (LoRA)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out)
        self.requires_grad_(False)
        self.down, self.up = (nn.Parameter(torch.zeros(s)) for s in ((4, n_in), (n_out, 4)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + linear(linear(x, self.down), self.up)


class Wrapped(nn.Module):
    """The same around a layer, as two layers of torch."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.base = nn.Linear(n_in, n_out).requires_grad_(False)
        self.down, self.up = nn.Linear(n_in, 4, bias=False), nn.Linear(4, n_out, bias=False)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.up(self.down(x))


@pytest.mark.parametrize("kind", [Adapted, Wrapped])
def test_an_addition_of_two_zeros_is_grave_and_one_of_them_is_drawn(kind: type[nn.Module]) -> None:
    model = seeded(lambda: nn.Sequential(kind(32, 32), nn.ReLU(), kind(32, 5)))
    before = model(X)
    report = audit(model, X, guess)
    assert ("grave", "zeros") in kinds(report)
    assert len(only(report, "zeros").layers) == 4
    mend(model, report)
    assert torch.equal(model(X), before), "the addition still starts at 0"
    assert not audit(model, X, guess).grave
    assert only(audit(model, X, guess), "zeros").gravity == "note"


class Opened(nn.Module):
    """A residual branch behind a factor that starts at 0 (ReZero, SkipInit)."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32))
        self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.alpha * self.branch(x)


def test_a_factor_of_0_that_the_first_step_opens_is_a_note() -> None:
    model = seeded(lambda: nn.Sequential(*(Opened() for _ in range(4)), nn.Linear(32, 5)))
    report = audit(model, X, guess)
    assert kinds(report) == {("note", "zeros")}
    assert only(report, "zeros").text.endswith("the first step of training opens this")
    for part in model[:4]:
        part.alpha.requires_grad_(False)
    assert ("warning", "zeros") in kinds(audit(model, X, guess))


class Block(nn.Module):
    """Attention and a dense part, each times a scale of 1e-5 for each unit (LayerScale)."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(32), nn.LayerNorm(32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))
        self.scale1, self.scale2 = (nn.Parameter(torch.full((32,), 1e-5)) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.norm1(x)
        x = x + self.scale1 * self.attention(z, z, z, need_weights=False)[0]
        return x + self.scale2 * self.dense(self.norm2(x))


class ClassToken(nn.Module):
    """A transformer that classifies by a token of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, 32))
        self.blocks = nn.Sequential(*(Block() for _ in range(3)))
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        return self.head(self.norm(self.blocks(x))[:, 0])


def test_a_class_token_that_its_small_scales_open_is_a_note() -> None:
    model, batch = seeded(ClassToken), floats(16, 6, 32)
    assert kinds(audit(model, batch, guess)) == {("note", "collapse")}
    for block in model.blocks:
        block.scale1.requires_grad_(False)
    assert ("grave", "collapse") in kinds(audit(model, batch, guess))


class Density(nn.Module):
    """A ReLU over one output of four, which is negative everywhere, multiplies the others."""

    def __init__(self, end: Callable[[torch.Tensor], torch.Tensor] = relu) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.out, self.end = nn.Linear(32, 4), end
        self.out.weight.data[3] = -self.out.weight.data[3].abs()
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.out(self.body(x))
        return self.end(out[:, 3:]) * torch.sigmoid(out[:, :3])


def test_a_density_that_no_gradient_passes_is_grave_and_mended_in_its_bias() -> None:
    model, target = seeded(Density), floats(16, 3, seed=1).abs()

    def loss(output: torch.Tensor) -> torch.Tensor:
        return mse_loss(output, target)

    finding = only(audit(model, X, loss), "zeros")
    assert finding.gravity == "grave"
    assert "no trained parameter" in finding.text
    assert "'out'" in finding.text
    assert finding.mend.startswith("model.get_parameter('out.bias').data[[3]] += ")
    mend(model, audit(model, X, loss))
    assert "zeros" not in {f.principle for f in audit(model, X, loss).findings}
    assert {kind for kind, _ in kinds(audit(seeded(lambda: Density(softplus)), X, loss))} <= {
        "note"
    }


# Causes upstream


def deep(depth: int, std: float | None = None, units: int = 64) -> nn.Module:
    parts = [p for _ in range(depth) for p in (nn.Linear(units, units), nn.ReLU())]
    model = nn.Sequential(*parts, nn.Linear(units, 5))
    for layer in model[::2] if std is not None else ():
        nn.init.normal_(layer.weight, std=std)
    return model


@pytest.mark.parametrize("depth", [12, 150])
def test_a_gradient_that_underflows_hides_no_gain(depth: int) -> None:
    model, batch = seeded(lambda: deep(depth)), floats(16, 64)
    report = audit(model, batch, guess)
    finding = only(report, "scale")
    assert finding.gravity == "grave"
    assert len(finding.layers) == depth
    assert "relu asks for 1.4" in finding.text
    assert "zeros" not in {f.principle for f in report.findings}
    mend(model, report)
    assert "scale" not in {f.principle for f in audit(model, batch, guess).findings}


@pytest.mark.parametrize("depth", [4, 40])
def test_an_overflow_hides_no_gain(depth: int) -> None:
    model, batch = seeded(lambda: deep(depth, std=8.0)), floats(16, 64)
    report = audit(model, batch, guess)
    assert (("grave", "finite") in kinds(report)) == (depth == 40)
    assert "gain sqrt(fan_in E[W^2]) is 6" in only(report, "scale").text
    if depth == 40:
        assert only(report, "finite").mend == only(report, "scale").mend != ""
    mend(model, report)
    assert not audit(model, batch, guess).grave


class Loop(nn.Module):
    """A recurrent network that is written as a loop over one layer."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.given, self.state, self.head = nn.Linear(8, 64), nn.Linear(64, 64), nn.Linear(64, 5)
        nn.init.normal_(self.state.weight, std=gain / 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), 64)
        for step in x.unbind(1):
            h = relu(self.given(step) + self.state(h))
        return self.head(h)


def test_a_loop_over_one_layer_is_not_called_branches() -> None:
    model, batch = seeded(lambda: Loop(3.0)), floats(16, 20, 8)
    report = audit(model, batch, guess)
    finding = only(report, "scale")
    assert (finding.gravity, finding.layers) == ("grave", ("state",))
    assert "is called 20 times" in finding.text
    assert "ranches" not in finding.text
    assert only(report, "loss").mend == finding.mend
    mend(model, report)
    assert kinds(audit(model, batch, guess)) == set()


class Recurrent(nn.Module):
    """The same with the recurrent layer of torch."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.layer, self.head = (
            nn.RNN(8, 64, nonlinearity="relu", batch_first=True),
            nn.Linear(64, 5),
        )
        nn.init.normal_(self.layer.weight_hh_l0, std=gain / 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(x)[0][:, -1])


class Stepped(nn.Module):
    """The same with the cell of torch, called once a step."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.layer, self.head = nn.RNNCell(8, 64, nonlinearity="relu"), nn.Linear(64, 5)
        nn.init.normal_(self.layer.weight_hh, std=gain / 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), 64)
        for step in x.unbind(1):
            h = self.layer(step, h)
        return self.head(h)


@pytest.mark.parametrize("kind", [Recurrent, Stepped])
def test_a_recurrent_layer_whose_gradient_grows_is_named_and_mended(
    kind: type[nn.Module],
) -> None:
    batch = floats(16, 20, 8)
    assert not audit(seeded(lambda: kind(1.0)), batch, guess).grave
    model = seeded(lambda: kind(3.0))
    report = audit(model, batch, guess)
    finding = only(report, "scale")
    assert (finding.gravity, finding.layers) == ("grave", ("layer",))
    assert ": 20 steps by" in finding.text
    assert "'layer.weight_hh" in finding.mend
    mend(model, report)
    assert not audit(model, batch, guess).grave


class Generated(nn.Module):
    """A layer whose weights another layer gives (a hypernetwork)."""

    def __init__(self) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.randn(5, 16))
        self.first, self.last = nn.Linear(32, 32), nn.Linear(32, 5)
        self.maker = nn.Linear(16, 32 * 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = relu(self.first(x))
        for code in self.codes:
            h = relu(h @ (3 * self.maker(code)).view(32, 32))
        return self.last(h)


def test_weights_that_a_layer_makes_are_named_not_the_head() -> None:
    model = seeded(Generated)
    finding = only(audit(model, X, guess), "loss")
    assert finding.layers == ("maker",)
    assert "The signal has grown to" in finding.text
    assert finding.mend.startswith("for name in ['maker.weight', 'maker.bias']:")
    mend(model, audit(model, X, guess))
    assert kinds(audit(model, X, guess)) == set()


# Losses, inputs and targets


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_summed_loss_is_compared_with_a_summed_guess(reduction: str) -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 5)))

    def loss(output: torch.Tensor) -> torch.Tensor:
        return cross_entropy(output, Y, reduction=reduction)

    assert kinds(audit(model, X, loss)) == set()
    model[2].weight.data *= 60
    report = audit(model, X, loss)
    assert kinds(report) == {("warning", "loss")}
    mend(model, report)
    assert kinds(audit(model, X, loss)) <= {("note", "zeros")}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("size", "shift"), [(1.0, 0.0), (1.0, 2.0), (50.0, 0.0), (8e4, 2e5)])
def test_targets_that_are_far_from_any_output_are_named(
    size: float, shift: float, reduction: str
) -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 1)))
    target = shift + size * floats(16, 1, seed=1)

    def loss(output: torch.Tensor) -> torch.Tensor:
        return mse_loss(output, target, reduction=reduction)

    report = audit(model, X, loss)
    assert ("warning", "targets") in kinds(report) if size > 1 else kinds(report) == set()
    if size > 1:
        finding = only(report, "targets")
        away = float(finding.text.split(" away")[0].rsplit(" ", 1)[1])
        assert away == pytest.approx(math.hypot(size, shift), rel=0.25)
        assert "Standardize the targets" in finding.text
        assert finding.mend == ""


def test_pixels_that_are_divided_twice_are_a_note() -> None:
    model = network("relu", "he_normal", depth=2)
    pixels = X.abs().clamp(max=1) / 255
    assert kinds(audit(model, X.abs().clamp(max=1), guess)) == set()
    assert kinds(audit(model, pixels, guess)) == {("note", "inputs")}
    normed = nn.Sequential(nn.LayerNorm(32), model)
    assert kinds(audit(normed, pixels, guess)) == set()


@pytest.mark.parametrize(("size", "named"), [(1.0, False), (80.0, True)])
def test_inputs_that_are_not_standardized_are_named(size: float, named: bool) -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(32, 64), nn.Tanh(), nn.Linear(64, 5)))
    report = audit(model, size * X, guess)
    assert (("warning", "inputs") in kinds(report)) == named
    normed = nn.Sequential(nn.LayerNorm(32), model)
    assert ("warning", "inputs") not in kinds(audit(normed, size * X, guess))


def test_weights_of_standard_deviation_1_in_two_layers_show_in_the_loss() -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 5)))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for parameter in model.parameters():
            nn.init.normal_(parameter)
    batch, target = floats(64, 64).abs() / 2, floats(64, 5, seed=1)

    def loss(output: torch.Tensor) -> torch.Tensor:
        return mse_loss(output, target)

    report = audit(model, batch, loss)
    assert kinds(report) == {("warning", "loss")}
    mend(model, report)
    assert {gravity for gravity, _ in kinds(audit(model, batch, loss))} <= {"note"}


def all_normal(*parts: nn.Module) -> nn.Module:
    """Return layers whose weights and biases all have standard deviation 1."""
    model = nn.Sequential(*parts)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


def test_of_two_loud_layers_both_are_mended_and_a_bias_that_is_no_guess() -> None:
    model = seeded(lambda: all_normal(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 5)))
    batch, target = floats(64, 64), floats(64, 5, seed=1) / 4

    def loss(output: torch.Tensor) -> torch.Tensor:
        return mse_loss(output, target)

    finding = only(audit(model, batch, loss), "loss")
    assert finding.layers == ("0", "2")
    assert ", where 1.4 is asked for" in finding.text
    mend(model, audit(model, batch, loss))
    assert audit(model, batch, loss).layers[0].gain == pytest.approx(2**0.5, rel=0.1)
    assert loss(model(batch)) < 1.1 * loss(torch.zeros(64, 5))


def test_a_bias_that_is_a_guess_of_the_labels_stays() -> None:
    labels = (torch.arange(64) % 50 == 0).float()[:, None]
    model = seeded(lambda: nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 1)))
    model[2].weight.data *= 400
    nn.init.constant_(model[2].bias, -3.9)
    report = audit(model, floats(64, 64), lambda out: binary_cross_entropy_with_logits(out, labels))
    mend(model, report)
    assert "loss" in {f.principle for f in report.findings}
    assert not model[2].weight.any()
    assert model[2].bias.item() == pytest.approx(-3.9)


def test_outputs_behind_a_relu_are_made_small_and_not_0() -> None:
    """The sigmoids of a published network replaced by ReLUs, its start kept."""
    parts = nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 10), nn.ReLU()
    model = seeded(lambda: all_normal(*parts))
    batch, target = floats(64, 64).abs() / 2, one_hot(torch.arange(64) % 10, 10).float()

    def loss(output: torch.Tensor) -> torch.Tensor:
        return mse_loss(output, target)

    mend(model, audit(model, batch, loss))
    loss(model(batch)).backward()
    assert audit(model, batch, loss).findings == ()
    assert (model[2].weight.grad.abs().sum(1) > 0).sum() >= 8
