"""Seconds to train a sweep of networks: as one batched computation, and one after the other.

    python -m benchmarks.ensemble            # on two cores; prints a Markdown table
    python -m benchmarks.ensemble --smoke    # a small sweep, in seconds

README.md says what is compared.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import torch
from torch import nn

from benchmarks.mnist_to_99 import standardised
from helpers.data import load_mnist
from helpers.device import generator, rng
from helpers.ensemble import train_ensemble
from helpers.initializers import initialize
from helpers.networks import mlp
from helpers.training import fit, in_parallel

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


@dataclass(frozen=True)
class Sweep:
    """A sweep: two gains of one scheme, each from half as many seeds as there are networks."""

    activation: str
    scheme: str
    gain: str
    gains: tuple[float, float]
    optimizer: str
    rate: float
    networks: int = 32
    depth: int = 20
    width: int = 64
    batch: int = 64
    steps: int = 100

    def starts(self) -> list[nn.Module]:
        """Return the networks at their starts."""
        widths = [784, *[self.width] * self.depth, 10]
        return [
            initialize(
                mlp(widths, self.activation),
                self.scheme,
                generator=rng(seed),
                **{self.gain: gain},
            )
            for gain in self.gains
            for seed in range(self.networks // len(self.gains))
        ]


SWEEPS = (
    Sweep("relu", "he_normal", "slope", (0.0, 0.5), "sgd", 0.01),
    Sweep("tanh", "xavier_normal", "gain", (1.0, 1.5), "sgd", 0.01),
    Sweep("tanh", "xavier_normal", "gain", (1.0, 1.5), "adam", 0.001),
)

Train = Callable[[Sweep, Sequence[nn.Module], torch.Tensor, torch.Tensor], None]


def together(sweep: Sweep, networks: Sequence[nn.Module], x: torch.Tensor, y: torch.Tensor) -> None:
    train_ensemble(
        networks,
        x,
        y,
        lr=sweep.rate,
        steps=sweep.steps,
        batch_size=sweep.batch,
        generator=generator(0),
        optimizer=sweep.optimizer,
    )


def alone(sweep: Sweep, network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    fit(
        network,
        x,
        y,
        optimizer=OPTIMIZERS[sweep.optimizer](network.parameters(), lr=sweep.rate),
        epochs=1,
        batch_size=sweep.batch,
        generator=generator(0),
        progress=False,
    )


def one_after_the_other(
    sweep: Sweep, networks: Sequence[nn.Module], x: torch.Tensor, y: torch.Tensor
) -> None:
    for network in networks:
        alone(sweep, network, x, y)


def two_at_a_time(
    sweep: Sweep, networks: Sequence[nn.Module], x: torch.Tensor, y: torch.Tensor
) -> None:
    in_parallel([partial(alone, sweep, network, x, y) for network in networks])


WAYS: tuple[Train, ...] = (one_after_the_other, two_at_a_time, together)


def weights(networks: Sequence[nn.Module]) -> torch.Tensor:
    """Return all parameters of all networks in one row."""
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


def compare(
    sweep: Sweep, x: torch.Tensor, y: torch.Tensor, repeats: int
) -> tuple[dict[Train, list[float]], float]:
    """Return the seconds of each way in turn, and the largest difference of a weight.

    The first round is not counted.
    """
    x, y = x[: sweep.steps * sweep.batch], y[: sweep.steps * sweep.batch]
    seconds: dict[Train, list[float]] = {way: [] for way in WAYS}
    for _ in range(1 + repeats):
        trained = {}
        for way in WAYS:
            networks = sweep.starts()
            start = time.perf_counter()
            way(sweep, networks, x, y)
            seconds[way].append(time.perf_counter() - start)
            trained[way] = weights(networks)
    difference = (trained[one_after_the_other] - trained[together]).abs().max().item()
    return {way: times[1:] for way, times in seconds.items()}, difference


def row(sweep: Sweep, seconds: dict[Train, list[float]], difference: float) -> str:
    """Return one row of the table."""
    medians = [median(seconds[way]) for way in WAYS]
    cells = [
        f"{sweep.activation}, {sweep.optimizer}",
        *(f"{median(t):.1f} ({min(t):.1f} to {max(t):.1f})" for t in seconds.values()),
        f"{medians[0] / medians[2]:.1f}",
        f"{medians[1] / medians[2]:.1f}",
        f"{difference:.0e}",
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds that are counted")
    parser.add_argument("--smoke", action="store_true", help="a small sweep")
    chosen = parser.parse_args(arguments)
    sweeps, threads = SWEEPS, 2
    if chosen.smoke:
        sweeps = [replace(sweep, networks=4, depth=2, width=8, steps=5) for sweep in SWEEPS]
        chosen.repeats, threads = 1, 1
    torch.set_num_threads(threads)
    processor = torch.cpu.get_capabilities().get("cpu_name", "unknown processor")
    print(f"{processor}, {os.cpu_count()} cores; torch {torch.__version__}, threads: {threads}\n")
    print(
        "| Sweep | One after the other | Two at a time | Together | Times as fast as one after the "
        "other | as two at a time | Largest difference of a weight |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    x, y = standardised(*load_mnist()[:2])
    for sweep in sweeps:
        print(row(sweep, *compare(sweep, x, y, chosen.repeats)), flush=True)


if __name__ == "__main__":
    main()
