"""Stretches of layers, each of which feeds the next: what becomes of signal and gradient there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from helpers.audit import limits
from helpers.audit.measured import Measured
from helpers.audit.measures import degree
from helpers.audit.norms import norm, rms
from helpers.audit.records import GRAVITIES
from helpers.theory import chi


@dataclass(frozen=True)
class Stretch:
    """Layers of which each feeds the next, by the numbers of their calls, and what they do.

    ``forward`` is what becomes of the signal up to the last layer, ``backward`` of the gradient up
    to the first; ``wrong`` are the layers whose gain is a cause of it.
    """

    calls: list[int]
    forward: float
    backward: float
    wrong: tuple[int, ...] = ()

    @property
    def grows(self) -> bool:
        """Say whether too much arrives, not too little: of the signal, or else of the gradient."""
        gradient_alone = _grade(self.backward, limits.GRADIENT_GROWN) and not _grade(
            self.forward, limits.GROWN
        )
        return (self.backward if gradient_alone else self.forward) > 1

    @property
    def gravity(self) -> str | None:
        """The graver of what the signal and the gradient say, None where both arrive."""
        signal = _grade(self.forward, limits.GROWN)
        gradient = _grade(self.backward, limits.GRADIENT_GROWN)
        return min(filter(None, (signal, gradient)), key=GRAVITIES.index, default=None)


def stretches(m: Measured) -> list[Stretch]:
    """Return the stretches of two layers or more, each the longest way through its layers.

    A layer comes after those that feed it, so that one walk from the last call to the first finds
    the longest way from each.
    """
    ways: dict[int, list[int]] = {}
    for index in reversed(range(len(m.after))):
        call = m.result.calls[index]
        if call.kind == "matrix" and m.result.gradient(call.output) is not None:
            onwards = [ways[i] for i in sorted(m.after[index].layers) if i in ways]
            ways[index] = [index, *max(onwards, key=len, default=[])]
    found, seen = [], set()
    for way in sorted(ways.values(), key=len, reverse=True):
        if len(way) > 1 and seen.isdisjoint(way):
            found.append(way)
        seen.update(way)
    return [_stretch(m, way) for way in sorted(found)]


def _stretch(m: Measured, calls: list[int]) -> Stretch:
    """Return a stretch with what becomes of the signal and of the gradient, and whose gain it is.

    The last layer's own weights do not count: they scale the output, not what can be learned
    before. Where they are 0 no gradient comes back yet, and its factor is NaN. Where numbers
    overflow, or a gradient underflows, theory stands in: the product of the gains over those asked.
    What grows by other ways than through these layers is no growth of theirs.
    """
    given = [m.result.calls[i].input for i in (calls[0], calls[-1])]
    first, last = (math.nan if x is None else rms(x).item() for x in given)
    late, early = (m.reports[i].gradient for i in (calls[-2], calls[0]))
    theory = _theory(m, calls[:-1])
    forward = last / first if first else math.nan
    backward = early / late if late else math.nan
    if limits.GRADIENT_GROWN["warning"] < backward < math.inf:
        backward = _through(m, calls)
    if not (math.isfinite(forward) or math.isnan(first)):
        forward = theory
    elif forward > limits.GROWN["warning"] and not _decide(m, calls):
        forward = math.nan
    if not (late == 0 or (math.isfinite(backward) and backward)):
        backward = theory
    stretch = Stretch(calls, forward, backward)
    return replace(stretch, wrong=_wrong(m, stretch))


def _decide(m: Measured, calls: list[int]) -> bool:
    """Say whether the layers before the last decide the size of what reaches it.

    A small branch that is added to a large signal does not.
    """
    h, outputs = m.result.calls[calls[-1]].input, [m.result.calls[i].output for i in calls[:-1]]
    return degree(h, outputs) > limits.DECIDING


def _through(m: Measured, calls: list[int]) -> float:
    """Return what becomes of the gradient on its way back, without what comes by another way.

    What is added may be closed, as by a small factor: then the gradient of the sum counts.
    """
    h = m.result.calls[calls[-1]].input
    first, before = (m.result.calls[i].output for i in (calls[0], calls[-2]))
    before = h if m.after[calls[-2]].added else before
    early, late = torch.autograd.grad(
        h,
        [first, before],
        m.result.gradient(h),
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return (norm(early) / norm(late)).item()


def _wrong(m: Measured, stretch: Stretch) -> tuple[int, ...]:
    """Return the layers of a stretch whose gain is a cause of what it does, the last one aside."""
    found = []
    known = stretch.gravity is not None
    within = 1 / limits.SMALL_MATTER, limits.SMALL_MATTER
    low, high = within if known else limits.TOLERATED
    for i in stretch.calls[:-1]:
        least, most = asked_of(m, i)
        small, large = 0 < m.reports[i].gain < low * least, m.reports[i].gain > high * most
        if (small and not (known and stretch.grows)) or (large and (stretch.grows or not known)):
            found.append(i)
    return tuple(found)


def _theory(m: Measured, calls: Sequence[int]) -> float:
    """Return the product of these layers' gains over the gains asked for, 0 or infinity aside."""
    logs = [
        math.log(m.reports[i].gain / asked)
        for i in calls
        if m.reports[i].gain > 0 and not math.isnan(asked := asked_of(m, i)[1])
    ]
    return math.exp(min(max(sum(logs), -700.0), 700.0))


def _grade(factor: float, grown: dict[str, float]) -> str | None:
    for gravity in ("grave", "warning"):
        if factor > grown[gravity] or 0 < factor < limits.SHRUNK[gravity]:
            return gravity
    return None


def asked_of(m: Measured, index: int) -> tuple[float, float]:
    """Return the least and the largest gain that would do, NaN where the audit cannot know.

    The largest is the critical gain at the measured size of the signal. The tanh asks for less
    where the signal is smaller, and a signal that shrinks comes there by itself.
    """
    critical, then = m.reports[index].critical, m.after[index]
    if then.other:
        return math.nan, math.nan
    if then.activation is None:
        return (1.0, 1.0) if then.layers else (math.nan, math.nan)
    if math.isnan(critical):  # the signal overflowed
        critical = 1 / math.sqrt(float(chi(then.phi, 1.0, sigma_w=1.0)))
    small = 1 / math.sqrt(float(chi(then.phi, 1e-6, sigma_w=1.0)))
    return min(small, critical), critical
