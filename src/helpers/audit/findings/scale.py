"""The audit's principle of scale: what a gain does, layer upon layer, until something resets it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from helpers.audit import limits
from helpers.audit.found import Found
from helpers.audit.measured import Measured
from helpers.audit.mends import (
    bias_to_zero,
    drawn,
    initialized,
    lines,
    names_of,
    trained_names,
    zeroed,
)
from helpers.audit.norms import rms
from helpers.audit.records import GRAVITIES
from helpers.theory import chi

_CHAPTERS = {"relu": "initialization/he", "tanh": "initialization/xavier"}
_CHAPTERS |= dict.fromkeys(["leaky_relu", "elu", "gelu", "silu", "softplus"], "initialization/he")
_CHAPTERS |= {"sigmoid": "activations/sigmoid"}
_GAINS = (1.41, 1.0, 1.2, 1.7)
"""Tried in this order where a function without a theory follows."""


@dataclass(frozen=True)
class Stretch:
    """Layers of which each feeds the next, by the numbers of their calls, and what they do.

    ``forward`` is what becomes of the signal up to the last layer, ``backward`` of the gradient up
    to the first; ``wrong`` are the layers whose gain is a cause of it.
    """

    calls: list[int]
    forward: float
    backward: float
    wrong: list[int]

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


def scale(m: Measured) -> Iterator[Found]:
    """Signal and gradient must arrive: a gain counts once for every layer it is repeated in.

    Layers form a stretch where each feeds the next with no normalization, attention or product
    between, as these set the scale anew. What is frozen was trained before and is not blamed.
    """
    trained = trained_names(m)
    for calls in _stretches(m):
        stretch = _measured(m, calls)
        gravity = stretch.gravity
        reset = any(m.after[i].norm for i in calls)
        summed = any(m.after[i].added for i in calls)
        told = len(stretch.wrong) >= limits.REPEATED and not (reset or summed)
        repeated = len(calls) > limits.REPEATED if gravity else told
        if gravity != "grave" and (not repeated or trained.isdisjoint(_names(m, calls))):
            continue
        gravity = gravity or "note"
        if reset:
            gravity = GRAVITIES[min(GRAVITIES.index(gravity) + 1, 2)]
        yield _found(m, gravity, stretch)


def _stretches(m: Measured) -> list[list[int]]:
    """Return the calls of each stretch of two or more: the longest way through it.

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
    return sorted(found)


def _measured(m: Measured, calls: list[int]) -> Stretch:
    """Return a stretch with what becomes of the signal and of the gradient, and whose gain it is.

    The last layer's own weights do not count: they scale the output, not what can be learned
    before. Where they are 0 no gradient comes back yet, and its factor is NaN. Where numbers
    overflow, or a gradient underflows, theory stands in: the product of the gains over those asked.
    """
    given = [m.result.calls[i].input for i in (calls[0], calls[-1])]
    first, last = (math.nan if x is None else rms(x).item() for x in given)
    late, early = (m.reports[i].gradient for i in (calls[-2], calls[0]))
    theory = _theory(m, calls[:-1])
    forward = last / first if first else math.nan
    backward = early / late if late else math.nan
    stretch = Stretch(
        calls,
        forward if math.isfinite(forward) or math.isnan(first) else theory,
        backward if (math.isfinite(backward) and backward) or late == 0 else theory,
        [],
    )
    known = stretch.gravity is not None
    within = 1 / limits.SMALL_MATTER, limits.SMALL_MATTER
    low, high = within if known else limits.TOLERATED
    for i in calls[:-1]:
        least, most = _asked(m, i)
        small, large = 0 < m.reports[i].gain < low * least, m.reports[i].gain > high * most
        if (small and not (known and stretch.grows)) or (large and (stretch.grows or not known)):
            stretch.wrong.append(i)
    return stretch


def _theory(m: Measured, calls: Sequence[int]) -> float:
    """Return the product of these layers' gains over the gains asked for, 0 or infinity aside."""
    logs = [
        math.log(m.reports[i].gain / asked)
        for i in calls
        if m.reports[i].gain > 0 and not math.isnan(asked := _asked(m, i)[1])
    ]
    return math.exp(min(max(sum(logs), -700.0), 700.0))


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
    if math.isnan(critical):  # the signal overflowed
        critical = 1 / math.sqrt(float(chi(then.phi, 1.0, sigma_w=1.0)))
    small = 1 / math.sqrt(float(chi(then.phi, 1e-6, sigma_w=1.0)))
    return min(small, critical), critical


