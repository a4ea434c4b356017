"""The trainings that the explorer "Rate, scale and budget" shows, written for its script.

    python -m tools.rates    # some five minutes on one core

Each optimizer trains one network from every scale at every rate. A network that diverged counts
as a guess among ten digits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import xarray as xr
from torch import nn

from helpers.data import image_tensors, load_mnist
from helpers.device import rng
from helpers.experiments import sweep
from helpers.initializers import initialize
from helpers.networks import mlp
from tools.files import write_whole

FILE = Path(__file__).resolve().parents[1] / "explorers" / "core" / "rates.js"
DEPTH, WIDTH, SIDE = 8, 32, 14
BATCH, EVERY, STEPS, SEEDS = 32, 25, 1000, 3
SCALES = [0.25, 0.35, 0.5, 0.71, 1, 1.4, 2, 2.8, 4]
RATES = {
    "sgd": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
    "adam": [0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1],
}
HEAD = """// How networks trained from each scale at each rate: helpers.experiments.sweep.
// Written by tools/rates.py. "right" has the percent right in every {every} batches, one after the
// other, for each optimizer, scale and rate: the mean over {seeds} seeds.

export const DEPTH = {depth};
export const WIDTH = {width};
export const BATCH = {batch};
export const EVERY = {every};
export const SEEDS = {seeds};
export const SCALES = {scales};
"""


def network(scale: float, seed: int) -> nn.Sequential:
    """Return a deep ReLU network whose weights are those of He's scheme, times a factor."""
    widths = [SIDE**2, *[WIDTH] * (DEPTH - 1), 10]
    made = initialize(mlp(widths), "he_normal", generator=rng(seed))
    with torch.no_grad():
        for layer in made:
            if isinstance(layer, nn.Linear):
                layer.weight *= scale
    return made


def shares(
    optimizer: str, scales: Sequence[float], rates: Sequence[float], steps: int = STEPS
) -> xr.DataArray:
    """Train from every scale at every rate; return the share right in each block of batches.

    Returns
    -------
    xarray.DataArray
        With the dimensions scale, lr and block, the mean over the seeds.
    """
    mnist = load_mnist()
    images, labels = image_tensors(mnist.train_images, mnist.train_labels)
    small = nn.functional.avg_pool2d(images, images.shape[-1] // SIDE)
    runs = sweep(
        network,
        scale=list(scales),
        lr=list(rates),
        seed=range(SEEDS),
        optimizer=optimizer,
        data=((small - small.mean()) / small.std(), labels),
        steps=steps,
        batch_size=BATCH,
    )
    blocks = runs.accuracy.fillna(0.1).coarsen(step=EVERY).mean().rename(step="block")
    return blocks.mean("seed").transpose("scale", "lr", "block")


def script() -> str:
    """Train everything, and return the module that holds it: a row of numbers for each scale."""
    named = {"every": EVERY, "seeds": SEEDS, "depth": DEPTH, "width": WIDTH, "batch": BATCH}
    parts = []
    for optimizer, rates in RATES.items():
        right = (100 * shares(optimizer, SCALES, rates)).round().astype(int)
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in right.values.tolist())
        parts.append(f'"{optimizer}": {{"rates": {json.dumps(rates)}, "right": [\n{rows}\n]}}')
    runs = ",\n".join(parts)
    return f"{HEAD.format(**named, scales=json.dumps(SCALES))}export const RUNS = {{\n{runs}\n}};\n"


def main() -> None:
    """Write the module."""
    write_whole(FILE, script())


if __name__ == "__main__":
    main()
