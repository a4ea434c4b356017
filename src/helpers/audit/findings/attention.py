"""The audit's principle of attention: scores that start so large that one position has it all."""

from __future__ import annotations

import math
from collections.abc import Iterator

from helpers.audit import limits
from helpers.audit.found import Found
from helpers.audit.measured import Measured
from helpers.audit.mends import initialized, names_of, offered
from helpers.audit.norms import rms


def attention(m: Measured) -> Iterator[Found]:
    """Find attention whose scores start so large that the softmax picks one position.

    Queries and keys of gain g, from inputs of size s, have scores of standard deviation g^2 s^2.
    """
    large, sizes = [], []
    for call, _, report in m.each("attention"):
        scores = 0.0 if call.input is None else (report.gain * rms(call.input).item()) ** 2
        if limits.LARGE < scores < math.inf:
            large.append(call)
            sizes.append(scores)
    if large:
        text = (
            f"the scores of the attention have standard deviation {max(sizes):.2g}: the softmax "
            "picks one position, and sends little gradient back"
        )
        layers = tuple(dict.fromkeys(call.name for call in large))
        mends = offered(initialized(m, names_of(*large)))
        yield Found("warning", "saturated", layers, text, "activations/sigmoid", mends)
