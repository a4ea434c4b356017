"""The audit: numbers, principles, conventions, and that it leaves all as it was."""

from __future__ import annotations

import math
import random
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn.functional import cross_entropy, gelu, relu, selu
from torch.utils.checkpoint import checkpoint

from helpers import theory
from helpers.audit import Finding, Report, audit
from helpers.audit.measures import SATURATION
from helpers.device import generator, rng
from helpers.initializers import initialize
from helpers.networks import mlp
from helpers.probes import probe
from tests.audit.auditing import X, Y, everything, floats, guess, network

ROOT = Path(__file__).resolve().parents[2]


def kinds(report: Report) -> set[tuple[str, str]]:
    return {(finding.gravity, finding.principle) for finding in report.findings}


def only(report: Report, principle: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.principle == principle)
    return finding


def test_the_starts_of_torch_s_layers_are_recognised() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.ModuleDict({
            "linear": nn.Linear(200, 100), "conv": nn.Conv2d(16, 32, 3), "rnn": nn.LSTM(64, 32),
            "attention": nn.MultiheadAttention(64, 4), "embedding": nn.Embedding(50, 40),
            "transposed": nn.ConvTranspose2d(32, 16, 3),
        })  # fmt: skip
        model.forward = lambda x: model["linear"](x)
    report = audit(model, floats(8, 200))
    default = "uniform, torch's default"
    for layer in report.layers:
        for name, law in layer.laws.items():
            if "weight" in name and layer.name != "embedding":
                assert str(law).startswith(default), (layer.name, name, str(law))
    (embedding,) = (layer for layer in report.layers if layer.name == "embedding")
    assert str(embedding.laws["weight"]) == "normal, torch's default"


# Numbers


def test_signal_and_gradient_are_those_of_the_probe() -> None:
    model = network("tanh", "xavier_normal")
    report = audit(model, X, guess)
    probed = [layer for layer in probe(model, X, Y) if layer.kind == "Linear"]
    for layer, other in zip(report.layers, probed, strict=True):
        count = 16 * layer.fan_out
        assert layer.signal == pytest.approx(other.activation.mean_square**0.5, rel=1e-5)
        assert layer.gradient == pytest.approx(
            (other.gradient.mean_square * count) ** 0.5, rel=1e-4
        )
    assert report.loss == pytest.approx(guess(model(X)).item())


def test_numbers_of_a_layer_are_those_of_a_pass_by_hand() -> None:
    model = network("tanh", "xavier_normal")
    layer = audit(model, X, guess).layers[1]
    h = torch.tanh(model.linear1(X)).detach().requires_grad_()
    z = model.linear2(h)
    z.retain_grad()
    guess(model.linear4(torch.tanh(model.linear3(torch.tanh(z))))).backward()
    weight = model.linear2.weight.detach()
    assert (layer.name, layer.kind, layer.shape) == ("linear2", "Linear", (32, 32))
    assert (layer.fan_in, layer.fan_out, layer.follows) == (32, 32, "tanh")
    assert layer.gain == pytest.approx((32 * weight.square().mean().item()) ** 0.5, rel=1e-5)
    assert layer.signal_gain == pytest.approx((z.norm() / h.norm()).item(), rel=1e-5)
    assert layer.gradient_gain == pytest.approx((h.grad.norm() / z.grad.norm()).item(), rel=1e-4)
    std = (z - z.mean(0)).square().mean().sqrt().item()
    assert layer.spread == pytest.approx(std, rel=1e-5)
    q = layer.signal**2
    assert theory.chi("tanh", q, sigma_w=layer.critical) == pytest.approx(1)
    assert layer.saturated == pytest.approx((torch.tanh(z).abs() > 0.9).float().mean().item())
    assert math.isnan(layer.dead)


def test_the_critical_gain_of_relu_is_he_s() -> None:
    for layer in audit(network(), X).layers[:-1]:
        assert layer.critical == pytest.approx(2**0.5)
    assert math.isnan(audit(network(), X).layers[-1].critical)


