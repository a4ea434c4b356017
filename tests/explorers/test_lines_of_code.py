"""The fan calculator: its fans are those that a layer really has, and its lines of code run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from helpers.initializers import fans
from helpers.theory import gain
from tests.explorers.test_bundling import EXPLORERS
from tests.explorers.test_fixtures import NO_NODE

PROGRAM = """
import { code, law } from "./core/layers.js";
const settings = JSON.parse(process.argv[1]);
const found = settings.map((setting) => {
  const one = law(setting);
  return { ...one, code: code(one, setting.distribution) };
});
console.log(JSON.stringify(found));
"""
LAYERS = {
    "dense": lambda s: nn.Linear(s["inputs"], s["outputs"], bias=False),
    "convolution": lambda s: nn.Conv2d(
        s["inputs"], s["outputs"], s["kernel"], s["stride"], groups=s["groups"], bias=False
    ),
    "transposed": lambda s: nn.ConvTranspose2d(
        s["inputs"], s["outputs"], s["kernel"], s["stride"], groups=s["groups"], bias=False
    ),
    "recurrent": lambda s: nn.RNNCell(s["inputs"], s["outputs"], bias=False),
    "embedding": lambda s: nn.Embedding(s["inputs"], s["outputs"]),
}
SETTINGS = [
    {
        **{"layer": layer, "activation": activation, "mode": mode, "distribution": distribution},
        **{"inputs": 48, "outputs": 72, "kernel": 4, "stride": stride, "groups": groups},
    }
    for layer, activation, (mode, distribution, stride, groups) in product(
        LAYERS, ("relu", "tanh"), (("fan_in", "normal", 2, 1), ("fan_out", "uniform", 1, 6))
    )
]
KERAS = """
import sys
import keras
for line in sys.argv[1:]:
    print(float(eval(line)((400, 500)).cpu().numpy().std()))
"""


@pytest.fixture(scope="module")
def laws() -> list[dict[str, Any]]:
    """What the calculator finds for each setting."""
    node = shutil.which("node")
    if node is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_NODE)
    command = [node, "--input-type=module", "--eval", PROGRAM, json.dumps(SETTINGS)]
    result = subprocess.run(command, cwd=EXPLORERS, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def weight_of(layer: nn.Module) -> torch.Tensor:
    """Return the weight of a layer; of a recurrent one that of its inputs."""
    return layer.weight_ih if isinstance(layer, nn.RNNCell) else layer.weight


def true_fans(layer: nn.Module, inputs: int) -> tuple[float, float]:
    """Count, with weights and inputs 1, what enters an output and what an input enters.

    In the middle of the picture, over a period of the strides.
    """
    with torch.no_grad():
        weight_of(layer).fill_(1)
    if isinstance(layer, nn.Embedding):
        return 1.0, float(layer.embedding_dim)
    picture = isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    x = torch.ones(1, inputs, *(24, 24) if picture else (), requires_grad=True)
    out = layer(x)
    (entered,) = torch.autograd.grad(out.sum(), x)
    middle = (..., slice(8, 12), slice(8, 12)) if picture else ...
    narrow = (..., slice(4, 8), slice(4, 8)) if picture else ...
    return out[narrow].mean().item(), entered[middle].mean().item()


def test_fans_are_what_enters_an_output_and_what_an_input_enters(laws: list[dict]) -> None:
    for setting, law in zip(SETTINGS, laws, strict=True):
        layer = LAYERS[setting["layer"]](setting)
        assert tuple(law["shape"]) == weight_of(layer).shape
        if setting["layer"] == "recurrent":
            assert (law["fanIn"], law["fanOut"]) == (setting["inputs"], setting["outputs"])
        else:
            assert (law["fanIn"], law["fanOut"]) == true_fans(layer, setting["inputs"]), setting
        assert (law["counted"]["fanIn"], law["counted"]["fanOut"]) == fans(law["shape"])


def test_the_gain_keeps_signal_or_gradient(laws: list[dict]) -> None:
    for setting, law in zip(SETTINGS, laws, strict=True):
        forward = setting["mode"] == "fan_in"
        fan = law["fanIn"] if forward else law["fanOut"]
        g = gain(setting["activation"], "forward" if forward else "backward")
        if setting["layer"] == "embedding":  # nothing stands below it
            g = 1.0
        assert law["variance"] == pytest.approx(g**2 / fan, rel=1e-9)
        assert law["limit"] == pytest.approx(3**0.5 * law["std"])


def test_the_lines_for_pytorch_run_and_draw_the_law(laws: list[dict]) -> None:
    for setting, law in zip(SETTINGS, laws, strict=True):
        layer = LAYERS[setting["layer"]](setting)
        layer.weight = weight_of(layer)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            exec(law["code"]["PyTorch"], {"torch": torch, "layer": layer})
        drawn = weight_of(layer).detach()
        assert drawn.std().item() == pytest.approx(law["std"], rel=0.06), setting
        uniform = setting["distribution"] == "uniform"
        assert (drawn.abs().max().item() <= law["limit"] * 1.001) == uniform


def test_the_lines_for_keras_run_and_draw_the_law(laws: list[dict]) -> None:
    lines = [law["code"]["Keras"] for law in laws]
    result = subprocess.run(
        [sys.executable, "-c", KERAS, *lines],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=True,
    )
    spreads = [float(line) for line in result.stdout.split()]
    np.testing.assert_allclose(spreads, [law["std"] for law in laws], rtol=0.02)
