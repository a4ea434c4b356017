import math
import subprocess
import sys
import warnings
from contextlib import contextmanager

import mpmath as mp
import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers import activations
from helpers.activations import ACTIVATIONS, Activation, elu, leaky_relu, softmax

FLOATS = (np.float16, np.float32, np.float64)
EACH = pytest.mark.parametrize("phi", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
EACH_FUNCTION = pytest.mark.parametrize(
    "function",
    [f for phi in ACTIVATIONS.values() for f in (phi.function, phi.derivative)],
    ids=[f"{name}{prime}" for name in ACTIVATIONS for prime in ("", "'")],
)

# SELU's constants by the closed form of Klambauer et al. 2017, equation 14.
with mp.workdps(60):
    TAIL = mp.erfc(1 / mp.sqrt(2)) * mp.sqrt(mp.e)
    ALPHA = mp.sqrt(2 / mp.pi) / (1 - TAIL)
    SCALE = (1 - TAIL) * mp.sqrt(2 * mp.pi)
    SCALE /= mp.sqrt(
        2 * mp.erfc(mp.sqrt(2)) * mp.e**2 + mp.pi * TAIL**2 - 2 * (2 + mp.pi) * TAIL + mp.pi + 2
    )


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def _pair(positive, negative):
    return lambda x: positive(x) if x > 0 else negative(x)


# Function and derivative as the textbook writes them, computed in 60 digits.
EXACT = {
    "identity": (lambda x: x, lambda x: 1),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "tanh": (mp.tanh, lambda x: 1 / mp.cosh(x) ** 2),
    "relu": (lambda x: max(x, 0), lambda x: int(x > 0)),
    "leaky_relu": (
        _pair(lambda x: x, lambda x: mp.mpf(0.01) * x),
        _pair(lambda x: 1, lambda x: mp.mpf(0.01)),
    ),
    "elu": (_pair(lambda x: x, mp.expm1), _pair(lambda x: 1, mp.exp)),
    "selu": (
        _pair(lambda x: SCALE * x, lambda x: SCALE * ALPHA * mp.expm1(x)),
        _pair(lambda x: SCALE, lambda x: SCALE * ALPHA * mp.exp(x)),
    ),
    "gelu": (lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x)),
    "silu": (
        lambda x: x * _sigmoid(x),
        lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x)),
    ),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), _sigmoid),
}

# phi(-inf), phi(inf), phi'(-inf), phi'(inf)
LIMITS = {
    "identity": (-np.inf, np.inf, 1, 1),
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, np.inf, 0, 1),
    "leaky_relu": (-np.inf, np.inf, 0.01, 1),
    "elu": (-1, np.inf, 0, 1),
    "selu": (-float(SCALE * ALPHA), np.inf, 0, float(SCALE)),
    "gelu": (0, np.inf, 0, 1),
    "silu": (0, np.inf, 0, 1),
    "softplus": (0, np.inf, 0, 1),
}

# E[phi(z)^2] for z ~ N(0, 1), where it has a closed form.
PHI = scipy.special.ndtr
MEAN_SQUARE = {
    "identity": 1,
    "relu": 1 / 2,
    "leaky_relu": (1 + 0.01**2) / 2,
    "elu": 1 / 2 + math.e**2 * PHI(-2) - 2 * math.e**0.5 * PHI(-1) + 1 / 2,
    "selu": 1,
    "gelu": 1 / 3 + 1 / (2 * math.pi * math.sqrt(3)),
}


@contextmanager
def no_warning():
    """Turn every floating point warning, underflow too, and every Python warning into an error."""
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        yield


def grid():
    """Return 0, and both signs of magnitudes from 1e-12 to 1e4, dense around 1."""
    magnitudes = np.concatenate([np.logspace(-12, 4, 161), np.linspace(0.01, 40, 200)])
    return np.concatenate([-magnitudes[::-1], [0], magnitudes])


def test_tables_cover_every_activation():
    assert EXACT.keys() == LIMITS.keys() == ACTIVATIONS.keys()
    assert all(name == phi.name for name, phi in ACTIVATIONS.items())


@EACH
def test_exact_to_1e_12(phi):
    x = grid()
    for function, exact in zip((phi.function, phi.derivative), EXACT[phi.name], strict=True):
        with mp.workdps(60):
            expected = [float(exact(mp.mpf(v))) for v in x.tolist()]
        with no_warning():
            found = function(x)
        # Below 1e-300 a double has no 12 digits any more.
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


