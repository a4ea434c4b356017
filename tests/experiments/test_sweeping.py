"""A sweep: every network goes its own way, is found under its labels, and faults are named."""

import math
from functools import partial
from itertools import product

import joblib
import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from helpers.device import generator, rng
from helpers.experiments import layer_statistics, sweep
from helpers.initializers import initialize
from helpers.networks import mlp
from helpers.training import evaluate, fit

N, CLASSES = 22, 3
X = torch.randn(N, 4, generator=generator(1), dtype=torch.float64)
Y = torch.randint(CLASSES, (N,), generator=generator(2))
TARGETS = torch.randn(N, CLASSES, generator=generator(3), dtype=torch.float64)
HELD_OUT = (X[:7] + 1, Y[:7])
OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
}


@pytest.fixture(autouse=True)
def _one_core():
    """Train in this thread unless a test configures joblib itself."""
    with joblib.parallel_config(n_jobs=1):
        yield


def network(scheme="he_normal", width=5, phi="relu", seed=0):
    return initialize(mlp([4, width, CLASSES], phi), scheme, generator=rng(seed)).double()


def run(build=network, **changes):
    options = {"data": (X, Y), "lr": 0.1, "steps": 6, "batch_size": 8, "measure": weights}
    return sweep(build, **options | changes)


def weights(model):
    """Return all parameters, as what is measured of a trained network."""
    flat = torch.cat([parameter.flatten() for parameter in model.parameters()])
    return {"weights": ("weight", flat)}


def distance(runs, some, other):
    return abs(runs.weights.sel(some) - runs.weights.sel(other)).max().item()


# The same as one after the other


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_sweep_is_a_loop_over_fit(optimizer):
    """Every combination is trained alone, with the weights and the order of its seed."""
    epochs, batch = 2, 8
    per_epoch = math.ceil(N / batch)
    phis, seeds, rates = ["tanh", "relu"], [0, 3], [0.02, 0.1]
    runs = run(
        phi=phis,
        seed=seeds,
        lr=rates,
        optimizer=optimizer,
        steps=epochs * per_epoch,
        validation=HELD_OUT,
        validate_every=per_epoch,
    )
    assert dict(runs.loss.sizes) == {"phi": 2, "seed": 2, "lr": 2, "step": 6}
    np.testing.assert_array_equal(runs.step, range(6))
    np.testing.assert_array_equal(runs.validation_step, [3, 6])
    for phi, seed, lr in product(phis, seeds, rates):
        model = network(phi=phi, seed=seed)
        history = fit(
            model,
            X,
            Y,
            optimizer=OPTIMIZERS[optimizer](model.parameters(), lr=lr),
            epochs=epochs,
            batch_size=batch,
            generator=generator(seed),
            validation=HELD_OUT,
            progress=False,
        )
        one = runs.sel(phi=phi, seed=seed, lr=lr)
        sizes = [len(part) for part in X.split(batch)]
        for name in ("loss", "accuracy"):
            rows = one[name].values.reshape(epochs, per_epoch)
            means = np.average(rows, axis=1, weights=sizes)
            np.testing.assert_allclose(means, getattr(history, name), atol=1e-12)
        for name in ("validation_loss", "validation_accuracy"):
            np.testing.assert_allclose(one[name], getattr(history, name), atol=1e-12)
        np.testing.assert_allclose(one.weights, weights(model)["weights"][1].detach(), atol=1e-12)


def test_targets_that_are_not_labels_have_no_accuracy():
    runs = run(data=(X, TARGETS), loss=mse_loss, validation=(X, TARGETS), seed=[0, 1])
    assert runs.loss.notnull().all()
    assert runs.validation_loss.notnull().all()
    assert runs.accuracy.isnull().all()
    assert runs.validation_accuracy.isnull().all()


SUBSETS = st.fixed_dictionaries(
    {
        "width": st.lists(st.sampled_from([16, 32]), min_size=1, unique=True),
        "lr": st.lists(st.sampled_from([0.01, 0.1, 1.0]), min_size=1, unique=True),
        "seed": st.lists(st.sampled_from(range(5)), min_size=1, unique=True),
    }
)


