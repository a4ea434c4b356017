import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from benchmarks import ensemble as benchmark
from helpers.activations import ACTIVATIONS
from helpers.device import generator
from helpers.ensemble import evaluate_ensemble, judging, stacks, train_ensemble
from helpers.networks import mlp
from helpers.training import evaluate, fit

N, CLASSES, BATCH, EPOCHS = 23, 3, 5, 2
STEPS = EPOCHS * math.ceil(N / BATCH)
X = torch.randn(N, 1, 6, 6, generator=generator(1), dtype=torch.float64)
Y = torch.randint(CLASSES, (N,), generator=generator(2))
TARGETS = torch.randn(N, CLASSES, generator=generator(3), dtype=torch.float64)
HELD_OUT = (X[:7] + 1, Y[:7])
OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
}
LR = 0.05


class Residual(nn.Module):
    """Not a Sequential, with a tied weight, a buffer and a scale of its own."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(36, 8)
        self.block = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.empty(1))
        self.last = nn.Linear(8, CLASSES)
        self.register_buffer("shift", torch.tensor(0.1))

    def forward(self, x):
        h = self.first(x.flatten(1))
        for _ in range(2):
            h = h + self.scale * torch.tanh(self.block(h) + self.shift)
        return self.last(h)


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, CLASSES)
    )


def padded():
    """Convolutions and a pooling with every option, one convolution used twice."""
    conv = nn.Conv2d(2, 2, 3, padding=(2, 1), dilation=(2, 1), bias=False)
    first = nn.Conv2d(1, 2, (3, 2), stride=(1, 2), padding=1)
    pool = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
    return nn.Sequential(first, conv, nn.Tanh(), conv, pool, nn.Flatten(), nn.Linear(24, CLASSES))


def grouped():
    first = nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular")
    second = nn.Conv2d(4, 4, 3, groups=2)
    return nn.Sequential(first, nn.ReLU(), second, nn.Flatten(), nn.Linear(64, CLASSES))


def over_time():
    first, second = nn.Conv1d(6, 4, 3, padding=1), nn.Conv1d(4, 4, 2, stride=2, dilation=2)
    pool = nn.MaxPool1d(2, stride=1)
    parts = first, nn.ReLU(), pool, second, nn.Tanh(), nn.Flatten(), nn.Linear(8, CLASSES)
    return nn.Sequential(*parts)


def shared_parts():
    relu, square = nn.ReLU(inplace=True), nn.Linear(8, 8, bias=False)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(36, 8), relu, square, relu, square, relu, nn.Linear(8, CLASSES)
    )


ARCHITECTURES = {
    **{name: lambda name=name: mlp([36, 8, 8, CLASSES], name) for name in ACTIVATIONS},
    "shared parts": shared_parts,
    "without bias": lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, CLASSES, bias=False)),
    "PReLU": lambda: nn.Sequential(*mlp([36, 8]), nn.PReLU(8), *mlp([8, CLASSES])),
    "LayerNorm": lambda: nn.Sequential(*mlp([36, 8]), nn.LayerNorm(8), *mlp([8, CLASSES])),
    "convolutional": convolutional,
    "convolutions with options": padded,
    "grouped convolutions": grouped,
    "residual": Residual,
}


def networks(count=3, build=ARCHITECTURES["tanh"], dtype=torch.float64):
    """Return networks from different starts, the same at every call."""
    models = [build().to(dtype) for _ in range(count)]
    for seed, model in enumerate(models):
        numbers = generator(seed)
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.5, generator=numbers)
    return models


def train(models, x=X, y=Y, **changes):
    settings = {"lr": LR, "steps": STEPS, "batch_size": BATCH, "generator": generator(4)}
    return train_ensemble(models, x, y, **settings | changes)


def train_each(models, x=X, y=Y, optimizer="sgd", rates=None, seeds=None, **changes):
    """Train the networks one after the other with ``fit``."""
    histories = []
    for i, model in enumerate(models):
        rate = LR if rates is None else rates[i]
        histories.append(
            fit(
                model,
                x,
                y,
                optimizer=OPTIMIZERS[optimizer](model.parameters(), lr=rate),
                epochs=EPOCHS,
                batch_size=BATCH,
                generator=generator(4 if seeds is None else seeds[i]),
                progress=False,
                **changes,
            )
        )
    return histories


def assert_same_weights(some, others, **tolerance):
    for one, other in zip(some, others, strict=True):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(a, b, equal_nan=True, **tolerance)


def epoch_means(rows):
    """Average the rows of all steps over the examples of each epoch."""
    sizes = [len(batch) for batch in torch.arange(N).split(BATCH)]
    return [np.average(epoch, axis=0, weights=sizes) for epoch in np.split(rows, EPOCHS)]


# The same as one after the other


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_ensemble_does_what_fit_does_to_each_network(architecture, optimizer):
    together, alone = (networks(build=ARCHITECTURES[architecture]) for _ in range(2))
    history = train(together, optimizer=optimizer, validation=HELD_OUT, validate_every=STEPS // 2)
    expected = train_each(alone, optimizer=optimizer, validation=HELD_OUT)
    assert_same_weights(together, alone, rtol=0, atol=1e-10)
    columns = {
        "loss": epoch_means(history.loss),
        "accuracy": epoch_means(history.accuracy),
        "validation_loss": history.validation_loss,
        "validation_accuracy": history.validation_accuracy,
    }
    for name, rows in columns.items():
        wanted = np.transpose([getattr(each, name) for each in expected])
        np.testing.assert_allclose(rows, wanted, rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("optimizer", "tolerance"), [("sgd", 1e-5), ("adam", 1e-3)])
def test_in_single_precision_it_is_the_same_up_to_rounding(optimizer, tolerance):
    """Adam divides by the size of a gradient: where that is rounding, so is its step."""
    together, alone = (networks(dtype=torch.float32) for _ in range(2))
    train(together, X.float(), optimizer=optimizer)
    train_each(alone, X.float(), optimizer=optimizer)
    assert_same_weights(together, alone, rtol=0, atol=tolerance)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", [list, torch.tensor, np.array])
def test_each_network_has_its_own_rate_and_order(optimizer, kind):
    together, alone = networks(), networks()
    rates, seeds = [0.0, 0.01, 0.1], [5, 6, 7]
    train(together, lr=kind(rates), generator=[generator(s) for s in seeds], optimizer=optimizer)
    train_each(alone, optimizer=optimizer, rates=rates, seeds=seeds)
    tolerance = 1e-7 if kind is torch.tensor else 1e-10
    assert_same_weights(together, alone, rtol=0, atol=tolerance)
    assert_same_weights(together[:1], networks(1), rtol=0, atol=0)


@pytest.mark.parametrize("architecture", ["tanh", "residual"])
def test_targets_that_are_not_labels_have_no_accuracy(architecture):
    together, alone = (networks(build=ARCHITECTURES[architecture]) for _ in range(2))
    history = train(together, y=TARGETS, loss=mse_loss, validation=(X, TARGETS))
    train_each(alone, y=TARGETS, loss=mse_loss)
    assert_same_weights(together, alone, rtol=0, atol=1e-10)
    assert np.isnan(history.accuracy).all()
    assert np.isnan(history.validation_accuracy).all()
    assert np.isfinite(history.validation_loss).all()


def test_networks_without_flattening_take_rows_and_sequences():
    def build():
        return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2))

    for x in (X[:, 0, 0], X[:, 0]):
        y = torch.randn(*x.shape[:-1], 2, generator=generator(8), dtype=torch.float64)
        together, alone = networks(build=build), networks(build=build)
        train(together, x, y, loss=mse_loss)
        train_each(alone, x, y, loss=mse_loss)
        assert_same_weights(together, alone, rtol=0, atol=1e-10)


def test_frozen_and_unused_parameters_stay():
    together, alone = networks(build=Residual), networks(build=Residual)
    for model in together + alone:
        model.first.requires_grad_(False)
        model.unused = nn.Parameter(torch.ones(2, dtype=torch.float64))
    train(together, optimizer="adam")
    train_each(alone, optimizer="adam")
    assert_same_weights(together, alone, rtol=0, atol=1e-10)
    assert [p.requires_grad for p in together[0].parameters()] == [
        p.requires_grad for p in alone[0].parameters()
    ]


# One network beside the others


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("architecture", ["relu", "tanh", "convolutional", "residual"])
def test_a_network_that_diverges_does_not_disturb_the_others(architecture, optimizer):
    build = ARCHITECTURES[architecture]
    together, alone = networks(build=build), networks(build=build)
    history = train(together, lr=[LR, 1e308, LR], optimizer=optimizer, validation=HELD_OUT)
    assert not np.isfinite(history.loss[:, 1]).all()
    assert np.isfinite(history.loss[:, [0, 2]]).all()
    assert np.isfinite(history.validation_loss[:, [0, 2]]).all()
    train_each(alone[::2], optimizer=optimizer)
    assert_same_weights(together[::2], alone[::2], rtol=0, atol=1e-10)


def test_networks_keep_their_own_starts():
    weights = [torch.cat([p.flatten() for p in model.parameters()]) for model in networks()]
    models = networks()
    train(models)
    after = [torch.cat([p.flatten() for p in model.parameters()]) for model in models]
    for i, trained in enumerate(after):
        distances = [(trained - start).norm().item() for start in weights]
        assert np.argmin(distances) == i
        assert distances[i] > 0


def test_plain_networks_are_computed_layer_by_layer(monkeypatch):
    def refuse(*_):
        raise AssertionError("vmap was used")

    monkeypatch.setattr(stacks, "vmap", refuse)
    for name in ACTIVATIONS:
        train(networks(build=ARCHITECTURES[name]), steps=1)
    for build in (convolutional, padded):
        train(networks(build=build), steps=1)
    train(networks(build=over_time), X[:, 0], steps=1)
    for build in (Residual, grouped):
        with pytest.raises(AssertionError, match="vmap"):
            train(networks(build=build), steps=1)


@pytest.mark.parametrize("build", [convolutional, Residual])
def test_one_network_is_computed_as_it_is_and_goes_the_way_of_fit(build, monkeypatch):
    monkeypatch.setattr(stacks, "vmap", None)
    one, alone = networks(1, build=build), networks(1, build=build)
    train(one)
    train_each(alone)
    assert_same_weights(one, alone, rtol=0, atol=1e-10)


def test_one_network_keeps_the_layout_of_its_convolutions():
    last = torch.channels_last
    layouts = []

    def note(part, inputs, output):
        layouts.append([t.is_contiguous(memory_format=last) for t in (part.weight, output)])

    (network,) = networks(1, build=padded)
    network.to(memory_format=last)
    network[1].register_forward_hook(note)
    train([network], steps=2)
    assert layouts
    assert all(kept for pair in layouts for kept in pair)


@pytest.mark.parametrize("seeds", [None, [4, 5, 6]])
def test_convolutions_over_time_go_the_way_of_fit(seeds):
    together, alone = networks(build=over_time), networks(build=over_time)
    own = generator(4) if seeds is None else [generator(seed) for seed in seeds]
    train(together, X[:, 0], generator=own)
    train_each(alone, X[:, 0], seeds=seeds)
    assert_same_weights(together, alone, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("loss", "y"), [(cross_entropy, Y), (mse_loss, TARGETS)])
def test_usual_losses_are_computed_at_once_and_any_other_network_by_network(loss, y, monkeypatch):
    held_out = (X[:7], y[:7])
    at_once, one_by_one = networks(), networks()
    others = train(one_by_one, y=y, loss=lambda *pair: loss(*pair), validation=held_out)
    monkeypatch.setattr(judging, "vmap", None)
    usual = train(at_once, y=y, loss=loss, validation=held_out)
    np.testing.assert_allclose(usual.loss, others.loss, rtol=1e-12)
    np.testing.assert_allclose(usual.validation_loss, others.validation_loss, rtol=1e-12)
    assert_same_weights(at_once, one_by_one, rtol=1e-10, atol=0)


# What is recorded


@pytest.mark.parametrize(
    ("every", "expected"),
    [(None, [STEPS]), (1, range(1, STEPS + 1)), (4, [4, 8, STEPS]), (STEPS + 5, [STEPS])],
)
def test_validation_is_made_when_asked_and_changes_nothing(every, expected):
    judged, blind = networks(), networks()
    history = train(judged, validation=HELD_OUT, validate_every=every)
    without = train(blind)
    np.testing.assert_array_equal(history.validation_step, expected)
    assert history.validation_loss.shape == (len(expected), 3)
    last = evaluate_ensemble(judged, *HELD_OUT)
    np.testing.assert_array_equal(history.validation_loss[-1], last.loss)
    np.testing.assert_array_equal(history.validation_accuracy[-1], last.accuracy)
    assert_same_weights(judged, blind, rtol=0, atol=0)
    assert without.validation_loss.shape == without.validation_accuracy.shape == (0, 3)
    assert without.validation_step.shape == (0,)
    assert without.loss.shape == without.accuracy.shape == (STEPS, 3)


def test_first_row_is_the_loss_of_the_first_batch_before_its_step():
    models = networks()
    batch = torch.randperm(N, generator=generator(4))[:BATCH]
    with torch.no_grad():
        outputs = [model(X[batch]) for model in models]
    history = train(models)
    expected = [cross_entropy(output, Y[batch]).item() for output in outputs]
    np.testing.assert_allclose(history.loss[0], expected, rtol=1e-12)
    expected = [(output.argmax(1) == Y[batch]).double().mean().item() for output in outputs]
    np.testing.assert_allclose(history.accuracy[0], expected, rtol=1e-12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_evaluation_is_that_of_each_network(architecture):
    models = networks(build=ARCHITECTURES[architecture])
    before = networks(build=ARCHITECTURES[architecture])
    for model in models:
        model.eval()
    expected = np.array([evaluate(model, X, Y) for model in models])
    for batch_size in (4, 1000):
        found = evaluate_ensemble(models, X, Y, batch_size=batch_size)
        np.testing.assert_allclose(found.loss, expected[:, 0], rtol=1e-12)
        np.testing.assert_allclose(found.accuracy, expected[:, 1], rtol=1e-12)
    assert_same_weights(models, before, rtol=0, atol=0)
    assert not any(model.training for model in models)


def test_evaluation_of_a_network_that_diverged_is_nan():
    models = networks()
    nn.init.constant_(models[1].linear1.weight, torch.nan)
    np.testing.assert_array_equal(
        np.isnan(evaluate_ensemble(models, X, Y).loss), [False, True, False]
    )


def test_global_generator_is_neither_read_nor_changed():
    models = [networks(), networks()]
    for seed, together in enumerate(models):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        train(together)
        assert torch.equal(torch.get_rng_state(), before)
    assert_same_weights(*models, rtol=0, atol=0)


# What is refused


def test_networks_that_do_not_fit_are_refused():
    other = networks(1, ARCHITECTURES["relu"])
    wider = networks(1, lambda: mlp([36, 9, 8, CLASSES], "tanh"))
    single = networks(1, dtype=torch.float32)
    for odd in (other, wider, single, [networks(1)[0].eval()]):
        for call in (train, lambda models: evaluate_ensemble(models, X, Y)):
            with pytest.raises(ValueError, match=r"networks\[2\] differs from networks\[0\]"):
                call(networks(2) + odd)
    twice = networks(1) * 2
    with pytest.raises(ValueError, match="given twice"):
        train(twice)
    with pytest.raises(ValueError, match="at least one network"):
        train([])
    with pytest.raises(TypeError, match="list of networks; got Sequential"):
        train(networks(1)[0])
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Module; got int"):
        train([1])


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (nn.Dropout(0.5), "1 .*draws random numbers"),
        (nn.AlphaDropout(0.5), "1 .*draws random numbers"),
        (nn.RReLU(), "1 .*draws random numbers"),
        (nn.BatchNorm1d(8), "1 .*keeps statistics"),
    ],
)
def test_layers_that_are_random_or_keep_statistics_are_refused(part, reason):
    models = networks(build=lambda: nn.Sequential(mlp([36, 8]), part, mlp([8, CLASSES])))
    before = networks(build=lambda: nn.Sequential(mlp([36, 8]), part, mlp([8, CLASSES])))
    with pytest.raises(ValueError, match=reason):
        train(models)
    with pytest.raises(ValueError, match=reason):
        evaluate_ensemble(models, X, Y)
    assert_same_weights(models, before, rtol=0, atol=0)


def test_a_network_that_vmap_cannot_run_is_refused():
    class Deciding(Residual):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else super().forward(-x)

    with pytest.raises(ValueError, match="cannot be computed as one batch"):
        train(networks(build=Deciding))


def test_networks_without_weights_or_all_frozen_are_refused():
    with pytest.raises(ValueError, match="never initialized"):
        train([*networks(2), mlp([36, 8, 8, CLASSES], "tanh").double()])
    models = networks()
    for model in models:
        model.requires_grad_(False)
    with pytest.raises(ValueError, match="all are frozen"):
        train(models)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"lr": -0.1}, ValueError, "lr must be finite and at least 0"),
        ({"lr": [0.1, math.nan, 0.1]}, ValueError, "lr must be finite"),
        ({"lr": [0.1, 0.1]}, ValueError, r"one for each of the 3 networks; got the shape \(2,\)"),
        ({"lr": "fast"}, TypeError, "lr must be a number"),
        ({"steps": 0}, ValueError, "steps must be 1 or more"),
        ({"steps": 2.0}, TypeError, "steps must be an integer"),
        ({"batch_size": 0}, ValueError, "batch_size must be 1 or more"),
        ({"validate_every": 0}, ValueError, "validate_every must be 1 or more"),
        ({"optimizer": "adm"}, ValueError, "Did you mean 'adam'"),
        ({"generator": 0}, TypeError, "generator must be a torch.Generator"),
        ({"generator": [generator(0)] * 2}, ValueError, "one for each of the 3 networks; got 2"),
        ({"generator": [0, 0, 0]}, TypeError, "generator must be a torch.Generator"),
        ({"y": Y[:-1]}, ValueError, "same length"),
        ({"y": Y + 1}, ValueError, "labels must lie in 0 to 2"),
        ({"x": X[:, :, :5]}, ValueError, "the model cannot take x"),
        ({"x": X.float()}, ValueError, "the model cannot take x"),
        ({"validation": (X, Y[:-1])}, ValueError, "same length"),
        ({"validation": X}, TypeError, "pair of tensors"),
    ],
)
def test_arguments_that_do_not_fit_are_named_before_anything_is_trained(changes, error, message):
    models = networks()
    with pytest.raises(error, match=message):
        train(models, **changes)
    assert_same_weights(models, networks(), rtol=0, atol=0)


# The benchmark


def test_benchmark_trains_the_same_networks_in_every_way(capsys):
    threads = torch.get_num_threads()
    try:
        benchmark.main(["--smoke"])
    finally:
        torch.set_num_threads(threads)
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[4:]]
    assert [row[0].strip() for row in rows] == ["relu, sgd", "tanh, sgd", "tanh, adam"]
    assert all(float(row[-1]) < 1e-4 for row in rows)


@pytest.mark.parametrize("sweep", benchmark.SWEEPS)
def test_sweeps_of_the_benchmark_are_of_the_size_that_is_stated(sweep):
    starts = sweep.starts()
    assert (sweep.networks, sweep.depth, sweep.width, sweep.batch, sweep.steps) == (
        *(32, 20, 64, 64, 100),
    )
    assert len({start.linear2.weight.sum().item() for start in starts}) == 32
    assert starts[0].linear20.weight.shape == (64, 64)
