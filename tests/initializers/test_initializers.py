"""Tests of the named schemes against torch.nn.init, and of filling tensors and models.

The statistical tests are seeded. With another seed one of their comparisons would fail by chance
with probability FALSE_ALARM at most; there are fewer than 500 of them.
"""

import copy
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from scipy.stats import ks_2samp, norm
from torch import nn
from torch.nn import init

from helpers import initializers
from helpers.initializers import INITIALIZERS, fans, fill, initialize, variance_scaling

FALSE_ALARM = 1e-7
DRAWS = 20_000
DEVICES = ["cpu"]
DEVICES += ["cuda"] if torch.cuda.is_available() else []
DEVICES += ["mps"] if torch.backends.mps.is_available() else []

# The layers whose weights are drawn, with the number of gates stacked in each weight.
LAYERS = {
    "dense": (nn.Linear(40, 15), 1),
    "conv1d": (nn.Conv1d(6, 10, 5, dilation=3), 1),
    "conv2d": (nn.Conv2d(4, 12, (3, 5)), 1),
    "conv2d in groups": (nn.Conv2d(8, 12, 3, groups=4, dilation=2), 1),
    "rnn": (nn.RNN(30, 12), 1),
    "lstm": (nn.LSTM(30, 12, bidirectional=True), 4),
    "gru": (nn.GRU(30, 12, num_layers=2), 3),
}
# Shapes of one gate each, as torch stores them.
SHAPES = {
    f"{layer} {name}": (parameter.shape[0] // gates, *parameter.shape[1:])
    for layer, (module, gates) in LAYERS.items()
    for name, parameter in module.named_parameters()
    if name in ("weight", "weight_ih_l0", "weight_hh_l0")
}


def _sign(tensor, generator, scale=0.01):
    return tensor.bernoulli_(0.5, generator=generator).mul_(2 * scale).sub_(scale)


def _he(torch_init):
    def he(tensor, generator, slope=0.0, mode="fan_in"):
        return torch_init(tensor, slope, mode, "leaky_relu", generator=generator)

    return he


# What torch.nn.init does under each name, with the same options. LeCun's schemes are those of
# Kaiming He for a linear activation there; a two-valued one is missing.
TORCH = {
    "zeros": lambda tensor, generator: init.zeros_(tensor),
    "constant": lambda tensor, generator, value: init.constant_(tensor, value),
    "sign": _sign,
    "uniform": lambda tensor, generator, limit=0.05: init.uniform_(
        tensor, -limit, limit, generator=generator
    ),
    "normal": lambda tensor, generator, std=0.01: init.normal_(tensor, 0, std, generator=generator),
    "lecun_uniform": partial(init.kaiming_uniform_, nonlinearity="linear"),
    "lecun_normal": partial(init.kaiming_normal_, nonlinearity="linear"),
    "xavier_uniform": init.xavier_uniform_,
    "xavier_normal": init.xavier_normal_,
    "he_uniform": _he(init.kaiming_uniform_),
    "he_normal": _he(init.kaiming_normal_),
    "orthogonal": init.orthogonal_,
    "identity": lambda tensor, generator: init.eye_(tensor),
}

# Every scheme with the options it is tested with, the defaults first.
CASES = [
    ("zeros", {}),
    ("constant", {"value": -0.3}),
    ("sign", {}),
    ("sign", {"scale": 0.2}),
    ("uniform", {}),
    ("uniform", {"limit": 0.3}),
    ("normal", {}),
    ("normal", {"std": 0.2}),
    ("lecun_uniform", {}),
    ("lecun_normal", {}),
    ("xavier_uniform", {}),
    ("xavier_uniform", {"gain": 5 / 3}),
    ("xavier_normal", {}),
    ("xavier_normal", {"gain": 5 / 3}),
    ("he_uniform", {}),
    ("he_uniform", {"slope": 0.5, "mode": "fan_out"}),
    ("he_normal", {}),
    ("he_normal", {"slope": 0.5, "mode": "fan_out"}),
    ("orthogonal", {}),
    ("orthogonal", {"gain": 2.0}),
    ("identity", {}),
]
REQUIRED = {"constant": {"value": 0.5}}
INDEPENDENT = [case for case in CASES if case[0] not in ("orthogonal", "identity")]

EACH_SCHEME = pytest.mark.parametrize("name", INITIALIZERS)
EACH_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def draw(name, shape, seed=0, **options):
    options = REQUIRED.get(name, {}) | options
    return INITIALIZERS[name](shape, np.random.default_rng(seed), **options)


def small_model():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
    )


