"""A weight drawn in parts: the same numbers, however it is divided among processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers._checks import check_count, check_kind, finite
from helpers._contracts import check_shape
from helpers.initializers.schemes import fan_of, variance_scaling


def draw_rows(
    shape: Sequence[int],
    rows: range,
    seed: int,
    *,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "normal",
) -> np.ndarray:
    r"""Draw some rows of a weight, the same whatever other rows are drawn beside them.

    Each row has a generator of its own, seeded with ``seed`` and the row's number in the whole
    weight, and the fans are those of the whole weight. So processes that each draw their own rows
    hold parts of one weight, and no two rows are equal.

    Parameters
    ----------
    shape
        Shape of the whole weight: (out, in), or (out, in / groups, \*kernel).
    rows
        Numbers of the rows to draw, below out.
    seed
        From 0 up; the same in all processes, and another for each weight.
    scale, mode, distribution
        As in ``variance_scaling``.

    Returns
    -------
    numpy.ndarray
        (rows, in, ...), dtype float64. For a part of the columns take it from this.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If its value is not allowed.

    Examples
    --------
    >>> whole = draw_rows((4, 3), range(4), seed=0)
    >>> bool((whole[2:] == draw_rows((4, 3), range(2, 4), seed=0)).all())
    True
    """
    scale, sizes = finite("scale", scale, least=0), check_shape(shape)
    fan = fan_of(sizes, mode)
    out, *rest = sizes
    check_kind("rows", rows, range, "a range of row numbers")
    if not 0 <= min(rows, default=0) <= max(rows, default=0) < out:
        raise ValueError(f"rows must be from 0 to {out - 1}; got {rows}")
    check_count("seed", seed, least=0, most=2**63 - 1)
    row = (1, *rest)
    draw = variance_scaling(scale * fan_of(row, mode) / fan, mode, distribution)
    drawn = [draw(row, np.random.default_rng([seed, number])) for number in rows]
    return np.concatenate([np.empty((0, *rest)), *drawn])
