"""Evidence: a statement is settled by a cell that measures it and raises where it does not hold.

Three kinds: :func:`claim` settles a statement of the sources, :func:`reproduction` a published
result, :func:`check` a sentence of our own. What they show is the same on every machine and in
every run, so that a notebook's stored outputs can be compared with those of a new run.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from html import escape
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml
from IPython.display import display
from numpy.typing import ArrayLike

from helpers._checks import one_of

VERDICTS = MappingProxyType(
    {
        "holds": "Holds",
        "holds-if": "Holds under conditions",
        "refuted": "Refuted",
        "broken": "Does not work as printed",
    }
)


class EvidenceError(AssertionError):
    """A measurement contradicts the statement that it should support."""


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
    """

    kind: str
    id: str
    style: str
    heading: str
    statement: str
    measured: str

    def __repr__(self) -> str:
        return f"{self.heading}\n  {self.statement}\n  Measured: {self.measured}"

    def _repr_html_(self) -> str:
        return (
            f'<div class="evidence evidence-{self.style}" id="{self.kind}-{self.id}">'
            f'<p class="evidence-heading"><strong>{escape(self.heading)}</strong></p>'
            f'<p class="evidence-statement">{escape(self.statement)}</p>'
            f'<p class="evidence-measured"><b>Measured:</b> {escape(self.measured)}</p></div>'
        )


@lru_cache
def load_ledger() -> MappingProxyType[str, MappingProxyType[str, str]]:
    """Read the ledger of claims and reproductions.

    Returns
    -------
    Mapping
        From an id (``"S1-26"``, ``"R05"``) to its entry. A claim has the keys ``id``, ``where``,
        ``chapter``, ``verdict``, ``claim`` and perhaps ``note``; a reproduction has ``id``,
        ``chapter``, ``paper``, ``result`` and perhaps ``cite`` and ``note``. Read-only.

    Examples
    --------
    >>> load_ledger()["S1-26"]["verdict"]
    'broken'
    """
    folder = files("helpers.evidence") / "ledger"
    entries = {}
    for name in ("claims.yml", "reproductions.yml"):
        for entry in yaml.safe_load((folder / name).read_text(encoding="utf-8")):
            entries[entry["id"]] = MappingProxyType(entry)
    return MappingProxyType(entries)


def claim(id: str, *, verdict: str, holds: bool, measured: str) -> None:
    """Settle a statement of the sources and show its card.

    Parameters
    ----------
    id
        The claim's id in the ledger, for instance ``"S1-26"``.
    verdict
        ``"holds"``, ``"holds-if"``, ``"refuted"`` or ``"broken"``: must be the ledger's.
    holds
        Whether the measurement supports the *verdict* (not the statement): for a refuted statement
        it is true where the measurement refutes it.
    measured
        What was measured, rounded so that it is the same in every run.

    Raises
    ------
    EvidenceError
        If ``holds`` is false.
    ValueError
        If the ledger has no such claim or gives it another verdict, or if ``measured`` is empty.
    TypeError
        If ``holds`` is not a boolean.
    """
    entry = _entry("claim", id)
    one_of("verdict", verdict, VERDICTS)
    if verdict != entry["verdict"]:
        raise ValueError(f"the ledger's verdict on {id} is {entry['verdict']!r}; got {verdict!r}")
    _require(id, holds, measured)
    source, _, _ = id.partition("-")
    heading = f"{VERDICTS[verdict]} · {id} · source {source}: {entry['where']}"
    display(Card("claim", id, verdict, heading, entry["claim"], measured))


def reproduction(id: str, *, holds: bool, measured: str) -> None:
    """Compare a published result with what this course measures and show its card.

    Parameters
    ----------
    id
        The result's id in the ledger, for instance ``"R05"``.
    holds
        Whether the measurement agrees with the paper.
    measured
        What was measured, rounded so that it is the same in every run.

    Raises
    ------
    EvidenceError
        If ``holds`` is false.
    ValueError
        If the ledger has no such reproduction or ``measured`` is empty.
    TypeError
        If ``holds`` is not a boolean.
    """
    entry = _entry("reproduction", id)
    _require(id, holds, measured)
    heading = f"Reproduced · {id} · {entry['paper']}"
    display(Card("reproduction", id, "reproduction", heading, entry["result"], measured))


def check(
    statement: str, value: ArrayLike, expected: ArrayLike = True, tolerance: float = 0.0
) -> None:
    """Hold a sentence of the text to a number, and print one line that never varies.

    Parameters
    ----------
    statement
        What the text says, in a few words.
    value
        What was measured: a number, a truth value or an array.
    expected
        What it should be; by default ``True``, for a value that is a comparison.
    tolerance
        The largest absolute difference allowed. Not negative.

    Raises
    ------
    EvidenceError
        If any element of ``value`` is farther than ``tolerance`` from ``expected``, or is NaN.
    ValueError
        If ``tolerance`` is negative or NaN, or ``value`` is empty.

    Examples
    --------
    >>> check("the variance of a uniform law on [-a, a] is a^2/3", 0.3334, 1 / 3, 0.001)
    ✓ the variance of a uniform law on [-a, a] is a^2/3 (0.333 ± 0.001)
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be 0 or larger; got {tolerance!r}")
    measured = np.asarray(value, dtype=float)
    if measured.size == 0:
        raise ValueError(f"there is nothing to check in {statement!r}: value is empty")
    if not np.all(np.abs(measured - np.asarray(expected, dtype=float)) <= tolerance):
        raise EvidenceError(f"{statement}: expected {expected} ± {tolerance:g}, measured {value}")
    print(f"✓ {statement}{_allowed(expected, tolerance)}")


def _entry(kind: str, id: str) -> MappingProxyType[str, Any]:
    """Return the ledger's entry ``id`` if it is of this kind."""
    ledger = load_ledger()
    own = [key for key, entry in ledger.items() if ("paper" in entry) == (kind == "reproduction")]
    if id not in own:
        near = ", ".join(get_close_matches(str(id), own))
        raise ValueError(f"the ledger has no {kind} {id!r}; near to it are: {near or 'none'}")
    return ledger[id]


def _require(id: str, holds: bool, measured: str) -> None:
    """Raise unless the measurement supports the entry ``id`` and says what it saw."""
    if not isinstance(holds, (bool, np.bool_)):
        raise TypeError(f"holds must be True or False; got {holds!r}")
    if not isinstance(measured, str) or not measured.strip():
        raise ValueError(f"measured must say what was measured; got {measured!r}")
    if not holds:
        raise EvidenceError(f"{id}: the measurement does not support the verdict: {measured}")


def _allowed(expected: ArrayLike, tolerance: float) -> str:
    """Say what :func:`check` allows, with as many digits as the tolerance justifies."""
    if isinstance(expected, (bool, np.bool_)) or np.ndim(expected):
        return ""
    if tolerance == 0:
        return f" ({expected:g})"
    digits = max(0, -int(np.floor(np.log10(tolerance))))
    if not np.isclose(round(tolerance, digits), tolerance, rtol=0.01, atol=0):
        digits += 1
    return f" ({expected:.{digits}f} ± {tolerance:.{digits}f})"
