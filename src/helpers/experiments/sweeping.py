"""Train a network at every combination of named settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import xarray as xr
from torch import nn
from torch.nn.functional import cross_entropy

from helpers._checks import check_function
from helpers._models import Loss, check_initialized
from helpers.device import generator
from helpers.experiments.groups import Measure, Options, Pair, groups
from helpers.experiments.running import one_thread, side_by_side, workers
from helpers.experiments.settings import (
    Axes,
    Point,
    call,
    check_free,
    check_taken,
    describe,
    labelled,
    labels,
    own,
    points,
    split,
)

_VARIABLES = ("accuracy", "validation_loss", "validation_accuracy", "step", "validation_step")


def sweep(
    network: Callable[..., nn.Module],
    *,
    data: Pair | Mapping[str, Pair] | Callable[..., Pair],
    lr: Any,
    steps: Any,
    batch_size: Any,
    optimizer: Any = "sgd",
    validation: Pair | Mapping[str, Pair] | Callable[..., Pair] | None = None,
    validate_every: Any = None,
    loss: Loss | Mapping[str, Loss] = cross_entropy,
    measure: Measure | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Train a network at every combination of the settings, and return how each training went.

    A list (or tuple, range, array) makes a setting an axis of the result; a mapping gives its
    values names, ``scheme={"He": "he_normal"}``. Networks of one architecture are trained together
    by ``train_ensemble``, and such groups side by side on the cores. Each goes the way that ``fit``
    would take it alone, up to rounding. All are checked before the first is trained.

    Parameters
    ----------
    network
        A function of some of the settings that returns an initialized network. It is called once
        or twice for each point, so let it draw from ``rng(seed)``.
    data
        A pair (x, y), as for ``fit``; a mapping from names to pairs makes it an axis.
    lr, steps, batch_size, optimizer, validate_every
        As for ``train_ensemble``. Each may be an axis. As ``data`` and ``validation`` it may also
        be a function of settings: ``lr=lambda depth: 1 / depth``.
    validation
        A pair (x, y), judged after the last step, and every ``validate_every`` steps if given.
    loss
        A function of (output, y): the mean loss of a batch. A mapping makes it an axis, which has
        the name ``loss_function`` in the result.
    measure
        A function of a trained network that returns numbers or labelled arrays by name, as a
        mapping or a Dataset. Each becomes a variable of the result; NaN for one that diverged.
    **settings
        Those that ``network``, or an option that is a function, takes. ``seed`` also draws the
        order of the batches: the same for every arm. Without it the seed is 0.

    Returns
    -------
    xarray.Dataset
        With the axes as dimensions, and ``loss`` and ``accuracy`` of each batch over ``step``, the
        number of steps before it. With a validation pair ``validation_loss`` and
        ``validation_accuracy``, over ``validation_step`` where ``validate_every`` is given. From
        the first loss on that is not finite a network has diverged, and all its numbers are NaN.

    Raises
    ------
    TypeError
        If nothing takes a setting, an argument is missing, or a value needs a name.
    ValueError
        If a network cannot be built or trained; the message says at which settings, and why. Or
        if a setting has the name of a variable or dimension of the result.

    Notes
    -----
    With joblib's own configuration the same sweep runs on one core
    (``with joblib.parallel_config(n_jobs=1):``), in processes (``"loky"``) or on a cluster
    (``"dask"``, ``"ray"``). On a GPU the groups run one after the other. The numbers are the same,
    wherever a network is trained and beside whatever others: bit by bit on one kind of processor
    for a plain stack of dense layers and activation functions, up to rounding for other networks.

    Examples
    --------
    >>> import torch
    >>> from helpers.device import generator, rng
    >>> from helpers.initializers import initialize
    >>> from helpers.networks import mlp
    >>> x = torch.randn(200, 4, generator=generator(0))
    >>> y = (x[:, 0] > 0).long()
    >>> def network(scheme, seed):
    ...     return initialize(mlp([4, 8, 2]), scheme, generator=rng(seed))
    >>> runs = sweep(
    ...     network,
    ...     scheme={"He": "he_normal", "zero": "zeros"},
    ...     seed=range(3),
    ...     lr=0.5,
    ...     data=(x, y),
    ...     steps=50,
    ...     batch_size=20,
    ... )
    >>> dict(runs.loss.sizes)
    {'scheme': 2, 'seed': 3, 'step': 50}
    >>> last = runs.loss.sel(step=49)
    >>> bool((last.sel(scheme="He") < last.sel(scheme="zero")).all())
    True
    """
    check_function("network", network)
    if measure is not None:
        check_function("measure", measure)
    given = {"data": data, "lr": lr, "steps": steps, "batch_size": batch_size, "loss": loss}
    given |= {"optimizer": optimizer, "validation": validation, "validate_every": validate_every}
    axes, fixed = _split(settings, given)
    computed = [each for values in _values(axes, fixed).values() for each in values]
    check_taken(settings, [network, *filter(callable, computed)], options=given, others=["seed"])
    check_free(settings, [*_VARIABLES, *(["loss_function"] if "loss" in axes else [])])
    grid, where = list(points(axes, fixed)), labels(axes)
    names = [describe(each) for each in where]
    options = _options(grid, where, names)

    def build(i: int) -> nn.Module:
        try:
            with one_thread():
                built = call(network, grid[i], without=Options._fields)
            check_initialized(built)
        except Exception as error:
            raise ValueError(f"the network cannot be built at {names[i]}: {error}") from error
        return built.to(options[i].data[0].device)

    jobs = workers(options[0].data[0].device)
    seeds = [generator(point.get("seed", 0)).initial_seed() for point in grid]
    parts = groups(build, options, seeds, names, measure, jobs)
    rows: dict[int, xr.Dataset] = {}
    with closing(side_by_side(parts, len(grid), jobs)) as results:
        for members, found in results:
            rows.update(zip(members, found, strict=True))
    ordered = _complete([rows[i] for i in range(len(grid))])
    if all(each.validate_every is None for each in options):
        ordered = [_last(row) for row in ordered]
    return labelled(ordered, {_dimension(name): values for name, values in axes.items()})


