"""No bad input breaks or fools a public function.

One argument of a sound call is replaced by what does not fit. The function says so, with the name
of the argument, before anything else happens; or it is in the table of what fits after all.
"""

from __future__ import annotations

import importlib
import inspect
import re
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from helpers.evidence import EvidenceError
from tests.project.calls import CALLS
from tools.patience import patience

ROOMS = (
    *("activations", "initializers", "theory", "data", "device", "networks", "training"),
    *("ensemble", "probes", "experiments", "evidence", "explorers", "plotting", "widgets"),
)
SECONDS = 5
SLOW = {"training.in_processes": 60}
"""Seconds of a call that starts a process."""


def fail(*_: object, **__: object) -> None:
    raise RuntimeError("a fault of its own")


BAD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "text": lambda: "no such thing",
    "bytes": lambda: b"relu",
    "object": lambda: object(),
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: -float("inf"),
    "-1": lambda: -1,
    "0": lambda: 0,
    "0.5": lambda: 0.5,
    "1e300": lambda: 1e300,
    "10**30": lambda: 10**30,
    "10**400": lambda: 10**400,
    "complex": lambda: 1 + 2j,
    "[]": lambda: [],
    "{}": lambda: {},
    "set": lambda: {1.5},
    "iterator": lambda: iter([1, 2]),
    "ragged": lambda: [[1.0], [1.0, 2.0]],
    "names": lambda: ["a", "b"],
    "[None]": lambda: [None],
    "[nan]": lambda: [float("nan")],
    "[-1]": lambda: [-1.0],
    "0-d": lambda: np.array(2.0),
    "empty": lambda: np.empty((0, 3)),
    "masked": lambda: np.ma.masked_array([1.0, 2.0], [False, True]),
    "objects": lambda: np.array([object(), None]),
    "dates": lambda: np.array(["2020-01-01"], "datetime64[D]"),
    "complex array": lambda: np.array([1 + 2j]),
    "4-d": lambda: np.full((2, 2, 2, 2), 0.5),
    "with gradient": lambda: torch.ones(2, requires_grad=True),
    "bfloat16": lambda: torch.ones(2, dtype=torch.bfloat16),
    "meta": lambda: torch.ones(2, device="meta"),
    "complex tensor": lambda: torch.ones(2, dtype=torch.complex64),
    "sparse": lambda: torch.eye(2).to_sparse(),
    "integers": lambda: torch.ones(2, dtype=torch.int32),
    "booleans": lambda: torch.ones(2, dtype=torch.bool),
    "NaN tensor": lambda: torch.full((6, 4), torch.nan),
    "0-d tensor": lambda: torch.tensor(1.0),
    "empty tensor": lambda: torch.empty(0, 4),
    "no device": lambda: "cuda:99",
    "takes nothing": lambda: lambda: 0.0,
    "returns None": lambda: lambda *a, **k: None,
    "returns a text": lambda: lambda *a, **k: "text",
    "fails": lambda: fail,
    "class": lambda: int,
    "module": lambda: nn.Identity(),
    "DataArray": lambda: xr.DataArray([1.0, 2.0], dims="other"),
    "Dataset": lambda: xr.Dataset({"other": ("other", [1.0])}),
}

