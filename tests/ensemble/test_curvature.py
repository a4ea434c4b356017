import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian
from torch.nn.functional import cross_entropy, mse_loss

from helpers.device import generator, rng
from helpers.ensemble import sharpness
from helpers.initializers import initialize
from helpers.networks import mlp

X = torch.randn(12, 4, generator=generator(1), dtype=torch.float64)
Y = torch.randint(3, (12,), generator=generator(2))
TARGETS = torch.randn(12, 3, generator=generator(3), dtype=torch.float64)


def network(seed=0, gain=1.0):
    model = mlp([4, 5, 3], "tanh").double()
    return initialize(model, "xavier_normal", generator=rng(seed), gain=gain)


def eigenvalues(model, y, loss):
    """Compute the whole Hessian."""
    parameters = {name: each.detach() for name, each in model.named_parameters()}
    blocks = hessian(lambda own: loss(functional_call(model, own, (X,)), y))(parameters)
    rows = [
        torch.cat([block.reshape(parameters[name].numel(), -1) for block in row.values()], 1)
        for name, row in blocks.items()
    ]
    return torch.linalg.eigvalsh(torch.cat(rows))


def flipped(output, y):
    return -mse_loss(output, y)


@pytest.mark.parametrize(
    ("y", "loss"), [(Y, cross_entropy), (TARGETS, mse_loss), (TARGETS, flipped)]
)
def test_it_is_the_largest_eigenvalue(y, loss):
    models = [network(seed, gain) for seed, gain in [(0, 0.5), (1, 1.0), (2, 3.0)]]
    expected = [eigenvalues(model, y, loss)[-1] for model in models]
    np.testing.assert_allclose(sharpness(models, X, y, loss=loss, iterations=40), expected)


def test_a_negative_eigenvalue_of_larger_size_is_not_taken():
    least, *_, most = eigenvalues(network(), TARGETS, flipped)
    assert -least > 1.5 * most > 0


def test_more_iterations_can_only_raise_it():
    found = [sharpness([network()], X, Y, iterations=n).item() for n in (1, 2, 4, 8, 16, 10**6)]
    assert found == pytest.approx(sorted(found))
    assert found[-1] == pytest.approx(eigenvalues(network(), Y, cross_entropy)[-1])


def test_none_sees_another_and_all_are_left_as_they_came():
    models = [network(seed) for seed in range(3)]
    models[1][1].weight.data.fill_(torch.nan)
    before = [W.clone() for model in models for W in model.parameters()]
    together = sharpness(models, X, Y)
    assert np.isnan(together[1])
    alone = [sharpness([model], X, Y).item() for model in models]
    np.testing.assert_allclose(together, alone)
    after = [W for model in models for W in model.parameters()]
    torch.testing.assert_close(after, before, rtol=0, atol=0, equal_nan=True)
    assert all(W.grad is None for W in after)


def normalized(seed):
    model = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3)).double()
    numbers = generator(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter, generator=numbers)
    return model


def by_differences(model, step=1e-5):
    """Compute the largest eigenvalue from differences of the gradient."""
    start = nn.utils.parameters_to_vector(model.parameters()).detach()

    def gradient(vector):
        nn.utils.vector_to_parameters(vector, model.parameters())
        parts = torch.autograd.grad(cross_entropy(model(X), Y), list(model.parameters()))
        return torch.cat([part.flatten() for part in parts])

    moves = step * torch.eye(len(start)).double()
    rows = [(gradient(start + move) - gradient(start - move)) / (2 * step) for move in moves]
    nn.utils.vector_to_parameters(start, model.parameters())
    whole = torch.stack(rows)
    return torch.linalg.eigvalsh((whole + whole.mT) / 2)[-1].item()


def test_networks_with_other_layers():
    models = [normalized(seed) for seed in range(2)]
    expected = [by_differences(model) for model in models]
    np.testing.assert_allclose(sharpness(models, X, Y, iterations=99), expected, rtol=1e-5)


def test_frozen_parameters_do_not_count():
    model = network()
    whole = sharpness([model], X, Y, iterations=99).item()
    model[1].requires_grad_(False)
    assert 0 < sharpness([model], X, Y, iterations=99).item() < whole
    with pytest.raises(ValueError, match="all are frozen"):
        sharpness([model.requires_grad_(False)], X, Y)


def test_a_flat_loss():
    line = nn.Linear(4, 3).double()
    assert sharpness([line], X, TARGETS, loss=lambda output, y: output.mean()).tolist() == [0]
    assert sharpness([line], X, TARGETS, loss=lambda z, y: 0 * z.square().mean()).tolist() == [0]
