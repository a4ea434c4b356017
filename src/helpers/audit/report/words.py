"""The words and the cells of which an audit's report is made."""

from __future__ import annotations

import math
from textwrap import wrap

from helpers.audit.records import Finding, LayerReport

NUMBERS = {
    "gain": "gain",
    "critical": "asked",
    "signal": "signal",
    "spread": "spread",
    "gradient": "gradient",
    "dead": "dead",
    "saturated": "saturated",
}
HEADINGS = ("layer", "class", "fans", "weights", "then", *NUMBERS.values())
_LINE = 100


def layers_of(finding: Finding) -> str:
    """Return the names of a finding's layers; of many the first three."""
    names = [name or "(the model)" for name in finding.layers]
    more = f" and {len(names) - 3} more" if len(names) > 4 else ""
    return ", ".join(names[:3] if more else names) + more


def sentence(finding: Finding) -> str:
    """Return a finding's text with a capital letter and a full stop."""
    return f"{finding.text[:1].upper()}{finding.text[1:]}."


def paragraph(finding: Finding) -> str:
    """Return a finding as lines of text."""
    head = f"{finding.gravity.upper()}  {finding.principle}: {layers_of(finding)}".rstrip(": ")
    lines = [head, *("    " + line for line in wrap(sentence(finding), _LINE - 4))]
    mend = zip(["mend: ", *[" " * 6] * 99], finding.mend.splitlines(), strict=False)
    lines += [f"    {label}{line}" for label, line in mend]
    return "\n".join([*lines, f"    why:  {finding.link}", ""])


def laws_of(layer: LayerReport) -> str:
    """Return the laws of the weights; those of biases and normalization only where they differ."""
    weights = [str(law) for name, law in layer.laws.items() if "bias" not in name]
    return "; ".join(dict.fromkeys(weights))


def cell_of(key: str, value: float) -> str:
    """Write a number of a layer; nothing where it is NaN."""
    if math.isnan(value):
        return ""
    if key in ("dead", "saturated"):
        return f"{value:.0%}"
    return f"{value:.3g}" if key in ("gain", "critical") else f"{value:.2g}"