def layer_without_outputs():
    layer = nn.Linear(3, 1)
    layer.weight = nn.Parameter(torch.empty(0, 3))
    return layer


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def holds_numbers(tensor):
    return not (nn.parameter.is_lazy(tensor) or tensor.is_meta)


def assert_unchanged(model, before):
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True)


def test_tables_cover_every_scheme():
    assert TORCH.keys() == INITIALIZERS.keys() == {name for name, _ in CASES}


@given(
    shape=array_shapes(min_dims=2, max_dims=5, max_side=9),
)
def test_fans_are_those_of_torch(shape):
    assert fans(shape) == init._calculate_fan_in_and_fan_out(torch.empty(shape))


@pytest.mark.parametrize(("layer", "gates"), LAYERS.values(), ids=LAYERS.keys())
def test_fans_count_the_weights_of_one_output(layer, gates):
    """One output is a sum over fan_in weights: all the weights, over the number of outputs."""
    for name, parameter in layer.named_parameters():
        if name.startswith("weight"):
            shape = (parameter.shape[0] // gates, *parameter.shape[1:])
            assert fans(shape)[0] * parameter.shape[0] == parameter.numel()


@EACH_SHAPE
@pytest.mark.parametrize(("name", "options"), INDEPENDENT)
def test_law_is_that_of_torch(name, options, shape):
    # A weight holds fewer numbers than a sharp comparison needs: pool independent ones.
    copies = math.ceil(DRAWS / math.prod(shape))
    rng, generator = np.random.default_rng(1), torch.Generator().manual_seed(2)
    ours = np.stack([INITIALIZERS[name](shape, rng, **options) for _ in range(copies)])
    tensor = torch.empty(shape, dtype=torch.float64)
    theirs = np.stack(
        [TORCH[name](tensor, generator=generator, **options).numpy().copy() for _ in range(copies)]
    )
    assert ours.shape == theirs.shape
    if np.unique(theirs).size <= 2:
        np.testing.assert_array_almost_equal_nulp(np.unique(ours), np.unique(theirs))
        ours, theirs = np.sign(ours), np.sign(theirs)
    assert ks_2samp(ours.ravel(), theirs.ravel(), method="asymp").pvalue > FALSE_ALARM
    # The variance of z^2 is at most 2, that of a normal z, in units of the mean square.
    error = norm.isf(FALSE_ALARM / 2) * math.sqrt(2 * 2 / ours.size)
    assert abs(np.sum(ours**2) - np.sum(theirs**2)) <= error * np.sum(theirs**2)
    if name.endswith("uniform"):
        gap = -math.log(FALSE_ALARM) / ours.size
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=gap)


@EACH_SHAPE
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_variance_scaling_has_its_mean_variance_and_limit(shape, mode, distribution):
    fan_in, fan_out = init._calculate_fan_in_and_fan_out(torch.empty(shape))
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    initializer = variance_scaling(1.7, mode, distribution)
    rng = np.random.default_rng(3)
    copies = math.ceil(DRAWS / math.prod(shape))
    # Divided by the standard deviation that is due; mean 0 and mean square 1 are left to check.
    w = np.stack([initializer(shape, rng) for _ in range(copies)]) / math.sqrt(1.7 / fan)
    errors = norm.isf(FALSE_ALARM / 2)
    assert abs(w.mean()) < errors / math.sqrt(w.size)
    kurtosis = {"normal": 3, "uniform": 9 / 5}[distribution]
    assert abs((w**2).mean() - 1) < errors * math.sqrt((kurtosis - 1) / w.size)
    if distribution == "uniform":
        gap = -math.log(FALSE_ALARM) / w.size
        assert math.sqrt(3) * (1 - gap) < np.abs(w).max() <= math.sqrt(3) * (1 + 1e-15)
    else:
        assert np.abs(w).max() > 3, "the normal distribution must not be truncated"


