import math
from copy import deepcopy
from dataclasses import astuple, dataclass, replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from helpers.device import generator
from helpers.networks import mlp, mnist_cnn
from helpers.probes import BOUNDS, probe

RECURRENT = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}


class Reader(nn.Module):
    """Read a sequence (n, 5, 3) and classify it by the last state."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer(3, 6, batch_first=True, num_layers=2)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        states, _ = self.layer(x)
        return self.head(states[:, -1])


def with_weights(model, seed=0, std=0.3):
    numbers = generator(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=std, generator=numbers)
    return model


def numbers(*shape, seed=1):
    return torch.randn(*shape, generator=generator(seed))


MODELS = {
    "mlp": (lambda: mlp([12, 8, 8, 4], "tanh"), numbers(7, 12)),
    "cnn": (mnist_cnn, numbers(7, 1, 28, 28)),
    **{
        name: (lambda layer=layer: Reader(layer), numbers(7, 5, 3))
        for name, layer in RECURRENT.items()
    },
}
Y = torch.tensor([0, 1, 2, 3, 3, 2, 1])


@dataclass
class MomentsOf:
    """Equal to moments that are, up to rounding in float32, those of a tensor."""

    tensor: torch.Tensor

    def __eq__(self, moments):
        values = np.asarray(self.tensor.detach(), np.float64)
        std, mean_square = values.std(), (values**2).mean()
        return (
            moments.mean == pytest.approx(values.mean(), rel=0, abs=1e-5 * mean_square**0.5)
            and moments.std == pytest.approx(std, rel=1e-4)
            and moments.mean_square == pytest.approx(mean_square, rel=1e-4)
        )


def assert_same(layers, expected):
    """Compare all statistics, up to rounding in float32."""
    for layer, other in zip(layers, expected, strict=True):
        for one, two in zip(astuple(layer), astuple(other), strict=True):
            if isinstance(one, tuple):
                scale = two[2] ** 0.5
                assert one == pytest.approx(two, rel=1e-4, abs=1e-5 * min(scale, scale**2))
            else:
                assert one == two or (math.isnan(one) and math.isnan(two))


def by_hand(model, x, y, loss=cross_entropy):
    """Return each layer's output, with its gradient in ``.grad``, and the model after backward."""
    model, outputs = deepcopy(model), {}
    if isinstance(model, nn.Sequential):
        for name, layer in model.named_children():
            x = outputs[name] = layer(x)
    else:
        outputs["layer"], _ = model.layer(x)
        x = outputs["head"] = model.head(outputs["layer"][:, -1])
    for output in outputs.values():
        if output.requires_grad:
            output.retain_grad()
    loss(x, y).backward()
    return outputs, model


def joined(module, of):
    parts = [of(p).flatten() for name, p in module.named_parameters() if "weight" in name]
    return torch.cat(parts) if parts else None


@pytest.mark.parametrize("name", MODELS)
def test_moments_are_those_of_a_pass_by_hand(name):
    build, x = MODELS[name]
    model = with_weights(build())
    outputs, trained = by_hand(model, x, Y)
    layers = probe(model, x, Y)
    assert [layer.name for layer in layers] == list(outputs)
    for layer in layers:
        output, module = outputs[layer.name], trained.get_submodule(layer.name)
        assert layer.kind == type(module).__name__
        assert layer.activation == MomentsOf(output)
        if output.grad is not None:
            assert layer.gradient == MomentsOf(output.grad)
        weights = joined(module, lambda parameter: parameter)
        if weights is None:
            assert (layer.weight, layer.weight_gradient) == (None, None)
        else:
            assert layer.weight == MomentsOf(weights)
            assert layer.weight_gradient == MomentsOf(joined(module, lambda p: p.grad))


def test_every_layer_of_every_model_has_a_gradient():
    for build, x in MODELS.values():
        for layer in probe(with_weights(build()), x, Y):
            assert layer.gradient.mean_square > 0


def test_targets_of_a_regression_work_with_their_loss():
    model, targets = with_weights(mlp([12, 8, 4])), numbers(7, 4, seed=2)
    outputs, _ = by_hand(model, MODELS["mlp"][1], targets, mse_loss)
    layers = probe(model, MODELS["mlp"][1], targets, mse_loss)
    assert [layer.gradient for layer in layers][1:] == [
        MomentsOf(output.grad) for name, output in outputs.items() if name != "flatten"
    ]