FROM_0 = "True, 0, 0.5, 1e300, 10**30"
SMALL_FROM_0 = "True, 0, 0.5, 10**30"
NUMBERS = "True, -1, 0, 0.5, 1e300, 10**30"
SMALL = "True, -1, 0, 0.5, 10**30"
TEXTS = "text, no device"
TENSORS = "integers, booleans, 0-d tensor, empty tensor, DataArray"
LENGTHS = f"True, 0, 0.5, 1e300, [], 0-d, empty, 4-d, {TENSORS}"
CORRELATIONS = f"True, -1, 0, 0.5, [], [-1], empty, 4-d, {TENSORS}"
ANY = f"{LENGTHS}, nan, inf, -inf, -1, [nan], [-1], NaN tensor"
MEASURED = f"{ANY}, with gradient, bfloat16"
FITS: dict[str, str] = {
    **dict.fromkeys(["scale", "limit", "std", "tolerance", "q0"], FROM_0),
    **dict.fromkeys(["gain", "sigma_w", "sigma_b"], SMALL_FROM_0),
    **dict.fromkeys(["slope", "alpha", "value"], NUMBERS),
    **dict.fromkeys(["statement", "measured", "label", "description"], TEXTS),
    **dict.fromkeys(["validation", "row", "hue", "theory", "measure", "y", "scheduler"], "None"),
    **dict.fromkeys(["subset", "holds", "diverging", "lines", "progress"], "True"),
    **dict.fromkeys(["variance", "q"], f"{LENGTHS}, inf"),
    "c": CORRELATIONS,
    "shape": "iterator, integers, booleans",
    "height": "True, 0.5",
    "seed": "0, 10**30, 10**400",
    "validate_every": "None",
    "references": "None, {}, Dataset",
    "activations:x": ANY,
    "activations.softmax:x": "[nan], [-1], 4-d, integers, booleans, NaN tensor, DataArray",
    "activations.softmax:axis": "-1, 0",
    "initializers.fill:tensor": "NaN tensor",
    "initializers.orthogonal:gain": FROM_0,
    "initializers.mup:gain": FROM_0,
    "initializers.he_uniform:slope": SMALL,
    "initializers.he_normal:slope": SMALL,
    "initializers.initialize:slope": SMALL,
    "initializers.lsuv:tolerance": "True, 0.5, 1e300, 10**30",
    "initializers.materialize:model": "module",
    "theory:function": "module",
    "theory.correlation_map:q": LENGTHS,
    "theory.critical_line:q": LENGTHS,
    "theory.variance_per_layer:weight_variance": LENGTHS,
    "data.image_tensors:labels": "integers",
    "networks.mlp:multipliers": "None",
    "networks.residual_mlp:scale": SMALL,
    "networks.residual_mlp:norm": "None",
    "networks.residual_mlp:learned": "True",
    "networks.gpt:norm": "None",
    "networks.gpt:tied": "True",
    "training.evaluate:model": "module",
    "training.in_parallel:functions": "[]",
    "training.in_processes:function": "returns None, returns a text, class, module",
    "training.progress:iterable": ", ".join(BAD),
    "ensemble:lr": f"{FROM_0}, 0-d, {TENSORS}, with gradient, bfloat16",
    "ensemble.train_recurrent:clip": "True, 0.5, 1e300, 10**30",
    "probes.probe:model": "module",
    "experiments.sweep:lr": f"{FROM_0}, 0-d, 0-d tensor, takes nothing",
    "experiments.sweep:validation": "None, returns None",
    "experiments.sweep:validate_every": "None, returns None",
    "experiments.starts:seed": "None, True, 0, 10**30, 10**400",
    "experiments.tabulate:n": ANY,
    "explorers.explorer:state": TEXTS,
    "evidence:value": MEASURED,
    "evidence:expected": MEASURED,
    "evidence:above": f"None, {MEASURED}",
    "evidence:below": f"None, {MEASURED}",
    "evidence:tolerance": f"{FROM_0}, 0-d, 0-d tensor",
    "plotting.band:x": TENSORS,
    "plotting.band:runs": TENSORS,
    "plotting.strip_on:groups": "{}, Dataset",
    "plotting.image_grid:titles": "None, names",
    "plotting.confusion_matrix:classes": "names",
    "plotting.heat_map:limits": f"None, {TENSORS}",
    "plotting.layers:relative": "[]",
    "widgets.explore_start:scale": "True, 0.5",
    "widgets.explore_start:seed": "0",
    "widgets.start_mean_squares:scale": SMALL,
}
"""What fits after all, by the argument: of all functions, of a folder, or of one function."""

