r"""What the audit and three other tools say of the same faulty starts, in one table.

    .venv/bin/python -m pip install --no-deps torchdiag==0.1.0 neural-net-checklist==1.1.0 \
        torchmortem==0.1.1
    .venv/bin/python -m benchmarks.peers

They are not among the course's packages: one that is not installed is left out. README.md says what
is compared.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers.audit import audit
from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import mlp

FEATURES, CLASSES, WIDTH = 32, 10, 64


class Fault(NamedTuple):
    """A network that starts badly, its inputs, and the words of those who name the cause."""

    model: Callable[[], nn.Module]
    named: str
    inputs: Callable[[torch.Tensor], torch.Tensor] = lambda x: x


def batch(count: int = 128) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points around ten centres, standardized, and which centre each is of."""
    numbers = generator(0)
    centres = torch.randn(CLASSES, FEATURES, generator=numbers)
    labels = torch.arange(count) % CLASSES
    x = centres[labels] + torch.randn(count, FEATURES, generator=numbers)
    return (x - x.mean()) / x.std(), labels


def network(
    activation: str = "relu", scheme: str = "he_normal", hidden: int = 3, **options: Any
) -> nn.Sequential:
    """Return a network from the features of the batch to its classes."""
    model = mlp([FEATURES, *[WIDTH] * hidden, CLASSES], activation)
    return initialize(model, scheme, generator=rng(0), **options)


def scaled(factor: float, layers: slice, *arguments: Any) -> nn.Module:
    """Return a network with the weights of some layers multiplied."""
    model = network(*arguments)
    for layer in [part for part in model if isinstance(part, nn.Linear)][layers]:
        layer.weight.data *= factor
    return model


def biased(bias: float) -> nn.Module:
    """Return a network with this bias in its second layer."""
    model = network()
    nn.init.constant_([part for part in model if isinstance(part, nn.Linear)][1].bias, bias)
    return model