@EACH
def test_agrees_with_torch(phi):
    x = torch.tensor(grid(), requires_grad=True)
    module = phi.module()
    if phi.name == "softplus":
        module.threshold = 700  # torch returns x above its threshold of 20: 2e-9 off.
    y = module(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    # torch loses digits in the tails of GELU and SiLU, hence the absolute tolerance.
    tolerance = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(phi.function(grid()), y.detach().numpy(), **tolerance)
    np.testing.assert_allclose(phi.derivative(grid()), slope.numpy(), **tolerance)


@EACH
def test_limits_at_infinity(phi):
    ends = [-np.inf, np.inf]
    with no_warning():
        found = [*phi.function(ends), *phi.derivative(ends)]
    np.testing.assert_allclose(found, LIMITS[phi.name], rtol=1e-15)


@EACH_FUNCTION
@settings(max_examples=50)
@given(data=st.data())
def test_any_float_gives_its_dtype_and_no_warning(function, data):
    dtype = data.draw(st.sampled_from(FLOATS))
    x = data.draw(arrays(dtype, st.sampled_from([(), (0,), (3,), (2, 3)])))
    with no_warning():
        y = function(x)
    assert y.dtype == dtype
    assert np.shape(y) == x.shape
    np.testing.assert_array_equal(np.isnan(y), np.isnan(x))


@EACH_FUNCTION
def test_no_step_of_the_formula_overflows(function):
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert np.isfinite(function.__wrapped__(grid())).all()


@EACH_FUNCTION
def test_small_floats_are_rounded_once(function):
    x = grid().astype(np.float16)
    for dtype in (np.float16, np.float32):
        expected = function(x.astype(np.float64)).astype(dtype)
        np.testing.assert_array_equal(function(x.astype(dtype)), expected)


@EACH_FUNCTION
@pytest.mark.parametrize("x", [3, True, [1, -2], [[0.5]], np.arange(3, dtype=np.uint8)])
def test_integers_and_lists_become_float64(function, x):
    y = function(x)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, function(np.array(x, dtype=np.float64)))
    assert np.isscalar(y) == np.isscalar(x)


@EACH_FUNCTION
def test_leaves_its_argument_alone(function):
    x = grid()
    y = function(x)
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal(x, grid())


@pytest.mark.parametrize("x", [1j, "one", None, [object()], np.zeros(2, np.longdouble)])
@pytest.mark.parametrize("function", [softmax, *(phi.function for phi in ACTIVATIONS.values())])
def test_refuses_what_is_not_real(function, x):
    allowed = "(hold real numbers|be float16, float32 or float64)"
    with pytest.raises(TypeError, match=f"x must {allowed}; got"):
        function(x)


@pytest.mark.parametrize("function", [softmax, *(phi.function for phi in ACTIVATIONS.values())])
def test_a_mask_is_not_lost_in_silence(function):
    with pytest.raises(TypeError, match=r"x must hold real numbers; got .*masked entries"):
        function(np.ma.masked_array([1.0, 2.0], [False, True]))
    unmasked = np.ma.masked_array([1.0, 2.0], [False, False])
    np.testing.assert_array_equal(function(unmasked), function([1.0, 2.0]))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuses_parameters_that_are_not_finite(value):
    with pytest.raises(ValueError, match=r"slope must be finite; got -?(nan|inf)"):
        leaky_relu([1.0], slope=value)
    with pytest.raises(ValueError, match=r"alpha must be finite; got -?(nan|inf)"):
        elu([1.0], alpha=value)
    with pytest.raises(TypeError, match=r"slope must be a real number; got '0.1'"):
        leaky_relu([1.0], slope="0.1")


@given(slope=st.floats(-2, 2), alpha=st.floats(-2, 2))
def test_parameters_mean_what_they_mean_in_torch(slope, alpha):
    x = grid()
    expected = torch.nn.functional.leaky_relu(torch.tensor(x), slope).numpy()
    np.testing.assert_allclose(leaky_relu(x, slope), expected, rtol=1e-12)
    # torch divides alpha by itself on its way, hence the absolute tolerance.
    expected = torch.nn.functional.elu(torch.tensor(x), alpha).numpy()
    np.testing.assert_allclose(elu(x, alpha), expected, rtol=1e-12, atol=1e-12)


def test_leaky_relu_of_slope_0_is_relu_at_infinity_too():
    x = np.array([-np.inf, -1, 0, 1, np.inf])
    np.testing.assert_array_equal(leaky_relu(x, slope=0), np.maximum(x, 0))


@EACH
@given(x=arrays(np.float64, 2, elements=st.floats(-1e4, 1e4)))
def test_monotone_where_the_derivative_says_so(phi, x):
    low, high = np.sort(x)
    if (phi.derivative(grid()) >= 0).all():
        assert phi.function(low) <= phi.function(high) + 1e-15 * abs(phi.function(high))
    else:
        assert phi.name in ("gelu", "silu")


@given(x=st.floats(-1e4, 1e4))
def test_symmetries(x):
    value = {name: phi.function(x) for name, phi in ACTIVATIONS.items()}
    mirrored = {name: phi.function(-x) for name, phi in ACTIVATIONS.items()}
    assert value["tanh"] == -mirrored["tanh"]
    assert value["sigmoid"] + mirrored["sigmoid"] == pytest.approx(1, rel=1e-15)
    for name in ("relu", "gelu", "silu", "softplus"):
        assert value[name] - mirrored[name] == pytest.approx(x, rel=1e-14), name
    for name in ("sigmoid", "tanh"):
        assert ACTIVATIONS[name].derivative(x) == ACTIVATIONS[name].derivative(-x)


