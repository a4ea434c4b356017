"""What the course's site needs and ``_config.yml`` cannot say."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import (
    accessibility,
    chapter_figure,
    entrance,
    evidence_links,
    evidence_pages,
    explorers,
    external_types,
    freshness,
    offline,
    repository,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    # Jupyter Book sets this option of sphinx_comments, which the course does not load.
    app.add_config_value("comments_config", {}, "html")
    parts = (repository, freshness, offline, entrance, accessibility, chapter_figure)
    for part in (*parts, evidence_links, evidence_pages, explorers, external_types):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
