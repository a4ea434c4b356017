"""The benchmark of the grid trains the same networks in every way, and as many as it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from benchmarks import grid as benchmark
from helpers.device import generator

SMALL = replace(benchmark.GRIDS[0], activations=("tanh", "relu"), seeds=2, width=8, steps=5)


def test_every_way_trains_the_same_networks() -> None:
    examples = SMALL.steps * SMALL.batch
    x = torch.randn(examples, 196, generator=generator(1))
    y = torch.randint(10, (examples,), generator=generator(2))
    trained = []
    for way in benchmark.WAYS:
        columns = SMALL.columns()
        way(SMALL, columns, x, y)
        networks = [network for column in columns for network in column]
        trained.append(torch.cat([p.detach().flatten() for n in networks for p in n.parameters()]))
    torch.set_flush_denormal(False)
    for other in trained[1:]:
        torch.testing.assert_close(other, trained[0], rtol=0, atol=1e-5)


def test_table_has_a_row_for_each_depth(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    try:
        benchmark.main(["--smoke"])
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[4:]]
    assert [(row[0].strip(), row[1].strip()) for row in rows] == [("2", "12"), ("3", "12")]


@pytest.mark.parametrize("grid", benchmark.GRIDS)
def test_grids_are_of_the_size_that_is_stated(grid: benchmark.Grid) -> None:
    assert grid.networks == 144
    assert (grid.width, grid.batch, grid.steps) == (48, 32, 100)
