"""The recipe of PyTorch's own MNIST example, mnist/main.py in github.com/pytorch/examples.

Its settings as of August 2025, on a machine without a GPU: batches of 64 in the order of the file,
loaded by the training process itself. No line of it is copied.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import nll_loss
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset

MEAN, STD = 0.1307, 0.3081  # of all training pixels, as numbers from 0 to 1

Pairs = tuple[np.ndarray, np.ndarray]
"""Images (n, 28, 28) uint8 and their labels (n,) uint8."""


class Run(NamedTuple):
    """One training: its seconds, its epochs, and the accuracy at its end."""

    seconds: float
    epochs: float
    accuracy: float


class Pictures(Dataset):
    """MNIST as torchvision and the example's transforms serve it: one picture at a time."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        picture = Image.fromarray(self.images[i])
        pixels = torch.from_numpy(np.array(picture)).unsqueeze(0)
        return pixels.to(torch.float32).div(255).sub_(MEAN).div_(STD), int(self.labels[i])


def example_network() -> nn.Sequential:
    """Return the example's network with PyTorch's default weights, from the global generator."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
        nn.LogSoftmax(dim=1),
    )


@torch.no_grad()
def judge_example(model: nn.Module, batches: DataLoader) -> float:
    """Return the accuracy."""
    model.eval()
    right = sum((model(x).argmax(dim=1) == y).sum().item() for x, y in batches)
    return right / len(batches.dataset)


def run_example(learn: Pairs, judge: Pairs, seed: int, epochs: int, target: float) -> Run:
    """Train until the accuracy after an epoch reaches ``target``, or for all ``epochs``."""
    learning = DataLoader(Pictures(*learn), batch_size=64)
    judging = DataLoader(Pictures(*judge), batch_size=1000)
    seconds = 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = example_network()
        optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
        schedule = StepLR(optimizer, step_size=1, gamma=0.7)
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            model.train()
            for x, y in learning:
                optimizer.zero_grad()
                nll_loss(model(x), y).backward()
                optimizer.step()
            seconds += time.perf_counter() - start
            run = Run(seconds, epoch, judge_example(model, judging))
            schedule.step()
            print(
                f"example, seed {seed}, epoch {epoch}: {run.accuracy:.2%} after {seconds:.1f} s",
                flush=True,
            )
            if run.accuracy >= target:
                break
    return run
