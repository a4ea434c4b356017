"""The directive ``explorer``: an interactive figure, and what stands there without a script."""

from __future__ import annotations

import re
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

from .bundling import bundle

FOLDER = "explorers"
SCRIPT, STYLE = "explorers.js", "explorers.css"
PLACE = re.compile('data-explorer="([^"]*)"')
LOGGER = logging.getLogger(__name__)


def exists(root: str | Path, name: str) -> bool:
    """Say whether there is an explorer of this name."""
    return Path(root, FOLDER, f"{name}.js").is_file()


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
        if not exists(self.env.srcdir, name):
            raise self.error(f"there is no explorer {name!r} in {FOLDER}/")
        place = explorer(explorer=name, **self.options, names=[f"explorer-{name}"])
        self.state.document.note_explicit_target(place, place)  # warns of a second one
        self.state.nested_parse(self.content, self.content_offset, place)
        return [place]


def visit(translator: Any, node: explorer) -> None:
    """Open the place, with the settings as data."""
    data = {key: node[key] for key in ("explorer", "state", "controls") if key in node}
    written = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
    translator.body.append(f'<div class="explorer" id="{node["ids"][0]}" {written}>\n')


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


def names_on(doctree: nodes.document) -> list[str]:
    """Return the explorers of a page: those of directives, and of HTML in notebooks.

    In a notebook HTML is better, for other programs show what it holds.
    """
    in_html = [PLACE.findall(raw.astext()) for raw in doctree.findall(nodes.raw)]
    return [node["explorer"] for node in doctree.findall(explorer)] + sum(in_html, [])


def load(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load script and style on the pages that hold an explorer, and on no other."""
    names = names_on(doctree) if doctree is not None else []
    if names:
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_css_file(STYLE)
    for name in names:
        if names.count(name) > 1 or not exists(app.srcdir, name):
            LOGGER.warning("%s: explorer %r is there twice or does not exist", page, name)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(explorer, html=(visit, depart))
    app.add_directive("explorer", Explorer)
    app.connect("config-inited", prepare)
    app.connect("html-page-context", load)