@given(part=SUBSETS, batch=st.integers(1, N), phi=st.sampled_from(["relu", "elu", "sigmoid"]))
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
def test_a_part_of_a_sweep_is_the_same_bit_by_bit(part, batch, phi):
    """In single precision, where a processor rounds the rest of a row in another way."""
    options = {
        "data": (X.float(), Y),
        "phi": phi,
        "batch_size": batch,
        "steps": 3,
        "validation": (X[:7].float(), Y[:7]),
    }

    def single(**chosen):
        return network(**chosen).float()

    whole = run(single, width=[16, 32], lr=[0.01, 0.1, 1.0], seed=range(5), **options)
    alone = run(single, **options | part).reindex(weight=whole.weight)
    assert alone.transpose(*whole.dims).identical(whole.sel(part).transpose(*whole.dims))


def test_the_order_of_the_axes_does_not_matter():
    one = run(width=[3, 5], seed=[0, 1], lr=[0.1, 0.2], optimizer=["sgd", "adam"])
    other = run(optimizer=["adam", "sgd"], lr=[0.2, 0.1], seed=[1, 0], width=[5, 3])
    assert other.sel(one.coords).transpose(*one.dims).identical(one)


# Seeds


def test_every_arm_sees_the_batches_in_the_same_order_and_every_seed_in_its_own():
    seen = []

    def remember(output, y):
        return output.sum() * 0 + y.double().mean()

    numbers = torch.arange(N).double()[:, None].expand(N, CLASSES)
    runs = run(data=(X, numbers), loss=remember, width=[3, 5], seed=[0, 1], lr=[0.1, 10.0])
    first = runs.loss.isel(width=0, lr=0)
    assert (runs.loss == first).all()
    assert (first.sel(seed=0) != first.sel(seed=1)).any()
    for seed in (0, 1):
        numbers_of = generator(seed)
        orders = [torch.randperm(N, generator=numbers_of) for _ in range(2)]
        seen = [batch.double().mean() for order in orders for batch in order.split(8)]
        np.testing.assert_allclose(first.sel(seed=seed), seen)


def test_every_seed_has_its_own_weights():
    runs = run(seed=range(4), lr=0.0)
    for seed in range(4):
        expected = weights(network(seed=seed))["weights"][1].detach()
        np.testing.assert_array_equal(runs.weights.sel(seed=seed), expected)


def test_without_a_seed_it_is_0():
    alone = run(lambda: network(), measure=None)
    assert alone.identical(run(seed=[0], measure=None).sel(seed=0, drop=True))
    varied = run(lambda: network(), seed=[0, 1])
    assert (varied.loss.sel(seed=0) != varied.loss.sel(seed=1)).any(), "the order differs"


