import threading
from itertools import count

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from helpers.device import generator
from helpers.ensemble import evaluate_ensemble, train_ensemble
from helpers.networks import mlp
from helpers.probes import probe
from helpers.training import evaluate, fit, fitting, in_parallel, parallel, progress
from tools.patience import patience

N, CLASSES, BATCH = 23, 3, 5
X = torch.randn(N, 4, generator=generator(1))
Y = torch.randint(CLASSES, (N,), generator=generator(2))
TARGETS = torch.randn(N, CLASSES, generator=generator(3))


def network(seed=0, parts=()):
    """Return a small network with weights; ``parts`` stand between its two layers."""
    model = nn.Sequential(*mlp([4, 6]), *parts, nn.Tanh(), *mlp([6, CLASSES]))
    numbers = generator(seed)
    for parameter in model.parameters():
        if parameter.isnan().any():
            nn.init.normal_(parameter, std=0.5, generator=numbers)
    return model


def train(model, x=X, y=Y, **changes):
    settings = {"epochs": 2, "batch_size": BATCH, "generator": generator(4), "progress": False}
    if "optimizer" not in changes:
        settings["optimizer"] = torch.optim.SGD(model.parameters(), lr=0.1)
    return fit(model, x, y, **settings | changes)


def by_hand(model, optimizer, loss, y, epochs, scheduler=None):
    """Train as ``fit`` should, written out; return a row of loss and accuracy per epoch."""
    numbers, rows = generator(4), []
    for _ in range(epochs):
        losses, right = [], []
        for batch in torch.randperm(N, generator=numbers).split(BATCH):
            output = model(X[batch])
            optimizer.zero_grad()
            value = loss(output, y[batch])
            value.backward()
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            losses += [value.item()] * len(batch)
            right += (output.argmax(1) == Y[batch]).tolist()
        rows.append((np.mean(losses), np.mean(right)))
    return np.array(rows)


def same_weights(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("scheduled", [False, True])
def test_fit_does_what_a_loop_by_hand_does(optimizer, scheduled):
    models = [network(), network()]
    optimizers = [optimizer(model.parameters(), lr=0.1) for model in models]
    schedulers = [
        torch.optim.lr_scheduler.ExponentialLR(each, gamma=0.9) if scheduled else None
        for each in optimizers
    ]
    expected = by_hand(models[0], optimizers[0], cross_entropy, Y, 3, schedulers[0])
    history = train(models[1], optimizer=optimizers[1], scheduler=schedulers[1], epochs=3)
    assert same_weights(*models)
    np.testing.assert_allclose(history.loss, expected[:, 0], rtol=1e-12)
    np.testing.assert_array_equal(history.accuracy, expected[:, 1])


def test_fit_on_targets_that_are_not_labels_has_no_accuracy():
    models = [network(), network()]
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models]
    expected = by_hand(models[0], optimizers[0], mse_loss, TARGETS, 2)
    history = train(
        models[1], y=TARGETS, optimizer=optimizers[1], loss=mse_loss, validation=(X, TARGETS)
    )
    np.testing.assert_allclose(history.loss, expected[:, 0], rtol=1e-12)
    assert np.isnan(history.accuracy).all()
    assert np.isnan(history.validation_accuracy).all()
    assert np.isfinite(history.validation_loss).all()


def test_validation_evaluates_after_each_epoch_and_does_not_change_the_training():
    whole, first, without = network(), network(), network()
    held_out = (X[:7] + 1, Y[:7])
    history = train(whole, validation=held_out)
    train(first, epochs=1)
    blind = train(without)
    assert (history.validation_loss[0], history.validation_accuracy[0]) == evaluate(
        first, *held_out
    )
    assert (history.validation_loss[1], history.validation_accuracy[1]) == evaluate(
        whole, *held_out
    )
    assert same_weights(whole, without)
    assert np.isnan([blind.validation_loss, blind.validation_accuracy]).all()


def test_seconds_are_those_of_the_training_steps(monkeypatch):
    ticks = count()
    monkeypatch.setattr(fitting.time, "perf_counter", lambda: float(next(ticks)))
    np.testing.assert_array_equal(train(network(), epochs=3).seconds, [1, 1, 1])


def test_each_epoch_sees_every_example_once_in_a_new_order_batch_by_batch():
    model, seen = network(), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 0]))
    train(model, epochs=2)
    seen = [batch for batch in seen if model.training and len(batch) > 1]
    assert [len(batch) for batch in seen] == [5, 5, 5, 5, 3] * 2
    epochs = torch.cat(seen[:5]), torch.cat(seen[5:])
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, X[:, 0].sort().values)
    assert not torch.equal(*epochs)