WORDS = {
    "explorers:name": "explorer",
    "initializers:name": "initializer",
    "initializers:tensor": "tensor|shape",
    "experiments:over": "dimension",
    "experiments:values": "values|dimension",
    "experiments:a": "a|dimension",
    "experiments:b": "b|dimension",
    "experiments:seed": "seed|the one setting",
    "experiments:n": "n|the one setting",
    "experiments:function": "function|fails at|setting",
    "experiments:network": "network|settings?",
    "evidence:value": "value|measurement",
    "evidence:id": "id|claim|reproduction",
    "plotting:values": "values|dimension",
    "plotting:theory": "theory|dimension",
    "plotting:seen": "seen|variable",
    **dict.fromkeys(
        ["plotting:hue", "plotting:row", "plotting:y", "plotting:x"],
        "x|dimension|choose one label",
    ),
    **dict.fromkeys(
        [f"experiments.sweep:{name}" for name in ("data", "validation", "batch_size", "steps")]
        + [f"experiments.sweep:{name}" for name in ("lr", "optimizer", "validate_every")],
        "data|validation|batch_size|steps|lr|optimizer|validate_every|function of settings",
    ),
}
"""What a message calls an argument, where its name does not stand in it."""


class TooLongError(BaseException):
    """Not an Exception: no helper catches it."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Stop what takes longer."""

    def stop(*_: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(name: str, argument: str, label: str) -> str:
    """Call with a bad value; return what became of it: "returned", "clear", or the fault."""
    function, arguments = CALLS[name]
    bad = BAD[label]()
    try:
        with limited(patience(SLOW.get(name, SECONDS))):
            function(**arguments() | {argument: bad})
    except EvidenceError:
        return "clear"  # it was compared, and does not hold
    except TooLongError:
        return "takes too long"
    except (TypeError, ValueError) as error:
        named = re.search(rf"\b({_of(WORDS, name, argument, argument)})\b", str(error))
        return "clear" if named else f"does not name it: {error!r}"
    except Exception as error:
        return f"raises {error!r}"
    finally:
        plt.close("all")
    return "returned"


def _of(table: dict[str, str], name: str, argument: str, default: str) -> str:
    """Look up an argument: of the function, of its folder, of all functions."""
    name = name.rstrip("'")
    room, _, _ = name.partition(".")
    for key in (f"{name}:{argument}", f"{room}:{argument}", argument):
        if key in table:
            return table[key]
    return default


def fits(name: str, argument: str) -> set[str]:
    """Return the labels of what a function may take in the place of an argument."""
    return set(_of(FITS, name, argument, "").split(", "))


def is_from(each: Any, module: str) -> bool:
    return inspect.isfunction(each) and each.__module__ == module and each.__name__[0] != "_"


CASES = [(name, argument) for name, (_, arguments) in CALLS.items() for argument in arguments()]


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_sound(name: str) -> None:
    function, arguments = CALLS[name]
    assert set(arguments()) <= set(inspect.signature(function).parameters) | {"seed", "n", "slope"}
    function(**arguments())
    plt.close("all")


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_what_does_not_fit_is_refused_by_name(name: str, argument: str, capsys: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {label: outcome(name, argument, label) for label in BAD}
    faults = {label: what for label, what in found.items() if what not in {"clear", "returned"}}
    assert faults == {}
    taken = {label for label, what in found.items() if what == "returned"}
    assert taken - fits(name, argument) == set(), "was taken"
    capsys.readouterr()


def test_every_public_function_is_called() -> None:
    called = {inspect.unwrap(function) for function, _ in CALLS.values()}
    for room in ROOMS:
        module = importlib.import_module(f"helpers.{room}")
        own = [n for n, each in vars(module).items() if is_from(each, module.__name__)]
        for name in getattr(module, "__all__", own):
            each = getattr(module, name)
            if inspect.isfunction(each) and inspect.signature(each).parameters:
                assert inspect.unwrap(each) in called, f"no sound call of helpers.{room}.{name}"
