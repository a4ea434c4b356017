"""What one step of time does to a gradient: in recurrent layers, in cells and in loops."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from helpers.audit import LayerReport, audit
from tests.audit.auditing import floats, seeded

STEPS, UNITS = 12, 64
SEQUENCE = floats(32, STEPS, 8)


def open_layer(gain: float) -> nn.RNN:
    """Return a recurrent layer whose ReLUs are all open: a step multiplies by a permutation."""
    layer = nn.RNN(8, UNITS, nonlinearity="relu", batch_first=True)
    nn.init.zeros_(layer.weight_ih_l0)
    nn.init.ones_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    layer.weight_hh_l0.data = gain * torch.eye(UNITS).roll(1, 0)
    return layer


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_the_step_of_an_open_recurrent_layer_is_its_gain(gain: float) -> None:
    assert audit(open_layer(gain), SEQUENCE).layers[0].step == pytest.approx(gain, rel=1e-4)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_the_step_of_a_gated_layer_without_weights_is_the_gate_that_keeps(
    kind: type[nn.Module],
) -> None:
    layer = kind(8, UNITS, batch_first=True)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(layer.bias_ih_l0[UNITS : 2 * UNITS], math.log(4))
    assert audit(layer, SEQUENCE).layers[0].step == pytest.approx(0.8, rel=1e-4)


LAYERS: dict[str, dict[str, Any]] = {
    "rnn": {},
    "two layers": {"num_layers": 2},
    "both ways": {"bidirectional": True},
    "time first": {"batch_first": False},
}


@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_every_recurrent_layer_of_torch_has_a_step(kind: type[nn.Module], options: Any) -> None:
    model = seeded(lambda: kind(8, UNITS, **({"batch_first": True} | options)))
    batch = SEQUENCE if model.batch_first else SEQUENCE.transpose(0, 1).contiguous()
    assert 0.1 < audit(model, batch).layers[0].step < 1


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_recurrent_layer_with_a_forward_of_its_own_has_the_step_of_its_class(
    kind: type[nn.Module],
) -> None:
    class States(kind):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x)[0]

    steps = [
        audit(seeded(lambda cls=cls: cls(8, UNITS, batch_first=True)), SEQUENCE).layers[0].step
        for cls in (kind, States)
    ]
    assert steps[0] == steps[1] > 0


def test_a_single_step_and_other_layers_have_none() -> None:
    assert math.isnan(audit(nn.GRU(8, 4, batch_first=True), SEQUENCE[:, :1]).layers[0].step)
    assert math.isnan(audit(nn.Linear(8, 4), SEQUENCE).layers[0].step)


class Loop(nn.Module):
    """A recurrent network written as a loop over one layer."""

    def __init__(self, gain: float, phi: Any = torch.tanh) -> None:
        super().__init__()
        self.read, self.state = nn.Linear(8, UNITS), nn.Linear(UNITS, UNITS)
        self.head, self.phi = nn.Linear(UNITS, 5), phi
        self.state.weight.data = gain / UNITS**0.5 * floats(UNITS, UNITS, seed=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), UNITS)
        for step in x.unbind(1):
            h = self.phi(self.read(step) + self.state(h))
        return self.head(h)


class Cell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(8, UNITS), nn.Linear(UNITS, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = x.new_zeros(len(x), UNITS)
        for step in x.unbind(1):
            h = self.cell(step, h)
        return self.head(h)


def rows(model: nn.Module, name: str) -> list[LayerReport]:
    return [row for row in audit(model, SEQUENCE).layers if row.name == name]


def test_a_layer_in_a_loop_is_no_branch() -> None:
    found = rows(Loop(1.0), "state")
    assert len(found) == STEPS
    assert {row.follows for row in found[:-1]} == {"loop"}
    assert {row.follows for row in rows(Loop(1.0), "read")} == {"sum"}


@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_the_step_of_a_loop_is_what_its_gradients_say(gain: float) -> None:
    model = Loop(gain, torch.relu)
    found = rows(model, "state")
    expected = (found[0].gradient / found[-1].gradient) ** (1 / (STEPS - 1))
    assert [row.step for row in found] == pytest.approx([expected] * STEPS)
    assert expected == pytest.approx(gain / 2**0.5, rel=0.2), "half of the ReLUs are open"
    assert all(math.isnan(row.step) for row in rows(model, "read"))


def test_a_cell_in_a_loop_has_a_step() -> None:
    found = rows(Cell(), "cell")
    assert len(found) == STEPS
    assert all(0.3 < row.step < 1 for row in found)


def test_the_table_shows_the_factor_of_a_step_where_there_is_one() -> None:
    recurrent, dense = nn.GRU(4, 4, batch_first=True), nn.Linear(4, 4)
    report = audit(recurrent, floats(8, 5, 4))
    factor = f"{report.layers[0].step:.2g}"
    assert "step back" in report.to_text()
    assert factor in report.to_text().splitlines()[4]
    assert "step back" not in audit(dense, floats(8, 4)).to_text()