def test_fit_neither_reads_nor_changes_the_global_generator():
    models = [network(), network()]
    for seed, model in enumerate(models):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        train(model)
        assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(*models)


def test_divergence_is_recorded_and_training_goes_on():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=3e38)
    history = train(model, optimizer=optimizer, validation=(X, Y), epochs=3)
    assert len(history.loss) == 3
    assert not np.isfinite(history.loss[-1])
    assert np.isnan(history.validation_loss[-1])
    assert np.isnan(evaluate(model, X, Y).loss)


class Failure(Exception):
    pass


def fail(output, y):
    raise Failure


@pytest.mark.parametrize("loss", [cross_entropy, fail])
@pytest.mark.parametrize("action", ["fit", "evaluate"])
@pytest.mark.parametrize("training_mode", [True, False])
def test_each_part_gets_its_own_mode_back(action, loss, training_mode):
    model = network(parts=[nn.BatchNorm1d(6), nn.Dropout()])
    model.train(training_mode)
    model[2].train(not training_mode)
    before = [part.training for part in model.modules()]
    try:
        train(model, loss=loss) if action == "fit" else evaluate(model, X, Y, loss=loss)
    except Failure:
        assert loss is fail
    assert [part.training for part in model.modules()] == before


def test_fit_trains_in_training_mode_and_validates_in_evaluation_mode():
    model, modes = network(), []
    model.eval()
    model.register_forward_hook(lambda module, *_: modes.append((len(_[1]), module.training)))
    train(model, epochs=1, validation=(X, Y))
    assert modes[2:] == [(5, True)] * 4 + [(3, True), (N, False)]


@given(batch_size=st.integers(1, N + 2))
def test_evaluate_is_the_mean_over_all_examples(batch_size):
    model = network()
    output = model(X)
    result = evaluate(model, X, Y, batch_size=batch_size)
    assert result.loss == pytest.approx(cross_entropy(output, Y).item(), rel=1e-6)
    assert result.accuracy == (output.argmax(1) == Y).sum().item() / N
    regression = evaluate(model, X, TARGETS, loss=mse_loss, batch_size=batch_size)
    assert regression.loss == pytest.approx(mse_loss(output, TARGETS).item(), rel=1e-6)
    assert np.isnan(regression.accuracy)


def test_evaluate_counts_each_label_of_a_sequence():
    model = nn.Conv1d(4, CLASSES, 1, bias=False)
    nn.init.normal_(model.weight, generator=generator(0))
    x = torch.randn(6, 4, 5, generator=generator(1))
    y = torch.randint(CLASSES, (6, 5), generator=generator(2))
    expected = (model(x).argmax(1) == y).double().mean().item()
    assert evaluate(model, x, y, batch_size=4).accuracy == pytest.approx(expected)


def test_evaluate_is_in_evaluation_mode_and_leaves_no_gradient():
    model = network(parts=[nn.BatchNorm1d(6), nn.Dropout(0.9)])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = evaluate(model, X, Y)
    assert evaluate(model, X, Y) == first
    assert first.loss == pytest.approx(cross_entropy(model.eval()(X), Y).item(), rel=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


NAN = torch.where(torch.arange(N)[:, None] == 7, torch.nan, X)

BAD_DATA = {
    "array": (X.numpy(), Y, TypeError, "x must be a torch tensor; got ndarray"),
    "device": (X.to("meta"), Y, ValueError, "x is on meta.*on cpu.*to\\(device\\)"),
    "device of y": (X, Y.to("meta"), ValueError, "y is on meta.*on cpu"),
    "empty": (X[:0], Y[:0], ValueError, r"at least one example.*\(0, 4\)"),
    "NaN": (NAN, Y, ValueError, "x must be finite"),
    "infinite": (X / 0, Y, ValueError, "x must be finite"),
    "length": (X, Y[:-1], ValueError, "same length; got 23 and 22"),
    "width": (X[:, :3], Y, ValueError, r"cannot take x of shape \(1, 3\)"),
    "dtype of x": (X.double(), Y, ValueError, "type torch.float64"),
    "int32": (X, Y.int(), TypeError, r"int64.*torch.int32.*y.long\(\)"),
    "bool": (X, Y.bool(), TypeError, "int64.*torch.bool"),
    "float labels": (X, Y.float(), ValueError, r"\(n, 3\); got \(n,\).*int64"),
    "shape of labels": (X, Y[:, None], ValueError, r"labels must have shape \(n,\).*\(n, 1\)"),
    "label above": (X, Y + 1, ValueError, "0 to 2, for the model's 3 outputs; got 3"),
    "label below": (X, Y - 1, ValueError, "0 to 2, for the model's 3 outputs; got -1"),
    "targets": (X, TARGETS[:, :2], ValueError, r"\(n, 3\); got \(n, 2\)"),
    "NaN targets": (X, TARGETS / 0 * 0, ValueError, "y must be finite"),
}


@pytest.mark.parametrize("use", ["fit", "validation", "evaluate"])
@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_are_rejected_before_any_step(case, use):
    x, y, error, message = BAD_DATA[case]
    model = network()
    calls = {
        "fit": lambda: train(model, x, y),
        "validation": lambda: train(model, validation=(x, y)),
        "evaluate": lambda: evaluate(model, x, y),
    }
    with pytest.raises(error, match=message):
        calls[use]()
    assert same_weights(model, network())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be 1 or more; got 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be an integer; got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be 1 or more; got 0"),
        ({"batch_size": "5"}, TypeError, "batch_size must be an integer; got '5'"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be a torch.optim.Optimizer.*'adam'"),
        ({"generator": 4}, TypeError, "generator must be a torch.Generator; got 4"),
        ({"loss": 0.5}, TypeError, "loss must be a function of .*; got 0.5"),
        ({"scheduler": 3}, TypeError, "scheduler must have a method step.*; got 3"),
        ({"validation": X}, TypeError, r"pair of tensors \(x, y\); got Tensor"),
    ],
)
def test_fit_rejects_bad_settings_before_any_step(changes, error, message):
    model = network()
    with pytest.raises(error, match=message):
        train(model, **changes)
    assert same_weights(model, network())


