"""Every limit of the audit from both sides: a case a tenth below it, and a case a tenth above."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.stats import kstest, norm, truncnorm
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss, softplus

from helpers.audit import Report, audit, laws, limits, measures
from helpers.audit.laws import Law, recognise
from helpers.audit.norms import _flat
from helpers.audit.norms import norm as size_of
from helpers.device import generator
from tests.audit.auditing import floats, looked

WIDTH = 16


class Case(NamedTuple):
    """What is seen just below a limit, and just above it.

    The limit's value is typed here, as a case that takes it from the package would move with it.
    """

    value: float
    seen: Callable[[float], Any]
    below: Any
    above: Any


def gravity(report: Report, principle: str) -> str | None:
    """Return how grave the gravest finding on a principle is."""
    return next((f.gravity for f in report.findings if f.principle == principle), None)


def linear(gain: float, width: int = WIDTH, *, bias: bool = False) -> nn.Linear:
    """Return a layer that multiplies signal and gradient by exactly its gain."""
    layer = nn.Linear(width, width, bias=bias)
    nn.init.orthogonal_(layer.weight, gain, generator=generator(0))
    return layer


def unit_rms(*shape: int) -> torch.Tensor:
    numbers = floats(*shape)
    return numbers / numbers.square().mean().sqrt()


# Scale


def stretch(*gains: float) -> Report:
    """Audit layers of these gains before a last one of gain 1."""
    return audit(nn.Sequential(*map(linear, gains), linear(1.0)), unit_rms(8, WIDTH))


def signal(factor: float) -> str | None:
    return gravity(stretch(factor, 1.0, 1.0), "scale")


def gradient(factor: float) -> str | None:
    """Return what is said where the gradient alone changes."""
    return gravity(stretch(1 / factor, factor, 1.0), "scale")


def two_gains(gain: float) -> str | None:
    return gravity(stretch(gain, gain, 1.0), "scale")


def wrong_layers(count: float) -> str | None:
    gains = [0.7] * round(count) + [1.0] * 3
    return gravity(stretch(*gains[:3]), "scale")


def layers(count: float) -> str | None:
    return gravity(stretch(0.01, *[1.0] * (round(count) - 2)), "scale")


def calls_of_one_layer(count: float) -> bool:
    layer = linear(0.01)
    report = audit(nn.Sequential(*[layer] * round(count), linear(1.0)), unit_rms(8, WIDTH))
    return "each on what it gave before" in report.findings[0].text


def blamed(*gains: float) -> tuple[str, ...]:
    return next(f.layers for f in stretch(*gains).findings if f.principle == "scale")


# Units


def after(activation: nn.Module, biases: torch.Tensor, weight: float, rows: int = 64) -> Report:
    """Audit units with these biases, and weights of this size, before an activation."""
    model = nn.Sequential(nn.Linear(WIDTH, len(biases)), activation, nn.Linear(len(biases), 3))
    model[0].weight.data = weight * floats(len(biases), WIDTH)
    model[0].bias.data = biases
    return audit(model, floats(rows, WIDTH, seed=1))


def dead(part: float, rows: int = 64) -> str | None:
    biases = torch.where(torch.arange(100) < round(100 * part), -1000.0, 0.0)
    return gravity(after(nn.ReLU(), biases, 1.0, rows), "dead")


def dead_of_few(deviations: float) -> str | None:
    """Say what is found where so many standard deviations more than half of 64 units are dead."""
    biases = torch.where(torch.arange(64) < 32 + 4 * deviations, -1000.0, 0.0)
    return gravity(after(nn.ReLU(), biases, 1.0), "dead")


def saturated(part: float, activation: nn.Module | None = None, size: float = 9.0) -> str | None:
    biases = torch.where(torch.arange(100) < round(100 * part), size, 0.0)
    return gravity(after(activation or nn.Tanh(), biases, 1e-3), "saturated")


def drowned(bias: float) -> str | None:
    first = linear(1.0, bias=True)
    nn.init.constant_(first.bias, bias)
    model = nn.Sequential(first, nn.ReLU(), nn.Linear(WIDTH, 3))
    return gravity(audit(model, unit_rms(8, WIDTH)), "bias")


# Both ends


def alike(part: float) -> str | None:
    """Return what is said where this part of the signal differs between examples."""
    different = part / math.sqrt(1 - part**2)
    signs = torch.tensor([1.0, -1.0]).repeat(4)[:, None]
    batch = (1 + different * signs.double()).expand(8, WIDTH)
    return gravity(audit(nn.Linear(WIDTH, 3).double(), batch), "collapse")


def first_loss(times: float) -> str | None:
    """Return what is said of a first loss so many times ln 10."""
    score = brentq(lambda a: math.log(math.exp(-a) + 9) + a - times * math.log(10), -9, 99)
    model = nn.Linear(10, 10, bias=False)
    model.weight.data = -score * torch.eye(10)
    labels = torch.arange(10)
    return gravity(audit(model, torch.eye(10), lambda out: cross_entropy(out, labels)), "loss")


def loud(gain: float) -> bool:
    """Say whether the layer before the last is blamed for a loss, at so many times its gain."""
    model = nn.Sequential(linear(gain), linear(1e3))
    report = audit(model, unit_rms(8, WIDTH), lambda out: out.square().mean() + 1e-3)
    return "0" in next(f.layers for f in report.findings if f.principle == "loss")


def squared_error(distance: float, rows: int = 16, width: int = WIDTH) -> Report:
    """Audit outputs that are so many times as far from the targets as outputs of 0 are."""
    model = nn.Linear(width, width, bias=False)
    model.weight.data = (1 - distance) * torch.eye(width)
    signs = floats(rows, width).sign()
    return audit(model, signs, lambda out: mse_loss(out, signs))


def targets(size: float) -> str | None:
    model, signs = linear(1e-6), floats(16, WIDTH).sign()
    return gravity(audit(model, signs, lambda out: mse_loss(out, size * signs)), "targets")


# Symmetry


def twins(outgoing: tuple[float, float], mean: torch.Tensor) -> str | None:
    """Return what is said of two units with equal weights and these weights after them."""
    model = nn.Sequential(nn.Linear(WIDTH, 2, bias=False), nn.Linear(2, 1, bias=False)).double()
    model[0].weight.data = torch.ones(2, WIDTH, dtype=torch.float64)
    model[1].weight.data = torch.tensor([outgoing], dtype=torch.float64)
    batch = mean + torch.tensor([[0.1], [-0.1]], dtype=torch.float64)
    return gravity(audit(model, batch, torch.mean), "symmetry")


def nearly_same(part: float) -> str | None:
    """Return what is said where two gradients lie this part of their mean from it."""
    return twins((1 + part, 1 - part), torch.ones(WIDTH, dtype=torch.float64))


def next_to_nothing(part: float) -> str | None:
    """Return what is said where opposite gradients are this part of the network's largest."""
    mean = torch.ones(WIDTH, dtype=torch.float64)
    largest = math.sqrt(2) * mean.sum().item()
    small = part * largest / mean.norm().item()
    return twins((small, -small), mean)


