"""Pages of the site as an EPUB has them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import pytest

from tools import epub

HTML = "{http://www.w3.org/1999/xhtml}"
MATHS = "{http://www.w3.org/1998/Math/MathML}"
PAGES = ["chapters/derivations/variance", "chapters/practice/audit-your-network", "book/api"]
FOLDED = """<html xmlns="http://www.w3.org/1999/xhtml"><head>
<link rel="stylesheet" href="../_static/course.css"><link rel="stylesheet" href="_static/epub.css">
<script>run()</script></head><body><p hidden>x<br>y</p>
<div class="admonition dropdown"><p class="admonition-title">Answer</p><p>42</p></div>
<a class="enlarge" href="a.png"><img src="a.png"></a><math><mi>x</mi></math>
<svg viewBox="0 0 1 1"><marker markerWidth="4" markerHeight="4" refX="2" refY="2"></marker>
<a href="chapters/one.html"><rect></rect></a></svg></body></html>"""
LISTS = """<manifest><item id="a" href="one.xhtml" media-type="application/xhtml+xml" />
<item id="b" href="_static/course.css" media-type="text/css" />
<item id="c" href="two.xhtml" media-type="application/xhtml+xml" /></manifest>
<spine><itemref idref="a" /><itemref idref="gone" /><itemref idref="c" /></spine>"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_becomes_xml(site: Path, name: str) -> None:
    text = (site / f"{name}.html").read_text("utf-8")
    page = ElementTree.fromstring(epub.page(text).partition("<html")[2].join(["<html", ""]))
    formulas = [item for item in page.iter() if item.tag.endswith("math")]
    assert all(item.tag == f"{MATHS}math" for item in formulas)
    assert formulas or name != PAGES[0]


def test_what_needs_a_script_or_the_site_is_mended() -> None:
    page = ElementTree.fromstring(epub.page(FOLDED))
    answer = page.find(f".//{HTML}details")
    assert [part.tag for part in answer] == [f"{HTML}summary", f"{HTML}p"]
    assert answer.get("open") is None
    assert [sheet.get("href") for sheet in page.iter(f"{HTML}link")] == ["_static/epub.css"]
    assert not list(page.iter(f"{HTML}script"))
    assert [link.get("href") for link in page.iter() if link.tag.endswith("}a")] == [
        "chapters/one.xhtml"
    ]
    assert next(item for item in page.iter() if item.tag.endswith("svg")).get("viewBox")
    marker = next(item for item in page.iter() if item.tag.endswith("marker"))
    assert set(marker.keys()) == {"markerWidth", "markerHeight", "refX", "refY"}


def test_the_lists_say_what_a_page_has_and_name_no_others() -> None:
    lists = ElementTree.fromstring(
        f"<all>{epub.package(LISTS, {'one.xhtml': 'a <math> and an <svg>', 'two.xhtml': ''})}</all>"
    )
    assert [item.get("id") for item in lists.iter("item")] == ["a", "c"]
    assert [item.get("properties") for item in lists.iter("item")] == ["mathml svg", None]
    assert [item.get("idref") for item in lists.iter("itemref")] == ["a", "c"]


def test_its_kind_comes_first_and_is_not_compressed(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "made", "w") as made:
        made.writestr("mimetype", "application/epub+zip")
        made.writestr("content.opf", LISTS)
        made.writestr("one.xhtml", FOLDED)
        made.writestr("_static/course.css", "")
    epub.rewrite(tmp_path / "made", tmp_path / "mended")
    with ZipFile(tmp_path / "mended") as mended:
        first, *others = mended.infolist()
        assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
        assert [item.filename for item in others] == ["content.opf", "one.xhtml"]


def test_without_a_site_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epub, "SITE", tmp_path)
    with pytest.raises(SystemExit, match="run make book"):
        epub.main()
