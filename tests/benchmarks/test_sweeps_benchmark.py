"""The benchmark of sweeps trains the same networks in every way, and as many as it says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks import sweeps as benchmark
from helpers.device import generator
from helpers.experiments import groups

SMALL = replace(benchmark.STUDIES[1], networks=8, width=8, depth=2, steps=5)
DASK = "`sweep`, two Dask workers"


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)


@pytest.fixture(autouse=True)
def _without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster takes seconds to start; the tests of the experiments start one."""
    ways = {name: way for name, way in benchmark.WAYS.items() if name != DASK}
    monkeypatch.setattr(benchmark, "WAYS", ways)
    monkeypatch.setattr(benchmark, "dask_workers", nullcontext)


def tables(text: str) -> list[list[list[str]]]:
    """Return the cells of the bodies of all Markdown tables in a text."""
    parts = [part for part in text.split("\n\n") if part.startswith("|")]
    return [[row.split("|")[1:-1] for row in part.strip().splitlines()[2:]] for part in parts]


def test_every_way_trains_the_same_networks() -> None:
    x = torch.randn(70, 196, generator=generator(1))
    y = torch.randint(10, (70,), generator=generator(2))
    losses = []
    for train, configured in benchmark.WAYS.values():
        with configured():
            losses.append(train(SMALL, x, y))
    assert losses[0].shape == (8, 5)
    assert len(np.unique(losses[0][:, 0])) == 2, "two seeds"
    assert len(np.unique(losses[0][:, -1])) == 8
    for other in losses[1:]:
        np.testing.assert_allclose(other, losses[0], rtol=0, atol=1e-4)


def test_there_are_three_tables(capsys: pytest.CaptureFixture[str]) -> None:
    largest = groups.LARGEST
    benchmark.main(["--smoke"])
    ways, growth, sizes = tables(capsys.readouterr().out)
    assert [row[0].strip() for row in ways] == list(benchmark.WAYS)
    assert [len(row) for row in ways] == [5] * len(benchmark.WAYS)
    assert ways[0][2].strip() == "1.0"
    assert [row[0].strip() for row in growth] == ["8"]
    assert all(float(cell) >= 0 for cell in growth[0])
    assert [row[0].strip() for row in sizes] == ["1", "8"]
    assert all(float(cell) > 0 for row in sizes for cell in row)
    assert largest == groups.LARGEST


def test_studies_are_of_the_size_that_is_stated() -> None:
    shapes = [(s.width, s.inputs, s.batch, s.networks, s.depth, s.steps) for s in benchmark.STUDIES]
    assert shapes == [(64, 784, 64, 64, 5, 100), (48, 196, 32, 64, 5, 100)]
    for study in benchmark.STUDIES:
        x, y = study.pictures()
        assert len(x) == len(y) == 6400
        network = study.network(0)
        assert network(x[:2]).shape == (2, 10)
        assert network.linear2.weight.shape == (study.width, study.width)
        assert len(study.points()) == study.networks
