"""The cards that settle a statement of the sources, or a published result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np
from IPython.display import display  # pip install "good-start[course]"

from helpers._checks import check_text, one_of
from helpers.evidence.conditions import Condition, EvidenceError
from helpers.evidence.ledger import VERDICTS, entry_of

CONDITIONS = "What this rests on"


@dataclass(frozen=True)
class Card:
    """What an evidence cell shows: as HTML in a notebook and on the site, as text elsewhere.

    Attributes
    ----------
    kind
        ``"claim"`` or ``"reproduction"``.
    id
        The entry of the ledger, for instance ``"S1-26"``.
    style
        The verdict, or ``"reproduction"``: the card's class on the site.
    heading
        The verdict in words, and where the statement stands.
    statement
        The statement in our words.
    measured
        What the cell measured.
    conditions
        What the verdict rests on, each with what was measured and what was allowed.
    """

    kind: str
    id: str
    style: str
    heading: str
    statement: str
    measured: str
    conditions: tuple[Condition, ...] = ()

    def __repr__(self) -> str:
        lines = [self.heading, f"  {self.statement}", f"  Measured: {self.measured}"]
        return "\n".join([*lines, *(f"    {each}" for each in self.conditions)])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(str(each))}</li>" for each in self.conditions)
        folded = f"<details><summary>{CONDITIONS}</summary><ul>{items}</ul></details>"
        return (
            f'<div class="evidence evidence-{self.style}" id="{self.kind}-{self.id}">'
            f'<p class="evidence-heading"><strong>{escape(self.heading)}</strong></p>'
            f'<p class="evidence-statement">{escape(self.statement)}</p>'
            f'<p class="evidence-measured"><b>Measured:</b> {escape(self.measured)}</p>'
            f"{folded if items else ''}</div>"
        )


def claim(
    id: str,
    *,
    verdict: str,
    measured: str,
    conditions: Iterable[Condition] | None = None,
    holds: bool | None = None,
) -> None:
    """Settle a statement of the sources and show its card.

    Parameters
    ----------
    id
        The claim's id in the ledger, for instance ``"S1-26"``.
    verdict
        ``"holds"``, ``"holds-if"``, ``"refuted"`` or ``"broken"``: must be the ledger's.
    measured
        What was measured, every number of it through ``about``.
    conditions
        What the *verdict* rests on (not the statement: a refuted statement rests on what refutes
        it). Shown under the card, folded.
    holds
        In place of conditions: whether the measurement supports the verdict.

    Raises
    ------
    EvidenceError
        If a condition fails, or ``holds`` is false; the message says which, and what was measured.
    ValueError
        If the ledger has no such claim or gives it another verdict, if ``measured`` is empty, or
        there are no conditions.
    TypeError
        If a condition is none, ``holds`` is not a boolean, or neither or both are given.
    """
    check_text("id", id)
    entry = entry_of("claim", id)
    one_of("verdict", verdict, VERDICTS)
    if verdict != entry["verdict"]:
        raise ValueError(f"the ledger's verdict on {id} is {entry['verdict']!r}; got {verdict!r}")
    rests_on = _require(id, measured, conditions, holds)
    source, _, _ = id.partition("-")
    heading = f"{VERDICTS[verdict]} · {id} · source {source}: {entry['where']}"
    display(Card("claim", id, verdict, heading, entry["claim"], measured, rests_on))


def reproduction(
    id: str,
    *,
    measured: str,
    conditions: Iterable[Condition] | None = None,
    holds: bool | None = None,
) -> None:
    """Compare a published result with what this course measures and show its card.

    Parameters
    ----------
    id
        The result's id in the ledger, for instance ``"R05"``.
    measured, conditions, holds
        As for ``claim``: what shows that the measurement agrees with the paper.

    Raises
    ------
    EvidenceError
        If a condition fails, or ``holds`` is false; the message says which, and what was measured.
    ValueError
        If the ledger has no such reproduction, ``measured`` is empty, or there are no conditions.
    TypeError
        If a condition is none, ``holds`` is not a boolean, or neither or both are given.
    """
    check_text("id", id)
    entry = entry_of("reproduction", id)
    rests_on = _require(id, measured, conditions, holds)
    heading = f"Reproduced · {id} · {entry['paper']}"
    display(Card("reproduction", id, "reproduction", heading, entry["result"], measured, rests_on))


def _require(
    id: str, measured: str, conditions: Iterable[Condition] | None, holds: bool | None
) -> tuple[Condition, ...]:
    """Raise unless the measurement supports the entry ``id`` and says what it saw."""
    if (conditions is None) == (holds is None):
        raise TypeError("give conditions, or holds; not both, and not neither")
    if not isinstance(measured, str) or not measured.strip():
        raise ValueError(f"measured must say what was measured; got {measured!r}")
    if conditions is None:
        if not isinstance(holds, (bool, np.bool_)):
            raise TypeError(f"holds must be True or False; got {holds!r}")
        if not holds:
            raise EvidenceError(f"{id}: the measurement does not support the verdict: {measured}")
        return ()
    listed = isinstance(conditions, Iterable) and getattr(conditions, "ndim", 1)
    rests_on = tuple(conditions) if listed else (conditions,)
    if wrong := [each for each in rests_on if not isinstance(each, Condition)]:
        raise TypeError(f"conditions must come from evidence.condition; got {wrong[0]!r}")
    if not rests_on:
        raise ValueError("conditions must hold at least one")
    if failed := [str(each) for each in rests_on if not each.holds]:
        raise EvidenceError(f"{id}: " + "; ".join(failed))
    return rests_on
