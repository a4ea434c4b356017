import math

import numpy as np
import pytest
import torch
from torch import nn

from helpers.device import generator, rng
from helpers.ensemble import lstm_states, rnn_states, train_recurrent
from helpers.initializers import initialize
from helpers.networks import char_rnn

NETWORKS, STEPS, BATCH, INPUTS, HIDDEN = 3, 7, 4, 2, 5


def torch_layers(kind):
    options = {"nonlinearity": kind} if kind != "lstm" else {}
    build = nn.LSTM if kind == "lstm" else nn.RNN
    numbers = generator(0)
    layers = [build(INPUTS, HIDDEN, **options).double() for _ in range(NETWORKS)]
    for layer in layers:
        for parameter in layer.parameters():
            nn.init.normal_(parameter, std=0.5, generator=numbers)
    return layers


def stacked(layers):
    W = torch.stack([layer.weight_hh_l0 for layer in layers])
    U = torch.stack([layer.weight_ih_l0 for layer in layers])
    b = torch.stack([layer.bias_hh_l0 + layer.bias_ih_l0 for layer in layers])
    return [part.detach().requires_grad_() for part in (W, U, b)]


def states(kind, W, U, b, x):
    return lstm_states(W, U, b, x) if kind == "lstm" else rnn_states(W, U, b, x, kind)


@pytest.mark.parametrize("own_inputs", [True, False])
@pytest.mark.parametrize("kind", ["tanh", "relu", "lstm"])
def test_states_and_gradients_are_those_of_torch(kind, own_inputs):
    layers = torch_layers(kind)
    parts = stacked(layers)
    shape = (NETWORKS if own_inputs else 1, STEPS, BATCH, INPUTS)
    x = torch.randn(shape, generator=generator(1), dtype=torch.float64)
    ours = states(kind, *parts, x)
    each = x.expand(NETWORKS, -1, -1, -1)
    theirs = torch.stack([layer(own)[0] for layer, own in zip(layers, each, strict=True)])
    torch.testing.assert_close(ours, theirs)
    factor = torch.randn(ours.shape, generator=generator(2), dtype=torch.float64)
    (ours * factor).sum().backward()
    (theirs * factor).sum().backward()
    for part, name in zip(parts, ("weight_hh_l0", "weight_ih_l0", "bias_hh_l0"), strict=True):
        expected = torch.stack([getattr(layer, name).grad for layer in layers])
        torch.testing.assert_close(part.grad, expected)


@pytest.mark.parametrize("kind", ["tanh", "lstm"])
def test_shapes_that_do_not_fit_are_named(kind):
    W, U, b = stacked(torch_layers(kind))
    x = torch.zeros(1, STEPS, BATCH, INPUTS, dtype=torch.float64)
    with pytest.raises(ValueError, match="x must be"):
        states(kind, W, U, b, x[0])
    with pytest.raises(ValueError, match="x must be"):
        states(kind, W[:, 1:], U, b, x)
    with pytest.raises(ValueError, match="U must be"):
        states(kind, W, U[:, :, 1:], b, x)
    with pytest.raises(ValueError, match="b"):
        states(kind, W, U, b[:, 1:], x)


def test_a_misspelt_activation_gets_the_nearest_name():
    W, U, b = stacked(torch_layers("tanh"))
    with pytest.raises(ValueError, match="'tanh'"):
        rnn_states(W, U, b, torch.zeros(1, STEPS, BATCH, INPUTS), "tahn")


def bowls(start, rates, steps, clip=1.0):
    """Networks of one number each, with the loss of half its square."""
    parameter = torch.tensor(start, requires_grad=True)
    losses = train_recurrent(
        [parameter], lambda: parameter.square().sum(1) / 2, lr=rates, steps=steps, clip=clip
    )
    return parameter.detach(), losses


