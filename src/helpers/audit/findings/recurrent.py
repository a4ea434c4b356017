"""The audit's principle of time: the gain of a recurrent layer counts once for every step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from torch import nn

from helpers.audit import limits
from helpers.audit.found import Found, grade
from helpers.audit.measured import Measured
from helpers.audit.mends import drawn, names_of, offered
from helpers.audit.passes import Call


def recurrence(m: Measured) -> Iterator[Found]:
    """Find recurrent layers whose gradient grows from step to step."""
    for grown, step, steps, call in _largest(m):
        if gravity := grade(grown, limits.GRADIENT_GROWN):
            text = (
                f"one step back in time multiplies the gradient by {step:.2g}: "
                f"{steps} steps by {grown:.2g}"
            )
            weights = [name for name in names_of(call) if "weight_hh" in name]
            mends = offered(*(drawn(m, weights, f) for f in ("orthogonal_", "eye_")))
            chapter = "initialization/orthogonal"
            yield Found(gravity, "scale", (call.name,), text, chapter, mends)


def _largest(m: Measured) -> Iterator[tuple[float, float, int, Call]]:
    """Yield for each layer its largest growth, the factor of one step, the steps, and the call."""
    times = Counter(call.name for call, _, _ in m.each("recurrent"))
    found: dict[str, tuple[float, float, int, Call]] = {}
    for call, _, report in m.each("recurrent"):
        if call.input is None or math.isnan(report.step):
            continue
        if isinstance(call.module, nn.RNNCellBase):  # a call is a step
            steps = times[call.name]
        else:
            steps = call.input.shape[1 if call.module.batch_first else 0]
        grown = math.exp(min(steps * math.log(max(report.step, 1.0)), 700.0))
        if call.name not in found or grown > found[call.name][0]:
            found[call.name] = grown, report.step, steps, call
    yield from found.values()
