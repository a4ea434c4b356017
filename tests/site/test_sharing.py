"""What other programs read of a page: description, address, picture, map."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from looking import ROOT, pages_of_the_book
from playwright.sync_api import Page, expect

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from course_site.repository import pages_url

PAGES = [page for page in pages_of_the_book() if page not in ("genindex", "search")]
BASE = "https://example.github.io/good-start/"


def content(page: BeautifulSoup, name: str) -> str:
    tags = page.find_all("meta", attrs={"name": name}) + page.find_all(
        "meta", attrs={"property": name}
    )
    assert len(tags) == 1, name
    return tags[0]["content"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_is_about(documents: dict[str, BeautifulSoup], name: str) -> None:
    page = documents[f"{name}.html"]
    description = content(page, "description")
    assert 40 < len(description) <= 160
    assert not set("\\{}$<") & set(description)
    assert content(page, "og:description") == description
    assert content(page, "og:title")
    assert content(page, "twitter:card").startswith("summary")
    data = json.loads(page.find("script", type="application/ld+json").string)
    assert data["description"] == description
    assert len(page.find_all("meta", attrs={"name": "viewport"})) == 1


def test_no_two_pages_share_title_or_description(documents: dict[str, BeautifulSoup]) -> None:
    pages = [documents[f"{name}.html"] for name in PAGES]
    titles = Counter(page.title.get_text(strip=True) for page in pages)
    descriptions = Counter(content(page, "description") for page in pages)
    assert {*titles.values(), *descriptions.values()} == {1}
    landing = pages[0].title.get_text(strip=True)
    assert landing.count("Good Start") == 1


def test_without_an_address_no_page_claims_one(
    site: Path, documents: dict[str, BeautifulSoup]
) -> None:
    assert not (site / "sitemap.xml").exists()
    for page in documents.values():
        assert page.find("link", rel="canonical") is None
        assert page.find("meta", property="og:url") is None


def test_with_an_address_pages_pictures_and_map_have_it(site_with_repository: Path) -> None:
    tree = ElementTree.parse(site_with_repository / "sitemap.xml")
    listed = [place.text for place in tree.findall(".//{*}loc")]
    assert sorted(listed) == sorted(f"{BASE}{name}.html" for name in PAGES)
    assert f"Sitemap: {BASE}sitemap.xml" in (site_with_repository / "robots.txt").read_text()
    for name in (PAGES[0], "chapters/initialization/he"):
        text = (site_with_repository / f"{name}.html").read_text("utf-8")
        page = BeautifulSoup(text, "html.parser")
        assert page.find("link", rel="canonical")["href"] == f"{BASE}{name}.html"
        assert content(page, "og:url") == f"{BASE}{name}.html"
        picture = content(page, "og:image")
        assert (site_with_repository / picture.removeprefix(BASE)).is_file()
        assert content(page, "og:image:alt")


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        (None, ""),
        ("https://github.com/Owner/good-start", "https://owner.github.io/good-start/"),
        ("https://github.com/owner/owner.github.io", "https://owner.github.io/"),
    ],
)
def test_the_sites_address_follows_from_the_repositorys(repository: str, expected: str) -> None:
    assert pages_url(repository) == expected


def test_a_lost_reader_finds_back(page: Page, site_with_repository: Path) -> None:
    page.goto("404.html")
    page.get_by_role("link", name="The course begins here").click()
    expect(page.locator("article h1")).to_contain_text("Good Start")
    lost = BeautifulSoup((site_with_repository / "404.html").read_bytes(), "html.parser")
    assert {urlsplit(link["href"]).path.split("/")[1] for link in lost.find_all("a")} == {
        "good-start"
    }
