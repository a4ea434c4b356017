r"""Does a network train once the audit's mend has been applied? Losses, in one table.

    python -m benchmarks.mended_outcomes            # three minutes on one core
    python -m benchmarks.mended_outcomes --smoke    # two networks, in seconds

README.md says what is compared.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import joblib
import torch
import xarray as xr
from torch import nn
from torch.nn.functional import avg_pool2d, cross_entropy, linear, mse_loss, one_hot, relu, softplus

from helpers.audit import Finding, audit
from helpers.data import image_tensors, load_mnist, load_names
from helpers.device import generator
from helpers.experiments import best, difference, sweep

Pair = tuple[torch.Tensor, torch.Tensor]
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
LAST = 20
"""The losses of so many last steps are averaged."""
MARGIN = 0.05
"""Two losses are equally good within this part of a guess's loss."""

# Data


@cache
def digits() -> Pair:
    """Return 6,000 images of 14 by 14 pixels, flat, and their labels."""
    mnist = load_mnist()
    x, y = image_tensors(mnist.train_images[:6000], mnist.train_labels[:6000])
    return avg_pool2d(x, 2).flatten(1), y


@cache
def indicators() -> Pair:
    """Return the images, and a 1 in the place of the digit as targets of a squared error."""
    x, y = digits()
    return x, one_hot(y, 10).float()


@cache
def letters() -> Pair:
    """Return eight characters of a list of names, and the next one."""
    text = "." + ".".join(load_names().names)
    codes = torch.tensor([0 if letter == "." else ord(letter) - 96 for letter in text])
    windows = codes.unfold(0, 9, 7)[:6000]
    return windows[:, :8], windows[:, 8]


@cache
def prices() -> Pair:
    """Return 13 features, and targets around 200,000."""
    x = torch.randn(2000, 13, generator=generator(0))
    return x, 2e5 + 8e4 * torch.tanh(x[:, :1] + x[:, 1:2] * x[:, 2:3])


@cache
def colours() -> Pair:
    """Return features, and three numbers between 0 and 1 that depend on them."""
    x = torch.randn(2000, 32, generator=generator(0))
    return x, torch.sigmoid(x[:, :3] * x[:, 3:6])


@cache
def memories() -> Pair:
    """Return sequences of 20 pairs of numbers, and the first number of each."""
    x = 0.1 * torch.randn(2000, 20, 2, generator=generator(0))
    x[:, 0, 0] *= 30
    return x, x[:, 0, :1] / 3


# Networks


GAINS = {"relu": (2**0.5, nn.ReLU), "tanh": (1.0, nn.Tanh), "sigmoid": (4.0, nn.Sigmoid)}


def dense(hidden: int = 3, activation: str = "relu") -> nn.Sequential:
    """Return layers of 64 units at the start that their activation asks for."""
    gain, phi = GAINS[activation]
    widths = [196, *[64] * hidden]
    parts = [part for n in pairwise(widths) for part in (nn.Linear(*n), phi())]
    model = nn.Sequential(*parts, nn.Linear(64, 10))
    for layer in model[::2]:
        own = 1.0 if layer is model[-1] else gain
        nn.init.normal_(layer.weight, std=own / layer.in_features**0.5)
        nn.init.zeros_(layer.bias)
    return model


def planted(
    change: Callable[[nn.Sequential], object], hidden: int = 3, activation: str = "relu"
) -> Callable[[bool], nn.Module]:
    """Return a function that builds dense layers; the fault is a change of them."""

    def network(right: bool) -> nn.Module:
        model = dense(hidden, activation)
        if not right:
            change(model)
        return model

    return network


@torch.no_grad()
def each_weight(change: Callable[[torch.Tensor], object], model: nn.Sequential) -> None:
    """Change the weights of every layer."""
    for layer in model[::2]:
        change(layer.weight)


