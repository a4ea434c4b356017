"""How sharply the loss of many networks of one architecture is curved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers._checks import check_count
from helpers._models import Loss, check_data, check_differentiable, check_loss, mode
from helpers.ensemble.judging import judge
from helpers.ensemble.stacks import check_networks, stack

Product = Callable[[torch.Tensor], torch.Tensor]


def sharpness(
    networks: Sequence[nn.Module],
    x: torch.Tensor,
    y: torch.Tensor,
    *,
    loss: Loss = cross_entropy,
    iterations: int = 20,
) -> np.ndarray:
    """Return the largest eigenvalue of the Hessian of the loss, of each network.

    The Hessian holds the second derivatives of the mean loss by all parameters that are trained.
    Gradient descent on a parabola of this curvature is stable up to a rate of 2 / sharpness.

    Parameters
    ----------
    networks
        As for ``train_ensemble``; left as they came. One network is given in a list.
    x, y, loss
        As for ``train_ensemble``. The loss is that of all examples at once.
    iterations
        Products of the Hessian with a vector, 1 or more. With more of them the result can only
        rise towards the largest eigenvalue; 20 are mostly enough for three digits.

    Returns
    -------
    numpy.ndarray
        Of shape (networks,). NaN for a network that diverged.

    Raises
    ------
    TypeError
        If an argument has the wrong type, or labels are not int64.
    ValueError
        If the networks differ in architecture or cannot be run together, all parameters are
        frozen, or a shape, device or number does not fit.

    Notes
    -----
    The Hessian is never formed: its product with a vector is the gradient of the gradient times
    this vector (Pearlmutter, Fast exact multiplication by the Hessian, 1994). The method is that
    of Lanczos (1950), as in Cohen et al. 2021, arXiv 2103.00065: the largest eigenvalue within
    the space that power iteration spans. Unlike power iteration, it finds the largest eigenvalue
    where a negative one is larger in size.

    Examples
    --------
    >>> from torch.nn.functional import mse_loss
    >>> line = nn.Linear(1, 1, bias=False)
    >>> x = torch.tensor([[1.0], [3.0]])
    >>> sharpness([line], x, x, loss=mse_loss).round(3)  # the mean of 2 x²
    array([10.])
    """
    check_count("iterations", iterations)
    check_loss(loss)
    check_networks(networks)
    check_data(networks[0], (x, y))
    parameters, forward = stack(networks, x)
    trained = [parameter for parameter in parameters.values() if parameter.requires_grad]
    if not trained:
        raise ValueError("networks must have parameters that require gradients; all are frozen")
    with mode(networks[0], training=True), torch.enable_grad():
        losses, _ = judge(forward, x[None], y[None], loss)
        check_differentiable(losses)
        return _largest(*_hessian(losses, trained), iterations)


def _hessian(losses: torch.Tensor, trained: Sequence[torch.Tensor]) -> tuple[Product, torch.Tensor]:
    """Return the product with each network's Hessian, and a vector to begin with for each."""

    def flat(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([tensor.reshape(len(losses), -1) for tensor in tensors], 1)

    options = {"allow_unused": True, "materialize_grads": True}
    gradient = flat(torch.autograd.grad(losses.sum(), trained, create_graph=True, **options))

    def product(vectors: torch.Tensor) -> torch.Tensor:
        if not gradient.requires_grad:
            return torch.zeros_like(vectors)
        slope = (gradient * vectors).sum()
        return flat(torch.autograd.grad(slope, trained, retain_graph=True, **options)).detach()

    numbers = torch.Generator().manual_seed(0)
    first = torch.randn(gradient.shape[1], generator=numbers).to(gradient)
    return product, first.expand_as(gradient)


def _largest(product: Product, vectors: torch.Tensor, iterations: int) -> np.ndarray:
    """Return the largest eigenvalue within the space of ``vectors`` and their products."""
    basis = vectors[:, None] / vectors.norm(dim=1)[:, None, None]
    images = product(basis[:, -1])[:, None]
    while basis.shape[1] < min(iterations, vectors.shape[1]):
        new = _across(images[:, -1], basis)
        ended = new.norm(dim=1, keepdim=True) == 0  # an eigenvector: go on from any other vector
        new = torch.where(ended, _across(vectors.roll(basis.shape[1], 1), basis), new)
        basis = torch.cat([basis, (new / new.norm(dim=1, keepdim=True))[:, None]], 1)
        images = torch.cat([images, product(basis[:, -1])[:, None]], 1)
    projected = (basis @ images.mT).cpu().double()
    finite = projected.isfinite().all(2).all(1)
    projected[~finite] = 0
    largest = torch.linalg.eigvalsh((projected + projected.mT) / 2)[:, -1]
    return largest.where(finite, torch.nan).numpy()


def _across(vectors: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """Return what of the vectors stands at right angles to the basis: twice, for rounding."""
    for _ in range(2):
        vectors = vectors - ((basis @ vectors[:, :, None]).mT @ basis)[:, 0]
    return vectors
