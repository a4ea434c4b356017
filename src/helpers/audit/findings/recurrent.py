"""The audit's principle of time: the gain of a recurrent layer counts once for every step."""

from __future__ import annotations

import math
from collections.abc import Iterator

from helpers.audit import limits
from helpers.audit.found import Found, grade
from helpers.audit.measured import Measured
from helpers.audit.mends import drawn, names_of


def recurrence(m: Measured) -> Iterator[Found]:
    """Find recurrent layers whose gradient grows from step to step."""
    for call, _, report in m.each("recurrent"):
        if call.input is None or call.input.ndim < 2 or math.isnan(report.step):
            continue
        steps = call.input.shape[1 if getattr(call.module, "batch_first", False) else 0]
        grown = math.exp(min(steps * math.log(max(report.step, 1.0)), 700.0))
        if gravity := grade(grown, limits.GRADIENT_GROWN):
            text = (
                f"one step back in time multiplies the gradient by {report.step:.2g}: "
                f"{steps} steps by {grown:.2g}"
            )
            weights = [name for name in names_of(call) if "weight_hh" in name]
            mends = tuple(drawn(m, weights, function) for function in ("orthogonal_", "eye_"))
            chapter = "initialization/orthogonal"
            yield Found(gravity, "scale", (call.name,), text, chapter, tuple(filter(None, mends)))