@pytest.mark.parametrize(
    ("activation", "scheme"), [("relu", "he_normal"), ("tanh", "lecun_normal"), ("gelu", "normal")]
)
def test_theory_predicts_the_signal_of_a_wide_network(activation: str, scheme: str) -> None:
    options = {"std": 0.08} if scheme == "normal" else {}
    model = initialize(mlp([64] + [400] * 4 + [5], activation), scheme, generator=rng(1), **options)
    for layer in audit(model, floats(64, 64)).layers:
        assert layer.predicted == pytest.approx(layer.signal, rel=0.15)


def test_the_spread_of_a_single_sequence_is_that_over_its_positions() -> None:
    model = nn.Linear(32, 5)
    initialize(model, "lecun_normal", generator=rng(0))
    sequence = floats(1, 40, 32)
    std = model(sequence)[0].std(0, correction=0)
    expected = std.square().mean().sqrt().item()
    assert audit(model, sequence).layers[0].spread == pytest.approx(expected, rel=1e-5)


def test_dead_units_are_counted_by_unit() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 4))
    initialize(model, "he_normal", generator=rng(0))
    model[0].bias.data[:6] = -50.0
    layer = audit(model, floats(8, 3, 8, 8)).layers[0]
    assert layer.dead == 6 / 8


@pytest.mark.parametrize("name", SATURATION)
def test_saturated_means_within_5_percent_of_a_bound(name: str) -> None:
    low, high = (0.05, 0.95) if name == "sigmoid" else (-0.9, 0.9)
    z = torch.tensor([-SATURATION[name], SATURATION[name]])
    phi = getattr(torch, name)
    torch.testing.assert_close(phi(z), torch.tensor([low, high]))


def test_the_thresholds_of_saturation_are_those_of_twice_to_four_times_xavier() -> None:
    def fraction(gain: float) -> float:
        q = float(theory.fixed_point("tanh", sigma_w=gain).q)
        return 2 * float(stats.norm.sf(SATURATION["tanh"] / q**0.5))

    twice, nearly_three, four = map(fraction, (2, 2.83, 4))
    assert twice < 0.5 < nearly_three < 0.65 < four


def test_a_layer_called_twice_has_two_rows_and_one_weight() -> None:
    layer = nn.Linear(32, 32)
    initialize(layer, "orthogonal", generator=rng(0))
    model = nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(32, 5))
    report = audit(model, X)
    assert [row.name for row in report.layers] == ["0", "0", "4"]
    assert report.layers[0].signal != report.layers[1].signal
    assert report.parameters == sum(p.numel() for p in model.parameters())


def test_what_was_not_called_is_listed_without_numbers() -> None:
    model = network()
    model.spare = nn.Linear(3, 2)
    model.forward = lambda x: model[:-1](x)
    report = audit(model, X)
    assert report.layers[-1].name == "spare"
    assert math.isnan(report.layers[-1].signal)
    assert set(only(report, "unused").layers) == {"spare.weight", "spare.bias"}


# What follows


