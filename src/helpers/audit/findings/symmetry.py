"""The audit's principle of symmetry: what the first step cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from helpers.audit import limits
from helpers.audit.found import Found
from helpers.audit.layers import Matrix
from helpers.audit.measured import Measured
from helpers.audit.mends import initialized
from helpers.audit.norms import nonzero

Weight = tuple[str, Matrix, torch.Tensor | None]


def symmetry(m: Measured) -> Iterator[Found]:
    """Find units with equal weights and equal gradients: they stay equal for ever."""
    for names, units, gravity in _still_equal(list(m.weights())):
        if gravity == "grave":
            text = (
                f"{units} units start with the same weights as another of their layer and get the "
                "same gradient: they stay equal, and the layer is as wide as one of them"
            )
        else:
            text = f"{units} units start with equal weights; their gradients tell them apart"
        mends = (initialized(m, names),) if gravity == "grave" else ()
        yield Found(gravity, "symmetry", names, text, "initialization/zero-and-constant", mends)


def _still_equal(weights: Sequence[Weight]) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """Find units with equal incoming weights, all 0 aside, by weight.

    Parameters
    ----------
    weights
        Name, matrix and gradient of each.

    Yields
    ------
    tuple
        The names of weights, how many of their units equal another one, and the gravity:
        ``"grave"`` where their gradients are equal too, else ``"note"``.
    """
    rows = [g.flatten(1).norm(dim=1).max() for _, _, g in weights if g is not None]
    largest = torch.stack([row.cpu().double() for row in rows]).max().item() if rows else 0.0
    found: dict[str, list[tuple[str, int]]] = {"grave": [], "note": []}
    for name, matrix, gradient in weights:
        if (
            gradient is None
            or len(matrix.weight) < 2
            or not (nonzero(gradient) or nonzero(matrix.weight))
        ):
            continue  # zeros without a gradient are a matter of their own
        groups, alike = _groups(matrix.weight.flatten(1))
        if not alike.any():
            continue
        tied = alike & _same_gradient(gradient.flatten(1), groups, limits.NOTHING * largest)
        if tied.any():
            found["grave"].append((name, int(tied.sum())))
        elif matrix.weight[alike].any():
            found["note"].append((name, int(alike.sum())))
    for gravity, entries in found.items():
        if entries:
            yield tuple(name for name, _ in entries), sum(n for _, n in entries), gravity


def _groups(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return for each row the number of its group of equal rows, and whether it has a twin."""
    _, places, counts = rows[:, 0].unique(return_inverse=True, return_counts=True)
    groups, alike = len(rows) + places, counts[places] > 1  # at the cost of one column
    if alike.any():  # among many random numbers some are equal by chance
        _, own, counts = rows[alike].unique(dim=0, return_inverse=True, return_counts=True)
        groups[alike], alike[alike.clone()] = own, counts[own] > 1
    return groups, alike


def _same_gradient(rows: torch.Tensor, groups: torch.Tensor, nothing: float) -> torch.Tensor:
    """Say of each row whether its gradient is the mean of its group's, but for rounding."""
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    size = int(groups.max()) + 1
    sums = torch.zeros(size, rows.shape[1]).to(rows).index_add_(0, groups, rows)
    counts = torch.zeros(size).to(rows).index_add_(0, groups, torch.ones_like(rows[:, 0]))
    means = (sums / counts[:, None])[groups]
    return (rows - means).norm(dim=1) <= torch.clamp(limits.SAME * means.norm(dim=1), min=nothing)
