from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import max_pool1d, max_pool2d

from helpers.activations import ACTIVATIONS
from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import cifar_cnn, mlp, mnist_cnn, pool_first, speech_cnn

NETWORKS = {
    "mlp": lambda activation: mlp([784, 20, 20, 10], activation),
    "mnist_cnn": mnist_cnn,
    "cifar_cnn": cifar_cnn,
    "speech_cnn": speech_cnn,
    "deep speech_cnn": lambda activation: speech_cnn(activation, depth=5),
}


def with_weights(model, seed=0):
    numbers = generator(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1, generator=numbers)
    return model


def part_names(model):
    return [name for name, _ in model.named_children()]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_new_network_has_no_weights(network, activation):
    for parameter in NETWORKS[network](activation).parameters():
        assert parameter.isnan().all()
        assert parameter.requires_grad
        assert (parameter.dtype, parameter.device.type) == (torch.float32, "cpu")


@pytest.mark.parametrize("network", NETWORKS)
def test_building_a_network_leaves_the_global_generator_alone(network):
    before = torch.get_rng_state()
    NETWORKS[network]("relu")
    assert torch.equal(torch.get_rng_state(), before)


@given(widths=st.lists(st.integers(1, 12), min_size=2, max_size=5))
def test_mlp_has_the_parameters_of_its_widths(widths):
    count = sum(parameter.numel() for parameter in mlp(widths).parameters())
    assert count == sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))


def test_mnist_cnn_has_the_parameters_of_the_source():
    assert sum(parameter.numel() for parameter in mnist_cnn().parameters()) == 93_322


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mlp_computes_linear_maps_with_the_activation_between(activation):
    model = with_weights(mlp([12, 5, 4, 3], activation))
    assert part_names(model) == [
        *("flatten", "linear1", f"{activation}1", "linear2", f"{activation}2", "linear3")
    ]
    phi = ACTIVATIONS[activation].module()
    x = torch.randn(6, 3, 4, generator=generator(1))
    a = x.reshape(6, 12)
    for layer in [model.linear1, model.linear2, model.linear3]:
        z = a @ layer.weight.T + layer.bias
        a = phi(z)
    torch.testing.assert_close(model(x), z)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mnist_cnn_computes_the_network_of_the_source(activation):
    model = with_weights(mnist_cnn(activation))
    assert part_names(model) == [
        *("conv1", f"{activation}1", "pool1", "conv2", f"{activation}2", "pool2"),
        *("conv3", f"{activation}3", "flatten", "dense1", f"{activation}4", "dense2"),
    ]
    phi = ACTIVATIONS[activation].module()
    x = torch.rand(3, 1, 28, 28, generator=generator(1))
    a = max_pool2d(phi(torch.conv2d(x, model.conv1.weight, model.conv1.bias)), 2)
    a = max_pool2d(phi(torch.conv2d(a, model.conv2.weight, model.conv2.bias)), 2)
    a = phi(torch.conv2d(a, model.conv3.weight, model.conv3.bias))
    assert a.shape == (3, 64, 3, 3)
    a = phi(a.reshape(3, 576) @ model.dense1.weight.T + model.dense1.bias)
    z = a @ model.dense2.weight.T + model.dense2.bias
    assert z.shape == (3, 10)
    torch.testing.assert_close(model(x), z)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_pooling_first_is_the_same_function(activation):
    model = with_weights(mnist_cnn(activation)).double()
    exchanged = pool_first(model)
    names = [name for name, _ in exchanged.named_children()]
    assert names[:6] == [*("conv1", "pool1", f"{activation}1", "conv2", "pool2", f"{activation}2")]
    x = torch.randn(8, 1, 28, 28, generator=generator(0), dtype=torch.float64)
    torch.testing.assert_close(exchanged(x), model(x), rtol=0, atol=0)
    parameters = list(model.parameters())
    slopes = [torch.autograd.grad(f(x).square().sum(), parameters) for f in (model, exchanged)]
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("channels", "size"), [((8, 16, 32), 16), ((4,), 7), ((5, 6), 32)])
def test_cifar_cnn_pools_each_convolution(activation, channels, size):
    model = with_weights(cifar_cnn(activation, channels=channels, size=size))
    phi = ACTIVATIONS[activation].module()
    a = torch.rand(2, 3, size, size, generator=generator(1))
    names = []
    for i, n_out in enumerate(channels, start=1):
        layer = model.get_submodule(f"conv{i}")
        a = max_pool2d(phi(torch.conv2d(a, layer.weight, layer.bias, padding=1)), 2)
        assert a.shape[1] == n_out
        names += [f"conv{i}", f"{activation}{i}", f"pool{i}"]
    names += ["flatten", "dense1", f"{activation}{len(channels) + 1}", "dense2"]
    assert part_names(model) == names
    a = phi(a.flatten(1) @ model.dense1.weight.T + model.dense1.bias)
    z = a @ model.dense2.weight.T + model.dense2.bias
    assert z.shape == (2, 10)
    torch.testing.assert_close(
        model(torch.rand(2, 3, size, size, generator=generator(1))), z, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [2, 3, 7])
