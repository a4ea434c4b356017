"""Groups of networks that are trained as one, side by side on the cores or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Condition
from typing import Any, NamedTuple

import joblib
import numpy as np
import torch
import xarray as xr
from joblib.parallel import get_active_backend
from torch import nn

from helpers._models import Loss, mode
from helpers._progress import progress_bar
from helpers.ensemble.training import EnsembleHistory, train_in_steps

Pair = tuple[torch.Tensor, torch.Tensor]
Measure = Callable[[nn.Module], Mapping[str, Any]]

MEMORY = 2**29
"""Bytes that the training of one group may take, by a rough count."""
LARGEST = 32
"""Networks in a group: benchmarks/sweeps.py finds no gain in time beyond it."""


class Options(NamedTuple):
    """The options of a training."""

    data: Pair | None
    lr: float | None
    steps: int
    batch_size: int
    optimizer: str
    validation: Pair | None
    validate_every: int | None
    loss: Loss

    def shared(self) -> tuple:
        """Return what networks that are trained together have in common."""
        tensors = [id(tensor) for pair in (self.data, self.validation) for tensor in pair or ()]
        own = (self.steps, self.batch_size, self.optimizer, self.validate_every, id(self.loss))
        return *own, *tensors


@dataclass(frozen=True)
class Group:
    """Networks of one architecture with the options of their training; ``members`` are points."""

    members: list[int]
    networks: list[nn.Module]
    seeds: list[int]
    rates: list[float]
    options: Options
    measure: Measure | None
    names: list[str]


class _Interrupt:
    """A flag in this process that its trainings look at, and their number."""

    def __init__(self) -> None:
        self.changed, self.set, self.running = Condition(), False, 0

    def __enter__(self) -> None:
        with self.changed:
            self.running += 1

    def __exit__(self, *error: object) -> None:
        with self.changed:
            self.running -= 1
            self.changed.notify_all()

    def steps(self, numbers: range) -> Iterator[int]:
        """Yield the steps of a training until it is interrupted."""
        for number in numbers:
            if self.set:
                raise RuntimeError("the sweep was interrupted")
            yield number

    def end(self) -> None:
        """Interrupt all trainings and wait until none runs."""
        with self.changed:
            self.set = True
            self.changed.wait_for(lambda: self.running == 0)


def workers(device: torch.device) -> int:
    """Return how many groups are trained at a time: one on a GPU, else as joblib is configured."""
    if device.type != "cpu":
        return 1
    _, jobs = get_active_backend()  # None unless the user configured it
    return joblib.effective_n_jobs(-1 if jobs is None else jobs)


def size_limit(network: nn.Module, options: Options) -> int:
    """Return how many such networks may be trained as one, by memory."""
    sizes: list[int] = []
    x = options.data[0][:1]
    hooks = [
        part.register_forward_hook(lambda _, __, output: sizes.append(_entries(output)))
        for part in network.modules()
    ]
    with torch.no_grad(), mode(network, training=False):
        network(x)
    for hook in hooks:
        hook.remove()
    weights = sum(parameter.numel() for parameter in network.parameters())
    copies = 5 if options.optimizer == "adam" else 3  # weights twice, gradients, two moments
    signal = options.batch_size * (2 * sum(sizes) + x.numel())
    return max(1, min(LARGEST, MEMORY // (4 * (copies * weights + signal))))


def side_by_side(
    groups: Iterable[Group], total: int, jobs: int
) -> Iterator[tuple[list[int], list[xr.Dataset]]]:
    """Train groups, several at a time; yield the members and the results of each.

    The order is that in which they end. Ctrl-C, or a fault, ends all of them.
    """
    interrupt = _Interrupt()
    with progress_bar("networks trained", total=total) as bar:
        try:
            for done in _results(groups, jobs, interrupt):
                bar.update(len(done[0]))
                yield done
        except BaseException:
            interrupt.end()
            raise


def _results(
    groups: Iterable[Group], jobs: int, interrupt: _Interrupt
) -> Iterator[tuple[list[int], list[xr.Dataset]]]:
    if jobs == 1:
        yield from (_train(group, interrupt) for group in groups)
        return
    backend, _ = get_active_backend(prefer="threads")
    apart = not getattr(backend, "supports_sharedmem", False)
    parallel = joblib.Parallel(
        n_jobs=jobs, prefer="threads", return_as="generator_unordered", batch_size=1
    )
    train = joblib.delayed(_train_elsewhere if apart else _train)
    yield from parallel(
        train(*_taken_apart(group) if apart else (group, interrupt)) for group in groups
    )


def _taken_apart(group: Group) -> tuple[Group | np.ndarray, ...]:
    """Return a group without its data, and these as arrays: joblib then sends them only once."""
    options = group.options
    tensors = [tensor for pair in (options.data, options.validation) for tensor in pair or ()]
    arrays = [tensor.detach().cpu().numpy() for tensor in tensors]
    return replace(group, options=options._replace(data=None, validation=None)), *arrays


def _train_elsewhere(group: Group, *arrays: np.ndarray) -> tuple[list[int], list[xr.Dataset]]:
    """Train a group in a process of its own, on a copy of the data."""
    x, y, *more = (torch.tensor(array) for array in arrays)
    options = group.options._replace(data=(x, y), validation=tuple(more) or None)
    return _train(replace(group, options=options), _Interrupt())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one core: the cores are taken by other groups, and rounding stays the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train(group: Group, interrupt: _Interrupt) -> tuple[list[int], list[xr.Dataset]]:
    """Train a group; return its members and a row of results for each."""
    options = group.options
    with interrupt, _one_thread():
        try:
            history = train_in_steps(
                group.networks,
                *options.data,
                lr=group.rates,
                steps=options.steps,
                batch_size=options.batch_size,
                generator=[torch.Generator().manual_seed(seed) for seed in group.seeds],
                optimizer=options.optimizer,
                validation=options.validation,
                validate_every=options.validate_every,
                loss=options.loss,
                counter=interrupt.steps,
            )
        except (TypeError, ValueError) as error:
            more = f" and {len(group.names) - 1} more" if len(group.names) > 1 else ""
            message = f"the networks at {group.names[0]}{more} cannot be trained: {error}"
            raise type(error)(message) from error
        return group.members, [_row(group, history, i) for i in range(len(group.members))]


def _row(group: Group, history: EnsembleHistory, i: int) -> xr.Dataset:
    """Return what was seen of one network; NaN from where it diverged."""
    alive = np.logical_and.accumulate(np.isfinite(history.loss[:, i]))
    steps = {"step": np.arange(len(alive))}
    row = xr.Dataset(
        {
            "loss": ("step", np.where(alive, history.loss[:, i], np.nan)),
            "accuracy": ("step", np.where(alive, history.accuracy[:, i], np.nan)),
        },
        coords=steps,
    )
    if group.options.validation is not None:
        after = history.validation_step
        judged = alive[after - 1] & np.isfinite(history.validation_loss[:, i])
        for name in ("validation_loss", "validation_accuracy"):
            values = np.where(judged, getattr(history, name)[:, i], np.nan)
            seen = xr.DataArray(values, {"validation_step": after}, ["validation_step"])
            on_the_way = group.options.validate_every is not None
            row[name] = seen if on_the_way else seen.isel(validation_step=-1, drop=True)
    network = group.networks[i]
    if group.measure and all(p.isfinite().all() for p in network.parameters()):
        row = row.assign(group.measure(network))
    return row


def _entries(output: Any) -> int:
    """Count the numbers in what a layer returns."""
    if isinstance(output, torch.Tensor):
        return output.numel()
    return sum(map(_entries, output)) if isinstance(output, Sequence) else 0
