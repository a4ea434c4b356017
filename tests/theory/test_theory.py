"""Quadrature, closed forms, Monte Carlo and real networks agree with one another."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf

from helpers import theory
from helpers.activations import ACTIVATIONS, Activation
from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import mlp
from helpers.probes import probe
from helpers.theory import (
    CLOSED_FORMS,
    chi,
    correlation_map,
    critical_line,
    depth_scale,
    fixed_point,
    gain,
    gaussian_mean,
    kernel,
    length_map,
    variance_per_layer,
)

FUNCTIONS = {
    f"{name}{prime}": function
    for name, phi in ACTIVATIONS.items()
    for prime, function in (("", phi.function), ("'", phi.derivative))
}
CORRELATIONS = [-1.0, -0.9, -0.3, 0.0, 0.5, 0.99, 0.999999, 1.0]
EDGE = {"sigma_w": 1.3, "sigma_b": 0.2}


def by_quadrature(function):
    """The same function, not known to have a closed form."""
    return lambda u: function(u)


def hidden(name):
    """The same activation, not known to have a closed form."""
    phi = ACTIVATIONS[name]
    return replace(
        phi, function=by_quadrature(phi.function), derivative=by_quadrature(phi.derivative)
    )


# Means


@pytest.mark.parametrize("variance", [1e-6, 0.3, 1.0, 7.0, 100.0, 1000.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_means_agree_with_scipy(name, variance):
    def integrand(u):
        return FUNCTIONS[name](u) ** 2 * math.exp(-u * u / (2 * variance))

    ends = math.sqrt(variance) * np.array([0, 1e-3, 1e-2, 0.1, 1, 3, 12])
    pieces = [
        quad(lambda u, sign=sign: integrand(sign * u), low, high, epsabs=0, epsrel=1e-13)[0]
        for sign in (-1, 1)
        for low, high in pairwise(ends)
    ]
    expected = math.fsum(pieces) / math.sqrt(2 * math.pi * variance)
    found = gaussian_mean(lambda u: FUNCTIONS[name](u) ** 2, variance)
    assert found == pytest.approx(expected, rel=1e-12)


def test_means_of_smooth_functions_are_those_of_gauss_hermite():
    nodes, weights = hermegauss(100)
    for function in (np.cos, np.exp, lambda u: np.tanh(u / 4) ** 2, lambda u: u**6 - u):
        expected = function(nodes) @ weights / math.sqrt(2 * math.pi)
        assert gaussian_mean(function, 1.0) == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_means_at_a_kink_are_exact_where_gauss_hermite_is_not():
    nodes, weights = hermegauss(100)
    relu, expected = ACTIVATIONS["relu"].function, 1 / math.sqrt(2 * math.pi)
    assert gaussian_mean(relu, 1.0) == pytest.approx(expected, rel=1e-14)
    assert abs(relu(nodes) @ weights / math.sqrt(2 * math.pi) / expected - 1) > 1e-3


@given(st.floats(0, 1e4), st.integers(0, 6))
def test_moments_are_exact(variance, half):
    expected = variance**half * math.prod(range(1, 2 * half, 2))
    assert gaussian_mean(lambda u: u ** (2 * half), variance) == pytest.approx(expected, rel=1e-12)
    odd = gaussian_mean(lambda u: u ** (2 * half + 1), variance)
    assert abs(odd) <= 1e-12 * gaussian_mean(lambda u: np.abs(u) ** (2 * half + 1), variance)


def test_means_keep_the_shape():
    variance = np.array([[0.0, 1.0, 4.0]])
    found = gaussian_mean(lambda u: 3 + u**2, variance)
    np.testing.assert_allclose(found, 3 + variance, rtol=1e-14)
    assert np.ndim(gaussian_mean(np.cos, 1.0)) == 0


# Kernels


@pytest.mark.parametrize("q", [1e-3, 1.0, 20.0, 1000.0])
@pytest.mark.parametrize("function", CLOSED_FORMS)
def test_closed_forms_agree_with_quadrature(function, q):
    exact = kernel(function, q, CORRELATIONS)
    found = kernel(by_quadrature(function), q, CORRELATIONS)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * kernel(function, q, 1.0))


def test_known_values_of_the_closed_forms():
    relu, step = ACTIVATIONS["relu"].function, ACTIVATIONS["relu"].derivative
    np.testing.assert_allclose(kernel(relu, 3, [-1, 0, 1]), [0, 1.5 / math.pi, 1.5], atol=1e-15)
    np.testing.assert_allclose(kernel(step, 3, [-1, 0, 1]), [0, 0.25, 0.5], atol=1e-15)
    np.testing.assert_allclose(kernel(erf, 0.5, [-1, 0, 1]), [-1 / 3, 0, 1 / 3], atol=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("q", [0.1, 2.0, 1000.0])
def test_kernel_at_the_ends_is_a_mean(name, q):
    function = by_quadrature(FUNCTIONS[name])
    size = gaussian_mean(lambda u: function(u) ** 2, q)
    ends = {
        1: size,
        0: gaussian_mean(function, q) ** 2,
        -1: gaussian_mean(lambda u: function(u) * function(-u), q),
    }
    for c, expected in ends.items():
        assert kernel(function, q, c) == pytest.approx(expected, rel=0, abs=1e-12 * size)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_kernel_agrees_with_monte_carlo(name):
    """Within 5 standard errors: a false alarm in 2 million."""
    q, c, draws = 1.7, 0.6, 200_000
    u, w = math.sqrt(q) * rng(0).normal(size=(2, draws))
    v = c * u + math.sqrt(1 - c * c) * w
    products = FUNCTIONS[name](u) * FUNCTIONS[name](v)
    error = products.std() / math.sqrt(draws)
    assert abs(kernel(FUNCTIONS[name], q, c) - products.mean()) <= 5 * error + 1e-12


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_of_the_kernel_is_that_of_the_derivative(name):
    """d/dc E[f(u) f(v)] = q E[f'(u) f'(v)], with a difference quotient of error 1e-5."""
    phi, q, step = ACTIVATIONS[name], 1.3, 1e-4
    for c in (-0.8, 0.0, 0.7):
        low, high = kernel(phi.function, q, [c - step, c + step])
        slope = q * kernel(phi.derivative, q, c)
        assert (high - low) / (2 * step) == pytest.approx(slope, abs=1e-5)


# Gains


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gain_keeps_the_mean_square_of_unit_pre_activations(name):
    phi = ACTIVATIONS[name]
    assert gain(name) == phi.gain
    assert length_map(1.0, phi, sigma_w=gain(phi)) == pytest.approx(1, rel=1e-9)
    assert chi(phi, 1.0, sigma_w=gain(phi, "backward")) == pytest.approx(1, rel=1e-9)


def test_gains_of_rectifiers_are_those_of_he():
    for direction in ("forward", "backward"):
        assert gain("relu", direction) == pytest.approx(math.sqrt(2), rel=1e-10)
        expected = math.sqrt(2 / (1 + 0.01**2))
        assert gain("leaky_relu", direction) == pytest.approx(expected, rel=1e-10)
        assert gain("identity", direction) == pytest.approx(1, rel=1e-10)


# Maps


@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu"])
def test_closed_forms_and_quadrature_give_the_same_maps(name):
    c = np.array(CORRELATIONS)
    for phi in (name, hidden(name)):
        np.testing.assert_allclose(
            correlation_map(c, 0.7, phi, **EDGE),
            correlation_map(c, 0.7, name, **EDGE),
            rtol=0,
            atol=1e-12,
        )
    for function in (lambda p: fixed_point(p, sigma_w=0.9, sigma_b=0.3), gain):
        np.testing.assert_allclose(function(hidden(name)), function(name), rtol=1e-9)
    np.testing.assert_allclose(
        depth_scale(hidden(name), sigma_w=0.9, sigma_b=0.3),
        depth_scale(name, sigma_w=0.9, sigma_b=0.3),
        rtol=1e-8,
    )


def test_he_keeps_lengths_and_gradients_of_the_rectifier_at_every_length():
    q = np.logspace(-6, 6, 13)
    sigma_w = math.sqrt(2)
    np.testing.assert_allclose(length_map(q, "relu", sigma_w=sigma_w), q, rtol=1e-14)
    np.testing.assert_allclose(chi("relu", q, sigma_w=sigma_w), 1, rtol=1e-14)
    np.testing.assert_allclose(chi(hidden("relu"), q, sigma_w=sigma_w), 1, rtol=1e-13)


@pytest.mark.parametrize("sigma_b", [0.5, 2.0])
def test_biases_add_their_variance_and_not_their_deviation(sigma_b):
    q = length_map(3.0, "relu", sigma_w=1.5, sigma_b=sigma_b)
    assert q == pytest.approx(1.5**2 * 3 / 2 + sigma_b**2, rel=1e-14)
    c = correlation_map(0.0, 3.0, "relu", sigma_w=1.5, sigma_b=sigma_b)
    assert c == pytest.approx((1.5**2 * 3 / (2 * math.pi) + sigma_b**2) / q, rel=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_equal_inputs_stay_equal(name):
    for q in (0.2, 1.0, 9.0):
        assert correlation_map(1.0, q, name, **EDGE) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_maps_agree_with_a_wide_layer(name):
    """Within 5 standard errors over 500,000 units: a false alarm in 2 million."""
    units, n_in, numbers = 500_000, 20, rng(1)
    x = numbers.normal(size=(2, n_in))
    weights = numbers.normal(0, 1 / math.sqrt(n_in), size=(units, n_in))
    x[1] *= np.linalg.norm(x[0]) / np.linalg.norm(x[1])
    q, c = (x[0] @ x[0]) / n_in, (x[0] @ x[1]) / (x[0] @ x[0])
    u, v = ACTIVATIONS[name].function(weights @ x.T).T
    for values, expected in (
        (u * u, length_map(q, name, sigma_w=1.0)),
        (u * v, correlation_map(c, q, name, sigma_w=1.0) * length_map(q, name, sigma_w=1.0)),
    ):
        assert abs(values.mean() - expected) < 5 * values.std() / math.sqrt(units)


# Fixed points


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "selu", "relu"])
@pytest.mark.parametrize("sigma_w", [0.5, 1.7, 3.0])
@pytest.mark.parametrize("sigma_b", [0.0, 0.3])
def test_fixed_points_are_where_many_layers_lead(name, sigma_w, sigma_b):
    q, c = 1.0, 0.0
    for _ in range(200):
        c = correlation_map(c, q, name, sigma_w=sigma_w, sigma_b=sigma_b)
        q = length_map(q, name, sigma_w=sigma_w, sigma_b=sigma_b)
    found = fixed_point(name, sigma_w=sigma_w, sigma_b=sigma_b)
    if found.q == 0:
        assert q < 1e-6
    elif found.q == math.inf:
        assert q > 1e6
    else:
        assert found == pytest.approx((q, c), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("sigma_w", [0.9, 3.0, 1e7])
@pytest.mark.parametrize("sigma_b", [0.0, 1.9, 2.1, 50.0, 1e6])
def test_fixed_points_far_above_1_are_found(sigma_w, sigma_b):
    q = 1.0
    for _ in range(500):
        q = float(length_map(q, "tanh", sigma_w=sigma_w, sigma_b=sigma_b))
    found = fixed_point("tanh", sigma_w=sigma_w, sigma_b=sigma_b).q
    assert found == pytest.approx(q, rel=1e-6, abs=1e-12)


def test_fixed_points_with_closed_forms():
    for sigma_w, sigma_b in ((0.0, 0.5), (0.9, 0.2), (1.2, 1.0)):
        expected = sigma_b**2 / (1 - sigma_w**2 / 2)
        found = fixed_point("relu", sigma_w=sigma_w, sigma_b=sigma_b)
        assert found == pytest.approx((expected, 1.0), rel=1e-12)
    assert fixed_point("relu", sigma_w=math.sqrt(2)) == (1, 1)
    assert fixed_point("relu", sigma_w=math.sqrt(2), sigma_b=0.1) == (math.inf, 1)
    assert fixed_point("relu", sigma_w=1.5) == (math.inf, 1)
    assert fixed_point("relu", sigma_w=1.3) == (0, 1)
    assert fixed_point("tanh", sigma_w=1.0) == (0, 1)


def test_published_edge_of_chaos_of_tanh():
    """Schoenholz et al., 2017: sigma_w^2 = 1.76 for sigma_b^2 = 0.05."""
    q = brentq(lambda q: critical_line("tanh", q)[1] ** 2 - 0.05, 0.1, 1)
    sigma_w, sigma_b = critical_line("tanh", q)
    assert sigma_w**2 == pytest.approx(1.76, abs=0.005)
    assert fixed_point("tanh", sigma_w=sigma_w, sigma_b=sigma_b) == pytest.approx((q, 1), rel=1e-9)


def test_edge_of_chaos_of_tanh_at_small_lengths():
    """From tanh(u) = u - u^3 / 3 + ...: sigma_w^2 = 1 + 2 q - 3 q^2 and sigma_b^2 = 4/3 q^3."""
    q = np.array([1e-4, 1e-3])
    sigma_w, sigma_b = critical_line("tanh", q)
    np.testing.assert_allclose(sigma_w**2, 1 + 2 * q - 3 * q**2, rtol=0, atol=20 * q[1] ** 3)
    np.testing.assert_allclose(sigma_b**2, 4 / 3 * q**3, rtol=10 * q[1])


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu", "gelu"])
def test_critical_line_is_where_chi_is_1(name):
    q = np.array([0.05, 0.5, 2.0])
    for length, sigma_w, sigma_b in zip(q, *critical_line(name, q), strict=True):
        assert chi(name, length, sigma_w=sigma_w) == pytest.approx(1, rel=1e-12)
        again = length_map(length, name, sigma_w=sigma_w, sigma_b=np.nan_to_num(sigma_b))
        if math.isnan(sigma_b):
            assert again > length
        else:
            assert again == pytest.approx(length, rel=1e-12)


def test_critical_line_of_the_rectifier_is_one_point():
    sigma_w, sigma_b = critical_line("relu", np.logspace(-3, 3, 7))
    np.testing.assert_allclose(sigma_w, math.sqrt(2), rtol=1e-12)
    np.testing.assert_array_equal(sigma_b, 0)


@pytest.mark.parametrize("sigma_w", [1.0, 1.2, 1.6, 2.0])
def test_depth_scales_are_the_rates_at_which_the_maps_approach(sigma_w):
    sigmas = {"sigma_w": sigma_w, "sigma_b": math.sqrt(0.05)}
    end, scale = fixed_point("tanh", **sigmas), depth_scale("tanh", **sigmas)
    step = 1e-5
    nearer = end.q - length_map(end.q - step, "tanh", **sigmas)
    assert -1 / math.log(nearer / step) == pytest.approx(scale.q, rel=1e-3)
    nearer = end.c - correlation_map(end.c - step, end.q, "tanh", **sigmas)
    assert -1 / math.log(nearer / step) == pytest.approx(scale.c, rel=1e-2)


def test_depth_scale_grows_without_bound_towards_the_edge_of_chaos():
    q = 0.4
    sigma_w, sigma_b = critical_line("tanh", q)
    for side in (-1, 1):
        scales = [
            depth_scale("tanh", sigma_w=sigma_w * (1 + side * off), sigma_b=sigma_b).c
            for off in (0.3, 0.1, 0.03, 0.01, 0.003)
        ]
        assert np.all(np.diff(scales) > 0)
        assert scales[-1] > 80
    assert depth_scale("tanh", sigma_w=sigma_w, sigma_b=sigma_b).c > 1e6


def test_depth_scales_at_the_ends():
    assert depth_scale("relu", sigma_w=math.sqrt(2)) == (math.inf, math.inf)
    assert depth_scale("relu", sigma_w=1.0) == pytest.approx((1 / math.log(2), math.inf))
    assert depth_scale("relu", sigma_w=2.0) == pytest.approx((-1 / math.log(2), math.inf))
    assert depth_scale("tanh", sigma_w=0.0, sigma_b=1.0) == (0, 0)


# Layer by layer


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "sigmoid"])
@pytest.mark.parametrize("scheme", ["he_normal", "xavier_uniform"])
def test_prediction_per_layer_is_what_networks_do(name, scheme):
    """Averaged over 40 networks: within 5 standard errors (a false alarm in 2 million) and 4%.

    The 4% are for what the limit of wide layers leaves out, at width 150.
    """
    widths, networks = [60, 150, 150, 100, 150, 20], 40
    fan_in, fan_out = np.array(widths[:-1]), np.array(widths[1:])
    variances = 2 / fan_in if scheme == "he_normal" else 2 / (fan_in + fan_out)
    x = torch.randn(8, 60, generator=generator(1), dtype=torch.float64)
    x *= 1.5 / x.square().mean(1, keepdim=True).sqrt()
    targets = torch.randn(8, 20, generator=generator(2), dtype=torch.float64)
    measured = []
    for seed in range(networks):
        model = initialize(mlp(widths, name).double(), scheme, generator=rng(seed))
        layers = [
            layer
            for layer in probe(model, x, targets, loss=lambda output, y: (output * y).sum())
            if layer.kind == "Linear"
        ]
        q = [layer.activation.mean_square for layer in layers]
        gradient = np.array([layer.gradient.mean_square for layer in layers])
        measured.append((q, gradient / gradient[-1]))
    mean, error = np.mean(measured, 0), np.std(measured, 0) / math.sqrt(networks)
    for found, wanted, width in zip(
        mean, variance_per_layer(name, widths, variances, 1.5**2), error, strict=True
    ):
        assert np.all(np.abs(found - wanted) <= 5 * width + 0.04 * wanted)


def test_he_keeps_the_mean_square_of_every_layer():
    widths = [784, 300, 200, 100, 10]
    q, _ = variance_per_layer("relu", widths, 2 / np.array(widths[:-1]), 0.5)
    np.testing.assert_allclose(q, 1, rtol=1e-14)
    _, gradient = variance_per_layer("relu", widths, 2 / np.array(widths[1:]), 0.5)
    np.testing.assert_allclose(gradient, 1, rtol=1e-14)


def test_one_variance_stands_for_all_layers():
    one = variance_per_layer("tanh", [5, 7, 7, 3], 0.2, 1.0)
    each = variance_per_layer("tanh", [5, 7, 7, 3], [0.2, 0.2, 0.2], 1.0)
    np.testing.assert_array_equal(one, each)


# Arguments


def test_an_activation_of_ones_own_has_all_that_the_named_ones_have():
    phi = Activation(
        "erf", r"\operatorname{erf}(z)", erf, lambda z: 2 / math.sqrt(math.pi) * np.exp(-z * z), ""
    )
    c, q = np.array([-0.5, 0.3]), 0.8
    expected = np.arcsin(2 * q * c / (1 + 2 * q)) / np.arcsin(2 * q / (1 + 2 * q))
    np.testing.assert_allclose(correlation_map(c, q, phi, sigma_w=2.0), expected, rtol=1e-14)
    expected = 4 * 4 / math.pi / math.sqrt(1 + 4 * q)
    assert chi(phi, q, sigma_w=2.0) == pytest.approx(expected, rel=1e-13)
    end = fixed_point(phi, sigma_w=1.5, sigma_b=0.1)
    assert length_map(end.q, phi, sigma_w=1.5, sigma_b=0.1) == pytest.approx(end.q, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gain("rellu"), ValueError, "Did you mean 'relu'"),
        (lambda: gain("relu", "back"), ValueError, "unknown direction 'back'"),
        (lambda: gain(np.tanh), TypeError, "activation must be a name"),
        (lambda: gaussian_mean(np.cos, [1, -2]), ValueError, "variance must be at least 0; got -2"),
        (lambda: gaussian_mean(np.cos, math.nan), ValueError, "variance must be at least 0"),
        (lambda: kernel(np.cos, -1, 0), ValueError, "q must be at least 0"),
        (lambda: kernel(np.cos, 1, [0, 1.1]), ValueError, "c must be between -1 and 1; got 1.1"),
        (lambda: kernel(np.cos, 1, [-1.5, 0]), ValueError, "c must be between -1 and 1; got -1.5"),
        (lambda: kernel(np.cos, 1, math.nan), ValueError, "c must be between -1 and 1"),
        (lambda: length_map(1, "relu", sigma_w=-1), ValueError, "sigma_w must be finite and at"),
        (lambda: length_map(1, "relu", sigma_w=1, sigma_b=math.inf), ValueError, "sigma_b must be"),
        (lambda: chi("relu", 1, sigma_w="1"), TypeError, "sigma_w must be a real number"),
        (lambda: fixed_point("relu", sigma_w=-1), ValueError, "sigma_w must be finite"),
        (lambda: correlation_map(0.5, 0.0, "tanh", sigma_w=1.0), ValueError, "q must be above 0"),
        (lambda: correlation_map(0.5, math.inf, "relu", sigma_w=1), ValueError, "q must be finite"),
        (lambda: correlation_map(0.5, 1.0, "tanh", sigma_w=0.0), ValueError, "not both be 0"),
        (lambda: critical_line("relu", -1), ValueError, "q must be at least 0"),
        (lambda: critical_line("tanh", [1, math.inf]), ValueError, "q must be finite; got inf"),
        (lambda: variance_per_layer("tanh", [5, 2], math.inf, 1), ValueError, "must be finite"),
        (lambda: variance_per_layer("relu", [5], 1, 1), ValueError, "at least two numbers"),
        (lambda: variance_per_layer("relu", [5, 0], 1, 1), ValueError, "every width must be 1"),
        (lambda: variance_per_layer("relu", [5, 2.5], 1, 1), TypeError, "widths must be a seq"),
        (lambda: variance_per_layer("relu", [5, 2], [1, 1], 1), ValueError, r"1 layers.*\(2,\)"),
        (lambda: variance_per_layer("relu", [5, 2], -1, 1), ValueError, "weight_variance must be"),
        (lambda: variance_per_layer("relu", [5, 2], 1, -1), ValueError, "q0 must be finite and at"),
    ],
)
def test_arguments_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_everything_public_is_listed_and_explained():
    for name in theory.__all__:
        assert getattr(theory, name).__doc__
