"""The audit's principle of zeros: what the first step cannot move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from helpers.audit.found import Found
from helpers.audit.layers import matrices
from helpers.audit.measured import Measured
from helpers.audit.mends import bias_to_middle, initialized, names_of, offered
from helpers.audit.norms import nonzero
from helpers.audit.passes import Call
from helpers.audit.records import ParameterReport

_ZERO, _STALLED = "initialization/zero-and-constant", "background/why-training-stalls"


def zeros(m: Measured) -> Iterator[Found]:
    """Find zeros: one that gets a gradient opens with the first step, one that gets none stays."""
    known = _known(m)
    weights = [p for p in m.parameters if _judged(p) and (len(p.shape) > 1 or p.name in known)]
    stuck = [p.name for p in weights if p.rms == 0 and p.gradient == 0]
    waiting = [p.name for p in weights if p.rms != 0 and p.gradient == 0 and not _of_state(m, p)]
    opening = [p.name for p in weights if p.rms == 0 and p.gradient != 0]
    if not (stuck or waiting):
        opening = [name for name in opening if name in known]
    if stuck and (not opening or _locked(m, stuck)):
        text = "weights are 0 and get no gradient: they stay 0, or move all alike" + (
            f"; {_others(len(waiting))} no gradient either" if waiting else ""
        )
        mends = offered(initialized(m, _firsts(stuck)), initialized(m, stuck))
        yield Found("grave", "zeros", tuple(stuck), text, _ZERO, mends)
    elif opening:
        text = "weights are 0, but get a gradient: the first step opens them" + (
            f"; until then {_others(len(waiting + stuck))} none" if waiting + stuck else ""
        )
        yield Found("note", "zeros", tuple(opening), text, _ZERO)
    elif waiting:
        yield _waiting(m, waiting)


def _waiting(m: Measured, waiting: Sequence[str]) -> Found:
    """Return the finding on weights that are not 0 and get no gradient all the same."""
    trained = [p for p in m.parameters if p.requires_grad and p.gradient is not None]
    whole = all(p.gradient == 0 for p in trained)
    text = "the gradient of the weights is exactly 0, though they are not"
    if whole:
        text = "no trained parameter of the network gets a gradient: nothing can be learned"
    end = _end(m)
    mends: tuple[str, ...] = ()
    if end is not None:
        text += f". The gradient ends behind the layer {end.name!r}"
        mends = offered(bias_to_middle(end), initialized(m, names_of(end)))
    advice = "See what follows there: a ReLU over negative numbers, a product with 0, a detach"
    gravity = "grave" if whole else "warning"
    return Found(gravity, "zeros", tuple(waiting), text, _STALLED, mends, advice, opens=True)


def _others(number: int) -> str:
    return "1 other gets" if number == 1 else f"{number} others get"


def _judged(p: ParameterReport) -> bool:
    """Say whether a parameter is one that must move: a trained weight or scale, no bias."""
    own = p.name.rpartition(".")[2]
    return p.requires_grad and p.gradient is not None and "bias" not in own


def _known(m: Measured) -> set[str]:
    """Return the names of the weights and scales whose place the audit knows."""
    norms = {f"{call.name}.weight" for call, _, _ in m.each("norm")}
    return norms | {name for name, _, _ in m.weights()}


def _of_state(m: Measured, p: ParameterReport) -> bool:
    """Say whether a recurrent weight gets no gradient because its state is 0, as at the start."""
    if "weight_hh" not in p.name:
        return False
    beside = p.name.replace("weight_hh", "weight_ih")
    return any(other.name == beside and other.gradient for other in m.parameters)


def _end(m: Measured) -> Call | None:
    """Return the last layer whose output gets no gradient."""
    calls = [call for call, _, report in m.each("matrix", "unknown") if report.gradient == 0]
    return calls[-1] if calls else None


def _firsts(names: Sequence[str]) -> list[str]:
    """Return the first of these weights in each part of the model: the rest open behind it."""
    firsts: dict[str, str] = {}
    for name in names:
        part = name.removesuffix(".weight").rpartition(".")[0]
        firsts.setdefault(part, name)
    return list(firsts.values())


def _locked(m: Measured, stuck: Sequence[str]) -> bool:
    """Say whether zeros wait for zeros that wait for them, or lead to others and stay alike."""
    for call, then, _ in m.each("matrix"):
        if names_of(call)[0] in stuck:
            if call.input is not None and not nonzero(call.input):
                return True
            following = [m.result.calls[i].module for i in then.layers]
            if any(not nonzero(matrices(module)[0].weight) for module in following):
                return True
    return False
