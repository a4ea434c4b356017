"""What the helpers compute, written down for the tests of the explorers' JavaScript.

    python -m tests.explorers.fixtures

The random numbers are those of ``numpy.random.RandomState``, which JavaScript draws as well.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import nn

from helpers.activations import ACTIVATIONS
from helpers.initializers import INITIALIZERS, fans
from helpers.networks import mlp
from helpers.probes import probe
from helpers.theory import chi, fixed_point, gain, gaussian_mean, length_map
from tools import rates

FILE = Path(__file__).with_name("fixtures.json")
POINTS = (-30.0, -7.5, -5.1, -4.9, -2.0, -0.7, -1e-3, 0.0, 1e-3, 0.4, 1.9, 6.5, 8.0, 30.0)
SHAPES = ((10, 20), (64, 32, 3, 3), (8, 2, 5), (256, 64))
SCHEMES = (
    *(f"{name}_{law}" for name in ("lecun", "xavier", "he") for law in ("normal", "uniform")),
    *("orthogonal", "normal", "uniform"),
)
STARTS = (
    ("he_normal", 1.0, 0.0, "relu", 50, 0),
    ("normal", 1.0, 0.0, "relu", 4, 7),
    ("xavier_uniform", 4.0, 0.3, "tanh", 12, 1),
    ("lecun_normal", 2.5, 0.0, "sigmoid", 20, 2),
    ("lecun_uniform", 1.5, 0.1, "gelu", 20, 3),
)
NAMES = ("scheme", "scale", "bias", "activation", "depth", "seed")
WIDTH, EXAMPLES, DEEPEST = 64, 16, 50


def random_numbers(seed: int) -> dict[str, Any]:
    """Return the numbers 1,001 to 1,008 of each law."""
    return {
        "seed": seed,
        "uniform": np.random.RandomState(seed).random_sample(1008)[-8:].tolist(),
        "normal": np.random.RandomState(seed).standard_normal(1008)[-8:].tolist(),
    }


def activation(name: str) -> dict[str, Any]:
    """Return values, slopes, and what theory says of one activation."""
    phi, q = ACTIVATIONS[name], [0.01, 1.0, 30.0]
    return {
        "values": phi.function(POINTS).tolist(),
        "slopes": phi.derivative(POINTS).tolist(),
        "gain": gain(name),
        "gradientGain": gain(name, "backward"),
        "mean": [float(gaussian_mean(phi.function, each)) for each in q],
        "q": q,
        "lengthMap": [float(length_map(each, name, sigma_w=1.3, sigma_b=0.2)) for each in q],
        "chi": [float(chi(name, each, sigma_w=1.3)) for each in q],
    }


def variance(scheme: str, shape: tuple[int, ...]) -> float:
    """Take the variance of a law from what it draws, beside the same draws of variance 1."""
    drawn = INITIALIZERS[scheme](shape, np.random.default_rng(0))
    random = np.random.default_rng(0)
    if scheme == "orthogonal":
        return float(np.mean(drawn**2))
    if scheme.endswith("uniform"):
        unit = random.uniform(-(3**0.5), 3**0.5, shape)
    else:
        unit = random.normal(size=shape)
    return float(np.mean(drawn**2) / np.mean(unit**2))


def unit_weights(law: str, n: int, depth: int, seed: int) -> list[np.ndarray]:
    """Draw the weights of square layers, of variance 1."""
    random = np.random.RandomState(seed)
    if law == "uniform":
        return [3**0.5 * (2 * random.random_sample((n, n)) - 1) for _ in range(depth)]
    normal = [random.standard_normal((n, n)) for _ in range(depth)]
    if law == "normal":
        return normal
    parts = [np.linalg.qr(weights.T) for weights in normal]
    return [n**0.5 * (q * np.sign(np.diagonal(r))).T for q, r in parts]


def by_unit(signal: torch.Tensor) -> list[float]:
    """List all numbers of the first unit, then those of the second, and so on."""
    return signal.T.flatten().tolist()


def network(name: str) -> dict[str, Any]:
    """Run a network of given weights forward and backward with torch."""
    widths, random = [3, 5, 4, 2], np.random.RandomState(11)
    model = mlp(widths, name).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(random.standard_normal(tuple(parameter.shape))))
    x, top = (torch.from_numpy(random.standard_normal((6, width))) for width in (3, 2))
    z, out = [], x
    for part in model:
        out = part(out)
        if isinstance(part, nn.Linear):
            out.retain_grad()
            z.append(out)
    (out * top).sum().backward()
    layers = [part for part in model if isinstance(part, nn.Linear)]
    return {
        "activation": name,
        "widths": widths,
        "weights": [each.weight.flatten().tolist() for each in layers],
        "biases": [each.bias.tolist() for each in layers],
        "x": by_unit(x),
        "top": by_unit(top),
        "z": [by_unit(each) for each in z],
        "gradients": [by_unit(each.grad) for each in z],
        "weightGradients": [each.weight.grad.flatten().tolist() for each in layers],
        "biasGradients": [each.bias.grad.tolist() for each in layers],
    }


def predicted(name: str, W: list, b: list, q0: float) -> tuple[list[float], list[float]]:
    """Follow q and the gradient through the layers, by the maps for networks with biases."""
    sigma_w = [np.sqrt(WIDTH * np.mean(weights**2)) for weights in W]
    sigma_b = [np.sqrt(np.mean(biases**2)) for biases in b]
    q = [sigma_w[0] ** 2 * q0 + sigma_b[0] ** 2]
    for each_w, each_b in zip(sigma_w[1:], sigma_b[1:], strict=True):
        q.append(length_map(q[-1], name, sigma_w=each_w, sigma_b=each_b))
    gradient = [1.0]
    for below, each_w in zip(q[-2::-1], sigma_w[:0:-1], strict=True):
        gradient.append(gradient[-1] * chi(name, below, sigma_w=each_w))
    return [float(each) for each in q], [float(each) for each in gradient[::-1]]


def phase(name: str, sigma_w: float, sigma_b: float) -> dict[str, Any]:
    """Return the fixed point of the length, and the factor of the gradient there."""
    q = float(fixed_point(name, sigma_w=sigma_w, sigma_b=sigma_b).q)
    slope = float(chi(name, q, sigma_w=sigma_w))
    return {"activation": name, "sigmaW": sigma_w, "sigmaB": sigma_b, "q": q, "chi": slope}


def start(setting: dict[str, Any]) -> dict[str, Any]:
    """Run the network of the explorer "What a start does" with torch, and look into it."""
    scheme, name, depth = setting["scheme"], setting["activation"], setting["depth"]
    law = scheme.rpartition("_")[2]
    size = setting["scale"] * variance(scheme, (WIDTH, WIDTH)) ** 0.5
    W = [size * each for each in unit_weights(law, WIDTH, DEEPEST, setting["seed"])[:depth]]
    random = np.random.RandomState(setting["seed"] + 2**31)
    x, top = (random.standard_normal((EXAMPLES, WIDTH)) for _ in range(2))
    b = [setting["bias"] * random.standard_normal(WIDTH) for _ in range(depth)]
    model = mlp([WIDTH] * (depth + 1), name).double()
    with torch.no_grad():
        for number, (weights, biases) in enumerate(zip(W, b, strict=True), start=1):
            model.get_submodule(f"linear{number}").weight.copy_(torch.from_numpy(weights))
            model.get_submodule(f"linear{number}").bias.copy_(torch.from_numpy(biases))
    seen = probe(model, torch.from_numpy(x), torch.from_numpy(top), lambda z, y: (z * y).sum())
    linear = [each for each in seen if each.kind == "Linear"]
    after = [each for each in seen if each.kind not in {"Linear", "Flatten"}]
    gradient = np.array([each.gradient.mean_square for each in linear])
    q, slopes = predicted(name, W, b, np.mean(x**2))
    bounded = name in {"sigmoid", "tanh"}
    return {
        "setting": setting,
        "signal": [each.activation.mean_square for each in linear],
        "gradient": (gradient / gradient[-1]).tolist(),
        "theory": {"q": q, "gradient": slopes},
        "saturated": [each.saturated for each in after] if bounded else None,
        "dead": [each.dead for each in after],
    }


def mean(name: str, mu: float, deviation: float) -> dict[str, Any]:
    """Integrate an activation over a normal law with SciPy, left and right of the kink at 0."""
    phi = ACTIVATIONS[name].function

    def integrand(u: float) -> float:
        return float(phi(u)) * norm.pdf(u, mu, deviation)

    ends = [mu - 9 * deviation, *(p for p in (0.0, mu) if abs(p - mu) < 9 * deviation)]
    ends = [*sorted(set(ends)), mu + 9 * deviation]
    parts = [quad(integrand, *each, epsabs=0, epsrel=1e-12)[0] for each in pairwise(ends)]
    return {"activation": name, "mean": mu, "deviation": deviation, "value": sum(parts)}


def ten_steps() -> dict[str, Any]:
    """Train a network of given weights for ten steps with torch."""
    widths, random = [2, 3, 1], np.random.RandomState(4)
    model = mlp(widths, "tanh").double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(random.standard_normal(tuple(parameter.shape))))
    x, y = (torch.from_numpy(random.standard_normal((5, width))) for width in (2, 1))
    layers = [part for part in model if isinstance(part, nn.Linear)]
    fixture = {
        "widths": widths,
        "weights": [each.weight.flatten().tolist() for each in layers],
        "biases": [each.bias.tolist() for each in layers],
        "x": by_unit(x),
        "y": y.flatten().tolist(),
    }
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.2), []
    for _ in range(10):
        loss = nn.functional.mse_loss(model(x), y) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        **fixture,
        "rate": 0.2,
        "losses": losses,
        "trained": [each.weight.flatten().tolist() for each in layers],
        "trainedBiases": [each.bias.tolist() for each in layers],
    }


def stored_runs() -> dict[str, Any]:
    """Read the trainings that an explorer shows."""
    source = rates.FILE.read_text("utf-8")
    return json.loads(source.partition("RUNS = ")[2].rstrip(";\n"))


def budget(optimizer: str, batches: int) -> dict[str, Any]:
    """Find the best rate of each scale after a number of batches."""
    given = stored_runs()[optimizer]
    right = np.array(given["right"])[:, :, batches // rates.EVERY - 1]
    return {
        "optimizer": optimizer,
        "batches": batches,
        "right": right.tolist(),
        "best": right.max(axis=1).tolist(),
        "rates": [given["rates"][i] for i in right.argmax(axis=1)],
        "trained": (right >= 50).sum(axis=1).tolist(),
    }


def fixtures() -> dict[str, Any]:
    """Compute all of them."""
    return {
        "random": [random_numbers(seed) for seed in (0, 3, 2**32 - 1)],
        "points": list(POINTS),
        "activations": {name: activation(name) for name in ACTIVATIONS},
        "fans": [{"shape": shape, "expected": fans(shape)} for shape in SHAPES],
        "variances": [
            {"scheme": scheme, "shape": shape, "variance": variance(scheme, shape)}
            for scheme in SCHEMES
            for shape in SHAPES
        ],
        "unitWeights": [
            {"law": law, "weights": [each.ravel().tolist() for each in unit_weights(law, 8, 2, 5)]}
            for law in ("normal", "uniform", "orthogonal")
        ],
        "networks": [network(name) for name in ("tanh", "gelu")],
        "means": [
            mean(name, *law)
            for name in ("relu", "elu", "sigmoid", "gelu")
            for law in ((0.0, 1.0), (3.0, 0.3), (-1.5, 2.0))
        ],
        "phases": [
            phase(name, *sigmas)
            for name in ("tanh", "sigmoid", "gelu", "elu")
            for sigmas in ((0.8, 0.3), (1.3, 0.1), (1.2, 1.5))
        ],
        "tenSteps": ten_steps(),
        "budgets": [budget(*each) for each in (("sgd", 100), ("sgd", 1000), ("adam", 25))],
        "starts": [start(dict(zip(NAMES, each, strict=True))) for each in STARTS],
    }


def main() -> None:
    """Write the file, one subject a line."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fixtures().items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
