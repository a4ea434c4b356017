import random
import subprocess
import sys
from functools import partial
from importlib.metadata import packages_distributions, requires
from pkgutil import iter_modules

import numpy as np
import pytest
import torch
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from torch import nn

import helpers
from helpers.activations import ACTIVATIONS
from helpers.audit import audit
from helpers.data import (
    image_tensors,
    load_cifar10,
    load_japanese_vowels,
    load_mnist,
    load_names,
)
from helpers.device import generator, pick_device, rng
from helpers.initializers import INITIALIZERS, initialize, lsuv, materialize
from helpers.networks import char_rnn, cifar_cnn, mlp, mnist_cnn, speech_cnn
from helpers.probes import probe
from helpers.training import evaluate, fit, in_parallel
from tools.patience import patience

MODULES = [f"helpers.{module.name}" for module in iter_modules(helpers.__path__)]

IMPORT_EACH_ALONE = """
import os, random, sys, warnings
from importlib import import_module

import ipywidgets, joblib, matplotlib.pyplot, numpy, torch, tqdm.auto, xarray
import scipy.special, scipy.stats

def state():
    return repr([
        random.getstate(), numpy.random.get_state(), torch.get_rng_state().tolist(),
        torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled(),
        numpy.get_printoptions(), numpy.geterr(), warnings.filters,
        dict(matplotlib.rcParams), matplotlib.pyplot.get_fignums(),
        dict(os.environ), os.getcwd(), os.listdir(), sys.path,
    ])

for name in sys.argv[1:]:
    for loaded in [module for module in sys.modules if module.split(".")[0] == "helpers"]:
        del sys.modules[loaded]
    before = state()
    import_module(name)
    assert state() == before, f"importing {name} changed the state of the process"
"""

IMPORT_WITHOUT_TORCH = """
import sys
from importlib import import_module

import_module(sys.argv[1])
assert "torch" not in sys.modules, "torch was imported"
"""

WITHOUT_THE_COURSE = """
import sys
from importlib import import_module
from traceback import format_exc
import scipy.integrate, scipy.special, scipy.stats, torch

REMEDY = '# pip install "good-start[course]"'  # a traceback shows the line with its comment
for package in sys.argv[1].split(","):
    sys.modules[package] = None  # its import fails, as where it is not installed
for name in sys.argv[2:]:
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        assert error.name.split(".")[0] in sys.argv[1].split(","), error
        assert REMEDY in format_exc(), f"no remedy beside the import of {error.name}"
        print(name.removeprefix("helpers."))
"""


AUDIT_ALONE = """
import sys
import numpy, scipy.integrate, scipy.special, scipy.stats, torch

ours = {name.partition(".")[0] for name in sys.modules} | {"helpers"}
from helpers.audit import audit

model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
repr(audit(model, torch.ones(8, 4)))
added = {name.partition(".")[0] for name in sys.modules} - ours - sys.stdlib_module_names
assert not added, f"the audit imports {sorted(added)}"
"""


def run(program, *arguments, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=patience(300),
    )


def test_importing_a_module_changes_nothing_and_prints_nothing(tmp_path):
    done = run(IMPORT_EACH_ALONE, *MODULES, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("module", ["helpers", "helpers.activations", "helpers.initializers"])
def test_what_is_taught_by_formula_does_not_import_torch(module, tmp_path):
    done = run(IMPORT_WITHOUT_TORCH, module, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_course_alone_is_missed_without_its_extra(tmp_path):
    asked = map(Requirement, requires("good-start"))
    course = {item.name for item in asked if 'extra == "course"' in str(item.marker)}
    course.remove("sympy")  # torch needs it as well
    missing = [
        package
        for package, found in packages_distributions().items()
        if {canonicalize_name(name) for name in found} & course
    ]
    assert {"matplotlib", "xarray", "yaml"} <= set(missing)
    done = run(WITHOUT_THE_COURSE, ",".join(missing), *MODULES, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {
        *("_progress", "training", "ensemble"),  # tqdm
        *("evidence", "experiments", "explorers", "plotting", "widgets"),
    }


def test_the_audit_needs_numpy_scipy_and_torch_alone(tmp_path):
    done = run(AUDIT_ALONE, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


X, Y = torch.linspace(-1, 1, 24).reshape(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])


def network():
    model = nn.Sequential(*mlp([4, 5]), nn.Dropout(0.5), *mlp([5, 3]))
    return initialize(model, "he_normal", generator=rng(0))


def train():
    model = network().eval()
    model.train = lambda mode=True: model  # dropout draws from the global generator by design
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    settings = {"epochs": 2, "batch_size": 4, "generator": generator(0), "progress": False}
    return fit(model, X, Y, optimizer=optimizer, validation=(X, Y), **settings).loss


def weights(model):
    return [parameter.tolist() for parameter in model.parameters()]


def initialized(name, make_generator):
    options = {"value": 0.5} if name == "constant" else {}
    return weights(initialize(mlp([4, 4, 4]), name, generator=make_generator(0), **options))


CALLS = {
    "pick_device": pick_device,
    "generator": lambda: torch.rand(3, generator=generator(0)),
    "rng": lambda: rng(0).random(3),
    "load_mnist": lambda: load_mnist().test_labels,
    "load_cifar10": lambda: load_cifar10().test_labels,
    "load_japanese_vowels": lambda: load_japanese_vowels().test_speakers,
    "load_names": lambda: load_names().female,
    "image_tensors": lambda: image_tensors(np.zeros((2, 3, 3), np.uint8), np.array([0, 1])),
    "mlp": lambda: weights(mlp([4, 5, 3])),
    "mnist_cnn": lambda: weights(mnist_cnn())[-1],
    "cifar_cnn": lambda: weights(cifar_cnn())[-1],
    "speech_cnn": lambda: weights(speech_cnn())[-1],
    "char_rnn": lambda: weights(char_rnn())[-1],
    "fit": train,
    "evaluate": lambda: evaluate(network(), X, Y),
    "probe": lambda: probe(network().eval(), X, Y),
    "audit": lambda: audit(network().eval(), X),
    "lsuv": lambda: weights(lsuv(network().eval(), X)),
    "materialize": lambda: materialize(nn.LSTM(3, 2, device="meta"), torch.Generator()),
    "in_parallel": lambda: in_parallel([train, train]),
    **{f"module of {name}": lambda phi=phi: phi.module()(X) for name, phi in ACTIVATIONS.items()},
    **{f"numpy {name}": partial(initialized, name, rng) for name in INITIALIZERS},
    **{f"torch {name}": partial(initialized, name, generator) for name in INITIALIZERS},
}


def set_global_seeds(seed):
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def global_state():
    return repr([random.getstate(), np.random.get_state(), torch.get_rng_state().tolist()])  # noqa: NPY002


@pytest.mark.parametrize("call", CALLS)
def test_no_helper_reads_or_changes_global_random_state(call):
    results = []
    for seed in range(2):
        set_global_seeds(seed)
        before = global_state()
        results.append(repr(CALLS[call]()))
        assert global_state() == before
    assert results[0] == results[1]


def test_a_probe_of_a_noisy_network_leaves_the_global_random_state():
    set_global_seeds(0)
    before = global_state()
    probe(network().train(), X, Y)
    assert global_state() == before
