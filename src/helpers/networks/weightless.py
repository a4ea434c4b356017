"""Networks that come without weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from helpers._checks import MISFITS, shown


def without_weights(parts: Callable[[], OrderedDict[str, nn.Module]]) -> nn.Sequential:
    """Build a network on the CPU whose parameters are NaN.

    The "meta" device gives shapes without numbers, so torch's own initialization draws nothing
    from the global random generator.

    Raises
    ------
    ValueError
        If the network does not fit into memory.
    """
    try:
        with torch.device("meta"):
            model = nn.Sequential(parts())
        model.to_empty(device="cpu")
    except RuntimeError as error:
        raise ValueError(f"a network of this size does not fit into memory: {error}") from error
    for parameter in model.parameters():
        nn.init.constant_(parameter, torch.nan)
    return model


def made(norm: Callable[[int], nn.Module], width: int) -> nn.Module:
    """Return the module that ``norm`` makes from a width, if it is one."""
    try:
        module = norm(width)
    except MISFITS as error:
        raise ValueError(f"norm cannot be made from the width {width}: {error}") from error
    if not isinstance(module, nn.Module):
        raise TypeError(f"norm must return a module; got {shown(module)}")
    return module