class Written(nn.Module):
    """A layer, and what ``forward`` does with it."""

    def __init__(self, then: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.layer, self.head, self.then = nn.Linear(32, 32), nn.Linear(32, 5), then
        self.norm = nn.LayerNorm(32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.then(self, self.layer(x)))


class OwnNorm(nn.Module):
    """A normalization that torch does not know."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z / z.square().mean(-1, keepdim=True).sqrt()


FOLLOWS = {
    "own norm": (lambda m, z: relu(m.norm(z)), "norm"),
    "function": (lambda m, z: relu(z), "relu"),
    "method": (lambda m, z: z.relu(), "relu"),
    "in place": (lambda m, z: z.relu_(), "relu"),
    "module": (lambda m, z: nn.GELU()(z), "gelu"),
    "approximate": (lambda m, z: gelu(z, approximate="tanh"), "gelu"),
    "selu": (lambda m, z: selu(z), "selu"),
    "elu": (lambda m, z: nn.functional.elu(z), "elu"),
    "after a view": (lambda m, z: torch.tanh(z.view(2, 8, 32)).view(16, 32), "tanh"),
    "after pooling": (lambda m, z: relu(nn.functional.max_pool1d(z, 3, 1, 1)), "relu"),
    "first of two": (lambda m, z: torch.tanh(relu(z)), "relu"),
    "beside a sum": (lambda m, z: z + torch.sigmoid(z), "sigmoid"),
    "after a sum": (lambda m, z: relu(z + z.flip(1)), "sum"),
    "after a bias": (lambda m, z: relu(z + m.layer.bias), "relu"),
    "module norm": (lambda m, z: relu(m.norm(z)), "norm"),
    "function norm": (lambda m, z: nn.functional.layer_norm(z, (32,)), "norm"),
    "softmax": (lambda m, z: torch.softmax(z, -1), ""),
    "nothing": (lambda m, z: z, ""),
}


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_follows_a_layer_is_seen_in_functions_too(name: str) -> None:
    then, expected = FOLLOWS[name]
    model = initialize(Written(then), "he_normal", generator=rng(0))
    if name == "own norm":
        model.norm = OwnNorm()
    assert audit(model, X).layers[0].follows == expected


# Conventions


class Answer(dict):
    """As the outputs of the package transformers: a dict with attributes."""

    __getattr__ = dict.__getitem__


class Flexible(nn.Module):
    def __init__(self, answer: Callable[..., Any]) -> None:
        super().__init__()
        self.layer, self.answer = nn.Linear(32, 5), answer

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        return self.answer(self.layer(x), labels)


@pytest.mark.parametrize(
    "batch", [(X, Y), [X, Y], {"x": X, "labels": Y}], ids=["tuple", "list", "dict"]
)
def test_labels_in_the_batch_reach_the_model_and_its_own_loss_is_taken(batch: Any) -> None:
    for answer in (
        lambda z, y: Answer(loss=cross_entropy(z, y), logits=z),
        lambda z, y: types.SimpleNamespace(loss=cross_entropy(z, y)),
    ):
        model = initialize(Flexible(answer), "he_normal", generator=rng(0))
        report = audit(model, batch)
        assert report.loss_kind == "the output's own"
        assert report.loss == pytest.approx(guess(model.layer(X)).item())


def test_a_loss_given_is_taken_before_the_output_s_own() -> None:
    model = Flexible(lambda z, y: Answer(loss=z.sum(), logits=z))
    report = audit(model, X, lambda output: guess(output.logits))
    assert report.loss_kind == "as given"
    assert report.loss == pytest.approx(guess(model.layer(X)).item())


@pytest.mark.parametrize(
    "answer",
    [
        lambda z, y: z,
        lambda z, y: (Y, z),
        lambda z, y: {"a": [z], "n": 3},
        lambda z, y: Answer(loss=None, logits=z),
        lambda z, y: z[0, 0],
        lambda z, y: 0 * z,
    ],
)
def test_without_a_loss_a_projection_sends_a_gradient_back(answer: Callable[..., Any]) -> None:
    reports = [audit(initialize(Flexible(answer), "he_normal", generator=rng(0)), X) for _ in "ab"]
    assert reports[0].loss_kind == "random projection"
    assert reports[0].loss == reports[1].loss
    assert reports[0].layers[0].gradient >= 0


def test_the_projection_reaches_a_network_whose_output_is_0() -> None:
    model = network()
    nn.init.zeros_(model.linear4.weight)
    report = audit(model, X)
    assert report.layers[-1].gradient > 0
    assert (only(report, "zeros").gravity, only(report, "zeros").layers) == (
        "note",
        ("linear4.weight",),
    )


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no module": (lambda: audit(relu, X), TypeError, "must be a torch.nn.Module"),
    "no tensor": (lambda: audit(network(), "text"), ValueError, "at least one tensor"),
    "empty": (lambda: audit(network(), X[:0]), ValueError, r"empty tensor, of shape \(0, 32\)"),
    "NaN": (lambda: audit(network(), X * torch.nan), ValueError, "NaN"),
    "shape": (lambda: audit(network(), X[:, :3]), ValueError, "cannot take this batch"),
    "keyword": (lambda: audit(network(), {"z": X}), ValueError, "cannot take this batch"),
    "list of arguments": (
        lambda: audit(network(), (X, Y)), ValueError, r"argument of its own.*\(batch,\)"
    ),
    "dict of arguments": (
        lambda: audit(network(), {"input": X, "labels": Y}), ValueError, "leave out labels"
    ),
    "key": (lambda: audit(Flexible(lambda z, y: {}["z"]), X), ValueError, "cannot take.*'z'"),
    "attribute": (lambda: audit(Flexible(lambda z, y: z.no), X), ValueError, "cannot take.*'no'"),
    "loss that fails": (
        lambda: audit(network(), X, lambda o: cross_entropy(o, Y[:3])), ValueError,
        "the loss cannot take the model's output: Expected input batch_size",
    ),
    "loss that is none": (lambda: audit(network(), X, Y), TypeError, "got Tensor. Labels go into"),
    "loss of many": (lambda: audit(network(), X, lambda o: o), TypeError, "one number"),
    "loss of none": (lambda: audit(network(), X, lambda o: 3.0), TypeError, "one number.*float"),
    "detached": (lambda: audit(network(), X, lambda o: o.detach().sum()), ValueError, "detached"),
    "integers": (
        lambda: audit(Flexible(lambda z, y: z.argmax(1)), X), ValueError, "no gradient can start"
    ),
    "lazy": (lambda: audit(nn.LazyLinear(3), X), ValueError, "has no shape yet"),
    "meta": (lambda: audit(nn.Linear(32, 3, device="meta"), X), ValueError, "meta device"),
    "reentrant": (lambda: audit(Checkpointed(True), X), ValueError, "use_reentrant=False"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*requires_grad=True:UserWarning")
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_audited_is_said_plainly(name: str) -> None:
    call, error, message = BAD[name]
    with pytest.raises(error, match=message):
        call()


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.reentrant = reentrant
        self.body, self.head = network("tanh", "xavier_normal"), nn.Linear(5, 3)
        initialize(self.head, "xavier_normal", generator=rng(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(checkpoint(self.body, x.requires_grad_(), use_reentrant=self.reentrant))


def test_gradient_checkpointing_changes_nothing() -> None:
    model = Checkpointed(False)
    plain = nn.Sequential(model.body, model.head)
    rows = [
        [(row.kind, row.follows, row.signal, row.gradient) for row in audit(m, X).layers]
        for m in (model, plain)
    ]
    assert rows[0] == rows[1]


# As it was


class Noisy(nn.Module):
    """A model that changes and draws all it can."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm = nn.Embedding(50, 32), nn.BatchNorm1d(32)
        self.layer, self.drop = nn.LSTM(32, 32, batch_first=True), nn.Dropout(0.5)
        self.encoder = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.head = nn.Linear(32, 5)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        ids += 1
        torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
        x = self.norm(self.embed(ids).transpose(1, 2)).transpose(1, 2)
        x, _ = self.layer(self.drop(x))
        return self.head(self.encoder(x).mean(1))


def noisy() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Noisy()


@pytest.mark.parametrize("mode", ["train", "eval", "mixed"])
@pytest.mark.parametrize("gradients", [True, False])
def test_the_model_and_the_random_states_are_left_as_they_were(mode: str, gradients: bool) -> None:
    model, ids = noisy(), torch.arange(24).reshape(8, 3)
    model.train(mode == "train")
    if mode == "mixed":
        model.train().norm.eval()
    if gradients:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
    model.head.weight.requires_grad_(False)
    model.head.register_forward_hook(lambda *_: None)
    torch.backends.mha.set_fastpath_enabled(True)
    before, given = everything(model), ids.clone()
    audit(model, ids)
    assert everything(model) == before
    assert torch.equal(ids, given)


def test_weights_that_are_computed_are_left_as_they_were() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        normed = nn.utils.parametrizations.spectral_norm(nn.Linear(32, 32))
    model = nn.Sequential(normed, nn.ReLU(), network()).train()
    before = everything(model)
    audit(model, X, guess)
    assert everything(model) == before


def test_a_failing_model_is_left_as_it_was_too() -> None:
    model = noisy().train()
    before = everything(model)
    for batch, loss in ((X, None), (torch.arange(24).reshape(8, 3), lambda output: 1 / 0)):
        with pytest.raises((ValueError, ZeroDivisionError)):
            audit(model, batch, loss)
    assert everything(model) == before


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_surroundings_do_not_matter(around: Callable[[], Any]) -> None:
    model = network()
    with around():
        report = audit(model, X.clone(), guess)
    assert repr(report) == repr(audit(model, X, guess))


def test_the_mode_does_not_matter_and_a_second_audit_says_the_same() -> None:
    model, ids = noisy(), torch.arange(24).reshape(8, 3)
    said = {repr(audit(model.train(mode), ids)) for mode in (True, False, True)}
    assert len(said) == 1


def test_normalization_uses_the_batch_unless_it_was_frozen() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 5))
    for parameter in model[0].parameters():
        parameter.data *= 100
    assert audit(model.eval(), X).layers[1].signal == pytest.approx(1, rel=1e-3)
    model.train()[1].eval()
    assert audit(model, X).layers[1].signal > 10