def test_without_targets_there_is_no_gradient():
    for build, x in MODELS.values():
        model = with_weights(build())
        with_targets = probe(model, x, Y)
        for layer, full in zip(probe(model, x), with_targets, strict=True):
            assert (layer.gradient, layer.weight_gradient) == (None, None)
            assert layer.weight == full.weight
            assert layer.activation == pytest.approx(full.activation, rel=1e-5)
            assert layer.dead == full.dead


class Counted(torch.autograd.Function):
    """The identity; counts its forward and backward passes."""

    @staticmethod
    def forward(ctx, x, counts):
        ctx.counts = counts
        counts["forward"] += 1
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        ctx.counts["backward"] += 1
        return gradient, None


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.counts = {"forward": 0, "backward": 0}

    def forward(self, x):
        return Counted.apply(x, self.counts)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("y", [Y, None])
def test_a_probe_is_one_forward_and_one_backward_pass(name, y):
    build, x = MODELS[name]
    model = nn.Sequential(with_weights(build()), Counter())
    probe(model, x, y)
    assert model[1].counts == {"forward": 1, "backward": 0 if y is None else 1}


def noisy_network():
    """Return a network whose every pass in training mode changes buffers and draws numbers."""
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.Flatten(), nn.Linear(3 * 16, 4),
    )  # fmt: skip
    with_weights(model)
    cross_entropy(model(numbers(7, 1, 6, 6)), Y).backward()
    model[0].weight.requires_grad_(False)
    model[4].eval()
    return model, numbers(7, 1, 6, 6, seed=2)


