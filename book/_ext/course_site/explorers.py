"""The directive ``explorer``: an interactive figure, and what stands there without a script.

Chapters, which other programs show as well, have an admonition of the class ``explorer`` instead.
Its title becomes the line above; its first two literals are the name and the first state.
"""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from helpers._bundling import bundle, explorer_names

FOLDER = "explorers"
SCRIPT, STYLE = "explorers.js", "explorers.css"
LOGGER = logging.getLogger(__name__)


class explorer(nodes.General, nodes.Element):
    """The place of an explorer; its children are the figure that is stored."""


class Explorer(SphinxDirective):
    """An explorer by its name: that of its file. Options: its first state, which controls show."""

    required_arguments = 1
    has_content = True
    option_spec = {  # noqa: RUF012
        "state": directives.unchanged_required,
        "controls": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Put the content there: a script puts the explorer in its place."""
        self.assert_has_content()
        (name,) = self.arguments
        if name not in (names := known(self.env.srcdir)):
            raise self.error(f"there is no explorer {name!r}; there are: {names}")
        place = explorer(explorer=name, **self.options)
        self.state.nested_parse(self.content, self.content_offset, place)
        return [place]


def known(root: str | Path) -> list[str]:
    """List the explorers that there are."""
    return explorer_names(Path(root, FOLDER))


def replace_admonitions(app: Sphinx, doctree: nodes.document) -> None:
    """Put explorers in the place of admonitions of their class."""
    for box in list(doctree.findall(nodes.admonition)):
        if "explorer" not in box["classes"]:
            continue
        names = known(app.srcdir)
        words = [literal.astext() for literal in box.findall(nodes.literal)]
        if len(words) < 2 or words[0] not in names:
            LOGGER.warning("name one of the explorers %s and its state", names, location=box)
            continue
        place = explorer(explorer=words[0], state=words[1])
        title, *stored = box.children
        place += stored
        number = box.parent.index(box)
        box.parent[number : number + 1] = [nodes.paragraph("", "", *title.children), place]


def visit(translator: Any, node: explorer) -> None:
    """Open the place, with the settings as data."""
    data = {key: node[key] for key in ("explorer", "state", "controls") if key in node}
    written = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
    translator.body.append(f'<div class="explorer" {written}>\n')


def depart(translator: Any, node: explorer) -> None:
    """Close the place."""
    translator.body.append("</div>\n")


def prepare(app: Sphinx, config: Config) -> None:
    """Bundle the script, for the pages that ask for it."""
    source, target = Path(app.srcdir, FOLDER), Path(app.doctreedir, FOLDER)
    target.mkdir(parents=True, exist_ok=True)
    (target / SCRIPT).write_text(bundle(source / "site.js"), "utf-8")
    shutil.copyfile(source / "view" / STYLE, target / STYLE)
    config.html_static_path = [*config.html_static_path, str(target)]


def load(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load script and style on the pages that hold an explorer, and on no other."""
    names = [node["explorer"] for node in doctree.findall(explorer)] if doctree else []
    if names:
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_css_file(STYLE)
    for name in {name for name in names if names.count(name) > 1}:
        LOGGER.warning("the explorer %r is on the page more than once", name, location=page)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(explorer, html=(visit, depart))
    app.add_directive("explorer", Explorer)
    app.connect("config-inited", prepare)
    app.connect("doctree-read", replace_admonitions)
    app.connect("html-page-context", load)
