"""What a start does to the signal and to the gradient, at every combination of named settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn
from torch.nn.functional import cross_entropy

from helpers._checks import check_function, check_kind
from helpers._models import Loss, check_module
from helpers._progress import progress
from helpers.activations import ACTIVATIONS
from helpers.experiments.running import one_thread
from helpers.experiments.settings import (
    call,
    check_free,
    check_taken,
    describe,
    labelled,
    labels,
    points,
    split,
)
from helpers.probes import LayerStatistics, probe
from helpers.theory import variance_per_layer

_NAMES = {str(phi.module()): name for name, phi in ACTIVATIONS.items()}
_INPLACE = re.compile("(, )?inplace=True")
_ACTIVATIONS = {phi.torch_name for phi in ACTIVATIONS.values()} - {"Identity"}
_VARIABLES = (
    *("signal", "activity", "dead", "saturated", "weight", "gradient", "weight_gradient"),
    *("signal_theory", "gradient_theory"),
)


def starts(
    network: Callable[..., nn.Module],
    x: torch.Tensor,
    y: torch.Tensor | None = None,
    *,
    loss: Loss = cross_entropy,
    **settings: Any,
) -> xr.Dataset:
    """Build a network at every combination of the settings; measure it before any training.

    Parameters
    ----------
    network
        A function of the settings that returns an initialized network.
    x, y, loss
        As for ``probe``. Without ``y`` there is no gradient.
    **settings
        As for ``sweep``: a list is an axis, a mapping gives its values names.

    Returns
    -------
    xarray.Dataset
        With the axes and ``layer`` as dimensions; see ``layer_statistics``.

    Raises
    ------
    TypeError
        If nothing takes a setting, an argument is missing, or a value needs a name.
    ValueError
        If a network cannot be built or run; the message says at which settings, and why.

    Examples
    --------
    >>> from helpers.device import rng
    >>> from helpers.initializers import initialize
    >>> from helpers.networks import mlp
    >>> def network(scheme, seed):
    ...     return initialize(mlp([50] * 9, "relu"), scheme, generator=rng(seed))
    >>> schemes = {"He": "he_normal", "Xavier": "xavier_normal"}
    >>> seen = starts(network, torch.ones(10, 50), scheme=schemes, seed=range(3))
    >>> dict(seen.signal.sizes)
    {'scheme': 2, 'seed': 3, 'layer': 8}
    >>> lost = seen.signal.sel(layer=8) / seen.signal.sel(layer=1)
    >>> bool((lost.sel(scheme="Xavier") < lost.sel(scheme="He")).all())
    True
    """
    check_function("network", network)
    check_kind("x", x, torch.Tensor, "a torch tensor")
    axes, fixed = split(settings)
    check_taken(settings, [network])
    check_free(axes, ["layer", *_VARIABLES])
    rows = []
    named = list(zip(points(axes, fixed), labels(axes), strict=True))
    for point, where in progress(named, "networks measured"):
        try:
            with one_thread():
                built = call(network, point)
            check_module(built)
            rows.append(layer_statistics(built.to(x.device), x, y, loss))
        except Exception as error:
            message = f"the network cannot be measured at {describe(where)}: {error}"
            raise ValueError(message) from error
    return labelled(rows, axes)


def layer_statistics(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor | None = None,
    loss: Loss = cross_entropy,
) -> xr.Dataset:
    """Return what ``probe`` sees, layer by layer, with the names of the field.

    Parameters
    ----------
    model, x, y, loss
        As for ``probe``.

    Returns
    -------
    xarray.Dataset
        Over ``layer``, which counts the layers with weights from 1 on:

        - ``signal``: mean square of the layer's output z, before the activation;
        - ``activity``: mean square of a = phi(z), NaN where no activation follows;
        - ``dead``: share of the units whose activation is 0 on all of x;
        - ``saturated``: share of activations near a bound, as ``probe`` has it;
        - ``weight``: mean square of the layer's weights;
        - ``gradient``, ``weight_gradient``: mean squares of dL/dz and dL/dW, if y is given;
        - ``signal_theory``, ``gradient_theory``: predicted by ``variance_per_layer`` from the mean
          squares of the weights, the gradient from that of the last layer. NaN where the network
          is not a plain stack of dense layers with one activation and biases 0.

    Raises
    ------
    TypeError, ValueError
        As for ``probe``; or if the model has no layer with weights.

    Examples
    --------
    >>> layer = nn.Linear(2, 2, bias=False)
    >>> _ = nn.init.eye_(layer.weight)
    >>> layer_statistics(layer, torch.ones(3, 2)).signal.values
    array([1.])
    """
    seen = probe(model, x, y, loss)
    own = [i for i, each in enumerate(seen) if each.weight is not None]
    if not own:
        raise ValueError("the model has no layer with weights")
    following = [_following(seen, i) for i in own]
    columns = {
        "signal": [seen[i].activation.mean_square for i in own],
        "activity": [f.activation.mean_square if f else np.nan for f in following],
        "dead": [f.dead if f else np.nan for f in following],
        "saturated": [f.saturated if f else np.nan for f in following],
        "weight": [seen[i].weight.mean_square for i in own],
    }
    q, down = _predicted(model, x, columns["weight"])
    columns["signal_theory"] = q
    if y is not None:
        gradient = [_mean_square(seen[i].gradient) for i in own]
        columns["gradient"] = gradient
        columns["weight_gradient"] = [_mean_square(seen[i].weight_gradient) for i in own]
        columns["gradient_theory"] = down * gradient[-1]
    number = np.arange(1, len(own) + 1)
    return xr.Dataset(
        {name: ("layer", np.asarray(values, float)) for name, values in columns.items()},
        coords={"layer": number},
    )


def _following(seen: list[LayerStatistics], i: int) -> LayerStatistics | None:
    """Return the activation that follows layer i directly."""
    after = seen[i + 1] if i + 1 < len(seen) else None
    return after if after and after.kind in _ACTIVATIONS else None


def _mean_square(moments: Any) -> float:
    return np.nan if moments is None else moments.mean_square


def _predicted(
    model: nn.Module, x: torch.Tensor, squares: list[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the mean squares of signal and gradient, the latter relative to the last layer."""
    unknown = np.full(len(squares), np.nan)
    activation = _plain_activation(model)
    dense = [part for part in model.modules() if type(part) is nn.Linear]
    biases = [part.bias for part in dense if part.bias is not None]
    if activation is None or len(dense) != len(squares) or any(b.any() for b in biases):
        return unknown, unknown
    widths = [dense[0].in_features, *(part.out_features for part in dense)]
    return variance_per_layer(activation, widths, squares, x.double().square().mean().item())


def _plain_activation(model: nn.Module) -> str | None:
    """Return the one activation between the dense layers of a plain stack; None if it is none."""
    whole = [part for part in model.modules() if next(part.children(), None) is not None]
    parts = [part for part in _leaves(model) if type(part) is not nn.Flatten]
    if any(type(part) is not nn.Sequential for part in whole):
        return None
    if all(type(part) is nn.Linear for part in parts):
        return "identity"
    between = {_NAMES.get(_INPLACE.sub("", str(part))) for part in parts[1::2]}
    plain = all(type(part) is nn.Linear for part in parts[::2]) and len(between) == 1
    return between.pop() if plain else None


def _leaves(model: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers of nested Sequentials in their order, one that is used twice twice."""
    if next(model.children(), None) is None:
        yield model
    for part in model._modules.values():
        yield from _leaves(part)