@pytest.mark.parametrize(
    "call",
    [
        lambda model: evaluate(model, X, Y, loss=0.5),
        lambda model: probe(model, X, Y, loss=0.5),
        lambda model: evaluate_ensemble([model], X, Y, loss=0.5),
        lambda model: train_ensemble(
            [model], X, Y, lr=1.0, steps=1, batch_size=5, generator=torch.Generator(), loss=0.5
        ),
    ],
    ids=["evaluate", "probe", "evaluate_ensemble", "train_ensemble"],
)
def test_whatever_takes_a_loss_refuses_what_is_none(call):
    with pytest.raises(TypeError, match=r"loss must be a function of .*; got 0.5"):
        call(network())


def test_fit_rejects_an_optimizer_of_another_model():
    optimizer = torch.optim.SGD(network().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="no parameter of this model"):
        train(network(), optimizer=optimizer)


def test_fit_asks_to_initialize_a_network_without_weights():
    with pytest.raises(ValueError, match=r"linear1.weight is NaN.*initialize\(model"):
        train(mlp([4, 5, CLASSES]))


def test_what_is_no_model_is_rejected():
    optimizer = torch.optim.SGD(network().parameters(), lr=0.1)
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module; got Tensor"):
        train(torch.zeros(2), optimizer=optimizer)
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module; got Tensor"):
        evaluate(X, X, Y)


def test_evaluate_rejects_a_bad_batch_size():
    with pytest.raises(ValueError, match="batch_size must be 1 or more; got 0"):
        evaluate(network(), X, Y, batch_size=0)


def test_a_model_must_return_a_tensor():
    with pytest.raises(TypeError, match="must return a tensor; it returned tuple"):
        evaluate(nn.RNN(4, 3), X, Y)


@pytest.mark.parametrize(("disabled", "shown"), [("0", True), ("1", True), ("0", False)])
def test_progress_bars_follow_the_setting(monkeypatch, capsys, disabled, shown):
    monkeypatch.setenv("TQDM_DISABLE", disabled)
    train(network(), progress=shown)
    output = capsys.readouterr()
    assert ("training" in output.err) == (disabled == "0" and shown)
    assert output.out == ""


@pytest.mark.parametrize("disabled", ["0", "1"])
def test_progress_passes_the_items_on(monkeypatch, capsys, disabled):
    monkeypatch.setenv("TQDM_DISABLE", disabled)
    assert list(progress(iter("abc"), "letters")) == ["a", "b", "c"]
    assert ("letters" in capsys.readouterr().err) == (disabled == "0")


@pytest.fixture
def two_cores(monkeypatch):
    """Let torch use two threads here, and no GPU."""
    monkeypatch.setattr(parallel, "pick_device", lambda: torch.device("cpu"))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def threads_of_a_new_thread():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return seen[0]


