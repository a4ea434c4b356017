"""The coordinate check, against steps computed by hand and against what muP promises."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers.audit import coordinate_check
from helpers.device import generator, rng
from helpers.initializers import initialize, mup
from helpers.networks import mlp

RATE = 0.01


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=RATE)


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=RATE)


def constant(width, seed):
    """Return two layers whose weights are all 1, and all 1 / width."""
    model = nn.Sequential(nn.Linear(1, width, bias=False), nn.Linear(width, 1, bias=False))
    nn.init.constant_(model[0].weight, 1.0)
    nn.init.constant_(model[1].weight, 1 / width)
    return model


def test_sizes_and_changes_are_those_computed_by_hand():
    widths, steps = [4, 100], 3
    seen = coordinate_check(
        constant, widths, torch.tensor([[2.0]]), torch.sum, optimizer=sgd, steps=steps, seeds=[0]
    )
    assert dict(seen.sizes) == {"width": 2, "seed": 1, "step": 4, "layer": 3}
    for width in widths:
        u, v = 1.0, 1 / width  # every weight of the first and of the second layer
        for step in range(steps + 1):
            expected = {"0": (2 * u, 2), "1": (2 * width * u * v, 2), "(the model)": None}
            expected["(the model)"] = expected["1"]
            for layer, (size, before) in expected.items():
                own = seen.sel(width=width, step=step, layer=layer).squeeze()
                assert own["size"].item() == pytest.approx(abs(size), rel=1e-4)
                assert own["change"].item() == pytest.approx(abs(size - before), rel=1e-3, abs=1e-6)
            u, v = u - RATE * 2 * v, v - RATE * 2 * u


def test_the_first_step_of_adam_moves_an_output_by_the_sum_of_its_inputs():
    batch = torch.ones(1, 1)
    seen = coordinate_check(constant, [10, 1000], batch, torch.sum, optimizer=adam, steps=1)
    change = seen.change.sel(step=1, layer="1").mean("seed")
    for width in (10, 1000):  # (1 - rate)(1 / width - rate) width - 1
        moved = abs((1 - RATE) * (1 - RATE * width) - 1)
        assert change.sel(width=width).item() == pytest.approx(moved, rel=1e-4)


X = torch.randn(16, 12, generator=generator(0))
Y = torch.arange(16) % 4


def guess(output):
    return cross_entropy(output, Y)


def scaled(width, seed, roles=("hidden", "output")):
    """Return a network whose layers of these roles follow muP, its rates in its multipliers."""
    fan_ins = [12, width, width]
    rows = [
        mup(role, n, base=32 if role in roles else n)
        for role, n in zip(["input", "hidden", "output"], fan_ins, strict=True)
    ]
    net = mlp([*fan_ins, 4], "tanh", multipliers=[row.multiplier * row.rate for row in rows])
    initialize(net, "normal", generator=rng(seed), std=1.0)
    for layer, row in zip(net[1::2], rows, strict=True):
        layer.weight.data *= row.std / row.rate
    return net


def growth(factory):
    seen = coordinate_check(factory, [64, 1024], X, guess, optimizer=adam, steps=2)
    change = seen.change.sel(step=2).mean("seed")
    return (change.sel(width=1024) / change.sel(width=64)).to_series()


def test_under_mup_changes_are_level_and_in_the_standard_form_they_grow():
    level = growth(scaled)
    assert level.between(0.5, 1.5).all()
    grown = growth(lambda width, seed: scaled(width, seed, roles=()))
    assert grown["linear2"] > 3
    assert grown["linear3"] > 5
    assert 0.5 < grown["linear1"] < 1.5


def test_a_part_of_mup_cures_its_own_layer():
    output = growth(lambda width, seed: scaled(width, seed, roles=("output",)))
    hidden = growth(lambda width, seed: scaled(width, seed, roles=("hidden",)))
    assert output["linear2"] > 3
    assert hidden["linear2"] < 1.5
    assert hidden["linear3"] > 2.5


class Twice(nn.Module):
    """One layer, called on what it gave before: of an input of ones it gives 1 / 2, then 1 / 4."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, width, bias=False)
        nn.init.constant_(self.layer.weight, 0.5 / width)

    def forward(self, x):
        return self.layer(self.layer(x.expand(-1, self.layer.in_features)))


def test_of_a_layer_that_is_called_twice_the_first_call_is_shown():
    seen = coordinate_check(
        lambda width, seed: Twice(width), [4, 8], torch.ones(1, 1), torch.sum, optimizer=adam
    )
    start = seen["size"].sel(step=0)
    assert start.sel(layer="layer").values == pytest.approx(0.5)
    assert start.sel(layer="(the model)").values == pytest.approx(0.25)


