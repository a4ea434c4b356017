"""The interactive figures of the site, in a notebook: the same modules, beside a kernel.

They compute in the browser; what a reader sets there, Python can read, and the other way round.
"""

from __future__ import annotations

from pathlib import Path

import anywidget  # pip install "good-start[course]"
import traitlets

from helpers._bundling import bundle, explorer_names
from helpers._checks import check_text, one_of


def _folder() -> Path:
    """Find the modules: beside ``src`` in the repository, inside ``helpers`` once installed."""
    here = Path(__file__).resolve()
    inside = here.parent / "explorer_modules"
    return inside if inside.is_dir() else here.parents[2] / "explorers"


FOLDER = _folder()
EXPLORERS = tuple(explorer_names(FOLDER))


class Explorer(anywidget.AnyWidget):
    """An interactive figure. Made by :func:`explorer`."""

    _esm = bundle(FOLDER / "notebook.js", module=True)
    _css = (FOLDER / "view" / "explorers.css").read_text("utf-8")
    name = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)


def explorer(name: str, state: str = "") -> Explorer:
    """Show an interactive figure of the site.

    Parameters
    ----------
    name
        One of ``EXPLORERS``: ``"signal"`` shows what a start does to a deep network.
    state
        Its first settings, as in the site's address: ``"scheme=he_normal&depth=30"``. What is
        missing has the figure's own first setting. What the figure does not know is left out, and
        the figure says so.

    Returns
    -------
    Explorer
        Display it as the last expression of a cell. Its ``state`` follows the controls, and the
        controls follow it.

    Raises
    ------
    TypeError
        If ``name`` or ``state`` is no text.
    ValueError
        If there is no such figure.

    Examples
    --------
    >>> shown = explorer("signal", "scheme=he_normal&activation=relu")
    >>> shown.state
    'scheme=he_normal&activation=relu'
    """
    one_of("explorer", name, EXPLORERS)
    check_text("state", state)
    return Explorer(name=name, state=state)
