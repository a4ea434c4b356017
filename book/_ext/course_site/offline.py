"""A site that asks no other host for anything: MathJax from the site, and no unused script."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MATHJAX_PACKAGE = "sphinx-mathjax-offline"
# Pages load the first two; the others only where a formula or a reader's menu asks for them.
MATHJAX_FILES = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2/*.woff",
    "input/tex/extensions/*.js",
    "input/mml.js",
    "input/mml/*.js",
    "output/svg.js",
    "output/svg/fonts/*.js",
    "a11y/*.js",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)
MACROS = "static/webpack-macros.html"
# Icons are drawn by the web font; this script of 1.5 MB would only draw them again as SVG.
ICON_SCRIPT = "scripts/fontawesome.js"
UNUSED = (ICON_SCRIPT, "**/*.map", "**/*.LICENSE.txt", "vendor/fontawesome/webfonts/*.ttf")


def mathjax_folder() -> Path:
    """Return the folder of the installed package that holds MathJax 3."""
    return Path(distribution(MATHJAX_PACKAGE).locate_file(f"{MATHJAX_PACKAGE}/static/mathjax"))


def macros_without_icon_script() -> str:
    """Return the theme's template of scripts and styles, without the line of the icon script."""
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme"
    lines = (theme / MACROS).read_text("utf-8").splitlines()
    kept = [line for line in lines if ICON_SCRIPT not in line]
    if len(kept) != len(lines) - 1:
        raise ExtensionError(f"{MACROS} of pydata-sphinx-theme does not load {ICON_SCRIPT} once")
    return "\n".join(kept)


def prepare(app: Sphinx, config: Config) -> None:
    """Point Sphinx to the site's own MathJax and to the shortened template."""
    config.mathjax_path = "mathjax/tex-chtml.js"
    folder = Path(app.doctreedir) / "templates"
    macros = folder / MACROS
    text = macros_without_icon_script()
    if not macros.exists() or macros.read_text("utf-8") != text:  # a newer file means new pages
        macros.parent.mkdir(parents=True, exist_ok=True)
        macros.write_text(text, "utf-8")
    config.templates_path = [*config.templates_path, str(folder)]


def leave_out_mathjax(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take MathJax from a page without formulas, though pages below it may hold some."""
    if not app.env.get_domain("math").data["has_equations"].get(page):
        context["script_files"] = [
            script
            for script in context["script_files"]
            if "mathjax" not in f"{script.filename}{script.attributes.get('body')}".lower()
        ]


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Copy MathJax into the site and take out what no page asks for."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()
    source, target = mathjax_folder(), static / "mathjax"
    for pattern in MATHJAX_FILES:
        for path in source.glob(pattern):
            copy = target / path.relative_to(source)
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("config-inited", prepare)
    app.connect("html-page-context", leave_out_mathjax, priority=600)
    app.connect("build-finished", finish)
