"""Rows that are drawn apart belong to one weight, however many processes draw them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats

from helpers.audit import equal_rows
from helpers.initializers import draw_rows, fans
from helpers.training import in_processes

SHAPE = (48, 20)
MODES = ("fan_in", "fan_out", "fan_avg")


def in_parts(parts: int, shape: tuple[int, ...] = SHAPE, seed: int = 0) -> np.ndarray:
    """Draw a weight as so many shards and join them."""
    rows = np.array_split(np.arange(shape[0]), parts)
    ranges = [range(part[0], part[-1] + 1) for part in rows]
    return np.concatenate([draw_rows(shape, part, seed) for part in ranges])


@pytest.mark.parametrize("shape", [SHAPE, (48, 5, 3, 3)])
@pytest.mark.parametrize("parts", [1, 2, 4, 5, 48])
def test_shards_are_parts_of_one_weight_whatever_their_number(
    parts: int, shape: tuple[int, ...]
) -> None:
    whole = draw_rows(shape, range(shape[0]), 0)
    assert whole.shape == shape
    assert np.array_equal(in_parts(parts, shape), whole)


def test_two_processes_draw_what_one_draws() -> None:
    def shard(rank: int) -> np.ndarray:
        return draw_rows(SHAPE, range(24 * rank, 24 * rank + 24), 7)

    assert np.array_equal(np.concatenate(in_processes(shard)), in_parts(1, seed=7))


def test_no_two_rows_are_equal_and_each_seed_has_its_own() -> None:
    shards = {f"seed {seed}": torch.from_numpy(in_parts(2, seed=seed)) for seed in range(20)}
    assert equal_rows(shards) == []


@pytest.mark.parametrize("rows", [range(0), range(5, 5), range(47, 48), range(3, 20, 4)])
def test_any_rows_can_be_drawn(rows: range) -> None:
    assert np.array_equal(draw_rows(SHAPE, rows, 0), in_parts(1)[list(rows)])


@pytest.mark.parametrize(("mode", "distribution"), list(product(MODES, ("normal", "uniform"))))
def test_the_law_is_that_of_the_whole_weight(mode: str, distribution: str) -> None:
    shape = (400, 50)
    fan = dict(zip(MODES, (*fans(shape), np.mean(fans(shape))), strict=True))[mode]
    rows = range(100, 300)
    drawn = draw_rows(shape, rows, 3, scale=2, mode=mode, distribution=distribution)
    std = np.sqrt(2 / fan)
    law = {
        "normal": stats.norm(0, std),
        "uniform": stats.uniform(-np.sqrt(3) * std, 2 * np.sqrt(3) * std),
    }
    assert stats.kstest(drawn.ravel(), law[distribution].cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"shape": (4,)}, ValueError, "shape"),
        ({"rows": [0, 1]}, TypeError, "rows must be a range"),
        ({"rows": range(47, 49)}, ValueError, r"rows must be from 0 to 47; got range\(47, 49\)"),
        ({"rows": range(-1, 2)}, ValueError, "rows must be from 0 to 47"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 0.5}, TypeError, "seed"),
        ({"scale": -1}, ValueError, "scale"),
        ({"mode": "fan"}, ValueError, "mode"),
        ({"distribution": "cauchy"}, ValueError, "distribution"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        draw_rows(**{"shape": SHAPE, "rows": range(2), "seed": 0} | given)
