"""Processes that compute together: they meet, they answer by rank, and none outlives the call."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import sleep
from typing import Any

import pytest
import torch
from torch import distributed

from helpers.training import in_processes


def ended(pid: int) -> bool:
    """Say whether no process has this number, or one that is dead and waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def noted(path: Path) -> list[int]:
    """Return the numbers of the processes that left a note."""
    return [int(note.name) for note in path.iterdir()]


def test_processes_meet_and_answer_by_rank() -> None:
    def sums(rank: int) -> tuple[int, int, int, list[float], int]:
        each = torch.full((3,), 10.0**rank)
        distributed.all_reduce(each)
        size = distributed.get_world_size()
        return distributed.get_rank(), size, os.getpid(), each.tolist(), torch.get_num_threads()

    ranks, sizes, pids, totals, threads = zip(*in_processes(sums), strict=True)
    assert ranks == (0, 1)
    assert sizes == (2, 2)
    assert len({*pids, os.getpid()}) == 3
    assert totals == ([11.0] * 3,) * 2
    assert threads == (1, 1)
    assert all(map(ended, pids))


def test_a_process_alone_meets_itself() -> None:
    assert in_processes(lambda rank: distributed.get_world_size(), 1) == [1]


def test_two_groups_at_a_time_do_not_mix() -> None:
    def total(rank: int, share: float) -> float:
        each = torch.tensor(share)
        distributed.all_reduce(each)
        return each.item()

    with ThreadPoolExecutor(2) as pool:
        ones = pool.submit(in_processes, lambda rank: total(rank, 1.0))
        tens = pool.submit(in_processes, lambda rank: total(rank, 10.0))
        assert (ones.result(), tens.result()) == ([2.0, 2.0], [20.0, 20.0])


def test_a_failure_names_its_rank_and_ends_the_process_that_waits(tmp_path: Path) -> None:
    def fails(rank: int) -> None:
        (tmp_path / str(os.getpid())).touch()
        distributed.barrier()
        if rank == 1:
            raise ZeroDivisionError("by nought")
        distributed.barrier()

    with pytest.raises(ValueError, match="function fails in process 1: by nought") as caught:
        in_processes(fails)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert len(noted(tmp_path)) == 2
    assert all(map(ended, noted(tmp_path)))


def test_a_process_that_dies_is_no_reason_to_wait(tmp_path: Path) -> None:
    def dies(rank: int) -> None:
        (tmp_path / str(os.getpid())).touch()
        distributed.barrier()
        if rank == 1:
            os._exit(3)
        distributed.barrier()

    with pytest.raises(ValueError, match="function fails in process"):
        in_processes(dies)
    assert all(map(ended, noted(tmp_path)))


def test_a_process_that_waits_for_ever_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alone(rank: int) -> None:
        (tmp_path / str(os.getpid())).touch()
        if rank == 0:
            distributed.barrier()
        sleep(600)

    monkeypatch.setattr("helpers.training.processes.SECONDS", 10)
    with pytest.raises(TimeoutError, match=r"\[0, 1\] have not ended within \d+ seconds"):
        in_processes(alone)
    assert all(map(ended, noted(tmp_path)))


def test_nothing_is_printed(capfd: Any) -> None:
    in_processes(lambda rank: distributed.barrier())
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_copied_back_is_refused() -> None:
    with pytest.raises(ValueError, match="function fails in process 0"):
        in_processes(lambda rank: Lock() if rank == 0 else rank)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((1, 2), TypeError, "function"),
        ((abs, 0), ValueError, "processes"),
        ((abs, 17), ValueError, "processes"),
        ((abs, 2.0), TypeError, "processes"),
    ],
)
def test_what_does_not_fit_is_refused(given: tuple, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        in_processes(*given)