def test_the_global_generator_is_neither_read_nor_changed():
    found = []
    for seed in range(2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.append(run(seed=[0, 1], validation=HELD_OUT))
        assert torch.equal(torch.get_rng_state(), before)
    assert found[0].identical(found[1])


def test_course_seed_shifts_the_whole_sweep(monkeypatch):
    before = run(lambda: network(), measure=None)
    monkeypatch.setenv("COURSE_SEED", "5")
    assert (run(lambda: network(), measure=None).loss != before.loss).any()


# Axes


AXES = {
    "lr": [0.1, 0.2],
    "batch_size": [5, 8],
    "optimizer": ["sgd", "adam"],
    "data": {"small": (X, Y), "large": (3 * X, Y)},
    "loss": {
        "plain": cross_entropy,
        "smooth": lambda o, y: cross_entropy(o, y) + o.square().mean(),
    },
    "scheme": {"He": "he_normal", "Xavier": "xavier_normal"},
    "phi": ["relu", "tanh"],
    "width": [3, 5],
    "seed": [0, 1],
}


@pytest.mark.parametrize("name", AXES)
def test_whatever_is_an_argument_or_an_option_can_be_an_axis(name):
    together = run(**{name: AXES[name]})
    dimension = "loss_function" if name == "loss" else name
    assert together.loss.dims == (dimension, "step")
    assert list(together[dimension].values) == list(AXES[name])
    values = AXES[name].values() if isinstance(AXES[name], dict) else AXES[name]
    for label, value in zip(AXES[name], values, strict=True):
        alone = run(**{name: value})
        one = together.sel({dimension: label}, drop=True)
        np.testing.assert_allclose(one.loss, alone.loss, rtol=1e-12)
        np.testing.assert_allclose(
            one.weights.dropna("weight"), alone.weights.dropna("weight"), rtol=1e-9, atol=1e-12
        )
    first, second = (together.loss.sel({dimension: label}) for label in AXES[name])
    assert (first.values != second.values).any()


def test_steps_can_be_an_axis_and_the_rest_is_nan():
    runs = run(steps=[2, 6], validation=HELD_OUT)
    assert runs.loss.sel(steps=2).notnull().sum() == 2
    np.testing.assert_array_equal(
        runs.loss.sel(steps=2, step=slice(0, 1)), runs.loss.sel(steps=6, step=slice(0, 1))
    )
    assert runs.validation_loss.dims == ("steps",)
    for steps in (2, 6):
        assert (
            runs.validation_loss.sel(steps=steps)
            == run(steps=steps, validation=HELD_OUT).validation_loss
        )


def test_validation_can_be_an_axis_and_made_at_its_own_steps():
    pairs = {"near": HELD_OUT, "far": (X + 9, Y), "none": None}
    runs = run(validation=pairs, validate_every={"last": None, "2": 2, "4": 4})
    np.testing.assert_array_equal(runs.validation_step, [2, 4, 6])
    assert runs.validation_loss.sel(validation="none").isnull().all()
    for every, steps in {"last": [6], "2": [2, 4, 6], "4": [4, 6]}.items():
        made = runs.validation_loss.sel(validate_every=every, validation=["near", "far"])
        known = made.notnull().all("validation")
        np.testing.assert_array_equal(runs.validation_step[known.values], steps)
        assert made.notnull().any("validation").sum() == len(steps)
    last = runs.validation_loss.sel(validation_step=6, validate_every="2")
    assert last.sel(validation="near") != last.sel(validation="far")
    assert (runs.loss == runs.loss.isel(validation=0, validate_every=0)).all()


def test_validation_is_that_of_the_trained_network():
    kept = {}

    def keep(model):
        kept["model"] = model
        return {}

    runs = run(validation=HELD_OUT, measure=keep)
    expected = evaluate(kept["model"], *HELD_OUT)
    assert runs.validation_loss == pytest.approx(expected.loss, rel=1e-12)
    assert runs.validation_accuracy == pytest.approx(expected.accuracy)
    assert runs.validation_loss.dims == ()


def test_options_may_be_functions_of_settings():
    pairs = {"small": (X, Y), "large": (3 * X, Y)}
    rates = {3: 0.1, 5: 0.2}
    runs = run(
        task=pairs,
        width=[3, 5],
        data=lambda task: task,
        lr=lambda width: rates[width],
        steps=lambda width, extra: 4 + extra,
        extra=2,
        optimizer=lambda width: "adam" if width == 3 else "sgd",
        batch_size=lambda seed: 8,
        seed=[0],
    )
    assert set(runs.loss.dims) == {"task", "width", "seed", "step"}
    for task, width in product(pairs, rates):
        alone = run(
            width=width,
            data=pairs[task],
            lr=rates[width],
            optimizer="adam" if width == 3 else "sgd",
        )
        one = runs.sel(task=task, width=width, seed=0)
        np.testing.assert_allclose(one.loss, alone.loss, rtol=1e-12)


def test_an_axis_may_hold_functions_of_settings():
    runs = run(lr={"by width": lambda width: 1 / width, "0.2": 0.2}, width=[4, 5])
    np.testing.assert_array_equal(
        runs.loss.sel(lr="by width", width=5), runs.loss.sel(lr="0.2", width=5)
    )
    assert (runs.loss.sel(lr="by width", width=4) != runs.loss.sel(lr="0.2", width=4)).any()


def test_a_function_of_settings_is_called_once_for_equal_ones():
    """Networks that share their data can then be trained as one."""
    calls = []

    def data(noise):
        calls.append(noise)
        return X + noise, Y

    run(data=data, noise=[0, 1], seed=range(3), lr=[0.1, 0.2])
    assert calls == [0, 1]


def test_the_network_may_take_options_too():
    taken = []

    def build(lr, seed, **others):
        taken.append((lr, others))
        return network(seed=seed)

    run(build, lr=[0.1, 0.2], seed=[0], colour="red")
    assert taken[:2] == [(0.1, {"colour": "red"}), (0.2, {"colour": "red"})]


def test_a_fixed_setting_is_no_dimension():
    runs = run(width=3, seed=[0])
    assert runs.loss.dims == ("seed", "step")
    assert runs.sizes["weight"] == 4 * 3 + 3 + 3 * 3 + 3


# What is measured


def test_numbers_arrays_and_tables_are_measured_of_trained_networks():
    def measure(model):
        seen = layer_statistics(model, X, Y)
        return {
            "norm": model.linear1.weight.norm(),
            "bias": ("unit", model.linear1.bias),
            "labelled": xr.DataArray([1.0, 2.0], {"side": ["left", "right"]}),
            **seen,
        }

    runs = run(width=[3, 5], seed=[0, 1], measure=measure, lr=0.0)
    assert runs.norm.dims == ("width", "seed")
    assert runs.labelled.sel(side="right", width=3, seed=0) == 2
    np.testing.assert_array_equal(runs.unit, range(5))
    assert runs.bias.sel(width=3, unit=[3, 4]).isnull().all()
    for width, seed in product([3, 5], [0, 1]):
        model = network(width=width, seed=seed)
        one = runs.sel(width=width, seed=seed)
        assert one.norm == pytest.approx(model.linear1.weight.norm().item())
        np.testing.assert_allclose(one.signal, layer_statistics(model, X, Y).signal)
    np.testing.assert_array_equal(runs.layer, [1, 2])


def test_a_table_alone_may_be_measured():
    runs = run(seed=[0, 1], measure=lambda model: layer_statistics(model, X))
    assert runs.signal.dims == ("seed", "layer")
    assert runs.loss.dims == ("seed", "step")


# Networks beside one another


@pytest.mark.parametrize("phi", ["relu", "tanh"])
def test_a_network_that_diverges_is_nan_and_disturbs_nothing(phi):
    options = {
        "data": (X, TARGETS),
        "loss": mse_loss,
        "validation": (X, TARGETS),
        "validate_every": 3,
        "phi": phi,
        "seed": range(3),
        "steps": 12,
    }
    quiet = run(lr=[0.01, 0.02], **options)
    runs = run(lr=[0.01, 1e100, 0.02], **options)
    assert runs.sel(lr=[0.01, 0.02]).identical(quiet)
    lost = runs.sel(lr=1e100)
    assert lost.loss.isel(step=0).notnull().all()
    assert lost.loss.isel(step=-1).isnull().all()
    for seed in range(3):
        gone = lost.loss.sel(seed=seed).isnull().values
        assert (np.diff(gone.astype(int)) >= 0).all(), "NaN from the first one on"
    assert lost.accuracy.isnull().all()
    for name in ("validation_loss", "weights"):
        assert lost[name].isel({lost[name].dims[-1]: -1}).isnull().all()


def test_what_was_seen_before_a_network_diverged_is_kept():
    runs = run(
        data=(X, TARGETS),
        loss=mse_loss,
        validation=(X, TARGETS),
        validate_every=1,
        steps=12,
        lr=1e20,
        seed=range(3),
    )
    assert runs.validation_loss.sel(validation_step=1).notnull().all()
    assert runs.validation_loss.sel(validation_step=12).isnull().all()


def test_a_network_that_diverges_in_its_last_step_is_not_measured():
    runs = run(lr=[0.1, 1e308], steps=1, data=(1e3 * X, Y), validation=(X, Y))
    assert runs.loss.notnull().all()
    assert runs.weights.sel(lr=0.1).notnull().all()
    assert runs.weights.sel(lr=1e308).isnull().all()
    assert runs.validation_accuracy.sel(lr=1e308).isnull()


def test_a_network_that_came_back_from_infinity_stays_lost():
    """The loss is infinite once, at the second step; its weights stay finite."""
    x = torch.ones(2, 1, dtype=torch.float64)
    y = torch.tensor([[0.0], [1.0]], dtype=torch.float64)

    def leap(output, target):
        return (output - output.detach()).mean() + torch.where(target.mean() > 0.5, torch.inf, 0.0)

    def build():
        return initialize(nn.Sequential(nn.Linear(1, 1)), "he_normal", generator=rng(0)).double()

    runs = run(build, data=(x, y), loss=leap, batch_size=1, validation=(x[:1], y[:1]))
    assert runs.loss.isnull().any()
    assert "weights" not in runs
    assert runs.validation_loss.isnull()


def test_numbers_of_a_network_that_diverged_are_nan_whatever_their_kind():
    def measure(model):
        return {"whole": 3, "true": True, "text": "yes", "array": ("side", np.array([1, 2]))}

    runs = run(lr=[0.1, 1e200], steps=20, measure=measure)
    assert not np.isfinite(runs.loss.sel(lr=1e200)).all()
    for name in ("whole", "true", "text", "array"):
        assert runs[name].sel(lr=1e200).isnull().all()
        assert runs[name].sel(lr=0.1).notnull().all()
    assert runs.whole.sel(lr=0.1) == 3


class Scaled(nn.Module):
    """Reads a plain attribute that its text does not show."""

    def __init__(self, **attributes):
        super().__init__()
        self.layer = nn.Linear(4, CLASSES)
        for name, value in attributes.items():
            setattr(self, name, value)
        (self._name,) = attributes

    def forward(self, x):
        value = getattr(self, self._name)
        return self.layer(x) * (
            value(1.0) if callable(value) else torch.as_tensor(value, dtype=x.dtype)
        )


LONG = torch.ones(2000, CLASSES, dtype=torch.float64)


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("scale", [1.0, 2.0]),
        ("_scale", [1.0, 1.0 + 1e-9]),
        ("scale", [LONG[0], LONG[0] + 1e-7]),
        ("scale", [LONG.numpy()[0], LONG.numpy()[0] + 1e-12]),
        ("scale", [lambda x: x, lambda x: 2 * x]),
        ("scale", [math.sin, math.cos]),
    ],
)
def test_networks_whose_code_reads_another_attribute_are_not_trained_as_one(attribute, values):
    def build(value, seed):
        model = Scaled(**{attribute: value})
        return initialize(model, "he_normal", generator=rng(seed)).double()

    named = dict(zip("ab", values, strict=True))
    together = run(build, value=named, seed=[0, 1])
    for name, value in named.items():
        alone = run(build, value={name: value}, seed=[0, 1])
        assert together.sel(value=[name]).identical(alone)
    assert distance(together, {"value": "a"}, {"value": "b"}) > 0


