"""What on a page counts as measured: what comes from data, a draw or a measurement, by any way."""

from __future__ import annotations

import ast
import time
import timeit
from importlib import import_module
from pkgutil import iter_modules

import numpy
import pytest
import torch

import helpers
from tools.flow import Flow
from tools.sources import SOURCES

SET_UP = """
import numpy as np, torch, keras
from torch import nn
from helpers import evidence
"""
MEASURED = [
    "m = load_mnist().train_images.mean()",
    "m = rng(0).normal()",
    "m = np.random.default_rng(0).normal()",
    "runs = sweep(network, lr=[1, 2])\nm = best(runs.loss.sel(lr=1)).mean('seed').item()",
    "from time import perf_counter\nstart = perf_counter()\nm = perf_counter() - start",
    "m = nn.Linear(3, 3).weight.var()",
    "m = type(keras.layers.Dense(3).kernel_initializer).__name__",
    "m = re.search('[0-9]+', nn.init.xavier_uniform_.__doc__).group(0)",
    "a, m = 3, SOURCE",
    "a, *m = SOURCE, 3",
    "[a, m] = SOURCE",
    "m: float = SOURCE",
    "m = a = SOURCE",
    "m = 0\nm += SOURCE",
    "if (m := SOURCE) > 0:\n    pass",
    "m = SOURCE if True else 0",
    "m = 0\nif True:\n    m = SOURCE\nelse:\n    m = 1",
    "try:\n    m = SOURCE\nexcept ValueError:\n    m = 0",
    "m = 0\ntry:\n    pass\nfinally:\n    m = SOURCE",
    "while (m := SOURCE) < 0:\n    pass",
    "m = 0\nfor i in range(3):\n    other = m\n    m = SOURCE\nm = other",
    "for name, m in {'a': SOURCE}.items():\n    pass",
    "with torch.no_grad():\n    m = SOURCE",
    "with probed(SOURCE) as m:\n    pass",
    "m = []\nm.append(SOURCE)",
    "m = {}\nm['a'] = SOURCE",
    "m = {}\nm.setdefault('a', []).append(SOURCE)",
    "m = {}\nm |= {'a': SOURCE}",
    "m = {}\nm['a'].update(b=SOURCE)",
    "class Box:\n    pass\nm = Box()\nm.value = SOURCE",
    "m = torch.empty(3)\nm.normal_(generator=generator(0))",
    "m = torch.empty(3)\nnn.init.normal_(m, generator=generator(0))",
    "m = build()\ninitialize(m, 'he_normal')",
    "m = [2 * value for value in [SOURCE]]",
    "m = {name: value for name, value in zip('ab', [SOURCE, 1])}",
    "m = sum(2 for value in range(3) if SOURCE > 0)",
    "def draw(seed):\n    return SOURCE\nm = draw(0)",
    "def draw(seed):\n    yield SOURCE\nm = list(draw(0))",
    "def draw(seed):\n    return SOURCE\nm = list(map(draw, range(3)))",
    "def half(value):\n    return value / 2\nm = half(SOURCE)",
    "def half(value):\n    return value / 2\nm = half(value=SOURCE)",
    "def half(*values):\n    return values[0]\nm = half(1, 2, SOURCE)",
    "def half(value):\n    return value\nm = half(*[SOURCE])",
    "def late():\n    return found\nfound = SOURCE\nm = late()",
    "def shake(net):\n    net.w += SOURCE\nm = build()\nshake(m)",
    "def outer(x):\n    def inner(y):\n        return y\n    return inner(x)\nm = outer(SOURCE)",
    "def deep(n):\n    return SOURCE if n == 0 else deep(n - 1)\nm = deep(3)",
    "laws = {'a': lambda shape, draws: draws.normal(size=shape)}\nm = laws['a'](3, rng(0))",
    "class Net(nn.Module):\n    def __init__(self):\n        self.w = nn.Linear(3, 3)\nm = Net()",
    "m = f'{SOURCE}'",
    "m = np.stack([SOURCE, 1]).T[0].mean(axis=0)",
]
TYPED = [
    "m = 1.1**50",
    "m = 2010",
    "m = np.linspace(-1, 1, 9).max()",
    "m = np.repeat([1], 3)",
    "m = nn.functional.relu(torch.tensor(-1.0))",
    "m = ACTIVATIONS['relu'].function(np.array([-1.0]))",
    "m = SOURCE\nm = 3",
    "m, a = 3, SOURCE",
    "a = {}\nm = 2\na[m] = SOURCE",
    "a = SOURCE\nm = [2 * a for a in range(3)]",
    "a = SOURCE\nm = (lambda a: 2 * a)(3)",
    "a = SOURCE\nfor a in range(3):\n    m = a",
    "a = SOURCE\ndef half(a):\n    return a / 2\nm = half(3)",
    "a = SOURCE\ndef half(x):\n    a = x / 2\n    return a\nm = half(3)",
    "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)\nm = fact(5)",
    "def draw():\n    value = SOURCE\n    return 3\nm = draw()",
    "a = SOURCE\ndef a(x):\n    return 3\nm = list(map(a, [1]))",
    "a = SOURCE\nnp.testing.assert_allclose(a, a)\nm = np.sqrt(2)",
    "a = SOURCE\nprint(a)\nplt.plot(a)\nm = plt.x",
    "w = torch.empty(3)\nw.normal_(generator=generator(0))\nm = torch.tensor(3.0)",
]


