"""The audit's principles of single units: dead ones, saturated ones, and biases that decide."""

from __future__ import annotations

import math
from collections.abc import Iterator

from helpers.audit import limits
from helpers.audit.found import Found, grade, span
from helpers.audit.graph import After
from helpers.audit.measured import Measured
from helpers.audit.mends import bias_to_middle, bias_to_zero, initialized, lines, names_of, offered
from helpers.audit.norms import rms
from helpers.audit.passes import Call

_LAYERS = ("matrix", "norm", "recurrent", "attention")


def dead(m: Measured) -> Iterator[Found]:
    """Find units that a ReLU sets to 0 on the whole batch: they get no gradient from it."""
    found: dict[str, list[tuple[Call, float]]] = {}
    for call, _, report in m.each(*_LAYERS):
        gravity = grade(report.dead, limits.DEAD)
        told = _rows(call) >= limits.ENOUGH and not _by_chance(report.dead, call)
        if gravity and report.signal and told:
            found.setdefault(gravity, []).append((call, report.dead))
    for gravity, entries in found.items():
        calls = [call for call, _ in entries]
        text = f"{_percents(entries)} of the units are 0 on the whole batch after the ReLU"
        no_bias = bias_to_zero(m, calls)
        middle = lines(*map(bias_to_middle, calls))
        mends = offered(no_bias, middle, lines(initialized(m, names_of(*calls)), no_bias))
        advice = "Where a ReLU ends the network, softplus in its place has a gradient everywhere"
        yield Found(gravity, "dead", _names(calls), text, "activations/relu", mends, advice)


def saturated(m: Measured) -> Iterator[Found]:
    """Find outputs on the flat parts of a sigmoid or tanh: the gradient ends there."""
    found: dict[tuple[str, str], list[tuple[Call, float]]] = {}
    for call, then, report in m.each(*_LAYERS):
        gravity = grade(report.saturated, limits.SATURATED)
        if gravity and not (_decides(then) and report.spread < _size_of_bias(call)):
            key = gravity, then.activation or "tanh"
            found.setdefault(key, []).append((call, report.saturated))
    for (gravity, name), entries in found.items():
        calls = [call for call, _ in entries]
        text = f"{_percents(entries)} of the outputs are within 5% of a bound of the {name}"
        mends = offered(lines(initialized(m, names_of(*calls)), bias_to_zero(m, calls)))
        yield Found(gravity, "saturated", _names(calls), text, f"activations/{name}", mends)


def bias(m: Measured) -> Iterator[Found]:
    """Find biases larger than what the weights bring: they decide alone."""
    drowned, sizes, shares = [], [], []
    for call, then, report in m.each("matrix"):
        brought = report.gain * report.signal / report.signal_gain if report.signal_gain else 0.0
        size = _size_of_bias(call)
        if then.activation and not _decides(then) and 0 < limits.DROWNED * brought < size:
            drowned.append(call)
            sizes.append(size)
            shares.append(brought)
    if drowned:
        text = f"the bias ({span(sizes)} in size) drowns what the weights bring ({span(shares)})"
        mends = offered(bias_to_zero(m, drowned))
        yield Found("warning", "bias", _names(drowned), text, "activations/relu", mends)


def _decides(then: After) -> bool:
    """Say whether a layer's output is a gate's or the network's: its bias is the start it wants."""
    return then.gates or not (then.layers or then.norm or then.added)


def _size_of_bias(call: Call) -> float:
    own = getattr(call.module, "bias", None)
    return 0.0 if own is None or isinstance(own, bool) else rms(own).item()


def _by_chance(dead: float, call: Call) -> bool:
    """Say whether so many units would be dead if each were with probability one half."""
    deviation = 0.5 / math.sqrt(call.output.shape[call.unit_axis])
    return dead < min(0.5 + limits.BY_CHANCE * deviation, 1.0)


def _rows(call: Call) -> float:
    """Return over how many examples and positions a unit is seen."""
    output = call.output
    return 0 if output is None else output.numel() / max(output.shape[call.unit_axis], 1)


def _names(calls: list[Call]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.name for call in calls))


def _percents(entries: list[tuple[Call, float]]) -> str:
    return span([value for _, value in entries], ".0%")
