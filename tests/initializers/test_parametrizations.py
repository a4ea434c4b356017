"""muP against the tables of its paper, and against training."""

from math import sqrt

import pytest
import torch
from torch.nn.functional import cross_entropy

from helpers.device import generator, rng
from helpers.initializers import Scaling, initialize, mup
from helpers.initializers.parametrizations import ROLES
from helpers.networks import mlp

BASE, TIMES = 32, (2, 3, 64)
TABLE_8 = {  # Yang et al., 2022: start's variance, multiplier and Adam's rate, as powers of fan-in
    "input": (0, 0, 0),
    "hidden": (-1, 0, -1),
    "output": (0, -1, 0),
}
TABLE_3 = {  # the same without multipliers: start's variance and Adam's rate
    "input": (0, 0),
    "hidden": (-1, -1),
    "output": (-2, -1),
}


def growth(role: str, times: int) -> Scaling:
    """Return the scaling of a wider network over that of its base."""
    fan_in = BASE if role == "input" else times * BASE
    wide, narrow = (mup(role, n, base=BASE, gain=1.7) for n in (fan_in, BASE))
    return Scaling(*(w / b for w, b in zip(wide, narrow, strict=True)))


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("role", ROLES)
def test_scalings_follow_the_papers_table_with_multipliers(role, times):
    found = growth(role, times)
    expected = [float(times) ** power for power in TABLE_8[role]]
    assert [found.std**2, found.multiplier, found.rate] == pytest.approx(expected)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("role", ROLES)
def test_scalings_follow_the_papers_table_without_multipliers(role, times):
    found = growth(role, times)
    own = [(found.std * found.multiplier) ** 2, found.rate * found.multiplier]
    assert own == pytest.approx([float(times) ** power for power in TABLE_3[role]])


def test_each_role_has_a_row_in_both_tables():
    assert set(ROLES) == set(TABLE_8) == set(TABLE_3)


@pytest.mark.parametrize("role", ROLES)
def test_at_its_base_a_scaling_is_the_standard_one(role):
    assert mup(role, 50, base=50, gain=sqrt(2)) == pytest.approx((0.2, 1, 1))
    assert mup(role, 50, base=50).std == pytest.approx(1 / sqrt(50))


def network(rows, *, folded):
    """Return a network in float64, its rates folded into its multipliers or left to Adam."""
    factors = [row.multiplier * (row.rate if folded else 1) for row in rows]
    net = mlp([6, 40, 40, 3], "tanh", multipliers=factors).double()
    initialize(net, "normal", generator=rng(0), std=1.0)
    layers = net[1::2]
    for layer, row in zip(layers, rows, strict=True):
        layer.weight.data *= row.std / (row.rate if folded else 1)
    rates = [1.0 if folded else row.rate for row in rows]
    groups = [
        group
        for layer, rate in zip(layers, rates, strict=True)
        for group in ({"params": [layer.weight], "lr": 0.01 * rate}, {"params": [layer.bias]})
    ]
    return net, torch.optim.Adam(groups, lr=0.01, eps=1e-30)


def test_a_rate_folded_into_the_multiplier_trains_the_same_network():
    rows = [mup(role, n, base=b) for role, n, b in zip(ROLES, (6, 40, 40), (6, 8, 8), strict=True)]
    x = torch.randn(20, 6, generator=generator(1), dtype=torch.float64)
    y = torch.arange(20) % 3
    outputs = []
    for folded in (False, True):
        net, adam = network(rows, folded=folded)
        for _ in range(10):
            adam.zero_grad()
            cross_entropy(net(x), y).backward()
            adam.step()
        outputs.append(net(x).detach())
    torch.testing.assert_close(*outputs, rtol=1e-9, atol=1e-9)
    untrained = network(rows, folded=True)[0](x)
    assert (outputs[0] - untrained).abs().max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"role": "hiden"}, ValueError, "Did you mean 'hidden'"),
        ({"role": 3}, TypeError, "role must be a name"),
        ({"fan_in": 0}, ValueError, "fan_in must be 1 or more; got 0"),
        ({"fan_in": 64.0}, TypeError, "fan_in must be an integer; got 64.0"),
        ({"base": 0}, ValueError, "base must be 1 or more; got 0"),
        ({"gain": -1}, ValueError, "gain must be finite and at least 0; got -1"),
        ({"role": "input"}, ValueError, "base must be 64; got 32"),
    ],
)
def test_errors_say_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        mup(**{"role": "hidden", "fan_in": 64, "base": 32} | arguments)
