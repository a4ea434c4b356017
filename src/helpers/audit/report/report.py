"""The report of an audit: as a record, as text, as a table of pandas and as a figure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from helpers.audit.records import GRAVITIES, Finding, LayerReport
from helpers.audit.report.text import text
from helpers.audit.report.words import NUMBERS, cell_of, laws_of, printable

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

SCHEMA = 1
"""Version of what ``Report.to_dict`` holds: one more when a key goes or changes its meaning."""


@dataclass(frozen=True)
class Report:
    """What :func:`helpers.audit.audit` found; shown as text, in a notebook as a table.

    Parameters
    ----------
    model
        The name of the model's class.
    parameters
        How many numbers it learns or holds fixed.
    loss, loss_kind
        The number from which the gradient started, and where it came from: ``"as given"``,
        ``"the output's own"`` or ``"random projection"``. None and "" where no pass was made.
    layers
        A report for each call of a layer with parameters, in the order of the forward pass; after
        them the layers that were not called.
    findings
        The gravest first.
    """

    model: str
    parameters: int
    loss: float | None
    loss_kind: str
    layers: tuple[LayerReport, ...]
    findings: tuple[Finding, ...]

    @property
    def grave(self) -> tuple[Finding, ...]:
        """The grave findings alone."""
        return tuple(finding for finding in self.findings if finding.gravity == "grave")

    def to_dict(self) -> dict[str, Any]:
        """Return the report in plain lists, dicts, numbers and strings, ready for JSON.

        ``"schema"`` counts the versions of this form: keys may come at any time; it grows when one
        goes or changes its meaning. NaN is None, an infinite number is text.
        """
        layers = [
            {name: _plain(value) for name, value in asdict(layer).items()}
            | {"laws": {name: str(law) for name, law in layer.laws.items()}}
            for layer in self.layers
        ]
        found = [asdict(finding) | {"link": finding.link} for finding in self.findings]
        own = {"schema": SCHEMA, "model": self.model, "parameters": self.parameters}
        loss = {"loss": _plain(self.loss), "loss_kind": self.loss_kind}
        return own | loss | {"layers": layers, "findings": found}

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a table with one row a layer."""
        from pandas import DataFrame  # pip install "good-start[course]"

        return DataFrame(self.to_dict()["layers"])

    def plot(self) -> Figure:
        """Return a figure: signal and gradient layer by layer, with what theory predicts."""
        from helpers.audit.report.figure import figure

        return figure(self)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells of the table as text, one tuple a layer, as ``HEADINGS`` has them."""
        return [
            (
                printable(layer.name) or "(the model)",
                printable(layer.kind),
                f"{layer.fan_in}, {layer.fan_out}" if layer.fan_in else "",
                laws_of(layer),
                layer.follows,
                *(cell_of(key, getattr(layer, key)) for key in NUMBERS),
            )
            for layer in self.layers
        ]

    def summary(self) -> str:
        """Return one line: how large the model is and how much was found."""
        counts = [
            f"{n} {gravity}"
            for gravity in GRAVITIES
            if (n := sum(finding.gravity == gravity for finding in self.findings))
        ]
        loss = "" if self.loss is None else f"; loss {self.loss:.3g} ({self.loss_kind})"
        return (
            f"Audit of {printable(self.model)}: {self.parameters:,} parameters{loss}; "
            f"findings: {', '.join(counts) or 'none'}"
        )

    def to_text(self, width: int | None = None) -> str:
        """Return the report as text.

        Parameters
        ----------
        width
            The longest line, at least 40: a table that is wider comes in parts. Lines of code and
            links are left whole. Without it the table is as wide as it has to be.
        """
        return text(self, width)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from helpers.audit.report.html import html

        return html(self)


def _plain(value: Any) -> Any:
    """Return None for NaN, text for infinity: JSON has neither; a tuple as a list."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return list(value) if isinstance(value, tuple) else value
