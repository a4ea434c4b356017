"""What a start does to the signal: what probe sees, under names, with theory beside it."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from helpers.activations import ACTIVATIONS
from helpers.device import generator, rng
from helpers.experiments import layer_statistics, starts
from helpers.initializers import initialize
from helpers.networks import mlp, mnist_cnn
from helpers.probes import probe
from helpers.theory import variance_per_layer

X = torch.randn(12, 6, generator=generator(1))
Y = torch.randint(3, (12,), generator=generator(2))
VARIABLES = {
    *("signal", "activity", "dead", "saturated", "weight", "gradient", "weight_gradient"),
    *("signal_theory", "gradient_theory"),
}


def network(phi="tanh", depth=3, scheme="he_normal", seed=0):
    return initialize(mlp([6] * depth + [3], phi), scheme, generator=rng(seed))


def square(moments):
    return moments.mean_square


# What is seen


def test_starts_are_what_probe_sees():
    seen = starts(network, X, Y, phi=["tanh", "relu"], depth=[2, 4], seed=range(2))
    assert set(seen) == VARIABLES
    assert seen.signal.dims == ("phi", "depth", "seed", "layer")
    np.testing.assert_array_equal(seen.layer, [1, 2, 3, 4])
    for phi, depth, seed in product(["tanh", "relu"], [2, 4], range(2)):
        layers = probe(network(phi, depth, seed=seed), X, Y)
        dense = [each for each in layers if each.kind == "Linear"]
        after = [each for each in layers if each.kind in ("Tanh", "ReLU")]
        assert (len(dense), len(after)) == (depth, depth - 1)
        one = seen.sel(phi=phi, depth=depth, seed=seed)
        expected = {
            "signal": [square(each.activation) for each in dense],
            "activity": [square(each.activation) for each in after],
            "dead": [each.dead for each in after],
            "saturated": [each.saturated for each in after],
            "weight": [square(each.weight) for each in dense],
            "gradient": [square(each.gradient) for each in dense],
            "weight_gradient": [square(each.weight_gradient) for each in dense],
        }
        for name, numbers in expected.items():
            padded = [*numbers, *[np.nan] * (4 - len(numbers))]
            np.testing.assert_array_equal(one[name], padded, err_msg=name)


def test_saturated_and_dead_units_are_counted():
    def build(phi):
        model = network(phi)
        with torch.no_grad():
            model.linear1.weight[:2] = -100
            model.linear1.weight[2:] = 100
        return model

    seen = starts(build, X.abs(), phi=["tanh", "relu"])
    assert seen.dead.sel(phi="relu", layer=1) == pytest.approx(2 / 6)
    assert seen.saturated.sel(phi="tanh", layer=1) == 1
    assert seen.saturated.sel(phi="relu").isnull().all()
    assert seen.activity.sel(layer=3).isnull().all(), "no activation follows"


def test_without_targets_there_are_no_gradients():
    assert set(starts(network, X)) == {
        *("signal", "activity", "dead", "saturated", "weight", "signal_theory"),
    }


def test_targets_need_not_be_labels():
    seen = starts(network, X, torch.ones(12, 3), loss=mse_loss, seed=[0, 1])
    expected = probe(network(), X, torch.ones(12, 3), mse_loss)[-1]
    assert seen.gradient.sel(seed=0, layer=3) == square(expected.gradient)


def test_a_start_is_left_as_it_was():
    kept = []

    def build(seed):
        kept.append(network(seed=seed))
        return kept[-1]

    starts(build, X, Y, seed=[0, 1])
    for seed, model in enumerate(kept):
        for one, other in zip(model.parameters(), network(seed=seed).parameters(), strict=True):
            assert torch.equal(one, other)
            assert one.grad is None


# Theory


@pytest.mark.parametrize("phi", ACTIVATIONS)
def test_theory_stands_beside_what_is_measured(phi):
    model = network(phi, depth=4)
    seen = layer_statistics(model, X, Y)
    q, down = variance_per_layer(
        phi, [6, 6, 6, 6, 3], list(seen.weight.values), X.double().square().mean().item()
    )
    np.testing.assert_allclose(seen.signal_theory, q)
    np.testing.assert_allclose(seen.gradient_theory, down * seen.gradient.values[-1])


def test_a_wide_network_does_what_theory_says():
    wide = initialize(mlp([500] * 6, "tanh"), "xavier_normal", generator=rng(0))
    seen = layer_statistics(wide, torch.randn(50, 500, generator=generator(0)), Y.new_zeros(50))
    np.testing.assert_allclose(seen.signal, seen.signal_theory, rtol=0.1)
    np.testing.assert_allclose(seen.gradient, seen.gradient_theory, rtol=0.2)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 6, bias=False)

    def forward(self, x):
        return x + self.layer(x)


def dense(*between, bias=False):
    layers = [nn.Linear(6, 6, bias=bias), *between, nn.Linear(6, 6, bias=bias)]
    return nn.Sequential(*layers)


PLAIN = {
    "one layer": lambda: nn.Linear(6, 6, bias=False),
    "two layers": dense,
    "nested": lambda: nn.Sequential(dense(nn.ReLU()), nn.Sequential(nn.ReLU(), nn.Linear(6, 6))),
    "in place": lambda: dense(nn.ReLU(inplace=True)),
    "elu in place": lambda: dense(nn.ELU(inplace=True)),
    "shared activation": lambda: (lambda relu: nn.Sequential(dense(relu), relu))(nn.ReLU()),
    "activation at the end": lambda: nn.Sequential(dense(nn.Tanh()), nn.Tanh()),
    "identity": lambda: dense(nn.Identity()),
}
OTHER = {
    "biases": lambda: dense(nn.ReLU(), bias=True),
    "mixed activations": lambda: nn.Sequential(dense(nn.ReLU()), nn.Tanh(), nn.Linear(6, 6)),
    "an activation missing": lambda: nn.Sequential(dense(nn.ReLU()), nn.Linear(6, 6)),
    "two activations": lambda: dense(nn.ReLU(), nn.ReLU()),
    "activation first": lambda: nn.Sequential(nn.ReLU(), *dense(nn.ReLU())),
    "another slope": lambda: dense(nn.LeakyReLU(0.5)),
    "another ELU": lambda: dense(nn.ELU(2.0)),
    "another function": lambda: dense(nn.Hardtanh()),
    "a residual block": lambda: nn.Sequential(Block(), nn.ReLU(), Block()),
    "a layer twice": lambda: (lambda same: nn.Sequential(same, nn.ReLU(), same))(nn.Linear(6, 6)),
    "normalization": lambda: dense(nn.LayerNorm(6)),
}


def drawn(build):
    model = build()
    numbers = generator(0)
    for name, parameter in model.named_parameters():
        if "weight" in name:
            nn.init.normal_(parameter, std=0.5, generator=numbers)
        elif build in PLAIN.values():
            nn.init.zeros_(parameter)
        else:
            nn.init.constant_(parameter, 0.1 if build is OTHER["biases"] else 0.0)
    return model


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_stack_has_a_theory(name):
    seen = layer_statistics(drawn(PLAIN[name]), X, Y)
    assert seen.signal_theory.notnull().all()
    assert seen.gradient_theory.notnull().all()
    assert seen.gradient_theory[-1] == seen.gradient[-1]


def test_a_single_bias_leaves_no_theory():
    model = initialize(mlp([6, 5, 3]), "he_normal", generator=rng(0))
    assert layer_statistics(model, X, Y).signal_theory.notnull().all()
    model.linear1.bias.data[2] = 0.5
    assert layer_statistics(model, X, Y).signal_theory.isnull().all()


@pytest.mark.parametrize("name", OTHER)
def test_any_other_network_has_none(name):
    seen = layer_statistics(drawn(OTHER[name]), X, Y)
    assert seen.signal.notnull().all()
    assert seen.signal_theory.isnull().all()
    assert seen.gradient_theory.isnull().all()


def test_convolutions_are_measured_without_theory():
    def build(seed):
        return initialize(mnist_cnn(), "he_normal", generator=rng(seed))

    x = torch.randn(4, 1, 28, 28, generator=generator(0))
    seen = starts(build, x, Y[:4], seed=[0])
    kinds = [each for each in probe(build(0), x, Y[:4]) if each.weight is not None]
    np.testing.assert_array_equal(
        seen.signal.sel(seed=0), [square(each.activation) for each in kinds]
    )
    assert seen.signal_theory.isnull().all()


# What is refused


@pytest.mark.parametrize(
    ("build", "changes", "error", "message"),
    [
        (network, {"pih": ["tanh"]}, TypeError, r"takes the setting 'pih'. Did you mean 'phi'\?"),
        (lambda depth: network(), {}, TypeError, "needs 'depth', which is not among the settings"),
        (network, {"depth": []}, ValueError, "depth must have at least one value"),
        (lambda layer: network(), {"layer": [1]}, ValueError, "the result has 'layer' of its own"),
        (lambda dead: network(), {"dead": [1]}, ValueError, "the result has 'dead' of its own"),
        (network, {"depth": [2, 0]}, ValueError, "cannot be measured at depth=0: "),
        (lambda width: width, {"width": [3]}, ValueError, "measured at width=3: model must be a"),
        (lambda: mlp([6, 3]), {}, ValueError, "at the one setting: .*never initialized"),
        (nn.ReLU, {}, ValueError, "the model has no layer with weights"),
        (lambda n: mlp([n, 3]), {"n": [5]}, ValueError, "measured at n=5"),
    ],
)
def test_what_cannot_be_measured_is_named(build, changes, error, message):
    with pytest.raises(error, match=message):
        starts(build, X, Y, **changes)


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_names_of_the_result_are_no_settings(name):
    with pytest.raises(ValueError, match=f"the result has '{name}' of its own"):
        starts(lambda **_: network(), X, **{name: [1, 2]})


def test_activation_is_free_as_the_name_of_a_setting():
    seen = starts(lambda activation: network(activation), X, Y, activation=["tanh", "relu"])
    assert seen.signal.dims == ("activation", "layer")
