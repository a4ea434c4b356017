"""The audit's principles of both ends: inputs, what the last layer gets, outputs and the loss."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from helpers.audit import limits
from helpers.audit.findings.stretches import asked_of
from helpers.audit.found import Found, grade, span
from helpers.audit.graph import classes, nodes
from helpers.audit.layers import kind
from helpers.audit.measured import Measured
from helpers.audit.mends import (
    bias_to_zero,
    drawn,
    initialized,
    lines,
    multiplied,
    names_of,
    offered,
    zeroed,
)
from helpers.audit.norms import rms, spread
from helpers.audit.passes import Call

_OUTPUT, _STALLED = "activations/output-layers", "background/why-training-stalls"
_EMBEDDED = 0.02
"""The standard deviation of embeddings in GPT-2 and BERT, whose heads are tied to them."""
_SMALL = 0.1
"""The gain of a last layer behind which a ReLU stands: outputs that are small, and not 0."""
_LIKELIHOOD = re.compile("NllLoss|BinaryCrossEntropy")
_DISTANCE = re.compile("MseLoss|SmoothL1Loss|HuberLoss|Abs|Pow")


def collapse(m: Measured) -> Iterator[Found]:
    """Find examples that reach the last layer all alike: it cannot tell them apart."""
    head = _head(m)
    if head is None or not m.examples_differ or head.input is None or len(head.input) < 2:
        return
    differs = spread(head.input)
    left = (differs / rms(head.input).to(differs.dtype)).item()
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
    calls = [c for c, then, _ in m.each("matrix") if then.activation and not then.gates]
    mends = offered(initialized(m, names_of(*calls)))
    yield Found(gravity, "collapse", (head.name,), text, chapter, mends, opens=True)


def inputs(m: Measured) -> Iterator[Found]:
    """Find inputs that are far from standardized, where no normalization comes first."""
    first = next(
        (call for call in m.result.calls if call.kind not in ("parts", "activation")), None
    )
    if first is None or first.kind in ("norm", "embedding", "unknown") or first.input is None:
        return
    size = rms(first.input).item()
    if limits.LARGE < size < math.inf:
        text = f"the batch has root mean square {size:.3g}: standardize it first"
        yield Found("warning", "inputs", (first.name,), text, _STALLED)
    elif 0 < size < limits.FAINT:
        text = (
            f"the batch has root mean square {size:.2g}: so faint, it leaves gradient descent "
            "little to learn from. Standardize it first"
        )
        yield Found("note", "inputs", (first.name,), text, _STALLED)


def first_loss(m: Measured) -> Iterator[Found]:
    """Find a first loss that is much larger than that of an output of 0."""
    guess, name = _guess(m)
    loss = m.result.loss.item()
    limit = limits.FIRST_LOSS if name or _is(m, _LIKELIHOOD) else limits.LARGE**2
    if guess and 0 < limit * guess < loss < math.inf:
        text = f"the first loss is {loss:.3g}; " + (name or f"outputs of 0 have {guess:.3g}")
        yield _large_loss(m, text, guess / loss)


def _large_loss(m: Measured, text: str, factor: float) -> Found:
    """Return the finding on a large loss: by inputs, by what grew before the last layer, or by it.

    A loss of outputs of 0 is so many times the first loss.
    """
    head, calls = _head(m), m.result.calls
    layers = () if head is None else (head.name,)
    given = None if head is None else head.input
    sizes = [rms(tensor).item() for tensor in (calls[0].input, given) if tensor is not None]
    if len(sizes) == 2 and min(sizes) > limits.LARGE:
        text += f". The batch has root mean square {sizes[0]:.3g}: standardize it first"
        return Found("warning", "loss", layers, text, _OUTPUT)
    growth = sizes[1] / max(sizes[0], 1.0) if len(sizes) == 2 else 1.0
    grown = growth > limits.GROWN["grave"]
    if grown:
        text += f". The signal has grown to {sizes[1]:.3g} before it reaches the last layer"
    smaller = _smaller_outputs(m, head, factor)
    if loud := _loud(m, head):
        return _louder(m, loud, layers, text, smaller)
    if grown:
        return _grown(m, layers, text, growth)
    mends = offered(*smaller)
    return Found("warning", "loss", layers, text, _OUTPUT, mends, "Make the output smaller")


def _loud(m: Measured, head: Call | None) -> list[int]:
    """Return the calls before the last layer whose gain alone makes a signal grow too much."""
    return [
        i
        for i, call in enumerate(m.result.calls)
        if call.kind == "matrix"
        and call is not head
        and m.reports[i].gain > limits.GROWN["warning"] * asked_of(m, i)[1]
    ]


def _louder(
    m: Measured, loud: Sequence[int], layers: tuple[str, ...], text: str, smaller: tuple[str, ...]
) -> Found:
    """Return the finding on layers before the last one whose gain is too large."""
    calls = [m.result.calls[i] for i in loud]
    names = tuple(dict.fromkeys(call.name for call in calls))
    gains, asked = [m.reports[i].gain for i in loud], [asked_of(m, i)[1] for i in loud]
    text += f". Before the last layer a gain is {span(gains)}, where {span(asked)} is asked for"
    anew = lines(initialized(m, names_of(*calls)), bias_to_zero(m, calls))
    mends = offered(*(lines(anew, line) for line in smaller if line), anew)
    return Found("warning", "loss", names + layers, text, _OUTPUT, mends, "Make the gains smaller")


def _grown(m: Measured, layers: tuple[str, ...], text: str, growth: float) -> Found:
    """Return the finding on a signal that grew: by weights that layers make, or unseen."""
    makers = [call for call, then, _ in m.each("matrix") if then.factor and not str(then)]
    if not makers:
        advice = "Find what multiplies it on the way"
        return Found("warning", "loss", layers, text, _OUTPUT, (), advice)
    layers = tuple(dict.fromkeys(call.name for call in makers))
    names = [name for p in m.parameters for name in p.names if p.layer in layers]
    mend = multiplied(m, names, growth ** (-1 / len(makers)))
    text += ": it is multiplied with what these layers give"
    return Found("warning", "loss", layers, text, _OUTPUT, offered(mend))


def _smaller_outputs(m: Measured, head: Call | None, factor: float) -> tuple[str, ...]:
    """Return the lines that make the first outputs smaller."""
    if head is None:
        raw = [p.name for p in m.parameters if p.requires_grad and len(p.shape) > 1]
        return tuple(multiplied(m, [name], factor / 10) for name in reversed(raw))
    names = names_of(head)[:1]
    if next(then for call, then, _ in m.each("matrix") if call is head).activation == "relu":
        small = initialized(m, names, gain=_SMALL)  # through a ReLU of 0 no gradient passes
        return (lines(small, bias_to_zero(m, [head])),)
    zero, tied = zeroed(m, names), drawn(m, _tied(m, head), "normal_", f"std={_EMBEDDED}")
    both = lines(zero, bias_to_zero(m, [head])) if zero and _bias_harms(m) else ""
    return both, zero, tied


def _bias_harms(m: Measured) -> bool:
    """Say whether the last layer's bias is no guess of the labels: outputs of 0 are better."""
    known = m.bias_loss is not None and m.zero_loss is not None
    return known and m.bias_loss > limits.SMALL_MATTER * m.zero_loss


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
    n = classes(m.result.loss.grad_fn) or 1
    loss = math.log(n) if m.zero_loss is None else m.zero_loss
    if n > 1 and math.isclose(loss, math.log(n), rel_tol=1e-3):
        return loss, f"a guess among {n} classes has ln {n} = {math.log(n):.3g}"
    return m.zero_loss, ""


def _is(m: Measured, pattern: re.Pattern[str]) -> bool:
    """Say whether a function of this kind stands between the outputs and the loss."""
    outputs = {call.exit for call in m.result.calls}
    return any(pattern.match(node.name()) for node in nodes(m.result.loss.grad_fn, until=outputs))


def _tied(m: Measured, head: Call) -> tuple[str, ...]:
    """Return the head's weight and, where an embedding shares it, the other embeddings."""
    own = names_of(head)[:1]
    shared = [p for p in m.parameters if p.tied and not set(own).isdisjoint(p.names)]
    embeddings = [
        f"{name}.weight"
        for name, module in m.model.named_modules()
        if shared and kind(module) == "embedding"
    ]
    known = {name for p in shared for name in p.names}
    return (*own, *(name for name in embeddings if name not in known))