# What is refused


def unready(model):
    nn.init.constant_(model.linear1.bias, torch.nan)
    return model


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda width: 0 / (width - 5), "division"),
        (lambda width: width if width == 5 else network(), r"must be a torch.nn.Module; got int"),
        (lambda width: unready(network()) if width == 5 else network(), "linear1.bias is NaN"),
        (lambda width: mlp([4, width, 3]) if width == 5 else network(), "never initialized"),
    ],
)
def test_settings_at_which_a_network_cannot_be_built_are_named(build, message):
    with pytest.raises(ValueError, match=f"cannot be built at width=5, lr=0.1: .*{message}"):
        run(lambda width: build(width) or network(), width=[4, 5], lr=[0.1, 0.2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": [0.1, -1]}, "at lr=-1: lr must be finite and at least 0"),
        ({"lr": [0.1, np.nan]}, "at lr=nan: lr must be finite"),
        ({"lr": "fast"}, "at the one setting: lr must be a number"),
        ({"lr": {"a": 0.1, "b": "fast"}}, "at lr='b': lr must be a number"),
        ({"lr": {"a": 0.1, "b": [0.1, 0.2]}}, r"at lr='b': lr must be one number"),
        (
            {"lr": lambda seed: 1 / seed, "seed": [1, 0]},
            "at seed=0: lr cannot be computed: division by zero",
        ),
        ({"steps": [3, 0]}, "at steps=0: steps must be 1 or more"),
        ({"steps": 2.5}, "steps must be an integer"),
        ({"steps": lambda: [3]}, "steps must be an integer"),
        ({"batch_size": [5, 0]}, "at batch_size=0: batch_size must be 1 or more"),
        ({"validate_every": [1, 0]}, "at validate_every=0: validate_every must be 1 or more"),
        ({"optimizer": ["sgd", "adm"]}, "at optimizer='adm': .*Did you mean 'adam'"),
        ({"data": X}, "data must be a pair of tensors .* got Tensor"),
        ({"data": None}, "data must be a pair of tensors .* got NoneType"),
        ({"data": (X,)}, "data must be a pair of tensors"),
        ({"data": [(X, Y), (X, Y)]}, "data must be .* a mapping from names to pairs"),
        ({"data": {"a": (X, Y), "b": (X, Y + 1)}}, "at data='b': labels must lie in 0 to 2"),
        ({"data": {"a": (X, Y), "b": (X[:, :3], Y)}}, "at data='b': the model cannot take x"),
        ({"data": (X, Y[1:])}, "same length"),
        ({"data": (X * torch.inf, Y)}, "x must be finite"),
        ({"validation": {"a": HELD_OUT, "b": (X, Y + 1)}}, "at validation='b': labels must lie"),
        ({"validation": X}, "validation must be a pair of tensors"),
        ({"loss": {"a": cross_entropy, "b": lambda o, y: o.sum(9)}}, "at loss='b': .*out of range"),
    ],
)
def test_settings_at_which_a_network_cannot_be_trained_are_named_before_any_is(changes, message):
    trained = []
    with pytest.raises(ValueError, match=f"the network cannot be trained .*{message}"):
        run(measure=trained.append, **changes)
    assert trained == []


