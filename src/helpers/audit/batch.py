"""The batch of an audit and what a model returns: the tensors in them, and copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import Any

import torch

from helpers.audit.norms import stored


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors in nested tuples, lists, dicts and dataclasses, in their order."""
    yield from (leaf for leaf in _leaves(value) if isinstance(leaf, torch.Tensor))


def replaced(value: Any, new: Mapping[torch.Tensor, torch.Tensor]) -> Any:
    """Return the same containers with new tensors in the places of old ones, all else shared."""
    leaves = list(_leaves(value))
    known = {id(leaf): new.get(leaf, leaf) for leaf in leaves if isinstance(leaf, torch.Tensor)}
    return deepcopy(value, {id(leaf): leaf for leaf in leaves} | known)


def copied(value: Any) -> Any:
    """Return a batch with a copy of all that it holds, as a model may change its input."""
    tensors = list(tensors_in(value))
    copies = {t: t.detach().clone().requires_grad_(t.requires_grad) for t in tensors}
    try:
        return deepcopy(value, {id(tensor): copy for tensor, copy in copies.items()})
    except Exception:  # something else in it, such as a file, cannot be copied
        return replaced(value, copies)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what nested containers hold that is no container itself."""
    if isinstance(value, (tuple, list)):
        parts = value
    elif isinstance(value, Mapping):
        parts = value.values()
    elif is_dataclass(value) and not isinstance(value, type):
        parts = (getattr(value, field.name) for field in fields(value))
    else:
        yield value
        return
    for part in parts:
        yield from _leaves(part)


def check_batch(batch: Any) -> None:
    """Refuse a batch with no tensor, an empty one, or NaN."""
    tensors = list(tensors_in(batch))
    if not tensors:
        raise ValueError(f"batch must hold at least one tensor; got {type(batch).__name__}")
    for tensor in tensors:
        if tensor.numel() == 0:
            raise ValueError(f"batch holds an empty tensor, of shape {tuple(tensor.shape)}")
        if stored(tensor).isnan().any():
            raise ValueError("batch holds NaN")


def examples_differ(batch: Any) -> bool:
    """Say whether the first axis of some tensor holds different examples."""
    return any(
        rows.ndim and len(rows) > 1 and bool((rows != rows[:1]).any())
        for rows in map(_comparable, tensors_in(batch))
    )


def _comparable(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor; of a sparse matrix a number for each row, different where the rows are."""
    if tensor.layout == torch.strided:
        return tensor
    sparse = tensor.to(torch.promote_types(tensor.dtype, torch.float32))
    marks = torch.linspace(1, 2, sparse.shape[1], dtype=sparse.dtype, device=sparse.device)
    return sparse @ marks.sqrt()
