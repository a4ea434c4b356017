"""First names of the United States, with how often they occur."""

from __future__ import annotations

import gzip
from typing import NamedTuple

import numpy as np

from helpers.data.shipped import read_shipped

SHA256 = {
    "female.txt.gz": "cf27518f7e4c23badf53dd4deeea0a78c0f00bb1c701470598d875330a99d885",
    "male.txt.gz": "7729a8b50ce35289c4eda03e985742e33ce36d42cb1f9d0d175b97d63f9866bc",
}


class Names(NamedTuple):
    """First names in alphabetical order, with read-only frequencies."""

    names: tuple[str, ...]
    """5,163 distinct names, in small letters a to z."""
    female: np.ndarray
    """(5163,) float64: percent of all women who bear the name; 0 where too rare to be listed."""
    male: np.ndarray
    """(5163,) float64: percent of all men who bear the name."""


def load_names() -> Names:
    """Return the first names of the US census of 1990, from the package's own files.

    Returns
    -------
    Names
        ``names`` and their frequencies ``female`` and ``male``; read-only.

    Raises
    ------
    FileNotFoundError
        If a file of the package is missing.
    ValueError
        If a file is not the one that was shipped (its SHA-256 differs).

    References
    ----------
    US Census Bureau, "Frequently occurring surnames and first names, 1990"; public domain.

    Examples
    --------
    >>> load_names().names[:3]
    ('aaron', 'abbey', 'abbie')
    """
    female, male = _read("female.txt.gz"), _read("male.txt.gz")
    names = tuple(sorted(female | male))
    return Names(names, *(_frequencies(names, table) for table in (female, male)))


def _read(name: str) -> dict[str, float]:
    """Return the names of one file, in small letters, and their percentage."""
    packed = read_shipped(f"names/{name}", SHA256[name])
    rows = [line.split() for line in gzip.decompress(packed).decode().splitlines()]
    return {row[0].lower(): float(row[1]) for row in rows}


def _frequencies(names: tuple[str, ...], table: dict[str, float]) -> np.ndarray:
    percent = np.array([table.get(name, 0.0) for name in names])
    percent.flags.writeable = False
    return percent
