"""The pages that the ledger and the notebooks make together: nothing on them is typed twice.

Directives: ``claim-totals``, ``claims`` (options ``verdicts``, ``source``) and ``reproductions``.
What a row says comes from the ledger; what was measured, from the card that the chapter stores.
A chapter that exists must store a card for each of its entries, else the build warns.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinxcontrib.bibtex.roles import CiteRole

from helpers.evidence import VERDICTS, load_ledger

from .evidence_links import evidence_link

Entry = Mapping[str, str]
logger = logging.getLogger(__name__)
NOTES = {"refuted": "What is right", "broken": "What fails", "holds-if": "The condition"}
CARD = re.compile(
    r'<div class="evidence evidence-(?P<style>[\w-]+)" id="(?:claim|reproduction)-(?P<id>[\w-]+)">'
    r".*?<p class=\"evidence-statement\">(?P<statement>.*?)</p>"
    r'<p class="evidence-measured"><b>Measured:</b> (?P<measured>.*?)</p>'
    r"(?:<details>.*?</details>)?</div>",
    re.DOTALL,
)


class StoredCard(NamedTuple):
    """A card as a chapter stores it: its style, the statement and what was measured."""

    style: str
    statement: str
    measured: str


def stored_cards(notebook: dict) -> dict[str, StoredCard]:
    """Return the evidence cards that a notebook stores, by the id of their entry."""
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", []))
    texts = ("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    cards = (card for text in texts for card in CARD.finditer(text))
    return {
        card["id"]: StoredCard(card["style"], *map(unescape, card.group("statement", "measured")))
        for card in cards
    }


@cache
def cards_of(path: Path, modified: int) -> dict[str, StoredCard]:
    """Return the cards of a notebook's file, read once for each time that it was modified."""
    return stored_cards(json.loads(path.read_text("utf-8")))


def faults(entry: Entry, card: StoredCard | None) -> list[str]:
    """Say what keeps a chapter's stored card from being the evidence of an entry."""
    if card is None:
        return [f"{entry['id']} has no evidence in the chapter {entry['chapter']}"]
    style = entry.get("verdict", "reproduction")
    statement = entry.get("claim", entry.get("result"))
    if (card.style, card.statement) != (style, statement):
        return [f"{entry['id']}: the card stored in {entry['chapter']} is not the ledger's entry"]
    return []


def by_section(entry: Entry) -> tuple:
    """Sort claims by source and in the order of its sections; the appendix comes last."""
    where = entry["where"]
    numbers = [int(number) for number in re.findall(r"\d+", where)]
    return entry["id"][:2], where.startswith("appendix"), numbers, entry["id"]


class evidence_row(nodes.container):
    """One entry, with its card's style."""


class EvidenceDirective(SphinxDirective):
    """What the directives share: the entries, and the cards of the chapters that exist."""

    def entries(self, kind: str) -> list[Entry]:
        """Return the ledger's entries that have this key, ``claim`` or ``paper``."""
        return [entry for entry in load_ledger().values() if kind in entry]

    def chapter(self, entry: Entry) -> Path:
        """Return the notebook that settles an entry, whether it exists or not."""
        path = Path(self.env.srcdir, "chapters", entry["chapter"]).with_suffix(".ipynb")
        self.env.note_dependency(str(path))
        return path

    def card(self, entry: Entry) -> StoredCard | None:
        """Return the stored card of an entry; None where its chapter has none yet."""
        path = self.chapter(entry)
        return cards_of(path, path.stat().st_mtime_ns).get(entry["id"]) if path.exists() else None

    def verdict(self, entry: Entry) -> str:
        """Return a claim's verdict, or "open" where its chapter does not exist yet."""
        return entry["verdict"] if self.card(entry) else "open"

    def row(self, entry: Entry, style: str, heading: list[str], note: str) -> evidence_row:
        """Build the row of an entry: statement, note, what was measured and where."""
        card = self.card(entry)
        for fault in faults(entry, card) if self.chapter(entry).exists() else []:
            logger.warning(fault, location=self.get_location())
        style = style if card else "open"
        row = evidence_row(classes=["evidence", f"evidence-{style}"], ids=[entry["id"]])
        row["data"] = {
            "source": entry["id"].partition("-")[0],
            "chapter": entry["chapter"],
            "verdict": style,
        }
        row += paragraph("heading", nodes.strong("", heading[0]), " · ".join(["", *heading[1:]]))
        row += paragraph("statement", entry.get("claim", entry.get("result")))
        if card and entry.get("note"):
            row += paragraph("note", bold(note), entry["note"])
        if card:
            row += paragraph("measured", bold("Measured"), card.measured)
        if entry.get("cite"):
            row += paragraph("paper", bold("Paper"), *self.citations(entry["cite"]))
        where = [bold("Where"), evidence_link(entry=entry["id"])] if card else [coming(entry)]
        row += paragraph("place", *where)
        return row

    def citations(self, keys: str) -> list[nodes.Node]:
        """Return the links to papers in the bibliography, by their keys."""
        found, _ = CiteRole()("cite:t", "", keys, self.lineno, self.state.inliner)
        return found


