"""Make an EPUB of the course: what make epub runs, after the site is built.

Sphinx writes it. Three things are mended: pages are HTML, where an EPUB asks for XML; answers are
folded by a script, which a reader's program does not run; the list of what is read names places
within pages as well.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from bs4 import BeautifulSoup

from tools.book import BUILD, COMMAND
from tools.landing import offer

SITE = BUILD / "html"
NAME = "good-start.epub"
BUILDER = ["--builder", "custom", "--custom-builder", "epub"]
NOT_READ = "script, noscript, style[scoped], p.paper, p.reader"
"""What a reader's program does not run or should not show."""
NOT_KEPT = ("/course.css", "copybutton.css", "togglebutton.css", "explorers.css")
"""Style sheets of the site: their colours and fonts are not those of a reader's program."""
NAMESPACES = {"math": "http://www.w3.org/1998/Math/MathML", "svg": "http://www.w3.org/2000/svg"}
CAPITALS = ("viewBox", "markerWidth", "markerHeight", "refX", "refY")
"""Attributes of drawings that a parser of HTML writes in small letters."""
KINDS = {"math": "mathml", "svg": "svg"}  # as the package's list calls them
ITEM = re.compile(r'<item id="(?P<id>[^"]+)" href="(?P<file>[^"]+)"[^>]*>\s*')
NAMED = re.compile(r'<itemref idref="(?P<id>[^"]+)"[^>]*>\s*')


def is_page(name: str) -> bool:
    """Say whether a file of the EPUB is a page of the course."""
    return name.endswith(".xhtml") and name != "nav.xhtml"


def page(text: str) -> str:
    """Return a page as XML, with its answers folded."""
    html = BeautifulSoup(text, "html.parser")
    for item in html.select(NOT_READ):
        item.decompose()
    for sheet in html.select("link[rel=stylesheet]"):
        if sheet["href"].endswith(NOT_KEPT):
            sheet.decompose()
    for kind, namespace in NAMESPACES.items():
        for drawn in html.select(kind):
            drawn["xmlns"] = namespace
    for name in CAPITALS:
        for item in html.select(f"svg [{name}], svg[{name}]"):
            item[name] = item.attrs.pop(name.lower())
    for answer in html.select(".admonition.dropdown"):
        answer.name = "details"
        answer.find(class_="admonition-title").name = "summary"
    for title in html.select("summary p"):
        title.name = "span"
    for outer in html.select("a.enlarge, p:has(> p, > ul)"):
        outer.unwrap()
    for link in html.select("svg a[href]"):
        link["href"] = link["href"].replace(".html", ".xhtml")
    return str(html)


def package(text: str, pages: Mapping[str, str]) -> str:
    """Return the package's lists: what each page has in it, and no style sheets of the site."""

    def listed(item: re.Match[str]) -> str:
        if item["file"].endswith(NOT_KEPT):
            return ""
        found = [name for kind, name in KINDS.items() if f"<{kind}" in pages.get(item["file"], "")]
        return item[0].replace(" />", f' properties="{" ".join(found)}" />', len(found[:1]))

    items = ITEM.sub(listed, text)
    known = {item["id"] for item in ITEM.finditer(items)}
    return NAMED.sub(lambda named: named[0] if named["id"] in known else "", items)


def rewrite(source: Path, target: Path) -> None:
    """Write the EPUB anew, with what is mended; first the kind of the file, its lists last."""
    with ZipFile(source) as made, ZipFile(target, "w", ZIP_DEFLATED) as book:
        files = {name: made.read(name) for name in made.namelist() if not name.endswith(NOT_KEPT)}
        pages = {name: page(files[name].decode("utf-8")) for name in files if is_page(name)}
        lists = package(files["content.opf"].decode("utf-8"), pages)
        for name, content in {**files, **pages, "content.opf": lists}.items():
            book.writestr(name, content, ZIP_STORED if name == "mimetype" else ZIP_DEFLATED)


def make(target: Path) -> None:
    """Write the EPUB of the course.

    Raises
    ------
    SystemExit
        Sphinx cannot make it; what it says is repeated.
    """
    with TemporaryDirectory(dir=BUILD) as folder:
        command = [*COMMAND, *BUILDER, "--path-output", folder]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        found = list(Path(folder).rglob("*.epub"))
        if result.returncode or not found:
            sys.exit(f"{result.stderr.rstrip()}\nThe EPUB is not made.")
        mended = Path(folder, NAME)
        rewrite(found[0], mended)
        mended.replace(target)


def main() -> None:
    """Make the EPUB beside the site."""
    if not (SITE / "book" / "index.html").exists():
        sys.exit("The site is not built yet: run make book.")
    make(SITE / NAME)
    offer(SITE / NAME, "reader", "The course as an EPUB")
    print(f"The course is at {SITE / NAME}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The EPUB is not made.")