@pytest.mark.parametrize("gain", [1.0, 2.5])
@EACH_SHAPE
def test_orthogonal_rows_or_columns(shape, gain):
    W = draw("orthogonal", shape, gain=gain).reshape(shape[0], -1)
    gram = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-13)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (2, 2, 3)])
def test_orthogonal_law_is_that_of_torch(shape):
    """Compare entries and the trace, whose law tells Haar's measure from a plain QR's."""
    rng, generator = np.random.default_rng(4), torch.Generator().manual_seed(5)
    tensor = torch.empty(shape, dtype=torch.float64)
    ours = [INITIALIZERS["orthogonal"](shape, rng) for _ in range(1500)]
    theirs = [init.orthogonal_(tensor, generator=generator).numpy().copy() for _ in range(1500)]
    ours, theirs = (np.reshape(w, (1500, shape[0], -1)) for w in (ours, theirs))
    for statistic in (
        lambda w: w[:, 0, 0],
        lambda w: w[:, -1, -1],
        lambda w: np.trace(w, axis1=1, axis2=2),
        lambda w: w[:, 0, 0] * w[:, 1, 1],
    ):
        assert ks_2samp(statistic(ours), statistic(theirs)).pvalue > FALSE_ALARM


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (1, 1)])
def test_identity_is_that_of_torch(shape):
    np.testing.assert_array_equal(draw("identity", shape), init.eye_(torch.empty(shape)))


@EACH_SCHEME
@given(shape=array_shapes(min_dims=2, max_dims=4, max_side=6), seed=st.integers(0, 2**32))
def test_seed_reproduces_shape_and_dtype_kept(name, shape, seed):
    shape = shape[:2] if name == "identity" else shape
    first, second = draw(name, shape, seed), draw(name, list(shape), seed)
    assert (first.shape, first.dtype) == (shape, np.float64)
    np.testing.assert_array_equal(first, second)
    assert np.isfinite(first).all()


def test_two_draws_from_one_generator_differ_unless_nothing_is_random():
    rng = np.random.default_rng(0)
    for name, scheme in INITIALIZERS.items():
        options = REQUIRED.get(name, {})
        same = np.array_equal(scheme((8, 8), rng, **options), scheme((8, 8), rng, **options))
        assert same == (name in ("zeros", "constant", "identity")), name


@EACH_SCHEME
def test_help_says_what_is_taken_and_given_back(name):
    document = INITIALIZERS[name].__doc__
    options = {option for case, options in CASES if case == name for option in options}
    assert all(part in document for part in ("Parameters", "Returns", "Raises", *options))


# Bad input


@EACH_SCHEME
@pytest.mark.parametrize("shape", [(), (3, -1), (-2, 2)])
def test_refuses_bad_sizes(name, shape):
    with pytest.raises(ValueError, match=r"shape must .*; got \("):
        draw(name, shape)


@EACH_SCHEME
@pytest.mark.parametrize("shape", [5, None, "ab", (2.5, 3), ((1, 2), 3)])
def test_refuses_what_is_no_shape(name, shape):
    with pytest.raises(TypeError, match="shape must be a sequence of integers; got"):
        draw(name, shape)


@pytest.mark.parametrize("shape", [(3,), (0, 3), (3, 0), (3, 2, 0)])
@pytest.mark.parametrize(
    "function",
    [fans]
    + [
        partial(scheme, rng=np.random.default_rng(0))
        for name, scheme in INITIALIZERS.items()
        if name.startswith(("lecun", "xavier", "he", "orthogonal"))
    ],
)
def test_refuses_shapes_without_fans(function, shape):
    with pytest.raises(ValueError, match=r"shape must be \(out, in, \*kernel\).*; got \("):
        function(shape)


