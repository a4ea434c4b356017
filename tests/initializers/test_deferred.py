"""A model of the meta device gets memory and a start, and what nothing sets is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from helpers.initializers import materialize

META = {"device": "meta"}


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return dict([*model.named_parameters(), *model.named_buffers()])


def deferred(make: Callable[[], nn.Module], seed: int = 0) -> tuple[nn.Module, list[str]]:
    """Build a model on the meta device and materialize it."""
    with torch.device("meta"):
        model = make()
    return model, materialize(model, torch.Generator().manual_seed(seed))


class Own(nn.Module):
    """Tensors of every kind that nothing resets, beside a layer that resets itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.raw = nn.Parameter(torch.ones(3))
        self.register_buffer("mask", torch.ones(3, 3).tril().bool(), persistent=False)
        self.register_buffer("count", torch.arange(3))


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "Linear": lambda: nn.Linear(4, 3),
    "Conv2d": lambda: nn.Conv2d(2, 3, 3),
    "Embedding": lambda: nn.Embedding(5, 3, padding_idx=0),
    "LayerNorm": lambda: nn.LayerNorm(3),
    "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "GRU": lambda: nn.GRU(3, 3),
    "nested": lambda: nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Conv1d(3, 3, 1))),
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_resets_itself_is_set(name: str) -> None:
    model, left = deferred(LAYERS[name])
    assert left == []
    assert all(tensor.isfinite().all() for tensor in tensors(model).values())


def test_the_start_is_that_of_the_modules_and_follows_the_generator() -> None:
    first, again, other = (deferred(LAYERS["nested"], seed)[0] for seed in (0, 0, 1))
    for name, tensor in tensors(first).items():
        assert tensor.abs().max() <= 3**-0.5
        assert torch.equal(tensor, tensors(again)[name])
        assert not torch.equal(tensor, tensors(other)[name])


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (Own, ["raw", "mask", "count"]),
        (lambda: nn.Sequential(nn.Tanh(), Own()), ["1.raw", "1.mask", "1.count"]),
        (lambda: nn.MultiheadAttention(4, 2), ["in_proj_weight", "in_proj_bias"]),
    ],
    ids=["own", "nested", "attention"],
)
def test_what_nothing_sets_is_named_and_holds_zeros(
    make: Callable[[], nn.Module], names: list[str]
) -> None:
    model, left = deferred(make)
    assert left == names
    assert not any(tensors(model)[name].any() for name in left)


def test_a_tensor_that_is_set_in_part_is_named() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))

        def reset_parameters(self) -> None:
            nn.init.normal_(self.weight.data[:2])

    assert deferred(Half)[1] == ["weight"]


def test_weights_that_are_tied_stay_tied() -> None:
    def make() -> nn.Module:
        model = nn.ModuleDict({"words": nn.Embedding(5, 3), "head": nn.Linear(3, 5, bias=False)})
        model["head"].weight = model["words"].weight
        return model

    model, left = deferred(make)
    assert left == []
    assert model["head"].weight is model["words"].weight
    assert isinstance(model["head"].weight, nn.Parameter)


def test_a_module_that_is_used_twice_stays_one() -> None:
    def make() -> nn.Module:
        layer = nn.Linear(3, 3)
        return nn.Sequential(layer, nn.ReLU(), layer)

    model, left = deferred(make)
    assert left == []
    assert model[0].weight is model[2].weight


def test_what_is_frozen_stays_frozen() -> None:
    model, _ = deferred(lambda: nn.Linear(3, 3).requires_grad_(False))
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_the_global_random_state_is_left() -> None:
    before = torch.get_rng_state()
    deferred(LAYERS["GRU"])
    assert torch.equal(torch.get_rng_state(), before)


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "model": ({"model": torch.ones(2)}, TypeError, "model"),
    "generator": ({"generator": 0}, TypeError, "generator"),
    "device": ({"device": "cuda:99"}, ValueError, "device"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused(name: str) -> None:
    given, error, message = BAD[name]
    sound = {"model": nn.Linear(2, 2, **META), "generator": torch.Generator()}
    with pytest.raises(error, match=message):
        materialize(**sound | given)
    assert sound["model"].weight.is_meta
