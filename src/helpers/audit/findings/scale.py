"""The audit's principle of scale: what a gain does, layer upon layer, until something resets it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from helpers.audit import limits
from helpers.audit.findings.stretches import Stretch, asked_of, stretches
from helpers.audit.found import Found, span
from helpers.audit.measured import Measured
from helpers.audit.mends import (
    bias_to_zero,
    drawn,
    initialized,
    lines,
    names_of,
    offered,
    trained_names,
    zeroed,
)
from helpers.audit.records import GRAVITIES

_CHAPTERS = {"relu": "initialization/he", "tanh": "initialization/xavier"}
_CHAPTERS |= dict.fromkeys(["leaky_relu", "elu", "gelu", "silu", "softplus"], "initialization/he")
_CHAPTERS |= {"sigmoid": "activations/sigmoid"}
_GAINS = (1.41, 1.0, 1.2, 1.7)
"""Tried in this order where a function without a theory follows."""


def scale(m: Measured) -> Iterator[Found]:
    """Signal and gradient must arrive: a gain counts once for every layer it is repeated in.

    Layers form a stretch where each feeds the next with no normalization, attention or product
    between, as these set the scale anew. What is frozen was trained before and is not blamed.
    """
    trained = trained_names(m)
    for stretch in stretches(m):
        calls, gravity = stretch.calls, stretch.gravity
        reset = any(m.after[i].norm for i in calls)
        summed = any(m.after[i].added for i in calls)
        told = len(stretch.wrong) >= limits.REPEATED and not (reset or summed)
        repeated = len(calls) > limits.REPEATED if gravity else told
        if gravity != "grave" and (not repeated or trained.isdisjoint(_names(m, calls[:-1]))):
            continue
        gravity = gravity or "note"
        if reset:
            gravity = GRAVITIES[min(GRAVITIES.index(gravity) + 1, 2)]
        yield _found(m, gravity, stretch)


def _found(m: Measured, gravity: str, stretch: Stretch) -> Found:
    """Return the finding on a stretch: a loop, sums that grow, or gains."""
    calls = stretch.calls
    if looped := _looped(m, calls):
        return _loop(m, gravity, stretch, looped)
    text = (
        f"on its way to the last of {len(calls)} layers the signal {_becomes(stretch.forward)}, "
        f"and on its way back the gradient {_becomes(stretch.backward)}"
    )
    joins = [i for i in calls[:-1] if m.after[i].added and not m.after[i].next]
    ends = joins if stretch.grows else []
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
    layers = tuple(dict.fromkeys(m.reports[i].name for i in sorted(blamed + ends)))
    mends = _mends(m, _names(m, blamed), _names(m, ends), known=not others)
    return Found(gravity, "scale", layers, text, chapter, mends, _advice(m, blamed))


def _looped(m: Measured, calls: Sequence[int]) -> list[int]:
    """Return the calls of the one layer that most of these calls are of, none where there is none.

    A layer of several matrices of its own, each used once, is no such layer.
    """
    calls_of = m.result.calls
    module, times = Counter(calls_of[i].module for i in calls).most_common(1)[0]
    many = times > limits.REPEATED and 2 * times > len(calls)
    return [i for i in calls if calls_of[i].module is module] if many else []


def _loop(m: Measured, gravity: str, stretch: Stretch, own: Sequence[int]) -> Found:
    """Return the finding on a layer that is called again and again on what it gave before."""
    text = (
        f"the layer is called {len(own)} times, each on what it gave before: its gain of "
        f"{m.reports[own[0]].gain:.2g} counts {len(own)} times. On the way the signal "
        f"{_becomes(stretch.forward)}, and on its way back the gradient "
        f"{_becomes(stretch.backward)}"
    )
    weights = _names(m, own[:1])
    mends = offered(*(drawn(m, weights, function) for function in ("orthogonal_", "eye_")))
    name = m.reports[own[0]].name
    return Found(gravity, "scale", (name,), text, "initialization/orthogonal", mends)


def _gains(m: Measured, stretch: Stretch, wrong: Sequence[int], activation: str | None) -> str:
    """Return the sentence on the gains of these layers, "" where none is asked for."""
    asked = [bound for i in wrong for bound in asked_of(m, i) if not math.isnan(bound)]
    if not asked:
        return ""
    return (
        f". In {len(wrong)} of them the gain sqrt(fan_in E[W^2]) is "
        f"{span([m.reports[i].gain for i in wrong])}; "
        f"{activation or 'a linear layer'} asks for {span(asked)}"
    )


def _mends(
    m: Measured, weights: Sequence[str], ends: Sequence[str], known: bool
) -> tuple[str, ...]:
    """Return the lines that may mend a stretch, the best first."""
    if not known:
        return offered(*(initialized(m, weights, gain=gain) for gain in _GAINS))
    anew = initialized(m, weights)
    if not ends:
        calls = [call for call, _, _ in m.each("matrix") if set(names_of(call)) & set(weights)]
        return offered(anew, lines(anew, bias_to_zero(m, calls)))
    divided = initialized(m, ends, gain=len(ends) ** -0.5)
    return offered(lines(anew, divided), lines(anew, zeroed(m, ends)))


def _advice(m: Measured, blamed: Sequence[int]) -> str:
    """Return what to do where no line of code mends it."""
    if blamed and trained_names(m).isdisjoint(_names(m, blamed)):
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
