"""Networks that come without weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from helpers._checks import MISFITS, shown

_DRAWS = {torch.Tensor.uniform_, torch.Tensor.normal_}


class _WithoutDraws(TorchFunctionMode):
    """Leaves out torch's own initialization, which draws from the global random generator."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the tensor as it is where it would be initialized; call other functions."""
        if getattr(func, "__module__", None) == "torch.nn.init" or func in _DRAWS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def without_weights(parts: Callable[[], OrderedDict[str, nn.Module]]) -> nn.Sequential:
    """Build a network on the CPU whose parameters are NaN, without a random draw.

    Raises
    ------
    ValueError
        If the network does not fit into memory.
    """
    try:
        with torch.device("cpu"), _WithoutDraws():
            model = nn.Sequential(parts())
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
