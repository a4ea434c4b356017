"""A small Transformer that reads characters and predicts the next one, as GPT-2 does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import gelu, relu, silu

from helpers._checks import check_count, check_flag, check_function, one_of
from helpers.networks.weightless import made, without_weights


class Embedding(nn.Module):
    """The sum of two vectors: one for the character, one for its position."""

    def __init__(self, characters: int, context: int, width: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(characters, width)
        self.positions = nn.Embedding(context, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map whole numbers ``(n, steps)`` to ``(n, steps, width)``."""
        return self.characters(x) + self.positions(torch.arange(x.shape[-1], device=x.device))


class Attention(nn.Module):
    """Causal self-attention (Vaswani et al., 2017): each step reads itself and those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(n, steps, width)`` to the same shape."""
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(-2, -3)
            for layer in (self.query, self.key, self.value)
        )
        scores = q @ k.mT / q.shape[-1] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        return self.out((weights @ v).transpose(-2, -3).flatten(-2))


class FeedForward(nn.Module):
    """Two layers at each step, with GELU, the square of ReLU, or SiLU as a gate between them."""

    def __init__(self, width: int, kind: str) -> None:
        super().__init__()
        hidden = 8 * width // 3 if kind == "swiglu" else 4 * width
        self.kind = kind
        self.up = nn.Linear(width, hidden, bias=False)
        self.gate = nn.Linear(width, hidden, bias=False) if kind == "swiglu" else None
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(n, steps, width)`` to the same shape."""
        z = self.up(x)
        if self.kind == "swiglu":
            return self.down(silu(self.gate(x)) * z)
        return self.down(gelu(z) if self.kind == "gelu" else relu(z).square())


class TransformerBlock(nn.Module):
    """Two residual branches, ``x + attention(norm(x))``, then ``x + feed_forward(norm(x))``."""

    def __init__(self, width: int, heads: int, feed_forward: str) -> None:
        super().__init__()
        self.norm1, self.attention = nn.Identity(), Attention(width, heads)
        self.norm2, self.feed_forward = nn.Identity(), FeedForward(width, feed_forward)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(n, steps, width)`` to the same shape."""
        x = x + self.attention(self.norm1(x))
        return x + self.feed_forward(self.norm2(x))


class ClassesFirst(nn.Module):
    """Turn logits ``(n, steps, classes)`` into ``(n, classes, steps)``."""

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the logits in the layout of ``torch.nn.functional.cross_entropy``."""
        return logits.mT


def gpt(
    characters: int = 27,
    *,
    context: int,
    width: int,
    blocks: int,
    heads: int = 1,
    feed_forward: str = "gelu",
    norm: Callable[[int], nn.Module] | None = nn.LayerNorm,
    tied: bool = False,
) -> nn.Sequential:
    """Return a Transformer that predicts the next character, without weights.

    The layout is that of GPT-2 (Radford et al., 2019), without biases in the linear layers.

    Parameters
    ----------
    characters
        Number of different characters.
    context
        Largest number of steps.
    width
        Numbers in the residual stream at each step; a multiple of ``heads``.
    blocks, heads
        Number of blocks, and of attention heads in each.
    feed_forward
        Between the two layers of a block: ``"gelu"``; ``"relu2"``, the square of ReLU (So et al.,
        2021); or ``"swiglu"``, a gate with a third matrix (Shazeer, 2020). The first two have
        4 ``width`` hidden units, the last 8/3 ``width``, rounded down.
    norm
        Makes, from the width, the module before each branch and before the head, as
        ``torch.nn.RMSNorm`` does; None for none.
    tied
        Whether the head has the matrix of the characters' embedding.

    Returns
    -------
    nn.Sequential
        Maps characters ``(n, steps)``, int64 from 0 to ``characters`` - 1, to logits
        ``(n, characters, steps)`` of the character that follows each. Its parts are
        ``embedding``, ``block1``, ``block2``, ..., ``norm``, ``head`` and ``classes_first``. All
        parameters but those of the normalizations are NaN until they are set; each is a matrix.

    Raises
    ------
    TypeError
        If a number or flag is of the wrong type, or ``norm`` not a function.
    ValueError
        If a count is below 1, ``width`` no multiple of ``heads``, ``feed_forward`` unknown, or
        ``norm`` fails.

    Examples
    --------
    >>> network = gpt(context=12, width=32, blocks=2, heads=4)
    >>> sum(parameter.numel() for parameter in network.parameters())
    27008
    """
    counts = {"characters": characters, "context": context, "width": width, "blocks": blocks}
    for name, count in (counts | {"heads": heads}).items():
        check_count(name, count)
    if width % heads:
        raise ValueError(f"width must be a multiple of heads; got {width} and {heads}")
    one_of("feed_forward", feed_forward, ["gelu", "relu2", "swiglu"])
    check_flag("tied", tied)
    if norm is not None:
        check_function("norm", norm)

    def parts() -> OrderedDict[str, nn.Module]:
        layers = OrderedDict(embedding=Embedding(characters, context, width))
        for i in range(1, blocks + 1):
            layers[f"block{i}"] = TransformerBlock(width, heads, feed_forward)
        head = nn.Linear(width, characters, bias=False)
        return layers | OrderedDict(norm=nn.Identity(), head=head, classes_first=ClassesFirst())

    network = without_weights(parts)
    if norm is not None:
        network.norm = made(norm, width)
        for block in network[1:-3]:
            block.norm1, block.norm2 = made(norm, width), made(norm, width)
    if tied:
        network.head.weight = network.embedding.characters.weight
    return network