@pytest.mark.usefixtures("two_cores")
def test_in_parallel_runs_at_the_same_time_and_keeps_the_order():
    first_waits = threading.Event()

    def first():
        assert first_waits.wait(timeout=patience(60))
        return "first"

    def second():
        first_waits.set()
        return "second"

    assert in_parallel([first, second, lambda: "third"]) == ["first", "second", "third"]
    assert in_parallel([]) == []


@pytest.mark.usefixtures("two_cores")
def test_in_parallel_gives_each_function_one_core_and_the_cores_back():
    assert in_parallel([torch.get_num_threads] * 3) == [1, 1, 1]
    assert (torch.get_num_threads(), threads_of_a_new_thread()) == (2, 2)
    with pytest.raises(Failure):
        in_parallel([lambda: fail(X, Y)])
    assert (torch.get_num_threads(), threads_of_a_new_thread()) == (2, 2)


@pytest.mark.usefixtures("two_cores")
def test_in_parallel_changes_no_result():
    def job(seed):
        model = network(seed)
        return train(model, optimizer=torch.optim.Adam(model.parameters())).loss, model

    def alone(seed):
        torch.set_num_threads(1)
        results.append(job(seed))

    results = []
    for seed in range(3):
        thread = threading.Thread(target=alone, args=(seed,))
        thread.start()
        thread.join()
    for together, alone_result in zip(
        in_parallel([lambda seed=seed: job(seed) for seed in range(3)]), results, strict=True
    ):
        np.testing.assert_array_equal(together[0], alone_result[0])
        assert same_weights(together[1], alone_result[1])


def test_in_parallel_runs_one_after_the_other_on_a_gpu(monkeypatch):
    monkeypatch.setattr(parallel, "pick_device", lambda: torch.device("cuda"))
    threads = in_parallel([threading.current_thread] * 2)
    assert threads == [threading.current_thread()] * 2


def test_in_parallel_rejects_results_in_place_of_functions():
    with pytest.raises(TypeError, match="functions without arguments"):
        in_parallel([lambda: 1, train(network())])


@pytest.mark.parametrize("batch_size", [1, 2, 11, 22])
def test_a_batch_of_one_that_the_model_cannot_take_is_refused_before_it_changes(batch_size):
    model = network(parts=[nn.BatchNorm1d(6), nn.Dropout()]).eval()
    before = [tensor.tolist() for tensor in model.state_dict().values()]
    torch.manual_seed(0)
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match=f"batch_size {batch_size} leaves a batch of one"):
        train(model, batch_size=batch_size)
    assert [tensor.tolist() for tensor in model.state_dict().values()] == before
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training


@pytest.mark.parametrize("batch_size", [3, 23, 50])
def test_a_model_with_batch_statistics_is_trained_where_no_batch_has_one_example(batch_size):
    model = network(parts=[nn.BatchNorm1d(6)])
    assert np.isfinite(train(model, batch_size=batch_size).loss).all()


MISFITS = {
    "one number for each example": lambda output, y: cross_entropy(output, y, reduction="none"),
    "no tensor": lambda output, y: cross_entropy(output, y).item(),
    "a complex number": lambda output, y: cross_entropy(output, y) * 1j,
    "one argument": lambda output: output.sum(),
    "another kind of target": mse_loss,
}


@pytest.mark.parametrize("loss", MISFITS.values(), ids=MISFITS)
@pytest.mark.parametrize("use", ["fit", "evaluate", "train_ensemble", "evaluate_ensemble", "probe"])
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_loss_that_returns_no_mean_is_named(use, loss):
    model = network()
    before = [parameter.tolist() for parameter in model.parameters()]
    calls = {
        "fit": lambda: train(model, loss=loss),
        "evaluate": lambda: evaluate(model, X, Y, loss=loss),
        "train_ensemble": lambda: train_ensemble(
            [model], X, Y, lr=0.1, steps=1, batch_size=5, generator=generator(0), loss=loss
        ),
        "evaluate_ensemble": lambda: evaluate_ensemble([model], X, Y, loss=loss),
        "probe": lambda: probe(model, X, Y, loss),
    }
    with pytest.raises((TypeError, ValueError), match=r"loss (must return|fails on)"):
        calls[use]()
    assert [parameter.tolist() for parameter in model.parameters()] == before


def test_a_loss_must_depend_on_the_output():
    model = network()
    with pytest.raises(ValueError, match="loss must depend on the output"):
        train(model, loss=lambda output, y: cross_entropy(output.detach(), y))
    with pytest.raises(ValueError, match="loss must depend on the output"):
        train_ensemble(
            [model],
            *(X, Y),
            **{"lr": 0.1, "steps": 1, "batch_size": 5, "generator": generator(0)},
            loss=lambda output, y: cross_entropy(output.detach(), y),
        )
