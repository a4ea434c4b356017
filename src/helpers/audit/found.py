"""What a principle hands on: a finding, and the lines of code that may mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpers.audit.records import GRAVITIES, Finding


@dataclass(frozen=True)
class Found:
    """A finding before its mends are tried.

    Parameters
    ----------
    gravity, principle, layers, text, chapter
        As those of a :class:`helpers.audit.Finding`.
    mends
        Lines of code, the best first. The first that helps on a copy is printed.
    advice
        What to do where none of them helps, or where a change of the code is needed.
    opens
        Whether the first step of training may remove it.
    """

    gravity: str
    principle: str
    layers: tuple[str, ...]
    text: str
    chapter: str
    mends: tuple[str, ...] = ()
    advice: str = ""
    opens: bool = False

    @property
    def rank(self) -> int:
        """Its place among the gravities: 0 for grave."""
        return GRAVITIES.index(self.gravity)

    def overlaps(self, other: Found) -> bool:
        """Say whether both break the same principle, in a layer that they share."""
        if self.principle != other.principle:
            return False
        if not (self.layers and other.layers):
            return True
        return not set(self.layers).isdisjoint(other.layers)

    def finding(self, mend: str) -> Finding:
        """Return the finding with this mend; without one its advice is in the text."""
        text = self.text if mend or not self.advice else f"{self.text}. {self.advice}"
        return Finding(self.gravity, self.principle, self.layers, text, mend, self.chapter)


def grade(value: float, limits: Mapping[str, float]) -> str | None:
    """Return the gravest limit that the value exceeds."""
    return next((gravity for gravity, limit in limits.items() if value > limit), None)


def span(values: Sequence[float], form: str = ".2g") -> str:
    """Return the least and the largest value in words, one of them where they read alike."""
    low, high = f"{min(values):{form}}", f"{max(values):{form}}"
    return low if low == high else f"{low} to {high}"
