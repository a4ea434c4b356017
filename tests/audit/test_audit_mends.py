"""Mends are tried before they are printed, and leave alone what was meant so."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, softplus
from torch.nn.utils import parametrizations

from helpers.audit import Report, audit, trials
from helpers.audit.found import Found
from helpers.audit.mends import bias_to_zero
from tests.audit.auditing import X, floats, guess, looked, mend, network, seeded


def principles(report: Report) -> set[str]:
    return {f.principle for f in report.findings if f.gravity != "note"}


# How they are tried


class Number(nn.Module):
    """A model of one number, of which each test says what is found."""

    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.ones(()))


def found(principle: str, *mends: str, gravity: str = "warning", advice: str = "") -> Found:
    return Found(gravity, principle, ("x",), "something", "initialization/he", mends, advice)


def to(value: float) -> str:
    return f"model.x.data.fill_({value})"


def examined(by_value: dict[float, list[Found]]) -> Callable[[nn.Module], list[Found]]:
    return lambda model: by_value[model.x.item()]


def mends(first: list[Found], then: dict[float, list[Found]]) -> list[str]:
    tried = trials.tried(Number(), first, examined(then))
    return [finding.mend for finding in tried]


def test_the_first_mend_with_which_the_finding_goes_is_printed() -> None:
    scale = found("scale", to(2), "model.no_such.zero_()", to(3), to(4))
    assert mends([scale], {2: [scale], 3: [], 4: []}) == [to(3)]


def test_a_mend_that_brings_a_new_warning_is_not_printed() -> None:
    scale, dead = found("scale", to(2), to(3)), found("dead")
    assert mends([scale], {2: [dead], 3: []}) == [to(3)]
    assert mends([scale], {2: [dead], 3: [dead]}) == [""]


def test_a_grave_finding_may_leave_a_warning_and_a_note_may_stay() -> None:
    grave = found("scale", to(2), gravity="grave")
    assert mends([grave], {2: [found("dead")]}) == [to(2)]
    assert mends([grave], {2: [found("dead", gravity="grave")]}) == [""]
    assert mends([found("zeros", to(2))], {2: [found("zeros", gravity="note")]}) == [to(2)]


def test_what_a_fault_hid_is_mended_with_it() -> None:
    scale, loss = found("scale", to(2)), found("loss", to(3))
    assert mends([scale], {2: [loss], 3: []}) == [f"{to(2)}\n{to(3)}"]


def test_what_goes_with_an_earlier_mend_gets_its_lines() -> None:
    scale, collapse, other = found("scale", to(2)), found("collapse", to(9)), found("bias", to(3))
    assert mends([scale, collapse, other], {2: [other], 3: []}) == [to(2), to(2), to(3)]


def test_where_no_mend_helps_the_advice_is_in_the_text() -> None:
    scale = found("scale", to(2), advice="Do this instead")
    (finding,) = trials.tried(Number(), [scale], examined({2: [scale]}))
    assert (finding.mend, finding.text) == ("", "something. Do this instead")


class Single(Number):
    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Module:
        raise RuntimeError("there is one of me")


def test_a_mend_that_was_not_tried_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    scale = found("scale", to(2), to(3))
    (finding,) = trials.tried(Single(), [scale], examined({}))
    assert finding.mend == f"# Not tried: the model cannot be copied, RuntimeError\n{to(2)}"
    monkeypatch.setattr(trials, "TRIES", 1)
    assert mends([scale], {2: [scale], 3: []}) == [f"# Not tried: 1 others were\n{to(2)}"]
    monkeypatch.setattr(trials, "LARGEST", 0)
    assert mends([scale], {}) == [f"# Not tried: the model has more than 0 parameters\n{to(2)}"]


def test_trials_change_neither_the_model_nor_random_states() -> None:
    model = network("relu", "constant", value=0.5)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    assert audit(model, X, guess).findings[0].mend
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


# What they leave alone


class Highway(nn.Module):
    """Layers that mostly hand on their input at the start: the bias of their gate is -4."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.gate = nn.Linear(32, 32), nn.Linear(32, 32)
        nn.init.constant_(self.gate.bias, -4.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        open_ = torch.sigmoid(self.gate(x))
        return open_ * torch.relu(self.hidden(x)) + (1 - open_) * x


class SmallSteps(Highway):
    """A state that is moved by small steps, as in a state-space model."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        step = softplus(self.gate(x))
        return x * torch.exp(-step) + step * torch.tanh(self.hidden(x))


class Squeeze(Highway):
    """Units weighted by a gate that is open at the start."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(-self.gate(torch.relu(self.hidden(x))))


class Carry(Highway):
    """Units weighted by what a gate leaves."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (1 - torch.sigmoid(self.gate(torch.relu(self.hidden(x)))))


class Remember(Highway):
    """Two steps of a recurrent layer with a forget gate, written out."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = torch.tanh(x)
        for _ in range(2):
            state = state * torch.sigmoid(-self.gate(state)) + torch.tanh(self.hidden(x))
        return state


@pytest.mark.parametrize("kind", [Highway, SmallSteps, Squeeze, Carry, Remember])
def test_the_bias_of_a_gate_is_a_start_that_was_meant(kind: type[nn.Module]) -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(32, 32), kind(), kind(), nn.Linear(32, 5)))
    report = audit(model, X, guess)
    assert "bias" not in principles(report), report
    mend(model, report)
    assert all(bool((part.gate.bias == -4).all()) for part in model[1:3])