def test_speech_cnn_pools_the_first_and_the_last_convolution(activation, depth):
    model = with_weights(speech_cnn(activation, depth=depth))
    phi = ACTIVATIONS[activation].module()
    x = torch.rand(2, 12, 29, generator=generator(1))
    a, names = x, []
    for i in range(1, depth + 1):
        layer = model.get_submodule(f"conv{i}")
        a = phi(torch.conv1d(a, layer.weight, layer.bias, padding=1))
        names += [f"conv{i}", f"{activation}{i}"]
        if i in {1, depth}:
            a = max_pool1d(a, 2)
            names.append("pool1" if i == 1 else "pool2")
    assert part_names(model) == [
        *names,
        *("flatten", "dense1", f"{activation}{depth + 1}", "dense2"),
    ]
    assert a.shape == (2, 32, 7)
    a = phi(a.flatten(1) @ model.dense1.weight.T + model.dense1.bias)
    z = a @ model.dense2.weight.T + model.dense2.bias
    assert z.shape == (2, 9)
    torch.testing.assert_close(model(x), z, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"channels": ()}, TypeError, r"channels must be integers.*\(\)"),
        ({"channels": 8}, TypeError, "channels must be integers.*8"),
        ({"channels": (8, 0)}, ValueError, "channels must be 1 or more; got 0"),
        ({"channels": (8, 1.5)}, TypeError, "channels must be an integer; got 1.5"),
        ({"size": 7}, ValueError, "size must be at least 8 for 3 poolings; got 7"),
        ({"size": "16"}, TypeError, "size must be an integer"),
    ],
)
def test_cifar_cnn_rejects_bad_sizes(arguments, error, message):
    with pytest.raises(error, match=message):
        cifar_cnn(**arguments)


@pytest.mark.parametrize(
    ("depth", "error", "message"),
    [
        (1, ValueError, "depth must be 2 or more; got 1"),
        (2.0, TypeError, "depth must be an integer; got 2.0"),
    ],
)
def test_speech_cnn_rejects_bad_depths(depth, error, message):
    with pytest.raises(error, match=message):
        speech_cnn(depth=depth)


@pytest.mark.parametrize("name", ["rleu", "ReLU", "RELU"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_misspelt_activation_gets_the_nearest_name(network, name):
    with pytest.raises(ValueError, match=rf"unknown activation '{name}'. Did you mean 'relu'"):
        NETWORKS[network](name)


@pytest.mark.parametrize("network", NETWORKS)
def test_an_activation_must_be_a_name(network):
    with pytest.raises(TypeError, match="activation must be a name"):
        NETWORKS[network](torch.relu)


@pytest.mark.parametrize(
    ("widths", "error", "message"),
    [
        ([784], ValueError, r"at least two.*\[784\]"),
        ([784, 0, 10], ValueError, r"1 or more.*\[784, 0, 10\]"),
        ([784, 10.0], TypeError, r"integers.*\[784, 10.0\]"),
        (784, TypeError, "sequence of integers.*784"),
    ],
)
def test_mlp_rejects_bad_widths(widths, error, message):
    with pytest.raises(error, match=message):
        mlp(widths)


def test_a_multiplier_scales_the_product_and_not_the_bias():
    model = initialize(mlp([4, 3, 2], multipliers=[0.5, 3]), "he_normal", generator=rng(0))
    for layer in (model.linear1, model.linear2):
        torch.nn.init.constant_(layer.bias, 0.7)
    x = torch.randn(5, 4, generator=generator(0))
    hidden = (0.5 * x @ model.linear1.weight.T + 0.7).clamp(min=0)
    torch.testing.assert_close(model(x), 3 * hidden @ model.linear2.weight.T + 0.7)


@pytest.mark.parametrize(
    ("multipliers", "error", "message"),
    [
        ([1.0], ValueError, "one for each of the 2 layers; got 1"),
        (0.5, TypeError, "multipliers must be a list of numbers; got 0.5"),
        (["a", 1.0], TypeError, "each of multipliers must be a real number; got 'a'"),
        ([float("nan"), 1.0], ValueError, "each of multipliers must be finite"),
    ],
)
def test_multipliers_are_checked(multipliers, error, message):
    with pytest.raises(error, match=message):
        mlp([4, 3, 2], multipliers=multipliers)