class Adapted(nn.Linear):
    """A frozen layer with a low-rank addition; the fault is that both its factors are 0."""

    def __init__(self, n_in: int, n_out: int, right: bool) -> None:
        super().__init__(n_in, n_out)
        self.requires_grad_(False)
        self.down, self.up = (nn.Parameter(torch.zeros(s)) for s in ((4, n_in), (n_out, 4)))
        if right:
            nn.init.kaiming_normal_(self.down, nonlinearity="linear")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output and the addition."""
        return super().forward(x) + linear(linear(x, self.down), self.up)


def adapted(right: bool) -> nn.Module:
    """Return two layers with low-rank additions."""
    return nn.Sequential(Adapted(196, 64, right), nn.ReLU(), Adapted(64, 10, right))


class Density(nn.Module):
    """Colours times a density; the fault is a ReLU over an output that is negative everywhere."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.out, self.end = nn.Linear(64, 4), softplus if right else relu
        self.out.weight.data[3] = -self.out.weight.data[3].abs()
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the colours."""
        out = self.out(self.body(x))
        return self.end(out[:, 3:]) * torch.sigmoid(out[:, :3])


def standard_normal(right: bool) -> nn.Module:
    """Return two layers; weights and biases of standard deviation 1, not 0.1, are the fault."""
    model = nn.Sequential(nn.Linear(196, 30), nn.ReLU(), nn.Linear(30, 10), nn.ReLU())
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1 if right else 1.0)
    return model


class Generated(nn.Module):
    """Five layers whose weights another layer gives; its usual start is the fault."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.randn(5, 16))
        self.first, self.last = nn.Linear(196, 64), nn.Linear(64, 10)
        self.maker = nn.Linear(16, 64 * 64)
        nn.init.zeros_(self.maker.bias)
        if right:
            nn.init.normal_(self.maker.weight, std=(2 / 64 / 16) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of ten digits."""
        h = relu(self.first(x))
        for code in self.codes:
            h = relu(h @ self.maker(code).view(64, 64))
        return self.last(h)


class Prices(nn.Module):
    """Three layers; the fault is that their outputs are not brought to the targets' scale."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
        )
        self.mean, self.std = (2e5, 6e4) if right else (0.0, 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the prices."""
        return self.layers(x) * self.std + self.mean


class StateSpace(nn.Module):
    """A state moved by steps; the fault is a bias of 0, with which the steps are large."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.given, self.step, self.out = nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 1)
        nn.init.normal_(self.step.weight, std=0.02)
        nn.init.constant_(self.step.bias, -4.0 if right else 0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the last state remembers."""
        h = x.new_zeros(len(x), 16)
        for given in self.given(x).unbind(1):
            step = softplus(self.step(given))
            h = torch.exp(-step) * h + step * given
        return self.out(h)


class Letters(nn.Module):
    """Three characters in, scores of the next out; the fault is weights of standard deviation 1."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        sizes = {"C": (27, 10), "W1": (30, 100), "b1": (100,), "W2": (100, 27), "b2": (27,)}
        scale = {"W1": 5 / 3 / 30**0.5, "b1": 0.01, "W2": 0.01, "b2": 0.0} if right else {}
        for name, size in sizes.items():
            numbers = scale.get(name, 1.0) * torch.randn(size)
            self.register_parameter(name, nn.Parameter(numbers))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the scores of the next character."""
        hidden = torch.tanh(self.C[ids[:, -3:]].flatten(1) @ self.W1 + self.b1)
        return hidden @ self.W2 + self.b2


class Rows(nn.Module):
    """A loop over the rows of an image; the fault is a gain of 3 from row to row."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.given, self.state, self.head = nn.Linear(14, 64), nn.Linear(64, 64), nn.Linear(64, 10)
        if right:
            nn.init.eye_(self.state.weight)
        else:
            nn.init.normal_(self.state.weight, std=3 / 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of ten digits."""
        h = x.new_zeros(len(x), 64)
        for row in x.unflatten(1, (14, 14)).unbind(1):
            h = relu(self.given(row) + self.state(h))
        return self.head(h)


class Raw(nn.Module):
    """A dense layer of raw parameters; the fault is the factor 0.01."""

    def __init__(self, n_in: int, n_out: int, right: bool) -> None:
        super().__init__()
        scale = (2 / n_in) ** 0.5 if right else 0.01
        self.W = nn.Parameter(scale * torch.randn(n_in, n_out))
        self.b = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output."""
        return x @ self.W + self.b


def raw(right: bool) -> nn.Module:
    """Return nine layers of raw parameters."""
    widths = [196, *[64] * 8]
    parts = [part for n in pairwise(widths) for part in (Raw(*n, right), nn.ReLU())]
    return nn.Sequential(*parts, Raw(64, 10, right))


class Language(nn.Module):
    """A language model whose head is its embedding, which starts at standard deviation 1."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.embedding, self.position = nn.Embedding(27, 64), nn.Embedding(8, 64)
        for table in (self.embedding, self.position) if right else ():
            nn.init.normal_(table.weight, std=0.02)
        self.first, self.second, self.norm = (
            nn.Linear(8 * 64, 64),
            nn.Linear(64, 64),
            nn.LayerNorm(64),
        )
        self.head = nn.Linear(64, 27, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the scores of the next character."""
        x = self.embedding(ids) + self.position.weight
        return self.head(self.norm(x[:, -1] + self.second(relu(self.first(x.flatten(1))))))


# Faults


class Case(NamedTuple):
    """A network at its faulty or its right start, and the words of those who name the cause."""

    network: Callable[[bool], nn.Module]
    named: str
    data: Callable[[], Pair] = digits
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = cross_entropy
    rates: Sequence[float] = RATES


CASES = {
    "a tied embedding of std 1": Case(Language, "loss: ", letters),
    "LoRA, both factors 0": Case(adapted, "zeros: "),
    "a density whose ReLU is shut": Case(Density, "zeros: .*'out'", colours, mse_loss),
    "std 1, ReLU for the sigmoid": Case(standard_normal, "gain", indicators, mse_loss),
    "a hypernetwork": Case(Generated, "loss: .*these layers give"),
    "targets of 200,000": Case(
        Prices, "targets: ", prices, mse_loss, (0.001, 0.01, 0.03, 0.1, 1.0, 10.0, 100.0)
    ),
    "a state that forgets at once": Case(StateSpace, "forget|step of", memories, mse_loss),
    "raw weights of std 1, tanh": Case(Letters, "saturated: ", letters),
    "a loop of gain 3": Case(Rows, "scale: .*is called"),
    "raw weights of std 0.01, nine layers": Case(raw, "scale: .*asks for"),
    "torch's own start, 13 layers": Case(
        planted(lambda model: [layer.reset_parameters() for layer in model[::2]], 12),
        "scale: .*asks for",
    ),
    "std 16, 21 layers": Case(
        planted(partial(each_weight, lambda weight: weight.normal_(std=16)), 20),
        "scale: .*asks for",
    ),
    "std 0.02, nine layers": Case(
        planted(partial(each_weight, lambda weight: weight.normal_(std=0.02)), 8),
        "scale: .*asks for",
    ),
    "all weights 0": Case(planted(partial(each_weight, torch.Tensor.zero_)), "zeros: "),
    "all weights alike": Case(
        planted(partial(each_weight, lambda weight: weight.fill_(0.1))), "symmetry: "
    ),
    "tanh at 4 times Xavier's scale": Case(
        planted(partial(each_weight, lambda weight: weight.mul_(4)), 5, "tanh"), "saturated: "
    ),
    "ten sigmoid layers at a quarter of their gain": Case(
        planted(partial(each_weight, lambda weight: weight.div_(4)), 10, "sigmoid"),
        "scale: .*asks for|collapse: ",
    ),
    "biases of -20": Case(planted(lambda model: model[2].bias.data.fill_(-20.0)), "dead: "),
    "biases of 20": Case(planted(lambda model: model[2].bias.data.fill_(20.0)), "bias: "),
    "a last layer 30 times too large": Case(
        planted(lambda model: model[-1].weight.data.mul_(30)), "loss: "
    ),
}

# Outcomes


def started(case: Case, start: str, seed: int) -> tuple[nn.Module, tuple[Finding, ...]]:
    """Return a network at its start, and what the audit found before it was mended, notes aside."""
    x, y = (tensor[:128] for tensor in case.data())
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = case.network(start == "right")
        report = audit(model, x, lambda output: case.loss(output, y))
        found = tuple(f for f in report.findings if f.gravity != "note")
        for finding in found if start == "mended" else ():
            exec(finding.mend, {"torch": torch, "model": model})
    return model, found


def guess(case: Case) -> float:
    """Return the loss of the best output that is the same for all examples."""
    y = case.data()[1]
    if y.is_floating_point():
        return (y - y.mean(0)).square().mean().item()
    return torch.special.entr(torch.bincount(y) / len(y)).sum().item()


def losses(case: Case, models: dict[tuple[str, int], nn.Module], steps: int) -> xr.DataArray:
    """Return the loss of each network over the last steps, in parts of a guess's.

    A network that diverged, or ends above a guess, counts as a guess.
    """
    starts, seeds = (sorted(set(each)) for each in zip(*models, strict=True))
    runs = sweep(
        lambda start, seed: deepcopy(models[start, seed]),
        start=starts,
        seed=seeds,
        lr=list(case.rates),
        optimizer="adam",
        data=case.data(),
        loss=case.loss,
        batch_size=64,
        steps=steps,
    )
    last = runs.loss.isel(step=slice(-LAST, None)).mean("step", skipna=False)
    return (last / guess(case)).fillna(1.0).clip(max=1.0)


def judged(low: float, high: float) -> str:
    """Say whether a mended network is as good as the right one, by an interval of losses."""
    return "yes" if high < MARGIN else "no" if low > MARGIN else "open"


def row(name: str, seeds: int, steps: int) -> str:
    """Return the row of a fault in the table."""
    case = CASES[name]
    starts = {
        (start, seed): started(case, start, seed)
        for start in ("faulty", "mended", "right")
        for seed in range(seeds)
    }
    said = [starts["faulty", seed][1] for seed in range(seeds)]
    named = [any(re.search(case.named, f"{f.principle}: {f.text}") for f in each) for each in said]
    models = {key: model for key, (model, _) in starts.items()}
    at_best = best(losses(case, models, steps), mode="min", tolerance=MARGIN)
    gap = difference(at_best.sel(start="mended"), at_best.sel(start="right"))
    means = [
        f"{at_best.sel(start=start).mean().item():.2f}" for start in ("faulty", "mended", "right")
    ]
    low, high = gap.low.item(), gap.high.item()
    interval = f"{gap.difference.item():+.2f} ({low:+.2f} to {high:+.2f})"
    mended = any(f.mend for each in said for f in each)
    cells = [name, sum(map(bool, said)), sum(named), *means]
    cells += [interval, judged(low, high)] if mended else ["no lines", ""]
    return f"| {' | '.join(map(str, cells))} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="two faults, a few steps")
    chosen = parser.parse_args(arguments)
    names = ["all weights 0", "biases of -20"] if chosen.smoke else list(CASES)
    seeds, steps = (3, 40) if chosen.smoke else (5, 150)
    print(f"torch {torch.__version__}; {seeds} seeds, {steps} steps\n")
    print("| Fault | Found | Named | Faulty | Mended | Right | Mended - right | As good? |")
    print("| --- " * 8 + "|")
    with joblib.parallel_config(n_jobs=1):
        for name in names:
            print(row(name, seeds, steps), flush=True)


if __name__ == "__main__":
    main()
