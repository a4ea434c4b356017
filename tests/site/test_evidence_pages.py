"""The pages made of the ledger and the notebooks: nothing is missing, and a gap fails the build."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from helpers.evidence import VERDICTS, Card, Condition, condition, load_ledger

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from course_site.evidence_pages import by_section, faults, stored_cards

ROOT = Path(__file__).resolve().parents[2]
LEDGER = load_ledger()
CLAIMS = [entry for entry in LEDGER.values() if "claim" in entry]


def card(id: str, *conditions: Condition, **changes: str) -> Card:
    """Return the card that an evidence cell shows for an entry."""
    entry = {**LEDGER[id], **changes}
    kind, style = ("claim", entry["verdict"]) if "claim" in entry else ("reproduction",) * 2
    statement = entry.get("claim", entry.get("result"))
    return Card(kind, id, style, "Heading", statement, "1 < 2 & 3", conditions)


def notebook(*cards: Card) -> dict:
    """Return a notebook that stores these cards, all in one cell."""
    outputs = [{"data": {"text/html": each._repr_html_().splitlines(True)}} for each in cards]
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


def test_stored_cards_are_read_as_they_were_shown():
    cards = stored_cards(notebook(card("S1-26"), card("R05")))
    assert cards["S1-26"] == ("broken", LEDGER["S1-26"]["claim"], "1 < 2 & 3")
    assert cards["R05"] == ("reproduction", LEDGER["R05"]["result"], "1 < 2 & 3")


def test_what_a_card_rests_on_does_not_hide_it_or_the_next_one():
    rests_on = condition("</div><b>&", 0.3, above=0), condition("</details>", 1, 1)
    cards = stored_cards(notebook(card("S1-26", *rests_on), card("S1-27"), card("R05", *rests_on)))
    assert list(cards) == ["S1-26", "S1-27", "R05"]
    for id, stored in cards.items():
        entry = LEDGER[id]
        assert stored.statement == entry.get("claim", entry.get("result"))
        assert stored.measured == "1 < 2 & 3"


def test_a_notebook_without_outputs_has_no_cards():
    assert stored_cards({"cells": [{"cell_type": "code", "outputs": [{"text": "a"}]}]}) == {}


@pytest.mark.parametrize("id", ["S1-26", "R05"])
def test_only_the_card_of_the_entry_itself_is_its_evidence(id):
    (right,) = stored_cards(notebook(card(id))).values()
    assert faults(LEDGER[id], right) == []
    assert "no evidence" in faults(LEDGER[id], None)[0]
    assert "not the ledger's entry" in faults(LEDGER[id], right._replace(statement="Other"))[0]
    assert "not the ledger's entry" in faults(LEDGER[id], right._replace(style="holds"))[0]


def test_claims_are_in_the_order_of_the_sources():
    places = ["4.2", "appendix 1", "4.10", "3.1, 4.2", "5 (code)"]
    entries = [{"id": f"S0-0{i}", "where": where} for i, where in enumerate(places)]
    ordered = [entry["where"] for entry in sorted(entries, key=by_section)]
    assert ordered == ["3.1, 4.2", "4.2", "4.10", "5 (code)", "appendix 1"]


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build a page of three claims in a book whose chapters are given; return page and warnings."""

    def run(chapters: dict[str, dict], page: str) -> tuple[str, str]:
        source, output = tmp_path / "source", tmp_path / "output"
        for name, content in chapters.items():
            path = source / "chapters" / f"{name}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(content), "utf-8")
            path.with_suffix(".rst").write_text(":orphan:\n\nThe title\n=========\n", "utf-8")
        source.mkdir(exist_ok=True)
        (source / "index.rst").write_text(f"Page\n====\n\n{page}\n", "utf-8")
        warnings = io.StringIO()
        with docutils_namespace():
            app = Sphinx(
                source,
                None,
                output,
                output / "doctrees",
                "html",
                {"extensions": ["course_site.evidence_links", "course_site.evidence_pages"]},
                status=None,
                warning=warnings,
            )
            app.build()
        return (output / "index.html").read_text("utf-8"), warnings.getvalue()

    return run


BROKEN = ".. claims::\n   :verdicts: broken\n   :source: S1\n"
OPEN = ".. claims::\n   :verdicts: open\n   :source: S1\n"


def test_a_settled_claim_links_to_its_cell(build):
    ids = [entry["id"] for entry in CLAIMS if entry["chapter"] == "practice/mnist-cnn"]
    html, warnings = build({"practice/mnist-cnn": notebook(*map(card, ids))}, BROKEN)
    assert warnings == ""
    assert 'href="chapters/practice/mnist-cnn.html#claim-S1-26"' in html
    assert "1 &lt; 2 &amp; 3" in html
    assert 'data-verdict="broken"' in html


def test_a_chapter_without_the_evidence_of_a_claim_fails_the_build(build):
    html, warnings = build({"practice/mnist-cnn": notebook(card("S1-27"))}, BROKEN + "\n" + OPEN)
    assert "S1-26 has no evidence in the chapter practice/mnist-cnn" in warnings
    assert 'data-verdict="open"' in html


def test_a_card_of_an_older_ledger_fails_the_build(build):
    stale = card("S1-26", claim="What the ledger said before.")
    _, warnings = build({"practice/mnist-cnn": notebook(stale)}, BROKEN)
    assert "is not the ledger's entry" in warnings


def test_the_claims_of_a_chapter_to_come_are_open(build):
    html, warnings = build({}, OPEN + "\n" + BROKEN)
    assert warnings == ""
    assert html.count('data-verdict="open"') == sum(e["id"][:2] == "S1" for e in CLAIMS)
    assert "The chapter practice/mnist-cnn is still to come." in html
    assert "None." in html


def test_an_unknown_verdict_is_refused(build):
    _, warnings = build({}, BROKEN.replace("broken", "wrong"))
    assert "holds, holds-if, refuted, broken, open; got wrong" in warnings


def test_a_link_to_an_entry_leads_to_its_cell(build):
    chapters = {"practice/mnist-cnn": notebook()}
    page = "See :evidence:`S1-26`, :evidence:`these words <S1-27>` and :evidence:`a map <R12>`."
    html, warnings = build(chapters, page)
    assert warnings == ""
    assert 'href="chapters/practice/mnist-cnn.html#claim-S1-26">S1-26</a>' in html
    assert 'href="chapters/practice/mnist-cnn.html#claim-S1-27">these words</a>' in html
    assert "<span>a map</span>" in html


def test_a_link_to_no_entry_fails_the_build(build):
    _, warnings = build({}, "See :evidence:`S1-99`.")
    assert "the ledger has no entry 'S1-99'; near to it are: S1-" in warnings


def test_every_group_of_claims_is_on_the_page_once():
    text = (ROOT / "book" / "claims.md").read_text("utf-8")
    blocks = [
        yaml.safe_load(block.split("```")[0].replace("\n:", "\n").lstrip(":"))
        for block in text.split("```{claims}\n")[1:]
    ]
    shown = Counter(
        (block.get("source"), verdict) for block in blocks for verdict in block["verdicts"].split()
    )
    sources = sorted({entry["id"][:2] for entry in CLAIMS})
    assert shown == Counter(
        [(None, "open"), *((source, verdict) for source in sources for verdict in VERDICTS)]
    )
