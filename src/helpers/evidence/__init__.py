"""Evidence: a statement is settled by a cell that measures it and raises where it does not hold.

Three kinds: :func:`claim` settles a statement of the sources, :func:`reproduction` a published
result, :func:`check` a sentence of our own. What they show is the same on every machine and in
every run, so that a notebook's stored outputs can be compared with those of a new run.
"""

from helpers.evidence.evidence import (
    VERDICTS,
    Card,
    EvidenceError,
    check,
    claim,
    load_ledger,
    reproduction,
)

__all__ = ["VERDICTS", "Card", "EvidenceError", "check", "claim", "load_ledger", "reproduction"]
