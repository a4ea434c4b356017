"""The steps of the optimizers, for stacked parameters: one learning rate for each network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count

import numpy as np
import torch

from helpers._checks import shown

Update = Callable[[Sequence[torch.Tensor]], None]


def learning_rates(lr: float | Sequence[float] | torch.Tensor, networks: int) -> torch.Tensor:
    """Return one learning rate for each network."""
    try:
        if np.ma.is_masked(lr) or (isinstance(lr, torch.Tensor) and lr.is_complex()):
            raise TypeError
        rates = torch.as_tensor(lr, dtype=torch.float64, device="cpu").detach()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise TypeError(f"lr must be a number or one number per network; got {shown(lr)}") from None
    if rates.shape not in {(), (networks,)}:
        raise ValueError(
            f"lr must be one number or one for each of the {networks} networks; "
            f"got the shape {tuple(rates.shape)}"
        )
    if not ((rates >= 0) & rates.isfinite()).all():
        raise ValueError(f"lr must be finite and at least 0; got {shown(lr)}")
    return rates.expand(networks)


def _sgd(parameters: Sequence[torch.Tensor], rates: torch.Tensor) -> Update:
    """Return the step of gradient descent, with one rate for each network."""
    rates = [_along_first(rates, parameter) for parameter in parameters]

    @torch.no_grad()
    def update(gradients: Sequence[torch.Tensor]) -> None:
        for parameter, gradient, rate in zip(parameters, gradients, rates, strict=True):
            parameter.addcmul_(gradient, rate, value=-1)

    return update


def _momentum(parameters: Sequence[torch.Tensor], rates: torch.Tensor) -> Update:
    """Return the step of gradient descent with momentum 0.9, in the form that torch has."""
    rates = [_along_first(rates, parameter) for parameter in parameters]
    sums = [torch.zeros_like(parameter) for parameter in parameters]

    @torch.no_grad()
    def update(gradients: Sequence[torch.Tensor]) -> None:
        for parameter, gradient, rate, total in zip(
            parameters, gradients, rates, sums, strict=True
        ):
            total.mul_(0.9).add_(gradient)
            parameter.addcmul_(total, rate, value=-1)

    return update


def _adagrad(parameters: Sequence[torch.Tensor], rates: torch.Tensor) -> Update:
    """Return the step of AdaGrad (Duchi, Hazan and Singer, 2011), one rate for each network."""
    rates = [_along_first(rates, parameter) for parameter in parameters]
    squares = [torch.zeros_like(parameter) for parameter in parameters]

    @torch.no_grad()
    def update(gradients: Sequence[torch.Tensor]) -> None:
        for parameter, gradient, rate, square in zip(
            parameters, gradients, rates, squares, strict=True
        ):
            square.addcmul_(gradient, gradient)
            parameter.addcdiv_(gradient * rate, square.sqrt().add_(1e-10), value=-1)

    return update


def _adam(parameters: Sequence[torch.Tensor], rates: torch.Tensor) -> Update:
    """Return the step of Adam (Kingma and Ba, 2015), with one rate for each network."""
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    rates = [_along_first(rates, parameter) for parameter in parameters]
    means = [torch.zeros_like(parameter) for parameter in parameters]
    squares = [torch.zeros_like(parameter) for parameter in parameters]
    steps = count(1)

    @torch.no_grad()
    def update(gradients: Sequence[torch.Tensor]) -> None:
        step = next(steps)
        correction1, correction2 = 1 - beta1**step, 1 - beta2**step
        for parameter, gradient, rate, mean, square in zip(
            parameters, gradients, rates, means, squares, strict=True
        ):
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            scale = square.sqrt().add_(epsilon * math.sqrt(correction2))
            parameter.addcdiv_(mean * rate, scale, value=-math.sqrt(correction2) / correction1)

    return update


OPTIMIZERS: dict[str, Callable[[Sequence[torch.Tensor], torch.Tensor], Update]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "adagrad": _adagrad,
    "adam": _adam,
}


def _along_first(rates: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    rates = rates.to(parameter.dtype).to(parameter.device)
    return rates.view(-1, *[1] * (parameter.ndim - 1))