def state(model):
    """Return all that a probe must leave alone."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return {
        "values": {name: tensor.tolist() for name, tensor in tensors},
        "identities": {name: (id(tensor), tensor._version) for name, tensor in tensors},
        "requires_grad": [parameter.requires_grad for parameter in model.parameters()],
        "grad": [(id(p.grad), p.grad.tolist()) for p in model.parameters() if p.grad is not None],
        "modes": [module.training for module in model.modules()],
        "hooks": [
            len(hooks)
            for module in model.modules()
            for hooks in [
                *(module._forward_hooks, module._forward_pre_hooks, module._backward_hooks),
                *(module._backward_pre_hooks, module._state_dict_hooks),
            ]
        ],
        "random": torch.get_rng_state().tolist(),
        "grad_mode": torch.is_grad_enabled(),
        "cudnn": torch.backends.cudnn.enabled,
    }


@pytest.mark.parametrize("y", [Y, None])
def test_a_probe_changes_nothing(y):
    model, x = noisy_network()
    before, x_before = state(model), x.clone()
    first = probe(model, x, y)
    assert state(model) == before
    assert torch.equal(x, x_before)
    assert repr(probe(model, x, y)) == repr(first)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("training", [True, False])
def test_a_probe_changes_nothing_in_either_mode(name, training):
    build, x = MODELS[name]
    model = with_weights(build()).train(training)
    before = state(model)
    probe(model, x, Y)
    assert state(model) == before


class Failure(Exception):
    pass


class Failing(nn.Module):
    def forward(self, x):
        raise Failure


def failing_loss(output, y):
    raise Failure


@pytest.mark.parametrize("where", ["layer", "loss", "shape", "labels", "output"])
def test_an_error_leaves_nothing_behind(where):
    model, x = noisy_network()
    y, loss = Y, cross_entropy
    if where == "layer":
        model.append(Failing())
    elif where == "loss":
        loss = failing_loss
    elif where == "shape":
        x = numbers(7, 1, 7, 7)
    elif where == "labels":
        y = Y + 1
    elif where == "output":
        model.append(nn.AdaptiveMaxPool1d(2, return_indices=True)).append(Pair())
    before = state(model)
    with pytest.raises((Failure, ValueError, TypeError)):
        probe(model, x, y, loss)
    assert state(model) == before


class Pair(nn.Module):
    def forward(self, pair):
        return {"values": pair[0]}


@pytest.mark.parametrize("activation", [nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SiLU])
def test_in_place_activations_are_seen_as_the_others_are(activation):
    x = numbers(7, 1, 6, 6)
    layers = {}
    for inplace in [False, True]:
        phi = partial(activation, inplace=inplace)
        model = nn.Sequential(
            phi(), nn.Conv2d(1, 3, 3), phi(), nn.Flatten(), phi(), nn.Linear(48, 4), phi()
        )
        layers[inplace] = probe(with_weights(model), x, Y)
    assert_same(layers[True], layers[False])
    assert torch.equal(x, numbers(7, 1, 6, 6))


def test_a_layer_called_twice_appears_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x):
            return self.linear(torch.tanh(self.linear(x)))

    model, x = with_weights(Twice()), numbers(7, 4)
    first, second = probe(model, x, Y)
    inner = model.linear(x)
    outer = model.linear(torch.tanh(inner))
    gradients = torch.autograd.grad(cross_entropy(outer, Y), [inner, outer, model.linear.weight])
    assert (first.name, second.name) == ("linear", "linear")
    assert (first.activation, second.activation) == (MomentsOf(inner), MomentsOf(outer))
    assert (first.gradient, second.gradient) == (MomentsOf(gradients[0]), MomentsOf(gradients[1]))
    assert first.weight_gradient == second.weight_gradient == MomentsOf(gradients[2])


@pytest.mark.parametrize("name", MODELS)
def test_frozen_weights_hide_no_gradient_of_the_outputs(name):
    build, x = MODELS[name]
    model = with_weights(build())
    trainable = probe(model, x, Y)
    frozen = probe(model.requires_grad_(False), x, Y)
    assert_same(frozen, [replace(layer, weight_gradient=None) for layer in trainable])


def test_gradients_are_found_where_they_are_switched_off_outside():
    model, x = with_weights(mlp([12, 8, 4])), MODELS["mlp"][1]
    expected = probe(model, x, Y)
    with torch.no_grad():
        assert repr(probe(model, x, Y)) == repr(expected)


def test_packed_sequences_pass_through():
    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.head = nn.GRU(3, 6), nn.Linear(6, 4)

        def forward(self, x):
            packed = nn.utils.rnn.pack_padded_sequence(x, [5, 4, 3, 3, 2, 2, 1], batch_first=True)
            states, _ = self.layer(packed)
            self.seen = states.data
            return self.head(nn.utils.rnn.pad_packed_sequence(states)[0].sum(0))

    model = with_weights(Packed())
    layer, _ = probe(model, numbers(7, 5, 3), Y)
    assert layer.activation == MomentsOf(model.seen)
    assert layer.gradient.mean_square > 0


def test_dead_is_the_fraction_of_units_that_are_zero_on_the_whole_batch():
    model = with_weights(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4)))
    nn.init.constant_(model[0].bias[:3], -100)
    linear, relu, _ = probe(model, numbers(7, 4))
    assert (linear.dead, relu.dead) == (0, pytest.approx(3 / 8))


def test_a_unit_of_a_convolution_is_a_channel_and_stays_one_up_to_the_next_layer():
    model = with_weights(
        nn.Sequential(
            nn.Conv1d(1, 4, 2), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(12, 4)
        )
    )
    nn.init.zeros_(model[0].weight[0])
    nn.init.zeros_(model[0].bias)
    x = numbers(7, 1, 7)
    x[:, :, :3] = 0
    conv, relu, pool, flatten, _ = probe(model, x)
    assert (conv.dead, relu.dead, pool.dead) == (0.25, 0.25, 0.25)
    assert flatten.dead == pytest.approx((3 + 3 * 1) / 12)


def test_a_unit_of_a_sequence_is_a_feature_at_all_times():
    model = with_weights(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    nn.init.constant_(model[0].bias[:1], -100)
    x = numbers(7, 5, 3)
    assert probe(model, x)[1].dead == 0.25
    for layer in RECURRENT.values():
        silent = with_weights(layer(3, 4, batch_first=True), std=0.0)
        assert probe(silent, x)[0].dead == 1


def test_a_unit_after_a_normalization_of_features_is_a_feature():
    layer = nn.LayerNorm(4)
    nn.init.zeros_(layer.weight[:1].data)
    assert probe(layer, numbers(7, 5, 4))[0].dead == 0.25


def test_without_targets_no_graph_is_kept():
    model, seen = with_weights(nn.Sequential(nn.Linear(3, 4))), []
    model[0].register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    probe(model, numbers(7, 3))
    probe(model, numbers(7, 3), torch.zeros(7, dtype=torch.int64))
    assert seen == [False, True]


@pytest.mark.parametrize("kind", BOUNDS)
def test_saturated_is_the_fraction_near_a_bound(kind):
    slope = {nn.Sigmoid: lambda a: a * (1 - a), nn.Tanh: lambda a: 1 - a**2}[kind]
    z = torch.linspace(-6, 6, 1201).reshape(-1, 1)
    model = nn.Sequential(nn.Identity(), kind())
    identity, layer = probe(model, z)
    assert math.isnan(identity.saturated)
    # within 5% of the range of a bound, the slope is below 4 * 0.05 * 0.95 of the largest
    slopes = slope(model(z).double())
    assert layer.saturated == pytest.approx((slopes < 0.19 * slopes.max()).double().mean().item())


def test_only_bounded_activations_saturate():
    for layer in probe(with_weights(mnist_cnn("tanh")), MODELS["cnn"][1]):
        assert math.isnan(layer.saturated) == (layer.kind != "Tanh")


tensors = arrays(np.float32, st.integers(1, 30), elements=st.floats(-4, 4, width=32))


@given(values=tensors, exponent=st.integers(-120, 120))
def test_moments_neither_overflow_nor_underflow(values, exponent):
    scale = 2.0**exponent
    values[np.abs(values) < 1e-3] = 0
    scaled = np.ldexp(values, exponent)
    layer = probe(nn.Identity(), torch.from_numpy(scaled).reshape(-1, 1))[0].activation
    exact = scaled.astype(np.float64)
    assert layer.mean == pytest.approx(exact.mean(), rel=1e-5, abs=1e-5 * scale)
    assert layer.std == pytest.approx(exact.std(), rel=1e-5, abs=1e-5 * scale)
    assert layer.mean_square == pytest.approx((exact**2).mean(), rel=1e-5, abs=0)


def test_an_overflow_inside_the_network_is_shown():
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    for layer in model:
        nn.init.constant_(layer.weight, 1e30)
    first, second = probe(model, torch.ones(2, 1))
    assert first.activation.mean_square == pytest.approx(1e60)
    assert second.activation.mean == math.inf
    assert second.activation.mean_square == math.inf


def test_double_precision_is_kept():
    model, x = with_weights(mlp([12, 8, 4])).double(), MODELS["mlp"][1].double()
    outputs, _ = by_hand(model, x, Y)
    activation = probe(model, x, Y)[1].activation
    assert activation.mean == pytest.approx(outputs["linear1"].mean().item(), rel=1e-14)


X = MODELS["mlp"][1]
NAN = torch.where(torch.arange(7)[:, None] == 3, torch.nan, X)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X.numpy(), Y, TypeError, "x must be a torch tensor; got ndarray"),
        (X, Y.numpy(), TypeError, "y must be a torch tensor; got ndarray"),
        (X.to("meta"), None, ValueError, "x is on meta.*on cpu"),
        (X, Y.to("meta"), ValueError, "y is on meta.*on cpu"),
        (X[:0], None, ValueError, r"at least one example.*\(0, 12\)"),
        (NAN, Y, ValueError, "x must be finite"),
        (X[:, :3], Y, ValueError, r"cannot take x of shape \(7, 3\)"),
        (X, Y[:3], ValueError, "same length; got 7 and 3"),
        (X, Y.int(), TypeError, "int64.*torch.int32"),
        (X, Y.float(), ValueError, r"\(n, 4\); got \(n,\)"),
        (X, Y + 1, ValueError, "0 to 3, for the model's 4 outputs; got 4"),
        (X, Y - 1, ValueError, "0 to 3, for the model's 4 outputs; got -1"),
    ],
)
def test_bad_data_are_rejected(x, y, error, message):
    with pytest.raises(error, match=message):
        probe(with_weights(mlp([12, 8, 4])), x, y)


def test_a_network_without_weights_is_rejected():
    with pytest.raises(ValueError, match=r"linear1.weight is NaN.*initialize\(model"):
        probe(mlp([12, 8, 4]), X, Y)


def test_what_is_no_model_is_rejected():
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module; got function"):
        probe(with_weights, X, Y)


def test_a_layer_without_a_tensor_is_named():
    with pytest.raises(TypeError, match=r"layer 1 \(Pair\) must return a tensor.*dict"):
        probe(nn.Sequential(nn.Identity(), Pair()), X)
