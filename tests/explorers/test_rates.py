"""The trainings that an explorer shows are those that the helpers compute."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from tests.explorers.fixtures import stored_runs
from tools import rates

STEPS = 100
MOST_BYTES = 8_000
POINTS = 2
"""Percent: another processor rounds otherwise, and a deep network carries that on."""


@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.03), ("adam", 0.001)])
def test_a_part_is_computed_anew(optimizer: str, rate: float) -> None:
    scales = [0.5, 1]
    computed = 100 * rates.shares(optimizer, scales, [rate], steps=STEPS)
    rows = np.array(stored_runs()[optimizer]["right"])
    rows = rows[[rates.SCALES.index(each) for each in scales], rates.RATES[optimizer].index(rate)]
    stored = rows[:, : STEPS // rates.EVERY]
    np.testing.assert_allclose(stored, computed.isel(lr=0), atol=POINTS)
    assert stored.max() - stored.min() > 5 * POINTS


def test_what_diverged_counts_as_a_guess() -> None:
    computed = rates.shares("sgd", [4], [1], steps=2 * rates.EVERY)
    assert computed.isel(block=1).item() == pytest.approx(0.1)


def test_all_of_them_are_there_and_small() -> None:
    runs = stored_runs()
    assert {name: each["rates"] for name, each in runs.items()} == rates.RATES
    for each in runs.values():
        shape = (len(rates.SCALES), len(each["rates"]), rates.STEPS // rates.EVERY)
        assert np.shape(each["right"]) == shape
    assert len(gzip.compress(rates.FILE.read_bytes())) < MOST_BYTES
