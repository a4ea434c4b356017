"""The audit's principles of both ends: inputs, what the last layer gets, outputs and the loss."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from helpers.audit import limits
from helpers.audit.found import Found, grade
from helpers.audit.graph import classes, nodes
from helpers.audit.layers import matrices
from helpers.audit.measured import Measured
from helpers.audit.mends import initialized, multiplied, names_of, zeroed
from helpers.audit.norms import rms, spread
from helpers.audit.passes import Call

_OUTPUT = "activations/output-layers"
_LIKELIHOOD = re.compile("NllLoss|BinaryCrossEntropy")
_DISTANCE = re.compile("MseLoss|SmoothL1Loss|HuberLoss|Abs|Pow")


def collapse(m: Measured) -> Iterator[Found]:
    """Find examples that reach the last layer all alike: it cannot tell them apart."""
    head = _head(m)
    if head is None or not m.examples_differ or head.input is None or len(head.input) < 2:
        return
    left = (spread(head.input) / rms(head.input).to(spread(head.input).dtype)).item()
    gravity = grade(-left, {name: -limit for name, limit in limits.ALIKE.items()})
    if gravity is None or math.isnan(left):
        return
    text = (
        f"all examples look alike to the last layer: what differs between them is {left:.1g} of "
        "the signal"
    )
    used = Counter(then.activation for _, then, _ in m.each("matrix") if then.activation)
    sigmoid = used and used.most_common(1)[0][0] == "sigmoid"
    chapter = "activations/sigmoid" if sigmoid else "derivations/mean-field"
    layers = [
        names_of(call)[0]
        for call, then, _ in m.each("matrix")
        if then.activation and not then.gates
    ]
    mends = tuple(filter(None, [initialized(m, tuple(dict.fromkeys(layers)))]))
    yield Found(gravity, "collapse", (head.name,), text, chapter, mends, opens=True)


def inputs(m: Measured) -> Iterator[Found]:
    """Find inputs that are far from standardized, where no normalization comes first."""
    first = next((call for call, _, _ in m.each("matrix", "norm", "recurrent", "attention")), None)
    if first is None or first.kind == "norm" or first is not m.result.calls[0]:
        return
    size = rms(first.input).item() if first.input is not None else 0.0
    if limits.LARGE < size < math.inf:
        text = f"the batch has root mean square {size:.3g}: standardize it first"
        yield Found("warning", "inputs", (first.name,), text, "background/why-training-stalls")


def first_loss(m: Measured) -> Iterator[Found]:
    """Find a first loss that is much larger than that of an output of 0."""
    guess, name = _guess(m)
    loss = m.result.loss.item()
    limit = limits.FIRST_LOSS if name or _is(m, _LIKELIHOOD) else limits.LARGE**2
    if not guess or not 0 < limit * guess < loss < math.inf:
        return
    text = f"the first loss is {loss:.3g}; " + (name or f"outputs of 0 have {guess:.3g}")
    head, calls = _head(m), m.result.calls
    layers = () if head is None else (head.name,)
    large = [rms(call.input).item() for call in (calls[0], head) if call and call.input is not None]
    mends: tuple[str, ...] = ()
    advice = "Draw the weights that make the output smaller"
    if len(large) == 2 and min(large) > limits.LARGE:
        text += f". The batch has root mean square {large[0]:.3g}: standardize it first"
        advice = ""
    elif len(large) == 2 and large[1] > limits.GROWN["grave"] * max(large[0], 1.0):
        text += f". The signal has grown to {large[1]:.3g} before it reaches the last layer"
        advice = "Find what multiplies it on the way"
        mends = _smaller_factors(m, large[1] / max(large[0], 1.0))
    elif head is not None:
        mends = (zeroed(m, names_of(head)[:1]), initialized(m, _tied(m, head)))
    else:
        raw = [p.name for p in m.parameters if p.requires_grad and len(p.shape) > 1]
        mends = tuple(multiplied(m, [name], guess / loss / 10) for name in reversed(raw))
    yield Found("warning", "loss", layers, text, _OUTPUT, tuple(filter(None, mends)), advice)


def targets(m: Measured) -> Iterator[Found]:
    """Find targets of a size that no output has at the start.

    Of a squared error L with gradient g, 2 L / |g| is the distance from the outputs to the targets,
    whether it is summed or averaged; of a mean absolute error at least that.
    """
    head = _head(m)
    if head is None or head.output is None or not _is(m, _DISTANCE) or _is(m, _LIKELIHOOD):
        return
    gradient = m.result.gradient(head.output)
    pull = 0.0 if gradient is None else rms(gradient).item() * head.output.numel()
    distance = 2 * m.result.loss.item() / pull if pull else 0.0
    size = max(rms(head.output).item(), 1.0)
    if not limits.LARGE * size < distance < math.inf:
        return
    text = (
        f"the outputs of the last layer have root mean square {rms(head.output):.2g}, and the "
        f"targets are {distance:.2g} away"
    )
    advice = "Standardize the targets, or let the model end with output * std + mean of the targets"
    yield Found("warning", "targets", (head.name,), text, _OUTPUT, (), advice)


def _head(m: Measured) -> Call | None:
    """Return the last layer that gets a gradient."""
    heads = [call for call, _, report in m.each("matrix") if report.gradient > 0]
    return heads[-1] if heads else None


def _guess(m: Measured) -> tuple[float | None, str]:
    """Return the loss of outputs of 0, and a sentence where a cross-entropy is averaged."""
    n = classes(m.result.loss.grad_fn)
    if m.zero_loss is None and n is not None and n > 1:
        return math.log(n), f"a guess among {n} classes has ln {n} = {math.log(n):.3g}"
    if n is not None and n > 1 and math.isclose(m.zero_loss, math.log(n), rel_tol=1e-3):
        return m.zero_loss, f"a guess among {n} classes has ln {n} = {math.log(n):.3g}"
    return m.zero_loss, ""


def _is(m: Measured, kind: re.Pattern[str]) -> bool:
    """Say whether a function of this kind stands between the outputs and the loss."""
    outputs = {call.exit for call in m.result.calls}
    return any(kind.match(node.name()) for node in nodes(m.result.loss.grad_fn, until=outputs))


def _tied(m: Measured, head: Call) -> tuple[str, ...]:
    """Return the head's weight and, where an embedding shares it, all embeddings."""
    own = names_of(head)[:1]
    tied = any(parameter.tied and set(own) & set(parameter.names) for parameter in m.parameters)
    embeddings = [
        f"{name}.weight"
        for name, module in m.model.named_modules()
        if tied and matrices(module) and matrices(module)[0].fan_in is None
    ]
    return tuple(dict.fromkeys([*own, *embeddings]))


def _smaller_factors(m: Measured, growth: float) -> tuple[str, ...]:
    """Return lines that make weights smaller whose outputs are themselves factors of a signal."""
    makers = [call for call, then, _ in m.each("matrix") if then.factor]
    names = tuple(dict.fromkeys(name for call in makers for name in names_of(call)[:1]))
    if not makers:
        return ()
    return (multiplied(m, names, growth ** (-1 / len(makers))),)
