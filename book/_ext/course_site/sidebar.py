"""The sidebar's list of pages: the part that is read lies open, the others are folded.

All pages at once are forty links to pass with the Tab key, and a list that no screen holds.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PART = re.compile(
    r'<p[^>]*class="caption"[^>]*><span class="caption-text">(?P<title>.*?)</span></p>\s*'
    r"(?P<pages><ul.*?</ul>)",
    re.DOTALL,
)
CURRENT = re.compile(r'<li class="[^"]*\bcurrent\b')


def in_parts(html: object) -> str:
    """Return the theme's list of pages with each part in a fold; the first is open on no part."""
    parts = list(PART.finditer(str(html)))
    current = [bool(CURRENT.search(part["pages"])) for part in parts]
    if not any(current):
        current[:1] = [True]
    return "\n".join(
        f'<details class="course-part"{" open" if is_open else ""}>'
        f"<summary>{part['title']}</summary>{part['pages']}</details>"
        for part, is_open in zip(parts, current, strict=True)
    )


def offer(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let the sidebar's template ask for it."""
    context["in_parts"] = in_parts


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", offer)
