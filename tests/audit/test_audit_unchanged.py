"""An audit runs on awkward models, and leaves model, batch and random states as they were."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import nn
from torch.nn import functional as F

from helpers.audit import audit
from helpers.audit.batch import examples_differ
from helpers.audit.laws import SAMPLE, recognise
from tests.audit.auditing import X, everything, floats, looked, network, seeded

IDS = torch.arange(48).reshape(16, 3) % 40


class Written(nn.Module):
    """A layer, and what ``forward`` does to the module and its input before it is called."""

    def __init__(self, before: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.layer, self.before, self.calls = nn.Linear(32, 5), before, 0
        self.register_buffer("count", torch.zeros(()))
        self.plain, self.numbers = torch.ones(3), torch.Generator()

    def forward(self, x: Any) -> torch.Tensor:
        changed = self.before(self, x)
        return self.layer(x if changed is None else changed)


def clamp(m: Any, x: torch.Tensor) -> None:
    with torch.no_grad():
        m.layer.weight.clamp_(-0.01, 0.01)


def clamp_data(m: Any, x: torch.Tensor) -> None:
    m.layer.weight.data.clamp_(-0.01, 0.01)


def count(m: Any, x: torch.Tensor) -> None:
    m.calls += 1
    m.count = m.count + 1
    m.plain += 1
    m.last = x


def draw(m: Any, x: torch.Tensor) -> torch.Tensor:
    return x + torch.rand(x.shape, generator=m.numbers)


def grow(m: Any, x: torch.Tensor) -> torch.Tensor:
    if not hasattr(m, "extra"):
        m.extra = nn.Linear(32, 32)
        m.register_buffer("made", torch.ones(2))
    return m.extra(x)


def freeze(m: Any, x: torch.Tensor) -> None:
    m.layer.bias.requires_grad_(False)


def go_backward(m: Any, x: torch.Tensor) -> None:
    F.linear(x, m.layer.weight).sum().backward()


def overwrite(m: Any, x: torch.Tensor) -> None:
    x.mul_(2)


def empty(m: Any, x: dict[str, Any]) -> torch.Tensor:
    x["numbers"][:] = 0
    x["list"].append(1)
    return x.pop("x").mul_(2)


def sequential(*parts: nn.Module) -> nn.Module:
    return nn.Sequential(*parts)


Made = tuple[Callable[[], nn.Module], Any]
AWKWARD: dict[str, Made] = {
    "max_norm": (
        lambda: sequential(nn.Embedding(40, 8, max_norm=1.0), nn.Flatten(), nn.Linear(24, 5)), IDS
    ),
    "bag with max_norm": (
        lambda: sequential(nn.EmbeddingBag(40, 8, max_norm=0.5), nn.Linear(8, 5)), IDS
    ),
    **{
        before.__name__: (lambda before=before: Written(before), X)
        for before in (clamp, clamp_data, count, draw, grow, freeze, go_backward, overwrite)
    },
    "dict": (
        lambda: Written(empty), ({"x": X.clone(), "numbers": np.ones(3), "list": [2]},)
    ),
    "in place": (lambda: sequential(nn.ReLU(inplace=True), nn.Linear(32, 5)), X),
    "spectral norm, old": (lambda: sequential(nn.utils.spectral_norm(nn.Linear(32, 5))), X),
    "weight norm, old": (lambda: sequential(nn.utils.weight_norm(nn.Linear(32, 5))), X),
    "spectral norm": (
        lambda: sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(32, 5))), X
    ),
    "batch norm": (lambda: sequential(nn.Linear(32, 8), nn.BatchNorm1d(8), nn.Linear(8, 5)), X),
    "dropout": (lambda: sequential(nn.Dropout(0.5), nn.Linear(32, 5)), X),
}  # fmt: skip


class Fault(Exception):
    """What a model or a loss raises."""


class Raises(nn.Module):
    def forward(self, x: Any) -> Any:
        raise Fault


def failing(output: Any) -> Any:
    raise Fault


def make(name: str) -> nn.Module:
    return seeded(AWKWARD[name][0])


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("ending", ["whole", "model raises", "loss raises"])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_model_and_its_batch_are_left_as_they_were(
    name: str, mode: str, ending: str
) -> None:
    model, batch = make(name), copy.deepcopy(AWKWARD[name][1])
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    if ending == "model raises":
        model = sequential(model, Raises())
    model.train(mode == "train")
    before, given = everything(model), repr(batch)
    if ending == "whole":
        assert audit(model, batch).layers
    else:
        with pytest.raises(Fault):
            audit(model, batch, failing)
    assert everything(model) == before
    assert repr(batch) == given


def test_what_is_measured_are_the_weights_as_they_were() -> None:
    model = make("clamp")
    size = model.layer.weight.square().mean().sqrt().item()
    (row,) = audit(model, X).layers
    assert row.gain == pytest.approx(size * 32**0.5)


# As in training


def test_the_older_spectral_norm_counts_as_in_training() -> None:
    model = seeded(lambda: sequential(nn.utils.spectral_norm(nn.Linear(64, 64))))
    row = audit(model.eval(), floats(16, 64)).layers[0]
    model.train()
    for _ in range(2):
        out = model(floats(16, 64))
    assert row.signal == pytest.approx(out.square().mean().sqrt().item(), rel=0.5)


class Functional(nn.Module):
    """Dropout of every kind but a module."""

    def __init__(self) -> None:
        super().__init__()
        self.p_drop, self.layer = 0.5, nn.Linear(32, 32)
        self.rnn = nn.RNN(32, 5, 2, dropout=0.5, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.dropout(x, 0.5, self.training)
        x = F.dropout(input=x, p=0.5, training=True)
        x = F.alpha_dropout(x, 0.5, self.training)
        x = torch.dropout(x, 0.5, self.training)
        if self.training and torch.rand(()) < self.p_drop:
            return self.rnn(0 * x)[0]
        z = F.scaled_dot_product_attention(x, x, x, dropout_p=0.5 if self.training else 0.0)
        z = F.scaled_dot_product_attention(z, x, x, None, 0.5)
        return self.rnn(self.layer(z))[0]


def test_dropout_is_off_in_functions_and_attributes_too() -> None:
    model = seeded(Functional)
    x = floats(8, 6, 32)
    rows = []
    for seed in (1, 2, 3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            rows.append([row.signal for row in audit(model.train(), x).layers])
    assert rows[0] == rows[1] == rows[2]
    assert (model.p_drop, model.rnn.dropout) == (0.5, 0.5)


class Branched(nn.Module):
    """A model that does another thing in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.auxiliary = nn.Linear(32, 5), nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> Any:
        return (self.body(x), self.auxiliary(x)) if self.training else self.body(x)