@pytest.mark.parametrize("shape", [(3,), (3, 3, 1), (4, 4, 3, 3)])
def test_identity_refuses_other_than_dense_shapes(shape):
    with pytest.raises(ValueError, match=r"identity needs a shape \(out, in\); got \("):
        draw("identity", shape)


@EACH_SCHEME
@pytest.mark.parametrize("rng", [0, None, np.random, np.random.RandomState(0), torch.Generator()])
def test_refuses_what_is_no_generator(name, rng):
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        INITIALIZERS[name]((2, 2), rng, **REQUIRED.get(name, {}))
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        variance_scaling(1, "fan_in", "normal")((2, 2), rng)


@pytest.mark.parametrize(
    ("name", "option"),
    sorted({(name, option) for name, options in CASES for option in options if option != "mode"}),
)
def test_refuses_bad_options(name, option):
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match=rf"{option} must be finite.*; got -?(nan|inf)"):
            draw(name, (2, 2), **{option: value})
    for value in ("1", None, 1j, [1.0]):
        with pytest.raises(TypeError, match=f"{option} must be a real number; got"):
            draw(name, (2, 2), **{option: value})
    if option in ("scale", "std", "limit", "gain"):
        with pytest.raises(ValueError, match=rf"{option} must be .* at least 0; got -0.5"):
            draw(name, (2, 2), **{option: -0.5})


@EACH_SCHEME
def test_refuses_unknown_options(name):
    with pytest.raises(ValueError, match=rf"unknown option of {name} 'breadth'.* Allowed: \w"):
        draw(name, (2, 2), breadth=3)


def test_names_the_option_that_was_meant_or_missing():
    with pytest.raises(ValueError, match=r"Did you mean 'slope'\? Allowed: slope, mode"):
        draw("he_normal", (2, 2), slop=0.1)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'value'"):
        INITIALIZERS["constant"]((2, 2), np.random.default_rng(0))


def test_variance_scaling_refuses_before_it_draws():
    with pytest.raises(ValueError, match="scale must be finite and at least 0; got -1"):
        variance_scaling(-1, "fan_in", "normal")
    with pytest.raises(ValueError, match=r"unknown mode 'fanin'. Did you mean 'fan_in'\?"):
        variance_scaling(1, "fanin", "normal")
    with pytest.raises(ValueError, match=r"unknown distribution 'gauss'.* Allowed: normal, unif"):
        variance_scaling(1, "fan_in", "gauss")


# Tensors


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@EACH_SCHEME
def test_fill_writes_the_drawn_numbers(name, dtype, device):
    if (device, dtype) == ("mps", torch.float64):
        pytest.skip("mps has no float64")
    tensor = torch.full((4, 3), math.nan, dtype=dtype, device=device, requires_grad=True)
    options = REQUIRED.get(name, {})
    assert fill(tensor, name, np.random.default_rng(7), **options) is tensor
    assert tensor.requires_grad
    assert tensor.is_leaf
    expected = torch.tensor(draw(name, (4, 3), seed=7)).to(dtype)
    torch.testing.assert_close(tensor.detach().cpu(), expected, rtol=0, atol=0)


