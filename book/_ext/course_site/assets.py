"""One style sheet and one script for all pages, without the rules and icons that no page uses.

The theme and the extensions bring eleven style sheets and ten scripts. Together the sheets hold
thousands of rules for parts that the course does not have, 1,400 of them for icons.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import tinycss2
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from tinycss2.ast import Node

from .finishing import BUNDLES, CLEARING, when_written

STYLES = (
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "togglebutton.css",
    "copybutton.css",
    "mystnb.*.css",
    "proof.css",
    "exercise.css",
    "sphinx-design.min.css",
    "course.css",
)
SCRIPTS = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "clipboard.min.js",
    "copybutton.js",
    "scripts/sphinx-book-theme.js",
    "togglebutton.js",
    "scripts/bootstrap.js",
    "scripts/pydata-sphinx-theme.js",
    "course.js",
)
# They touch all code and all folds of a page: each runs in a task of its own, between which the
# browser answers its reader.
LATER = ("copybutton.js", "togglebutton.js")
# What the theme and the extensions load beside these: for tabs, formulas and changing versions.
NOT_LOADED = ("design-tabs.js", "styles/theme.css")
NOT_RUN = re.compile(r"DOCUMENTATION_OPTIONS\.")
UNUSED = ("locales", "scripts", "styles", "vendor", "design-tabs.js", "*webpack-macros.html")
# What the theme does for one box after the other, laying the page out for each: course.js does it.
SUPERSEDED = '"complete"===document.readyState?I():window.addEventListener("load",I)'
NOT_CODE = ("fontawesome.js", "search-texts.js", "searchindex.js")  # they hold all icons, all texts
GROUPS = ("media", "supports", "layer")
WHOLE_FONTS = "vendor/fontawesome"  # course_site/fonts.py writes the part that is needed


def selectors(prelude: list[Node]) -> Iterator[list[Node]]:
    """Split the head of a rule at its commas."""
    selector: list[Node] = []
    for token in prelude:
        if token == ",":
            yield selector
            selector = []
        else:
            selector.append(token)
    yield selector


def classes(selector: list[Node]) -> set[str]:
    """Return the classes that a selector asks for, without those within ``:not()`` and such."""
    return {word.value for dot, word in pairwise(selector) if dot == "." and word.type == "ident"}


def text(tokens: Iterable[Node]) -> str:
    """Write tokens of CSS without comments and with single spaces."""
    written = tinycss2.serialize([token for token in tokens if token.type != "comment"])
    return re.sub(r"\s+", " ", written).strip()


def used_rules(rules: Iterable[Node], words: set[str]) -> Iterator[str]:
    """Yield the rules that can meet an element whose classes are among these words."""
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [part for part in selectors(rule.prelude) if classes(part) <= words]
            if kept:
                yield f"{','.join(map(text, kept))}{{{text(rule.content)}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in GROUPS and rule.content:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if body := "".join(used_rules(inner, words)):
                yield f"@{rule.at_keyword} {text(rule.prelude)}{{{body}}}"
        elif rule.type == "at-rule" and WHOLE_FONTS not in rule.serialize():
            yield text([rule])


def found(static: Path, patterns: Iterable[str]) -> list[Path]:
    """Return the one file of each pattern.

    Raises
    ------
    ExtensionError
        A pattern fits no file or several: the theme or an extension has changed.
    """
    paths = [sorted(static.glob(pattern)) for pattern in patterns]
    for pattern, fitting in zip(patterns, paths, strict=True):
        if len(fitting) != 1:
            raise ExtensionError(f"{pattern} fits {len(fitting)} files of the site, not one")
    return [fitting[0] for fitting in paths]


def words_of(site: Path) -> set[str]:
    """Return every word that can be a class: those of the pages and all in the scripts."""
    pages = (path.read_text("utf-8") for path in site.rglob("*.html"))
    lists = {names for page in pages for names in re.findall(r'class="([^"]*)"', page)}
    scripts = (path for path in site.rglob("*.js") if path.name not in NOT_CODE)
    words = (re.findall(r"[\w-]+", path.read_text("utf-8")) for path in scripts)
    return {word for names in lists for word in names.split()}.union(*words)


def style_sheet(static: Path, words: set[str]) -> str:
    """Return the rules of all style sheets that the site uses, in their order."""
    rules = []
    for path in found(static, STYLES):
        css = path.read_text("utf-8").replace("url(../", "url(")
        parsed = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
        rules += used_rules(parsed, words)
    return "\n".join(rules)


def is_part(file: Any, parts: tuple[str, ...]) -> bool:
    """Say whether a style sheet or script of a page is one of these static files."""
    return any(Path(str(file.filename)).match(f"_static/{part}") for part in parts)


def link(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take the parts from a page; its template (layout.html) loads the bundles."""
    context["bundle_version"] = app.config.course_digest[:8]
    styles = [file for file in context["css_files"] if not is_part(file, STYLES + NOT_LOADED)]
    scripts = [
        file
        for file in context["script_files"]
        if not is_part(file, SCRIPTS + NOT_LOADED)
        and not NOT_RUN.match(str(file.attributes.get("body", "")))
    ]
    context["css_files"], context["script_files"] = styles, scripts


def in_its_turn(path: Path) -> str:
    """Return a script, as a task of its own where it may wait."""
    code = path.read_text("utf-8")
    return f"setTimeout(() => {{\n{code}\n}})" if path.name in LATER else code


def script(static: Path) -> str:
    """Return all scripts in their order, without what course.js does better.

    Raises
    ------
    ExtensionError
        The theme's script has changed.
    """
    joined = "\n;\n".join(map(in_its_turn, found(static, SCRIPTS)))
    if joined.count(SUPERSEDED) != 1:
        raise ExtensionError("the theme's script gives tab stops in another way than before")
    return joined.replace(SUPERSEDED, "void 0")


def finish(app: Sphinx) -> None:
    """Write the bundles, unless Sphinx has brought no parts because nothing has changed."""
    site = Path(app.outdir)
    static = site / "_static"
    if app.builder.name != "html" or not (static / "course.css").exists():
        return
    (static / "site.js").write_text(script(static), "utf-8")
    sheet = style_sheet(static, words_of(site))
    (static / "site.css").write_text(sheet, "utf-8")


def clear(app: Sphinx) -> None:
    """Take the parts, and what no page asks for, out of the site."""
    static = Path(app.outdir, "_static")
    for path in [path for part in (*STYLES, *SCRIPTS, *UNUSED) for path in static.glob(part)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", link, priority=900)
    when_written(app, finish, BUNDLES)
    when_written(app, clear, CLEARING)
