"""Seconds of training to 99% test accuracy on MNIST: our recipe beside PyTorch's own example.

    python -m benchmarks.mnist_to_99               # both, on two cores; prints a Markdown table
    python -m benchmarks.mnist_to_99 --held-out    # ours on the held-out images: to choose a recipe
    python -m benchmarks.mnist_to_99 --smoke       # both on a few images, in seconds

README.md says what the clock counts and how the recipe was chosen.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import OneCycleLR

from benchmarks.pytorch_example import MEAN, STD, Pairs, Run, example_network, run_example
from helpers.data import image_tensors, load_mnist
from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import mnist_cnn, pool_first
from helpers.training import evaluate

TARGET = 0.99
HELD_OUT = 6_000
SMOKE = 500


@dataclass(frozen=True)
class Recipe:
    """The settings that were chosen on the held-out images."""

    epochs: float = 1.5
    batch: int = 128
    rate: float = 8e-3
    smoothing: float = 0.1


def has_fast_bfloat16() -> bool:
    """Tell whether this processor multiplies bfloat16 numbers in hardware."""
    abilities = torch.cpu.get_capabilities()
    return any(abilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def standardised(images: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs (n, 1, 28, 28) of about mean 0 and standard deviation 1, and labels (n,)."""
    x, y = image_tensors(images, labels)
    return x.sub_(MEAN).div_(STD), y


def train(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, recipe: Recipe, order: torch.Generator
) -> None:
    """Train in place: Adam, with a rate that rises for a quarter of the steps and then falls."""
    passes = [torch.randperm(len(x), generator=order) for _ in range(math.ceil(recipe.epochs))]
    steps = round(recipe.epochs * len(x) / recipe.batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.rate, fused=True)
    schedule = OneCycleLR(
        optimizer,
        recipe.rate,
        total_steps=steps + 1,
        pct_start=0.25,
        anneal_strategy="linear",
        cycle_momentum=False,
    )
    for batch in torch.cat(passes).split(recipe.batch)[:steps]:
        with torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16()):
            logits = model(x[batch])
        loss = cross_entropy(logits.float(), y[batch], label_smoothing=recipe.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def run_ours(learn: Pairs, judge: Pairs, seed: int, recipe: Recipe) -> Run:
    """Train the course's network from He's start; look at the judging images once, at the end."""
    model = pool_first(initialize(mnist_cnn(), "he_normal", generator=rng(seed)))
    model.to(memory_format=torch.channels_last)
    start = time.perf_counter()
    train(model, *standardised(*learn), recipe, generator(seed))
    seconds = time.perf_counter() - start
    run = Run(seconds, recipe.epochs, evaluate(model, *standardised(*judge)).accuracy)
    print(f"ours, seed {seed}: {run.accuracy:.2%} after {seconds:.1f} s", flush=True)
    return run


def row(recipe: str, network: nn.Module, arithmetic: str, runs: Sequence[Run]) -> str:
    """Return one row of the table."""
    size = sum(parameter.numel() for parameter in network.parameters())
    seconds, epochs, accuracies = zip(*runs, strict=True)
    cells = [
        f"{recipe}, {size:,} parameters, {arithmetic}",
        " to ".join(f"{count:g}" for count in sorted({min(epochs), max(epochs)})),
        f"{median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})",
        ", ".join(f"{accuracy:.2%}" for accuracy in accuracies),
        f"{sum(accuracy >= TARGET for accuracy in accuracies)} of {len(runs)}",
    ]
    return f"| {' | '.join(cells)} |"


def report(ours: Sequence[Run], example: Sequence[Run]) -> str:
    """Return the table, and how much longer the example takes."""
    lines = [
        "| Recipe | Epochs | Seconds: median (range) | Accuracy of each seed | 99% or more |",
        "| --- | --- | --- | --- | --- |",
        row("ours", mnist_cnn(), "bfloat16" if has_fast_bfloat16() else "float32", ours),
    ]
    if example:
        with torch.device("meta"):
            network = example_network()
        lines.append(row("PyTorch's example", network, "float32", example))
        ratio = median(run.seconds for run in example) / median(run.seconds for run in ours)
        lines += ["", f"The example's recipe takes {ratio:.1f} times as long (medians)."]
    return "\n".join(lines)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="trainings by our recipe")
    parser.add_argument("--example-seeds", type=int, default=1, help="by the example's recipe")
    parser.add_argument("--held-out", action="store_true", help="ours alone, not on test images")
    parser.add_argument("--smoke", action="store_true", help="a few images, one seed each")
    for field in fields(Recipe):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = options(arguments)
    data = load_mnist()
    learn, judge, epochs, threads = data[:2], data[2:], 14, 2
    recipe = Recipe(**{field.name: getattr(chosen, field.name) for field in fields(Recipe)})
    if chosen.smoke:
        learn, judge = ([part[:SMOKE] for part in pair] for pair in (learn, judge))
        chosen.seeds, recipe, epochs, threads = 1, Recipe(epochs=4, batch=32), 2, 1
    elif chosen.held_out:
        judge = [part[-HELD_OUT:] for part in learn]
        learn = [part[:-HELD_OUT] for part in learn]
        chosen.example_seeds = 0
    torch.set_num_threads(threads)
    processor = torch.cpu.get_capabilities().get("cpu_name", "unknown processor")
    print(f"{processor}, {os.cpu_count()} cores; torch {torch.__version__}, threads: {threads}")
    print(recipe, flush=True)
    ours = [run_ours(learn, judge, seed, recipe) for seed in range(chosen.seeds)]
    example = [
        run_example(learn, judge, 1 + i, epochs, TARGET) for i in range(chosen.example_seeds)
    ]
    print(f"\n{report(ours, example)}")


if __name__ == "__main__":
    main()