def test_dropout_is_off() -> None:
    model = nn.Sequential(nn.Dropout(0.9), network())
    rows = [row.signal for row in audit(model.train(), X).layers]
    assert rows == [row.signal for row in audit(network(), X).layers]


def test_frozen_layers_hide_nothing() -> None:
    model = network().requires_grad_(False)
    rows = [(row.signal, row.gradient) for row in audit(model, X, guess).layers]
    free = [(row.signal, row.gradient) for row in audit(network(), X, guess).layers]
    assert rows[-1] == free[-1]
    assert all(gradient > 0 for _, gradient in rows)


# Principles


def test_units_with_equal_weights_whose_gradients_differ_are_a_note() -> None:
    model = network()
    model.linear2.weight.data[3] = model.linear2.weight.data[7]
    finding = only(audit(model, X, guess), "symmetry")
    assert (finding.gravity, finding.layers) == ("note", ("linear2.weight",))
    assert finding.text.startswith("2 units")


def test_units_with_equal_weights_in_and_out_are_grave() -> None:
    model = network()
    model.linear2.weight.data[3] = model.linear2.weight.data[7]
    model.linear3.weight.data[:, 3] = model.linear3.weight.data[:, 7]
    finding = only(audit(model, X, guess), "symmetry")
    assert (finding.gravity, finding.layers) == ("grave", ("linear2.weight",))


