from itertools import combinations, product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.device import generator, pick_device, rng


def torch_numbers(seed):
    return torch.rand(4, generator=generator(seed)).tolist()


def numpy_numbers(seed):
    return rng(seed).random(4).tolist()


DRAWS = [torch_numbers, numpy_numbers]


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_pick_device_prefers_cuda_then_mps_then_cpu(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device() == torch.device(expected)


@pytest.mark.parametrize("draw", DRAWS)
@given(seed=st.integers(0, 2**40))
def test_the_same_seed_gives_the_same_numbers(draw, seed):
    assert draw(seed) == draw(seed)
    assert draw(seed) == draw(np.int64(seed))
    assert draw(seed) != draw(seed + 1)


@pytest.mark.parametrize("draw", DRAWS)
def test_course_seed_selects_another_stream_for_every_seed(monkeypatch, draw):
    streams = {}
    for shift, seed in product(range(4), range(4)):
        monkeypatch.setenv("COURSE_SEED", str(shift))
        streams[shift, seed] = draw(seed)
    assert all(streams[one] != streams[other] for one, other in combinations(streams, 2))


@pytest.mark.parametrize("draw", DRAWS)
def test_course_seed_is_zero_by_default(monkeypatch, draw):
    monkeypatch.setenv("COURSE_SEED", "0")
    shifted = draw(5)
    monkeypatch.delenv("COURSE_SEED")
    assert draw(5) == shifted


def test_generators_are_on_their_device():
    assert generator(0).device == torch.device("cpu")
    assert generator(0, torch.device("cpu")).device == torch.device("cpu")


@pytest.mark.parametrize("make", [generator, rng])
@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.0, TypeError), ("1", TypeError), (True, TypeError)]
)
def test_bad_seeds_are_rejected(make, seed, error):
    with pytest.raises(error, match=f"seed must be .*0.*{seed!r}"):
        make(seed)


@pytest.mark.parametrize("make", [generator, rng])
@pytest.mark.parametrize("shift", ["", "one", "-1", "1.5", "²"])
def test_a_bad_course_seed_is_rejected(monkeypatch, make, shift):
    monkeypatch.setenv("COURSE_SEED", shift)
    with pytest.raises(ValueError, match=f"COURSE_SEED must be a whole number.*{shift!r}"):
        make(0)


def test_an_unknown_device_is_rejected():
    with pytest.raises(ValueError, match="cpu, cuda or mps; got 'gpu'"):
        generator(0, "gpu")


@pytest.mark.parametrize(("shift", "seed"), [(0, 3), (2, 0)])
def test_the_numbers_of_a_seed_stay_the_same(monkeypatch, shift, seed):
    monkeypatch.setenv("COURSE_SEED", str(shift))
    expected = np.random.default_rng([shift, seed]).random(3)
    np.testing.assert_array_equal(rng(seed).random(3), expected)
