"""The site's entrance, ``index.html``, and the page for addresses that it does not have."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx

from .finishing import BEFORE_THE_THEME, when_written

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

# Shown at any address, so it needs nothing but itself, and its links start at the site's root.
LOST = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Not found: {title}</title>
<style>
:root {{ color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif; }}
main {{ max-width: 34rem; margin: 15vh auto; padding: 0 1.2rem; }}
</style>
</head>
<body><main>
<h1>This page is not here</h1>
<p>It may have a new name. <a href="{root}{target}">The course begins here</a>, and
<a href="{root}search.html">the search</a> finds every page of it.</p>
</main></body>
</html>
"""


def write_entrance(app: Sphinx) -> None:
    """Write both pages, one in place of that which the table of contents would leave there."""
    values = {
        "language": app.config.language,
        "target": app.builder.get_target_uri(app.config.root_doc),
        "icon": Path(app.config.html_favicon).name,
        "title": escape(app.config.html_title),
        "root": urlsplit(app.config.html_baseurl).path or "/",
    }
    for name, page in (("index.html", PAGE), ("404.html", LOST)):
        Path(app.outdir, name).write_text(page.format(**values), "utf-8")


def setup(app: Sphinx) -> None:
    """Register with Sphinx, ahead of sphinx_external_toc, which writes a missing entrance."""
    when_written(app, write_entrance, BEFORE_THE_THEME)
