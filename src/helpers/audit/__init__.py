"""Audit the start of any network: what its weights are, what they do, and what to mend.

In a notebook or a program::

    from helpers.audit import audit

    audit(model, batch, loss=lambda output: cross_entropy(output, labels))

The same on the command line: ``good-start-audit package.module:factory``, where the factory returns
(model, batch) or (model, batch, loss). What ``audit`` is for one network, ``coordinate_check`` is
for one that grows in width: it takes a few steps at each.
"""

from helpers.audit.auditing import audit
from helpers.audit.coordinates import coordinate_check
from helpers.audit.laws import Law
from helpers.audit.records import Finding, LayerReport
from helpers.audit.report import Report
from helpers.audit.rows import equal_rows
from helpers.audit.updates import first_step

__all__ = [
    "Finding",
    "Law",
    "LayerReport",
    "Report",
    "audit",
    "coordinate_check",
    "equal_rows",
    "first_step",
]
