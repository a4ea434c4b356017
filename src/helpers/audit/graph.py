"""What comes after each layer: read from the graph that autograd recorded in the forward pass.

So a function such as ``torch.relu`` in a model's ``forward`` is seen as well as a module is.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace
from functools import partial

from torch.autograd.graph import Node

from helpers.activations import ACTIVATIONS, Activation, derivatives, leaky_relu
from helpers.audit.layers import SLOPE, activation_of, slope_of
from helpers.audit.passes import Call

_ACTIVATIONS = {
    "Relu": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Gelu": "gelu",
    "Silu": "silu",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Softplus": "softplus",
}
_OTHERS = re.compile(
    "Hard|Mish|Clamp|Celu|LogSigmoid|Rrelu|Softshrink|Threshold|Maximum|Minimum|Fmax|Fmin|Where"
    "|Sin$|Cos$|Atan$"
)
"""Functions of single numbers that the audit has no theory for: it follows them, no more."""
_NORMS = ("LayerNorm", "BatchNorm", "GroupNorm", "RmsNorm", "RMSNorm")
_RESHAPED = re.compile(
    "Alias|Clone|View|Reshape|Permute|Transpose|^T$|Expand|Squeeze|Unsqueeze|ToCopy|Dropout"
)
_SELECTED = re.compile(
    "Slice|Select|Split|Unbind|Pool|Pad|Cat|Stack|Upsample|Index|Gather|Copy|Mean|Roll|Flip"
)

_WHOLE, _PART, _SUM = range(3)  # what a path has kept of the signal; _SUM + n after n more sums
_SUMS = 8
"""A path ends after so many sums: in a residual network, where each layer reaches all later ones,
the layers between lead on, and the time stays linear in their number."""


@dataclass
class After:
    """What comes after a call: its activation, and what the signal then meets.

    ``slope`` is that of a leaky ReLU, ``other`` the name of a function without a theory here.
    ``layers`` are the calls that it enters with no normalization between, ``next`` those of them
    that see every number of it, through the activation alone; ``norm`` is true where it meets a
    normalization, ``added`` where it is added to another signal, ``gates`` where it is multiplied
    with one number by number, ``factor`` where by a product of matrices; ``power`` is true where
    it, or what its activation makes of it, is multiplied on its way to a layer: with another signal
    or with itself. ``loop`` is true where it enters the same layer again, as a recurrent state
    does: what it is added to on its way, the next input, makes it no branch.
    """

    activation: str | None = None
    slope: float = SLOPE
    other: str | None = None
    layers: set[int] = field(default_factory=set)
    next: set[int] = field(default_factory=set)
    norm: bool = False
    added: bool = False
    gates: bool = False
    factor: bool = False
    power: bool = False
    loop: bool = False

    def __str__(self) -> str:
        if first := self.activation or self.other:
            return first
        words = {"norm": self.norm, "loop": self.loop, "sum": self.added}
        return next((word for word, holds in words.items() if holds), "")

    @property
    def phi(self) -> Activation | None:
        """The activation that follows, with its own slope."""
        known = ACTIVATIONS.get(self.activation or "")
        if known is None or self.activation != "leaky_relu":
            return known
        return replace(
            known,
            function=partial(leaky_relu, slope=self.slope),
            derivative=partial(derivatives.leaky_relu, slope=self.slope),
        )


def followers(calls: list[Call], root: Node | None) -> list[After]:
    """Return what comes after each call, in the order of the calls."""
    consumers: dict[Node, list[Node]] = defaultdict(list)
    for node in nodes(root):
        for before, _ in node.next_functions:
            if before is not None:
                consumers[before].append(node)
    entered: dict[Node, list[int]] = defaultdict(list)
    for index, call in enumerate(calls):
        if call.entry is not None:
            entered[call.entry].append(index)
    return [_after(call, calls, consumers, entered) for call in calls]


def nodes(root: Node | None, until: Set[Node | None] = frozenset()) -> Iterator[Node]:
    """Yield every node of the graph once, those of ``until`` and what leads to them left out."""
    seen, waiting = set(until), [root]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield node
        waiting.extend(before for before, _ in node.next_functions)


def _after(
    call: Call,
    calls: list[Call],
    consumers: dict[Node, list[Node]],
    entered: dict[Node, list[int]],
) -> After:
    """Follow the signal from a call to the next layers and normalizations."""
    after, seen, waiting = After(), set(), deque([(call.exit, _WHOLE)])
    while waiting:
        node, path = waiting.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        for index in entered[node]:
            other = calls[index]
            after.norm |= other.kind == "norm"
            if other.kind == "matrix":
                after.layers.add(index)
                after.next |= {index} if path == _WHOLE else set()
            elif other.kind == "activation":
                _activated(after, activation_of(other.module), path, slope_of(other.module))
                waiting.append((other.exit, path))
        for user in consumers[node]:
            onward = _through(user, after, path, entered=bool(entered[node]))
            if onward is not None:
                waiting.append((user, onward))
    after.loop = any(calls[index].module is call.module for index in after.layers)
    after.added &= not after.loop
    return after


def _through(node: Node, after: After, path: int, *, entered: bool) -> int | None:
    """Note what an operation does to the signal; return what is left of it, None at an end."""
    name = re.sub(r"Backward.*", "", node.name())
    after.norm |= any(norm in name for norm in _NORMS)
    if name in _ACTIVATIONS:
        slope = getattr(node, "_saved_negative_slope", SLOPE)
        _activated(after, _activation(node, name), path, slope)
        return path
    if _OTHERS.match(name) and _inputs(node) == 1:
        if path < _SUM and after.activation is None:
            after.other = after.other or name.lower()
        return max(path, _PART)
    if name == "Neg" or _RESHAPED.search(name):
        return path
    if _SELECTED.search(name) or (name in ("Mul", "Div", "Rsub") and _inputs(node) == 1):
        return max(path, _PART)
    if name == "Pow" or (name in ("Mul", "Div") and not _has_parameter(node)):
        after.gates |= len({before for before, _ in node.next_functions}) > 1
        if after.norm:  # which divides its input by what it computes from it
            return None
        after.power |= path < _SUM
        return max(path, _PART)
    if name in ("Mm", "Bmm"):
        after.factor |= not (entered or _has_parameter(node))
    elif name in ("Add", "Sub") and _has_parameter(node):
        return path
    elif name in ("Add", "Sub"):
        after.added |= _inputs(node) > 1
        return max(path + 1, _SUM) if path < _SUM + _SUMS else None
    return None


def _activated(after: After, name: str | None, path: int, slope: float) -> None:
    """Note the first activation of the signal itself, before it is added to another."""
    if after.activation is None and after.other is None and path < _SUM:
        after.activation, after.slope = name, slope


def classes(root: Node | None) -> int | None:
    """Return how many classes a cross-entropy chooses from, None where the loss is another."""
    for node in nodes(root):
        before = node.next_functions[0][0] if node.next_functions else None
        if "NllLoss" in node.name() and before is not None and "LogSoftmax" in before.name():
            dim = before._saved_dim
            return before._input_metadata[0].shape[dim - 2**64 if dim >= 2**63 else dim]
    return None


def _activation(node: Node, name: str) -> str:
    """Return the activation's name; SELU is an ELU with a scale."""
    if name == "Elu" and getattr(node, "_saved_scale", 1) != 1:
        return "selu"
    return _ACTIVATIONS[name]


def _has_parameter(node: Node) -> bool:
    """Say whether an input of an operation is a parameter, perhaps transposed or expanded."""
    for before, _ in node.next_functions:
        while before is not None and _RESHAPED.search(re.sub(r"Backward.*", "", before.name())):
            before = before.next_functions[0][0]
        if before is not None and "AccumulateGrad" in before.name():
            return True
    return False


def _inputs(node: Node) -> int:
    """Return how many inputs of an operation carry a gradient."""
    return sum(before is not None for before, _ in node.next_functions)
