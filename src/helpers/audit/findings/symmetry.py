"""The audit's principles of symmetry and zeros: what the first step cannot tell apart or move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from helpers.audit import limits
from helpers.audit.layers import Matrix, matrices
from helpers.audit.measured import Measured
from helpers.audit.mends import initialized, names_of
from helpers.audit.norms import nonzero
from helpers.audit.records import Finding

Weight = tuple[str, Matrix, torch.Tensor | None]


def symmetry(m: Measured) -> Iterator[Finding]:
    """Find units with equal weights and equal gradients: they stay equal for ever."""
    for names, units, gravity in _still_equal(list(m.weights())):
        if gravity == "grave":
            text = (
                f"{units} units start with the same weights as another of their layer and get the "
                "same gradient: they stay equal, and the layer is as wide as one of them"
            )
        else:
            text = f"{units} units start with equal weights; their gradients tell them apart"
        mend = initialized(m, names) if gravity == "grave" else ""
        yield Finding(gravity, "symmetry", names, text, mend, "initialization/zero-and-constant")


def zeros(m: Measured) -> Iterator[Finding]:
    """Find zeros: one that gets a gradient opens with the first step, one that gets none stays."""
    weights = [(name, matrix.weight, g) for name, matrix, g in m.weights()]
    for call, _, _ in m.each("norm"):
        scale = getattr(call.module, "weight", None)
        if isinstance(scale, nn.Parameter) and scale.requires_grad:
            weights.append((f"{call.name}.weight", scale, m.result.gradient(scale)))
    weights = [entry for entry in weights if entry[2] is not None]
    groups: dict[tuple[bool, bool], list[str]] = {}
    for name, weight, gradient in weights:
        groups.setdefault((nonzero(weight), nonzero(gradient)), []).append(name)
    stuck, opening, waiting = (
        tuple(groups.get(key, ())) for key in ((False, False), (False, True), (True, False))
    )
    chapter = "initialization/zero-and-constant"
    if stuck and (not opening or _locked(m, stuck)):
        text = "weights are 0 and get no gradient: they stay 0, or move all alike" + (
            f"; {len(waiting)} others get no gradient either" if waiting else ""
        )
        yield Finding("grave", "zeros", stuck, text, initialized(m, stuck), chapter)
    elif opening:
        text = "weights are 0, but get a gradient: the first step opens them" + (
            f"; until then {len(waiting + stuck)} others get none" if waiting + stuck else ""
        )
        yield Finding("note", "zeros", opening, text, "", chapter)
    elif waiting:
        text = "the gradient of the weights is exactly 0, though they are not"
        yield Finding("warning", "zeros", waiting, text, "", "background/why-training-stalls")


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
    first = rows[:, 0]
    if len(first.unique()) == len(first):  # the usual case, at the cost of one column
        return first, torch.zeros(len(first), dtype=torch.bool, device=rows.device)
    _, groups, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    return groups, counts[groups] > 1


def _same_gradient(rows: torch.Tensor, groups: torch.Tensor, nothing: float) -> torch.Tensor:
    """Say of each row whether its gradient is the mean of its group's, but for rounding."""
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    size = int(groups.max()) + 1
    sums = torch.zeros(size, rows.shape[1]).to(rows).index_add_(0, groups, rows)
    counts = torch.zeros(size).to(rows).index_add_(0, groups, torch.ones_like(rows[:, 0]))
    means = (sums / counts[:, None])[groups]
    return (rows - means).norm(dim=1) <= torch.clamp(limits.SAME * means.norm(dim=1), min=nothing)


def _locked(m: Measured, stuck: tuple[str, ...]) -> bool:
    """Say whether zeros wait for zeros that wait for them, or lead to others and stay alike."""
    for call, then, _ in m.each("matrix"):
        if names_of(call)[0] in stuck:
            if call.input is not None and not nonzero(call.input):
                return True
            following = [m.result.calls[i].module for i in then.layers]
            if any(not nonzero(matrices(module)[0].weight) for module in following):
                return True
    return False
