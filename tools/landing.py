"""The course as one file, offered on the landing page, which keeps a place for each kind."""

from __future__ import annotations

import re
from pathlib import Path

from tools.files import write_whole


def offer(file: Path, kind: str, text: str, more: str = "") -> None:
    """Link to a file that stands at the root of the site.

    Parameters
    ----------
    kind
        Class of the paragraph that waits for it: ``paper`` or ``reader``.
    text
        What the link says.
    more
        What follows it, before the size.
    """
    landing = file.parent / "book" / "index.html"
    size = f"{file.stat().st_size / 1e6:.0f} MB"
    link = f'<p class="{kind}"><a href="../{file.name}">{text}</a>: {more}{size}.</p>'
    place = re.compile(f'<p class="{kind}"[^>]*>.*?</p>', re.DOTALL)
    write_whole(landing, place.sub(link, landing.read_text("utf-8")))
