"""Evidence: a statement is settled by a cell that measures it and raises where it does not hold.

:func:`claim` settles a statement of the sources, :func:`reproduction` a published result; each
rests on what :func:`condition` states. :func:`check` holds a sentence of our own. All of them show
what was measured in this run after the sign ≈, written by :func:`about`, and what was allowed.
Everything but what follows ≈ is the same on every machine and in every run, so that a notebook's
stored outputs can be compared with those of a new run.
"""

from helpers.evidence.cards import Card, claim, reproduction
from helpers.evidence.conditions import Condition, EvidenceError, check, condition
from helpers.evidence.ledger import VERDICTS, load_ledger
from helpers.evidence.numbers import about

__all__ = [
    "VERDICTS",
    "Card",
    "Condition",
    "EvidenceError",
    "about",
    "check",
    "claim",
    "condition",
    "load_ledger",
    "reproduction",
]
