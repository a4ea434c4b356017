"""A sound call of every public function: the function, and its arguments by name, made anew."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import torch
import xarray as xr
from torch import nn
from torch.nn.functional import cross_entropy

from helpers import (
    activations,
    data,
    device,
    ensemble,
    evidence,
    experiments,
    explorers,
    initializers,
    networks,
    plotting,
    probes,
    theory,
    training,
    widgets,
)
from helpers.activations import ACTIVATIONS
from helpers.initializers import INITIALIZERS

Arguments = dict[str, Any]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def network(seed: int = 0) -> nn.Module:
    generator = np.random.default_rng(seed)
    return initializers.initialize(networks.mlp([4, 3, 2]), "he_normal", generator=generator)


def pair() -> Arguments:
    x = torch.linspace(-1, 1, 24).reshape(6, 4)
    return {"x": x, "y": torch.tensor([0, 1, 0, 1, 0, 1])}


def judged() -> Arguments:
    return {**pair(), "loss": cross_entropy}


def trained() -> Arguments:
    return {**judged(), "validation": tuple(pair().values()), "batch_size": 3}


def fit() -> Arguments:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    more = {"epochs": 1, "generator": torch.Generator(), "progress": False}
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler, **trained(), **more}


def train_ensemble() -> Arguments:
    more = {"lr": 0.1, "steps": 1, "validate_every": 1, "optimizer": "sgd"}
    return {
        "networks": [network(0), network(1)],
        "generator": torch.Generator(),
        **trained(),
        **more,
    }


def train_recurrent() -> Arguments:
    W = torch.ones(2, 3, requires_grad=True)
    return {
        "parameters": [W],
        "losses": lambda: W.square().sum(1),
        **{"lr": 0.1, "steps": 2, "clip": 1.0},
    }


def states(gates: int, **more: Any) -> Arguments:
    W, U, b = torch.ones(2, 3 * gates, 3), torch.ones(2, 3 * gates, 4), torch.ones(2, 3 * gates)
    return {"W": W, "U": U, "b": b, "x": torch.ones(1, 5, 6, 4), **more}


def sweep() -> Arguments:
    options = {"data": tuple(pair().values()), **trained()}
    for name in ("x", "y"):
        del options[name]
    more = {"lr": 0.1, "steps": 1, "validate_every": 1, "optimizer": "sgd", "seed": [0, 1]}
    return {"network": network, "measure": lambda model: {"size": 1.0}, **options, **more}


def results() -> xr.DataArray:
    return xr.DataArray(
        [[[0.2, 0.7, 0.6]] * 3, [[0.5, 0.9, 0.1]] * 3],
        coords={"scheme": ["a", "b"], "seed": [0, 1, 2], "lr": [0.1, 0.2, 0.4]},
    )


def curves() -> Arguments:
    view = {"x": "lr", "hue": "scheme", "row": None, "smooth": 2, "lines": True, "height": 2.6}
    theory = results().mean("seed")
    return {"values": results(), "theory": theory, "references": {"a": 1.0}, **view}


def layers() -> Arguments:
    seen = experiments.layer_statistics(network(), **pair())
    return {"seen": seen, "variables": ["signal"], "hue": None, "relative": [], "height": 2.6}


def heat_map() -> Arguments:
    view = {"x": "lr", "y": "scheme", "row": None, "label": "", "limits": (0, 1), "height": 1.9}
    return {"values": results(), **view}


def strip() -> Arguments:
    view = {"y": "scheme", "row": None, "references": {"a": 1.0}, "height": 0.45}
    return {"values": results().sel(lr=0.1), **view}


def start() -> Arguments:
    return {"scheme": "he_normal", "activation": "tanh", "scale": 1.0, "depth": 3, "seed": 0}


def settled(id: str, **more: Any) -> Arguments:
    held = [evidence.condition("value", 1.0, above=0.0)]
    return {"id": id, "measured": "what was seen", "conditions": held, **more}


def square(u: np.ndarray) -> np.ndarray:
    return u**2


MAP = {"activation": "tanh", "sigma_w": 1.5, "sigma_b": 0.1}
NEAR = {"statement": "value", "value": 1.0, "expected": 1.0, "tolerance": 0.1}
BETWEEN = {"statement": "value", "value": 1.0, "above": 0.5, "below": 2.0}
IMAGES = {"images": np.ones((2, 5, 5), np.uint8), "labels": np.array([0, 1]), "device": "cpu"}
GRID = {"images": np.ones((2, 3, 3)), "titles": ["a", "b"], "columns": 2, "diverging": False}
OPTIONS: dict[str, Arguments] = {
    "leaky_relu": {"slope": 0.1},
    "elu": {"alpha": 1.0},
    "constant": {"value": 0.5},
    "sign": {"scale": 0.5},
    "uniform": {"limit": 0.5},
    "normal": {"std": 0.5},
    "xavier_uniform": {"gain": 1.0},
    "xavier_normal": {"gain": 1.0},
    "orthogonal": {"gain": 1.0},
    "he_uniform": {"slope": 0.1, "mode": "fan_in"},
    "he_normal": {"slope": 0.1, "mode": "fan_in"},
}

Call = tuple[Callable[..., Any], Callable[[], Arguments]]


def always(**arguments: Any) -> Callable[[], Arguments]:
    """Return the same arguments for each call: none of them is changed by it."""
    return lambda: dict(arguments)


def of(room: str, *calls: Call) -> dict[str, Call]:
    """Name calls by the folder and the function; further ones of a function are numbered."""
    named: dict[str, Call] = {}
    for call in calls:
        name = f"{room}.{call[0].__name__}"
        while name in named:
            name += "'"
        named[name] = call
    return named


CALLS: dict[str, Call] = {
    **of(
        "activations",
        *(
            (phi.function, always(x=np.ones(2), **OPTIONS.get(n, {})))
            for n, phi in ACTIVATIONS.items()
        ),
        *(
            (phi.derivative, always(x=np.ones(2), **OPTIONS.get(n, {})))
            for n, phi in ACTIVATIONS.items()
        ),
        (activations.softmax, always(x=np.ones(2), axis=0)),
    ),
    **of(
        "initializers",
        *(
            (draw, lambda n=n: {"shape": (3, 2), "rng": rng(), **OPTIONS.get(n, {})})
            for n, draw in INITIALIZERS.items()
        ),
        (initializers.fans, always(shape=(3, 2))),
        (initializers.variance_scaling, always(scale=1.0, mode="fan_in", distribution="normal")),
        (
            initializers.fill,
            lambda: {"tensor": torch.empty(3, 2), "name": "he_normal", "generator": rng()},
        ),
        (
            initializers.initialize,
            lambda: {"model": network(), "name": "he_normal", "generator": rng(), "slope": 0.1},
        ),
        (
            initializers.lsuv,
            lambda: {"model": network(), "batch": pair()["x"], "tolerance": 0.5, "rescalings": 9},
        ),
        (initializers.mup, always(role="hidden", fan_in=64, base=32, gain=1.0)),
        (
            initializers.draw_rows,
            always(
                **{"shape": (4, 3), "rows": range(1), "seed": 0},
                **{"scale": 2.0, "mode": "fan_avg", "distribution": "uniform"},
            ),
        ),
        (
            initializers.materialize,
            lambda: {
                "model": nn.Linear(3, 2, device="meta"),
                "generator": torch.Generator(),
                "device": "cpu",
            },
        ),
    ),
    **of(
        "theory",
        (theory.gaussian_mean, always(function=square, variance=1.0)),
        (theory.kernel, always(function=square, q=1.0, c=0.5)),
        (theory.length_map, always(q=1.0, **MAP)),
        (theory.correlation_map, always(c=0.5, q=1.0, **MAP)),
        (theory.chi, always(q=1.0, activation="tanh", sigma_w=1.5)),
        (theory.fixed_point, always(**MAP)),
        (theory.depth_scale, always(**MAP)),
        (theory.critical_line, always(activation="tanh", q=1.0)),
        (theory.gain, always(activation="tanh", direction="backward")),
        (
            theory.variance_per_layer,
            always(activation="tanh", widths=[4, 3, 2], weight_variance=0.1, q0=1.0),
        ),
    ),
    **of("data", (data.load_cifar10, always(subset=True)), (data.image_tensors, always(**IMAGES))),
    **of("device", (device.generator, always(seed=0, device="cpu")), (device.rng, always(seed=0))),
    **of(
        "networks",
        (networks.mlp, always(widths=[4, 3, 2], activation="relu", multipliers=[1.0, 0.5])),
        (networks.mnist_cnn, always(activation="relu")),
        (networks.cifar_cnn, always(activation="relu", channels=(2, 2), size=8)),
        (networks.speech_cnn, always(activation="relu", depth=2)),
        (networks.char_rnn, always(activation="tanh", hidden=3, characters=4)),
        (
            networks.residual_mlp,
            always(
                **{"n_in": 4, "n_out": 2, "width": 3, "blocks": 2},
                **{"scale": 0.5, "learned": True, "norm": nn.LayerNorm},
            ),
        ),
        (
            networks.gpt,
            always(
                **{"characters": 5, "context": 3, "width": 4, "blocks": 1, "heads": 2},
                **{"feed_forward": "gelu", "norm": nn.LayerNorm, "tied": False},
            ),
        ),
        (networks.pool_first, lambda: {"model": networks.mnist_cnn()}),
    ),
    **of(
        "training",
        (training.fit, fit),
        (training.evaluate, lambda: {"model": network(), "batch_size": 4, **judged()}),
        (training.in_parallel, always(functions=[lambda: 1])),
        (training.in_processes, always(function=lambda rank: rank, processes=1)),
        (training.progress, always(iterable=[1], description="text")),
    ),
    **of(
        "ensemble",
        (ensemble.train_ensemble, train_ensemble),
        (
            ensemble.evaluate_ensemble,
            lambda: {"networks": [network(0), network(1)], "batch_size": 4, **judged()},
        ),
        (
            ensemble.sharpness,
            lambda: {"networks": [network(0), network(1)], "iterations": 4, **judged()},
        ),
        (ensemble.train_recurrent, train_recurrent),
        (ensemble.rnn_states, partial(states, 1, activation="tanh")),
        (ensemble.lstm_states, partial(states, 4)),
    ),
    **of("probes", (probes.probe, lambda: {"model": network(), **judged()})),
    **of(
        "experiments",
        (experiments.sweep, sweep),
        (experiments.starts, lambda: {"network": network, "seed": [0, 1], **judged()}),
        (experiments.layer_statistics, lambda: {"model": network(), **judged()}),
        (experiments.tabulate, always(function=lambda n: n, n=[1, 2])),
        (
            experiments.best,
            lambda: {"values": results(), "over": "lr", "mode": "max", "seed": "seed"},
        ),
        (experiments.best, lambda: {"values": results(), "tolerance": 0.0}),
        (experiments.difference, lambda: {"a": results(), "b": results() / 2, "over": "seed"}),
    ),
    **of(
        "evidence",
        (evidence.condition, always(**NEAR)),
        (evidence.condition, always(**BETWEEN)),
        (evidence.check, always(**NEAR)),
        (evidence.check, always(**BETWEEN)),
        (evidence.check, always(statement="value", value=True)),
        (evidence.about, always(value=1.0, digits=2)),
        (evidence.claim, lambda: settled("S1-26", verdict="broken")),
        (evidence.claim, always(id="S1-26", verdict="broken", measured="seen", holds=True)),
        (evidence.reproduction, lambda: settled("R05")),
    ),
    **of("explorers", (explorers.explorer, always(name="signal", state="depth=3"))),
    **of(
        "plotting",
        (
            plotting.band,
            lambda: {"ax": plt.subplots()[1], "x": [0, 1], "runs": [[1.0, 2.0]], "label": "a"},
        ),
        (plotting.strip_on, lambda: {"ax": plt.subplots()[1], "groups": {"a": [1.0, 2.0]}}),
        (plotting.image_grid, always(**GRID)),
        (plotting.confusion_matrix, always(counts=[[1, 2], [3, 4]], classes=["a", "b"])),
        (plotting.heat_map, heat_map),
        (plotting.strip, strip),
        (plotting.curves, curves),
        (plotting.layers, layers),
    ),
    **of(
        "widgets",
        (
            widgets.explore,
            lambda: {"draw": lambda n: plt.figure(), "n": ipywidgets.IntSlider(description="n")},
        ),
        (widgets.explore_start, start),
        (widgets.start_mean_squares, lambda: {**start(), "width": 5}),
    ),
}
