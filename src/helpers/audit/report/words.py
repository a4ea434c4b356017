"""The words and the cells of which an audit's report is made."""

from __future__ import annotations

import math

from helpers.audit.records import Finding, LayerReport

NUMBERS = {
    "gain": "gain",
    "critical": "asked",
    "signal": "signal",
    "spread": "spread",
    "gradient": "gradient",
    "dead": "dead",
    "saturated": "saturated",
    "step": "step back",
}
HEADINGS = ("layer", "class", "fans", "weights", "then", *NUMBERS.values())


def printable(text: str) -> str:
    r"""Return a line with an escape, as in ``\x1b``, for each character that cannot be seen.

    A layer can have any name: one with control characters could move the terminal's cursor.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def layers_of(finding: Finding) -> str:
    """Return the names of a finding's layers; of many the first three."""
    names = [printable(name) or "(the model)" for name in finding.layers]
    more = f" and {len(names) - 3} more" if len(names) > 4 else ""
    return ", ".join(names[:3] if more else names) + more


def sentence(finding: Finding) -> str:
    """Return a finding's text with a capital letter and a full stop."""
    return printable(f"{finding.text[:1].upper()}{finding.text[1:]}.")


def code_of(finding: Finding) -> list[str]:
    """Return the lines of a finding's mend."""
    return [printable(line) for line in finding.mend.split("\n")] if finding.mend else []


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
