"""The site's entrance, ``index.html``: a page that leads on to the landing page."""

from __future__ import annotations

from html import escape
from pathlib import Path

from sphinx.application import Sphinx

PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={target}">
<link rel="icon" href="_static/{icon}">
<title>{title}</title>
</head>
<body><main><h1><a href="{target}">{title}</a></h1></main></body>
</html>
"""


def write_entrance(app: Sphinx, exception: Exception | None) -> None:
    """Write the page, in place of the bare one that the table of contents would leave there."""
    if exception or app.builder.format != "html":
        return
    page = PAGE.format(
        language=app.config.language,
        target=app.builder.get_target_uri(app.config.root_doc),
        icon=Path(app.config.html_favicon).name,
        title=escape(app.config.html_title),
    )
    (Path(app.outdir) / "index.html").write_text(page, "utf-8")


def setup(app: Sphinx) -> None:
    """Register with Sphinx, ahead of sphinx_external_toc, which writes a missing entrance."""
    app.connect("build-finished", write_entrance, priority=400)