# Laws


def quantiles(law: Any, n: int = 10_000) -> np.ndarray:
    """Return numbers that lie exactly as a law wants them, of variance 1, in a random order."""
    x = law.ppf((np.arange(n) + 0.5) / n)
    return np.random.default_rng(0).permutation(x / x.std())


UNIFORM, NORMAL, CUT = (
    type("Uniform", (), {"ppf": staticmethod(lambda p: 2 * p - 1)}),
    norm,
    truncnorm(-2, 2),
)


def agrees(law: Any) -> Callable[[float], bool]:
    """Say whether a scheme is named whose variance is wrong by a part."""

    def seen(part: float) -> bool:
        weight = torch.from_numpy(math.sqrt(1 + part) * quantiles(law)).reshape(100, 100)
        return "scheme" in recognise(weight, {"scheme": 1.0}).schemes

    return seen


def around_its_mean(mean: float) -> bool:
    return "around" in recognise(torch.from_numpy(quantiles(NORMAL) + mean)).family


def refused(chance: float) -> bool:
    """Say whether numbers are called other than normal that a normal law has by this chance."""
    z = quantiles(NORMAL)

    def bent(bend: float) -> np.ndarray:
        x = z * (1 + bend * z**2)
        return x / math.sqrt(np.mean(x**2))

    def excess(bend: float) -> float:
        return math.log(kstest(bent(bend), "norm", method="asymp").pvalue / chance)

    return recognise(torch.from_numpy(bent(brentq(excess, 0.005, 0.2)))).family == "other"


def two_laws(evidence: float) -> bool:
    """Say whether two laws are named of which one is the likelier by so much, in logarithms."""

    def excess(n: int) -> float:
        x = quantiles(CUT, n)
        sigma = max(x.std() / truncnorm(-2, 2).std(), np.abs(x).max() / 2)
        cut = truncnorm.logpdf(x, -2, 2, scale=sigma).sum()
        return cut - norm.logpdf(x, scale=x.std()).sum()

    n = next(n for n in range(20, 5000, 2) if excess(n) > evidence)
    return recognise(torch.from_numpy(quantiles(CUT, n))).family == "normal or truncated normal"


