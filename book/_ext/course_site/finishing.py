"""What is left to do when all pages are written."""

from __future__ import annotations

from collections.abc import Callable

from sphinx.application import Sphinx

BEFORE_THE_THEME = 400
AS_IT_COMES = 500
BUNDLES = 600  # after the theme has written its colours
FONTS = 650  # they are made for what the bundles hold
CLEARING = 700  # fonts are taken from what is cleared


def when_written(app: Sphinx, finish: Callable[[Sphinx], None], order: int = AS_IT_COMES) -> None:
    """Let a function finish the site, unless the build failed or is not of a site."""

    def handle(app: Sphinx, exception: Exception | None) -> None:
        if exception is None and app.builder.format == "html":
            finish(app)

    app.connect("build-finished", handle, priority=order)
