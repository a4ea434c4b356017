"""Train a network at every combination of named settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from torch import nn
from torch.nn.functional import cross_entropy

from helpers._models import Loss, check_initialized
from helpers.device import generator
from helpers.ensemble.stacks import architecture
from helpers.experiments.groups import (
    Group,
    Measure,
    Options,
    Pair,
    side_by_side,
    size_limit,
    workers,
)
from helpers.experiments.settings import (
    Axes,
    Point,
    call,
    check_taken,
    describe,
    labelled,
    labels,
    points,
    split,
)

KEPT = 2**30
"""Bytes of networks that are kept from the check of all until they are trained."""


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
    would take it alone, up to rounding.

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
        A function of (output, y): the mean loss of a batch. A mapping makes it an axis.
    measure
        A function of a trained network that returns numbers or labelled arrays by name. Each
        becomes a variable of the result.
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
        If a network cannot be built or trained; the message says at which settings, and why.

    Notes
    -----
    With joblib's own configuration the same sweep runs on one core
    (``with joblib.parallel_config(n_jobs=1):``), in processes (``"loky"``) or on a cluster
    (``"dask"``, ``"ray"``), and gives the same numbers. On a GPU the groups run one after the
    other.

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
    given = {"data": data, "lr": lr, "steps": steps, "batch_size": batch_size, "loss": loss}
    given |= {"optimizer": optimizer, "validation": validation, "validate_every": validate_every}
    axes, fixed = _split(settings, given)
    of_settings = [each for name, each in given.items() if name != "loss" and callable(each)]
    check_taken(settings, [network, *of_settings], [*given, "seed"])
    grid, names = list(points(axes, fixed)), labels(axes)
    options = [_options(point) for point in grid]

    def build(i: int) -> nn.Module:
        try:
            built = call(network, grid[i], without=Options._fields)
            check_initialized(built)
        except Exception as error:
            where = describe(names[i])
            raise ValueError(f"the network cannot be built at {where}: {error}") from error
        return built.to(options[i].data[0].device)

    jobs = workers(options[0].data[0].device)
    groups = _groups(build, options, grid, names, measure, at_most=-(-len(grid) // jobs))
    rows: dict[int, xr.Dataset] = {}
    for members, results in side_by_side(groups, len(grid), jobs):
        rows.update(zip(members, results, strict=True))
    return labelled(_complete([rows[i] for i in range(len(grid))]), axes)


def _groups(
    build: Callable[[int], nn.Module],
    options: Sequence[Options],
    grid: Sequence[Point],
    names: Sequence[Point],
    measure: Measure | None,
    at_most: int,
) -> Iterator[Group]:
    """Build every network once, to check it; then yield those that are trained together."""
    alike: dict[tuple, list[int]] = defaultdict(list)
    limits: dict[tuple, int] = {}
    kept, room = {}, KEPT
    for i, each in enumerate(options):
        network = build(i)
        key = architecture(network), each.shared()
        alike[key].append(i)
        if key not in limits:
            limits[key] = min(at_most, size_limit(network, each))
        room -= sum(p.numel() * p.element_size() for p in network.parameters())
        if room > 0:
            kept[i] = network
    for key, all_members in alike.items():
        pieces = np.array_split(all_members, -(-len(all_members) // limits[key]))
        for members in (piece.tolist() for piece in pieces):
            yield Group(
                members,
                [kept.pop(i, None) or build(i) for i in members],
                [_initial_seed(grid[i]) for i in members],
                [options[i].lr for i in members],
                options[members[0]],
                measure,
                [describe(names[i]) for i in members],
            )


def _split(settings: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Axes, Point]:
    """Split settings and options into axes and fixed ones; a pair or a function is one value."""
    whole = {name: given[name] for name in ("data", "validation", "loss")}
    axes, fixed = split(dict(settings) | {k: v for k, v in given.items() if k not in whole})
    for name, value in whole.items():
        if isinstance(value, Mapping):
            axes[name] = dict(value)
        else:
            fixed[name] = value
    return axes, fixed


def _options(point: Point) -> Options:
    """Return the options at a point; those that are functions of it are called."""
    own = {name: point[name] for name in Options._fields}
    for name, value in own.items():
        if name != "loss" and callable(value):
            own[name] = call(value, point)
    return Options(**own)


def _initial_seed(point: Point) -> int:
    """Return what seeds the order of a network's batches, on any machine."""
    return generator(point.get("seed", 0)).initial_seed()


def _complete(rows: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Give a network that diverged NaN for what was measured in the others."""
    templates = {name: row[name] for row in rows for name in row.data_vars}
    nothing = {name: xr.full_like(each, np.nan, float) for name, each in templates.items()}
    return [row.assign({n: v for n, v in nothing.items() if n not in row}) for row in rows]