class Claims(EvidenceDirective):
    """The claims with these verdicts, of one source or of all, in the sources' order."""

    option_spec = {  # noqa: RUF012
        "verdicts": directives.unchanged_required,
        "source": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return a row for each claim, or the word "None."."""
        verdicts, source = self.options["verdicts"].split(), self.options.get("source", "S")
        if unknown := set(verdicts) - {*VERDICTS, "open"}:
            known = ", ".join([*VERDICTS, "open"])
            raise self.error(f"verdicts must be of {known}; got {', '.join(sorted(unknown))}")
        chosen = [
            entry
            for entry in self.entries("claim")
            if self.verdict(entry) in verdicts and entry["id"].startswith(source)
        ]
        return [self.claim(entry) for entry in sorted(chosen, key=by_section)] or [
            nodes.paragraph("", "None.")
        ]

    def claim(self, entry: Entry) -> evidence_row:
        """Return the row of a claim."""
        verdict = self.verdict(entry)
        heading = [VERDICTS.get(verdict, "Open"), entry["id"], f"section {entry['where']}"]
        return self.row(entry, verdict, heading, NOTES.get(verdict, "Note"))


class Reproductions(EvidenceDirective):
    """Every published result that the course reproduces."""

    def run(self) -> list[nodes.Node]:
        """Return a row for each result."""
        return [
            self.row(entry, "reproduction", [entry["id"], entry["paper"]], "Note")
            for entry in self.entries("paper")
        ]


class ClaimTotals(EvidenceDirective):
    """How many claims of each source have which verdict, as a table."""

    def run(self) -> list[nodes.Node]:
        """Return the table; its last row and its last column hold the sums."""
        counts = Counter((entry["id"][:2], self.verdict(entry)) for entry in self.entries("claim"))
        sources = sorted({source for source, _ in counts})
        rows = [["Verdict", *sources, "All"]]
        for verdicts in [*([verdict] for verdict in VERDICTS), ["open"], [*VERDICTS, "open"]]:
            numbers = [sum(counts[source, each] for each in verdicts) for source in sources]
            name = "All" if len(verdicts) > 1 else VERDICTS.get(verdicts[0], "Open")
            rows.append([name, *map(str, [*numbers, sum(numbers)])])
        return [table(rows)]


def paragraph(part: str, *content: nodes.Node | str) -> nodes.paragraph:
    """Return one line of a row."""
    line = nodes.paragraph(classes=[f"evidence-{part}"])
    line.extend(nodes.Text(item) if isinstance(item, str) else item for item in content)
    return line


def coming(entry: Entry) -> nodes.emphasis:
    """Say that the chapter of an entry is not written yet."""
    return nodes.emphasis("", f"The chapter {entry['chapter']} is still to come.")


def bold(label: str) -> nodes.strong:
    """Return a label with its colon."""
    return nodes.strong("", f"{label}: ")


def table(rows: list[list[str]]) -> nodes.table:
    """Return a plain table; the first row holds the headings."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in rows[0]), cols=len(rows[0]))
    head, body = nodes.thead(), nodes.tbody()
    for number, row in enumerate(rows):
        cells = [nodes.entry("", nodes.paragraph("", text)) for text in row]
        (body if number else head).append(nodes.row("", *cells))
    group += [head, body]
    return nodes.table("", group, classes=["claim-totals"])


def visit_row(writer: HTML5Translator, node: evidence_row) -> None:
    """Write a row with its data, by which a reader filters."""
    data = {f"data-{key}": value for key, value in node["data"].items()}
    writer.body.append(writer.starttag(node, "div", **data))


def depart_row(writer: HTML5Translator, node: evidence_row) -> None:
    """Close a row."""
    writer.body.append("</div>\n")


def add_filter(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the filter's script on the page that has a place for it."""
    if "claim-filter" in context.get("body", ""):
        app.add_js_file("claims.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directives and their nodes."""
    for name, directive in (
        ("claims", Claims),
        ("claim-totals", ClaimTotals),
        ("reproductions", Reproductions),
    ):
        app.add_directive(name, directive)
    app.add_node(evidence_row, html=(visit_row, depart_row))
    app.connect("html-page-context", add_filter)
