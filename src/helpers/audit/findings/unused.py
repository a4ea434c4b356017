"""The audit's principle of use: trained parameters that the loss sends no gradient to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from helpers._models import random_state_kept
from helpers.audit.found import Found
from helpers.audit.measured import Measured
from helpers.audit.norms import rms
from helpers.audit.trials import TRIES, copied, too_large

_OWN = "practice/audit-your-network"
_SAME = 1e-5
"""Two passes through the same network give losses that differ by less than this part of them."""

Look = Callable[[nn.Module], Measured]


def unused(m: Measured, look: Look) -> Iterator[Found]:
    """Find parameters without a gradient, and say whether the loss depends on them all the same.

    A head whose output is not used may stay. A part that the loss depends on, but that no gradient
    reaches, will not be trained: it is tried with other numbers in it.
    """
    idle = [p for p in m.parameters if p.requires_grad and p.gradient is None]
    layers: dict[str, list[str]] = {}
    for parameter in idle:
        layers.setdefault(parameter.layer, []).append(parameter.name)
    cut = {name for own in _cut_off(m, look, list(layers.values())) for name in own}
    if cut:
        text = (
            "the loss depends on these parameters, but no gradient reaches them: detach(), "
            "no_grad() or a function without a derivative comes after them"
        )
        advice = "If that is meant, freeze them with requires_grad_(False)"
        names = tuple(p.name for p in idle if p.name in cut)
        yield Found("warning", "detached", names, text, _OWN, (), advice)
    if rest := tuple(p.name for p in idle if p.name not in cut):
        text = "the loss of this batch does not depend on these parameters"
        yield Found("note", "unused", rest, text, _OWN)


def left_out(one: Found, m: Measured, look: Look) -> Found:
    """Return a warning of a gradient that is exactly 0 as a note if what is there is left out.

    In the last block of a network that reads its class token alone the other tokens are left out.
    With NaN in its place the loss stays a number; a product with 0 would be NaN.
    """
    if one.gravity != "warning" or too_large(m.model):
        return one
    model = copied(m.model)
    with torch.no_grad():
        for name in one.layers:
            model.get_parameter(name).fill_(math.nan)
    try:
        reached = not look(model).result.loss.isfinite()
    except Exception:  # a model that cannot take such numbers
        return one
    text = "the loss of this batch leaves out what these parameters give: their gradient is 0"
    return one if reached else Found("note", "unused", one.layers, text, _OWN)


def _cut_off(m: Measured, look: Look, layers: list[list[str]]) -> list[list[str]]:
    """Return the layers, as the names of their parameters, on which the loss depends."""
    everything = [name for names in layers for name in names]
    if not layers or too_large(m.model) or not m.result.loss.isfinite():
        return []
    try:
        if _same(_loss(m, look, everything), m.result.loss.item()):
            return []
        loss = _loss(m, look, [])
        if not _same(_loss(m, look, []), loss):  # it depends on chance: nothing can be seen
            return []
        if len(layers) > TRIES:
            return [] if _same(_loss(m, look, everything), loss) else layers
        return [names for names in layers if not _same(_loss(m, look, names), loss)]
    except Exception:  # a model that cannot be copied, or not take such numbers
        return []


def _loss(m: Measured, look: Look, names: Sequence[str]) -> float:
    """Return the loss where these parameters hold random numbers of about their own size more."""
    model, numbers = copied(m.model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name in names:
            parameter = model.get_parameter(name)
            noise = torch.randn(parameter.shape, generator=numbers).to(parameter)
            parameter += noise * (rms(parameter).item() or 1.0)
    with random_state_kept(next(model.parameters()).device):
        torch.manual_seed(0)
        return look(model).result.loss.item()


def _same(value: float, other: float) -> bool:
    return math.isclose(value, other, rel_tol=_SAME)
