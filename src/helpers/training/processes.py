"""Several processes that compute together, as they do on a cluster, here on one machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch.distributed

from helpers._checks import check_count, check_function, patience

MOST = 16
"""Processes at a time."""
SECONDS = 120
"""Until they are ended, times the factor in COURSE_PATIENCE."""


def in_processes(function: Callable[[int], Any], processes: int = 2) -> list[Any]:
    """Call a function in several processes at once, joined by ``torch.distributed``.

    Parameters
    ----------
    function
        Takes the rank of its process, from 0 to ``processes`` - 1. In it the collective operations
        of ``torch.distributed`` work, such as ``broadcast``, on tensors on the CPU. It may be
        defined in a notebook; what it uses is copied to the processes.
    processes
        From 1 to 16. Each computes on one core.

    Returns
    -------
    list
        What each process returned, by rank.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If its value is not allowed, or the function fails in a process or returns what cannot be
        copied back; the message names the rank.
    TimeoutError
        If 120 seconds do not suffice, as where a process waits for another that never comes. The
        environment variable ``COURSE_PATIENCE`` is a factor for this limit.

    Notes
    -----
    The processes meet through a file and talk through the machine's own loopback interface, so no
    network is needed. Whatever happens, all of them are ended before the function returns.

    Examples
    --------
    >>> in_processes(lambda rank: 10 * rank)
    [0, 10]
    """
    check_function("function", function)
    check_count("processes", processes, most=MOST)
    from joblib.externals.loky import ProcessPoolExecutor

    limit = patience(SECONDS)
    with TemporaryDirectory(prefix="good-start-") as folder:
        pool = ProcessPoolExecutor(processes, env={"OMP_NUM_THREADS": "1"} | _loopback())
        try:
            meeting = str(Path(folder, "meeting"))
            calls = [
                pool.submit(_joined, function, rank, processes, meeting, limit)
                for rank in range(processes)
            ]
            done, waiting = wait(calls, limit, FIRST_EXCEPTION)
            return _results(calls, done, waiting, limit)
        finally:
            pool.shutdown(kill_workers=True)


def _loopback() -> dict[str, str]:
    """Name the interface of the machine to itself for gloo, which else looks for the network's."""
    names = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]
    return {"GLOO_SOCKET_IFNAME": names[0]} if names else {}


def _joined(
    function: Callable[[int], Any], rank: int, processes: int, meeting: str, limit: float
) -> Any:
    """Join the group, call the function, leave the group; a failure leaves that to the parent."""
    store = torch.distributed.FileStore(meeting, processes)
    torch.distributed.init_process_group(
        "gloo", store=store, rank=rank, world_size=processes, timeout=timedelta(seconds=limit)
    )
    result = function(rank)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    return result


def _results(
    calls: list[Future], done: set[Future], waiting: set[Future], limit: float
) -> list[Any]:
    """Return the results by rank, or raise for the first rank that failed."""
    for rank, call in enumerate(calls):
        if call in done and (error := call.exception()):
            raise ValueError(f"function fails in process {rank}: {error}") from error
    if waiting:
        late = [rank for rank, call in enumerate(calls) if call in waiting]
        raise TimeoutError(f"the processes {late} have not ended within {limit:g} seconds")
    return [call.result() for call in calls]
