"""Mends are tried on a copy of the model before a report prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn

from helpers._models import random_state_kept
from helpers.audit.found import Found
from helpers.audit.passes import UNFIT
from helpers.audit.records import Finding

LARGEST = 2**28
"""A model of more numbers (1 GB in float32) is not copied."""
TRIES = 12
"""So many mends of one audit are tried, each with a pass or two."""

Examine = Callable[[nn.Module], list[Found]]


@dataclass(frozen=True)
class State:
    """A copy of the model after some mends, and what is found in it."""

    model: nn.Module
    found: list[Found]


def tried(model: nn.Module, found: list[Found], examine: Examine) -> list[Finding]:
    """Return the findings, each with the first of its mends that helps.

    A mend helps if its finding goes and no new warning comes, or nothing as grave as what went.
    The mends add up, the gravest finding's first: what goes with an earlier mend gets its lines.
    A fault that another one hid is mended with it.
    """
    if not any(one.mends for one in found):
        return [one.finding("") for one in found]
    if why := _not_copied(model):
        return [one.finding(_untried(one, why)) for one in found]
    state, tries = State(model, found), iter(range(TRIES))
    done: list[tuple[str, State]] = []
    untried: dict[Found, str] = {}
    for one in found:
        if _gone(one, state.found):
            continue
        for lines in one.mends:
            if next(tries, None) is None:
                untried[one] = _untried(one, f"{TRIES} others were")
            elif after := _helped(one, lines, state, examine):
                state = after[1]
                done.append(after)
                break
    return [one.finding(untried.get(one, "") or _mend(one, done)) for one in found]


def _mend(one: Found, done: Iterable[tuple[str, State]]) -> str:
    """Return the first lines with which a finding went; a note without mends needs none."""
    if one.gravity == "note" and not one.mends:
        return ""
    return next((lines for lines, after in done if _gone(one, after.found)), "")


def _helped(one: Found, lines: str, state: State, examine: Examine) -> tuple[str, State] | None:
    """Return the lines, with those for what was hidden, and what they lead to, if they help."""
    after = _after(lines, state, examine)
    if after is None or not _gone(one, after.found):
        return None
    fresh = _fresh(state.found, after.found)
    hidden = next((other.mends[0] for other in fresh if other.mends), None)
    if hidden is not None:
        longer = _after(hidden, after, examine)
        if longer and _gone(one, longer.found) and not _fresh(state.found, longer.found):
            return f"{lines}\n{hidden}", longer
    return (lines, after) if all(other.rank > one.rank for other in fresh) else None


def _after(lines: str, state: State, examine: Examine) -> State | None:
    """Return what the lines lead to, None where they or the model then fail."""
    model = copied(state.model)
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    with random_state_kept(device):
        torch.manual_seed(0)
        try:
            exec(lines, {"model": model, "torch": torch})
            return State(model, examine(model))
        except UNFIT:
            return None


def copied(model: nn.Module) -> nn.Module:
    """Return a copy of a model, also where a layer keeps a computed weight."""
    computed = [
        value
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    ]
    return deepcopy(model, {id(tensor): tensor.detach().clone() for tensor in computed})


def too_large(model: nn.Module) -> bool:
    """Say whether a model has more numbers than are copied."""
    return sum(parameter.numel() for parameter in model.parameters()) > LARGEST


def _not_copied(model: nn.Module) -> str:
    """Return why a model cannot be copied, "" if it can."""
    if too_large(model):
        return f"the model has more than {LARGEST:,} parameters"
    try:
        copied(model)
    except Exception as error:  # whatever a class's own way of copying raises
        return f"the model cannot be copied, {type(error).__name__}"
    return ""


def _untried(one: Found, why: str) -> str:
    return f"# Not tried: {why}\n{one.mends[0]}" if one.mends else ""


def _gone(one: Found, after: Iterable[Found]) -> bool:
    """Say whether a finding went, or became a note."""
    notes = one.gravity == "note"
    return not any(one.overlaps(other) and (notes or other.gravity != "note") for other in after)


def _fresh(before: Iterable[Found], after: Iterable[Found]) -> list[Found]:
    """Return the findings, notes aside, that came or became graver."""
    return [
        other
        for other in after
        if other.gravity != "note"
        and not any(other.overlaps(one) and one.rank <= other.rank for one in before)
    ]