class Detached(nn.Module):
    """A network whose first half no gradient reaches."""

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        self.first, self.second = model[:4], model[4:]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of both halves."""
        return self.second(self.first(x).detach())


def shut() -> nn.Module:
    """Return a network with a normalization whose scale starts at 0."""
    model = nn.Sequential(*network()[:2], nn.BatchNorm1d(WIDTH), *network()[2:])
    nn.init.zeros_(model[2].weight)
    return model


VANISH, EXPLODE = r"vanish|shrinks", r"explo|grows"
BIAS = r"bias(es)?\b.{0,40}(drown|dominat|decid|large|high|offset)"
FAULTS = {
    "none: a sound network": Fault(network, "$^"),
    "all weights 0": Fault(lambda: network(scheme="zeros"), r"weights are 0"),
    "all weights of a layer alike": Fault(
        lambda: network(scheme="constant", value=0.1), r"same weights"
    ),
    "standard deviation 0.02, ten layers": Fault(
        lambda: network(scheme="normal", hidden=10, std=0.02), VANISH
    ),
    "1.5 times He's scale, ten layers": Fault(
        lambda: scaled(1.5, slice(-1), "relu", "he_normal", 10), EXPLODE
    ),
    "ten sigmoid layers": Fault(
        lambda: network("sigmoid", "xavier_normal", 10), rf"look alike|rank collapse|{VANISH}"
    ),
    "tanh at 4 times Xavier's scale": Fault(
        lambda: scaled(4, slice(-1), "tanh", "xavier_normal", 5), r"saturation|bound of the tanh"
    ),
    "a layer of dead ReLUs": Fault(lambda: biased(-20.0), r"dead|are 0 on the whole batch"),
    "biases of 20": Fault(lambda: biased(20.0), BIAS),
    "a last layer 30 times too large": Fault(
        lambda: scaled(30, slice(-1, None)), r"first loss|Loss at init"
    ),
    "inputs of 0 to 255": Fault(
        network, r"standardize", lambda x: 255 * (x - x.min()) / (x.max() - x.min())
    ),
    "half of it detached": Fault(
        lambda: Detached(network()),
        r"is None|disconnected|does not depend|gets? no gradient|no gradient reaches",
    ),
    "a normalization of scale 0": Fault(shut, r"are 0|scale of 0"),
}


def ours(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> list[str]:
    """Return the findings of the audit, notes aside."""
    report = audit(model, x, lambda output: cross_entropy(output, y))
    return [f"{f.principle}: {f.text}" for f in report.findings if f.gravity != "note"]


def torchdiag(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> list[str]:
    """Return what torchdiag says of gradients, dead units and a step of training."""
    tool = import_module("torchdiag")
    cross_entropy(model(x), y).backward()
    gradients = tool.check_gradients(model)
    told = {"EXPLODE": "exploding", "VANISH": "vanishing", "no_grad": "disconnected"}
    said = [f"{told[g['status']]}: {name}" for name, g in gradients.items() if g["status"] in told]
    units = tool.check_dead_neurons(model, x)
    said += [f"dead: {name}" for name, unit in units.items() if unit["dead_pct"] > 20]
    step = tool.verify_step(
        model, torch.optim.SGD(model.parameters(), 0.01), nn.CrossEntropyLoss(), x, y
    )
    return said + [f"{what}: {result}" for what, result in step.items() if "FAIL" in str(result)]


def neural_net_checklist(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> list[str]:
    """Return which of neural-net-checklist's tests of a classifier's start fail, and how."""
    tool = import_module("neural_net_checklist.torch_diagnostics")
    state, said = {name: t.clone() for name, t in model.state_dict().items()}, []

    def again() -> nn.Module:
        model.load_state_dict(state)
        return model

    tests = [
        lambda: tool.assert_balanced_classification_cross_entropy_loss_at_init(
            again(), (x, y), num_classes=CLASSES, device="cpu"
        ),
        lambda: tool.assert_balanced_classification_cross_entropy_init_calibrated(
            again(), (x, y), num_classes=CLASSES, device="cpu"
        ),
        lambda: tool.assert_non_zero_gradients(again(), (x, y), device="cpu"),
    ]
    for test in tests:
        try:
            test()
        except AssertionError as failed:
            said.append(str(failed))
        except ValueError:  # it takes one example, which a normalization over the batch refuses
            continue
    return said


def torchmortem(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> list[str]:
    """Return what torchmortem finds in 100 steps of gradient descent, information aside."""
    tool = import_module("torchmortem")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with tool.Autopsy(model, optimizer=optimizer, sampling="thorough") as autopsy:
        for _ in range(100):
            optimizer.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            autopsy.step(loss=loss.item())
    found = [f for f in autopsy.get_report().findings if f.severity.name != "INFO"]
    return [f"{finding.title}: {finding.summary}" for finding in found]


TOOLS: dict[str, Callable[[nn.Module, torch.Tensor, torch.Tensor], list[str]]] = {
    "good-start": ours,
    "torchdiag": torchdiag,
    "neural-net-checklist": neural_net_checklist,
    "torchmortem": torchmortem,
}


def verdict(fault: Fault, tool: Callable[..., list[str]]) -> tuple[str, list[str]]:
    """Return how much a tool says of a fault, in a word, and what it says."""
    x, y = batch()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            said = tool(fault.model(), fault.inputs(x), y)
        except Exception as error:  # of a tool of others: part of what is compared
            return "stops", [f"{type(error).__name__}: {error}"]
    if any(re.search(fault.named, text, re.IGNORECASE) for text in said):
        return "named", said
    return ("something" if said else "nothing"), said


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="two faults, the audit alone")
    parser.add_argument("--words", action="store_true", help="print what each tool says as well")
    chosen = parser.parse_args(arguments)
    tools = dict(list(TOOLS.items())[: 1 if chosen.smoke else None])
    for name in list(tools):
        try:
            print(f"{name} {version(name)}")
        except PackageNotFoundError:
            print(f"{name} is not installed")
            del tools[name]
    print(f"torch {torch.__version__}\n\n| Fault | {' | '.join(tools)} |")
    print("| --- " * (len(tools) + 1) + "|")
    for name, fault in list(FAULTS.items())[: 2 if chosen.smoke else None]:
        results = [verdict(fault, tool) for tool in tools.values()]
        print(f"| {name} | {' | '.join(word for word, _ in results)} |", flush=True)
        for tool, (_, said) in zip(tools, results, strict=True):
            for text in said if chosen.words else ():
                print(f"    {tool}: {text}")


if __name__ == "__main__":
    main()
