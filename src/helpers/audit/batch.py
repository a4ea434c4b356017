"""The batch of an audit: what it holds, and a copy of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors in nested tuples, lists and dicts, in their order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))


def copied(value: Any) -> Any:
    """Return a batch with a copy of each tensor, as a model may change its input."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(copied, value))
    if isinstance(value, (tuple, list)):
        return type(value)(map(copied, value))
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    return value


def check_batch(batch: Any) -> None:
    """Refuse a batch with no tensor, an empty one, or NaN."""
    tensors = list(tensors_in(batch))
    if not tensors:
        raise ValueError(f"batch must hold at least one tensor; got {type(batch).__name__}")
    for tensor in tensors:
        if tensor.numel() == 0:
            raise ValueError(f"batch holds an empty tensor, of shape {tuple(tensor.shape)}")
        if tensor.isnan().any():
            raise ValueError("batch holds NaN")


def examples_differ(batch: Any) -> bool:
    """Say whether the first axis of some tensor holds different examples."""
    return any(
        tensor.ndim and len(tensor) > 1 and bool((tensor != tensor[:1]).any())
        for tensor in tensors_in(batch)
    )
