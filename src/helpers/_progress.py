"""Progress bars that leave nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm  # pip install "good-start[course]"

from helpers._checks import check_text, shown


def progress(iterable: Iterable, description: str) -> tqdm:
    """Return ``iterable`` with a passing progress bar; ``TQDM_DISABLE=1`` switches all bars off.

    Parameters
    ----------
    iterable
        What to loop over.
    description
        Stands in front of the bar.

    Raises
    ------
    TypeError
        If there is nothing to loop over, or the description is no text.
    """
    try:
        iter(iterable)
    except TypeError:
        got = shown(iterable)
        raise TypeError(f"iterable must be something to loop over; got {got}") from None
    check_text("description", description)
    return progress_bar(description, iterable=iterable)


def progress_bar(description: str, *, shown: bool = True, **what: Any) -> tqdm:
    off = not shown or os.environ.get("TQDM_DISABLE", "0") not in {"", "0"}
    return tqdm(desc=description, leave=False, disable=off, **what)