@pytest.mark.parametrize("kind", [Highway, SmallSteps, Squeeze, Carry, Remember])
def test_no_line_sets_the_bias_of_a_gate_to_0(kind: type[nn.Module]) -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(32, 32), kind(), nn.Linear(32, 5)))
    measured = looked(model, X, guess)
    line = bias_to_zero(measured, measured.result.calls)
    assert "2.bias" in line
    assert "gate" not in line


def test_a_prior_in_the_last_bias_is_left_alone() -> None:
    model = seeded(lambda: nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5)))
    nn.init.constant_(model[2].bias, -4.6)
    report = audit(nn.Sequential(model, nn.Sigmoid()), X)
    assert not {"bias", "saturated"} & principles(report), report


def test_biases_that_decide_are_one_finding() -> None:
    model = network("elu", "lecun_normal", depth=5)
    nn.init.constant_(model.linear2.bias, 20.0)
    nn.init.constant_(model.linear3.bias, 400.0)
    findings = [f for f in audit(model, X).findings if f.principle == "bias"]
    assert [f.layers for f in findings] == [("linear2", "linear3")]


def test_frozen_weights_are_not_drawn_anew() -> None:
    model = network("relu", "he_normal", depth=12)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.mul_(0.3)
            parameter.requires_grad_(name.startswith(("linear11", "linear12")))
    before = copy.deepcopy(model.state_dict())
    report = audit(model, X, guess)
    assert "scale" in principles(report)
    mend(model, report)
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad or torch.equal(parameter, before[name]), name
    backbone = network("relu", "he_normal", depth=4).requires_grad_(False)
    for parameter in backbone.parameters():
        parameter.mul_(0.3)
    assert "scale" not in principles(audit(nn.Sequential(backbone, nn.Linear(5, 5)), X))


def test_a_model_of_which_nothing_is_trained_is_named() -> None:
    model = network().requires_grad_(False)
    (finding,) = audit(model, X, guess).findings
    assert (finding.gravity, finding.principle) == ("grave", "frozen")
    mend(model, audit(model, X, guess))
    assert audit(model, X, guess).findings == ()