class Reader(nn.Module):
    """Takes keywords, shares a layer, drops out, and returns a mapping."""

    def __init__(self, width):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(7, width), nn.GRU(width, width, batch_first=True)
        self.norm, self.drop, self.head = nn.LayerNorm(width), nn.Dropout(), nn.Linear(width, 7)

    def forward(self, numbers, mask):
        states, _ = self.rnn(self.drop(self.norm(self.embed(numbers))))
        again, _ = self.rnn(states)
        return {"mask": mask, "logits": self.head(again)}


def reader(width, seed):
    torch.manual_seed(seed)
    return Reader(width)


def test_it_follows_models_of_other_kinds():
    batch = {"numbers": torch.arange(12).reshape(3, 4) % 7, "mask": torch.ones(3, dtype=torch.bool)}
    before = {name: tensor.clone() for name, tensor in batch.items()}
    with torch.random.fork_rng():
        seen = coordinate_check(
            reader,
            [4, 8],
            batch,
            lambda output: output["logits"].square().mean(),
            optimizer=adam,
            steps=2,
            seeds=range(2),
        )
    assert seen.layer.values.tolist() == ["embed", "norm", "rnn", "head", "(the model)"]
    assert (seen.change.sel(step=0) == 0).all()
    assert (seen.change.sel(step=2) > 0).all()
    assert (seen["size"].sel(layer="head") == seen["size"].sel(layer="(the model)")).all()
    assert all(torch.equal(batch[name], before[name]) for name in batch)


def test_it_leaves_the_random_states_to_the_factory_and_repeats_itself():
    before = torch.get_rng_state()
    first, second = (
        coordinate_check(scaled, [8, 16], X, guess, optimizer=adam, steps=1) for _ in range(2)
    )
    assert first.equals(second)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_training_that_diverges_is_recorded():
    def far(model):
        return torch.optim.SGD(model.parameters(), lr=1e30)

    seen = coordinate_check(scaled, [8, 16], X, guess, optimizer=far, steps=3, seeds=[0])
    assert not (seen["size"].sel(step=3, layer="linear3") < 1e6).any()


def odd(width, seed):
    more = [] if width == 8 else [nn.Linear(4, 4)]
    return nn.Sequential(nn.Linear(12, 4), *more)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"factory": scaled(8, 0)}, TypeError, "at width 8, seed 0: .*positional arguments"),
        ({"factory": 3}, TypeError, "factory must be a function; got 3"),
        ({"factory": lambda width: None}, TypeError, "at width 8, seed 0: .*positional argument"),
        ({"factory": lambda width, seed: width}, TypeError, "what factory returns must be"),
        ({"factory": odd}, ValueError, "same layers at every width; at 8 they are"),
        ({"factory": lambda width, seed: mlp([12, 4])}, ValueError, "linear1.weight is NaN"),
        ({"widths": [8]}, ValueError, r"widths must be 2 or more, all different; got \[8\]"),
        ({"widths": [8, 8]}, ValueError, "all different"),
        ({"widths": [8, 0]}, ValueError, "each of widths must be 1 or more; got 0"),
        ({"widths": 8}, TypeError, "widths must be a list of integers; got 8"),
        ({"widths": [8, 16.0]}, TypeError, "must be an integer; got 16.0"),
        ({"seeds": []}, ValueError, "seeds must be 1 or more"),
        ({"steps": 0}, ValueError, "steps must be 1 or more; got 0"),
        ({"batch": torch.full((2, 12), torch.nan)}, ValueError, "batch holds NaN"),
        ({"batch": torch.ones(2, 5)}, ValueError, "at width 8, seed 0: the model cannot take"),
        ({"loss": lambda output: output}, TypeError, "at width 8, seed 0: loss must return"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be a function; got 'adam'"),
        ({"optimizer": lambda model: 3}, TypeError, "must return a torch.optim.Optimizer"),
        (
            {"optimizer": lambda model: adam(nn.Linear(2, 2))},
            ValueError,
            "holds no parameter of the model",
        ),
        (
            {"optimizer": lambda model: torch.optim.LBFGS(model.parameters())},
            TypeError,
            "at width 8, seed 0: .*closure",
        ),
    ],
)
def test_errors_say_what_is_wrong(changed, error, message):
    arguments = {"factory": scaled, "widths": [8, 16], "batch": X, "loss": guess}
    arguments |= {"optimizer": adam, "steps": 1}
    with pytest.raises(error, match=message):
        coordinate_check(**arguments | changed)
