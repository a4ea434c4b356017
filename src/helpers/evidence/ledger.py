"""The ledger of claims and reproductions, and the verdicts that a claim may have."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

VERDICTS = MappingProxyType(
    {
        "holds": "Holds",
        "holds-if": "Holds under conditions",
        "refuted": "Refuted",
        "broken": "Does not work as printed",
    }
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

    Raises
    ------
    ValueError
        If a file of the ledger is empty.

    Examples
    --------
    >>> load_ledger()["S1-26"]["verdict"]
    'broken'
    """
    folder = files("helpers.evidence") / "ledger"
    entries = {}
    for name in ("claims.yml", "reproductions.yml"):
        listed = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        if not listed:
            raise ValueError(f"the ledger's file {folder / name} is empty")
        entries |= {entry["id"]: MappingProxyType(entry) for entry in listed}
    return MappingProxyType(entries)


def entry_of(kind: str, id: str) -> MappingProxyType[str, Any]:
    """Return the ledger's entry ``id`` if it is of this kind."""
    ledger = load_ledger()
    own = [key for key, entry in ledger.items() if ("paper" in entry) == (kind == "reproduction")]
    if id not in own:
        near = ", ".join(get_close_matches(str(id), own))
        raise ValueError(f"the ledger has no {kind} {id!r}; near to it are: {near or 'none'}")
    return ledger[id]
