"""The table of mended networks: what counts as named and as good, and faults that are faults."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks import mended_outcomes
from benchmarks.mended_outcomes import CASES, Case


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-0.3, 0.04, "yes"), (0.06, 0.2, "no"), (0.0, 0.06, "open"), (-0.1, 0.1, "open")],
)
def test_a_mended_network_is_as_good_where_the_interval_says_so(
    low: float, high: float, word: str
) -> None:
    assert mended_outcomes.judged(low, high) == word


def test_a_guess_knows_the_shares_of_the_classes_or_the_mean() -> None:
    labels, numbers = torch.tensor([0, 0, 0, 1]), torch.tensor([[1.0], [3.0]])
    x = torch.zeros(4, 1)
    classes = Case(lambda right: nn.Linear(1, 2), "", lambda: (x, labels))
    assert mended_outcomes.guess(classes) == pytest.approx(0.5623, abs=1e-4)
    distances = Case(lambda right: nn.Linear(1, 1), "", lambda: (x[:2], numbers))
    assert mended_outcomes.guess(distances) == 1.0


@pytest.mark.parametrize("name", CASES)
def test_the_faulty_and_the_right_start_differ(name: str) -> None:
    case = CASES[name]
    x = case.data()[0][:8]
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        faulty = case.network(False)(x)
        torch.manual_seed(0)
        right = case.network(True)(x)
    assert faulty.shape == right.shape
    assert not torch.equal(faulty, right)


def test_a_loss_above_a_guess_counts_as_a_guess() -> None:
    case = CASES["a last layer 30 times too large"]
    models = {("faulty", seed): case.network(False) for seed in range(3)}
    for model in models.values():
        model[-1].weight.data.mul_(100)
    found = mended_outcomes.losses(case, models, steps=2)
    assert bool((found == 1.0).all())


def test_the_table_has_a_row_for_each_fault(capsys: pytest.CaptureFixture[str]) -> None:
    before = torch.get_rng_state()
    mended_outcomes.main(["--smoke"])
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if "|" in line]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert cells[0][0] == "Fault"
    assert [row[:3] for row in cells[2:]] == [
        ["all weights 0", "3", "3"],
        ["biases of -20", "3", "3"],
    ]
    assert all(float(row[4]) < float(row[3]) for row in cells[2:])
    assert torch.equal(torch.get_rng_state(), before)
