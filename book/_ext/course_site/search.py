"""What the search page needs beside Sphinx's index: the text of each page and its other names.

The excerpts come from this file, not from the pages, so the search works from a disk as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

from .finishing import when_written
from .sharing import words

NAMES = "book/search.yml"
SHOWN = (nodes.paragraph, nodes.term)


def other_names(root: Path, pages: set[str]) -> dict[str, list[str]]:
    """Return what readers type for each page.

    Raises
    ------
    ExtensionError
        The file names a page that the book does not have.
    """
    names = yaml.safe_load((root / NAMES).read_text("utf-8"))
    if unknown := sorted(names.keys() - pages):
        raise ExtensionError(f"{NAMES}: the book has no page {', '.join(unknown)}")
    return names


def text(doctree: nodes.document) -> str:
    """Return the running text of a page in one line."""
    parts = (words(node) for node in doctree.findall(lambda node: isinstance(node, SHOWN)))
    return " ".join(" ".join(parts).split())


def keep_text(app: Sphinx, doctree: nodes.document) -> None:
    """Keep the text of a page that was read."""
    texts(app.env)[app.env.docname] = text(doctree)


def texts(environment: BuildEnvironment) -> dict[str, str]:
    """Return the texts of all pages."""
    if not hasattr(environment, "course_texts"):
        environment.course_texts = {}
    return environment.course_texts


def merge(app: Sphinx, env: BuildEnvironment, pages: set[str], other: BuildEnvironment) -> None:
    """Take over the texts that another process kept."""
    texts(env).update({page: text for page, text in texts(other).items() if page in pages})


def write(app: Sphinx) -> None:
    """Write the file that the search page loads."""
    pages = app.env.found_docs
    names = other_names(Path(app.srcdir), pages)
    data: dict[str, dict[str, Any]] = {
        page: {
            "title": app.env.titles[page].astext(),
            "names": names.get(page, []),
            "text": texts(app.env).get(page, ""),
        }
        for page in sorted(pages)
    }
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, "_static", "search-texts.js").write_text(f"const PAGES = {written};", "utf-8")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("doctree-read", keep_text)
    app.connect("env-merge-info", merge)
    when_written(app, write)
