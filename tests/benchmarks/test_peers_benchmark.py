"""The comparison with other tools: what is called named, and faults that are there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks import peers


def saying(*texts: str):
    return lambda model, x, y: list(texts)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ((), "nothing"),
        (("the loss is high",), "something"),
        (("the loss is high", "the Rank Collapse of it"), "named"),
    ],
)
def test_a_fault_is_named_by_its_words(said: tuple[str, ...], word: str) -> None:
    fault = peers.Fault(lambda: nn.Linear(2, 2), "alike|rank collapse")
    assert peers.verdict(fault, saying(*said)) == (word, list(said))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("the bias (20 to 20 in size) drowns what the weights bring", "named"),
        ("vanishing: linear2.bias", "something"),
        ("disconnected: 0.bias", "something"),
    ],
)
def test_a_bias_is_named_as_a_cause_not_as_a_place(text: str, word: str) -> None:
    assert peers.verdict(peers.FAULTS["biases of 20"], saying(text))[0] == word


def test_a_tool_that_stops_is_shown_as_such() -> None:
    fault = peers.Fault(lambda: nn.Linear(2, 2), "alike")
    assert peers.verdict(fault, lambda model, x, y: [][0])[0] == "stops"


@pytest.mark.parametrize("name", peers.FAULTS)
def test_every_tool_gets_the_same_network(name: str) -> None:
    fault, (x, y) = peers.FAULTS[name], peers.batch()
    outputs = [fault.model()(fault.inputs(x)) for _ in range(2)]
    assert outputs[0].shape == (len(y), peers.CLASSES)
    assert torch.equal(*outputs)
    sound = torch.equal(outputs[0], peers.FAULTS["none: a sound network"].model()(x))
    assert sound == (name in ("none: a sound network", "half of it detached"))


def test_the_table_has_a_row_a_fault_and_a_column_a_tool(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = torch.get_rng_state()
    peers.main(["--smoke"])
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if "|" in line]
    names = [[cell.strip() for cell in row] for row in rows]
    assert names[0] == ["Fault", "good-start"]
    assert names[2:] == [["none: a sound network", "nothing"], ["all weights 0", "named"]]
    assert torch.equal(torch.get_rng_state(), before)
