"""The audit's principles: each a function from what was measured to what is wrong.

The numbers that divide sound from unsound are in ``helpers.audit.limits``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import nn

from helpers.audit.findings.attention import attention
from helpers.audit.findings.ends import collapse, first_loss, inputs, targets
from helpers.audit.findings.recurrent import recurrence
from helpers.audit.findings.scale import scale
from helpers.audit.findings.symmetry import symmetry
from helpers.audit.findings.units import bias, dead, saturated
from helpers.audit.findings.unused import Look, left_out, unused
from helpers.audit.findings.zeros import zeros
from helpers.audit.found import Found
from helpers.audit.measured import Measured
from helpers.audit.mends import drawn_anew
from helpers.audit.norms import norm
from helpers.audit.records import Finding, LayerReport
from helpers.audit.trials import copied, tried

STEP = 1e-3
"""The first step of Adam at its usual rate moves every number by this much."""
_STALLED, _OWN = "background/why-training-stalls", "practice/audit-your-network"


def finite(m: Measured) -> Iterator[Found]:
    """Find numbers that are none."""
    bad = [r.name for r in m.reports if r.signal == math.inf or _became_nan(r)]
    if bad or not m.result.loss.isfinite():
        where = f"from the layer {bad[0]!r} on" if bad else "in the loss"
        text = f"the signal overflows or is no number {where}: the loss is {m.result.loss:.3g}"
        yield Found("grave", "finite", tuple(bad[:1]), text, _STALLED)


def frozen(m: Measured) -> Iterator[Found]:
    """Find a model of which nothing is trained."""
    if m.parameters and not any(parameter.requires_grad for parameter in m.parameters):
        text = (
            "no parameter is trained: requires_grad is False for all. If that is meant, audit the "
            "model that you train, with this one in it"
        )
        yield Found("grave", "frozen", (), text, _OWN, ("model.requires_grad_(True)",))


def not_understood(m: Measured) -> Iterator[Found]:
    """List what the audit does not know or cannot see."""
    unknown = {call.name: report.kind for call, _, report in m.each("unknown")}
    if unknown:
        kinds = ", ".join(sorted(set(unknown.values())))
        text = f"has parameters that the audit lists but does not judge: {kinds}"
        yield Found("note", "unknown", tuple(unknown), text, _OWN)
    if not m.examples_differ:
        text = "the examples of the batch do not differ: whether they stay apart cannot be seen"
        yield Found("note", "batch", (), text, _OWN)


PRINCIPLES: tuple[Callable[[Measured], Iterator[Found]], ...] = (
    finite,
    frozen,
    symmetry,
    zeros,
    scale,
    recurrence,
    inputs,
    dead,
    saturated,
    attention,
    collapse,
    bias,
    first_loss,
    targets,
    not_understood,
)


def findings(measured: Measured, look: Look) -> tuple[Finding, ...]:
    """Apply every principle, and try the mends on copies of the model; the gravest first."""

    def examine(model: nn.Module) -> list[Found]:
        return list(_never_initialized(model)) or _judged(look(model), look)

    return tuple(tried(measured.model, _judged(measured, look), examine))


def never_initialized(model: nn.Module) -> tuple[Finding, ...]:
    """Return the one finding on a model with parameters that are no numbers, else none."""
    return tuple(found.finding(found.mends[0]) for found in _never_initialized(model))


def _never_initialized(model: nn.Module) -> Iterator[Found]:
    bad = tuple(n for n, p in model.named_parameters() if p.is_floating_point() and not _bounded(p))
    if bad:
        text = "parameters are NaN or infinite: never initialized, or training diverged"
        yield Found(
            "grave", "finite", bad, text, "initialization/random", (drawn_anew(model, bad),)
        )


def _judged(m: Measured, look: Look) -> list[Found]:
    """Return what every principle finds, the gravest first."""
    found = [one for principle in PRINCIPLES for one in principle(m)]
    found += unused(m, look)
    found = [one for one in found if not _explained(one, found)]
    if any(one.opens for one in found):
        found = [_after_a_step(one, m, look) if one.opens else one for one in found]
    return sorted(found, key=lambda one: one.rank)


def _explained(one: Found, found: list[Found]) -> bool:
    """Say whether another finding is the cause of this one.

    A missing gradient comes from an overflow, from what shrinks it, or from dead units; a bias that
    decides kills or saturates the units of its layer.
    """
    if one.principle == "zeros" and one.opens:
        causes = {"finite", "scale"} if one.gravity == "grave" else {"finite", "scale", "dead"}
        return any(other.principle in causes and other.gravity == "grave" for other in found)
    if one.principle == "bias":
        shown = {n for f in found if f.principle in ("dead", "saturated") for n in f.layers}
        return shown >= set(one.layers)
    return False


def _after_a_step(one: Found, m: Measured, look: Look) -> Found:
    """Return a finding as a note if one step of Adam removes it, or if it is left out."""
    try:
        stepped = look(_stepped(m))
    except Exception:  # a model that cannot be copied keeps its finding
        return one
    principle = {"zeros": zeros, "collapse": collapse}[one.principle]
    if any(one.overlaps(other) and other.rank <= one.rank for other in principle(stepped)):
        return left_out(one, m, look) if one.principle == "zeros" else one
    text = f"{one.text}; the first step of training opens this"
    return replace(one, gravity="note", text=text, mends=(), advice="", opens=False)


def _stepped(m: Measured) -> nn.Module:
    """Return a copy of the model after a step against the sign of every gradient."""
    model = copied(m.model)
    with torch.no_grad():
        for parameter, own in zip(model.parameters(), m.model.parameters(), strict=True):
            gradient = m.result.gradient(own)
            if gradient is not None:
                parameter -= STEP * gradient.sign()
    return model


def _bounded(tensor: torch.Tensor) -> bool:
    return bool(norm(tensor).isfinite())


def _became_nan(report: LayerReport) -> bool:
    return math.isnan(report.signal) and bool(report.shape)