def test_convention_at_the_kink():
    assert ACTIVATIONS["relu"].derivative(0) == 0
    assert ACTIVATIONS["leaky_relu"].derivative(0) == 0.01


@given(
    x=arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)),
    shift=st.floats(-1e4, 1e4),
    axis=st.sampled_from([0, 1, -1]),
)
def test_softmax_is_a_distribution_that_ignores_a_shift(x, shift, axis):
    p = softmax(x, axis=axis)
    np.testing.assert_allclose(p.sum(axis=axis), 1, rtol=1e-14)
    np.testing.assert_allclose(p, scipy.special.softmax(x, axis=axis), rtol=1e-12, atol=1e-300)
    # x + shift is rounded to 4e-12, and so are the exponents.
    np.testing.assert_allclose(softmax(x + shift, axis=axis), p, rtol=1e-11, atol=1e-300)


@given(data=st.data())
def test_softmax_keeps_shape_and_dtype_and_agrees_with_torch_on_every_float(data):
    dtype = data.draw(st.sampled_from(FLOATS))
    x = data.draw(arrays(dtype, st.sampled_from([(1,), (3,), (2, 3), (0, 2)])))
    with no_warning():
        p = softmax(x)
    assert (p.dtype, p.shape) == (dtype, x.shape)
    expected = torch.softmax(torch.tensor(x.astype(np.float64)), -1).numpy()
    np.testing.assert_allclose(p, expected, rtol=np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)


def test_softmax_refuses_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match="axis must be 0 at most; got 1"):
        softmax([1.0, 2.0], axis=1)
    with pytest.raises(ValueError, match=r"along axis -1; got the shape \(2, 0\)"):
        softmax(np.zeros((2, 0)))


@pytest.mark.parametrize("name", MEAN_SQUARE)
def test_gain_has_its_closed_form(name):
    assert ACTIVATIONS[name].gain == pytest.approx(MEAN_SQUARE[name] ** -0.5, rel=1e-9)


@EACH
def test_gain_keeps_the_mean_square_of_a_normal_signal(phi):
    # Five standard errors: a false alarm in 1 of 2 million such tests; the seed is fixed.
    squares = (phi.gain * phi.function(np.random.default_rng(0).normal(size=1_000_000))) ** 2
    error = squares.std() / math.sqrt(squares.size)
    assert abs(squares.mean() - 1) < 5 * error < 0.02


def test_selu_keeps_mean_0_and_variance_1():
    # Gauss-Legendre on both sides of the kink; what lies beyond 12 weighs less than 1e-30.
    nodes, weights = np.polynomial.legendre.leggauss(100)
    z = np.concatenate([6 * (nodes - 1), 6 * (nodes + 1)])
    density = np.tile(6 * weights, 2) * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    y = activations.selu(z)
    assert (y * density).sum() == pytest.approx(0, abs=1e-14)
    assert (y**2 * density).sum() == pytest.approx(1, rel=1e-14)


@EACH
def test_module_is_new_and_gives_what_the_function_gives(phi):
    x = torch.linspace(-6, 6, 101)
    assert phi.module() is not phi.module()
    np.testing.assert_allclose(phi.module()(x), phi.function(x.numpy()), rtol=1e-5, atol=1e-6)


@EACH
def test_formula_is_the_function(phi):
    """Read the LaTeX formula as Python and compare."""
    python = phi.formula
    for latex, code in {
        r"\frac{1}{1 + e^{-z}}": "1 / (1 + exp(-z))",
        r"\frac{z}{1 + e^{-z}}": "z / (1 + exp(-z))",
        "e^{z}": "exp(z)",
        r"z \Phi(z)": "z * Phi(z)",
        "1.0507 (": "1.0507 * (",
        "0.01 \\": "0.01 * \\",
        "1.6733 \\": "1.6733 * \\",
        "\\": "",
    }.items():
        python = python.replace(latex, code)
    names = {"exp": math.exp, "log": math.log, "tanh": math.tanh, "Phi": PHI, "max": max}
    for z in (-3.0, -0.5, 0.0, 0.7, 4.0):
        value = eval(python, names | {"min": min, "z": z})
        assert phi.function(z) == pytest.approx(value, rel=1e-4)


def test_record_is_frozen():
    with pytest.raises(AttributeError):
        ACTIVATIONS["relu"].name = "other"
    assert isinstance(ACTIVATIONS["relu"], Activation)


@EACH_FUNCTION
def test_help_says_what_is_taken_and_given_back(function):
    assert all(part in function.__doc__ for part in ("Parameters", "Returns", "Raises"))
    assert function.__doc__.count("Parameters\n----------\nx\n") == 1


@pytest.mark.parametrize(
    "use",
    [
        "from helpers.activations import ACTIVATIONS; ACTIVATIONS['gelu'].gain",
        "from helpers.initializers import fans, he_normal, fill, initialize; fans((2, 3))",
    ],
)
def test_use_without_tensors_does_not_import_torch(use):
    code = f"import sys; {use}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
