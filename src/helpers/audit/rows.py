"""Rows that are equal across tensors, as where every shard or copy was drawn from one seed."""

from __future__ import annotations

from collections.abc import Mapping

import torch


def equal_rows(tensors: Mapping[str, torch.Tensor]) -> list[list[tuple[str, int]]]:
    """Return groups of equal rows, within a tensor or across several.

    Shards of one weight, or members of an ensemble, that were drawn from the same seed hold the
    same rows: they compute the same, and the network is narrower than it looks. Rows whose entries
    are all equal, as zeros are, do not count.

    Parameters
    ----------
    tensors
        From a name to a weight, (out, in, ...); each index of the first axis is a row.

    Returns
    -------
    list
        Each group as (name, index) pairs, in the order of the tensors.

    Raises
    ------
    TypeError
        If ``tensors`` is no mapping from names to tensors.

    Examples
    --------
    >>> equal_rows({"shard 0": torch.eye(2, 3), "shard 1": torch.eye(3)})
    [[('shard 0', 0), ('shard 1', 0)], [('shard 0', 1), ('shard 1', 1)]]
    """
    if not isinstance(tensors, Mapping):
        raise TypeError(f"tensors must map names to tensors; got {type(tensors).__name__}")
    groups: dict[bytes, list[tuple[str, int]]] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"tensors must map names to tensors; {name!r} is {tensor!r}")
        rows = tensor.detach().flatten(1) if tensor.ndim > 1 else tensor.detach()[:, None]
        differ = (rows != rows[:, :1]).any(1).tolist()
        for index, row in enumerate(rows.cpu().double().numpy()):
            if differ[index]:
                groups.setdefault(row.tobytes(), []).append((name, index))
    return [group for group in groups.values() if len(group) > 1]