class Language(nn.Module):
    """A language model whose head is its embedding, which starts with standard deviation 1."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.position = nn.Embedding(50, 64), nn.Embedding(8, 64)
        self.hidden, self.norm = nn.Linear(64, 64), nn.LayerNorm(64)
        self.head = nn.Linear(64, 50, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embedding(ids) + self.position.weight
        return self.head(self.norm(x + torch.relu(self.hidden(x))))


def test_an_embedding_tied_to_the_head_is_made_small_and_not_0() -> None:
    ids = torch.arange(256).reshape(32, 8) % 50
    labels = (7 * ids + 3) % 50

    def loss(output: torch.Tensor) -> torch.Tensor:
        return cross_entropy(output.flatten(0, 1), labels.flatten())

    model = seeded(Language)
    report = audit(model, ids, loss)
    assert principles(report) == {"loss"}
    mend(model, report)
    sizes = [layer.weight.std().item() for layer in (model.embedding, model.position)]
    assert sizes == pytest.approx([0.02, 0.02], rel=0.2)
    assert principles(audit(model, ids, loss)) == set()


NORMS: dict[str, tuple[Callable[[nn.Module], nn.Module], bool]] = {
    "weight norm": (parametrizations.weight_norm, True),
    "older weight norm": (nn.utils.weight_norm, True),
    "spectral norm": (parametrizations.spectral_norm, False),
    "older spectral norm": (nn.utils.spectral_norm, False),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", NORMS)
def test_a_computed_weight_is_drawn_through_what_computes_it(name: str) -> None:
    norm, mended = NORMS[name]
    model = seeded(
        lambda: nn.Sequential(
            *(part for _ in range(12) for part in (norm(nn.Linear(32, 32)), nn.ReLU())),
            nn.Linear(32, 5),
        )
    )
    report = audit(model, X, guess)
    (scale,) = (f for f in report.findings if f.principle == "scale")
    assert bool(scale.mend) == mended
    assert mended or "put a normalization behind them" in scale.text
    mend(model, report)
    assert ("scale" in principles(audit(model, X, guess))) == (not mended)


# Layers of torch


def transformer() -> nn.Module:
    return nn.Transformer(32, 4, 2, 2, 64, batch_first=True)


@torch.no_grad()
def constant(weight: torch.Tensor) -> None:
    weight.fill_(0.05)


@torch.no_grad()
def standard_normal(weight: torch.Tensor) -> None:
    nn.init.normal_(weight)


@pytest.mark.parametrize(
    ("start", "principle"), [(constant, "symmetry"), (standard_normal, "saturated")]
)
def test_one_round_of_mends_serves_a_transformer(
    start: Callable[[torch.Tensor], None], principle: str
) -> None:
    model, batch = seeded(transformer), (floats(8, 6, 32), floats(8, 5, 32, seed=1))
    assert principles(audit(model, batch)) == set()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                start(parameter)
    report = audit(model, batch)
    assert principle in principles(report)
    mend(model, report)
    assert principles(audit(model, batch)) == set()


@pytest.mark.parametrize("kind", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_the_state_of_0_of_a_first_step_is_no_fault(kind: type[nn.Module]) -> None:
    class First(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.head = kind(32, 16), nn.Linear(16, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            state = self.cell(x)
            return self.head(state[0] if isinstance(state, tuple) else state)

    assert audit(seeded(First), X, guess).findings == ()


def test_no_line_of_a_mend_breaks_a_name() -> None:
    names = ["a" * 90, "b.a name of words " * 6, *(f"layer-{i}.weight" for i in range(9))]
    parts = [nn.Sequential(nn.Linear(32, 32, bias=False), nn.ReLU()) for _ in names]
    model = nn.Sequential()
    for name, part in zip(names, parts, strict=True):
        model.add_module(name.replace(".", " "), part)
        part[0].weight.data = 0.1 * floats(32, 32) / 32**0.5
    finding = next(f for f in audit(model, X).findings if f.principle == "scale")
    assert {f"{name.replace('.', ' ')}.0.weight" for name in names[:-1]} <= set(
        re.findall(r"'(.*?)'", finding.mend.replace(r"\x20", " "))
    )
    mend(model, audit(model, X))
    assert principles(audit(model, X)) <= {"dead"}