def test_a_model_is_run_in_training_mode_but_for_its_frozen_parts() -> None:
    model = Branched()
    for mode in (True, False):
        assert len(audit(model.train(mode), X, lambda pair: pair[0].mean()).layers) == 2
    nested = sequential(model, nn.Identity()).train()
    model.eval()
    assert [row.signal > 0 for row in audit(nested, X).layers] == [True, False]


# What is taken


@dataclasses.dataclass
class Scores:
    logits: torch.Tensor


class ToScores(nn.Linear):
    def forward(self, x: torch.Tensor) -> Any:
        return Scores(super().forward(x))


class Sparse(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Parameter(floats(32, 8)), nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x @ self.table)


def test_a_dataclass_is_an_output_as_a_tuple_is() -> None:
    report = audit(ToScores(32, 5), X)
    assert report.loss_kind == "random projection"


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
def test_a_sparse_batch_is_measured_as_a_dense_one(layout: torch.layout) -> None:
    model, dense = Sparse(), X * (X > 0.5)
    sparse = dense.to_sparse(layout=layout)
    rows = [
        [(row.signal, row.signal_gain) for row in audit(model, batch).layers]
        for batch in (dense, sparse)
    ]
    assert rows[0] == [pytest.approx(pair, nan_ok=True) for pair in rows[1]]
    same = torch.ones(16, 32).to_sparse(layout=layout)
    assert not looked(model, same).examples_differ
    assert looked(model, sparse).examples_differ


@pytest.mark.parametrize("dtype", [torch.bool, torch.long, torch.float16])
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
def test_sparse_examples_are_told_apart_whatever_their_numbers(dtype: torch.dtype) -> None:
    for layout in (torch.sparse_coo, torch.sparse_csr):
        assert examples_differ((X > 0.5).to(dtype).to_sparse(layout=layout))
        assert not examples_differ(torch.ones(16, 32, dtype=dtype).to_sparse(layout=layout))


def test_a_sparse_batch_with_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        audit(Sparse(), (X * torch.nan).to_sparse())


def test_of_wrapped_models_the_module_inside_is_examined() -> None:
    model = network()
    plain = repr(audit(model, X))
    assert repr(audit(nn.DataParallel(model), X)) == plain
    assert repr(audit(nn.DataParallel(torch.compile(model)), X)) == plain


def test_a_model_that_changes_its_weights_in_evaluation_mode_is_audited() -> None:
    ids = torch.arange(64).reshape(4, 16) % 50
    config = transformers.RwkvConfig(
        vocab_size=50, num_hidden_layers=8, hidden_size=16, bos_token_id=0, eos_token_id=0
    )
    model = seeded(lambda: transformers.RwkvForCausalLM(config)).eval()
    before = everything(model)
    assert audit(model, {"input_ids": ids, "labels": ids}).loss_kind == "the output's own"
    assert everything(model) == before


def test_the_sample_of_a_large_weight_stays_within_it() -> None:
    length = 2**24 + 2**23 + 1  # the last index rounds up in float32
    weight = torch.zeros(1).expand(length).view(1, length)
    assert recognise(weight).family == "zeros"
    large = torch.zeros(length)
    large[0], large[-1] = 1.0, -1.0
    assert recognise(large.view(1, length)).family == "sparse"
    assert length > SAMPLE
