"""Faults in the markup that the theme and the extensions write, most heard by screen readers."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

MENDS = (
    # A bibliography is a list; its entries must be list items (the role they carry is deprecated).
    (re.compile(r' role="doc-biblioentry"'), ' role="listitem"'),
    # The label of a folded cell hides the words that are visible on it.
    (re.compile(r'(<summary)\s+aria-label="[^"]*"'), r"\1"),
    # Ids that are the same for every proof, exercise and solution of a page.
    (re.compile(r'(<div class="proof admonition") id="proof"'), r"\1"),
    (re.compile(r'(<section[^>]*?) id="(?:proof|exercise|solution)-content"'), r"\1"),
    # A Chinese term of the glossary is to be read as Chinese.
    (re.compile(r'(<dt id="[^"]*")(>[^<]*[\u4e00-\u9fff])'), r'\1 lang="zh"\2'),
    # The corner of a table of pandas heads nothing.
    (re.compile(r"<th></th>"), "<td></td>"),
    # A card's number is a link to it, so that it can be passed on.
    (
        re.compile(
            r'(<div class="evidence[^>]* id="([^"]+)"[^>]*>\s*<p class="evidence-heading">.*?)</p>'
        ),
        r'\1 <a class="permalink" href="#\2" aria-label="Link to this card: \2">#</a></p>',
    ),
    # An exercise stands above its solution: a link to it would be one more stop of the Tab key.
    (re.compile(r'(Solution to)<a class="reference internal"[^>]*> (.*?)</a>'), r"\1 \2"),
)

PHONE = 30
"""As many characters of code or of a formula fit into a line of a phone, whatever stands around."""
CODE = re.compile(r"<pre>(?=(.*?)</pre>)", re.DOTALL)
TABLE = re.compile(
    r'<div class="(?:pst-scrollable-table-container|output text_html)"'
    r"(?=>\s*(?:<div>\s*)?<(?:style|table))"
)


def text(html: str) -> str:
    """Return what is read of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def with_stops(body: str) -> str:
    """Make what may be too wide for a phone a stop of the Tab key; course.js clears the rest."""

    def mend(match: re.Match[str]) -> str:
        lines = text(match[1]).splitlines()
        return '<pre tabindex="0">' if max(map(len, lines), default=0) > PHONE else match[0]

    return TABLE.sub(r'\g<0> tabindex="0"', CODE.sub(mend, body))


def mend(body: str) -> str:
    """Return a page's HTML with the known faults mended."""
    for pattern, replacement in MENDS:
        body = pattern.sub(replacement, body)
    return with_stops(body)


def mend_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mend the body of a page before it is written."""
    if "body" in context:
        context["body"] = mend(context["body"])


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", mend_page)