def _found(m: Measured, gravity: str, stretch: Stretch) -> Found:
    """Return the finding on a stretch: a loop, sums that grow, or gains."""
    calls = stretch.calls
    text = (
        f"on its way to the last of {len(calls)} layers the signal {_becomes(stretch.forward)}, "
        f"and on its way back the gradient {_becomes(stretch.backward)}"
    )
    if looped := _looped(m, calls):
        return _loop(m, gravity, stretch, looped)
    ends = [i for i in calls[:-1] if m.after[i].added and not m.after[i].next]
    ends = ends if stretch.grows else []
    blamed = [i for i in stretch.wrong if i not in ends] or ([] if ends else calls[:-1])
    activation = Counter(m.after[i].activation for i in blamed or ends).most_common(1)[0][0]
    chapter = "derivations/variance" if ends else _CHAPTERS.get(activation, "derivations/variance")
    text += _gains(m, stretch, [i for i in blamed if i in stretch.wrong], activation)
    others = sorted({m.after[i].other for i in blamed if m.after[i].other})
    if others:
        text += f". The audit does not know what {', '.join(others)} asks for"
    if ends:
        text += (
            f". Branches that are added: {len(ends)}. In the layers that end them weights of 0, or "
            f"a gain of 1/sqrt({len(ends)}), keep the sum level"
        )
    layers = tuple(dict.fromkeys(m.result.calls[i].name for i in sorted(blamed + ends)))
    mends = _mends(m, _names(m, blamed), _names(m, ends), known=not others)
    return Found(gravity, "scale", layers, text, chapter, mends, _advice(m, blamed))


def _looped(m: Measured, calls: Sequence[int]) -> str:
    """Return the name of the layer that most of these calls are of, "" where there is none."""
    name, times = Counter(m.result.calls[i].name for i in calls).most_common(1)[0]
    return name if times > limits.REPEATED and 2 * times > len(calls) else ""


def _loop(m: Measured, gravity: str, stretch: Stretch, name: str) -> Found:
    """Return the finding on a layer that is called again and again on what it gave before."""
    own = [i for i in stretch.calls if m.result.calls[i].name == name]
    text = (
        f"the layer is called {len(own)} times, each on what it gave before: its gain of "
        f"{m.reports[own[0]].gain:.2g} counts {len(own)} times. On the way the signal "
        f"{_becomes(stretch.forward)}, and on its way back the gradient "
        f"{_becomes(stretch.backward)}"
    )
    weights = _names(m, own[:1])
    mends = tuple(drawn(m, weights, function) for function in ("orthogonal_", "eye_"))
    return Found(gravity, "scale", (name,), text, "initialization/orthogonal", mends)


def _gains(m: Measured, stretch: Stretch, wrong: Sequence[int], activation: str | None) -> str:
    """Return the sentence on the gains of these layers, "" where none is asked for."""
    asked = [bound for i in wrong for bound in _asked(m, i) if not math.isnan(bound)]
    if not asked:
        return ""
    return (
        f". In {len(wrong)} of them the gain sqrt(fan_in E[W^2]) is "
        f"{_range([m.reports[i].gain for i in wrong])}; "
        f"{activation or 'a linear layer'} asks for {_range(asked)}"
    )


def _mends(
    m: Measured, weights: Sequence[str], ends: Sequence[str], known: bool
) -> tuple[str, ...]:
    """Return the lines that may mend a stretch, the best first."""
    if not known:
        return tuple(initialized(m, weights, gain=gain) for gain in _GAINS)
    anew = initialized(m, weights)
    if not ends:
        calls = [call for call, _, _ in m.each("matrix") if set(names_of(call)) & set(weights)]
        return anew, lines(anew, bias_to_zero(m, calls))
    divided = initialized(m, ends, gain=len(ends) ** -0.5)
    return lines(anew, divided), lines(anew, zeroed(m, ends))


def _advice(m: Measured, blamed: Sequence[int]) -> str:
    """Return what to do where no line of code mends it."""
    if trained_names(m).isdisjoint(_names(m, blamed)):
        return "The weights are frozen or computed: put a normalization behind them"
    return "Put a normalization between the layers"


def _names(m: Measured, calls: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the weights of these calls."""
    return tuple(dict.fromkeys(names_of(m.result.calls[i])[0] for i in calls))


def _becomes(factor: float) -> str:
    if math.isnan(factor):
        return "is not measured"
    if 0.5 < factor < 2:
        return "keeps its size"
    return f"grows {factor:.2g} times" if factor > 1 else f"shrinks to {factor:.1g} of its size"


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2g}", f"{max(values):.2g}"
    return low if low == high else f"{low} to {high}"
