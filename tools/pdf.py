"""Print the course as one PDF: what make pdf runs, after the site is built.

Chromium prints all chapters as one document, twice: the page numbers of the contents are known
after the first time. Answers stand at the end of their chapter; folded code is left out.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader

from tools.chromium import NO_CHROMIUM, chromium
from tools.landing import offer
from tools.patience import patience

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
NAME = "good-start.pdf"
SCREEN_ONLY = {"book/api", "book/explorers"}
"""A reference of two hundred pages, which a program shows as well, and figures that move."""
HOME = re.compile(r'<link rel="canonical" href="(.*?)book/index\.html"')
PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="_static/site.css"><style>{style}</style></head>
<body><header class="cover"><h1>{title}</h1><p>{subtitle}</p><p>{note}</p></header>
<nav><p><strong>Contents</strong></p><ol class="contents"></ol></nav>
<script>{script}</script></body></html>
"""
FOOTER = '<p style="width: 100%; text-align: center; font-size: 8pt" class="pageNumber"></p>'
Part = dict[str, Any]


def parts(site: Path, names: Sequence[str] | None = None) -> list[Part]:
    """Return the course's parts, each with its caption and the name and HTML of its pages.

    Parameters
    ----------
    names
        The pages wanted; all that paper can show if None.
    """
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    found = []
    for part in toc["parts"]:
        files = [chapter["file"] for chapter in part["chapters"]]
        wanted = [name for name in files if name not in SCREEN_ONLY and name in (names or files)]
        pages = [
            {"name": name, "html": (site / f"{name}.html").read_text("utf-8")} for name in wanted
        ]
        if pages:
            found.append({"caption": part["caption"], "pages": pages})
    return found


def cover() -> dict[str, str]:
    """Return the words of the cover, as CITATION.cff has them."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    title, subtitle = citation["title"].split(": ")
    note = f"Version {citation['version']}. Text and figures: CC BY 4.0. Code: MIT."
    return {"title": title, "subtitle": subtitle.capitalize(), "note": note}


def printed(browser: Browser, site: Path, course: list[Part], target: Path) -> None:
    """Print the parts, with cover and contents, into a file."""
    address = HOME.search((site / "book" / "index.html").read_text("utf-8"))
    words = {key: escape(value) for key, value in cover().items()}
    text = PAGE.format(
        style=(ROOT / "tools" / "pdf.css").read_text("utf-8"),
        script=(ROOT / "tools" / "gather.js").read_text("utf-8"),
        **words,
    )
    page = browser.new_page()
    page.set_default_timeout(patience(300_000))
    with tempfile.NamedTemporaryFile("w", dir=site, suffix=".html", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        page.goto(Path(file.name).as_uri())
        page.evaluate(
            "([parts, site]) => gather(parts, site)", [course, address[1] if address else ""]
        )
        page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
        page.pdf(
            path=target,
            prefer_css_page_size=True,
            display_header_footer=True,
            header_template="<p></p>",
            footer_template=FOOTER,
            outline=True,
            tagged=True,
        )
    page.close()


def chapters(reader: PdfReader) -> Iterator[int]:
    """Yield the number of the page on which each chapter begins, in their order."""
    for entry in reader.outline[1:]:  # without the cover; a part is followed by its list
        inner = entry if isinstance(entry, list) else []
        for chapter in inner:
            if not isinstance(chapter, list):
                yield reader.get_destination_page_number(chapter) + 1


def make(browser: Browser, site: Path, target: Path, names: Sequence[str] | None = None) -> int:
    """Write the PDF, with the numbers of its pages in the contents; return how many it has."""
    course = parts(site, names)
    printed(browser, site, course, target)
    pages = [page for part in course for page in part["pages"]]
    for page, number in zip(pages, chapters(PdfReader(target)), strict=True):
        page["number"] = number
    printed(browser, site, course, target)
    return len(PdfReader(target).pages)


def main() -> None:
    """Print the course or say why not."""
    if not (SITE / "book" / "index.html").exists():
        sys.exit("The site is not built yet: run make book.")
    with sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        if path is None:
            sys.exit(f"The course cannot be printed: {NO_CHROMIUM}.")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        pages = make(browser, SITE, SITE / NAME)
        browser.close()
    offer(SITE / NAME, "paper", "The course as one PDF", f"{pages} pages, ")
    print(f"The course is at {SITE / NAME} ({pages} pages)")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The course is not printed.")
