"""Links to the cell that settles a claim or reproduces a result: the role ``evidence``.

``{evidence}`S1-26` `` shows the entry's number, ``{evidence}`it fails <S1-26>` `` these words.
"""

from __future__ import annotations

from difflib import get_close_matches

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole

from helpers.evidence import load_ledger


class evidence_link(nodes.General, nodes.Inline, nodes.Element):
    """The place of a link to an entry's cell, until the titles of the chapters are known.

    Without a ``text`` of its own the link shows the chapter's title.
    """


class EvidenceRole(ReferenceRole):
    """The role ``evidence``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Leave a place for the link."""
        ledger = load_ledger()
        if self.target in ledger:
            return [evidence_link(entry=self.target, text=self.title)], []
        near = ", ".join(get_close_matches(self.target, ledger)) or "none"
        message = f"the ledger has no entry {self.target!r}; near to it are: {near}"
        return [], [self.inliner.reporter.error(message, line=self.lineno)]


def fill(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the links in their places; without the chapter only the text is left."""
    for place in list(doctree.findall(evidence_link)):
        entry = load_ledger()[place["entry"]]
        target = f"chapters/{entry['chapter']}"
        if target not in app.env.titles:
            place.replace_self(nodes.inline("", place.get("text", entry["chapter"])))
            continue
        kind = "claim" if "claim" in entry else "reproduction"
        address = f"{app.builder.get_relative_uri(page, target)}#{kind}-{entry['id']}"
        text = place.get("text", app.env.titles[target].astext())
        place.replace_self(nodes.reference("", text, internal=True, refuri=address))


def setup(app: Sphinx) -> None:
    """Register the role and its node."""
    app.add_role("evidence", EvidenceRole())
    app.add_node(evidence_link)
    app.connect("doctree-resolved", fill)