def _split(settings: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Axes, Point]:
    """Split settings and options into axes and fixed ones; a pair or a function is one value."""
    whole = {name: given[name] for name in ("data", "validation", "loss")}
    pairs = {name: value for name, value in whole.items() if not isinstance(value, Mapping)}
    rest = {name: value for name, value in given.items() if name not in pairs}
    axes, fixed = split(dict(settings) | rest)
    return axes, fixed | pairs


def _values(axes: Axes, fixed: Point) -> dict[str, list[Any]]:
    """Return the values of each option that may be a function of the settings."""
    names = [name for name in Options._fields if name != "loss"]
    return {name: list(axes[name].values()) if name in axes else [fixed[name]] for name in names}


def _options(grid: Sequence[Point], where: Sequence[Point], names: Sequence[str]) -> list[Options]:
    """Return the options at every point, checked.

    One that is a function is called once for all points at which its arguments are the same, so
    that these share their data.
    """
    known: dict[tuple, Any] = {}

    def value(i: int, name: str) -> Any:
        given = grid[i][name]
        if name == "loss" or not callable(given):
            return given
        key = name, given, *own(given, where[i]).items()
        if key not in known:
            try:
                known[key] = call(given, grid[i])
            except Exception as error:
                raise ValueError(f"{name} cannot be computed: {error}") from error
        return known[key]

    found = []
    for i, name in enumerate(names):
        try:
            found.append(Options(*(value(i, field) for field in Options._fields)))
            found[-1].check()
        except Exception as error:
            raise ValueError(f"the network cannot be trained at {name}: {error}") from error
    return found


def _complete(rows: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Give a network that diverged NaN for what was measured in the others."""
    templates = dict(item for row in rows for item in row.data_vars.items())
    nothing = {name: xr.full_like(each, np.nan, float) for name, each in templates.items()}
    missing = [{n: v for n, v in nothing.items() if n not in row} for row in rows]
    return [row.assign(more) if more else row for row, more in zip(rows, missing, strict=True)]


def _last(row: xr.Dataset) -> xr.Dataset:
    """Return a row in which the validation was made once, without saying when."""
    return row.isel(validation_step=-1, drop=True) if "validation_step" in row.dims else row


def _dimension(name: str) -> str:
    """Return what an axis is called in the result, where ``loss`` is a variable."""
    return "loss_function" if name == "loss" else name
