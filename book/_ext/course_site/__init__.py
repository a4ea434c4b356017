"""What the course's site needs and ``_config.yml`` cannot say."""

from __future__ import annotations

from sphinx.application import Sphinx

from . import (
    accessibility,
    assets,
    chapter_figure,
    course_map,
    entrance,
    evidence_links,
    evidence_pages,
    explorers,
    external_types,
    fonts,
    freshness,
    mathematics,
    pictures,
    repository,
    search,
    sharing,
    sidebar,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    # Jupyter Book sets this option of sphinx_comments, which the course does not load.
    app.add_config_value("comments_config", {}, "html")
    looks = (mathematics, pictures, assets, fonts, accessibility, sidebar)
    ways_in = (entrance, sharing, search)
    content = (repository, chapter_figure, course_map, evidence_links, evidence_pages, explorers)
    for part in (freshness, *looks, *ways_in, *content, external_types):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
