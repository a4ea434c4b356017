"""Independent trainings side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from helpers._checks import shown
from helpers.device import pick_device


def in_parallel(functions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call independent functions at the same time, each on one core, and return their results.

    Small networks gain little from a second core, so two trainings side by side are faster than
    one after the other. On a GPU they run one after the other: one training fills it.

    Parameters
    ----------
    functions
        Functions without arguments that share no model, optimizer or generator.

    Returns
    -------
    list
        The results in the order of ``functions``.

    Raises
    ------
    TypeError
        If one of ``functions`` is not a function. An error that one of them raises is passed on.
    """
    if not isinstance(functions, Sequence) or not all(map(callable, functions)):
        raise TypeError(
            "functions must be a list of functions without arguments, such as "
            f"[lambda: fit(...)]; got {shown(functions)}"
        )
    if pick_device().type != "cpu":
        return [function() for function in functions]
    cores = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(lambda function: function(), functions))
    finally:
        torch.set_num_threads(cores)
