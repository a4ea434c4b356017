"""Seconds and memory of a sweep: as a plain loop, in threads, by ``sweep``, and on a cluster.

    python -m benchmarks.sweeps            # on two cores; prints three Markdown tables
    python -m benchmarks.sweeps --smoke    # small ones, in seconds

README.md says what is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import chain, count, islice
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import joblib
import numpy as np
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, cross_entropy

from benchmarks.book import ROOT, UNIT
from benchmarks.mnist_to_99 import standardised
from helpers.data import load_mnist
from helpers.device import generator, rng
from helpers.ensemble import train_ensemble
from helpers.experiments import groups, sweep
from helpers.initializers import initialize
from helpers.networks import mlp
from helpers.training import in_parallel

RATES = (0.005, 0.01, 0.02, 0.04)


@dataclass(frozen=True)
class Study:
    """Dense ReLU networks on MNIST: four rates, each from a quarter as many seeds as networks."""

    width: int
    inputs: int
    batch: int
    networks: int = 64
    depth: int = 5
    steps: int = 100

    @property
    def seeds(self) -> range:
        """The seeds of each rate."""
        return range(self.networks // len(RATES))

    def points(self) -> list[tuple[float, int]]:
        """Return the rate and the seed of each network, in the order of the sweep."""
        return [(rate, seed) for rate in RATES for seed in self.seeds]

    def network(self, seed: int) -> nn.Sequential:
        """Return a network at its start."""
        widths = [self.inputs, *[self.width] * self.depth, 10]
        return initialize(mlp(widths, "relu"), "he_normal", generator=rng(seed))

    def pictures(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first 6,400 images, at 14 by 14 pixels for 196 inputs, and their labels."""
        x, y = standardised(*(part[:6400] for part in load_mnist()[:2]))
        return (x if self.inputs == 784 else avg_pool2d(x, 2)), y


STUDIES = (Study(64, 784, 64), Study(48, 196, 32))