def test_fill_takes_a_view_that_is_not_contiguous():
    whole = torch.zeros(3, 4)
    fill(whole[:, ::2].T, "normal", np.random.default_rng(7), std=1.0)
    np.testing.assert_array_equal(whole[:, ::2].T, draw("normal", (2, 3), 7, std=1).astype("f4"))
    assert (whole[:, 1::2] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((torch.ones(2, 3), "he", 0), ValueError, "unknown initializer 'he'"),
        ((torch.ones(2, 3), "he_norml", 0), ValueError, "Did you mean 'he_normal'"),
        ((torch.ones(2, 3), None, 0), TypeError, "initializer must be a name"),
        ((torch.ones(2, 3), "normal", 0), TypeError, r"default_rng\(0\); got 0"),
        ((torch.ones(2, 3), "normal", np.random.RandomState(0)), TypeError, "generator must be"),
        ((torch.ones(3), "he_normal", np.random.default_rng(0)), ValueError, r"got \(3,\)"),
        ((torch.ones(2, 0), "he_normal", np.random.default_rng(0)), ValueError, r"got \(2, 0\)"),
        ((torch.ones(2, 3).int(), "normal", None), TypeError, "floating point.*got torch.int32"),
        ((np.ones((2, 3)), "normal", None), TypeError, "must be a floating point torch.Tensor"),
        (([1.0], "normal", None), TypeError, "must be a floating point torch.Tensor; got list"),
        ((torch.ones(2, 3, device="meta"), "normal", None), ValueError, "meta device"),
        ((nn.LazyLinear(3).weight, "normal", None), ValueError, "has no shape yet"),
    ],
)
def test_fill_refuses_and_changes_nothing(arguments, error, message):
    before = copy.deepcopy(arguments[0])
    with pytest.raises(error, match=message):
        fill(*arguments)
    if isinstance(before, torch.Tensor) and holds_numbers(before):
        assert torch.equal(arguments[0], before)


# Models


@pytest.mark.parametrize(
    ("name", "layer", "gates"),
    [
        pytest.param(name, layer, gates, id=f"{name} {kind}")
        for name in INITIALIZERS
        for kind, (layer, gates) in LAYERS.items()
        if not (name == "identity" and kind.startswith("conv"))
    ],
)
def test_initialize_sets_every_gate_by_itself_and_biases_to_zero(name, layer, gates):
    model = copy.deepcopy(layer)
    options = REQUIRED.get(name, {})
    assert initialize(model, name, generator=np.random.default_rng(8), **options) is model
    rng = np.random.default_rng(8)
    for key, parameter in model.named_parameters():
        assert parameter.requires_grad
        if key.startswith("bias"):
            assert (parameter == 0).all()
            continue
        for gate in parameter.detach().chunk(gates):
            expected = INITIALIZERS[name](gate.shape, rng, **options).astype(np.float32)
            np.testing.assert_array_equal(gate, expected)


def test_initialize_draws_a_projection_as_one_weight():
    lstm = initialize(nn.LSTM(5, 8, proj_size=4), "orthogonal", generator=np.random.default_rng(0))
    W = lstm.weight_hr_l0.detach()
    torch.testing.assert_close(W @ W.T, torch.eye(4))
    for gate in lstm.weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate.T @ gate, torch.eye(4))


def test_initialize_leaves_normalization_and_embeddings_alone():
    model = nn.ModuleList(
        [nn.Embedding(5, 3), nn.LayerNorm(3), nn.GroupNorm(1, 3), nn.PReLU(), nn.BatchNorm1d(3)]
    )
    before = state(model)
    model.append(nn.Sequential(nn.Linear(3, 3), nn.Conv1d(2, 2, 2, bias=False)))
    initialize(model, "he_normal", generator=np.random.default_rng(0))
    after = model.state_dict()
    for key, value in before.items():
        assert torch.equal(after[key], value), key


def test_initialize_from_one_seed_is_the_same_and_from_the_next_another():
    def weights(generator):
        model = initialize(small_model(), "he_normal", generator=generator)
        return nn.utils.parameters_to_vector(model.parameters())

    for new in (np.random.default_rng, lambda seed: torch.Generator().manual_seed(seed)):
        assert torch.equal(weights(new(0)), weights(new(0)))
        assert not torch.equal(weights(new(0)), weights(new(1)))
        generator = new(0)
        assert not torch.equal(weights(generator), weights(generator))


