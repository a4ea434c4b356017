"""Fully connected networks of residual blocks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from helpers._checks import check_count, check_flag, check_function, finite
from helpers.networks.weightless import made, without_weights


class ResidualBlock(nn.Module):
    """``x + scale * branch(x)``, the branch with two layers: W2 relu(W1 relu(norm(x))), and biases.

    The activation comes before the weights (He et al., 2016, "Identity Mappings in Deep Residual
    Networks"), so nothing stands on the way of ``x`` itself.

    Parameters
    ----------
    width
        Numbers in and out of the block, and units between its two layers.
    scale
        Factor of the branch at the start.
    learned
        Whether the factor is a parameter.
    """

    def __init__(self, width: int, scale: float, *, learned: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(float(scale))) if learned else scale
        self.norm = nn.Identity()
        self.first, self.last = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(n, width)`` to ``(n, width)``."""
        hidden = self.first(torch.relu(self.norm(x)))
        return x + self.scale * self.last(torch.relu(hidden))


def residual_mlp(
    n_in: int,
    n_out: int,
    *,
    width: int,
    blocks: int,
    scale: float = 1.0,
    learned: bool = False,
    norm: Callable[[int], nn.Module] | None = None,
) -> nn.Sequential:
    """Return a network of residual blocks between two dense layers, without weights.

    Parameters
    ----------
    n_in, n_out
        Number of inputs and of outputs.
    width
        Units in each layer between.
    blocks
        Number of residual blocks of two layers each.
    scale
        Factor of each branch at the start.
    learned
        Whether each factor is a parameter: with ``scale=0.0`` the blocks of ReZero (Bachlechner et
        al., 2020), with ``scale=1.0`` the multipliers of Fixup (Zhang et al., 2019).
    norm
        Makes, from the width, the module that each branch begins with: ``nn.LayerNorm``.

    Returns
    -------
    nn.Sequential
        Maps a batch ``(n, ...)`` of ``n_in`` numbers each to ``(n, n_out)``. Its parts are
        ``flatten``, ``input``, ``block1``, ``block2``, ..., ``output``; the layers of a block are
        ``first`` and ``last``. Weights and biases of all linear layers are NaN until
        ``initialize`` sets them; factors and normalizations have their starts.

    Raises
    ------
    TypeError
        If a number is of the wrong type, or ``norm`` not a function.
    ValueError
        If a count is below 1, the scale beyond 1e30 in size or not finite, or ``norm`` fails.

    Examples
    --------
    >>> network = residual_mlp(784, 10, width=64, blocks=2, scale=0.0, learned=True)
    >>> [name for name, _ in network.named_children()]
    ['flatten', 'input', 'block1', 'block2', 'output']
    >>> network.block1.scale.item()
    0.0
    """
    counts = {"n_in": n_in, "n_out": n_out, "width": width, "blocks": blocks}
    for name, count in counts.items():
        check_count(name, count)
    scale = finite("scale", scale, -1e30, 1e30)
    check_flag("learned", learned)
    if norm is not None:
        check_function("norm", norm)

    def parts() -> OrderedDict[str, nn.Module]:
        layers = OrderedDict(flatten=nn.Flatten(), input=nn.Linear(n_in, width))
        for i in range(1, blocks + 1):
            layers[f"block{i}"] = ResidualBlock(width, scale, learned=learned)
        layers["output"] = nn.Linear(width, n_out)
        return layers

    network = without_weights(parts)
    for block in network[2:-1]:
        if learned:
            nn.init.constant_(block.scale, scale)
        if norm is not None:
            block.norm = made(norm, width)
    return network