def test_training_goes_the_way_of_torchs_adam_with_clipping():
    ours, losses = bowls([[3.0, 4.0], [0.1, 0.2]], [0.1, 0.01], steps=20)
    for row, rate in enumerate((0.1, 0.01)):
        own = torch.tensor([[3.0, 4.0], [0.1, 0.2]][row], requires_grad=True)
        adam, seen = torch.optim.Adam([own], lr=rate), []
        for _ in range(20):
            loss = own.square().sum() / 2
            seen.append(loss.item())
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([own], 1.0)
            adam.step()
        torch.testing.assert_close(ours[row], own.detach(), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(losses[:, row], seen, rtol=1e-4)


def test_a_network_that_diverges_does_not_disturb_the_rest():
    alone, _ = bowls([[0.1]], 0.01, steps=5)
    both, losses = bowls([[torch.inf], [0.1]], 0.01, steps=5)
    assert losses.shape == (5, 2)
    assert not np.isfinite(losses[1:, 0]).any()
    torch.testing.assert_close(both[1], alone[0])


def test_char_rnn_reads_one_hot_characters():
    model = char_rnn("relu", hidden=6, characters=5)
    assert all(parameter.isnan().all() for parameter in model.parameters())
    initialize(model, "xavier_uniform", generator=rng(0))
    characters = torch.randint(5, (3, 4), generator=generator(1))
    logits = model(characters)
    assert logits.shape == (3, 4, 5)
    W, U, b = (part.float() for part in stacked([model.rnn]))
    x = torch.eye(5)[characters].transpose(0, 1)[None]
    h = rnn_states(W, U, b, x, "relu")[0].transpose(0, 1)
    torch.testing.assert_close(logits, h @ model.linear.weight.T + model.linear.bias)


def test_char_rnn_computes_in_the_default_dtype():
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        model = initialize(char_rnn(), "orthogonal", generator=rng(0))
        assert model(torch.zeros(1, 6, dtype=torch.int64)).dtype == torch.float64
    finally:
        torch.set_default_dtype(before)


def test_char_rnn_does_not_look_ahead():
    model = initialize(char_rnn(), "orthogonal", generator=rng(0))
    one = torch.zeros(1, 6, dtype=torch.int64)
    other = one.clone()
    other[0, 3] = 1
    assert torch.equal(model(one)[:, :3], model(other)[:, :3])
    assert not torch.equal(model(one)[:, 3:], model(other)[:, 3:])


def test_building_char_rnn_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    char_rnn()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"activation": "sigmoid"}, ValueError, "activation"),
        ({"hidden": 0}, ValueError, "hidden"),
        ({"characters": 2.0}, TypeError, "characters"),
    ],
)
def test_char_rnn_rejects_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        char_rnn(**options)


@pytest.mark.parametrize("kind", ["tanh", "relu", "lstm"])
def test_a_second_derivative_is_refused_as_it_would_be_wrong(kind):
    W, U, b = stacked(torch_layers(kind))
    x = torch.ones(1, STEPS, BATCH, INPUTS, dtype=torch.float64)
    value = states(kind, W, U, b, x).square().sum()
    (first,) = torch.autograd.grad(value, W, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        first.square().sum().backward()


@pytest.mark.parametrize("kind", ["tanh", "lstm"])
def test_inputs_that_would_get_no_gradient_are_refused(kind):
    x = torch.zeros(1, STEPS, BATCH, INPUTS, dtype=torch.float64, requires_grad=True)
    with pytest.raises(ValueError, match="x must not require a gradient"):
        states(kind, *stacked(torch_layers(kind)), x)


@pytest.mark.parametrize("change", [torch.Tensor.cfloat, torch.Tensor.long, torch.Tensor.to_sparse])
def test_states_are_computed_from_dense_real_numbers(change):
    W, U, b = stacked(torch_layers("tanh"))
    x = torch.zeros(1, STEPS, BATCH, INPUTS, dtype=torch.float64)
    with pytest.raises(TypeError, match="x must"):
        rnn_states(W, U, b, change(x))


@pytest.mark.parametrize("clip", [0, -1, math.nan, math.inf, -math.inf, "1", None])
def test_a_gradient_is_clipped_to_a_number_above_0(clip):
    W = torch.ones(2, 3, requires_grad=True)
    with pytest.raises((TypeError, ValueError), match="clip must be"):
        train_recurrent([W], lambda: W.square().sum(1), lr=0.1, steps=1, clip=clip)
    assert torch.equal(W, torch.ones(2, 3))


def test_parameters_and_losses_are_those_of_as_many_networks():
    W, b = torch.ones(2, 3, requires_grad=True), torch.ones(3, requires_grad=True)
    for parameters, losses, message in (
        ([W, b], lambda: W.square().sum(1), r"parameters\[1\] has 3, parameters\[0\] has 2"),
        ([W.detach()], lambda: W.square().sum(1), r"parameters\[0\] must require a gradient"),
        ([], lambda: W.square().sum(1), "parameters must be a list of tensors"),
        ([W], lambda: W.square().sum(), r"of shape \(2,\)"),
        ([W], lambda: torch.zeros(2), "with a gradient"),
        ([W], lambda: [1.0, 2.0], "losses returns must be a torch tensor"),
        ([W], 3, "losses must be a function"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            train_recurrent(parameters, losses, lr=0.1, steps=1)
    assert torch.equal(W, torch.ones(2, 3))


def test_only_a_gradient_longer_than_the_clip_is_shortened():
    gradients = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 2.0]])
    W, V = torch.zeros(1, 2, requires_grad=True), torch.zeros(2, requires_grad=True)
    draws, adam = iter(gradients), torch.optim.Adam([V], lr=0.1)
    train_recurrent([W], lambda: (W * next(draws)).sum(1), lr=0.1, steps=3, clip=1.0)
    for gradient in gradients:
        V.grad = gradient.clone()
        nn.utils.clip_grad_norm_([V], 1.0)
        adam.step()
    torch.testing.assert_close(W[0], V)
