"""Sizes of tensors, as numbers that neither underflow nor overflow."""

from __future__ import annotations

import math

import torch

_CANCELLED = 1e-3
"""Below this part of the mean square a difference of two is too inexact: digits cancelled."""


def stored(tensor: torch.Tensor) -> torch.Tensor:
    """Return the entries that a tensor stores: of a sparse one those that are not 0."""
    if tensor.layout == torch.strided:
        return tensor
    return tensor.coalesce().values() if tensor.layout == torch.sparse_coo else tensor.values()


def norm(tensor: torch.Tensor) -> torch.Tensor:
    """Return the 2-norm; in float64 where the squares could leave the range of float32."""
    tensor = stored(tensor.detach())
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.device.type == "mps":
        return torch.linalg.vector_norm(tensor.float())
    if tensor.device.type == "cpu" and tensor.dtype == torch.float32:
        flat = _flat(tensor)
        if 1e-30 < (square := torch.dot(flat, flat).item()) < 1e30:  # the common case, and fast
            return torch.scalar_tensor(math.sqrt(square), dtype=torch.float64)
    return torch.linalg.vector_norm(tensor, dtype=torch.float64)


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    """Return all entries in the order of the memory: a transposed tensor is not copied."""
    if not tensor.is_contiguous():
        tensor = tensor.permute(sorted(range(tensor.ndim), key=tensor.stride, reverse=True))
    return tensor.reshape(-1)


def nonzero(tensor: torch.Tensor) -> bool:
    """Say whether any entry is not 0, or is no number."""
    return bool(norm(tensor) != 0)


def rms(tensor: torch.Tensor) -> torch.Tensor:
    """Return the root mean square of all entries."""
    return norm(tensor) / math.sqrt(max(tensor.numel(), 1))


def spread(tensor: torch.Tensor, unit_axis: int = -1) -> torch.Tensor:
    """Return the standard deviation over the examples, as a root mean square over the rest.

    The first axis holds the examples; where it has one entry, all axes but the units' count.
    """
    values = tensor.detach().to(torch.promote_types(tensor.dtype, torch.float32))
    if values.ndim and len(values) == 1:
        values = values.movedim(unit_axis, -1).flatten(0, -2)
    if not values.ndim:
        return torch.zeros((), dtype=torch.float32)
    mean = values.mean(0)
    if values.device.type == "cpu":  # elsewhere numbers are read later, all at once
        square = rms(values).square()
        differs = square - rms(mean).square()
        if differs > _CANCELLED * square:
            return differs.sqrt()
    return rms(values - mean)
