"""The course on paper: two of its pages are printed, as make pdf prints all."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser
from pypdf import PdfReader
from pypdf.generic import Destination

from tools import pdf
from tools.landing import offer

PAGES = ["chapters/initialization/xavier", "chapters/derivations/variance"]


@pytest.fixture(scope="module")
def printed(browser: Browser, site: Path, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    path = tmp_path_factory.mktemp("paper") / pdf.NAME
    pdf.make(browser, site, path, PAGES)
    return PdfReader(path)


def texts(reader: PdfReader) -> list[str]:
    return [page.extract_text() for page in reader.pages]


def flat(outline: list) -> list[Destination]:
    return [
        entry for part in outline for entry in (flat(part) if isinstance(part, list) else [part])
    ]


def test_bookmarks_lead_to_parts_chapters_and_sections(printed: PdfReader) -> None:
    titles = [entry.title for entry in flat(printed.outline)]
    for title in ("Initialization", "Derivations", "Two wishes, one variance", "Exercises"):
        assert title in titles, title
    assert titles.count("Answers and solutions") == 2
    assert any(title.startswith("16. Variance through the layers: where") for title in titles)


def test_contents_name_the_page_on_which_a_chapter_begins(printed: PdfReader) -> None:
    pages = texts(printed)
    lines = re.findall(r"^(\d+\. .+?)\s+(\d+)$", pages[1], re.MULTILINE)
    assert len(lines) == len(PAGES)
    for title, number in lines:
        start = " ".join(title.split()[:3])
        assert start in " ".join(pages[int(number) - 1].split()), title
        assert pages[int(number) - 1].split()[-1] == number  # its foot says it, too


def test_links_lead_within_the_document(printed: PdfReader) -> None:
    links = [
        note.get_object()
        for page in printed.pages
        for note in page.get("/Annots", [])
        if note.get_object().get("/Subtype") == "/Link"
    ]
    inside = [link for link in links if "/Dest" in link]
    outside = [link["/A"]["/URI"] for link in links if "/A" in link]
    assert len(inside) > 20
    assert not [address for address in outside if not address.startswith("http")]
    names = set(printed.named_destinations)
    assert {str(link["/Dest"]) for link in inside} <= names | {f"/{name}" for name in names}


def test_all_pictures_are_there(printed: PdfReader, site: Path) -> None:
    wanted = sum(
        len(BeautifulSoup((site / f"{name}.html").read_bytes(), "html.parser").select("figure img"))
        for name in PAGES
    )
    drawn = [
        drawing.get_object()["/Subtype"]
        for page in printed.pages
        for drawing in page["/Resources"].get("/XObject", {}).values()
    ]
    assert drawn.count("/Image") >= wanted > 5


def test_answers_stand_behind_the_summary_and_folded_code_nowhere(printed: PdfReader) -> None:
    whole = " ".join(texts(printed))
    chapter = whole[whole.index("where does every scheme come from?", 3000) :]
    assert chapter.index("Answer: at the end of this chapter") < chapter.index("Summary")
    assert chapter.index("Summary") < chapter.index("Solution to Exercise 16.1 back to")
    assert "import matplotlib" not in whole


def test_the_landing_page_links_to_the_pdf_where_there_is_one(site: Path, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    landing = tmp_path / "book" / "index.html"
    shutil.copyfile(site / "book" / "index.html", landing)
    assert not BeautifulSoup(landing.read_bytes(), "html.parser").select(f"a[href$='{pdf.NAME}']")
    (tmp_path / pdf.NAME).write_bytes(b"0" * 10_600_000)
    for pages in (300, 301):  # a second time it is written anew
        offer(tmp_path / pdf.NAME, "paper", "The course as one PDF", f"{pages} pages, ")
        (link,) = BeautifulSoup(landing.read_bytes(), "html.parser").select("p.paper:not([hidden])")
        assert link.a["href"] == f"../{pdf.NAME}"
        assert f"{pages} pages, 11 MB" in link.text
