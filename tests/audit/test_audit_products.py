"""Products with raw parameters are judged as layers are, however they are written."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.audit import Report, audit
from tests.audit.auditing import X, floats, guess, looked, mend

Used = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Raw(nn.Module):
    """One parameter, and how the signal is multiplied with it."""

    def __init__(self, shape: tuple[int, ...], use: Used) -> None:
        super().__init__()
        self.W, self.use = nn.Parameter(0.1 * floats(*shape, seed=1)), use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(x, self.W)


WAYS: dict[str, tuple[tuple[int, ...], int, int, Used]] = {
    "operator": ((32, 8), 32, 8, lambda x, W: x @ W),
    "operator, transposed": ((8, 32), 32, 8, lambda x, W: x @ W.T),
    "matmul": ((32, 8), 32, 8, torch.matmul),
    "mm": ((32, 8), 32, 8, torch.mm),
    "linear": ((8, 32), 32, 8, F.linear),
    "linear, transposed": ((32, 8), 32, 8, lambda x, W: F.linear(x, W.t())),
    "addmm": ((32, 8), 32, 8, lambda x, W: torch.addmm(torch.ones(8), x, W)),
    "from the left": ((8, 32), 32, 8, lambda x, W: (W @ x.T).T),
    "einsum": ((8, 32), 32, 8, lambda x, W: torch.einsum("n i, o i -> n o", x, W)),
    "einsum with dots": ((32, 8), 32, 8, lambda x, W: torch.einsum("...i,io->...o", x, W)),
    "half of it": ((2, 32, 8), 32, 8, lambda x, W: x @ W[1]),
    "experts": ((4, 32, 8), 32, 8, lambda x, W: torch.bmm(x.expand(4, -1, -1), W).mean(0)),
    "experts, einsum": (
        (4, 32, 8), 32, 32, lambda x, W: torch.einsum("ni,eio->eno", x, W).mean(0)
    ),
    "five axes": (
        (2, 16, 2, 2, 2), 32, 8,
        lambda x, W: torch.einsum("nhi,hijkd->njkd", x.view(-1, 2, 16), W).flatten(1),
    ),
    "convolution": (
        (8, 2, 4), 8, 32, lambda x, W: F.conv1d(x.view(-1, 2, 16), W).flatten(1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_a_product_with_a_raw_parameter_is_a_layer(name: str) -> None:
    shape, fan_in, fan_out, use = WAYS[name]
    model = Raw(shape, use)
    (row,) = audit(model, X).layers
    assert (row.name, row.kind) == ("", "Raw")
    assert (row.shape, row.fan_in, row.fan_out) == (shape, fan_in, fan_out)
    size = model.W.square().mean().sqrt().item()
    assert row.gain == pytest.approx(size * math.sqrt(fan_in), rel=1e-5)
    assert row.signal > 0
    assert row.gradient > 0
    assert row.laws["W"].family.startswith("normal")


def test_the_scale_that_a_weight_is_multiplied_with_counts() -> None:
    model = Raw((32, 8), lambda x, W: x @ (W * 3))
    (row,) = audit(model, X).layers
    size = model.W.square().mean().sqrt().item()
    assert row.gain == pytest.approx(3 * size * math.sqrt(32), rel=1e-5)


class Same(nn.Module):
    """The layer that ``Raw`` writes by hand."""

    def __init__(self, raw: Raw) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 8, bias=False)
        self.layer.weight.data = raw.W.detach().T.clone()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def test_the_numbers_are_those_of_the_layer() -> None:
    raw = Raw((32, 8), torch.matmul)
    own, layer = audit(raw, X).layers[0], audit(Same(raw), X).layers[0]
    for key in ("gain", "signal", "spread", "signal_gain", "predicted", "gradient"):
        assert getattr(own, key) == pytest.approx(getattr(layer, key), rel=1e-5), key


class Dense(nn.Module):
    """A layer of one's own."""

    def __init__(self, fan_in: int, fan_out: int, std: float) -> None:
        super().__init__()
        self.W = nn.Parameter(std * floats(fan_in, fan_out, seed=fan_in + fan_out))
        self.b = nn.Parameter(torch.zeros(fan_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.W + self.b


def own_layers(gain: float, depth: int = 8) -> nn.Module:
    hidden = [part for _ in range(depth) for part in (Dense(32, 32, gain / 32**0.5), nn.ReLU())]
    return nn.Sequential(*hidden, Dense(32, 5, 32**-0.5))


def grave(report: Report) -> list[str]:
    return [finding.principle for finding in report.grave]


def test_layers_of_one_s_own_are_judged_and_mended() -> None:
    model = own_layers(0.06)
    report = audit(model, X, guess)
    (finding,) = (f for f in report.findings if f.principle == "scale")
    assert finding.gravity == "grave"
    assert set(finding.layers) == {str(2 * i) for i in range(8)}
    assert {row.follows for row in report.layers[:-1]} == {"relu"}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        exec(finding.mend, {"torch": torch, "model": model})
    assert "scale" not in {f.principle for f in audit(model, X, guess).findings}


def test_sound_layers_of_one_s_own_pass() -> None:
    assert audit(own_layers(math.sqrt(2)), X, guess).grave == ()


class Together(nn.Module):
    """All weights of a network in one module."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.C = nn.Parameter(floats(20, 8))
        self.W1, self.b1 = nn.Parameter(std * floats(24, 32)), nn.Parameter(torch.zeros(32))
        self.W2 = nn.Parameter(0.1 * floats(32, 5))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.C[ids].flatten(1) @ self.W1 + self.b1) @ self.W2


def test_several_weights_of_one_module_are_told_apart() -> None:
    ids = torch.arange(48).reshape(16, 3) % 20
    report = audit(Together(1.0), ids, guess)
    named = {row.name: row for row in report.layers}
    assert named["W1"].follows == "tanh"
    assert named["W1"].saturated > 0.5
    (finding,) = (f for f in report.findings if f.principle == "saturated")
    assert "W1" in finding.mend
    assert "saturated" not in {f.principle for f in audit(Together(0.2), ids, guess).findings}


def test_equal_units_are_found_in_raw_parameters() -> None:
    model = own_layers(1.4, depth=2)
    for layer in model[::2]:
        nn.init.constant_(layer.W, 0.1)
    assert "symmetry" in grave(audit(model, X.abs(), guess))


class LowRank(nn.Linear):
    """A frozen layer with a trained addition of its own."""

    def __init__(self) -> None:
        super().__init__(32, 5)
        self.requires_grad_(False)
        self.A, self.B = nn.Parameter(floats(4, 32) / 6), nn.Parameter(floats(5, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + x @ self.A.T @ self.B.T


def test_what_a_subclass_of_a_known_layer_adds_is_seen() -> None:
    assert {row.name for row in audit(LowRank(), X, guess).layers} == {"", "A", "B"}


KNOWN = {
    "linear": lambda: nn.Linear(32, 5),
    "attention": lambda: nn.MultiheadAttention(32, 4, batch_first=True),
    "rnn cell": lambda: nn.GRUCell(32, 5),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(32, 5)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_layer_is_counted_once(name: str) -> None:
    batch = (X[None],) * 3 if name == "attention" else X
    assert [row.name for row in audit(KNOWN[name](), batch).layers].count("") == 1


# Signals that are multiplied


class Gated(nn.Module):
    """Two layers whose outputs are multiplied, and a third (SwiGLU)."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(64, 128, bias=False), nn.Linear(64, 128, bias=False)
        self.down = nn.Linear(128, 64, bias=False)
        for seed, layer in enumerate((self.gate, self.up, self.down)):
            own = 1.0 if layer is self.down else gain
            layer.weight.data = (
                own / layer.in_features**0.5 * floats(*layer.weight.shape, seed=seed)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Squared(nn.Module):
    """A layer with a squared ReLU."""

    def __init__(self, gain: float, square: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.layer, self.square = nn.Linear(64, 64, bias=False), square
        self.layer.weight.data = gain / 8 * floats(64, 64, seed=5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.square(torch.relu(self.layer(x)))


SQUARES = {
    "power": lambda h: h**2,
    "square": torch.square,
    "product": lambda h: h * h,
}
WIDE = floats(256, 64)


@pytest.mark.parametrize("name", SQUARES)
def test_a_squared_relu_asks_for_what_its_gaussian_integral_says(name: str) -> None:
    """E[relu(z)^4] = 3/2 of E[z^2]^2, so that gain^2 sqrt(3/2) = 1 keeps a signal of size 1."""
    model = nn.Sequential(Squared(2.0, SQUARES[name]), nn.Linear(64, 5))
    row = audit(model, WIDE).layers[0]
    assert row.follows == "relu"
    assert row.critical == pytest.approx(1.5**-0.25, rel=0.1)
    sound = nn.Sequential(Squared(row.critical, SQUARES[name]), nn.Linear(64, 5))
    rows = audit(sound, WIDE).layers
    assert rows[1].signal / rows[1].signal_gain == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_gated_layers_ask_for_what_keeps_the_signal(gain: float) -> None:
    model = Gated(gain)
    asked = {row.name: row.critical for row in audit(model, WIDE).layers}
    assert asked["gate"] == pytest.approx(asked["up"], rel=0.05)
    rows = audit(Gated(asked["gate"]), WIDE).layers
    assert rows[2].signal / rows[2].signal_gain == pytest.approx(1, rel=0.1)


def test_a_signal_that_dies_in_gated_layers_is_found() -> None:
    small = nn.Sequential(*(Gated(0.5) for _ in range(4)))
    (finding,) = (f for f in audit(small, WIDE).findings if f.principle == "scale")
    assert finding.gravity == "grave"
    assert "the signal shrinks" in finding.text


# Time


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.layer(x))


def test_in_a_residual_network_each_layer_leads_to_the_next_few_not_to_all() -> None:
    after = looked(nn.Sequential(*(Block() for _ in range(40))), X[:, :8]).after
    assert {0, 1} & after[0].layers == {1}
    assert max(len(then.layers) for then in after) < 12


class Several(nn.Module):
    """Seven matrices of one module, as a model of Keras holds them, each used once."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = nn.ParameterList(0.02 * floats(32, 32, seed=i) for i in range(7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for kernel in self.kernels[:-1]:
            x = torch.relu(x @ kernel)
        return x @ self.kernels[-1]


def test_matrices_of_one_module_are_no_layer_that_is_called_again() -> None:
    model = Several()
    (finding,) = (f for f in audit(model, X, guess_of_32).findings if f.principle == "scale")
    assert "is called" not in finding.text
    assert finding.layers == tuple(f"kernels.{i}" for i in range(6))
    mend(model, audit(model, X, guess_of_32))
    assert "scale" not in {f.principle for f in audit(model, X, guess_of_32).findings}


def guess_of_32(output: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(output, torch.arange(16))
