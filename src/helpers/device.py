"""The device to compute on, and the generators that every random number comes from."""

from __future__ import annotations

import os

import numpy as np
import torch

from helpers._models import device_named


def pick_device() -> torch.device:
    """Return the fastest device of this machine: a CUDA GPU, an Apple GPU, or the CPU.

    Returns
    -------
    torch.device
        ``cuda`` where there is one, else ``mps``, else ``cpu``.

    Examples
    --------
    >>> pick_device().type in {"cuda", "mps", "cpu"}
    True
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def generator(seed: int, device: str | torch.device = "cpu") -> torch.Generator:
    """Return a new torch generator for one seed.

    Parameters
    ----------
    seed
        A whole number from 0 up. The environment variable ``COURSE_SEED`` (default 0) selects
        another, independent stream for every seed.
    device
        Where the generator draws. A generator on the CPU draws the same numbers on every machine.

    Raises
    ------
    TypeError
        If ``seed`` is not an integer.
    ValueError
        If ``seed`` is negative, ``COURSE_SEED`` is not a whole number, or the device is unknown.

    Examples
    --------
    >>> torch.equal(torch.rand(3, generator=generator(0)), torch.rand(3, generator=generator(0)))
    True
    """
    state = np.random.SeedSequence(_entropy(seed)).generate_state(1)
    with device_named(device):
        return torch.Generator(device).manual_seed(int(state[0]))


def rng(seed: int) -> np.random.Generator:
    """Return a new NumPy generator for one seed.

    Parameters
    ----------
    seed
        A whole number from 0 up. The environment variable ``COURSE_SEED`` (default 0) selects
        another, independent stream for every seed.

    Raises
    ------
    TypeError
        If ``seed`` is not an integer.
    ValueError
        If ``seed`` is negative, or ``COURSE_SEED`` is not a whole number.

    Examples
    --------
    >>> bool(rng(0).normal() == rng(0).normal())
    True
    """
    return np.random.default_rng(_entropy(seed))


def _entropy(seed: int) -> list[int]:
    """Return the pair that seeds a generator: ``COURSE_SEED`` and the seed itself."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed must be an integer from 0 up; got {seed!r}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more; got {seed}")
    shift = os.environ.get("COURSE_SEED", "0")
    if not (shift.isascii() and shift.isdigit()):
        raise ValueError(
            f"the environment variable COURSE_SEED must be a whole number from 0 up; got {shift!r}"
        )
    return [int(shift), int(seed)]