def measured(source: str) -> list[bool]:
    """Say of every check of a source, in the order of the text, whether its value is measured."""
    tree = ast.parse(SET_UP + source.replace("SOURCE", "rng(0).normal()"))
    seen = Flow([(1, tree)]).seen
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    checks = [call for call in calls if ast.unparse(call.func) == "evidence.check"]
    return [seen[call][1] for call in sorted(checks, key=lambda call: call.lineno)]


@pytest.mark.parametrize("source", MEASURED)
def test_what_is_measured_is_seen_by_any_way(source: str) -> None:
    assert measured(f"{source}\nevidence.check('it', m, above=1)") == [True]


@pytest.mark.parametrize("source", TYPED)
def test_what_is_typed_or_computed_is_not_measured(source: str) -> None:
    assert measured(f"{source}\nevidence.check('it', m, above=1)") == [False]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_exists(source: str) -> None:
    import keras  # once the fixture has chosen its backend

    package, _, rest = source.partition(".")
    known = {"np": numpy, "torch": torch, "time": time, "timeit": timeit, "keras": keras}
    rooms = [import_module(f"helpers.{each.name}") for each in iter_modules(helpers.__path__)]
    places = [known[package]] if rest else [*rooms, time, keras.random]
    assert any(callable(find(place, rest or source)) for place in places)


def find(place: object, name: str) -> object:
    """Return an attribute of an attribute, or None."""
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


def test_every_call_of_a_function_counts() -> None:
    hold = "def hold(value):\n    evidence.check('it', value, 1)\n"
    assert measured(f"{hold}hold(SOURCE)") == [True]
    assert measured(f"{hold}hold(3)") == [False]
    assert measured(f"{hold}hold(SOURCE)\nhold(3)") == [False]
    assert measured(f"{hold}hold(3)\nhold(SOURCE)") == [False]
    assert measured(f"{hold}for value in (1, SOURCE):\n    hold(value)") == [True]
    assert measured(f"{hold}widgets.explore(hold)") == [True]


def test_each_check_is_judged_where_it_stands() -> None:
    page = "m = 1\nevidence.check('a', m, 1)\nm = SOURCE\nevidence.check('b', m, 1)\nm = 2\n"
    assert measured(page + "evidence.check('c', m, 1)") == [False, True, False]
    loop = "m = 1\nfor i in range(3):\n    evidence.check('a', m, 1)\n    m = m + SOURCE\n"
    assert measured(loop) == [True]
    assert measured("[evidence.check(n, v, 1) for n, v in zip('ab', [SOURCE, 1])]") == [True]
    assert measured("[evidence.check(n, v, 1) for n, v in zip('ab', [1, 1])]") == [False]


def test_names_come_from_cell_to_cell() -> None:
    first, second = ast.parse("m = load_mnist()"), ast.parse("evidence.check('it', m.x.mean(), 1)")
    (values,) = [v for call, v in Flow([(1, first), (2, second)]).seen.items() if len(v) == 3]
    assert values == [False, True, False]