@pytest.mark.parametrize(
    ("part", "reason"),
    [(nn.Dropout(0.5), "draws random numbers"), (nn.BatchNorm1d(3).double(), "keeps statistics")],
)
def test_networks_that_must_be_trained_alone_are_named(part, reason):
    with pytest.raises(ValueError, match=f"at kind='odd': .*{reason}: train such networks with"):
        run(lambda kind: nn.Sequential(network(), *kind), kind={"plain": [], "odd": [part]})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"widht": [3, 4]}, TypeError, "nothing takes the setting 'widht'. Did you mean 'width'"),
        ({"lr": lambda widht: 1}, TypeError, "needs 'widht'"),
        ({"width": []}, ValueError, "width must have at least one value"),
        ({"width": [[3], 4]}, TypeError, r"width holds \[3\], which is no label. Give each value"),
        ({"loss_function": 1, "loss": {"a": mse_loss}}, TypeError, "nothing takes"),
        ({"seed": [0.5]}, (TypeError, ValueError), "seed must be an integer"),
        ({"seed": [-1]}, ValueError, "seed must be 0 or more"),
    ],
)
def test_settings_that_do_not_fit_are_named(changes, error, message):
    with pytest.raises(error, match=message):
        run(**changes)


def test_a_missing_argument_is_named():
    def build(depth):
        return network()

    with pytest.raises(TypeError, match="build needs 'depth', which is not among the settings"):
        run(build)


