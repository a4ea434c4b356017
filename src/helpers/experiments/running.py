"""Train groups of networks side by side, on the cores or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition
from typing import Any

import joblib
import numpy as np
import torch
import xarray as xr
from joblib.parallel import get_active_backend

from helpers._progress import progress_bar
from helpers.ensemble.training import EnsembleHistory, train_in_steps
from helpers.experiments.groups import Group

Done = tuple[list[int], list[xr.Dataset]]


class _Interrupt:
    """A flag in this process that its trainings look at, and their number."""

    def __init__(self) -> None:
        self.changed, self.set, self.running = Condition(), False, 0

    def __enter__(self) -> None:
        with self.changed:
            self.check()
            self.running += 1

    def __exit__(self, *error: object) -> None:
        with self.changed:
            self.running -= 1
            self.changed.notify_all()

    def check(self) -> None:
        """Raise if the trainings were interrupted."""
        if self.set:
            raise InterruptedError("the sweep was interrupted")

    def steps(self, numbers: range) -> Iterator[int]:
        """Yield the steps of a training until it is interrupted."""
        for number in numbers:
            self.check()
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


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one core: the cores are taken by other groups, and rounding stays the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def no_denormals() -> Iterator[None]:
    """Take numbers below 1e-38 for 0 in this thread: processors compute with them slowly.

    Dead and saturated units are full of them. Training them takes a third less time this way.
    """
    before = bool(torch.tensor(1e-40) * 1 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def side_by_side(groups: Iterable[Group], total: int, jobs: int) -> Iterator[Done]:
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


def _results(groups: Iterable[Group], jobs: int, interrupt: _Interrupt) -> Iterator[Done]:
    if jobs == 1:
        yield from (_train(group, interrupt) for group in groups)
        return
    backend, _ = get_active_backend(prefer="threads")
    apart = not getattr(backend, "supports_sharedmem", False)
    tasks = _tasks_elsewhere(groups) if apart else _tasks_here(groups, interrupt)
    one_by_one = getattr(backend, "supports_return_generator", False)  # Ray's has none
    order = "generator_unordered" if one_by_one else "list"
    yield from joblib.Parallel(n_jobs=jobs, prefer="threads", return_as=order, batch_size=1)(tasks)


def _tasks_here(groups: Iterable[Group], interrupt: _Interrupt) -> Iterator[tuple]:
    for group in groups:
        yield joblib.delayed(_train)(group, interrupt)


def _tasks_elsewhere(groups: Iterable[Group]) -> Iterator[tuple]:
    """Yield tasks with the data as arrays, always the same ones: joblib sends them only once."""
    arrays: dict[torch.Tensor, np.ndarray] = {}
    for group in groups:
        options = group.options
        tensors = [tensor for pair in (options.data, options.validation) for tensor in pair or ()]
        for tensor in tensors:
            if tensor not in arrays:
                arrays[tensor] = tensor.detach().numpy()
        bare = replace(group, options=options._replace(data=None, validation=None))
        yield joblib.delayed(_train_elsewhere)(bare, *(arrays[tensor] for tensor in tensors))


def _train_elsewhere(group: Group, *arrays: np.ndarray) -> Done:
    """Train a group in a process of its own, on a copy of the data."""
    x, y, *more = (torch.tensor(array) for array in arrays)
    options = group.options._replace(data=(x, y), validation=tuple(more) or None)
    return _train(replace(group, options=options), _Interrupt())


def _train(group: Group, interrupt: _Interrupt) -> Done:
    """Train a group; return its members and a row of results for each."""
    options = group.options
    with interrupt, one_thread():
        try:
            with no_denormals():
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
        except InterruptedError:
            raise
        except Exception as error:
            message = f"the networks at {group.describe()} cannot be trained: {error}"
            raise ValueError(message) from error
        rows = [_row(group, history, i) for i in range(len(group.members))]
        group.networks.clear()  # here, and not by a thread that outlives the sweep
        return group.members, rows


def _row(group: Group, history: EnsembleHistory, i: int) -> xr.Dataset:
    """Return what was seen of one network; NaN from where it diverged."""
    alive = np.logical_and.accumulate(np.isfinite(history.loss[:, i]))
    after = history.validation_step
    judged = alive[after - 1] & np.isfinite(history.validation_loss[:, i])
    seen = {
        "loss": ("step", np.where(alive, history.loss[:, i], np.nan)),
        "accuracy": ("step", np.where(alive, history.accuracy[:, i], np.nan)),
    }
    coordinates = {"step": np.arange(len(alive))}
    if group.options.validation is not None:
        coordinates["validation_step"] = after
        for name in ("validation_loss", "validation_accuracy"):
            values = np.where(judged, getattr(history, name)[:, i], np.nan)
            seen[name] = ("validation_step", values)
    row = xr.Dataset(seen, coordinates)
    network = group.networks[i]
    finite = alive[-1] and all(p.isfinite().all() for p in network.parameters())
    if group.measure is not None and finite:
        row = _with_measured(row, group.measure, network, group.names[i])
    return row


def _with_measured(
    row: xr.Dataset,
    measure: Callable[..., Mapping[str, Any]],
    network: torch.nn.Module,
    name: str,
) -> xr.Dataset:
    """Add what the user's function measures; a dimension without labels is counted from 0."""
    try:
        measured = measure(network)
        if taken := set(measured) & set(row):
            raise ValueError(f"the result has {min(taken)!r} of its own")
        row = row.assign({key: _as_array(value) for key, value in measured.items()})
    except Exception as error:
        raise ValueError(f"measure fails at {name}: {error}") from error
    unlabelled = set(row.dims) - set(row.coords)
    return row.assign_coords({each: np.arange(row.sizes[each]) for each in unlabelled})


def _as_array(value: Any) -> Any:
    """Return a tensor, also one beside its dimensions, as an array."""
    if isinstance(value, tuple):
        return tuple(map(_as_array, value))
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