def test_units_that_share_their_first_weight_alone_are_no_twins() -> None:
    model = network()
    model.linear2.weight.data[:, 0] = torch.arange(32) // 4 / 100
    model.linear2.weight.data[5] = model.linear2.weight.data[4]
    model.linear3.weight.data[:, 5] = model.linear3.weight.data[:, 4]
    assert only(audit(model, X, guess), "symmetry").text.startswith("2 units")


def test_a_twin_is_found_in_the_first_column_as_well_as_in_all() -> None:
    model = network()
    model.linear2.weight.data[3, 0] = model.linear2.weight.data[7, 0]
    assert audit(model, X, guess).findings == ()


@pytest.mark.parametrize("value", [0.01, 0.5])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_a_constant_start_is_grave_though_rounding_differs(activation: str, value: float) -> None:
    model = network(activation, "constant", value=value)
    finding = only_grave(audit(model, X.abs(), guess), "symmetry")
    assert set(finding.layers) >= {"linear1.weight", "linear2.weight", "linear3.weight"}


def only_grave(report: Report, principle: str) -> Finding:
    (finding,) = (f for f in report.grave if f.principle == principle)
    return finding


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_a_start_of_zeros_is_grave(activation: str) -> None:
    finding = only_grave(audit(network(activation, "zeros"), X, guess), "zeros")
    hidden = {"linear1.weight", "linear2.weight"}
    assert set(finding.layers) >= hidden


