"""CPU time of an audit beside that of the forward and backward pass that it contains.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.audit    # on one core; prints a Markdown table
    python -m benchmarks.audit --smoke                    # small networks, in seconds

README.md says what is compared.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers.audit import audit
from helpers.device import generator
from helpers.networks import mlp, mnist_cnn

Case = tuple[nn.Module, torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]


def filled(model: nn.Module) -> nn.Module:
    """Draw the weights, the last ones small, so that nothing is found whose mends are tried."""
    weights = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter, generator=generator(0))
        elif parameter.isnan().any():
            nn.init.zeros_(parameter)
    weights[-1].data *= 0.1
    return model


def dense(n: int, width: int) -> Case:
    labels = torch.arange(n) % 10
    x = torch.randn(n, width, generator=generator(1))
    return filled(mlp([width] * 10 + [10])), x, lambda output: cross_entropy(output, labels)


def convolutions(n: int) -> Case:
    labels = torch.arange(n) % 10
    x = torch.randn(n, 1, 28, 28, generator=generator(1))
    return filled(mnist_cnn()), x, lambda output: cross_entropy(output, labels)


def normalized(n: int, channels: int, depth: int = 7, size: int = 32) -> Case:
    parts: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1)]
    for _ in range(depth - 1):
        parts += [nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1)]
    model = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    x = torch.randn(n, 3, size, size, generator=generator(1))
    return filled(model), x, lambda output: output.square().mean()


def transformer(n: int, width: int) -> Case:
    layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.0, batch_first=True)
    model = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
    x = torch.randn(n, 64, width, generator=generator(1))
    return filled(model), x, lambda output: output.square().mean()


def recurrent(n: int, width: int) -> Case:
    class States(nn.LSTM):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x)[0]

    x = torch.randn(n, 64, width, generator=generator(1))
    return filled(States(width, width, 2, batch_first=True)), x, lambda h: h.square().mean()


def cases(smoke: bool) -> dict[str, Case]:
    """Return the networks by name, each with a batch and a loss."""
    if smoke:
        return {"MLP": dense(16, 32), "Transformer": transformer(4, 32)}
    return {
        "MLP, 9 hidden layers of 512, batch of 128": dense(128, 512),
        "the MNIST chapter's CNN, batch of 128": convolutions(128),
        "CNN with batch normalization, 7 layers of 32, batch of 64": normalized(64, 32),
        "the same, 41 layers of 64, images of 8 by 8, batch of 8": normalized(8, 64, 41, 8),
        "Transformer encoder, 6 layers of 256, 16 sequences of 64": transformer(16, 256),
        "LSTM, 2 layers of 128, 32 sequences of 64": recurrent(32, 128),
        "MLP, 9 hidden layers of 32, batch of 16": dense(16, 32),
    }


def step(case: Case) -> None:
    """Make one plain forward and backward pass."""
    model, x, loss = case
    torch.autograd.grad(loss(model(x)), list(model.parameters()))


def look(case: Case) -> None:
    """Make one audit."""
    audit(*case)


def compare(case: Case, repeats: int) -> tuple[list[float], list[float]]:
    """Return the CPU seconds of the plain pass and of the audit; the first round is not counted."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(1 + repeats):
        for run, times in zip((step, look), seconds, strict=True):
            start = time.process_time()
            run(case)
            times.append(time.process_time() - start)
    return seconds[0][1:], seconds[1][1:]


def row(name: str, plain: list[float], audited: list[float]) -> str:
    """Return one row of the table."""
    cells = [
        name,
        *(
            f"{1e3 * median(t):.1f} ({1e3 * min(t):.1f} to {1e3 * max(t):.1f})"
            for t in (plain, audited)
        ),
        f"{median(audited) / median(plain):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="rounds that are counted")
    parser.add_argument("--smoke", action="store_true", help="small networks")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)  # CPU time then is the time of a quiet machine
    processor = torch.cpu.get_capabilities().get("cpu_name", "unknown processor")
    print(f"{processor}, {os.cpu_count()} cores; torch {torch.__version__}, threads: 1\n")
    print("| Network | Pass, ms | Audit, ms | Times as long |\n| --- | --- | --- | --- |")
    for name, case in cases(chosen.smoke).items():
        print(row(name, *compare(case, 1 if chosen.smoke else chosen.repeats)), flush=True)


if __name__ == "__main__":
    main()
