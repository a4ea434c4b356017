"""The audit's principle of scale: what a gain does, layer upon layer, until something resets it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from helpers.audit import limits
from helpers.audit.measured import Measured
from helpers.audit.mends import initialized, names_of
from helpers.audit.norms import rms
from helpers.audit.records import GRAVITIES, Finding
from helpers.theory import chi

_CHAPTERS = {"relu": "initialization/he", "tanh": "initialization/xavier"}
_CHAPTERS |= dict.fromkeys(["leaky_relu", "elu", "gelu", "silu", "softplus"], "initialization/he")
_CHAPTERS |= {"sigmoid": "activations/sigmoid"}


def scale(m: Measured) -> Iterator[Finding]:
    """Signal and gradient must arrive: a gain counts once for every layer it is repeated in.

    Layers form a stretch where each feeds the next with no normalization, attention or product
    between, as these set the scale anew.
    """
    for stretch in _stretches(m):
        forward, backward = _factors(m, stretch)
        signal = _grade(forward, limits.GROWN)
        gradient = _grade(backward, limits.GRADIENT_GROWN)
        gravity = min(filter(None, (signal, gradient)), key=GRAVITIES.index, default=None)
        grows = _grows(forward, backward)
        low, high = (
            limits.TOLERATED if gravity is None else (1 / limits.SMALL_MATTER, limits.SMALL_MATTER)
        )
        reset = any(m.after[i].norm for i in stretch)
        wrong = []
        for i in stretch[:-1]:
            least, most = _asked(m, i)
            gain = m.reports[i].gain
            small, large = 0 < gain < low * least, gain > high * most
            if (small and (gravity is None or not grows)) or (large and (gravity is None or grows)):
                wrong.append(i)
        summed = any(m.after[i].added for i in stretch)
        told = len(wrong) >= limits.REPEATED and not (reset or summed)
        repeated = len(stretch) > limits.REPEATED if gravity else told
        if gravity != "grave" and not repeated:
            continue
        gravity = gravity or "note"
        if reset:
            gravity = GRAVITIES[min(GRAVITIES.index(gravity) + 1, 2)]
        yield _finding(m, gravity, wrong, stretch, (forward, backward))


def _stretches(m: Measured) -> list[list[int]]:
    """Return the calls of each stretch of two or more: the longest way through it.

    A layer comes after those that feed it, so that one walk from the last call to the first finds
    the longest way from each.
    """
    ways: dict[int, list[int]] = {}
    for index in reversed(range(len(m.after))):
        if m.result.calls[index].kind == "matrix" and m.reports[index].gradient >= 0:
            onwards = [ways[i] for i in sorted(m.after[index].layers) if i in ways]
            ways[index] = [index, *max(onwards, key=len, default=[])]
    found, seen = [], set()
    for way in sorted(ways.values(), key=len, reverse=True):
        if len(way) > 1 and seen.isdisjoint(way):
            found.append(way)
        seen.update(way)
    return sorted(found)


def _factors(m: Measured, stretch: Sequence[int]) -> tuple[float, float]:
    """Return what becomes of the signal up to the last layer, and of the gradient to the first.

    The signal as a root mean square; the gradient as a norm, which widths alone do not change. The
    last layer's own weights do not count: they scale the output, not what can be learned before.
    Where they are 0 no gradient comes back yet, and its factor is NaN.
    """
    given = [m.result.calls[i].input for i in (stretch[0], stretch[-1])]
    first, last = (math.nan if x is None else rms(x).item() for x in given)
    late, early = (m.reports[i].gradient for i in (stretch[-2], stretch[0]))
    return last / first if first else math.nan, early / late if late else math.nan


def _grows(forward: float, backward: float) -> bool:
    """Say whether too much arrives, not too little: of the signal, or else of the gradient."""
    gradient_alone = _grade(backward, limits.GRADIENT_GROWN) and not _grade(forward, limits.GROWN)
    return (backward if gradient_alone else forward) > 1


def _grade(factor: float, grown: dict[str, float]) -> str | None:
    for gravity in ("grave", "warning"):
        if factor > grown[gravity] or 0 < factor < limits.SHRUNK[gravity]:
            return gravity
    return None


def _asked(m: Measured, index: int) -> tuple[float, float]:
    """Return the least and the largest gain that would do, NaN where the audit cannot know.

    The largest is the critical gain at the measured size of the signal. The tanh asks for less
    where the signal is smaller, and a signal that shrinks comes there by itself.
    """
    critical, then = m.reports[index].critical, m.after[index]
    if then.other:
        return math.nan, math.nan
    if then.activation is None:
        return (1.0, 1.0) if then.layers else (math.nan, math.nan)
    small = 1 / math.sqrt(float(chi(then.phi, 1e-6, sigma_w=1.0)))
    return min(small, critical), critical


def _finding(
    m: Measured,
    gravity: str,
    wrong: list[int],
    stretch: list[int],
    factors: tuple[float, float],
) -> Finding:
    forward, backward = factors
    text = (
        f"on its way to the last of {len(stretch)} layers the signal {_becomes(forward)}, and on "
        f"its way back the gradient {_becomes(backward)}"
    )
    ends = [i for i in stretch[:-1] if m.after[i].added and not m.after[i].next]
    if not _grows(forward, backward):
        ends = []
    blamed = [i for i in wrong if i not in ends] or ([] if ends else stretch)
    activation = Counter(m.after[i].activation for i in blamed or ends).most_common(1)[0][0]
    chapter = _CHAPTERS.get(activation, "derivations/variance")
    text += _gains(m, blamed, activation)
    others = sorted({m.after[i].other for i in blamed if m.after[i].other})
    if others:
        text += f". The audit does not know what {', '.join(others)} asks for"
    if ends:
        chapter = "derivations/variance"
        text += (
            f". Branches that are added: {len(ends)}. In the layers that end them weights of 0, or "
            f"a gain of 1/sqrt({len(ends)}), keep the sum level"
        )
    layers = tuple(dict.fromkeys(m.result.calls[i].name for i in sorted(blamed + ends)))
    names = tuple(dict.fromkeys(names_of(m.result.calls[i])[0] for i in blamed))
    mend = "" if others else initialized(m, names)
    return Finding(gravity, "scale", layers, text, mend, chapter)


def _gains(m: Measured, blamed: Sequence[int], activation: str | None) -> str:
    """Return the sentence on the gains of these layers, "" where none is asked for."""
    asked = [bound for i in blamed for bound in _asked(m, i) if not math.isnan(bound)]
    if not asked:
        return ""
    return (
        f". In {len(blamed)} of them the gain sqrt(fan_in E[W^2]) is "
        f"{_range([m.reports[i].gain for i in blamed])}; "
        f"{activation or 'a linear layer'} asks for {_range(asked)}"
    )


def _becomes(factor: float) -> str:
    if math.isnan(factor):
        return "is not measured"
    if 0.5 < factor < 2:
        return "keeps its size"
    return f"grows {factor:.2g} times" if factor > 1 else f"shrinks to {factor:.1g} of its size"


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2g}", f"{max(values):.2g}"
    return low if low == high else f"{low} to {high}"