def test_initialize_neither_reads_nor_changes_global_random_state():
    model, before = small_model(), []
    for seed in (0, 1):
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
        initialize(model, "orthogonal", generator=torch.Generator().manual_seed(3))
        assert np.array_equal(states[0], np.random.get_state()[1])  # noqa: NPY002
        assert torch.equal(states[1], torch.get_rng_state())
        before.append(state(model))
    assert_unchanged(model, before[0])


@pytest.mark.parametrize("device", DEVICES)
def test_initialize_gives_the_same_numbers_on_every_device(device):
    expected = initialize(small_model(), "he_normal", generator=np.random.default_rng(0))
    model = initialize(small_model().to(device), "he_normal", generator=np.random.default_rng(0))
    assert_unchanged(model.cpu(), state(expected))


def test_forward_signal_keeps_its_mean_square():
    """Through 20 layers of He's scheme the mean square stays, as the theory says, up to chance."""
    model = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(500, 500), nn.ReLU())])
    initialize(model, "he_normal", generator=np.random.default_rng(0))
    x = torch.randn(50, 500, generator=torch.Generator().manual_seed(0))
    # A layer of n units multiplies it by 1, give or take sqrt(5 / n): over 20 layers the logarithm
    # has a standard deviation of 0.45, and these bounds are 5 of them away. Xavier's scheme would
    # leave 2**-20.
    assert 0.1 < model(x).square().mean() / x.square().mean() < 10


@pytest.mark.parametrize(
    ("model", "name", "options", "error", "message"),
    [
        (small_model(), "identity", {}, ValueError, "identity needs a shape"),
        (
            small_model().append(layer_without_outputs()),
            "he_normal",
            {},
            ValueError,
            r"got \(0, 3\)",
        ),
        (small_model(), "he_norm", {}, ValueError, "Did you mean 'he_normal'"),
        (small_model(), "he_normal", {"gain": 2}, ValueError, "unknown option of he_normal 'gain'"),
        (small_model(), "normal", {"std": -1}, ValueError, "std must be .* at least 0; got -1"),
        (small_model(), "normal", {"std": math.nan}, ValueError, "std must be .*; got nan"),
        (small_model(), "constant", {}, TypeError, "missing 1 required .* 'value'"),
        (small_model(), "normal", {"generator": 0}, TypeError, "generator must be .*; got 0"),
        (
            small_model().append(nn.LazyLinear(2)),
            "normal",
            {},
            ValueError,
            "'?5.weight'? has no sh",
        ),
        (nn.Linear(2, 2, device="meta"), "normal", {}, ValueError, "meta device"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))),
            "normal",
            {},
            ValueError,
            "layer '1' computes its weight from other parameters",
        ),
        (nn.Sequential(nn.ReLU(), nn.LayerNorm(3)), "normal", {}, ValueError, "it has none"),
        (nn.Linear(2, 2).state_dict(), "normal", {}, TypeError, "model must be a torch.nn.Module"),
        (nn.Linear, "normal", {}, TypeError, "model must be a torch.nn.Module"),
    ],
)
def test_initialize_refuses_and_changes_nothing(model, name, options, error, message):
    options = {"generator": np.random.default_rng(0)} | options
    known = {
        key: (value, value.clone())
        for key, value in (model.state_dict() if isinstance(model, nn.Module) else {}).items()
        if holds_numbers(value)
    }
    with pytest.raises(error, match=message):
        initialize(model, name, **options)
    for key, (now, before) in known.items():
        assert torch.equal(now, before), key


def test_every_scheme_is_importable_under_its_name():
    assert set(initializers.__all__) > INITIALIZERS.keys()
    assert all(getattr(initializers, name) is scheme for name, scheme in INITIALIZERS.items())


def test_weights_that_the_dtype_cannot_hold_are_refused_and_none_is_written():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2).half())
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(ValueError, match=r"beyond 6.55e\+04 do not fit into torch.float16"):
        initialize(model, "normal", std=1e30, generator=np.random.default_rng(0))
    assert all(map(torch.equal, before, model.parameters()))
