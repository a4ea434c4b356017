"""Tests of lsuv: the variance it promises, what it leaves alone, and what it refuses."""

import copy
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from helpers.initializers import initialize, lsuv
from helpers.networks import mlp, mnist_cnn

DEVICES = ["cpu"]
DEVICES += ["cuda"] if torch.cuda.is_available() else []
DEVICES += ["mps"] if torch.backends.mps.is_available() else []


class Residual(nn.Module):
    """A branch that is added, two that are multiplied, and layers listed in another order."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(18, 3)
        self.right, self.left = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.branch = nn.Conv2d(2, 2, 1)
        self.first = nn.Conv2d(1, 2, 3)

    def forward(self, x):
        a = torch.sin(5 * self.first(x))
        a = self.left(a) * self.right(a)
        a = a + 3 * self.branch(a.abs())
        return self.last(a[:, :, ::2, ::2].flatten(1) ** 3)


def noisy():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.ConvTranspose2d(4, 2, 2), nn.Flatten(), nn.ReLU(inplace=True), nn.Linear(50, 3),
    )  # fmt: skip


def numbers(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


MODELS = {
    "mlp": (lambda: mlp([12, 30, 20, 4], "tanh"), numbers(50, 12)),
    "deep": (lambda: mlp([12] + [30] * 20 + [4], "relu"), numbers(50, 12)),
    "cnn": (mnist_cnn, numbers(8, 1, 28, 28)),
    "residual": (Residual, numbers(40, 1, 7, 7)),
    "sequences": (lambda: nn.Sequential(nn.Linear(3, 5), nn.Conv1d(6, 4, 2)), numbers(9, 6, 3)),
}
EACH = pytest.mark.parametrize("name", MODELS)


def orthogonal(model, seed=0):
    return initialize(model, "orthogonal", generator=np.random.default_rng(seed))


def layers(model):
    return {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, (nn.Linear, nn.modules.conv._ConvNd))
    }


def outputs(model, x):
    """Return every layer's output over the batch, in the order of the calls."""
    seen = {}
    hooks = [
        layer.register_forward_hook(lambda *call, name=name: seen.update({name: call[-1].clone()}))
        for name, layer in layers(model).items()
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return seen


def variances(model, x):
    return [output.double().var(correction=0).item() for output in outputs(model, x).values()]


def state(model):
    """Return all that lsuv must leave alone, and the weights that it may scale."""
    return {
        "values": {name: value.tolist() for name, value in model.state_dict().items()},
        "identities": [id(p) for p in model.parameters()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "grad": [None if p.grad is None else p.grad.tolist() for p in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "hooks": [
            len(hooks)
            for module in model.modules()
            for hooks in (module._forward_hooks, module._forward_pre_hooks)
        ],
        "random": [torch.get_rng_state().tolist(), repr(np.random.get_state())],  # noqa: NPY002
        "grad_mode": torch.is_grad_enabled(),
    }


@EACH
def test_one_rescaling_gives_every_output_the_variance_1(name):
    build, x = MODELS[name]
    model = orthogonal(build())
    assert lsuv(model, x, tolerance=1e-4, rescalings=1) is model
    assert variances(model, x) == pytest.approx([1] * len(layers(model)), abs=1e-4)


def test_it_is_the_algorithm_of_the_paper():
    """Rescale one layer after the other, each after a pass of its own through the model."""
    build, x = MODELS["residual"]
    model = orthogonal(build())
    expected = copy.deepcopy(model)
    for name in outputs(expected, x):
        while abs((variance := outputs(expected, x)[name].var(correction=0)) - 1) > 1e-3:
            layers(expected)[name].weight.data /= variance.sqrt()
    torch.testing.assert_close(lsuv(model, x, tolerance=1e-3).state_dict(), expected.state_dict())


@EACH
def test_a_layer_is_multiplied_by_one_positive_number(name):
    build, x = MODELS[name]
    model = orthogonal(build())
    before = copy.deepcopy(model)
    lsuv(model, x)
    for after, old in zip(layers(model).values(), layers(before).values(), strict=True):
        scale = after.weight.norm() / old.weight.norm()
        torch.testing.assert_close(after.weight, scale * old.weight, rtol=1e-4, atol=1e-7)
        assert torch.equal(after.bias, old.bias)


@given(exponents=st.lists(st.integers(-40, 40), min_size=5, max_size=5))
def test_the_scale_of_the_weights_before_does_not_matter(exponents):
    build, x = MODELS["residual"]
    expected, model = (lsuv(orthogonal(build()), x, tolerance=1e-5), orthogonal(build()))
    for exponent, layer in zip(exponents, layers(model).values(), strict=True):
        layer.weight.data *= 2.0**exponent
    lsuv(model, x, tolerance=1e-5)
    torch.testing.assert_close(model.state_dict(), expected.state_dict(), rtol=1e-4, atol=1e-6)


@EACH
def test_a_second_call_changes_nothing(name):
    build, x = MODELS[name]
    model = lsuv(orthogonal(build()), x)
    before = state(model)
    assert state(lsuv(model, x)) == before


def test_a_layer_within_the_tolerance_is_left_as_it_is():
    layer, x = nn.Linear(1, 1, bias=False), torch.tensor([[-1.0], [1.0]])
    nn.init.constant_(layer.weight, 1.2)
    assert lsuv(layer, x, tolerance=0.5).weight.item() == pytest.approx(1.2)
    assert lsuv(layer, x, tolerance=0.4).weight.item() == pytest.approx(1)


def test_biases_take_more_rescalings_and_each_leaves_their_variance_of_the_error():
    """With biases of variance v the error of the variance is multiplied by about v each time."""
    model, x = orthogonal(nn.Linear(40, 40)), numbers(2000, 40)
    model.bias.data.copy_(0.5 * torch.tensor([-1.0, 1.0]).repeat(20))
    errors = []
    for count in (1, 2, 3, 4):
        rescaled = copy.deepcopy(model)
        lsuv(rescaled, x, tolerance=1.0, rescalings=1)
        for _ in range(count):
            std = outputs(rescaled, x)[""].double().std(correction=0).item()
            rescaled.weight.data /= std
        errors.append(variances(rescaled, x)[0] - 1)
    ratios = [after / before for before, after in pairwise(errors)]
    assert ratios == pytest.approx([0.25] * 3, abs=0.05)
    with pytest.raises(ValueError, match=r"after 1 rescalings .* variance 1\.\d+, not 1: biases"):
        lsuv(copy.deepcopy(model), x, rescalings=1)
    assert variances(lsuv(model, x, tolerance=1e-3), x) == pytest.approx([1], abs=1e-3)


def test_the_model_runs_once():
    class Counter(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return x

    model = nn.Sequential(orthogonal(mlp([12, 8, 4])), Counter())
    lsuv(model, numbers(7, 12))
    assert model[1].calls == 1


def test_a_model_is_run_in_its_mode():
    for training in (True, False):
        model = orthogonal(noisy()).train(training)
        model[1].running_var.fill_(100)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            before = torch.get_rng_state()
            lsuv(model, numbers(20, 1, 6, 6), tolerance=1e-3)
            torch.set_rng_state(before)
            assert variances(model, numbers(20, 1, 6, 6)) == pytest.approx([1, 1, 1], abs=2e-3)


def test_all_but_the_weights_is_left_as_it_was():
    model, x = orthogonal(noisy()), numbers(20, 1, 6, 6)
    model[4].weight.data.copy_(numbers(4, 2, 2, 2))  # which initialize leaves to chance
    x_before = x.clone()
    model(x).square().mean().backward()
    model[0].weight.requires_grad_(False)
    model[3].eval()
    model[4].bias.data.fill_(0.25)
    before = state(model)
    lsuv(model, x)
    after = state(model)
    for name in ["0.weight", "4.weight", "7.weight"]:
        assert after["values"].pop(name) != before["values"].pop(name)
    assert after == before
    assert torch.equal(x, x_before)


def test_dropout_that_is_active_leaves_the_global_random_state():
    model = nn.Sequential(nn.Linear(4, 50), nn.Dropout(0.5), nn.Linear(50, 3)).train()
    before = torch.get_rng_state()
    lsuv(orthogonal(model), numbers(20, 4), rescalings=100)
    assert torch.equal(torch.get_rng_state(), before)


def test_hooks_of_others_see_the_rescaled_output():
    model, x, seen = orthogonal(mlp([12, 8, 4])), numbers(7, 12), []
    model.linear1.register_forward_hook(lambda *call: seen.append(call[-1].clone()))
    lsuv(model, x)
    torch.testing.assert_close(seen[0], model.linear1(x))


def test_arguments_by_name_reach_the_layer():
    class ByName(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(input=x)

    model = lsuv(orthogonal(ByName()), numbers(9, 4))
    assert variances(model, numbers(9, 4)) == pytest.approx([1], abs=0.01)


def test_one_layer_under_two_names_is_one_layer():
    model = orthogonal(mlp([12, 8, 4]))
    model.first = nn.Identity()
    model.first.alias = model.linear1
    lsuv(model, numbers(7, 12))
    assert variances(model, numbers(7, 12)) == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_dtype_and_device_are_kept(dtype, device):
    if (device, dtype) == ("mps", torch.float64):
        pytest.skip("mps has no float64")
    build, x = MODELS["mlp"]
    model, x = orthogonal(build()).to(device, dtype), x.to(device, dtype)
    lsuv(model, x)
    for parameter in model.parameters():
        assert (parameter.dtype, parameter.device.type) == (dtype, device)
    assert variances(model.cpu().double(), x.cpu().double()) == pytest.approx([1] * 3, abs=0.03)


class Part(nn.Module):
    """A layer that is called as often as given, between two others."""

    def __init__(self, calls):
        super().__init__()
        self.below, self.part, self.above = (orthogonal(nn.Linear(4, 4)) for _ in range(3))
        self.calls = calls

    def forward(self, x):
        x = self.below(x)
        for _ in range(self.calls):
            x = self.part(x)
        return self.above(x)


def tied():
    model = Part(1)
    model.above.weight = model.below.weight
    return model


def dead(bias=0.0):
    """No unit of the first layer is ever above 0."""
    model = orthogonal(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 5)))
    nn.init.constant_(model[0].bias, -1e4)
    model[2].bias.data.copy_(bias * torch.arange(5))
    return model


def after_the_first(function):
    class Function(nn.Module):
        def forward(self, x):
            return function(x)

    return orthogonal(nn.Sequential(nn.Linear(4, 4), Function(), nn.Linear(4, 4)))


def fail(x):
    raise KeyError("a fault of the model's own")


def interrupt(x):
    raise KeyboardInterrupt("Ctrl-C")


def with_weight(value):
    model = Part(1)
    nn.init.constant_(model.part.weight, value)
    return model


def with_weight_norm():
    model = Part(1)
    nn.utils.parametrizations.weight_norm(model.part)
    return model


X = 3 * numbers(7, 4)  # so that the first layer must be rescaled
NAN = torch.where(torch.arange(7)[:, None] == 3, torch.nan, X)
FAULTS = [
    (Part(0), X, {}, ValueError, "did not call the layer 'part'"),
    (Part(2), X, {}, ValueError, "the layer 'part' is called twice"),
    (tied(), X, {}, ValueError, "layers 'below' and 'above' share a weight"),
    (with_weight_norm(), X, {}, ValueError, "layer 'part' computes its weight from other"),
    (with_weight(0.0), X, {}, ValueError, "output of the layer 'part' is constant on this batch"),
    (with_weight(math.nan), X, {}, ValueError, "part.weight is NaN"),
    (with_weight(math.inf), X, {}, ValueError, "output of the layer 'part' is not finite"),
    (dead(), X, {}, ValueError, r"output of the layer '2' is constant.*units below it dead\?"),
    (dead(bias=1.0), X, {}, ValueError, r"layer '2' has the variance 2, not 1: biases"),
    (after_the_first(torch.zeros_like), X, {}, ValueError, "layer '2' is constant"),
    (after_the_first(lambda x: x / 0), X, {}, ValueError, "layer '2' is not finite"),
    (after_the_first(fail), X, {}, KeyError, "a fault of the model's own"),
    (after_the_first(interrupt), X, {}, KeyboardInterrupt, "Ctrl-C"),
    (Part(1), torch.zeros(7, 4), {}, ValueError, "layer 'below' is constant"),
    (Part(1), X[:, :3], {}, ValueError, r"cannot take batch of shape \(7, 3\)"),
    (Part(1), X[:0], {}, ValueError, "batch must hold at least one example"),
    (Part(1), NAN, {}, ValueError, "batch must be finite"),
    (Part(1), X.to("meta"), {}, ValueError, "batch is on meta"),
    (Part(1), X.numpy(), {}, TypeError, "batch must be a torch tensor; got ndarray"),
    (Part(1), X, {"tolerance": 0.0}, ValueError, "tolerance must be above 0; got 0.0"),
    (Part(1), X, {"tolerance": math.nan}, ValueError, "tolerance must be finite; got nan"),
    (Part(1), X, {"tolerance": "0.1"}, TypeError, "tolerance must be a real number"),
    (Part(1), X, {"rescalings": 0}, ValueError, "rescalings must be 1 or more; got 0"),
    (Part(1), X, {"rescalings": 1.5}, TypeError, "rescalings must be an integer; got 1.5"),
    (mlp([4, 4]), X, {}, ValueError, "linear1.weight is NaN"),
    (nn.Sequential(nn.ReLU()), X, {}, ValueError, "must have a layer Linear or Conv1d"),
    (nn.LazyLinear(3), X, {}, ValueError, "has no shape yet"),
    (nn.Linear(4, 4, device="meta"), X, {}, ValueError, "meta device"),
    (nn.Linear(4, 4).state_dict(), X, {}, TypeError, "model must be a torch.nn.Module"),
]


@pytest.mark.parametrize(("model", "batch", "options", "error", "message"), FAULTS)
def test_a_fault_is_named_and_leaves_the_model_as_it_was(model, batch, options, error, message):
    known = isinstance(model, nn.Module) and not any(
        nn.parameter.is_lazy(p) or p.is_meta for p in model.parameters()
    )
    before = repr(state(model)) if known else None
    with pytest.raises(error, match=message):
        lsuv(model, batch, **options)
    assert before is None or repr(state(model)) == before