class Branch(nn.Module):
    """A residual branch whose last parts can be 0."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(32, 32), nn.Linear(32, 32)
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x + self.norm(self.linear2(torch.relu(self.linear1(x)))))


@pytest.mark.parametrize("zero", [["norm"], ["linear2"], ["head"], ["norm", "head"]])
def test_zeros_that_open_with_the_first_step_are_a_note(zero: list[str]) -> None:
    model = initialize(Branch(), "he_normal", generator=rng(0))
    for name in zero:
        nn.init.zeros_(model.get_submodule(name).weight)
    report = audit(model, X, guess)
    assert report.grave == ()
    assert only(report, "zeros").gravity == "note"


def test_zeros_that_wait_for_one_another_are_grave() -> None:
    model = initialize(Branch(), "he_normal", generator=rng(0))
    nn.init.zeros_(model.norm.weight)
    nn.init.zeros_(model.linear2.weight)
    finding = only_grave(audit(model, X, guess), "zeros")
    assert set(finding.layers) == {"linear2.weight", "norm.weight"}
    exec(finding.mend, {"torch": torch, "model": model})
    assert audit(model, X, guess).grave == ()


def test_dead_units_are_grave_above_85_percent_and_chance_is_none() -> None:
    model = network()
    model.linear2.bias.data[:26] = -100.0
    assert only(audit(model, X, guess), "dead").gravity == "warning"
    model.linear2.bias.data[:30] = -100.0
    assert only(audit(model, X, guess), "dead").gravity == "grave"
    assert ("grave", "dead") not in kinds(audit(model, X[:4]))


def test_a_bias_in_one_layer_of_a_sound_network_is_named_with_its_mend() -> None:
    model = network("elu", "lecun_normal")
    model.linear2.bias.data[:] = 20.0
    finding = only(audit(model, X), "bias")
    assert finding.layers == ("linear2",)
    exec(finding.mend, {"torch": torch, "model": model})
    assert "bias" not in {f.principle for f in audit(model, X).findings}


def test_examples_that_do_not_differ_are_noted_and_not_called_alike() -> None:
    report = audit(network(), torch.ones(16, 32))
    assert ("note", "batch") in kinds(report)
    assert "collapse" not in {finding.principle for finding in report.findings}
    assert ("note", "batch") in kinds(audit(network(), X[:1]))


def test_a_course_network_without_weights_is_grave_and_not_run() -> None:
    model = mlp([32, 32, 5])
    report = audit(model, X, lambda output: 1 / 0)
    assert kinds(report) == {("grave", "finite")}
    assert report.loss is None
    assert len(report.layers) == 2
    exec(report.findings[0].mend, {"torch": torch, "model": model})
    assert audit(model, X, guess).findings == ()


def test_the_hint_on_arguments_is_for_batches_of_several() -> None:
    with pytest.raises(ValueError, match="cannot take this batch") as error:
        audit(Flexible(lambda z, y: z.sum(no_such=1)), X)
    assert "argument of its own" not in str(error.value)


def test_a_batch_that_is_not_standardized_is_named_as_the_cause_of_a_large_loss() -> None:
    model, pixels = network(), 255 * torch.rand(X.shape, generator=generator(0))
    finding = only(audit(model, pixels, guess), "loss")
    size = pixels.square().mean().sqrt().item()
    assert finding.text.endswith(f"The batch has root mean square {size:.3g}: standardize it first")
    assert finding.mend == ""
    standardized = (pixels - pixels.mean()) / pixels.std()
    assert audit(model, standardized, guess).findings == ()


def test_a_large_loss_of_a_standardized_batch_is_the_last_layer_s() -> None:
    model = network()
    model.linear4.weight.data *= 50
    for known, batch in ((model, X), (nn.Sequential(nn.LayerNorm(32), model), 100 * X)):
        finding = only(audit(known, batch, guess), "loss")
        assert "standardize" not in finding.text
        assert "linear4.weight" in finding.mend


def test_overflow_names_the_first_layer() -> None:
    model = network()
    model.linear2.weight.data *= 1e38
    finding = only(audit(model, X), "finite")
    assert (finding.gravity, finding.layers[0]) == ("grave", "linear2")


def test_what_is_not_known_is_listed_and_not_judged() -> None:
    class Strange(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Parameter(floats(32, 5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cdist(x, self.table.T)

    report = audit(Strange(), X)
    assert kinds(report) == {("note", "unknown")}
    assert str(report.layers[0].laws["table"]) == "normal, std 1"
    assert report.layers[0].fan_in is None


def test_findings_stand_in_the_order_of_their_gravity() -> None:
    model = network("relu", "constant", value=0.5)
    model.spare = nn.Parameter(torch.ones(3))
    order = ["grave", "warning", "note"]
    gravities = [finding.gravity for finding in audit(model, X).findings]
    assert gravities == sorted(gravities, key=order.index)
    assert {"grave", "note"} <= set(gravities)


def test_every_chapter_named_exists() -> None:
    source = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "src" / "helpers" / "audit" / "findings").glob("*.py")
    )
    parts = "initialization|activations|derivations|background|practice"
    named = set(re.findall(rf'"((?:{parts})/[a-z-]+)"', source)) | {
        f"activations/{name}" for name in ("tanh", "sigmoid")
    }
    assert len(named) >= 8
    for chapter in named:
        assert (ROOT / "chapters" / f"{chapter}.ipynb").exists(), chapter
