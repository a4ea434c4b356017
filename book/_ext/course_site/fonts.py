"""The site's two fonts, cut down to the signs that its pages show: icons and mathematics."""

from __future__ import annotations

import logging
import re
import unicodedata
from html import unescape
from importlib.metadata import distribution
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx

from .finishing import FONTS, when_written

ICONS = "vendor/fontawesome/webfonts/fa-solid-900.ttf"
MATHEMATICS = distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")
FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)
LETTER = re.compile(r"<mi>(.)</mi>")
TAG = re.compile(r"<[^>]*>")

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports each table of a font


def icons(css: str) -> set[str]:
    """Return the signs of the icon font that a style sheet shows."""
    escaped = {chr(int(code, 16)) for code in re.findall(r'"\\([ef][0-9a-f]{3})"', css)}
    return escaped | set(re.findall(r"[\ue000-\uf8ff]", css))


def italic(letter: str) -> str:
    """Return the sign that a browser shows for a single letter of a formula."""
    if letter == "h":
        return "\N{PLANCK CONSTANT}"
    kind = "CAPITAL" if letter.isupper() else "SMALL"
    name = unicodedata.name(letter, "").split()
    try:
        return unicodedata.lookup(f"MATHEMATICAL ITALIC {kind} {name[-1]}")
    except (IndexError, KeyError):
        return letter


def signs(pages: list[str]) -> set[str]:
    """Return all signs of the formulas of these pages."""
    formulas = {formula for page in pages for formula in FORMULA.findall(page)}
    letters = {letter for formula in formulas for letter in LETTER.findall(formula)}
    return set(unescape("".join(TAG.sub("", formula) for formula in formulas))) | {
        italic(letter) for letter in letters
    }


def write_subset(source: Path, signs: set[str], target: Path) -> None:
    """Write a font that has these signs, and what is drawn in their place at other sizes."""
    options = subset.Options(flavor="woff2", hinting=False, layout_features=["ssty"])
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[*map(ord, signs), ord("√")])
    subsetter.subset(font)
    target.parent.mkdir(exist_ok=True)
    subset.save_font(font, str(target), options)


def finish(app: Sphinx) -> None:
    """Write both fonts, unless Sphinx has brought no parts because nothing has changed."""
    site = Path(app.outdir)
    static = site / "_static"
    if not (static / ICONS).exists():
        return
    css = (static / "site.css").read_text("utf-8")
    write_subset(static / ICONS, icons(css), static / "fonts" / "icons.woff2")
    pages = [path.read_text("utf-8") for path in sorted(site.rglob("*.html"))]
    write_subset(Path(MATHEMATICS), signs(pages), static / "fonts" / "mathematics.woff2")


def setup(app: Sphinx) -> None:
    """Register with Sphinx, after the style sheet is written."""
    when_written(app, finish, FONTS)