def train_alone(study: Study, x: torch.Tensor, y: torch.Tensor, point: tuple[float, int]) -> Any:
    """Train one network as one would write it; return the loss and accuracy of each batch."""
    rate, seed = point
    network, numbers, rows = study.network(seed), generator(seed), []
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    epochs = (torch.randperm(len(x), generator=numbers).split(study.batch) for _ in count())
    for batch in islice(chain.from_iterable(epochs), study.steps):
        output = network(x[batch])
        loss = cross_entropy(output, y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rows.append((loss.item(), (output.argmax(1) == y[batch]).float().mean().item()))
    return rows


def loop(study: Study, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Train one network after the other, with torch's own number of threads."""
    return np.array([train_alone(study, x, y, point) for point in study.points()])[..., 0]


def threads(study: Study, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Train two networks at a time, each in a thread on one core."""
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        train = partial(train_alone, study, x, y)
        return np.array(list(pool.map(train, study.points())))[..., 0]


def by_hand(study: Study, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Train 32 networks or fewer as one, two such calls of ``train_ensemble`` at a time."""

    def call(part: np.ndarray) -> np.ndarray:
        points = [study.points()[i] for i in part]
        return train_ensemble(
            [study.network(seed) for _, seed in points],
            x,
            y,
            lr=[rate for rate, _ in points],
            steps=study.steps,
            batch_size=study.batch,
            generator=[generator(seed) for _, seed in points],
        ).loss

    parts = np.array_split(np.arange(study.networks), max(2, -(-study.networks // 32)))
    return np.concatenate(in_parallel([partial(call, part) for part in parts]), axis=1).T


def swept(study: Study, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Train by ``sweep``, as joblib is configured."""
    runs = sweep(
        study.network,
        lr=RATES,
        seed=study.seeds,
        data=(x, y),
        steps=study.steps,
        batch_size=study.batch,
    )
    return runs.loss.transpose("lr", "seed", "step").values.reshape(study.networks, study.steps)


@contextmanager
def dask_workers() -> Iterator[None]:
    """Let two Dask workers run on this machine, if Dask is installed."""
    if find_spec("distributed") is None:
        yield
        return
    from distributed import Client, LocalCluster

    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(host="127.0.0.1", **settings) as local, Client(local):
        yield


Train = Callable[[Study, torch.Tensor, torch.Tensor], np.ndarray]
WAYS: dict[str, tuple[Train, Callable[[], Any]]] = {
    "one after the other": (loop, ExitStack),
    "in two threads": (threads, ExitStack),
    "`train_ensemble` by hand": (by_hand, ExitStack),
    "`sweep`, one core": (swept, partial(joblib.parallel_config, n_jobs=1)),
    "`sweep`, two cores": (swept, partial(joblib.parallel_config, "threading", n_jobs=2)),
}
if find_spec("distributed"):
    WAYS["`sweep`, two Dask workers"] = swept, partial(joblib.parallel_config, "dask")


def compare(study: Study, repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each way, one number for each round; the first is not counted."""
    x, y = study.pictures()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(1 + repeats):
        for name, (train, configured) in WAYS.items():
            with configured():
                start = time.perf_counter()
                train(study, x, y)
                seconds[name].append(time.perf_counter() - start)
    return {name: times[1:] for name, times in seconds.items()}


def shape(study: Study) -> str:
    """Name a study by what is different."""
    return f"width {study.width}, batches of {study.batch}"


def print_ways(studies: Sequence[Study], repeats: int) -> None:
    """Print the seconds of all ways, and how many times as fast as the loop they are."""
    print("| Way |", *(f"Seconds, {shape(study)} | times as fast |" for study in studies))
    print("| --- |" + " --- | --- |" * len(studies))
    found = [compare(study, repeats) for study in studies]
    for name in WAYS:
        cells = [name]
        for seconds in found:
            own = seconds[name]
            ratios = [a / b for a, b in zip(seconds["one after the other"], own, strict=True)]
            cells += [f"{median(own):.2f} ({min(own):.2f} to {max(own):.2f})"]
            cells += [f"{median(ratios):.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def print_growth(study: Study, sizes: Sequence[int]) -> None:
    """Print how seconds and memory grow with the number of networks."""
    print("\n| Networks | Loop, seconds | its MiB | `sweep`, two cores, seconds | its MiB |")
    print("| --- | --- | --- | --- | --- |")
    for networks in sizes:
        cells = [f"{networks}"]
        for way in ("one after the other", "`sweep`, two cores"):
            seconds, mebibytes = cost(replace(study, networks=networks), way)
            cells += [f"{seconds:.1f}", f"{mebibytes:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def cost(study: Study, way: str) -> tuple[float, float]:
    """Return the seconds of one training in a process of its own, and the memory it added."""
    command = [sys.executable, "-m", "benchmarks.sweeps", "--one", way, json.dumps(asdict(study))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(json.loads(done.stdout))


def print_cost(study: Study, way: str) -> None:
    """Train once and print the seconds, and the MiB by which the peak of memory has grown."""

    def peak() -> int:
        return max(getrusage(each).ru_maxrss for each in (RUSAGE_SELF, RUSAGE_CHILDREN))

    train, configured = WAYS[way]
    x, y = study.pictures()
    with configured():
        train(replace(study, networks=4, steps=1), x, y)
        before, start = peak(), time.perf_counter()
        train(study, x, y)
        print(json.dumps([time.perf_counter() - start, (peak() - before) / UNIT]))


def print_group_sizes(studies: Sequence[Study], sizes: Sequence[int], repeats: int) -> None:
    """Print milliseconds of one core for a step of one network, by the size of its group."""
    print("\n| Networks in a group |", *(f"Milliseconds, {shape(study)} |" for study in studies))
    print("| --- |" + " --- |" * len(studies))
    pairs = [study.pictures() for study in studies]
    spent = np.zeros((repeats, len(sizes), len(studies)))
    for at in np.ndindex(spent.shape):
        study = studies[at[2]]
        with joblib.parallel_config(n_jobs=1), groups_of(sizes[at[1]]):
            start = time.process_time()
            swept(study, *pairs[at[2]])
            spent[at] = (time.process_time() - start) * 1000 / study.networks / study.steps
    for size, row in zip(sizes, np.median(spent, axis=0), strict=True):
        print(f"| {size} | {' | '.join(f'{each:.2f}' for each in row)} |", flush=True)


@contextmanager
def groups_of(size: int) -> Iterator[None]:
    """Let groups have as many networks as this."""
    before = groups.LARGEST, groups.SMALL
    groups.LARGEST, groups.SMALL = size, 0
    try:
        yield
    finally:
        groups.LARGEST, groups.SMALL = before


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds that are counted")
    parser.add_argument("--smoke", action="store_true", help="small sweeps")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    os.environ["TQDM_DISABLE"] = "1"
    if chosen.one:
        way, study = chosen.one
        print_cost(Study(**json.loads(study)), way)
        return
    studies, networks, sizes = STUDIES, (8, 16, 32, 64, 128, 256, 512), (1, 2, 4, 8, 16, 32, 64)
    if chosen.smoke:
        studies = tuple(replace(study, networks=8, steps=3) for study in STUDIES)
        networks, sizes, chosen.repeats = (8,), (1, 8), 1
    processor = torch.cpu.get_capabilities().get("cpu_name", "unknown processor")
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{processor}, {os.cpu_count()} cores, load {load}; torch {torch.__version__}\n")
    with dask_workers():
        print_ways(studies, chosen.repeats)
    print_growth(studies[1], networks)
    print_group_sizes(studies, sizes, chosen.repeats)


if __name__ == "__main__":
    main()
