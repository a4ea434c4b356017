"""The audit's principles: each a function from what was measured to what is wrong.

The numbers that divide sound from unsound are in ``helpers.audit.limits``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator

import torch
from torch import nn

from helpers.audit import limits
from helpers.audit.findings.scale import scale
from helpers.audit.findings.symmetry import symmetry, zeros
from helpers.audit.graph import classes
from helpers.audit.measured import Measured
from helpers.audit.mends import bias_to_zero, initialized, names_of
from helpers.audit.norms import norm, rms, spread
from helpers.audit.passes import Call
from helpers.audit.records import GRAVITIES, Finding, LayerReport

_LAYERS = ("matrix", "norm", "recurrent", "attention")


def finite(m: Measured) -> Iterator[Finding]:
    """Find numbers that are none."""
    bad = [r.name for r in m.reports if r.signal == math.inf or _became_nan(r)]
    if bad or not m.result.loss.isfinite():
        where = f"from the layer {bad[0]!r} on" if bad else "in the loss"
        text = f"the signal overflows or is no number {where}: the loss is {m.result.loss:.3g}"
        yield Finding("grave", "finite", tuple(bad[:1]), text, "", "background/why-training-stalls")


def dead(m: Measured) -> Iterator[Finding]:
    """Find units that a ReLU sets to 0 on the whole batch: they get no gradient from it."""
    found: dict[str, list[tuple[Call, float]]] = {}
    for call, _, report in m.each(*_LAYERS):
        gravity = _grade(report.dead, limits.DEAD)
        if gravity and report.signal and _rows(call) >= limits.ENOUGH:
            found.setdefault(gravity, []).append((call, report.dead))
    for gravity, entries in found.items():
        layers = tuple(dict.fromkeys(call.name for call, _ in entries))
        text = f"{_percents(entries)} of the units are 0 on the whole batch after the ReLU"
        mend = bias_to_zero(call for call, _ in entries)
        yield Finding(gravity, "dead", layers, text, mend, "activations/relu")


def saturated(m: Measured) -> Iterator[Finding]:
    """Find outputs on the flat parts of a sigmoid or tanh: the gradient ends there."""
    found: dict[tuple[str, str], list[tuple[Call, float]]] = {}
    for call, then, report in m.each(*_LAYERS):
        if gravity := _grade(report.saturated, limits.SATURATED):
            key = gravity, then.activation or "tanh"
            found.setdefault(key, []).append((call, report.saturated))
    for (gravity, name), entries in found.items():
        layers = tuple(dict.fromkeys(call.name for call, _ in entries))
        text = f"{_percents(entries)} of the outputs are within 5% of a bound of the {name}"
        weights = tuple(dict.fromkeys(n for call, _ in entries for n in names_of(call)))
        mend = "\n".join(
            line for line in (initialized(m, weights), bias_to_zero(c for c, _ in entries)) if line
        )
        yield Finding(gravity, "saturated", layers, text, mend, f"activations/{name}")


def collapse(m: Measured) -> Iterator[Finding]:
    """Find examples that reach the last layer all alike: it cannot tell them apart."""
    heads = [call for call, _, report in m.each("matrix") if report.gradient > 0]
    if not heads or not m.examples_differ or heads[-1].input is None or len(heads[-1].input) < 2:
        return
    head = heads[-1]
    left = (spread(head.input) / rms(head.input).to(torch.float64)).item()
    gravity = _grade(-left, {name: -limit for name, limit in limits.ALIKE.items()})
    if gravity is None or math.isnan(left):
        return
    text = (
        f"all examples look alike to the last layer: what differs between them is {left:.1g} of "
        "the signal"
    )
    used = Counter(then.activation for _, then, _ in m.each("matrix") if then.activation)
    sigmoid = used and used.most_common(1)[0][0] == "sigmoid"
    chapter = "activations/sigmoid" if sigmoid else "derivations/mean-field"
    layers = [names_of(call)[0] for call, then, _ in m.each("matrix") if then.activation]
    mend = initialized(m, tuple(dict.fromkeys(layers)))
    yield Finding(gravity, "collapse", (head.name,), text, mend, chapter)


def bias(m: Measured) -> Iterator[Finding]:
    """Find biases larger than what the weights bring: they decide alone."""
    for call, then, report in m.each("matrix"):
        own = getattr(call.module, "bias", None)
        brought = report.gain * report.signal / report.signal_gain if report.signal_gain else 0.0
        if (
            then.activation is None
            or own is None
            or not 0 < limits.DROWNED * brought < (size := rms(own).item())
        ):
            continue
        text = f"its bias ({size:.2g} in size) drowns what the weights bring ({brought:.2g})"
        yield Finding(
            "warning", "bias", (call.name,), text, bias_to_zero([call]), "activations/relu"
        )


def first_loss(m: Measured) -> Iterator[Finding]:
    """Find a classifier that knows nothing but is sure of it."""
    n = classes(m.result.loss.grad_fn)
    loss = m.result.loss.item()
    if n is None or n < 2 or not limits.FIRST_LOSS * math.log(n) < loss < math.inf:
        return
    heads = [call for call, _, report in m.each("matrix") if report.gradient > 0]
    mend = f"torch.nn.init.zeros_(model.get_parameter({names_of(heads[-1])[0]!r}))" if heads else ""
    text = f"the first loss is {loss:.3g}; a guess among {n} classes has ln {n} = {math.log(n):.3g}"
    layers = tuple(call.name for call in heads[-1:])
    given = [call.input for call in (m.result.calls[0], *heads[:1])]
    sizes = [rms(tensor).item() for tensor in given if tensor is not None]
    if len(sizes) == 2 and min(sizes) > limits.LARGE:
        text += f". The batch has root mean square {sizes[0]:.3g}: standardize it first"
        mend = ""
    yield Finding("warning", "loss", layers, text, mend, "activations/output-layers")


def not_understood(m: Measured) -> Iterator[Finding]:
    """List what the audit does not know, does not reach or cannot see."""
    chapter = "practice/audit-your-network"
    unknown = {call.name: report.kind for call, _, report in m.each("unknown")}
    if unknown:
        kinds = ", ".join(sorted(set(unknown.values())))
        text = f"has parameters that the audit lists but does not judge: {kinds}"
        yield Finding("note", "unknown", tuple(unknown), text, "", chapter)
    gradients = m.result.gradients
    idle = [n for n, p in m.model.named_parameters() if p.requires_grad and gradients[p] is None]
    if idle:
        text = "the loss of this batch does not depend on these parameters"
        yield Finding("note", "unused", tuple(idle), text, "", chapter)
    if not m.examples_differ:
        text = "the examples of the batch do not differ: whether they stay apart cannot be seen"
        yield Finding("note", "batch", (), text, "", chapter)


PRINCIPLES: tuple[Callable[[Measured], Iterator[Finding]], ...] = (
    finite,
    symmetry,
    zeros,
    scale,
    dead,
    saturated,
    collapse,
    bias,
    first_loss,
    not_understood,
)


def findings(measured: Measured) -> tuple[Finding, ...]:
    """Apply every principle; the gravest first."""
    found = [finding for principle in PRINCIPLES for finding in principle(measured)]
    return tuple(sorted(found, key=lambda finding: GRAVITIES.index(finding.gravity)))


def never_initialized(model: nn.Module) -> tuple[Finding, ...]:
    """Return the one finding on a model with parameters that are no numbers, else none."""
    bad = tuple(n for n, p in model.named_parameters() if p.is_floating_point() and not _bounded(p))
    if not bad:
        return ()
    mend = (
        "from helpers.initializers import initialize; import numpy; "
        'initialize(model, "he_normal", generator=numpy.random.default_rng(0))'
    )
    text = "parameters are NaN or infinite: never initialized, or training diverged"
    return (Finding("grave", "finite", bad, text, mend, "initialization/random"),)


def _rows(call: Call) -> float:
    """Return over how many examples and positions a unit is seen."""
    output = call.output
    return 0 if output is None else output.numel() / max(output.shape[call.unit_axis], 1)


def _percents(entries: list[tuple[Call, float]]) -> str:
    low, high = (f"{bound([value for _, value in entries]):.0%}" for bound in (min, max))
    return low if low == high else f"{low} to {high}"


def _bounded(tensor: torch.Tensor) -> bool:
    return bool(norm(tensor).isfinite())


def _became_nan(report: LayerReport) -> bool:
    return math.isnan(report.signal) and bool(report.shape)


def _grade(value: float, limits: dict[str, float]) -> str | None:
    """Return the gravest limit that the value exceeds."""
    return next((gravity for gravity, limit in limits.items() if value > limit), None)