def asked_for_a_gain(power: float) -> bool:
    """Say whether a gate has a critical gain whose signal grows with this power of its weights."""
    x, norm_of, gate, last = unit_rms(64, WIDTH), nn.LayerNorm(WIDTH), linear(1.0), linear(1.0)
    a, z = norm_of(x).detach(), gate(x).detach()

    def excess(scale: float) -> float:
        h, slope = a * softplus(scale * z), a * torch.sigmoid(scale * z) * scale * z
        return ((h * slope).sum() / h.square().sum()).item() - power

    gate.weight.data *= brentq(excess, 0.01, 100)

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.gate, self.last = norm_of, gate, last

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.norm(x) * softplus(self.gate(x)))

    rows = {row.name: row for row in looked(Gated(), x).reports}
    return math.isfinite(rows["gate"].critical)


def not_all_are_looked_at(size: float) -> bool:
    """Say whether a number of another size goes unseen at one of the first places."""
    signs = floats(round(size)).sign()

    def unseen(place: int) -> bool:
        weight = signs.clone()
        weight[place] = 0.5
        return recognise(weight).family == "sign"

    return any(map(unseen, range(1, 16)))


def too_few(count: float) -> bool:
    return recognise(torch.from_numpy(quantiles(NORMAL, round(count)))).family == "too few"


def sparse(part: float) -> bool:
    weight = torch.from_numpy(quantiles(NORMAL))
    weight[: round(part * len(weight))] = 0
    return recognise(weight.reshape(100, 100)).family == "sparse"


