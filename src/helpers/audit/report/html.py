"""An audit's report as HTML, with no colour of text or page of its own: it suits any theme."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from helpers.audit.records import Finding
from helpers.audit.report.words import HEADINGS, NUMBERS, code_of, layers_of, sentence

if TYPE_CHECKING:
    from helpers.audit.report.report import Report

_EDGES = {"grave": "#D55E00", "warning": "#E69F00", "note": "#56B4E9"}
_CELL = "padding:0.1em 0.6em;white-space:nowrap;text-align:"


def html(report: Report) -> str:
    """Return a report as HTML, every text in it escaped."""
    rows = report.rows()
    kept = [i for i in range(len(HEADINGS)) if any(row[i] for row in rows)]
    head = "".join(f'<th scope="col" style="{_CELL}{_side(i)}">{HEADINGS[i]}</th>' for i in kept)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_CELL}{_side(i)}">{escape(row[i])}</td>' for i in kept)
        + "</tr>"
        for row in rows
    )
    findings = "".join(map(_finding, report.findings))
    return (
        f'<div class="audit"><p><strong>{escape(report.summary())}</strong></p>{findings}'
        '<div role="group" aria-label="Layers of the audit" tabindex="0" '
        'style="overflow-x:auto;max-height:30em">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div>"
    )


def _side(column: int) -> str:
    return "right" if HEADINGS[column] in NUMBERS.values() else "left"


def _finding(finding: Finding) -> str:
    link = escape(finding.chapter)
    if finding.link.startswith("http"):
        link = f'<a href="{escape(finding.link, quote=True)}">{link}</a>'
    code = escape("\n".join(code_of(finding)))
    mend = f"<pre><code>{code}</code></pre>" if code else ""
    return (
        f'<div style="border-left:0.3em solid {_EDGES[finding.gravity]};'
        'padding-left:0.8em;margin:0.6em 0;overflow-wrap:anywhere">'
        f"<p><strong>{finding.gravity.capitalize()} · {finding.principle}</strong> "
        f"<code>{escape(layers_of(finding))}</code><br>{escape(sentence(finding))}</p>{mend}"
        f"<p>Why: {link}</p></div>"
    )