@pytest.mark.parametrize(
    "name",
    ["step", "accuracy", "validation_step", "validation_loss", "validation_accuracy"],
)
def test_names_of_the_result_are_no_settings(name):
    with pytest.raises(ValueError, match=f"the result has '{name}' of its own"):
        run(lambda **_: network(), **{name: [1, 2]})


def test_the_axis_of_losses_needs_its_name():
    with pytest.raises(ValueError, match="the result has 'loss_function' of its own"):
        run(lambda loss_function: network(), loss_function=[1], loss={"a": cross_entropy})
    runs = run(lambda loss_function: network(), loss_function=[1])
    assert runs.loss.dims == ("loss_function", "step")


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (lambda: 1 / 0, "division by zero"),
        (lambda: 3, "'int' object"),
        (lambda: {"loss": 1.0}, "the result has 'loss' of its own"),
        (lambda: {"a": ("step", [1.0])}, "conflicting sizes"),
    ],
)
def test_a_measure_that_fails_is_named_with_its_setting(measured, message):
    with pytest.raises(ValueError, match=f"measure fails at width=[34]: .*{message}"):
        run(width=[3, 4], measure=lambda model: measured())


def test_a_fault_in_the_middle_of_a_training_names_its_networks():
    calls = []

    def fragile(output, y):
        calls.append(1)
        if len(calls) > 3:
            raise RuntimeError("out of luck")
        return cross_entropy(output, y)

    message = "the networks at seed=0 and 2 more cannot be trained: .*out of luck"
    with pytest.raises(ValueError, match=message):
        run(loss=fragile, seed=range(3))