CASES = {
    "SHRUNK grave, signal": Case(1e-3, signal, "grave", "warning"),
    "SHRUNK grave, gradient": Case(1e-3, gradient, "grave", "warning"),
    "SHRUNK warning, signal": Case(1 / 32, signal, "warning", None),
    "SHRUNK warning, gradient": Case(1 / 32, gradient, "warning", "note"),
    "GROWN grave": Case(10.0, signal, "warning", "grave"),
    "GROWN warning": Case(5.0, signal, None, "warning"),
    "GROWN warning, one layer": Case(5.0, loud, False, True),
    "GRADIENT_GROWN grave": Case(1000.0, gradient, "warning", "grave"),
    "GRADIENT_GROWN warning": Case(32.0, gradient, "note", "warning"),
    "TOLERATED 0": Case(0.8, two_gains, "note", None),
    "TOLERATED 1": Case(1.2, two_gains, None, "note"),
    "REPEATED, wrong gains": Case(1.5, wrong_layers, None, "note"),
    "REPEATED, layers": Case(2.5, layers, None, "warning"),
    "REPEATED, calls": Case(2.5, calls_of_one_layer, False, True),
    "SMALL_MATTER, small": Case(1.1, lambda x: "1" in blamed(1e-4, 1 / x, 1), False, True),
    "SMALL_MATTER, large": Case(1.1, lambda x: "1" in blamed(100, x, 1), False, True),
    "DEAD grave": Case(0.85, dead, "warning", "grave"),
    "DEAD warning": Case(0.6, dead, None, "warning"),
    "BY_CHANCE": Case(3.0, dead_of_few, None, "warning"),
    "DECIDING": Case(0.5, asked_for_a_gain, False, True),
    "ENOUGH": Case(7.5, lambda rows: dead(0.95, round(rows)), None, "grave"),
    "SATURATED grave": Case(0.65, saturated, "warning", "grave"),
    "SATURATED warning": Case(0.5, saturated, None, "warning"),
    "ALIKE grave": Case(1e-3, alike, "grave", "warning"),
    "ALIKE warning": Case(1e-2, alike, "warning", None),
    "DROWNED": Case(3.0, drowned, None, "warning"),
    "FIRST_LOSS": Case(2.0, first_loss, None, "warning"),
    "LARGE, inputs": Case(
        5.0,
        lambda x: gravity(audit(linear(1.0), x * unit_rms(8, WIDTH)), "inputs"),
        None,
        "warning",
    ),
    "FAINT": Case(
        0.02,
        lambda x: gravity(audit(linear(1.0), x * unit_rms(8, WIDTH)), "inputs"),
        "note",
        None,
    ),
    "LARGE, targets": Case(5.0, targets, None, "warning"),
    "LARGE, loss": Case(5.0, lambda x: gravity(squared_error(x), "loss"), None, "warning"),
    "SAME": Case(1e-3, nearly_same, "grave", "note"),
    "NOTHING": Case(1e-6, next_to_nothing, "grave", "note"),
    "laws.SAMPLE": Case(10_000, not_all_are_looked_at, False, True),
    "laws.FALSE_ALARM": Case(1e-4, refused, True, False),
    "laws.DECISIVE": Case(math.log(1000), two_laws, True, False),
    "four standard errors, uniform": Case(
        4 * math.sqrt(0.8e-4) + 2e-3, agrees(UNIFORM), True, False
    ),
    "four standard errors, normal": Case(4 * math.sqrt(2e-4) + 2e-3, agrees(NORMAL), True, False),
    "four standard errors, cut": Case(4 * math.sqrt(1.4e-4) + 2e-3, agrees(CUT), True, False),
    "four standard errors, mean": Case(0.04, around_its_mean, False, True),
    "a law needs 20 numbers": Case(20, too_few, True, False),
    "a twentieth of zeros": Case(0.05, sparse, False, True),
    "measures.SATURATION tanh": Case(
        math.atanh(0.9), lambda x: saturated(1, size=x), None, "grave"
    ),
    "measures.SATURATION sigmoid": Case(
        math.log(19), lambda x: saturated(1, nn.Sigmoid(), x), None, "grave"
    ),
    "outputs that a constant does not meet by chance": Case(
        7.5, lambda rows: gravity(squared_error(99.0, round(rows), 2), "loss"), None, "warning"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_limit_lies_where_it_says(name: str) -> None:
    case = CASES[name]
    assert case.seen(0.9 * case.value) == case.below
    assert case.seen(1.1 * case.value) == case.above


def limits_of(module: ModuleType, prefix: str = "") -> set[str]:
    """Name every limit in a module; of several under one name each."""
    found = set()
    for name, value in vars(module).items():
        if name.isupper() and not name.startswith("_"):
            parts = dict(enumerate(value)) if isinstance(value, tuple) else value
            keys = parts if isinstance(parts, dict) else ()
            found |= {f"{prefix}{name} {key}" for key in keys} or {f"{prefix}{name}"}
    return found


def test_every_limit_has_a_case() -> None:
    names = limits_of(limits) | limits_of(laws, "laws.") | {"measures.SATURATION tanh"}
    assert len(names) > 20
    assert names - {name.partition(",")[0] for name in CASES} == set()
    assert set(measures.SATURATION) == {"sigmoid", "tanh"}


# Where signal and gradient disagree, and other numbers


@pytest.mark.parametrize(
    ("gains", "layer"),
    [((1.5e4, 1e-4, 1.0), "1"), ((0.7e-4, 1e4, 1.0), "1"), ((1e-8, 1e4, 1.0), "0")],
)
def test_what_is_wrong_is_blamed_where_signal_and_gradient_disagree(
    gains: tuple[float, ...], layer: str
) -> None:
    assert blamed(*gains) == (layer,)


def test_the_prediction_adds_the_mean_square_of_the_biases() -> None:
    layer = linear(1.0, bias=True)
    layer.bias.data = 0.5 * floats(WIDTH).sign()
    (report, *_) = audit(nn.Sequential(layer, nn.ReLU(), linear(1.0)), unit_rms(8, WIDTH)).layers
    assert report.predicted == pytest.approx(math.sqrt(1 + 0.25))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e-3, 1.0, 100.0])
def test_a_norm_has_the_digits_of_float64(dtype: torch.dtype, size: float) -> None:
    tensor = torch.full((10_000,), size, dtype=dtype)
    expected = 100 * tensor[0].double().item()
    assert size_of(tensor).item() == pytest.approx(expected, rel=1e-5)


def test_a_transposed_tensor_is_measured_without_a_copy() -> None:
    tensor = floats(3, 4, 5).permute(2, 0, 1)
    assert _flat(tensor).data_ptr() == tensor.data_ptr()
    assert _flat(tensor)[:-1].numel() == 59
    for other in (tensor, tensor[:, 1:], tensor[:1].expand(5, 3, 4), floats(4)[::2]):
        expected = other.double().square().sum().sqrt().item()
        assert size_of(other).item() == pytest.approx(expected, rel=1e-6)


def test_a_law_of_the_wrong_size_has_no_scheme() -> None:
    assert recognise(torch.from_numpy(quantiles(NORMAL)), {"scheme": 2.0}) == Law("normal", (), 1.0)
