"""What other programs read of a page: its description, its address, its picture.

An absolute address is written only where the site's own is known: that of the GitHub Pages of the
repository (see ``repository``).
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from .finishing import when_written
from .mathematics import plain

LONGEST = 160
PICTURE = re.compile(r'<img [^>]*?alt="(?P<alt>[^"]*)"[^>]*?src="[./]*(?P<path>_images/[^"]+)"')
VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>')
SITEMAP = """<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{urls}
</urlset>
"""
LICENSE = "https://creativecommons.org/licenses/by/4.0/"


def words(node: nodes.Node) -> str:
    """Return the text of a paragraph, its formulas as they are read, without citations."""
    if isinstance(node, addnodes.pending_xref) and node["refdomain"] == "cite":
        return ""
    if isinstance(node, nodes.math):
        return plain(node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(map(words, node.children))


def description(doctree: nodes.document) -> str:
    """Return the first sentences of a page, as many as a search engine shows."""
    paragraphs = [" ".join(words(node).split()) for node in doctree.findall(nodes.paragraph)]
    first = next((text for text in paragraphs if len(text) > 40), "")
    whole = [end.end() for end in re.finditer(r"[.?!](?= |$)", first[:LONGEST])]
    if (whole and whole[-1] > LONGEST / 2) or len(first) <= LONGEST:
        return first[: whole[-1]] if whole else first
    return first[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def tag(key: str, name: str, content: str) -> str:
    """Write one tag of a page's head."""
    return f'<meta {key}="{name}" content="{escape(content)}">'


def structured(course: str, title: str, text: str, landing: bool) -> str:
    """Return what the page is in the terms of schema.org."""
    data = {
        "@context": "https://schema.org",
        "@type": "Course" if landing else "LearningResource",
        "name": title,
        "description": text,
        "inLanguage": "en",
        "license": LICENSE,
        "isAccessibleForFree": True,
    }
    if landing:
        data["provider"] = {"@type": "Organization", "name": f"The authors of {course}"}
    else:
        data["isPartOf"] = {"@type": "Course", "name": course}
    written = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/ld+json">{written}</script>'


def head(app: Sphinx, page: str, context: dict[str, Any], text: str) -> list[str]:
    """Return the tags of a page with this description."""
    course, landing = app.config.html_title, page == app.config.root_doc
    title = app.env.titles[page].astext()
    tags = [
        tag("name", "description", text),
        tag("property", "og:site_name", course),
        tag("property", "og:title", title),
        tag("property", "og:description", text),
        tag("property", "og:type", "website" if landing else "article"),
    ]
    base, picture = app.config.html_baseurl, PICTURE.search(context["body"])
    if base:
        tags.append(tag("property", "og:url", urljoin(base, app.builder.get_target_uri(page))))
    if base and picture:
        tags.append(tag("property", "og:image", urljoin(base, picture["path"])))
        tags.append(f'<meta property="og:image:alt" content="{picture["alt"]}">')
    kind = "summary_large_image" if base and picture else "summary"
    return [*tags, tag("name", "twitter:card", kind), structured(course, title, text, landing)]


def add_head(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Write a page's tags; the theme has the one for the viewport, docutils a second."""
    context["metatags"] = VIEWPORT.sub("", context.get("metatags", ""))
    if page == app.config.root_doc:  # a title says more than the course's name twice
        context["docstitle"] = "weight initialization and activation functions, by experiment"
    if doctree is not None and "body" in context:
        context["metatags"] += "\n".join(head(app, page, context, description(doctree)))


def write_files(app: Sphinx) -> None:
    """Write the map of the site and what robots may read."""
    robots, base = "User-agent: *\nAllow: /\n", app.config.html_baseurl
    if base:
        addresses = map(app.builder.get_target_uri, sorted(app.env.found_docs))
        urls = "\n".join(f"<url><loc>{escape(urljoin(base, url))}</loc></url>" for url in addresses)
        Path(app.outdir, "sitemap.xml").write_text(SITEMAP.format(urls=urls), "utf-8")
        robots += f"Sitemap: {urljoin(base, 'sitemap.xml')}\n"
    Path(app.outdir, "robots.txt").write_text(robots, "utf-8")


def setup(app: Sphinx) -> None:
    """Register with Sphinx, before the page's markup is mended."""
    app.connect("html-page-context", add_head, priority=400)
    when_written(app, write_files)
