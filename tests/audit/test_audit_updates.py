"""The size of the first step, and rows that are equal across tensors."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from helpers.audit import equal_rows, first_step
from tests.audit.auditing import X, Y, everything, floats, guess, network

Optimizer = Callable[[Any], torch.optim.Optimizer]

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1),
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, 1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, 1e-3, weight_decay=0.1),
    "adafactor": lambda p: torch.optim.Adafactor(p),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 1e-3),
}


def rms(tensor: torch.Tensor) -> float:
    return tensor.detach().square().mean().sqrt().item()


def one_step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    guess(model(X)).backward()
    optimizer.step()


@pytest.mark.parametrize("trained", [False, True], ids=["fresh", "trained"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_step_is_the_optimizer_s_own_and_is_not_taken(name: str, trained: bool) -> None:
    model = network()
    optimizer = OPTIMIZERS[name](model.parameters())
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer)  # it wraps the optimizer's step
    if trained:
        one_step(model, optimizer)
        scheduler.step()
    before, state = everything(model), repr(optimizer.state_dict())
    said = first_step(model, X, guess, optimizer)
    assert everything(model) == before
    assert repr(optimizer.state_dict()) == state
    old = copy.deepcopy(model)
    one_step(model, optimizer)
    for (key, new), was in zip(model.named_parameters(), old.parameters(), strict=True):
        expected = rms(new - was) / rms(was) if rms(was) else math.inf
        assert said[key] == pytest.approx(expected, rel=1e-4), key


def test_a_weight_of_0_moves_infinitely_far_and_one_without_gradient_not_at_all() -> None:
    model = network()
    nn.init.zeros_(model.linear4.weight)
    said = first_step(model, X, guess, torch.optim.SGD(model.parameters(), 0.1))
    assert said["linear4.weight"] == math.inf
    assert said["linear1.weight"] == said["linear1.bias"] == 0.0


def test_only_what_the_optimizer_holds_is_named() -> None:
    model = network()
    said = first_step(model, X, guess, torch.optim.SGD(model.linear2.parameters(), 0.1))
    assert list(said) == ["linear2.weight", "linear2.bias"]


BAD: dict[str, tuple[Callable[[nn.Module], Any], type[Exception], str]] = {
    "no optimizer": (lambda model: 0.1, TypeError, "must be a torch.optim.Optimizer; got 0.1"),
    "another model's": (
        lambda model: torch.optim.SGD(network().parameters(), 0.1), ValueError, "no parameter of"
    ),
    "with a function": (
        lambda model: torch.optim.LBFGS(model.parameters()), TypeError, "step of LBFGS must need no"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_optimizer_that_cannot_step_is_refused(name: str) -> None:
    make, error, message = BAD[name]
    model = network()
    before = everything(model)
    with pytest.raises(error, match=message):
        first_step(model, X, guess, make(model))
    assert everything(model) == before


# Equal rows


def test_shards_from_one_seed_have_equal_rows() -> None:
    same = {f"rank {i}": floats(4, 6, seed=1) for i in range(3)}
    assert equal_rows(same) == [[(name, row) for name in same] for row in range(4)]
    assert equal_rows({f"rank {i}": floats(4, 6, seed=i) for i in range(3)}) == []


def test_rows_of_one_number_and_rows_of_another_width_are_not_equal() -> None:
    assert equal_rows({"a": torch.zeros(3, 4), "b": torch.ones(2, 4)}) == []
    assert equal_rows({"a": torch.arange(3.0)[None], "b": torch.arange(4.0)[None]}) == []
    kernels = floats(2, 3, 5, 5)
    assert equal_rows({"a": kernels, "b": kernels[1:]}) == [[("a", 1), ("b", 0)]]


@pytest.mark.parametrize("given", [[X], {"a": Y.tolist()}])
def test_what_is_no_mapping_of_tensors_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="must map names to tensors"):
        equal_rows(given)
