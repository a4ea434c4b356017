"""How long a command waits before it takes a program for dead.

Every limit passes through here. On a slow or busy machine set COURSE_PATIENCE, a factor for all of
them: ``make test COURSE_PATIENCE=4``.
"""

from __future__ import annotations

KERNEL_TIMEOUT = 300
"""Seconds until a kernel answers for the first time."""
OUTPUT_TIMEOUT = 60
"""Seconds until a cell's outputs have come, once it has ended."""


def patience(limit: float) -> float:
    """Return a limit of time, stretched by the factor in COURSE_PATIENCE.

    Raises
    ------
    ValueError
        If the factor is not a positive, finite number.
    """
    from helpers import _checks  # late: NumPy reads how many threads it may use when it is imported

    return _checks.patience(limit)
