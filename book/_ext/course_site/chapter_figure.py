"""The directive ``chapter-figure``: show a figure of a chapter on another page.

The picture is the one stored in the chapter's notebook, so the two can never differ.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def stored_picture(notebook: dict, name: str) -> str:
    """Return the PNG image (base64) of the figure of this name.

    Raises
    ------
    ValueError
        If the notebook has no such figure, or it was never drawn.
    """
    for cell in notebook["cells"]:
        if cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") != name:
            continue
        for output in cell["outputs"]:
            if "image/png" in output.get("data", {}):
                return "".join(output["data"]["image/png"]).replace("\n", "")
    raise ValueError(f"the notebook stores no figure {name!r}")


class ChapterFigure(SphinxDirective):
    """A figure of a chapter: its notebook (from the root, without the ending) and its name."""

    required_arguments = 2
    has_content = True
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Read the picture out of the notebook and put the content below it as the caption."""
        chapter, name = self.arguments
        path = Path(self.env.srcdir, chapter).with_suffix(".ipynb")
        self.env.note_dependency(str(path))
        try:
            picture = stored_picture(json.loads(path.read_text("utf-8")), name)
        except (OSError, ValueError) as error:
            raise self.error(f"{chapter}: {error}") from error
        image = nodes.image(uri=self.file(name, b64decode(picture)), alt=self.options["alt"])
        caption = nodes.caption()
        caption += self.parse_inline(" ".join(self.content), lineno=self.content_offset)[0]
        return [nodes.figure("", image, caption, classes=["unnumbered"])]

    def file(self, name: str, picture: bytes) -> str:
        """Write the picture beside what else Sphinx keeps; return its path from this page."""
        path = Path(self.env.doctreedir, "figures", name).with_suffix(".png")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
        page = Path(self.env.doc2path(self.env.docname)).parent
        return Path(os.path.relpath(path, page)).as_posix()


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("chapter-figure", ChapterFigure)
