"""Seconds to train a grid of schemes: one call for each activation, and a loop over the networks.

    python -m benchmarks.grid            # on two cores; prints a Markdown table
    python -m benchmarks.grid --smoke    # a small grid, in seconds

README.md says what is compared.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
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

SCHEMES = ("zeros", "uniform", "lecun_normal", "xavier_normal", "he_normal", "orthogonal")
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu")


@dataclass(frozen=True)
class Grid:
    """Every scheme by every activation at one depth, each from several seeds."""

    depth: int
    activations: tuple[str, ...] = ACTIVATIONS
    seeds: int = 3
    width: int = 48
    batch: int = 32
    steps: int = 100
    rate: float = 0.02

    @property
    def networks(self) -> int:
        """Number of networks."""
        return len(self.activations) * len(SCHEMES) * self.seeds

    def columns(self) -> list[list[nn.Module]]:
        """Return the networks at their starts: one list for each activation."""
        widths = [196, *[self.width] * self.depth, 10]
        return [
            [
                initialize(mlp(widths, activation), scheme, generator=rng(seed))
                for scheme, seed in product(SCHEMES, range(self.seeds))
            ]
            for activation in self.activations
        ]


GRIDS = (Grid(2), Grid(10), Grid(30))

Train = Callable[[Grid, list[list[nn.Module]], torch.Tensor, torch.Tensor], None]


def column(grid: Grid, networks: Sequence[nn.Module], x: torch.Tensor, y: torch.Tensor) -> None:
    torch.set_flush_denormal(True)
    train_ensemble(
        networks,
        x,
        y,
        lr=grid.rate,
        steps=grid.steps,
        batch_size=grid.batch,
        generator=generator(0),
    )


def alone(grid: Grid, network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    torch.set_flush_denormal(True)
    fit(
        network,
        x,
        y,
        optimizer=torch.optim.SGD(network.parameters(), lr=grid.rate),
        epochs=1,
        batch_size=grid.batch,
        generator=generator(0),
        progress=False,
    )


def loop(grid: Grid, columns: list[list[nn.Module]], x: torch.Tensor, y: torch.Tensor) -> None:
    for networks in columns:
        for network in networks:
            alone(grid, network, x, y)


def two_at_a_time(
    grid: Grid, columns: list[list[nn.Module]], x: torch.Tensor, y: torch.Tensor
) -> None:
    in_parallel([partial(alone, grid, net, x, y) for networks in columns for net in networks])


def together(grid: Grid, columns: list[list[nn.Module]], x: torch.Tensor, y: torch.Tensor) -> None:
    in_parallel([partial(column, grid, networks, x, y) for networks in columns])


WAYS: tuple[Train, ...] = (loop, two_at_a_time, together)


def compare(grid: Grid, x: torch.Tensor, y: torch.Tensor, repeats: int) -> dict[Train, list[float]]:
    """Return the seconds of each way, one number for each round."""
    x, y = x[: grid.steps * grid.batch], y[: grid.steps * grid.batch]
    seconds: dict[Train, list[float]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        for way in WAYS:
            columns = grid.columns()
            start = time.perf_counter()
            way(grid, columns, x, y)
            seconds[way].append(time.perf_counter() - start)
    return seconds


def row(grid: Grid, seconds: dict[Train, list[float]]) -> str:
    """Return one row of the table."""
    medians = [median(seconds[way]) for way in WAYS]
    cells = [
        f"{grid.depth}",
        f"{grid.networks}",
        *(f"{median(t):.1f} ({min(t):.1f} to {max(t):.1f})" for t in seconds.values()),
        f"{medians[0] / medians[2]:.1f}",
        f"{medians[1] / medians[2]:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--smoke", action="store_true", help="a small grid")
    chosen = parser.parse_args(arguments)
    grids, threads = GRIDS, 2
    if chosen.smoke:
        small = replace(GRIDS[0], activations=("tanh", "relu"), seeds=1, width=8, steps=5)
        grids, threads, chosen.repeats = (small, replace(small, depth=3)), 1, 1
    torch.set_num_threads(threads)
    processor = torch.cpu.get_capabilities().get("cpu_name", "unknown processor")
    print(f"{processor}, {os.cpu_count()} cores; torch {torch.__version__}, threads: {threads}\n")
    print(
        "| Hidden layers | Networks | One after the other | Two at a time | A column at a time | "
        "Times as fast as one after the other | as two at a time |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    images, labels = standardised(*load_mnist()[:2])
    images = nn.functional.avg_pool2d(images, 2)
    images = (images - images.mean()) / images.std()
    for grid in grids:
        print(row(grid, compare(grid, images, labels, chosen.repeats)), flush=True)


if __name__ == "__main__":
    main()
